import { BIGINT, DOUBLE, structType } from '../../model/sql-type.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';
import type { Long } from './sums.js';

const SUM_X = 0;
const SUM_Y = 1;
const SUM_XY = 2;
const SUM_XX = 3;
const SUM_YY = 4;
const COUNT = 5;

function move(sums: number[], x: number, y: number, direction: 1 | -1): void {
  sums[SUM_X]! += direction * x;
  sums[SUM_Y]! += direction * y;
  sums[SUM_XY]! += direction * x * y;
  sums[SUM_XX]! += direction * x * x;
  sums[SUM_YY]! += direction * y * y;
  sums[COUNT]! += direction;
}

/** Pearson's coefficient in one pass; one row or a constant column gives NaN. */
const code: AggregateCode = {
  stateType: structType([
    { name: 'SUM_X', type: DOUBLE },
    { name: 'SUM_Y', type: DOUBLE },
    { name: 'SUM_XY', type: DOUBLE },
    { name: 'SUM_XX', type: DOUBLE },
    { name: 'SUM_YY', type: DOUBLE },
    { name: 'COUNT', type: BIGINT },
  ]),
  resultType: DOUBLE,
  resultIsState: false,
  initial: () => [0, 0, 0, 0, 0, 0],
  add: (state, x, y) => {
    if (x !== null && y !== null) move(state as number[], Number(x as Long), Number(y as Long), 1);
    return state;
  },
  undo: (state, x, y) => {
    if (x !== null && y !== null) move(state as number[], Number(x as Long), Number(y as Long), -1);
    return state;
  },
  merge: (a, b) => {
    const left = a as number[];
    const right = b as number[];
    for (let i = 0; i < left.length; i++) left[i]! += right[i]!;
    return left;
  },
  result: (state) => {
    const sums = state as number[];
    const n = sums[COUNT]!;
    const x = sums[SUM_X]!;
    const y = sums[SUM_Y]!;
    const spread = (n * sums[SUM_XX]! - x * x) * (n * sums[SUM_YY]! - y * y);
    return (n * sums[SUM_XY]! - x * y) / Math.sqrt(spread);
  },
};

export const CORRELATION = defineAggregate({
  name: 'CORRELATION',
  displayName: 'correlation',
  category: CATEGORY.aggregate,
  description:
    'Pearson’s coefficient of correlation of two columns; NaN for fewer than two rows or a constant column. Rows with a null are skipped.',
  examples: [{ sql: 'CORRELATION(value, value)', result: '1.0' }],
  variants: ['INT', 'BIGINT', 'DOUBLE'].map((type) => ({
    signature: `(x ${type}, y ${type}) -> DOUBLE`,
    tableCapable: true,
    bind: () => code,
  })),
});
