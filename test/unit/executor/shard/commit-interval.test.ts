import { expect, test } from 'vitest';
import { commitIntervalMs } from '../../../../src/executor/shard/commit-interval.js';

test('the first commits of a shard come sooner, each later than the one before', () => {
  const intervals = [1, 2, 3, 4, 5, 1000].map((commits) => commitIntervalMs(800, commits));
  expect(intervals).toEqual([100, 200, 400, 800, 800, 800]);
  expect(commitIntervalMs(0, 1)).toBe(0);
});
