import { assert } from '../../model/errors.js';
import type { Database } from '../../storage/database.js';
import type { Entry } from '../entry.js';
import type { KeyValueStore, SessionStore, StateStore, StoreSpec, TaskStores, WindowStore } from '../state-store.js';
import { SqliteInstantStore } from './sqlite-instant-store.js';
import { SqliteKeyValueStore } from './sqlite-key-value-store.js';
import { SqliteSessionStore } from './sqlite-session-store.js';
import { SqliteWindowStore } from './sqlite-window-store.js';
import type { StoredTable } from './store-layout.js';
import { dropTables, openTable } from './store-register.js';
import { StoreTable } from './store-table.js';
import type { TableLog } from './table-log.js';

export interface SqliteTaskStoresOptions {
  /** The writer's connection. */
  readonly database: Database;
  readonly queryId: string;
  /**
   * Estimated bytes of entries kept in memory after a flush, over all stores; a function is asked at each flush. What is not flushed yet is
   * always kept.
   */
  readonly cacheBytes: number | (() => number);
  /** Where the tables of a logged file come from; null or nothing for a file that is not logged. */
  readonly log?: TableSource | null;
}

/** Opens the table of a store together with its log. */
export interface TableSource {
  open(spec: StoreSpec): { readonly stored: StoredTable; readonly log: TableLog };
}

type SqliteStore = StateStore & {
  forget(entry: Entry): void;
  evict(bytes: number): void;
};

interface OpenTable {
  readonly table: StoreTable;
  readonly kind: StoreSpec['kind'];
  /** Groups (window starts or segments) on disk when it was opened; null where the layout has none. */
  readonly groups: readonly number[] | null;
  readonly wasEmpty: boolean;
  readonly partitions: Map<number, SqliteStore>;
}

/**
 * The stores of one query as tables of the engine's file: hot entries live in memory, are written once a flush and read through
 * when they are missing. One instance per query and file is open at a time.
 */
export class SqliteTaskStores implements TaskStores {
  readonly #database: Database;
  readonly #queryId: string;
  readonly #cacheBytes: () => number;
  readonly #log: TableSource | null;
  readonly #tables = new Map<string, OpenTable>();

  constructor(options: SqliteTaskStoresOptions) {
    this.#database = options.database;
    this.#queryId = options.queryId;
    const { cacheBytes } = options;
    this.#cacheBytes = typeof cacheBytes === 'number' ? () => cacheBytes : cacheBytes;
    this.#log = options.log ?? null;
  }

  open(spec: StoreSpec & { readonly kind: 'key-value' }, partition: number): KeyValueStore;
  open(spec: StoreSpec & { readonly kind: 'window' }, partition: number): WindowStore;
  open(spec: StoreSpec & { readonly kind: 'session' }, partition: number): SessionStore;
  open(spec: StoreSpec, partition: number): StateStore;
  open(spec: StoreSpec, partition: number): StateStore {
    const open = this.#tables.get(spec.name) ?? this.#openTable(spec);
    assert(open.kind === spec.kind, `store "${spec.name}" is open as another kind`);
    let store = open.partitions.get(partition);
    if (store === undefined) {
      store = createStore(open, partition);
      open.partitions.set(partition, store);
    }
    return store;
  }

  flush(): void {
    for (const { table } of this.#tables.values()) table.flush();
  }

  /** Whether `logOnly` may stand for the next flush of every table, and what is unwritten leaves room in the cache. */
  get mayLogOnly(): boolean {
    let unwritten = 0;
    for (const { table } of this.#tables.values()) {
      if (!table.mayLogOnly) return false;
      unwritten += table.usage.unwrittenBytes;
    }
    return unwritten <= this.#cacheBytes() / 2;
  }

  /** A flush that tells the log alone. */
  logOnly(): void {
    for (const { table } of this.#tables.values()) table.logOnly();
  }

  flushSucceeded(): void {
    for (const { table, partitions } of this.#tables.values()) {
      table.flushSucceeded((entry) => partitions.get(entry.partition)!.forget(entry));
    }
    this.#evict();
  }

  flushFailed(): void {
    for (const { table } of this.#tables.values()) table.flushFailed();
  }

  memoryUsage(): { readonly bytes: number; readonly dirtyBytes: number } {
    let bytes = 0;
    let dirtyBytes = 0;
    for (const { table } of this.#tables.values()) {
      bytes += table.usage.bytes;
      dirtyBytes += table.usage.dirtyBytes;
    }
    return { bytes, dirtyBytes };
  }

  drop(): void {
    this.#tables.clear();
    dropTables(this.#database, this.#queryId);
  }

  /** Forgets what is in memory, flushed or not. The connection stays open: it belongs to the caller. */
  close(): void {
    this.#tables.clear();
  }

  #openTable(spec: StoreSpec): OpenTable {
    const logged = this.#log?.open(spec) ?? null;
    const stored = logged === null ? openTable(this.#database, this.#queryId, spec) : logged.stored;
    const table = new StoreTable(this.#database, stored, logged?.log ?? null);
    const grouped = table.stored.layout === 'window' || table.stored.layout === 'instant';
    const open: OpenTable = {
      table,
      kind: spec.kind,
      groups: grouped ? table.distinctGroups() : null,
      wasEmpty: table.isEmpty(),
      partitions: new Map(),
    };
    this.#tables.set(spec.name, open);
    this.#database.onRollback(() => this.#tables.delete(spec.name));
    return open;
  }

  /** Each table gives up its share of what is over the budget; within it, each partition its own. */
  #evict(): void {
    const { bytes } = this.memoryUsage();
    const cacheBytes = this.#cacheBytes();
    if (bytes <= cacheBytes) return;
    const share = (bytes - cacheBytes) / bytes;
    for (const { table, partitions } of this.#tables.values()) {
      const goal = table.usage.bytes * (1 - share);
      let left = partitions.size;
      for (const store of partitions.values()) store.evict((table.usage.bytes - goal) / left--);
    }
  }
}

function createStore(open: OpenTable, partition: number): SqliteStore {
  const { table, groups, wasEmpty } = open;
  switch (table.stored.layout) {
    case 'key-value':
      return new SqliteKeyValueStore(table, partition, wasEmpty);
    case 'window':
      return new SqliteWindowStore(table, partition, groups!);
    case 'instant':
      return new SqliteInstantStore(table, partition, groups!);
    case 'session':
      return new SqliteSessionStore(table, partition, wasEmpty);
  }
}
