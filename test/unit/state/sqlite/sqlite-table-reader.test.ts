import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BIGINT, INTEGER } from '../../../../src/model/sql-type.js';
import { SqliteTableReader } from '../../../../src/state/sqlite/sqlite-table-reader.js';
import { SqliteTaskStores } from '../../../../src/state/sqlite/sqlite-task-stores.js';
import type { StoreSpec } from '../../../../src/state/state-store.js';
import type { TableRead } from '../../../../src/state/table-reader.js';
import { type Database, openDatabase } from '../../../../src/storage/database.js';

const COUNTS: StoreSpec & { kind: 'key-value' } = {
  name: 'Counts',
  kind: 'key-value',
  key: [{ name: 'ID', type: INTEGER }],
  value: [{ name: 'N', type: BIGINT }],
  retentionMs: null,
  windowSizeMs: null,
};

const ALL: TableRead = {
  queryId: 'Q',
  store: COUNTS,
  keys: null,
  keyRange: null,
  windowStart: null,
  windowEnd: null,
  columns: null,
  where: null,
  limit: null,
};

describe('a reader on its own connection', () => {
  let folder: string;
  let writer: Database;
  let connection: Database;
  let stores: SqliteTaskStores;
  let reader: SqliteTableReader;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'reader-'));
    const path = join(folder, 'state.db');
    writer = openDatabase({ path, mode: 'writer' });
    connection = openDatabase({ path, mode: 'reader' });
    stores = new SqliteTaskStores({ database: writer, queryId: 'Q', cacheBytes: 0 });
    reader = new SqliteTableReader(connection);
  });
  afterEach(() => {
    reader.close();
    connection.close();
    writer.close();
    rmSync(folder, { recursive: true });
  });

  function fill(from: number, to: number): void {
    const store = stores.open(COUNTS, 0);
    for (let i = from; i < to; i++) store.set([i], [i], i);
    writer.transaction(() => stores.flush());
    stores.flushSucceeded();
  }

  function logCanBeEmptied(): boolean {
    const [{ busy }] = writer.connection.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
    return busy === 0;
  }

  test('does not see what is not committed', () => {
    fill(0, 10);
    writer.transaction(() => {
      stores.open(COUNTS, 0).set([99], [99], 99);
      stores.flush();
      expect([...reader.read({ ...ALL, keys: [[99]] })]).toEqual([]);
    });
    expect([...reader.read({ ...ALL, keys: [[99]] })]).toHaveLength(1);
  });

  test('a scan keeps its snapshot, and lets go of it at the end, at return and at close', () => {
    fill(0, 100);
    writer.connection.pragma('busy_timeout = 0');
    const scan = reader.read(ALL);
    scan.next();
    fill(100, 200);
    expect(logCanBeEmptied()).toBe(false);
    expect([...scan]).toHaveLength(99);
    expect(logCanBeEmptied()).toBe(true);

    const abandoned = reader.read(ALL);
    abandoned.next();
    fill(200, 201);
    expect(logCanBeEmptied()).toBe(false);
    abandoned.return?.();
    expect(logCanBeEmptied()).toBe(true);

    reader.read(ALL).next();
    fill(201, 202);
    expect(logCanBeEmptied()).toBe(false);
    reader.close();
    expect(logCanBeEmptied()).toBe(true);
  });

  test('a condition that throws stops a long scan where it is', () => {
    fill(0, 1_000);
    let asked = 0;
    const scan = reader.read({
      ...ALL,
      where: () => {
        if (++asked === 10) throw new RangeError('enough');
        return false;
      },
    });
    expect(() => scan.next()).toThrow(RangeError);
    expect(asked).toBe(10);
  });

  test('a table dropped since the last read has no rows', () => {
    fill(0, 10);
    expect([...reader.read(ALL)]).toHaveLength(10);
    stores.drop();
    expect([...reader.read(ALL)]).toEqual([]);
    fill(0, 3);
    expect([...reader.read(ALL)]).toHaveLength(3);
  });

  test('rows wider than a function may have arguments', () => {
    const spec = {
      ...COUNTS,
      name: 'Wide',
      value: Array.from({ length: 1_200 }, (_, i) => ({ name: `C${i}`, type: INTEGER })),
    };
    const store = stores.open(spec, 0);
    for (let i = 0; i < 20; i++) store.set([i], new Array(1_200).fill(i), i);
    writer.transaction(() => stores.flush());
    const where: TableRead['where'] = (row) => (row.row[1_199] as number) >= 15;
    const rows = [...reader.read({ ...ALL, store: spec, where, limit: 2 })];
    expect(rows.map((row) => row.key[0])).toEqual([15, 16]);
  });
});
