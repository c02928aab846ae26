import { chmodSync, closeSync, existsSync, lstatSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { assert, SystemError } from '../model/errors.js';
import { FileLock } from './file-lock.js';
import { APPLICATION_ID, MIGRATIONS } from './schema.js';
import { SHARD_APPLICATION_ID, SHARD_MIGRATIONS } from './shard-schema.js';
import { toStorageError } from './storage-error.js';

export type Statement<Parameters extends unknown[] = unknown[], Result = unknown> = BetterSqlite3.Statement<
  Parameters,
  Result
>;

/** SQLite before this could lose a commit when one connection resets the WAL while another reads. */
const SQLITE_VERSION_MIN = '3.51.3';
const BUSY_TIMEOUT_MS = 5_000;
/** Pages after which a commit also moves the WAL into the file: 16 MiB. */
const CHECKPOINT_PAGES = 4_096;
const WAL_BYTES_KEPT = 64 * 1024 * 1024;
const PREPARED_STATEMENTS_MAX = 512;

export interface DatabaseOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  /** A writer creates the file, takes its lock and brings its tables up to date; a reader finds all that done. */
  readonly mode: 'writer' | 'reader';
  /**
   * What a commit waits for: `full`, the default, until it would outlive the machine; `normal` until it would outlive the process. After a power
   * failure a file written with `normal` is whole, and may have lost its last commits: for what can be had again from a log.
   */
  readonly durability?: 'full' | 'normal';
  /** Whose file it is: the engine's own, the default, or that of one shard of a query. They have different tables. */
  readonly purpose?: 'engine' | 'shard';
}

/** What makes a file one of a kind: its mark in SQLite's header, and its tables as steps from an empty file. */
interface FileKind {
  readonly name: string;
  readonly applicationId: number;
  readonly migrations: readonly string[];
}

const FILE_KINDS: Readonly<Record<'engine' | 'shard', FileKind>> = {
  engine: { name: 'an engine', applicationId: APPLICATION_ID, migrations: MIGRATIONS },
  shard: { name: 'a shard', applicationId: SHARD_APPLICATION_ID, migrations: SHARD_MIGRATIONS },
};

/** Bytes in the write-ahead log, and whether a reader that will not end keeps it from being emptied. */
export interface WalState {
  readonly bytes: number;
  readonly starved: boolean;
}

/**
 * Opens the engine's file, or a shard's.
 * @throws SystemError `file-in-use`, `foreign-file`, `newer-file`, `not-a-database`, `storage-corrupt`, `storage-cannot-open`,
 * `storage-read-only`, `not-initialised` (a reader came before the writer), `sqlite-too-old`.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const { path, mode } = options;
  const kind = FILE_KINDS[options.purpose ?? 'engine'];
  const inMemory = path === ':memory:';
  if (mode === 'reader' && inMemory) {
    throw new SystemError('a database in memory has one connection', { code: 'storage-cannot-open' });
  }
  const lock = mode === 'writer' && !inMemory ? claimFile(path) : null;
  let connection: BetterSqlite3.Database | undefined;
  try {
    connection = new BetterSqlite3(path, { timeout: BUSY_TIMEOUT_MS, readonly: mode === 'reader' });
    checkVersion(connection);
    if (mode === 'writer') prepareWriter(connection, path, kind, options.durability ?? 'full');
    else prepareReader(connection, path, kind);
    return new Database(connection, path, mode, lock);
  } catch (error) {
    connection?.close();
    lock?.release();
    throw toStorageError(error, path);
  }
}

/**
 * One connection to the file. Adapters prepare their statements here and write inside `transaction`, or between `begin` and `commit`.
 * Synchronous: only the thread that opened it uses it.
 */
export class Database {
  readonly #connection: BetterSqlite3.Database;
  readonly #lock: FileLock | null;
  readonly #prepared = new Map<string, Statement>();
  #begin: Statement | null = null;
  #commit: Statement | null = null;
  #rollback: Statement | null = null;
  #depth = 0;
  #rollbackHooks: (() => void)[] = [];

  constructor(
    connection: BetterSqlite3.Database,
    readonly path: string,
    readonly mode: 'writer' | 'reader',
    lock: FileLock | null,
  ) {
    this.#connection = connection;
    this.#lock = lock;
  }

  get inMemory(): boolean {
    return this.path === ':memory:';
  }

  get open(): boolean {
    return this.#connection.open;
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /** The connection itself, for what this class does not wrap: registered functions, `iterate`, pragmas. */
  get connection(): BetterSqlite3.Database {
    return this.#connection;
  }

  /**
   * A prepared statement, kept for the next call with the same text. Do not change its mode (`pluck`, `raw`, `safeIntegers`): the
   * statement is shared; for that use `prepareOwn`.
   */
  prepare<Parameters extends unknown[] = unknown[], Result = unknown>(sql: string): Statement<Parameters, Result> {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      if (this.#prepared.size >= PREPARED_STATEMENTS_MAX) this.#prepared.clear();
      statement = this.prepareOwn(sql);
      this.#prepared.set(sql, statement);
    }
    return statement as Statement<Parameters, Result>;
  }

  /** A prepared statement that is the caller's alone. */
  prepareOwn<Parameters extends unknown[] = unknown[], Result = unknown>(sql: string): Statement<Parameters, Result> {
    return this.guard(() => this.#connection.prepare(sql)) as Statement<Parameters, Result>;
  }

  /** Runs statements that return nothing: the creation and removal of tables. */
  exec(sql: string): void {
    this.guard(() => this.#connection.exec(sql));
  }

  /** Runs `action`, and turns a failure of SQLite into a SystemError. */
  guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw toStorageError(error, this.path);
    }
  }

  /**
   * Runs `action` in one transaction: all of its effects are on disk when this returns, none when it throws. Must not await.
   * Inside another `transaction` it is a savepoint: undone alone when it throws, kept when the outer one commits.
   * On a reader it is a snapshot: every read inside sees the same commit.
   * @throws SystemError, or whatever `action` threw.
   */
  transaction<T>(action: () => T): T {
    return this.#depth === 0 ? this.#outerTransaction(action) : this.#savepoint(action);
  }

  /**
   * Begins a transaction that stays open, over turns of the event loop if need be, until `commit` or `rollback`. Everything this connection
   * writes meanwhile belongs to it, `transaction` is a savepoint in it, and reads on this connection see what it wrote. Other connections read
   * the last commit; none of them can write. On a reader it is a snapshot.
   * @throws SystemError `storage-busy` when another connection is writing.
   */
  begin(): void {
    assert(this.#depth === 0, 'a transaction begins inside another');
    this.#begin ??= this.#connection.prepare(this.mode === 'writer' ? 'BEGIN IMMEDIATE' : 'BEGIN');
    this.guard(() => this.#begin!.run());
    this.#depth = 1;
  }

  /** Ends what `begin` began: all of it is on disk when this returns. When it throws, all of it is undone as by `rollback`. */
  commit(): void {
    assert(this.#depth === 1, 'no transaction to commit');
    this.#commit ??= this.#connection.prepare('COMMIT');
    try {
      this.#checkNotUndone();
      this.#commit.run();
    } catch (error) {
      this.rollback();
      throw toStorageError(error, this.path);
    }
    this.#depth = 0;
    this.#rollbackHooks.length = 0;
  }

  /** Undoes what was written since `begin`, then runs the hooks of `onRollback`, latest first. Does nothing outside of a transaction. */
  rollback(): void {
    if (this.#depth === 0) return;
    this.#depth = 0;
    // SQLite itself rolls back on some failures, a full disk among them.
    if (this.#connection.inTransaction) (this.#rollback ??= this.#connection.prepare('ROLLBACK')).run();
    this.#runRollbackHooks(0);
  }

  /** Registers, inside a transaction, what puts memory right again should its effects be undone. */
  onRollback(hook: () => void): void {
    if (this.#depth > 0) this.#rollbackHooks.push(hook);
  }

  /** Says where this process answers, for the error that a second process gets. No effect in memory or on readers. */
  setOwner(url: string): void {
    this.#lock?.setOwner(url);
  }

  /** Whether the file is sound, page by page; reads all of it. */
  check(): readonly string[] {
    const rows = this.guard(() => this.#connection.pragma('quick_check(20)') as { quick_check: string }[]);
    return rows.map((row) => row.quick_check).filter((line) => line !== 'ok');
  }

  /** Size of the write-ahead log in bytes; 0 in memory. */
  walBytes(): number {
    if (this.inMemory) return 0;
    return statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /**
   * Keeps the write-ahead log below about `bytesMax`. Commits already empty it as they go, unless a reader is always inside; then this
   * waits for readers up to the busy timeout of a moment, and tells whether one still held on. Writers call it from time to time; inside a
   * transaction it only tells the size.
   */
  limitWal(bytesMax = WAL_BYTES_KEPT): WalState {
    const bytes = this.walBytes();
    if (bytes <= bytesMax || this.mode === 'reader' || this.inTransaction) return { bytes, starved: false };
    const busy = this.guard(() => {
      this.#connection.pragma('busy_timeout = 50');
      try {
        return (this.#connection.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[])[0]!.busy;
      } finally {
        this.#connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
      }
    });
    return { bytes: this.walBytes(), starved: busy !== 0 };
  }

  /** Closes the connection and releases the lock. A second call does nothing. */
  close(): void {
    if (!this.#connection.open) return;
    this.#prepared.clear();
    this.#connection.close();
    this.#lock?.release();
  }

  #outerTransaction<T>(action: () => T): T {
    this.begin();
    let result: T;
    try {
      result = action();
    } catch (error) {
      this.rollback();
      throw toStorageError(error, this.path);
    }
    this.commit();
    return result;
  }

  #savepoint<T>(action: () => T): T {
    const depth = this.#depth;
    const hooks = this.#rollbackHooks.length;
    const name = `nested_${depth}`;
    try {
      this.#checkNotUndone();
      this.#connection.exec(`SAVEPOINT ${name}`);
      this.#depth = depth + 1;
      const result = action();
      this.#connection.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      this.#runRollbackHooks(hooks);
      throw toStorageError(error, this.path);
    } finally {
      this.#depth = depth;
    }
  }

  /** Once SQLite has rolled back by itself, whatever came after would be a commit of its own. */
  #checkNotUndone(): void {
    if (this.#connection.inTransaction) return;
    throw new SystemError(`the transaction on "${this.path}" was undone after a failure`, {
      code: 'storage-rolled-back',
      retriable: true,
    });
  }

  #runRollbackHooks(from: number): void {
    const hooks = this.#rollbackHooks.splice(from);
    for (let i = hooks.length - 1; i >= 0; i--) hooks[i]!();
  }
}

function claimFile(path: string): FileLock {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink()) {
    throw new SystemError(`cannot use "${path}": it is a symbolic link`, {
      code: 'storage-cannot-open',
      hint: 'give the path of the file itself',
    });
  }
  if (found?.isDirectory()) {
    throw new SystemError(`cannot use "${path}": it is a directory`, {
      code: 'storage-cannot-open',
      hint: 'give the path of a file; it is created when it does not exist',
    });
  }
  if (!existsSync(dirname(path))) {
    throw new SystemError(`cannot create "${path}": the directory does not exist`, {
      code: 'storage-cannot-open',
      hint: `create the directory "${dirname(path)}" first`,
    });
  }
  const lock = FileLock.acquire(path);
  try {
    // SQLite gives its companion files the mode of the file. Opened here only while it does not exist: closing a descriptor of a file
    // that SQLite has open elsewhere in this process would drop its locks.
    if (found === undefined) closeSync(openSync(path, 'a', 0o600));
    chmodSync(`${path}-lock`, 0o600);
    return lock;
  } catch (error) {
    lock.release();
    throw new SystemError(`cannot create "${path}"`, {
      code: 'storage-cannot-open',
      hint: 'check that the directory exists and that this user may write in it',
      cause: error,
    });
  }
}

function checkVersion(connection: BetterSqlite3.Database): void {
  const version = connection.prepare('SELECT sqlite_version()').pluck().get() as string;
  if (!atLeast(version, SQLITE_VERSION_MIN)) {
    throw new SystemError(`SQLite ${version} is too old: ${SQLITE_VERSION_MIN} is needed`, {
      code: 'sqlite-too-old',
      hint: 'install the better-sqlite3 that this package asks for',
    });
  }
}

function prepareWriter(
  connection: BetterSqlite3.Database,
  path: string,
  kind: FileKind,
  durability: 'full' | 'normal',
): void {
  // Nothing is written before the file is known to be ours.
  const version = fileVersion(connection, path, kind);
  connection.pragma('trusted_schema = OFF');
  connection.pragma('cell_size_check = ON');
  connection.pragma('foreign_keys = OFF');
  connection.pragma('mmap_size = 0');
  connection.pragma('journal_mode = WAL');
  connection.pragma(`synchronous = ${durability}`);
  connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  connection.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
  if (path !== ':memory:') chmodSync(path, 0o600);
  const { applicationId, migrations } = kind;
  connection
    .transaction(() => {
      if (version === 0) connection.pragma(`application_id = ${applicationId}`);
      for (let step = version; step < migrations.length; step++) connection.exec(migrations[step]!);
      connection.pragma(`user_version = ${migrations.length}`);
    })
    .immediate();
}

function prepareReader(connection: BetterSqlite3.Database, path: string, kind: FileKind): void {
  if (fileVersion(connection, path, kind) < kind.migrations.length) {
    throw new SystemError(`"${path}" is not ready to be read`, {
      code: 'not-initialised',
      retriable: true,
      hint: 'start the engine on this file first',
    });
  }
  connection.pragma('query_only = ON');
  connection.pragma('trusted_schema = OFF');
  connection.pragma('cell_size_check = ON');
  connection.pragma('mmap_size = 0');
}

/** The version of our tables in the file: 0 when it is empty. */
function fileVersion(connection: BetterSqlite3.Database, path: string, kind: FileKind): number {
  const applicationId = connection.pragma('application_id', { simple: true }) as number;
  const version = connection.pragma('user_version', { simple: true }) as number;
  const tables = connection.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  if (applicationId === 0 && version === 0 && tables === 0) return 0;
  if (applicationId !== kind.applicationId) {
    const other = Object.values(FILE_KINDS).find((known) => known.applicationId === applicationId);
    const owner =
      other === undefined ? 'a database of another program' : `the file of ${other.name}, not of ${kind.name}`;
    throw new SystemError(`"${path}" is ${owner}`, {
      code: 'foreign-file',
      hint: 'give another path; the file was not changed',
    });
  }
  const known = kind.migrations.length;
  if (version > known) {
    throw new SystemError(
      `"${path}" was written by a later version of this program (file version ${version}, known up to ${known})`,
      { code: 'newer-file', hint: 'install that version; the file was not changed' },
    );
  }
  return version;
}

function atLeast(version: string, minimum: string): boolean {
  const have = version.split('.').map(Number);
  const need = minimum.split('.').map(Number);
  for (let i = 0; i < need.length; i++) {
    const difference = (have[i] ?? 0) - need[i]!;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
