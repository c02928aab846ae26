import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BIGINT, DOUBLE, decimalType, INTEGER, STRING } from '../../../../src/model/sql-type.js';
import { SqliteTaskStores } from '../../../../src/state/sqlite/sqlite-task-stores.js';
import { StoreTable } from '../../../../src/state/sqlite/store-table.js';
import type { StoreSpec } from '../../../../src/state/state-store.js';
import { type Database, openDatabase } from '../../../../src/storage/database.js';

const COUNTS: StoreSpec & { kind: 'key-value' } = {
  name: 'Counts',
  kind: 'key-value',
  key: [{ name: 'ID', type: STRING }],
  value: [{ name: 'N', type: BIGINT }],
  retentionMs: null,
  windowSizeMs: null,
};
const WINDOWED: StoreSpec & { kind: 'window' } = { ...COUNTS, name: 'Windowed', kind: 'window', windowSizeMs: 10 };

describe('SQLite stores', () => {
  let database: Database;
  beforeEach(() => {
    database = openDatabase({ path: ':memory:', mode: 'writer' });
  });
  afterEach(() => {
    database.close();
    vi.restoreAllMocks();
  });

  function open(cacheBytes = 1e9, queryId = 'Q'): SqliteTaskStores {
    return new SqliteTaskStores({ database, queryId, cacheBytes });
  }

  function commit(stores: SqliteTaskStores): void {
    database.transaction(() => stores.flush());
    stores.flushSucceeded();
  }

  test('a flush evicts down to the budget, and not what waits to be written', () => {
    const stores = open(20_000);
    const store = stores.open(COUNTS, 0);
    for (let i = 0; i < 1_000; i++) store.set([`key-${i}`], [i], i);
    expect(stores.memoryUsage().dirtyBytes).toBe(stores.memoryUsage().bytes);
    expect(stores.memoryUsage().bytes).toBeGreaterThan(200_000);
    commit(stores);
    expect(stores.memoryUsage().bytes).toBeLessThanOrEqual(20_000);
    expect(stores.memoryUsage().dirtyBytes).toBe(0);
    expect(store.get(['key-999'])?.row).toEqual([999]);
    expect(store.get(['key-0'])?.row).toEqual([0]);
  });

  test('the budget may change from flush to flush', () => {
    let budget = 1e9;
    const stores = new SqliteTaskStores({ database, queryId: 'Q', cacheBytes: () => budget });
    const store = stores.open(COUNTS, 0);
    for (let i = 0; i < 1_000; i++) store.set([`key-${i}`], [i], i);
    commit(stores);
    expect(stores.memoryUsage().bytes).toBeGreaterThan(200_000);
    for (const less of [100_000, 20_000]) {
      budget = less;
      store.set(['key-0'], [less], 0);
      commit(stores);
      expect(stores.memoryUsage().bytes).toBeLessThanOrEqual(less);
    }
    expect(store.get(['key-1'])?.row).toEqual([1]);
  });

  test('keys in use outlast keys that are not', () => {
    const stores = open(60_000);
    const store = stores.open(COUNTS, 0);
    for (let i = 0; i < 100; i++) store.set([`hot-${i}`], [i], i);
    commit(stores);
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 100; i++) store.get([`hot-${i}`]);
      for (let i = 0; i < 100; i++) store.set([`cold-${round}-${i}`], [i], i);
      commit(stores);
    }
    const load = vi.spyOn(StoreTable.prototype, 'load');
    for (let i = 0; i < 100; i++) store.get([`hot-${i}`]);
    expect(load.mock.calls.length).toBeLessThan(50);
  });

  test('new keys of an empty table and of a new window cost no read', () => {
    const load = vi.spyOn(StoreTable.prototype, 'load');
    const stores = open();
    const counts = stores.open(COUNTS, 0);
    const windowed = stores.open(WINDOWED, 0);
    expect(counts.get(['a'])).toBeNull();
    windowed.set(['a'], 0, 10, [1], 1);
    commit(stores);
    expect(windowed.get(['b'], 0)).toBeNull();
    const again = open();
    const reopened = again.open(WINDOWED, 0);
    expect(reopened.get(['a'], 10)).toBeNull();
    reopened.set(['a'], 10, 20, [1], 11);
    expect(reopened.get(['b'], 10)).toBeNull();
    expect(load).not.toHaveBeenCalled();
    expect(reopened.get(['a'], 0)?.row).toEqual([1]);
    expect(load).toHaveBeenCalledTimes(1);
  });

  test('a key found absent is not looked for again', () => {
    const first = open();
    first.open(COUNTS, 0).set(['a'], [1], 1);
    commit(first);
    const stores = open(0);
    const store = stores.open(COUNTS, 0);
    const load = vi.spyOn(StoreTable.prototype, 'load');
    for (let i = 0; i < 3; i++) expect(store.get(['b'])).toBeNull();
    expect(load).toHaveBeenCalledTimes(1);
    store.set(['b'], [2], 2);
    commit(stores);
    expect(stores.memoryUsage().bytes).toBe(0);
    expect(store.get(['b'])?.row).toEqual([2]);
  });

  test('instants leave the file a segment at a time', () => {
    const stores = open();
    const store = stores.open({ ...WINDOWED, windowSizeMs: null, retentionMs: 120_000 }, 0);
    for (const at of [0, 59_999, 60_000, 119_999, 120_000]) store.set(['a'], at, at, [at], at);
    commit(stores);
    store.expire(119_999);
    commit(stores);
    const { id } = database.prepare('SELECT id FROM state_stores').get() as { id: number };
    const rows = database.prepareOwn(`SELECT window_start FROM state_${id} ORDER BY 1`).pluck().all();
    expect(rows).toEqual([60_000, 119_999, 120_000]);
    expect(store.fetch(['a'], 0, 200_000).map((entry) => entry.windowStart)).toEqual([119_999, 120_000]);
  });

  test('what a key needs many times between flushes is written once', () => {
    const stores = open();
    const store = stores.open(COUNTS, 0);
    for (let i = 0; i < 100; i++) store.set(['a'], [i], i);
    for (let i = 0; i < 100; i++) {
      store.set(['b'], [i], i);
      store.delete(['b']);
    }
    const before = database.prepare('SELECT total_changes() AS n').get() as { n: number };
    commit(stores);
    const after = database.prepare('SELECT total_changes() AS n').get() as { n: number };
    expect(after.n - before.n).toBe(1);
  });

  test('the table has typed columns that can be read', () => {
    const spec: StoreSpec & { kind: 'window' } = {
      ...WINDOWED,
      key: [
        { name: 'REGION', type: STRING },
        { name: 'ID', type: INTEGER },
      ],
      value: [
        { name: 'N', type: BIGINT },
        { name: 'X', type: DOUBLE },
        { name: 'PRICE', type: decimalType(6, 2) },
        { name: 'TAGS', type: { kind: 'ARRAY', element: STRING } },
      ],
    };
    const stores = open();
    stores.open(spec, 3).set(['eu', 7], 10, 20, [2n ** 60n, 1.5, 1999n, ['a', null]], 15);
    commit(stores);
    const { id } = database.prepare("SELECT id FROM state_stores WHERE query_id = 'Q'").get() as { id: number };
    const row = database
      .prepareOwn(
        `SELECT window_start, window_end, partition, rowtime, k0, k1, CAST(v0 AS TEXT) AS v0, v1, v2, v3 FROM state_${id}`,
      )
      .get();
    expect(row).toEqual({
      window_start: 10,
      window_end: 20,
      partition: 3,
      rowtime: 15,
      k0: 'eu',
      k1: 7,
      v0: '1152921504606846976',
      v1: 1.5,
      v2: 1999,
      v3: '["a",null]',
    });
  });

  test('state that does not fit the plan is refused', () => {
    open().open(COUNTS, 0);
    expect(() => open().open({ ...COUNTS, value: [{ name: 'N', type: DOUBLE }] }, 0)).toThrow(
      expect.objectContaining({ code: 'state-mismatch' }),
    );
  });

  test('a plan that reads other columns keeps those of the same name', () => {
    const before = open();
    before.open(COUNTS, 0).set(['a'], [7n], 5);
    commit(before);
    const value = [
      { name: 'NEW', type: STRING },
      { name: COUNTS.value[0]!.name, type: BIGINT },
    ];
    const after = open().open({ ...COUNTS, value }, 0);
    expect(after.get(['a'])).toMatchObject({ row: [null, 7], timestamp: 5 });
  });

  test('a dropped store comes back under another number; other queries keep theirs', () => {
    const other = open(1e9, 'OTHER');
    other.open(COUNTS, 0).set(['a'], [1], 1);
    commit(other);
    const stores = open();
    stores.open(COUNTS, 0);
    const idOf = () =>
      (database.prepare("SELECT id FROM state_stores WHERE query_id = 'Q'").get() as { id: number } | undefined)?.id;
    const first = idOf();
    stores.drop();
    expect(idOf()).toBeUndefined();
    stores.open(COUNTS, 0);
    expect(idOf()).not.toBe(first);
    expect(open(1e9, 'OTHER').open(COUNTS, 0).get(['a'])?.row).toEqual([1]);
  });

  test('a store opened in a transaction that is undone can be opened again', () => {
    const stores = open();
    expect(() =>
      database.transaction(() => {
        stores.open(COUNTS, 0);
        throw new Error('undone');
      }),
    ).toThrow('undone');
    const store = stores.open(COUNTS, 0);
    store.set(['a'], [1], 1);
    commit(stores);
    expect(store.get(['a'])?.row).toEqual([1]);
  });

  test('updates while a flush is being committed belong to the next', () => {
    const stores = open();
    const store = stores.open(COUNTS, 0);
    store.set(['a'], [1], 1);
    store.set(['b'], [1], 1);
    database.transaction(() => stores.flush());
    store.set(['a'], [2], 2);
    store.delete(['b']);
    stores.flushSucceeded();
    expect(open().open(COUNTS, 0).get(['a'])?.row).toEqual([1]);
    expect(open().open(COUNTS, 0).get(['b'])?.row).toEqual([1]);
    commit(stores);
    expect(open().open(COUNTS, 0).get(['a'])?.row).toEqual([2]);
    expect(open().open(COUNTS, 0).get(['b'])).toBeNull();
  });
});
