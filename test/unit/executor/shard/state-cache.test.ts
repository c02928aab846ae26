import { describe, expect, it } from 'vitest';
import { stateCacheBytes } from '../../../../src/executor/shard/state-cache.js';

const MIB = 1024 * 1024;

describe('what a shard keeps of its state', () => {
  it('is the same for each while all of them fit', () => {
    for (const shards of [1, 4, 32]) expect(stateCacheBytes(shards, 0)).toBe(16 * MIB);
  });

  it('is an equal share of what the thread has beyond that', () => {
    expect(stateCacheBytes(64, 0)).toBe(8 * MIB);
    for (const shards of [33, 100, 401]) {
      expect(stateCacheBytes(shards, 0)).toBeLessThan(16 * MIB);
      expect(shards * stateCacheBytes(shards, 0)).toBeLessThanOrEqual(512 * MIB);
    }
  });

  it('is at least what the query asks for', () => {
    expect(stateCacheBytes(400, 10.5 * MIB + 0.5)).toBe(10.5 * MIB);
    expect(stateCacheBytes(1, 100 * MIB)).toBe(100 * MIB);
  });
});
