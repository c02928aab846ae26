import { AssertionError, assert } from '../../model/errors.js';
import type { Database } from '../../storage/database.js';
import { toStorageError } from '../../storage/storage-error.js';
import { Fingerprint } from '../changelog/fingerprint.js';
import { DefinitionCodec } from '../changelog/store-definition.js';
import type {
  ChangeRecords,
  KeyValueStore,
  SessionStore,
  StateStore,
  StoreSpec,
  TaskStores,
  WindowStore,
} from '../state-store.js';
import { ChangelogFold } from './changelog-fold.js';
import { type DefinedTable, DefinitionRegister } from './definition-register.js';
import { forEachRow } from './for-each-row.js';
import { hashRows } from './hash-rows.js';
import { SqliteTaskStores, type SqliteTaskStoresOptions } from './sqlite-task-stores.js';
import { type LogState, TableLog } from './table-log.js';

export interface LoggedTaskStoresOptions {
  /** The writer's connection to a file of which this query is the only one. */
  readonly database: Database;
  readonly queryId: string;
  readonly cacheBytes: SqliteTaskStoresOptions['cacheBytes'];
  /** The fingerprint that was stored with the file's last commit; null for a file that has no state yet. */
  readonly fingerprint: string | null;
}

/**
 * The stores of one query in a file that is the fold of a changelog: every flush reports as records what it writes, and the records alone
 * make the same file again. First the file is brought up to date with `applyRecord`, then stores are opened.
 *
 * A commit: `database.begin()`, `flushTo`, then tasks may go on with the same stores while the records travel; what they change belongs to the
 * next flush. Once the log has the records: `database.commit()`, `flushSucceeded()`. On any failure: `database.rollback()`, `flushFailed()`,
 * after which nothing is in memory, the file and the fingerprint are as of the last success, and stores have to be opened anew.
 *
 * A commit that leaves the file behind: `logTo`, and once the log has the records `flushSucceeded()`. The file goes on standing for the last
 * commit that wrote it, and a failure throws everything since away; the next `flushTo` writes what all of them have changed.
 */
export class LoggedTaskStores implements TaskStores {
  readonly #database: Database;
  readonly #queryId: string;
  readonly #stores: SqliteTaskStores;
  readonly #state: LogState;
  readonly #definitions = new DefinitionCodec();
  #register: DefinitionRegister;
  /** The fingerprint as of the last success. */
  #committed: string;
  #fold: ChangelogFold | null = null;
  #opened = false;
  #loggedOnly = false;

  constructor(options: LoggedTaskStoresOptions) {
    const { database, queryId, cacheBytes, fingerprint } = options;
    this.#database = database;
    this.#queryId = queryId;
    this.#state = { records: null, fingerprint: new Fingerprint(fingerprint) };
    this.#committed = this.fingerprint();
    this.#register = new DefinitionRegister(database, queryId);
    assert(
      fingerprint !== null || this.#register.logged().length === 0,
      'a file with state comes with its fingerprint',
    );
    this.#stores = new SqliteTaskStores({
      database,
      queryId,
      cacheBytes,
      log: { open: (spec) => this.#openTable(spec) },
    });
  }

  /**
   * Applies one record of the changelog, a row or a definition, to the file, inside the caller's transaction: the key is
   * `bytes[keyStart..keyEnd)`, the value `bytes[valueStart..valueEnd)`, or nothing when `valueStart` is -1. Only before a store is opened.
   * Once the transaction has ended, `flushSucceeded` or `flushFailed` is called as after a flush.
   * @throws SystemError `changelog-corrupt` when the record is damaged or comes out of order
   */
  applyRecord(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    assert(!this.#opened, 'a record is applied while stores are open');
    try {
      this.#fold ??= new ChangelogFold(this.#database, this.#register, this.#state.fingerprint);
      this.#fold.apply(bytes, keyStart, keyEnd, valueStart, valueEnd);
    } catch (error) {
      throw toStorageError(error, this.#database.path);
    }
  }

  open(spec: StoreSpec & { readonly kind: 'key-value' }, partition: number): KeyValueStore;
  open(spec: StoreSpec & { readonly kind: 'window' }, partition: number): WindowStore;
  open(spec: StoreSpec & { readonly kind: 'session' }, partition: number): SessionStore;
  open(spec: StoreSpec, partition: number): StateStore;
  open(spec: StoreSpec, partition: number): StateStore {
    this.#opened = true;
    this.#fold = null;
    return this.#stores.open(spec, partition);
  }

  /**
   * Writes everything dirty, inside the transaction that the caller has begun, and reports each change: definitions before the rows that need
   * them. A store whose columns have changed since the log last heard of it is reported as a whole.
   */
  flushTo(records: ChangeRecords): void {
    assert(this.#database.inTransaction, 'a flush outside of a transaction');
    this.#loggedOnly = false;
    this.#state.records = records;
    try {
      for (const { defined, replaced } of this.#register.unlogged()) this.#logDefinition(defined, replaced, records);
      this.#stores.flush();
    } finally {
      this.#state.records = null;
    }
  }

  /**
   * Reports everything dirty and writes nothing, outside of a transaction; or does nothing at all when the file has to be written along: rows are
   * deleted, columns have changed, or enough waits in memory.
   * @returns whether it did
   */
  logTo(records: ChangeRecords): boolean {
    assert(!this.#database.inTransaction, 'rows are logged alone outside of transactions');
    if (!this.#stores.mayLogOnly || this.#register.unlogged().length > 0) return false;
    this.#loggedOnly = true;
    this.#state.records = records;
    try {
      this.#stores.logOnly();
    } finally {
      this.#state.records = null;
    }
    return true;
  }

  flush(): void {
    throw new AssertionError('what a logged store flushes goes to a log: call flushTo');
  }

  flushSucceeded(): void {
    if (!this.#loggedOnly) this.#committed = this.fingerprint();
    this.#stores.flushSucceeded();
  }

  flushFailed(): void {
    this.close();
    this.#state.fingerprint.set(this.#committed);
    this.#register = new DefinitionRegister(this.#database, this.#queryId);
  }

  /** Whether the last flush was one of the log alone. */
  get isLoggedOnly(): boolean {
    return this.#loggedOnly;
  }

  /** What the rows add up to as the log has them, as of the last flush or applied record; see `Fingerprint`. */
  fingerprint(): string {
    return this.#state.fingerprint.toString();
  }

  /**
   * The fingerprint as the file itself has it: reads every row. Differs from `fingerprint` only when the file is behind the log, or damaged.
   */
  rehash(): string {
    const fingerprint = new Fingerprint();
    for (const table of this.#register.logged()) {
      hashRows(this.#database, table, (high, low) => fingerprint.add(high, low));
    }
    return fingerprint.toString();
  }

  memoryUsage(): { readonly bytes: number; readonly dirtyBytes: number } {
    return this.#stores.memoryUsage();
  }

  /** Deletes all tables of the query from the file; the log is not told. */
  drop(): void {
    this.#database.transaction(() => {
      this.#register.clear();
      this.#stores.drop();
    });
    this.close();
    this.#state.fingerprint.set(null);
    this.#committed = this.fingerprint();
  }

  /** Forgets what is in memory, flushed or not. The connection stays open: it belongs to the caller. */
  close(): void {
    this.#stores.close();
    this.#fold = null;
    this.#opened = false;
    this.#loggedOnly = false;
  }

  #openTable(spec: StoreSpec): { stored: DefinedTable['stored']; log: TableLog } {
    const { definition, stored } = this.#register.open(spec);
    return { stored, log: new TableLog(definition, this.#state) };
  }

  #logDefinition(defined: DefinedTable, replaced: DefinedTable | null, records: ChangeRecords): void {
    const { key, value } = this.#definitions;
    this.#definitions.encode(defined.definition);
    records.record(key.bytes, key.length, value.bytes, value.length, 0);
    if (replaced !== null) {
      hashRows(this.#database, replaced, (high, low) => this.#state.fingerprint.subtract(high, low));
      const log = new TableLog(defined.definition, this.#state);
      forEachRow(this.#database, defined.stored, (entry, encodedKey) => log.put(entry, encodedKey));
    }
    this.#register.setLogged(defined, replaced);
  }
}
