import { arrayType, type SqlType } from '../../model/sql-type.js';
import { compareValues, type SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';
import { checkSize } from './topk.js';

function bindTopKDistinct(type: SqlType, size: number): AggregateCode {
  const insert = (values: SqlValue[], value: SqlValue): void => {
    let at = values.length;
    while (at > 0) {
      const order = compareValues(type, value, values[at - 1]!);
      if (order === 0) return;
      if (order < 0) break;
      at--;
    }
    if (at >= size) return;
    values.splice(at, 0, value);
    if (values.length > size) values.pop();
  };
  const list = arrayType(type);
  return {
    stateType: list,
    resultType: list,
    resultIsState: true,
    initial: () => [],
    add: (state, value) => {
      if (value !== null) insert(state as SqlValue[], value!);
      return state;
    },
    merge: (a, b) => {
      for (const value of b as SqlValue[]) insert(a as SqlValue[], value);
      return a;
    },
    result: (state) => (state as SqlValue[]).slice(),
  };
}

export const TOPKDISTINCT = defineAggregate({
  name: 'TOPKDISTINCT',
  displayName: 'topkdistinct',
  category: CATEGORY.aggregate,
  description: 'The k greatest distinct values, greatest first.',
  examples: [{ sql: 'TOPKDISTINCT(value, 2)', result: '[3,2]' }],
  variants: ['INT', 'BIGINT', 'DOUBLE', 'STRING', 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'BYTES'].map((type) => ({
    signature: `(val ${type}, k INT) -> ARRAY<${type}>`,
    configuration: 1,
    tableCapable: false,
    checkLiterals: checkSize,
    bind: (types, [size]) => bindTopKDistinct(types[0]!, size as number),
  })),
});
