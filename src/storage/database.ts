import { chmodSync, closeSync, existsSync, lstatSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { SystemError } from '../model/errors.js';
import { FileLock } from './file-lock.js';
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from './schema.js';
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
}

/** Bytes in the write-ahead log, and whether a reader that will not end keeps it from being emptied. */
export interface WalState {
  readonly bytes: number;
  readonly starved: boolean;
}

/**
 * Opens the engine's file.
 * @throws SystemError `file-in-use`, `foreign-file`, `newer-file`, `not-a-database`, `storage-corrupt`, `storage-cannot-open`,
 * `storage-read-only`, `not-initialised` (a reader came before the writer), `sqlite-too-old`.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const { path, mode } = options;
  const inMemory = path === ':memory:';
  if (mode === 'reader' && inMemory) {
    throw new SystemError('a database in memory has one connection', { code: 'storage-cannot-open' });
  }
  const lock = mode === 'writer' && !inMemory ? claimFile(path) : null;
  let connection: BetterSqlite3.Database | undefined;
  try {
    connection = new BetterSqlite3(path, { timeout: BUSY_TIMEOUT_MS, readonly: mode === 'reader' });
    checkVersion(connection);
    if (mode === 'writer') prepareWriter(connection, path);
    else prepareReader(connection, path);
    return new Database(connection, path, mode, lock);
  } catch (error) {
    connection?.close();
    lock?.release();
    throw toStorageError(error, path);
  }
}

/**
 * One connection to the engine's file. Adapters prepare their statements here and write inside `transaction`.
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

  /** Registers, inside `transaction`, what puts memory right again should its effects be undone. */
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
   * waits for readers up to the busy timeout of a moment, and tells whether one still held on. Writers call it from time to time.
   */
  limitWal(bytesMax = WAL_BYTES_KEPT): WalState {
    const bytes = this.walBytes();
    if (bytes <= bytesMax || this.mode === 'reader') return { bytes, starved: false };
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
    this.#begin ??= this.#connection.prepare(this.mode === 'writer' ? 'BEGIN IMMEDIATE' : 'BEGIN');
    this.#commit ??= this.#connection.prepare('COMMIT');
    try {
      this.#begin.run();
      this.#depth = 1;
      const result = action();
      this.#commit.run();
      this.#depth = 0;
      this.#rollbackHooks.length = 0;
      return result;
    } catch (error) {
      this.#depth = 0;
      // SQLite itself rolls back on some failures, a full disk among them.
      if (this.#connection.inTransaction) (this.#rollback ??= this.#connection.prepare('ROLLBACK')).run();
      this.#runRollbackHooks(0);
      throw toStorageError(error, this.path);
    }
  }

  #savepoint<T>(action: () => T): T {
    const depth = this.#depth;
    const hooks = this.#rollbackHooks.length;
    const name = `nested_${depth}`;
    try {
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

function prepareWriter(connection: BetterSqlite3.Database, path: string): void {
  // Nothing is written before the file is known to be ours.
  const version = fileVersion(connection, path);
  connection.pragma('trusted_schema = OFF');
  connection.pragma('cell_size_check = ON');
  connection.pragma('foreign_keys = OFF');
  connection.pragma('mmap_size = 0');
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  connection.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
  if (path !== ':memory:') chmodSync(path, 0o600);
  connection
    .transaction(() => {
      if (version === 0) connection.pragma(`application_id = ${APPLICATION_ID}`);
      for (let step = version; step < SCHEMA_VERSION; step++) connection.exec(MIGRATIONS[step]!);
      connection.pragma(`user_version = ${SCHEMA_VERSION}`);
    })
    .immediate();
}

function prepareReader(connection: BetterSqlite3.Database, path: string): void {
  if (fileVersion(connection, path) < SCHEMA_VERSION) {
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
function fileVersion(connection: BetterSqlite3.Database, path: string): number {
  const applicationId = connection.pragma('application_id', { simple: true }) as number;
  const version = connection.pragma('user_version', { simple: true }) as number;
  const tables = connection.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  if (applicationId === 0 && version === 0 && tables === 0) return 0;
  if (applicationId !== APPLICATION_ID) {
    throw new SystemError(`"${path}" is a database of another program`, {
      code: 'foreign-file',
      hint: 'give another path; the file was not changed',
    });
  }
  if (version > SCHEMA_VERSION) {
    throw new SystemError(
      `"${path}" was written by a later version of this program (file version ${version}, known up to ${SCHEMA_VERSION})`,
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
