import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssertionError } from '../../../../src/model/errors.js';
import { BIGINT, STRING } from '../../../../src/model/sql-type.js';
import { DEFINITION_RECORD, ROW_RECORD, recordKind } from '../../../../src/state/changelog/change-records.js';
import { storeNumber } from '../../../../src/state/changelog/row-record-codec.js';
import { DefinitionCodec } from '../../../../src/state/changelog/store-definition.js';
import { LoggedTaskStores } from '../../../../src/state/sqlite/logged-task-stores.js';
import { SqliteTableReader } from '../../../../src/state/sqlite/sqlite-table-reader.js';
import type { StoreSpec } from '../../../../src/state/state-store.js';
import { type Database, openDatabase } from '../../../../src/storage/database.js';
import {
  applyRecords,
  type ChangelogRecord,
  compacted,
  foldOf,
  MemoryChangelog,
} from '../../../support/memory-changelog.js';

const COUNTS: StoreSpec & { kind: 'key-value' } = {
  name: 'Counts',
  kind: 'key-value',
  key: [{ name: 'ID', type: STRING }],
  value: [{ name: 'N', type: BIGINT }],
  retentionMs: null,
  windowSizeMs: null,
};
const WINDOWED: StoreSpec & { kind: 'window' } = { ...COUNTS, name: 'Windowed', kind: 'window', windowSizeMs: 10 };
const WIDER: StoreSpec & { kind: 'key-value' } = {
  ...COUNTS,
  value: [
    { name: 'NEW', type: STRING },
    { name: 'N', type: BIGINT },
  ],
};
const NO_ROWS = '0000000000000000-0';

let database: Database;
let log: MemoryChangelog;

beforeEach(() => {
  database = openDatabase({ path: ':memory:', mode: 'writer', purpose: 'shard' });
  log = new MemoryChangelog();
});

afterEach(() => {
  database.close();
});

function open(fingerprint: string | null = null, cacheBytes = 1e9): LoggedTaskStores {
  return new LoggedTaskStores({ database, queryId: 'Q', cacheBytes, fingerprint });
}

function commit(stores: LoggedTaskStores): void {
  database.begin();
  stores.flushTo(log);
  database.commit();
  stores.flushSucceeded();
}

/** What was logged since the last call, in words: `define Counts 1`, `put 1`, `delete 1`. */
function logged(): string[] {
  const definitions = new DefinitionCodec();
  const words = log.records.splice(0).map(({ key, value }) => {
    if (recordKind(key, 0, key.length) === ROW_RECORD)
      return `${value === null ? 'delete' : 'put'} ${storeNumber(key, 0)}`;
    const bytes = Buffer.concat([key, value!]);
    const { name, version } = definitions.decode(bytes, 0, key.length, key.length, bytes.length);
    return `define ${name} ${version}`;
  });
  return words;
}

/** The values of the file's rows, by key. */
function inFile(): Record<string, number> {
  const rows = database.prepare<[], { K: string; N: number }>('SELECT k0 AS K, v0 AS N FROM state_1 ORDER BY k0').all();
  return Object.fromEntries(rows.map(({ K, N }) => [K, N]));
}

describe('a commit that leaves the file behind', () => {
  function behind(stores: LoggedTaskStores): void {
    expect(stores.logTo(log)).toBe(true);
    stores.flushSucceeded();
  }

  test('tells the log of each change, and a later flush writes them once', () => {
    const stores = open();
    const counts = stores.open(COUNTS, 0);
    counts.set(['a'], [1], 1);
    commit(stores);
    logged();
    for (let i = 2; i < 5; i++) {
      counts.set(['a'], [i], i);
      behind(stores);
    }
    counts.set(['b'], [1], 1);
    behind(stores);
    expect(logged()).toEqual(['put 1', 'put 1', 'put 1', 'put 1']);
    expect(inFile()).toEqual({ a: 1 });
    counts.set(['b'], [2], 2);
    commit(stores);
    expect(logged()).toEqual(['put 1']);
    expect(inFile()).toEqual({ a: 4, b: 2 });
    expect(stores.rehash()).toBe(stores.fingerprint());
    commit(stores);
    expect(logged()).toEqual([]);
  });

  test('cannot be while rows are deleted, or the log does not know the columns', () => {
    const stores = open();
    const counts = stores.open(COUNTS, 0);
    counts.set(['a'], [1], 1);
    expect(stores.logTo(log)).toBe(false);
    expect(logged()).toEqual([]);
    commit(stores);
    counts.set(['b'], [1], 1);
    behind(stores);
    counts.delete(['b']);
    logged();
    expect(stores.logTo(log)).toBe(false);
    commit(stores);
    expect(logged()).toEqual(['delete 1']);
    expect(inFile()).toEqual({ a: 1 });
    expect(stores.rehash()).toBe(stores.fingerprint());
  });

  test('ends at a share of the cache', () => {
    const stores = open(null, 2_000);
    const counts = stores.open(COUNTS, 0);
    commit(stores);
    let commits = 0;
    for (; commits < 100; commits++) {
      counts.set([String(commits)], [1], 1);
      if (!stores.logTo(log)) break;
      stores.flushSucceeded();
    }
    expect(commits).toBeGreaterThan(1);
    expect(commits).toBeLessThan(20);
    commit(stores);
    expect(Object.keys(inFile())).toHaveLength(commits + 1);
  });

  test('is forgotten with the next one that fails: the file is what it was', () => {
    const stores = open();
    stores.open(COUNTS, 0).set(['a'], [1], 1);
    commit(stores);
    const before = stores.fingerprint();
    stores.open(COUNTS, 0).set(['a'], [2], 2);
    behind(stores);
    database.begin();
    stores.flushTo(log);
    database.rollback();
    stores.flushFailed();
    expect(stores.fingerprint()).toBe(before);
    expect(stores.open(COUNTS, 0).get(['a'])?.row).toEqual([1]);
  });

  test('keeps what expires afterwards from coming back', () => {
    const stores = open();
    const windowed = stores.open(WINDOWED, 0);
    windowed.set(['old'], 0, 10, [1], 1);
    commit(stores);
    windowed.set(['old'], 0, 10, [2], 2);
    windowed.set(['unwritten'], 0, 10, [1], 1);
    windowed.set(['kept'], 20, 30, [1], 21);
    behind(stores);
    windowed.expire(15);
    logged();
    commit(stores);
    expect(logged()).toEqual(['delete 1', 'delete 1']);
    expect([...windowed.scan()].map(({ key }) => key)).toEqual([['kept']]);
    expect(stores.rehash()).toBe(stores.fingerprint());
  });
});

describe('what a flush reports', () => {
  test('each store before its first row, then each change once', () => {
    const stores = open();
    const counts = stores.open(COUNTS, 0);
    stores.open(WINDOWED, 0);
    for (let i = 0; i < 10; i++) counts.set(['a'], [i], i);
    counts.set(['b'], [1], 1);
    counts.set(['never'], [1], 1);
    counts.delete(['never']);
    commit(stores);
    expect(logged()).toEqual(['define Counts 1', 'define Windowed 1', 'put 1', 'put 1']);
    counts.delete(['a']);
    counts.set(['b'], [2], 2);
    stores.open(WINDOWED, 1).set(['a'], 0, 10, [1], 1);
    commit(stores);
    expect(logged()).toEqual(['delete 1', 'put 1', 'put 2']);
    commit(stores);
    expect(logged()).toEqual([]);
  });

  test('a deletion of what is not there is none', () => {
    const first = open();
    first.open(COUNTS, 0).set(['a'], [1], 1);
    commit(first);
    const stores = open(first.fingerprint());
    const counts = stores.open(COUNTS, 0);
    // Set without having been read, so that nobody knows yet whether the file has it.
    counts.set(['b'], [1], 1);
    counts.delete(['b']);
    logged();
    commit(stores);
    expect(logged()).toEqual([]);
    expect(stores.fingerprint()).toBe(first.fingerprint());
  });

  test('every row that expires, more than a page of them', () => {
    const stores = open();
    const windowed = stores.open(WINDOWED, 0);
    const other = stores.open(WINDOWED, 1);
    for (let i = 0; i < 1_300; i++) windowed.set([`k${i}`], 10 * (i % 3), 10 * (i % 3) + 10, [i], i);
    windowed.set(['late'], 30, 40, [1], 1);
    other.set(['a'], 0, 10, [1], 1);
    commit(stores);
    log.records.length = 0;
    windowed.expire(30);
    commit(stores);
    const tombstones = log.records.filter(({ value }) => value === null);
    expect(tombstones).toHaveLength(1_300);
    expect(new Set(tombstones.map(({ key }) => key.toString('hex'))).size).toBe(1_300);
    expect(stores.fingerprint()).toMatch(/-2$/);
    expect(stores.rehash()).toBe(stores.fingerprint());
  });

  test('the fingerprint depends on the rows alone', () => {
    const stores = open();
    const counts = stores.open(COUNTS, 0);
    expect(stores.fingerprint()).toBe(NO_ROWS);
    counts.set(['a'], [1], 1);
    commit(stores);
    const one = stores.fingerprint();
    counts.set(['b'], [1], 1);
    counts.set(['a'], [2], 1);
    commit(stores);
    const two = stores.fingerprint();
    expect(two).not.toBe(one);
    counts.delete(['b']);
    counts.set(['a'], [1], 1);
    commit(stores);
    expect(stores.fingerprint()).toBe(one);
    counts.set(['a'], [1], 2);
    commit(stores);
    expect(stores.fingerprint()).not.toBe(one);
    counts.delete(['a']);
    commit(stores);
    expect(stores.fingerprint()).toBe(NO_ROWS);
  });

  test('goes through flushTo, inside a transaction', () => {
    const stores = open();
    expect(() => stores.flush()).toThrow(AssertionError);
    expect(() => stores.flushTo(log)).toThrow(AssertionError);
  });
});

describe('a transaction that stays open', () => {
  test('what changes meanwhile belongs to the next', () => {
    const stores = open();
    const counts = stores.open(COUNTS, 0);
    counts.set(['a'], [1], 1);
    counts.set(['b'], [1], 1);
    database.begin();
    stores.flushTo(log);
    const flushed = stores.fingerprint();
    counts.set(['a'], [2], 2);
    counts.delete(['b']);
    counts.set(['c'], [1], 2);
    expect(stores.fingerprint()).toBe(flushed);
    database.commit();
    stores.flushSucceeded();
    expect(stores.rehash()).toBe(flushed);
    expect(logged()).toEqual(['define Counts 1', 'put 1', 'put 1']);
    commit(stores);
    expect(logged().sort()).toEqual(['delete 1', 'put 1', 'put 1']);
    expect(stores.rehash()).toBe(stores.fingerprint());
  });

  test('undone, leaves file and fingerprint as of the last success, and stores to be opened anew', () => {
    const stores = open();
    stores.open(COUNTS, 0).set(['a'], [1], 1);
    commit(stores);
    const before = stores.fingerprint();
    const counts = stores.open(COUNTS, 0);
    counts.set(['a'], [2], 2);
    stores.open(WINDOWED, 0).set(['a'], 0, 10, [1], 1);
    database.begin();
    stores.flushTo(log);
    counts.set(['b'], [1], 1);
    database.rollback();
    stores.flushFailed();
    expect(stores.memoryUsage()).toEqual({ bytes: 0, dirtyBytes: 0 });
    expect(stores.fingerprint()).toBe(before);
    expect(stores.rehash()).toBe(before);
    const again = stores.open(COUNTS, 0);
    expect(again.get(['a'])?.row).toEqual([1]);
    expect(again.get(['b'])).toBeNull();
    expect([...stores.open(WINDOWED, 0).scan()]).toEqual([]);
  });
});

describe('stores that change their columns', () => {
  test('keep their number, and are written anew as a whole under the next version', () => {
    const first = open();
    first.open(WINDOWED, 0);
    for (const key of ['a', 'b', 'c']) first.open(COUNTS, 0).set([key], [7], 5);
    commit(first);
    const before = log.records.slice();
    logged();
    const stores = open(first.fingerprint());
    const counts = stores.open(WIDER, 0);
    counts.set(['b'], ['x', 8], 6);
    counts.delete(['c']);
    commit(stores);
    const after = log.records.slice();
    expect(logged()).toEqual(['define Counts 2', 'put 2', 'put 2', 'put 2', 'delete 2', 'put 2']);
    expect(stores.rehash()).toBe(stores.fingerprint());
    expect(counts.get(['a'])?.row).toEqual([null, 7]);
    for (const records of [[...before, ...after], compacted([...before, ...after])]) {
      expect(foldOf(records, 'Q').fingerprint).toBe(stores.fingerprint());
    }
    expect(open(stores.fingerprint()).open(WIDER, 0).get(['b'])?.row).toEqual(['x', 8]);
  });

  test('are as they were when the log never came to know', () => {
    const first = open();
    first.open(COUNTS, 0).set(['a'], [7], 5);
    commit(first);
    const fingerprint = first.fingerprint();
    const second = open(fingerprint);
    expect(second.open(WIDER, 0).get(['a'])?.row).toEqual([null, 7]);
    second.open(WINDOWED, 0);
    expect(second.rehash()).toBe(fingerprint);
    const third = open(fingerprint);
    expect(third.rehash()).toBe(fingerprint);
    expect(third.open(COUNTS, 0).get(['a'])?.row).toEqual([7]);
    logged();
    commit(third);
    expect(logged()).toEqual([]);
  });

  test('can be read with the new columns before the log knows', () => {
    const first = open();
    first.open(COUNTS, 0).set(['a'], [7], 5);
    commit(first);
    open(first.fingerprint()).open(WIDER, 0);
    const everything = { keys: null, keyRange: null, windowStart: null, windowEnd: null, columns: null, where: null };
    const reader = new SqliteTableReader(database);
    const rows = [...reader.read({ queryId: 'Q', store: WIDER, ...everything, limit: null })];
    expect(rows.map((found) => found.row)).toEqual([[null, 7]]);
  });

  test('of another kind are refused', () => {
    const first = open();
    first.open(COUNTS, 0);
    commit(first);
    expect(() => open(first.fingerprint()).open({ ...COUNTS, key: WIDER.value }, 0)).toThrow(
      expect.objectContaining({ code: 'state-mismatch' }),
    );
  });
});

describe('applying records', () => {
  let records: ChangelogRecord[];

  beforeEach(() => {
    const stores = open();
    const counts = stores.open(COUNTS, 3);
    counts.set(['a'], [1], 1);
    counts.set(['b'], [2n ** 60n], 1);
    stores.open(WINDOWED, 3).set(['a'], 10, 20, [5], 1);
    commit(stores);
    counts.set(['a'], [2], 2);
    counts.delete(['b']);
    commit(stores);
    records = log.records;
    database.close();
    database = openDatabase({ path: ':memory:', mode: 'writer', purpose: 'shard' });
  });

  const apply = (list: readonly ChangelogRecord[], fingerprint: string | null = null) =>
    applyRecords(database, 'Q', fingerprint, list);
  const corrupt = (list: readonly ChangelogRecord[], words: string) => {
    expect(() => apply(list)).toThrow(expect.objectContaining({ code: 'changelog-corrupt' }));
    database.rollback();
    expect(() => apply(list)).toThrow(words);
    database.rollback();
  };

  test('makes the stores again, without the plan', () => {
    const stores = open(apply(records));
    expect(stores.open(COUNTS, 3).get(['a'])).toMatchObject({ row: [2], timestamp: 2 });
    expect(stores.open(COUNTS, 3).get(['b'])).toBeNull();
    expect(stores.open(WINDOWED, 3).get(['a'], 10)).toMatchObject({ row: [5], windowEnd: 20 });
    log = new MemoryChangelog();
    commit(stores);
    expect(log.records).toEqual([]);
  });

  test('may be done twice over', () => {
    const fingerprint = apply(records);
    expect(apply(records, fingerprint)).toBe(fingerprint);
    expect(open(fingerprint).rehash()).toBe(fingerprint);
  });

  test('ignores the deletion of what is not there', () => {
    const [definition] = records;
    const tombstone = records.find(({ value }) => value === null)!;
    expect(apply([definition!, tombstone])).toBe(NO_ROWS);
  });

  test('finds a change in any byte of a row and of a definition', () => {
    const definition = records.findIndex(({ key }) => recordKind(key, 0, key.length) === DEFINITION_RECORD);
    const row = records.findIndex(({ key, value }) => recordKind(key, 0, key.length) === ROW_RECORD && value !== null);
    for (const at of [definition, row]) {
      for (let byte = 0; byte < records[at]!.value!.length; byte++) {
        const value = Buffer.from(records[at]!.value!);
        value[byte]! ^= 1 << (byte & 7);
        const damaged = records.map((record, i) => (i === at ? { ...record, value } : record));
        expect(() => apply(damaged), `byte ${byte} of record ${at}`).toThrow(
          expect.objectContaining({ code: 'changelog-corrupt' }),
        );
        database.rollback();
      }
    }
  });

  test('refuses what comes out of order, and what is no state', () => {
    const rows = records.filter(({ key }) => recordKind(key, 0, key.length) === ROW_RECORD);
    corrupt(rows, 'has rows before its definition');
    const position = { key: Buffer.from([1, 2]), value: Buffer.from('{}'), timestamp: 0 };
    corrupt([...records, position], 'a key begins like none');
    corrupt([...records, { ...position, key: Buffer.from([2, 0, 1]) }], 'a key begins like none');
    const cut = { ...rows[0]!, key: rows[0]!.key.subarray(0, 4), value: null };
    corrupt([...records, cut], 'cut off');
  });

  test('refuses rows of a version that is not in force', () => {
    const stores = open(apply(records));
    log = new MemoryChangelog();
    stores.open(WIDER, 3);
    commit(stores);
    const row = records.find(({ key, value }) => recordKind(key, 0, key.length) === ROW_RECORD && value !== null)!;
    expect(() => apply([row], stores.fingerprint())).toThrow('version 1 of its store where version 2');
    database.rollback();
    expect(() => apply(records, stores.fingerprint())).toThrow('goes back from version 2 to 1');
    database.rollback();
  });

  test('comes before stores are opened', () => {
    const stores = open(apply(records));
    stores.open(COUNTS, 3);
    const { key } = records[0]!;
    expect(() => stores.applyRecord(key, 0, key.length, -1, -1)).toThrow(AssertionError);
  });

  test('undone, leaves nothing', () => {
    const stores = open();
    database.begin();
    for (const { key, value } of records) {
      const bytes = Buffer.concat([key, value ?? Buffer.alloc(0)]);
      stores.applyRecord(bytes, 0, key.length, value === null ? -1 : key.length, value === null ? -1 : bytes.length);
    }
    expect(stores.fingerprint()).not.toBe(NO_ROWS);
    database.rollback();
    stores.flushFailed();
    expect(stores.fingerprint()).toBe(NO_ROWS);
    expect(stores.rehash()).toBe(NO_ROWS);
    expect(apply(records)).toMatch(/-2$/);
  });
});

describe('damage in the file', () => {
  const damage = (sql: string) => {
    const stores = open();
    stores.open(COUNTS, 0).set(['a'], [1], 1);
    commit(stores);
    expect(stores.rehash()).toBe(stores.fingerprint());
    database.exec(sql);
    expect(stores.rehash()).not.toBe(stores.fingerprint());
  };

  test('shows in a value', () => damage('UPDATE state_1 SET v0 = v0 + 1'));
  test('shows in a timestamp', () => damage('UPDATE state_1 SET rowtime = rowtime + 1'));
  test('shows in a key', () => damage("UPDATE state_1 SET key = x'016200'"));
  test('shows in a column of a key', () => damage("UPDATE state_1 SET k0 = 'b'"));
  test('shows as a row that is missing', () => damage('DELETE FROM state_1'));
});

test('drop leaves an empty file, and begins anew', () => {
  const stores = open();
  stores.open(COUNTS, 0).set(['a'], [1], 1);
  commit(stores);
  stores.drop();
  expect(stores.fingerprint()).toBe(NO_ROWS);
  expect(stores.rehash()).toBe(NO_ROWS);
  expect(
    database.prepareOwn("SELECT name FROM sqlite_schema WHERE name LIKE 'state/_%' ESCAPE '/'").pluck().all(),
  ).toEqual(expect.not.arrayContaining(['state_1']));
  logged();
  stores.open(COUNTS, 0).set(['b'], [1], 1);
  commit(stores);
  expect(logged()).toEqual(['define Counts 1', 'put 1']);
});

test('a file with state is not opened without its fingerprint', () => {
  const stores = open();
  stores.open(COUNTS, 0);
  commit(stores);
  expect(() => open(null)).toThrow(AssertionError);
});
