import type { Row } from '../../model/value.js';
import { type Entry, expiredEntry, LIVE } from '../entry.js';
import { compileKeyId, type KeyId } from '../key-encoding.js';
import type { SessionStore, StateEntry } from '../state-store.js';
import { mergeRows } from './merge-rows.js';
import { ReadThroughLists } from './read-through-lists.js';
import type { StoreTable } from './store-table.js';

/** One partition of a session table. All sessions of a key are in memory, or none. */
export class SqliteSessionStore implements SessionStore {
  readonly kind = 'session';
  readonly #table: StoreTable;
  readonly #partition: number;
  readonly #keyId: (key: Row) => KeyId;
  readonly #sessions: ReadThroughLists;
  #floor = Number.NEGATIVE_INFINITY;

  constructor(table: StoreTable, partition: number, tableWasEmpty: boolean) {
    this.#table = table;
    this.#partition = partition;
    this.#keyId = compileKeyId(table.stored.key.map((column) => column.type));
    this.#sessions = new ReadThroughLists(table, partition, 0, tableWasEmpty);
  }

  find(key: Row, earliestEnd: number, latestStart: number): StateEntry[] {
    const from = Math.max(earliestEnd, this.#floor);
    const found: StateEntry[] = [];
    for (const entry of this.#sessions.of(key, this.#keyId(key))) {
      if (entry.windowStart > latestStart) break;
      if (entry.windowEnd < from || entry.status !== LIVE) continue;
      entry.touched = true;
      found.push(entry);
    }
    return found;
  }

  set(key: Row, start: number, end: number, row: Row, timestamp: number): StateEntry {
    if (end < this.#floor) return expiredEntry(key, start, end, row, timestamp, this.#partition);
    return this.#sessions.set(key, this.#keyId(key), start, end, row, timestamp);
  }

  put(entry: StateEntry): void {
    const own = entry as Entry;
    if (own.dirty || own.status !== LIVE || own.windowEnd < this.#floor) return;
    if (!own.held) this.#sessions.hold(this.#keyId(own.key), own);
    this.#table.markDirty(own);
  }

  delete(key: Row, start: number, end: number): boolean {
    return end >= this.#floor && this.#sessions.delete(key, this.#keyId(key), start, end);
  }

  expire(end: number): void {
    if (end <= this.#floor) return;
    this.#floor = end;
    this.#table.deleteBelow(this.#partition, end);
    this.#sessions.expireEnds(end);
  }

  *scan(): Iterable<StateEntry> {
    const order = this.#table.keyOrder;
    const byKeyAndBounds = (a: Entry, b: Entry) =>
      order(a.key, b.key) || a.windowStart - b.windowStart || a.windowEnd - b.windowEnd;
    const held = this.#sessions.entries().sort(byKeyAndBounds);
    const rows = this.#sessions.complete ? null : this.#table.rows(this.#partition, null);
    for (const entry of mergeRows(held, rows, byKeyAndBounds)) if (entry.windowEnd >= this.#floor) yield entry;
  }

  forget(entry: Entry): void {
    this.#sessions.forget(this.#keyId(entry.key), entry);
  }

  evict(bytes: number): void {
    this.#sessions.evict(this.#table.usage.bytes - bytes);
  }
}
