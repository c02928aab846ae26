import { arrayType, INTEGER, type SqlType, structType } from '../../model/sql-type.js';
import { equalValues, type SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';

/** A distinct value and how many live rows have it. */
type Counted = [value: SqlValue, count: number];

function bindAttr(type: SqlType): AggregateCode {
  const find = (counted: readonly Counted[], value: SqlValue): number =>
    counted.findIndex((entry) => equalValues(type, entry[0], value));
  const addCount = (counted: Counted[], value: SqlValue, count: number): void => {
    const at = find(counted, value);
    if (at >= 0) counted[at]![1] += count;
    else counted.push([value, count]);
  };
  return {
    stateType: arrayType(
      structType([
        { name: 'VALUE', type },
        { name: 'COUNT', type: INTEGER },
      ]),
    ),
    resultType: type,
    resultIsState: false,
    initial: () => [],
    add: (state, value) => {
      addCount(state as Counted[], value!, 1);
      return state;
    },
    undo: (state, value) => {
      const counted = state as Counted[];
      const at = find(counted, value!);
      if (at >= 0 && --counted[at]![1] === 0) counted.splice(at, 1);
      return state;
    },
    merge: (a, b) => {
      for (const [value, count] of b as Counted[]) addCount(a as Counted[], value, count);
      return a;
    },
    result: (state) => {
      const counted = state as Counted[];
      return counted.length === 1 ? counted[0]![0] : null;
    },
  };
}

export const ATTR = defineAggregate({
  name: 'ATTR',
  displayName: 'attr',
  category: CATEGORY.aggregate,
  description: 'The value that all rows of the group share; null when they differ. Null counts as a value.',
  examples: [{ sql: 'ATTR(value)', result: 'null' }],
  variants: [{ signature: '(value T) -> T', tableCapable: true, bind: (types) => bindAttr(types[0]!) }],
});
