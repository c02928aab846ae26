import { beforeEach, describe, expect, it } from 'vitest';
import { ClusterTableRead } from '../../../src/engine/cluster-table-read.js';
import type { ResultRow } from '../../../src/engine/engine.js';
import type { LookupRow } from '../../../src/executor/lookup.js';
import { StatementError, SystemError } from '../../../src/model/errors.js';
import { schemaOf } from '../../../src/model/schema.js';
import { STRING } from '../../../src/model/sql-type.js';
import type { PullTablePlan } from '../../../src/planner/pull/pull-plan.js';

const SCHEMA = schemaOf([{ name: 'K', type: STRING, role: 'key' }]);
const row = (key: string): LookupRow => ({ values: [key], timestamp: 5 });

describe('a read of a table on several nodes', () => {
  let abort: AbortController;
  let ended: string[];

  beforeEach(() => {
    abort = new AbortController();
    ended = [];
  });

  function* own(...keys: readonly string[]): IterableIterator<LookupRow> {
    try {
      for (const key of keys) yield row(key);
    } finally {
      ended.push('own');
    }
  }

  async function* peer(...batches: readonly (readonly string[])[]): AsyncIterable<readonly LookupRow[]> {
    for (const keys of batches) yield keys.map(row);
  }

  const read = (
    rows: IterableIterator<LookupRow>,
    peers: readonly AsyncIterable<readonly LookupRow[]>[],
    limit: number | null = null,
  ): ClusterTableRead => new ClusterTableRead('q', { schema: SCHEMA, limit } as PullTablePlan, rows, peers, abort);

  async function keysOf(handle: ClusterTableRead): Promise<string[]> {
    const keys: string[] = [];
    for await (const batch of handle.batches) keys.push(...batch.map((one) => one.values[0] as string));
    return keys;
  }

  it('gives the rows of this node, then those of the others', async () => {
    const handle = read(own('a', 'b'), [peer(['c'], [], ['d']), peer(), peer(['e'])]);
    expect(handle.columns).toEqual([{ name: 'K', type: STRING, isKey: true }]);
    const rows: ResultRow[] = [];
    for await (const batch of handle.batches) rows.push(...batch);
    expect(rows[0]).toEqual({ values: ['a'], tombstone: false, rowtime: 5 });
    expect(rows.map(({ values }) => values[0])).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(handle.end).toBe('completed');
  });

  it('of nothing is over', async () => {
    const handle = read(own(), [peer()]);
    expect(await keysOf(handle)).toEqual([]);
    expect(handle.end).toBe('completed');
  });

  it.each([0, 1, 2, 3, 4, 5, 9])('gives %i rows at most, and lets the others go', async (limit) => {
    const handle = read(own('a', 'b'), [peer(['c', 'd'], ['e'])], limit);
    expect(await keysOf(handle)).toEqual(['a', 'b', 'c', 'd', 'e'].slice(0, limit));
    expect(handle.end).toBe('completed');
    expect(abort.signal.aborted).toBe(true);
    expect(ended).toEqual(['own']);
  });

  it('fails when a node breaks off, after the rows that came', async () => {
    async function* breaking(): AsyncIterable<readonly LookupRow[]> {
      yield [row('c')];
      throw new SystemError('it broke off', { code: 'shard-unavailable' });
    }
    const handle = read(own('a'), [breaking(), peer(['never'])]);
    const keys: string[] = [];
    const reading = (async () => {
      for await (const batch of handle.batches) keys.push(...batch.map((one) => one.values[0] as string));
    })();
    await expect(reading).rejects.toMatchObject({ code: 'shard-unavailable' });
    expect(keys).toEqual(['a', 'c']);
    expect(handle.end).not.toBe('completed');
    expect(abort.signal.aborted).toBe(true);
  });

  it('fails before it begins when the query cannot run, and lets the others go', () => {
    // biome-ignore lint/correctness/useYield: it fails before its first row
    function* failing(): IterableIterator<LookupRow> {
      throw new StatementError('the key does not fit');
    }
    expect(() => read(failing(), [peer(['c'])])).toThrow('the key does not fit');
    expect(abort.signal.aborted).toBe(true);
  });

  it('ends when it is closed, without an error of the answers that this breaks off', async () => {
    async function* hanging(): AsyncIterable<readonly LookupRow[]> {
      await new Promise((_, reject) => {
        if (abort.signal.aborted) reject(new Error('aborted'));
        abort.signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
      yield [];
    }
    const handle = read(own('a'), [hanging()]);
    const batches = handle.batches[Symbol.asyncIterator]();
    await batches.next();
    const next = batches.next();
    await handle.close();
    expect((await next).done).toBe(true);
    expect(handle.end).toBe('closed');
  });

  it('that nobody takes from lets go of everything when it is closed', async () => {
    const handle = read(own('a'), [peer(['c'])]);
    await handle.close();
    expect(handle.end).toBe('closed');
    expect(abort.signal.aborted).toBe(true);
    expect(ended).toEqual(['own']);
  });
});
