import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { SystemError } from '../model/errors.js';
import { toStorageError } from './storage-error.js';

/** Who holds a file: the process, and where it answers once that is known. */
export interface LockOwner {
  readonly pid: number;
  readonly url: string | null;
}

/**
 * The right of one process to write a file. Held as an exclusive lock on a small SQLite file beside it (`<file>-lock`), so the operating
 * system releases it when the process dies, however it dies. Who holds it is said in `<file>-owner`, which means something only while
 * the lock is held.
 */
export class FileLock {
  readonly #path: string;
  readonly #connection: BetterSqlite3.Database;

  private constructor(path: string, connection: BetterSqlite3.Database) {
    this.#path = path;
    this.#connection = connection;
  }

  /** @throws SystemError `file-in-use` that names the holder. */
  static acquire(path: string): FileLock {
    const lockPath = `${path}-lock`;
    let connection: BetterSqlite3.Database | undefined;
    try {
      connection = new BetterSqlite3(lockPath, { timeout: 0 });
      connection.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      connection?.close();
      if (error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY')) throw inUse(path, error);
      throw toStorageError(error, lockPath);
    }
    const lock = new FileLock(path, connection);
    try {
      lock.setOwner(null);
      return lock;
    } catch (error) {
      lock.release();
      throw toStorageError(error, path);
    }
  }

  /** Says where the process that holds the file answers. */
  setOwner(url: string | null): void {
    announceOwner(this.#path, url);
  }

  release(): void {
    rmSync(ownerPath(this.#path), { force: true });
    this.#connection.close();
  }
}

/** Says where this process answers; only for the process that holds the file's lock, on whichever of its threads. */
export function announceOwner(path: string, url: string | null): void {
  const owner: LockOwner = { pid: process.pid, url };
  const target = ownerPath(path);
  writeFileSync(`${target}.new`, JSON.stringify(owner), { mode: 0o600 });
  renameSync(`${target}.new`, target);
}

/** Who last took the lock of a file, or null when nobody said. Call it only when the lock was found to be held. */
export function readOwner(path: string): LockOwner | null {
  try {
    const owner: unknown = JSON.parse(readFileSync(ownerPath(path), 'utf8'));
    if (typeof owner !== 'object' || owner === null) return null;
    const { pid, url } = owner as Partial<LockOwner>;
    return typeof pid === 'number' ? { pid, url: typeof url === 'string' ? url : null } : null;
  } catch {
    return null;
  }
}

function inUse(path: string, cause: unknown): SystemError {
  const owner = readOwner(path);
  const who = owner === null ? 'another process' : `process ${owner.pid}`;
  const where = owner?.url == null ? '' : ` at ${owner.url}`;
  return new SystemError(`"${path}" is in use by ${who}${where}`, {
    code: 'file-in-use',
    hint:
      owner?.url == null
        ? 'stop that process, or use another file'
        : `send statements to ${owner.url}, stop that process, or use another file`,
    cause,
  });
}

function ownerPath(path: string): string {
  return `${path}-owner`;
}
