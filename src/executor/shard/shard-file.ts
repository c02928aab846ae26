import { renameSync, rmSync } from 'node:fs';
import { AssertionError } from '../../model/errors.js';
import { LoggedTaskStores } from '../../state/sqlite/logged-task-stores.js';
import type { ChangeRecords, TaskStores } from '../../state/state-store.js';
import { type Database, openDatabase } from '../../storage/database.js';
import type { ShardPosition } from './position-record.js';
import type { ShardState } from './shard-ports.js';

const COMPANIONS = ['', '-wal', '-shm'] as const;

/** A shard's state in a SQLite file of its own; the log is the durable truth, so that a commit does not wait for the disk. */
export class ShardFile implements ShardState {
  readonly #path: string;
  readonly #queryId: string;
  readonly #cacheBytes: () => number;
  #database: Database;
  #stores: LoggedTaskStores;
  #position: ShardPosition | null;

  /**
   * Opens the file, and creates it when it does not exist.
   * @param cacheBytes kept in memory beside what is not written yet; asked at every commit
   * @throws SystemError as `openDatabase` does
   */
  constructor(path: string, queryId: string, cacheBytes: () => number) {
    this.#path = path;
    this.#queryId = queryId;
    this.#cacheBytes = cacheBytes;
    this.#database = openDatabase({ path, mode: 'writer', purpose: 'shard', durability: 'normal' });
    this.#position = readPosition(this.#database);
    this.#stores = this.#openStores();
  }

  get position(): ShardPosition | null {
    return this.#position;
  }

  /** The stores of the shard's tasks; to be opened once the state is that of the log. */
  get stores(): TaskStores {
    return this.#stores;
  }

  stage(records: ChangeRecords, mayStayBehind: boolean): string {
    if (!mayStayBehind || !this.#stores.logTo(records)) {
      this.#begin();
      this.#stores.flushTo(records);
    }
    return this.#stores.fingerprint();
  }

  commit(position: ShardPosition): void {
    if (this.#stores.isLoggedOnly) {
      this.#stores.flushSucceeded();
      return;
    }
    this.#begin();
    this.#database
      .prepare<[string]>('INSERT OR REPLACE INTO shard_position (id, text) VALUES (0, ?)')
      .run(JSON.stringify(position));
    this.#database.commit();
    this.#stores.flushSucceeded();
    this.#position = position;
  }

  catchUp(position: ShardPosition): void {
    this.#begin();
    this.#stores.flushTo(NO_CHANGES);
    this.commit(position);
  }

  rollback(): void {
    if (this.#database.open && this.#database.inTransaction) this.#database.rollback();
    this.#reopenStores();
  }

  apply(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    this.#begin();
    this.#stores.applyRecord(bytes, keyStart, keyEnd, valueStart, valueEnd);
  }

  fingerprint(): string {
    return this.#stores.fingerprint();
  }

  rehash(): string {
    return this.#stores.rehash();
  }

  quarantine(): string {
    if (this.#database.inTransaction) this.#database.rollback();
    this.#stores.close();
    this.#database.close();
    const aside = `${this.#path}.aside`;
    for (const companion of COMPANIONS) {
      rmSync(`${aside}${companion}`, { force: true });
      try {
        renameSync(`${this.#path}${companion}`, `${aside}${companion}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    this.#database = openDatabase({ path: this.#path, mode: 'writer', purpose: 'shard', durability: 'normal' });
    this.#position = null;
    this.#stores = this.#openStores();
    return aside;
  }

  close(): void {
    if (this.#database.open && this.#database.inTransaction) this.#database.rollback();
    this.#stores.close();
    this.#database.close();
  }

  #begin(): void {
    if (!this.#database.inTransaction) this.#database.begin();
  }

  #openStores(): LoggedTaskStores {
    return new LoggedTaskStores({
      database: this.#database,
      queryId: this.#queryId,
      cacheBytes: this.#cacheBytes,
      fingerprint: this.#position?.fingerprint ?? null,
    });
  }

  #reopenStores(): void {
    this.#stores.close();
    if (this.#database.open) this.#stores = this.#openStores();
  }
}

const NO_CHANGES: ChangeRecords = {
  record: () => {
    throw new AssertionError('a file catches up before anything else changes');
  },
};

/** Deletes a shard's file with all that lies beside it. */
export function deleteShardFile(path: string): void {
  for (const base of [path, `${path}.aside`]) {
    for (const companion of [...COMPANIONS, '-lock', '-owner']) rmSync(`${base}${companion}`, { force: true });
  }
}

function readPosition(database: Database): ShardPosition | null {
  const row = database.prepare<[], { text: string }>('SELECT text FROM shard_position WHERE id = 0').get();
  return row === undefined ? null : (JSON.parse(row.text) as ShardPosition);
}
