import type { SqlType } from '../model/sql-type.js';
import type { Row } from '../model/value.js';

/** A store as a plan declares it. Plain JSON. */
export interface StoreSpec {
  /** Stable name, unique within the query: `Aggregate-Aggregate-Materialize`. */
  readonly name: string;
  readonly kind: 'key-value' | 'window' | 'session';
  readonly key: readonly StoreColumn[];
  readonly value: readonly StoreColumn[];
  /** Window stores: windows whose end is older than stream time by this may be dropped, in ms. */
  readonly retentionMs: number | null;
  /**
   * Window stores: length of a window in ms; null for sessions and key-value stores. A window store without a size holds
   * instants, one start a record (a join's buffer): it is laid out for `fetch` of one key, where the others are for `get`.
   */
  readonly windowSizeMs: number | null;
}

export interface StoreColumn {
  readonly name: string;
  readonly type: SqlType;
}

/**
 * The state of one key (and window). Owned by the store; between `get` and the next call that may evict
 * (`flush`, `expire`) a task may change `row` and `timestamp` in place and then call `put(entry)`.
 */
export interface StateEntry {
  readonly key: Row;
  /** Zero for key-value stores. */
  readonly windowStart: number;
  readonly windowEnd: number;
  /** Value columns by position. */
  row: Row;
  /** Event time in ms of the latest contribution. */
  timestamp: number;
  /** For the operator that owns the store: what it last emitted for this key; undefined when unknown (just loaded), null when nothing. Not persisted. */
  emitted: Row | null | undefined;
  /** For the operator: whether the entry waits to be emitted at the next commit. Not persisted. */
  pending: boolean;
  /** For the store: changed since the last flush. */
  dirty: boolean;
}

/**
 * What all three kinds of store promise: a `set` on a key that is held keeps its entry, with `emitted` and `pending`; on a key
 * that the store knows to be absent it makes an entry whose `emitted` is null; on one it has not read, `emitted` is undefined.
 * After `delete` or `expire` an entry is no longer the store's: putting it has no effect, and a `set` makes a new one.
 * What was expired stays so while the store is open: a `set` below the bound returns an entry that the store does not keep.
 */

/**
 * Key to row. Keys are rows of the key columns' values, never null; the store copies what it keeps of `key`, and owns `row`
 * once it is put. All calls are synchronous. Reads see unflushed writes.
 */
export interface KeyValueStore {
  readonly kind: 'key-value';
  get(key: Row): StateEntry | null;
  /** Inserts or replaces; returns the entry. */
  set(key: Row, row: Row, timestamp: number): StateEntry;
  /** Declares that a gotten entry was changed in place. */
  put(entry: StateEntry): void;
  /** Forgets the key; true if it was there. */
  delete(key: Row): boolean;
  /** All entries in key order (by key encoding). The store must not be written meanwhile. */
  scan(): Iterable<StateEntry>;
  /** The entries whose first key columns equal `prefix`, in key order: for keys that begin with what is looked up. */
  scanPrefix(prefix: Row): Iterable<StateEntry>;
}

/** Key and window start to row. */
export interface WindowStore {
  readonly kind: 'window';
  get(key: Row, windowStart: number): StateEntry | null;
  set(key: Row, windowStart: number, windowEnd: number, row: Row, timestamp: number): StateEntry;
  put(entry: StateEntry): void;
  delete(key: Row, windowStart: number): boolean;
  /** Entries of one key with from <= windowStart <= to, ascending. */
  fetch(key: Row, from: number, to: number): StateEntry[];
  /** All entries with from <= windowStart <= to, by window start, then key. */
  fetchAll(from: number, to: number): Iterable<StateEntry>;
  /** Drops every window whose start is below `windowStart`. Cheap when there is nothing to drop; call it as stream time moves. */
  expire(windowStart: number): void;
  /** All entries, by window start, then key. */
  scan(): Iterable<StateEntry>;
}

/** Key and [start, end] of a session to row; several sessions a key. */
export interface SessionStore {
  readonly kind: 'session';
  /** Sessions of the key that overlap [earliestEnd, latestStart]: end >= earliestEnd and start <= latestStart, by start. */
  find(key: Row, earliestEnd: number, latestStart: number): StateEntry[];
  set(key: Row, start: number, end: number, row: Row, timestamp: number): StateEntry;
  put(entry: StateEntry): void;
  delete(key: Row, start: number, end: number): boolean;
  /** Drops sessions whose end is below `end`. Cheap when there is nothing to drop. */
  expire(end: number): void;
  /** All sessions by key, then start, then end. */
  scan(): Iterable<StateEntry>;
}

export type StateStore = KeyValueStore | WindowStore | SessionStore;

/** Opens the declared stores of the tasks of one query and writes them together. */
export interface TaskStores {
  /** The store of one partition; the same instance for the same arguments. Creates the table on first use. */
  open(spec: StoreSpec & { readonly kind: 'key-value' }, partition: number): KeyValueStore;
  open(spec: StoreSpec & { readonly kind: 'window' }, partition: number): WindowStore;
  open(spec: StoreSpec & { readonly kind: 'session' }, partition: number): SessionStore;
  open(spec: StoreSpec, partition: number): StateStore;
  /**
   * Writes everything dirty. The caller holds the transaction that also records positions and outputs; if that
   * transaction fails, it calls `flushFailed` and everything stays dirty, else `flushSucceeded`, which also evicts down to the byte budget.
   * The transaction may stay open while tasks go on with the stores: what they do meanwhile belongs to the next flush.
   */
  flush(): void;
  flushSucceeded(): void;
  flushFailed(): void;
  /** Estimated bytes held in memory, and of these unflushed. */
  memoryUsage(): { readonly bytes: number; readonly dirtyBytes: number };
  /** Deletes all tables of this query. */
  drop(): void;
  close(): void;
}

/**
 * Takes the records of a changelog as stores make them. The bytes from 0 to the lengths are valid during the call only. A null value is a
 * tombstone. The timestamp is the event time of the row in ms, which may lie before 1970 or ahead of every clock; 0 for a record without a row.
 * Must not use the stores or their database.
 */
export interface ChangeRecords {
  record(key: Buffer, keyLength: number, value: Buffer | null, valueLength: number, timestamp: number): void;
}
