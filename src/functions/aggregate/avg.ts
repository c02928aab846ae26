import { BIGINT, DOUBLE, type SqlType, structType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';
import { arithmeticOf, type Long } from './sums.js';

const SUM = 0;
const COUNT = 1;

/** State: `STRUCT<SUM T, COUNT BIGINT>`, changed in place. The sum has the type of the input and overflows with it. */
function bindAvg(types: readonly SqlType[]): AggregateCode {
  const type = types[0]!;
  const { zero, plus, minus } = arithmeticOf(type);
  return {
    stateType: structType([
      { name: 'SUM', type },
      { name: 'COUNT', type: BIGINT },
    ]),
    resultType: DOUBLE,
    resultIsState: false,
    initial: () => [zero, 0],
    add: (state, value) => {
      if (value === null) return state;
      const parts = state as SqlValue[];
      parts[SUM] = plus(parts[SUM]!, value!);
      parts[COUNT] = (parts[COUNT] as number) + 1;
      return state;
    },
    undo: (state, value) => {
      if (value === null) return state;
      const parts = state as SqlValue[];
      parts[SUM] = minus(parts[SUM]!, value!);
      parts[COUNT] = (parts[COUNT] as number) - 1;
      return state;
    },
    merge: (a, b) => {
      const left = a as SqlValue[];
      const right = b as SqlValue[];
      left[SUM] = plus(left[SUM]!, right[SUM]!);
      left[COUNT] = (left[COUNT] as number) + (right[COUNT] as number);
      return left;
    },
    result: (state) => {
      const [sum, count] = state as [Long, number];
      return count === 0 ? 0 : Number(sum) / count;
    },
  };
}

export const AVG = defineAggregate({
  name: 'AVG',
  displayName: 'avg',
  category: CATEGORY.aggregate,
  description:
    'The mean of the values that are not null; 0.0 when there are none. An INT or BIGINT sum that overflows wraps around.',
  examples: [{ sql: 'AVG(value)', result: '2.0' }],
  variants: ['INT', 'BIGINT', 'DOUBLE'].map((type) => ({
    signature: `(value ${type}) -> DOUBLE`,
    tableCapable: true,
    bind: bindAvg,
  })),
});
