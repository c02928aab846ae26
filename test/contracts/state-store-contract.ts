import { describe, expect, test } from 'vitest';
import { BIGINT, DOUBLE, decimalType, INTEGER, STRING } from '../../src/model/sql-type.js';
import type { StateEntry, StoreSpec, TaskStores } from '../../src/state/state-store.js';
import type { TableRead, TableReader } from '../../src/state/table-reader.js';

/** One adapter of the state ports, set up for one test. */
export interface StateHarness {
  stores(): TaskStores;
  readonly reader: TableReader;
  readonly queryId: string;
  /** Flushes in a transaction that commits. */
  commit(): void;
  /** Flushes in a transaction that is undone, after which everything is still to be written; null for an adapter that forgets everything then. */
  readonly failCommit: (() => void) | null;
  /** Another process on the committed state; null when nothing survives the process. */
  readonly reopen: (() => void) | null;
  close(): void;
}

export const COUNTS: StoreSpec & { kind: 'key-value' } = {
  name: 'Counts',
  kind: 'key-value',
  key: [{ name: 'ID', type: STRING }],
  value: [
    { name: 'N', type: BIGINT },
    { name: 'TOTAL', type: decimalType(10, 2) },
  ],
  retentionMs: null,
  windowSizeMs: null,
};

export const WINDOWED: StoreSpec & { kind: 'window' } = {
  name: 'Windowed',
  kind: 'window',
  key: [
    { name: 'REGION', type: STRING },
    { name: 'ID', type: INTEGER },
  ],
  value: [{ name: 'N', type: BIGINT }],
  retentionMs: 86_400_000,
  windowSizeMs: 10,
};

export const INSTANTS: StoreSpec & { kind: 'window' } = {
  name: 'Instants',
  kind: 'window',
  key: [{ name: 'ID', type: BIGINT }],
  value: [{ name: 'V', type: STRING }],
  retentionMs: 120_000,
  windowSizeMs: null,
};

export const SESSIONS: StoreSpec & { kind: 'session' } = {
  name: 'Sessions',
  kind: 'session',
  key: [{ name: 'ID', type: DOUBLE }],
  value: [{ name: 'N', type: BIGINT }],
  retentionMs: 60_000,
  windowSizeMs: null,
};

export function shown(entries: Iterable<StateEntry>): unknown[] {
  return Array.from(entries, (e) => [e.key, e.windowStart, e.windowEnd, e.row, e.timestamp]);
}

function readOf(queryId: string, store: StoreSpec, more: Partial<TableRead> = {}): TableRead {
  const everything = { keys: null, keyRange: null, windowStart: null, windowEnd: null };
  return { queryId, store, ...everything, columns: null, where: null, limit: null, ...more };
}

/** What every adapter promises. `create` is called once a test. */
export function stateStoreContract(adapter: string, create: () => StateHarness): void {
  function withHarness(body: (harness: StateHarness) => void): () => void {
    return () => {
      const harness = create();
      try {
        body(harness);
      } finally {
        harness.close();
      }
    };
  }

  describe(`${adapter}: key-value store`, () => {
    test(
      'holds the last row of a key, before and after a commit',
      withHarness((h) => {
        const store = h.stores().open(COUNTS, 0);
        expect(store.get(['a'])).toBeNull();
        store.set(['a'], [1, 100n], 5);
        store.set(['a'], [2, 200n], 6);
        expect(shown([store.get(['a'])!])).toEqual([[['a'], 0, 0, [2, 200n], 6]]);
        h.commit();
        expect(shown([store.get(['a'])!])).toEqual([[['a'], 0, 0, [2, 200n], 6]]);
        expect(store.get(['b'])).toBeNull();
      }),
    );

    test(
      'does not keep the key it is given',
      withHarness((h) => {
        const store = h.stores().open(COUNTS, 0);
        const key = ['a'];
        store.set(key, [1, null], 5);
        key[0] = 'b';
        expect(store.get(['a'])?.row).toEqual([1, null]);
        expect(store.get(['b'])).toBeNull();
      }),
    );

    test(
      'an entry changed in place is kept once it is put',
      withHarness((h) => {
        const store = h.stores().open(COUNTS, 0);
        store.set(['a'], [1, null], 5);
        h.commit();
        const entry = store.get(['a'])!;
        entry.row[0] = 2n ** 60n;
        entry.timestamp = 7;
        store.put(entry);
        h.commit();
        h.reopen?.();
        expect(shown(h.stores().open(COUNTS, 0).scan())).toEqual([[['a'], 0, 0, [2n ** 60n, null], 7]]);
      }),
    );

    test(
      'set keeps the entry it finds; a key known to be absent has emitted nothing',
      withHarness((h) => {
        const store = h.stores().open(COUNTS, 0);
        expect(store.get(['a'])).toBeNull();
        const entry = store.set(['a'], [1, null], 5);
        expect(entry.emitted).toBeNull();
        entry.emitted = [1, null];
        entry.pending = true;
        expect(store.set(['a'], [2, null], 6)).toBe(entry);
        expect(entry).toMatchObject({ emitted: [1, null], pending: true, row: [2, null], timestamp: 6 });
      }),
    );

    test(
      'delete forgets the key, and a set after it begins anew',
      withHarness((h) => {
        const store = h.stores().open(COUNTS, 0);
        store.set(['a'], [1, null], 5);
        h.commit();
        const old = store.get(['a'])!;
        old.emitted = [1, null];
        expect(store.delete(['a'])).toBe(true);
        expect(store.delete(['a'])).toBe(false);
        expect(store.get(['a'])).toBeNull();
        store.put(old);
        expect(store.get(['a'])).toBeNull();
        const fresh = store.set(['a'], [9, null], 6);
        expect(fresh).not.toBe(old);
        expect(fresh.emitted).toBeNull();
        h.commit();
        expect(store.get(['a'])?.row).toEqual([9, null]);
        store.delete(['a']);
        h.commit();
        h.reopen?.();
        expect(h.stores().open(COUNTS, 0).get(['a'])).toBeNull();
      }),
    );

    test(
      'scans in key order, strings by UTF-16 code unit',
      withHarness((h) => {
        const store = h.stores().open(COUNTS, 0);
        const keys = ['b', 'a\0', '\uffff', '😀', 'a', '', '\ud800'];
        for (const key of keys) store.set([key], [1, null], 1);
        const sorted = ['', 'a', 'a\0', 'b', '\ud800', '😀', '\uffff'];
        expect(Array.from(store.scan(), (e) => e.key[0])).toEqual(sorted);
        h.commit();
        store.set(['aa'], [0, null], 0);
        store.delete(['b']);
        expect(Array.from(store.scan(), (e) => e.key[0])).toEqual(['', 'a', 'a\0', 'aa', '\ud800', '😀', '\uffff']);
      }),
    );

    test(
      'scans what begins with a prefix',
      withHarness((h) => {
        const spec = { ...COUNTS, name: 'Prefixed', key: WINDOWED.key };
        const store = h.stores().open(spec, 0);
        const other = h.stores().open(spec, 1);
        other.set(['eu', 0], [0, null], 0);
        const keys = () => Array.from(store.scanPrefix(['eu']), (e) => e.key[1]);
        expect(keys()).toEqual([]);
        for (const n of [10, -3, 7]) store.set(['eu', n], [n, null], 0);
        store.set(['eu2', 1], [1, null], 0);
        expect(keys()).toEqual([-3, 7, 10]);
        h.commit();
        store.delete(['eu', 7]);
        store.set(['eu', 8], [8, null], 0);
        expect(keys()).toEqual([-3, 8, 10]);
      }),
    );

    test(
      'partitions do not see each other',
      withHarness((h) => {
        const [zero, one] = [h.stores().open(COUNTS, 0), h.stores().open(COUNTS, 1)];
        zero.set(['a'], [0, null], 1);
        one.set(['a'], [1, null], 2);
        one.set(['b'], [1, null], 2);
        h.commit();
        zero.delete(['a']);
        h.commit();
        h.reopen?.();
        expect(shown(h.stores().open(COUNTS, 0).scan())).toEqual([]);
        expect(h.stores().open(COUNTS, 1).get(['a'])?.row).toEqual([1, null]);
        expect(h.stores().open(COUNTS, 1)).toBe(h.stores().open(COUNTS, 1));
      }),
    );
  });

  describe(`${adapter}: window store`, () => {
    test(
      'holds a row for each key and window',
      withHarness((h) => {
        const store = h.stores().open(WINDOWED, 0);
        store.set(['eu', 1], 10, 20, [1], 15);
        store.set(['eu', 1], 0, 10, [2], 5);
        store.set(['eu', 2], 10, 20, [3], 16);
        h.commit();
        expect(store.get(['eu', 1], 10)?.row).toEqual([1]);
        expect(store.get(['eu', 1], 20)).toBeNull();
        expect(shown(store.fetch(['eu', 1], 0, 10))).toEqual([
          [['eu', 1], 0, 10, [2], 5],
          [['eu', 1], 10, 20, [1], 15],
        ]);
        expect(shown(store.fetch(['eu', 1], 1, 100))).toEqual([[['eu', 1], 10, 20, [1], 15]]);
        expect(Array.from(store.scan(), (e) => [e.windowStart, e.key[1]])).toEqual([
          [0, 1],
          [10, 1],
          [10, 2],
        ]);
        expect(Array.from(store.fetchAll(5, 50), (e) => e.key[1])).toEqual([1, 2]);
        expect(store.delete(['eu', 1], 10)).toBe(true);
        expect(store.delete(['eu', 1], 10)).toBe(false);
        expect(shown(store.fetch(['eu', 1], 0, 10))).toEqual([[['eu', 1], 0, 10, [2], 5]]);
      }),
    );

    test(
      'expire drops whole windows, for good',
      withHarness((h) => {
        const store = h.stores().open(WINDOWED, 0);
        const other = h.stores().open(WINDOWED, 1);
        for (const start of [0, 10, 20, 30]) {
          store.set(['eu', 1], start, start + 10, [start], start);
          other.set(['eu', 1], start, start + 10, [start], start);
          if (start === 10) h.commit();
        }
        const old = store.get(['eu', 1], 0)!;
        store.expire(20);
        store.put(old);
        store.set(['eu', 1], 10, 20, [99], 11);
        expect(store.get(['eu', 1], 10)).toBeNull();
        expect(Array.from(store.scan(), (e) => e.windowStart)).toEqual([20, 30]);
        h.failCommit?.();
        expect(Array.from(store.scan(), (e) => e.windowStart)).toEqual([20, 30]);
        h.commit();
        h.reopen?.();
        const starts = (partition: number) =>
          Array.from(h.stores().open(WINDOWED, partition).scan(), (e) => e.windowStart);
        expect(starts(0)).toEqual([20, 30]);
        expect(starts(1)).toEqual([0, 10, 20, 30]);
      }),
    );

    test(
      'instants are fetched by key over a range of time',
      withHarness((h) => {
        const store = h.stores().open(INSTANTS, 0);
        for (let i = 0; i < 40; i++) store.set([i % 2], i * 10_000, i * 10_000, [`v${i}`], i * 10_000);
        const starts = (key: number, from: number, to: number) =>
          store.fetch([key], from, to).map((e) => e.windowStart / 10_000);
        expect(starts(0, 50_000, 130_000)).toEqual([6, 8, 10, 12]);
        h.commit();
        expect(starts(1, 50_000, 130_000)).toEqual([5, 7, 9, 11, 13]);
        expect(store.get([1], 50_000)?.row).toEqual(['v5']);
        expect(store.delete([1], 50_000)).toBe(true);
        store.expire(90_000);
        expect(starts(1, 0, 130_000)).toEqual([9, 11, 13]);
        expect(Array.from(store.fetchAll(100_000, 130_000), (e) => e.row[0])).toEqual(['v10', 'v11', 'v12', 'v13']);
        h.commit();
        expect(starts(1, 0, 130_000)).toEqual([9, 11, 13]);
      }),
    );
  });

  describe(`${adapter}: session store`, () => {
    test(
      'finds the sessions that overlap a range',
      withHarness((h) => {
        const store = h.stores().open(SESSIONS, 0);
        store.set([1], 0, 10, [1], 10);
        store.set([1], 20, 30, [2], 30);
        store.set([1], 40, 50, [3], 50);
        store.set([-0], 20, 20, [4], 20);
        h.commit();
        const found = (earliestEnd: number, latestStart: number) =>
          store.find([1], earliestEnd, latestStart).map((e) => e.row[0]);
        expect(found(10, 40)).toEqual([1, 2, 3]);
        expect(found(11, 39)).toEqual([2]);
        expect(found(31, 39)).toEqual([]);
        expect(store.find([0], 0, 100)).toEqual([]);
        expect(store.find([-0], 0, 100).map((e) => e.row[0])).toEqual([4]);
      }),
    );

    test(
      'a session that grows takes the place of the old one',
      withHarness((h) => {
        const store = h.stores().open(SESSIONS, 0);
        store.set([1], 0, 10, [1], 10);
        h.commit();
        expect(store.delete([1], 0, 10)).toBe(true);
        store.set([1], 0, 15, [2], 15);
        expect(store.delete([1], 0, 15)).toBe(true);
        store.set([1], 0, 18, [3], 18);
        h.commit();
        h.reopen?.();
        expect(shown(h.stores().open(SESSIONS, 0).scan())).toEqual([[[1], 0, 18, [3], 18]]);
      }),
    );

    test(
      'a session set before its key was read stands above the one on disk',
      withHarness((h) => {
        h.stores().open(SESSIONS, 0).set([1], 0, 10, [1], 10);
        h.commit();
        h.reopen?.();
        const store = h.stores().open(SESSIONS, 0);
        store.set([1], 0, 10, [2], 11);
        expect(shown(store.scan())).toEqual([[[1], 0, 10, [2], 11]]);
        expect(shown(store.find([1], 0, 10))).toEqual([[[1], 0, 10, [2], 11]]);
      }),
    );

    test(
      'expire drops what ended before',
      withHarness((h) => {
        const store = h.stores().open(SESSIONS, 0);
        for (const n of [1, 2, 3]) {
          store.set([n], 0, 10 * n, [n], 10 * n);
          if (n === 1) h.commit();
        }
        // Set, and expired before it was ever written.
        for (let n = 10; n < 20; n++) store.set([n], 0, 1, [n], 1);
        store.expire(1);
        store.expire(20);
        expect(store.find([1], 0, 100)).toEqual([]);
        expect(store.delete([1], 0, 10)).toBe(false);
        store.set([1], 5, 19, [9], 19);
        expect(Array.from(store.scan(), (e) => e.key[0])).toEqual([2, 3]);
        h.commit();
        h.reopen?.();
        expect(Array.from(h.stores().open(SESSIONS, 0).scan(), (e) => e.key[0])).toEqual([2, 3]);
      }),
    );
  });

  describe(`${adapter}: flushing`, () => {
    test(
      'what a failed transaction undid is written by the next',
      withHarness((h) => {
        if (h.failCommit === null) return;
        const stores = h.stores();
        const counts = stores.open(COUNTS, 0);
        const windowed = stores.open(WINDOWED, 0);
        for (let i = 0; i < 50; i++) counts.set([`k${i}`], [i, null], i);
        counts.set(['gone'], [0, null], 0);
        h.commit();
        counts.delete(['gone']);
        counts.set(['k1'], [100, null], 9);
        windowed.set(['eu', 1], 0, 10, [1], 1);
        h.failCommit();
        counts.set(['k2'], [200, null], 9);
        expect(counts.get(['gone'])).toBeNull();
        expect(counts.get(['k1'])?.row).toEqual([100, null]);
        h.commit();
        h.reopen?.();
        const again = h.stores().open(COUNTS, 0);
        expect(again.get(['gone'])).toBeNull();
        expect(again.get(['k1'])?.row).toEqual([100, null]);
        expect(again.get(['k2'])?.row).toEqual([200, null]);
        expect(again.get(['k3'])?.row).toEqual([3, null]);
        expect(h.stores().open(WINDOWED, 0).get(['eu', 1], 0)?.row).toEqual([1]);
      }),
    );

    test(
      'a commit leaves nothing unflushed; memory counts what is held',
      withHarness((h) => {
        const stores = h.stores();
        expect(stores.memoryUsage()).toEqual({ bytes: 0, dirtyBytes: 0 });
        const store = stores.open(COUNTS, 0);
        for (let i = 0; i < 100; i++) store.set([`key-${i}`], [i, 1n], i);
        expect(stores.memoryUsage().bytes).toBeGreaterThan(5_000);
        h.commit();
        expect(stores.memoryUsage().dirtyBytes).toBe(0);
      }),
    );

    test(
      'drop leaves no rows to read',
      withHarness((h) => {
        h.stores().open(COUNTS, 0).set(['a'], [1, null], 1);
        h.commit();
        h.stores().drop();
        expect([...h.reader.read(readOf(h.queryId, COUNTS))]).toEqual([]);
        expect(h.stores().open(COUNTS, 0).get(['a'])).toBeNull();
      }),
    );
  });

  describe(`${adapter}: table reader`, () => {
    function withTables(
      body: (h: StateHarness, read: (store: StoreSpec, more?: Partial<TableRead>) => unknown[]) => void,
    ) {
      return withHarness((h) => {
        const stores = h.stores();
        for (const [i, key] of ['b', 'a', 'd', 'c', '\ud800'].entries()) {
          stores.open(COUNTS, i % 2).set([key], [i === 4 ? 2n ** 62n : i, BigInt(i)], i);
        }
        for (const start of [20, 0, 10]) {
          stores.open(WINDOWED, 0).set(['eu', 1], start, start + 10, [start], start);
          stores.open(WINDOWED, 1).set(['asia', 2], start, start + 10, [start], start);
        }
        stores.open(SESSIONS, 1).set([2], 0, 7, [1], 7);
        stores.open(SESSIONS, 0).set([1], 10, 12, [2], 12);
        stores.open(SESSIONS, 0).set([1], 0, 5, [3], 5);
        h.commit();
        body(h, (store, more) => [...h.reader.read(readOf(h.queryId, store, more))]);
      });
    }

    test(
      'a store that was never opened has no rows',
      withHarness((h) => {
        expect([...h.reader.read(readOf('NOBODY', COUNTS))]).toEqual([]);
        expect([...h.reader.read(readOf(h.queryId, COUNTS, { keys: [['a']] }))]).toEqual([]);
      }),
    );

    test(
      'all rows, partitions merged, in key order',
      withTables((_, read) => {
        expect(read(COUNTS)).toEqual([
          { key: ['a'], windowStart: 0, windowEnd: 0, row: [1, 1n], timestamp: 1 },
          { key: ['b'], windowStart: 0, windowEnd: 0, row: [0, 0n], timestamp: 0 },
          { key: ['c'], windowStart: 0, windowEnd: 0, row: [3, 3n], timestamp: 3 },
          { key: ['d'], windowStart: 0, windowEnd: 0, row: [2, 2n], timestamp: 2 },
          { key: ['\ud800'], windowStart: 0, windowEnd: 0, row: [2n ** 62n, 4n], timestamp: 4 },
        ]);
      }),
    );

    test(
      'keys in the order asked for',
      withTables((_, read) => {
        const keys = (rows: unknown[]) => rows.map((row) => (row as { key: unknown[] }).key[0]);
        expect(keys(read(COUNTS, { keys: [['d'], ['x'], ['a'], ['\ud800']] }))).toEqual(['d', 'a', '\ud800']);
        expect(keys(read(COUNTS, { keys: [['d'], ['a'], ['b']], limit: 2 }))).toEqual(['d', 'a']);
        expect(keys(read(COUNTS, { keys: [] }))).toEqual([]);
      }),
    );

    test(
      'ranges of keys',
      withTables((_, read) => {
        const range = (from: [string, boolean] | null, to: [string, boolean] | null) =>
          read(COUNTS, {
            keyRange: {
              from: from && { value: from[0], inclusive: from[1] },
              to: to && { value: to[0], inclusive: to[1] },
            },
          }).map((row) => (row as { key: unknown[] }).key[0]);
        expect(range(['b', true], ['d', false])).toEqual(['b', 'c']);
        expect(range(['b', false], ['d', true])).toEqual(['c', 'd']);
        expect(range(['aa', true], null)).toEqual(['b', 'c', 'd', '\ud800']);
        expect(range(null, ['b', false])).toEqual(['a']);
      }),
    );

    test(
      'windows of a key, and bounds',
      withTables((_, read) => {
        const windows = (more: Partial<TableRead>) =>
          read(WINDOWED, more).map((row) => {
            const { key, windowStart } = row as { key: unknown[]; windowStart: number };
            return `${key[0]}@${windowStart}`;
          });
        expect(windows({})).toEqual(['asia@0', 'eu@0', 'asia@10', 'eu@10', 'asia@20', 'eu@20']);
        expect(windows({ keys: [['eu', 1]] })).toEqual(['eu@0', 'eu@10', 'eu@20']);
        expect(windows({ keys: [['eu', 1]], windowStart: { from: 10, to: null } })).toEqual(['eu@10', 'eu@20']);
        expect(windows({ keys: [['eu', 1]], windowStart: { from: 1, to: 19 } })).toEqual(['eu@10']);
        expect(windows({ windowEnd: { from: null, to: 20 }, windowStart: { from: 10, to: null } })).toEqual([
          'asia@10',
          'eu@10',
        ]);
        expect(windows({ keys: [['eu', 2]] })).toEqual([]);
      }),
    );

    test(
      'sessions, by start and key',
      withTables((_, read) => {
        const sessions = (more: Partial<TableRead>) =>
          read(SESSIONS, more).map((row) => {
            const { key, windowStart, windowEnd } = row as { key: unknown[]; windowStart: number; windowEnd: number };
            return `${key[0]}@${windowStart}-${windowEnd}`;
          });
        expect(sessions({})).toEqual(['1@0-5', '2@0-7', '1@10-12']);
        expect(sessions({ keys: [[1]] })).toEqual(['1@0-5', '1@10-12']);
        expect(sessions({ keys: [[1]], windowEnd: { from: 6, to: null } })).toEqual(['1@10-12']);
        expect(sessions({ windowEnd: { from: null, to: 7 }, limit: 1 })).toEqual(['1@0-5']);
      }),
    );

    test(
      'columns that are not asked for are null',
      withTables((_, read) => {
        expect(read(COUNTS, { keys: [['d']], columns: [1] })).toMatchObject([{ row: [null, 2n] }]);
        expect(read(COUNTS, { keys: [['d']], columns: [] })).toMatchObject([{ key: ['d'], row: [null, null] }]);
      }),
    );

    test(
      'a condition sees each row, and the limit counts what passes',
      withTables((_, read) => {
        const seen: unknown[] = [];
        const rows = read(COUNTS, {
          where: (row) => {
            seen.push(row.key[0]);
            return (row.row[1] as bigint) % 2n === 1n;
          },
          limit: 1,
        });
        expect(rows).toMatchObject([{ key: ['a'], row: [1, 1n] }]);
        expect(seen).toEqual(['a']);
        expect(read(COUNTS, { where: () => false })).toEqual([]);
        expect(read(SESSIONS, { where: (row) => row.windowEnd === 7 })).toMatchObject([{ key: [2], row: [1] }]);
      }),
    );

    test(
      'an error in a condition comes out of the read, and the next read works',
      withTables((_, read) => {
        const failing = () => {
          throw new TypeError('cannot say');
        };
        expect(() => read(COUNTS, { where: failing })).toThrow('cannot say');
        expect(read(COUNTS)).toHaveLength(5);
      }),
    );

    test(
      'two reads at once, with their own conditions; one that is given up blocks nobody',
      withTables((h, read) => {
        const odd = h.reader.read(readOf(h.queryId, COUNTS, { where: (row) => Number(row.row[1]) % 2 === 1 }));
        const even = h.reader.read(readOf(h.queryId, COUNTS, { where: (row) => Number(row.row[1]) % 2 === 0 }));
        const next = (rows: typeof odd) => rows.next().value?.key[0];
        expect([next(odd), next(even), next(odd), next(even)]).toEqual(['a', 'b', 'c', 'd']);
        odd.return?.();
        even.return?.();
        h.stores().open(COUNTS, 0).set(['e'], [9, null], 9);
        h.commit();
        expect(read(COUNTS, { keys: [['e']] })).toHaveLength(1);
      }),
    );
  });
}
