import { BIGINT, DOUBLE, type SqlType, structType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { type AggregateCode, type AggregateDefinition, CATEGORY, defineAggregate } from '../define.js';
import { arithmeticOf, type Long } from './sums.js';

const SUM = 0;
const COUNT = 1;
const M2 = 2;

/** What one value among `n`, whose sum with it is `sum`, adds to the sum of squared differences (Youngs and Cramer). */
function contribution(value: SqlValue, n: number, sum: SqlValue): number {
  if (n < 2) return 0;
  const difference = Number(value as Long) * n - Number(sum as Long);
  return (difference * difference) / (n * (n - 1));
}

function bindDeviation(types: readonly SqlType[], finish: (variance: number) => number): AggregateCode {
  const type = types[0]!;
  const { zero, plus, minus } = arithmeticOf(type);
  return {
    stateType: structType([
      { name: 'SUM', type },
      { name: 'COUNT', type: BIGINT },
      { name: 'M2', type: DOUBLE },
    ]),
    resultType: DOUBLE,
    resultIsState: false,
    initial: () => [zero, 0, 0],
    add: (state, value) => {
      if (value === null) return state;
      const parts = state as SqlValue[];
      parts[SUM] = plus(parts[SUM]!, value!);
      parts[COUNT] = (parts[COUNT] as number) + 1;
      parts[M2] = (parts[M2] as number) + contribution(value!, parts[COUNT], parts[SUM]);
      return state;
    },
    undo: (state, value) => {
      if (value === null) return state;
      const parts = state as SqlValue[];
      parts[M2] = (parts[M2] as number) - contribution(value!, parts[COUNT] as number, parts[SUM]!);
      parts[SUM] = minus(parts[SUM]!, value!);
      parts[COUNT] = (parts[COUNT] as number) - 1;
      return state;
    },
    merge: (a, b) => {
      const left = a as SqlValue[];
      const right = b as SqlValue[];
      const n = left[COUNT] as number;
      const m = right[COUNT] as number;
      if (n === 0) return right;
      if (m === 0) return left;
      const distance = Number(right[SUM] as Long) / m - Number(left[SUM] as Long) / n;
      left[M2] = (left[M2] as number) + (right[M2] as number) + (distance * distance * n * m) / (n + m);
      left[SUM] = plus(left[SUM]!, right[SUM]!);
      left[COUNT] = n + m;
      return left;
    },
    result: (state) => {
      const [, count, squares] = state as [SqlValue, number, number];
      return count < 2 ? 0 : finish(squares / (count - 1));
    },
  };
}

function deviation(
  name: string,
  displayName: string,
  description: string,
  example: string,
  finish: (variance: number) => number,
): AggregateDefinition {
  return defineAggregate({
    name,
    displayName,
    category: CATEGORY.aggregate,
    description: `${description} 0.0 for fewer than two values; nulls are skipped.`,
    examples: [{ sql: `${name}(value)`, result: example }],
    variants: ['INT', 'BIGINT', 'DOUBLE'].map((type) => ({
      signature: `(val ${type}) -> DOUBLE`,
      tableCapable: true,
      bind: (types) => bindDeviation(types, finish),
    })),
  });
}

export const STDDEV_SAMP = deviation(
  'STDDEV_SAMP',
  'stddev_samp',
  'The sample variance (not its root: kept so for compatibility with ksqlDB).',
  '1.0',
  (variance) => variance,
);

export const STDDEV_SAMPLE = deviation(
  'STDDEV_SAMPLE',
  'stddev_sample',
  'The sample standard deviation.',
  '1.0',
  Math.sqrt,
);
