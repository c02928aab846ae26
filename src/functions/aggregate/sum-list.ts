import { NULL_TYPE, type SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';
import { arithmeticOf } from './sums.js';

function bindSumList(types: readonly SqlType[]): AggregateCode {
  const list = types[0]!;
  const type = list.kind === 'ARRAY' ? list.element : NULL_TYPE;
  const { zero, plus, minus } = arithmeticOf(type);
  return {
    stateType: type,
    resultType: type,
    resultIsState: true,
    initial: () => zero,
    add: (state, values) => {
      if (values === null) return state;
      let sum = state;
      for (const value of values as SqlValue[]) if (value !== null) sum = plus(sum, value);
      return sum;
    },
    undo: (state, values) => {
      if (values === null) return state;
      let sum = state;
      for (const value of values as SqlValue[]) if (value !== null) sum = minus(sum, value);
      return sum;
    },
    merge: plus,
    result: (state) => state,
  };
}

export const SUM_LIST = defineAggregate({
  name: 'SUM_LIST',
  displayName: 'sum_list',
  category: CATEGORY.aggregate,
  description: 'The sum of all elements of the arrays; null arrays and null elements are skipped.',
  examples: [{ sql: 'SUM_LIST(ARRAY[1, 2])', result: '9' }],
  variants: ['INT', 'BIGINT', 'DOUBLE'].map((type) => ({
    signature: `(list ARRAY<${type}>) -> ${type}`,
    tableCapable: true,
    bind: bindSumList,
  })),
});
