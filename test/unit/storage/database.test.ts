import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AssertionError, SystemError } from '../../../src/model/errors.js';
import { type Database, openDatabase } from '../../../src/storage/database.js';
import { APPLICATION_ID, SCHEMA_VERSION } from '../../../src/storage/schema.js';
import { SHARD_APPLICATION_ID } from '../../../src/storage/shard-schema.js';

let directory: string;
let path: string;
const opened: { close(): void }[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'database-'));
  path = join(directory, 'engine.db');
});

afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  rmSync(directory, { recursive: true });
});

function open(mode: 'writer' | 'reader' = 'writer', file = path): Database {
  const database = openDatabase({ path: file, mode });
  opened.push(database);
  return database;
}

function systemError(action: () => unknown): SystemError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(SystemError);
    return error as SystemError;
  }
  throw new Error('nothing was thrown');
}

describe('opening', () => {
  it('makes a file that only its user can read, with our mark, WAL and full durability', () => {
    const database = open();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(database.connection.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
    expect(database.connection.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
    expect(database.connection.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.connection.pragma('synchronous', { simple: true })).toBe(2);
    database.exec('CREATE TABLE t (x)');
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
  });

  it('opens again, keeping what was there', () => {
    const first = open();
    first.exec('CREATE TABLE t (x); INSERT INTO t VALUES (7)');
    first.close();
    expect(open().prepare('SELECT x FROM t').all()).toEqual([{ x: 7 }]);
  });

  it('refuses a file of another program and leaves it as it was', () => {
    const other = new BetterSqlite3(path);
    other.exec('CREATE TABLE theirs (x)');
    other.close();
    const before = readFileSync(path);
    expect(systemError(() => open()).code).toBe('foreign-file');
    expect(systemError(() => open('reader')).code).toBe('foreign-file');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('refuses a file written by a later version and says so', () => {
    const database = open();
    database.connection.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    const error = systemError(() => open());
    expect(error.code).toBe('newer-file');
    expect(error.message).toContain(`file version ${SCHEMA_VERSION + 1}`);
  });

  it('refuses a file that is not a database', () => {
    writeFileSync(path, 'not a database at all, but long enough to have a header: '.repeat(20));
    const error = systemError(() => open());
    expect(error.code).toBe('not-a-database');
    expect(error.message).toContain(path);
  });

  it('reports damage inside the file', () => {
    const database = open();
    database.exec('CREATE TABLE t (x)');
    database.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 100, 600);
    writeFileSync(path, bytes);
    expect(systemError(() => open()).code).toBe('storage-corrupt');
  });

  it('refuses a symbolic link, a directory and a directory that does not exist', () => {
    symlinkSync(join(directory, 'elsewhere.db'), path);
    expect(systemError(() => open()).code).toBe('storage-cannot-open');
    expect(systemError(() => open('writer', directory)).message).toContain('directory');
    expect(systemError(() => open('writer', join(directory, 'no', 'engine.db'))).code).toBe('storage-cannot-open');
    expect(existsSync(`${directory}-lock`)).toBe(false);
  });

  it('lets readers in beside the writer, to read only', () => {
    const writer = open();
    writer.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    const reader = open('reader');
    expect(reader.prepare('SELECT x FROM t').all()).toEqual([{ x: 1 }]);
    expect(systemError(() => reader.guard(() => reader.prepare('DELETE FROM t').run())).code).toBe('storage-read-only');
  });

  it('a reader that comes before the first writer is told to wait', () => {
    writeFileSync(path, '');
    expect(systemError(() => open('reader'))).toMatchObject({ code: 'not-initialised', retriable: true });
  });
});

describe('a file of a shard', () => {
  const openShard = (mode: 'writer' | 'reader' = 'writer') => {
    const database = openDatabase({ path, mode, purpose: 'shard', durability: 'normal' });
    opened.push(database);
    return database;
  };
  const tables = (database: Database) =>
    database.prepareOwn("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();

  it('has its own mark, the place for its position, and no log', () => {
    const database = openShard();
    expect(database.connection.pragma('application_id', { simple: true })).toBe(SHARD_APPLICATION_ID);
    expect(database.connection.pragma('synchronous', { simple: true })).toBe(1);
    expect(tables(database)).toEqual(['shard_position']);
    const insert = database.prepare('INSERT INTO shard_position VALUES (?, ?)');
    insert.run(0, 'here');
    expect(() => insert.run(1, 'there')).toThrow('CHECK');
    expect(openShard('reader').prepareOwn('SELECT text FROM shard_position').pluck().get()).toBe('here');
  });

  it("is not taken for an engine's, nor the other way round", () => {
    openShard().close();
    expect(systemError(() => open())).toMatchObject({
      code: 'foreign-file',
      message: `"${path}" is the file of a shard, not of an engine`,
    });
    expect(systemError(() => open('reader')).code).toBe('foreign-file');
    rmSync(path);
    open().close();
    expect(systemError(() => openShard())).toMatchObject({
      code: 'foreign-file',
      message: `"${path}" is the file of an engine, not of a shard`,
    });
    expect(tables(open())).toContain('log_topics');
  });
});

describe('the lock', () => {
  it('refuses a second writer and names where the first one answers', () => {
    const first = open();
    expect(systemError(() => open()).message).toContain(`in use by process ${process.pid}`);
    first.setOwner('http://localhost:8088');
    const error = systemError(() => open());
    expect(error.code).toBe('file-in-use');
    expect(error.message).toContain('at http://localhost:8088');
    first.close();
    open();
  });

  it('vanishes with a process that is killed', async () => {
    const require = createRequire(import.meta.url);
    const script = `
      const Sqlite = require(${JSON.stringify(require.resolve('better-sqlite3'))});
      const lock = new Sqlite(${JSON.stringify(`${path}-lock`)});
      lock.exec('BEGIN EXCLUSIVE');
      require('node:fs').writeFileSync(${JSON.stringify(`${path}-owner`)}, JSON.stringify({ pid: process.pid, url: 'http://host:1' }));
      console.log('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const error = systemError(() => open());
    expect(error.message).toContain(`process ${child.pid} at http://host:1`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    open();
  });
});

describe('transactions', () => {
  let database: Database;
  const values = () =>
    database
      .prepare<[], { x: number }>('SELECT x FROM t ORDER BY x')
      .all()
      .map((row) => row.x);
  const insert = (x: number) => database.prepare('INSERT INTO t VALUES (?)').run(x);

  beforeEach(() => {
    database = open('writer', ':memory:');
    database.exec('CREATE TABLE t (x)');
  });

  it('keeps all or nothing', () => {
    database.transaction(() => insert(1));
    expect(() =>
      database.transaction(() => {
        insert(2);
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(values()).toEqual([1]);
    expect(database.inTransaction).toBe(false);
  });

  it('undoes a nested one alone, and runs only its hooks', () => {
    const undone: string[] = [];
    database.transaction(() => {
      insert(1);
      database.onRollback(() => undone.push('outer'));
      expect(() =>
        database.transaction(() => {
          insert(2);
          database.onRollback(() => undone.push('inner'));
          throw new Error('no');
        }),
      ).toThrow('no');
      insert(3);
    });
    expect(values()).toEqual([1, 3]);
    expect(undone).toEqual(['inner']);
  });

  it('runs the hooks of everything undone, latest first', () => {
    const undone: number[] = [];
    expect(() =>
      database.transaction(() => {
        database.onRollback(() => undone.push(1));
        database.transaction(() => database.onRollback(() => undone.push(2)));
        throw new Error('no');
      }),
    ).toThrow();
    expect(undone).toEqual([2, 1]);
  });

  it('reports a full disk as an error that may pass, and goes on when there is room', () => {
    const fill = () =>
      database.transaction(() => {
        for (let i = 0; i < 100; i++) database.prepare('INSERT INTO t VALUES (zeroblob(4000))').run();
      });
    const pages = database.connection.pragma('page_count', { simple: true }) as number;
    database.connection.pragma(`max_page_count = ${pages + 3}`);
    const error = systemError(fill);
    expect(error).toMatchObject({ code: 'disk-full', retriable: true });
    expect(error.hint).toContain('free space');
    expect(values()).toEqual([]);
    database.connection.pragma('max_page_count = 1000000');
    fill();
    expect(values()).toHaveLength(100);
  });
});

describe('a transaction that stays open', () => {
  let writer: Database;
  let reader: Database;
  const valuesIn = (database: Database) => database.prepareOwn('SELECT x FROM t ORDER BY x').pluck().all();
  const insert = (x: number) => writer.prepare('INSERT INTO t VALUES (?)').run(x);

  beforeEach(() => {
    writer = open();
    writer.exec('CREATE TABLE t (x)');
    reader = open('reader');
  });

  it('shows its writes to its own connection at once, to others when it is committed', async () => {
    writer.begin();
    insert(1);
    await new Promise((resolve) => setImmediate(resolve));
    insert(2);
    expect(writer.inTransaction).toBe(true);
    expect(valuesIn(writer)).toEqual([1, 2]);
    expect(valuesIn(reader)).toEqual([]);
    writer.commit();
    expect(writer.inTransaction).toBe(false);
    expect(valuesIn(reader)).toEqual([1, 2]);
  });

  it('is undone by rollback, which runs the hooks, latest first', () => {
    const undone: number[] = [];
    writer.begin();
    insert(1);
    writer.onRollback(() => undone.push(1));
    writer.transaction(() => {
      insert(2);
      writer.onRollback(() => undone.push(2));
    });
    writer.rollback();
    expect(undone).toEqual([2, 1]);
    expect(valuesIn(writer)).toEqual([]);
    writer.rollback();
    writer.begin();
    insert(3);
    writer.commit();
    expect(undone).toEqual([2, 1]);
    expect(valuesIn(reader)).toEqual([3]);
  });

  it('keeps what a nested one that failed left', () => {
    const undone: string[] = [];
    writer.begin();
    insert(1);
    writer.onRollback(() => undone.push('outer'));
    expect(() =>
      writer.transaction(() => {
        insert(2);
        writer.onRollback(() => undone.push('inner'));
        throw new Error('no');
      }),
    ).toThrow('no');
    writer.commit();
    expect(undone).toEqual(['inner']);
    expect(valuesIn(reader)).toEqual([1]);
  });

  it('does not begin twice, nor end without having begun', () => {
    expect(() => writer.commit()).toThrow(AssertionError);
    writer.begin();
    expect(() => writer.begin()).toThrow(AssertionError);
    expect(() => writer.transaction(() => writer.commit())).toThrow(AssertionError);
    writer.commit();
  });

  it('undone by SQLite itself, is not committed in parts', () => {
    const pages = writer.connection.pragma('page_count', { simple: true }) as number;
    writer.connection.pragma(`max_page_count = ${pages + 3}`);
    const undone: string[] = [];
    writer.begin();
    insert(1);
    writer.onRollback(() => undone.push('all'));
    const fill = () =>
      writer.guard(() => {
        for (let i = 0; i < 100; i++) writer.prepare('INSERT INTO t VALUES (zeroblob(4000))').run();
      });
    expect(systemError(fill).code).toBe('disk-full');
    // SQLite leaves it to itself whether a full disk undoes the transaction.
    if (writer.connection.inTransaction) writer.connection.exec('ROLLBACK');
    expect(systemError(() => writer.transaction(() => insert(2))).code).toBe('storage-rolled-back');
    expect(systemError(() => writer.commit()).code).toBe('storage-rolled-back');
    expect(undone).toEqual(['all']);
    expect(writer.inTransaction).toBe(false);
    expect(valuesIn(writer)).toEqual([]);
  });

  it('is gone when the file is closed', () => {
    writer.begin();
    insert(1);
    writer.close();
    writer = open();
    expect(valuesIn(writer)).toEqual([]);
  });

  it('lets the write-ahead log be', () => {
    writer.begin();
    for (let i = 0; i < 100; i++) writer.prepare('INSERT INTO t VALUES (zeroblob(4000))').run();
    expect(writer.limitWal(0)).toMatchObject({ starved: false });
    expect(writer.inTransaction).toBe(true);
    writer.commit();
    expect(writer.limitWal(0)).toEqual({ bytes: 0, starved: false });
  });
});

it('empties a write-ahead log that grew under a reader once the reader is gone', () => {
  const writer = open();
  writer.exec('CREATE TABLE t (x)');
  const reader = open('reader');
  const grow = () =>
    writer.transaction(() => {
      for (let i = 0; i < 100; i++) writer.prepare('INSERT INTO t VALUES (zeroblob(4000))').run();
    });
  reader.transaction(() => {
    reader.prepare('SELECT count(*) FROM t').get();
    grow();
    expect(writer.limitWal(100_000)).toMatchObject({ starved: true });
  });
  expect(writer.limitWal(100_000)).toEqual({ bytes: 0, starved: false });
  expect(writer.limitWal(100_000)).toEqual({ bytes: 0, starved: false });
});
