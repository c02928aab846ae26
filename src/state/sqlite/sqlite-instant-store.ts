import type { Row } from '../../model/value.js';
import { type Entry, expiredEntry, LIVE } from '../entry.js';
import { compileKeyId, type KeyId } from '../key-encoding.js';
import { insertSorted, lowerBound } from '../sorted-numbers.js';
import type { StateEntry, WindowStore } from '../state-store.js';
import { mergeRows } from './merge-rows.js';
import { ReadThroughLists } from './read-through-lists.js';
import type { StoreTable } from './store-table.js';

/**
 * One partition of a table of instants: a window store in which nearly every entry has a start of its own, read by key over a range of time.
 * Time is cut into segments; a segment is dropped whole when all of it is expired.
 */
export class SqliteInstantStore implements WindowStore {
  readonly kind = 'window';
  readonly #table: StoreTable;
  readonly #partition: number;
  readonly #keyId: (key: Row) => KeyId;
  readonly #segments = new Map<number, ReadThroughLists>();
  /** The keys of `#segments`, ascending. */
  readonly #numbers: number[] = [];
  #floor = Number.NEGATIVE_INFINITY;

  constructor(table: StoreTable, partition: number, segmentsOnDisk: readonly number[]) {
    this.#table = table;
    this.#partition = partition;
    this.#keyId = compileKeyId(table.stored.key.map((column) => column.type));
    for (const segment of segmentsOnDisk) this.#addSegment(segment, false);
  }

  get(key: Row, windowStart: number): StateEntry | null {
    return this.fetch(key, windowStart, windowStart)[0] ?? null;
  }

  set(key: Row, windowStart: number, windowEnd: number, row: Row, timestamp: number): StateEntry {
    if (windowStart < this.#floor) return expiredEntry(key, windowStart, windowEnd, row, timestamp, this.#partition);
    return this.#segment(windowStart).set(key, this.#keyId(key), windowStart, windowEnd, row, timestamp);
  }

  put(entry: StateEntry): void {
    const own = entry as Entry;
    if (own.dirty || own.status !== LIVE || own.windowStart < this.#floor) return;
    if (!own.held) this.#segment(own.windowStart).hold(this.#keyId(own.key), own);
    this.#table.markDirty(own);
  }

  delete(key: Row, windowStart: number): boolean {
    const entry = this.get(key, windowStart);
    if (entry === null) return false;
    return this.#segment(windowStart).delete(key, this.#keyId(key), windowStart, entry.windowEnd);
  }

  fetch(key: Row, from: number, to: number): StateEntry[] {
    const id = this.#keyId(key);
    const first = Math.max(from, this.#floor);
    const found: StateEntry[] = [];
    for (const number of this.#segmentsIn(first, to)) {
      for (const entry of this.#segments.get(number)!.of(key, id)) {
        if (entry.windowStart < first || entry.status !== LIVE) continue;
        if (entry.windowStart > to) break;
        entry.touched = true;
        found.push(entry);
      }
    }
    return found;
  }

  *fetchAll(from: number, to: number): Iterable<StateEntry> {
    const order = this.#table.keyOrder;
    const byKeyAndStart = (a: Entry, b: Entry) => order(a.key, b.key) || a.windowStart - b.windowStart;
    const first = Math.max(from, this.#floor);
    for (const number of this.#segmentsIn(first, to)) {
      const segment = this.#segments.get(number)!;
      const rows = segment.complete ? null : this.#table.rows(this.#partition, number);
      const found: Entry[] = [];
      for (const entry of mergeRows(segment.entries().sort(byKeyAndStart), rows, byKeyAndStart)) {
        if (entry.windowStart >= first && entry.windowStart <= to) found.push(entry);
      }
      yield* found.sort((a, b) => a.windowStart - b.windowStart || order(a.key, b.key));
    }
  }

  expire(windowStart: number): void {
    if (windowStart <= this.#floor) return;
    this.#floor = windowStart;
    const segment = this.#table.segmentOf(windowStart);
    if (this.#numbers.length === 0 || this.#numbers[0]! >= segment) return;
    for (const number of this.#numbers.splice(0, lowerBound(this.#numbers, segment))) {
      this.#segments.get(number)!.expireAll();
      this.#segments.delete(number);
    }
    this.#table.deleteBelow(this.#partition, segment);
  }

  scan(): Iterable<StateEntry> {
    return this.fetchAll(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  forget(entry: Entry): void {
    this.#segments.get(this.#table.segmentOf(entry.windowStart))?.forget(this.#keyId(entry.key), entry);
  }

  /** Drops clean keys until about `bytes` are freed, the oldest segments first. */
  evict(bytes: number): void {
    const goal = this.#table.usage.bytes - bytes;
    for (const number of this.#numbers) {
      if (this.#table.usage.bytes <= goal) return;
      this.#segments.get(number)!.evict(goal);
    }
  }

  #segment(windowStart: number): ReadThroughLists {
    const number = this.#table.segmentOf(windowStart);
    return this.#segments.get(number) ?? this.#addSegment(number, true);
  }

  #addSegment(number: number, complete: boolean): ReadThroughLists {
    const segment = new ReadThroughLists(this.#table, this.#partition, number, complete);
    this.#segments.set(number, segment);
    insertSorted(this.#numbers, number);
    return segment;
  }

  #segmentsIn(from: number, to: number): number[] {
    const first = lowerBound(this.#numbers, this.#table.segmentOf(from));
    return this.#numbers.slice(first).filter((number) => number <= this.#table.segmentOf(to));
  }
}
