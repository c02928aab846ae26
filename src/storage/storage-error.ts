import BetterSqlite3 from 'better-sqlite3';
import { SystemError } from '../model/errors.js';

interface Remedy {
  readonly code: string;
  readonly message: string;
  readonly retriable: boolean;
  readonly hint: string;
}

const REMEDIES: readonly (readonly [prefix: string, remedy: Remedy])[] = [
  [
    'SQLITE_FULL',
    {
      code: 'disk-full',
      message: 'the disk is full',
      retriable: true,
      hint: 'free space on the disk; nothing of the failed commit was kept, and the same call succeeds once there is room',
    },
  ],
  [
    'SQLITE_BUSY',
    {
      code: 'storage-busy',
      message: 'another connection holds the file',
      retriable: true,
      hint: 'close other programs that have the file open, such as a SQLite shell or a backup',
    },
  ],
  [
    'SQLITE_LOCKED',
    { code: 'storage-busy', message: 'a table is in use', retriable: true, hint: 'end the read that is still open' },
  ],
  [
    'SQLITE_CORRUPT',
    {
      code: 'storage-corrupt',
      message: 'the file is damaged',
      retriable: false,
      hint: 'restore the file from a backup, or move it away to begin with an empty one',
    },
  ],
  [
    'SQLITE_NOTADB',
    {
      code: 'not-a-database',
      message: 'the file is not a SQLite database',
      retriable: false,
      hint: 'check the path; the file was not changed',
    },
  ],
  [
    'SQLITE_READONLY',
    {
      code: 'storage-read-only',
      message: 'the file cannot be written',
      retriable: false,
      hint: 'give this user write permission on the file and its directory',
    },
  ],
  [
    'SQLITE_PERM',
    {
      code: 'storage-cannot-open',
      message: 'access to the file is denied',
      retriable: false,
      hint: 'give this user permission on the file and its directory',
    },
  ],
  [
    'SQLITE_CANTOPEN',
    {
      code: 'storage-cannot-open',
      message: 'the file cannot be opened',
      retriable: false,
      hint: 'check that the directory exists and that this user may write in it',
    },
  ],
  [
    'SQLITE_TOOBIG',
    {
      code: 'value-too-large',
      message: 'a value is too large for one row',
      retriable: false,
      hint: 'write smaller values',
    },
  ],
  [
    'SQLITE_IOERR',
    {
      code: 'storage-io',
      message: 'reading or writing the file failed',
      retriable: false,
      hint: 'check the disk, then start again: the file holds the last commit that was acknowledged',
    },
  ],
];

/**
 * A failure of SQLite as the operator of the service should see it; other errors are returned as they are.
 * Codes: `disk-full`, `storage-busy` (both retriable), `storage-corrupt`, `not-a-database`, `storage-read-only`, `storage-cannot-open`,
 * `value-too-large`, `storage-io`.
 */
export function toStorageError(error: unknown, path: string): unknown {
  if (isOutOfRoom(error)) return refusal(path, REMEDIES[0]![1], 'ENOSPC', error);
  if (!(error instanceof BetterSqlite3.SqliteError)) return error;
  const found = REMEDIES.find(([prefix]) => error.code.startsWith(prefix));
  if (found === undefined) return error;
  return refusal(path, found[1], error.code, error);
}

/** Companions of a SQLite file are written by other means than SQLite. */
function isOutOfRoom(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}

function refusal(path: string, { code, message, retriable, hint }: Remedy, said: string, cause: unknown): SystemError {
  return new SystemError(`cannot use "${path}": ${message} (${said})`, { code, retriable, hint, cause });
}
