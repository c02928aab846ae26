import type { Row, SqlValue } from '../model/value.js';
import type { StateEntry } from './state-store.js';

/** Where an entry stands with its store. A plain number, for it is read at every access. */
export type EntryStatus = 0 | 1 | 2;
export const LIVE: EntryStatus = 0;
/** Deleted, and kept until the deletion is committed, so that reads do not find the old row on disk. */
export const DELETED: EntryStatus = 1;
/** Replaced by another entry of the same key, or expired: whoever still holds it must not write it. */
export const GONE: EntryStatus = 2;

/** The one class of entries, whatever the adapter, so that operators see one shape. */
export class Entry implements StateEntry {
  readonly key: Row;
  readonly windowStart: number;
  readonly windowEnd: number;
  row: Row;
  timestamp: number;
  emitted: Row | null | undefined;
  pending = false;
  dirty = false;
  status: EntryStatus = LIVE;
  /** Whether the store's cache holds it. */
  held = true;
  /** Read or written since the last eviction round. */
  touched = true;
  /** Whether the disk may hold a row for it, or will when what is logged has been written. */
  stored: boolean;
  /** Whether the log has a newer row than the disk; such an entry stays in memory. */
  unwritten = false;
  readonly partition: number;
  /** Estimated size when last measured. */
  bytes = 0;
  /** Place among the entries that a flush last sorted; see `WriteOrder`. */
  rank = -1;
  /**
   * Where the store is logged: the hash of its row as the log has it, see `RowHash`; both 0 when there is none, or, where `stored`, when it
   * has to be read first.
   */
  hashHigh = 0;
  hashLow = 0;

  constructor(
    key: Row,
    windowStart: number,
    windowEnd: number,
    row: Row,
    timestamp: number,
    emitted: Row | null | undefined,
    stored: boolean,
    partition: number,
  ) {
    this.key = key;
    this.windowStart = windowStart;
    this.windowEnd = windowEnd;
    this.row = row;
    this.timestamp = timestamp;
    this.emitted = emitted;
    this.stored = stored;
    this.partition = partition;
  }
}

/** What `set` returns for a window that was expired: an entry of no store. */
export function expiredEntry(
  key: Row,
  windowStart: number,
  windowEnd: number,
  row: Row,
  timestamp: number,
  partition: number,
): Entry {
  const entry = new Entry(key.slice(), windowStart, windowEnd, row, timestamp, null, false, partition);
  entry.status = GONE;
  entry.held = false;
  return entry;
}

/** Bytes of an entry, its arrays and its place in a map, beside what its values hold. */
const ENTRY_BYTES = 240;

/** Roughly what an entry costs in memory; cheap enough to be asked once a flush. */
export function estimateBytes(key: Row, row: Row): number {
  return ENTRY_BYTES + estimateValues(key) + estimateValues(row);
}

function estimateValues(values: readonly SqlValue[]): number {
  let bytes = 16 + 8 * values.length;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (typeof value === 'string') bytes += 16 + value.length;
    else if (typeof value === 'number') bytes += 8;
    else if (typeof value === 'bigint') bytes += 24;
    else if (typeof value === 'object' && value !== null) bytes += estimateObject(value);
  }
  return bytes;
}

function estimateObject(value: SqlValue[] | Map<SqlValue, SqlValue> | Buffer): number {
  if (Array.isArray(value)) return 16 + estimateList(value);
  if (value instanceof Map) {
    if (value.size === 0) return 64;
    for (const [k, v] of value) return 64 + value.size * (24 + estimateValues([k, v]));
  }
  return 96 + (value as Buffer).length;
}

/** A long list is judged by its first elements: a list that grows by one a record is measured again at every flush. */
const LIST_SAMPLE = 16;

function estimateList(list: readonly SqlValue[]): number {
  if (list.length <= LIST_SAMPLE) return estimateValues(list);
  return Math.ceil((estimateValues(list.slice(0, LIST_SAMPLE)) * list.length) / LIST_SAMPLE);
}
