import { arrayType, type SqlType, structType } from '../../model/sql-type.js';
import { compareValues, type SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';

/** The order of two entries of a list; values themselves, or structs that begin with the value. */
type Compare = (a: SqlValue, b: SqlValue) => number;

/** Puts an entry behind those that are not smaller, and keeps the first `size`. */
function insert(entries: SqlValue[], entry: SqlValue, size: number, compare: Compare): void {
  if (entries.length >= size && compare(entry, entries[entries.length - 1]!) <= 0) return;
  let at = entries.length;
  while (at > 0 && compare(entry, entries[at - 1]!) > 0) at--;
  entries.splice(at, 0, entry);
  if (entries.length > size) entries.pop();
}

function topK(entryType: SqlType, size: number, compare: Compare, entryOf: (values: SqlValue[]) => SqlValue) {
  const type = arrayType(entryType);
  const code: AggregateCode = {
    stateType: type,
    resultType: type,
    resultIsState: true,
    initial: () => [],
    add: (state, ...values) => {
      if (values[0] === null) return state;
      insert(state as SqlValue[], entryOf(values), size, compare);
      return state;
    },
    merge: (a, b) => {
      for (const entry of b as SqlValue[]) insert(a as SqlValue[], entry, size, compare);
      return a;
    },
    result: (state) => (state as SqlValue[]).slice(),
  };
  return code;
}

function bindTopK(types: readonly SqlType[], size: number): AggregateCode {
  const type = types[0]!;
  if (types.length === 1)
    return topK(
      type,
      size,
      (a, b) => compareValues(type, a, b),
      ([value]) => value!,
    );
  const fields = types.map((of, i) => ({ name: i === 0 ? 'sort_col' : `col${i - 1}`, type: of }));
  const compare: Compare = (a, b) => compareValues(type, (a as SqlValue[])[0]!, (b as SqlValue[])[0]!);
  return topK(structType(fields), size, compare, (values) => values);
}

/** Complains of a size for which no list can be made. */
export function checkSize(literals: readonly (SqlValue | undefined)[]): string | null {
  const size = literals[literals.length - 1];
  return typeof size === 'number' && size < 1 ? `topK must be 1 or greater, but was ${size}` : null;
}

export const TOPK = defineAggregate({
  name: 'TOPK',
  displayName: 'topk',
  category: CATEGORY.aggregate,
  description:
    'The k greatest values, greatest first. With more columns, structs of the value (sort_col) and the others (col0, col1, ...). A value equal to the smallest of a full list is dropped.',
  examples: [{ sql: 'TOPK(value, 2)', result: '[3,2]' }],
  variants: ['INT', 'BIGINT', 'DOUBLE', 'STRING'].flatMap((type) => [
    {
      signature: `(val ${type}, k INT) -> ARRAY<${type}>`,
      configuration: 1,
      tableCapable: false,
      checkLiterals: checkSize,
      bind: (types: readonly SqlType[], [size]: readonly SqlValue[]) => bindTopK(types, size as number),
    },
    {
      signature: `(sortColVal ${type}, firstOtherCol S, otherCols ANY..., k INT) -> ARRAY<ANY>`,
      configuration: 1,
      tableCapable: false,
      checkLiterals: checkSize,
      bind: (types: readonly SqlType[], [size]: readonly SqlValue[]) => bindTopK(types, size as number),
    },
  ]),
});
