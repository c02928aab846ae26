import type { Row } from '../../model/value.js';
import { Entry, expiredEntry, GONE } from '../entry.js';
import { compileKeyId, type KeyId, keyOrder } from '../key-encoding.js';
import { insertSorted, lowerBound, removeSorted } from '../sorted-numbers.js';
import type { StateEntry, StoreSpec, WindowStore } from '../state-store.js';
import { TimeLists } from '../time-lists.js';

export class MemoryWindowStore implements WindowStore {
  readonly kind = 'window';
  readonly #spec: StoreSpec;
  readonly #partition: number;
  readonly #keyId: (key: Row) => KeyId;
  readonly #windows = new Map<number, Map<KeyId, Entry>>();
  /** The keys of `#windows`, ascending. */
  readonly #starts: number[] = [];
  /** Entries by key: only once `fetch` was called, which most stores never see. */
  #byKey: TimeLists | null = null;
  /** Greatest bound given to `expire`. */
  #floor = Number.NEGATIVE_INFINITY;

  constructor(spec: StoreSpec, partition: number) {
    this.#spec = spec;
    this.#partition = partition;
    this.#keyId = compileKeyId(spec.key.map((column) => column.type));
  }

  get size(): number {
    let size = 0;
    for (const window of this.#windows.values()) size += window.size;
    return size;
  }

  get(key: Row, windowStart: number): StateEntry | null {
    return this.#windows.get(windowStart)?.get(this.#keyId(key)) ?? null;
  }

  set(key: Row, windowStart: number, windowEnd: number, row: Row, timestamp: number): StateEntry {
    let window = this.#windows.get(windowStart);
    if (window === undefined) {
      if (windowStart < this.#floor) return expiredEntry(key, windowStart, windowEnd, row, timestamp, this.#partition);
      window = new Map();
      this.#windows.set(windowStart, window);
      insertSorted(this.#starts, windowStart);
    }
    const id = this.#keyId(key);
    const held = window.get(id);
    if (held !== undefined) {
      held.row = row;
      held.timestamp = timestamp;
      return held;
    }
    const entry = new Entry(key.slice(), windowStart, windowEnd, row, timestamp, null, false, this.#partition);
    window.set(id, entry);
    this.#byKey?.add(id, entry);
    return entry;
  }

  put(_entry: StateEntry): void {}

  delete(key: Row, windowStart: number): boolean {
    const window = this.#windows.get(windowStart);
    if (window === undefined) return false;
    const id = this.#keyId(key);
    const entry = window.get(id);
    if (entry === undefined) return false;
    entry.status = GONE;
    window.delete(id);
    this.#byKey?.remove(id, entry);
    if (window.size === 0) {
      this.#windows.delete(windowStart);
      removeSorted(this.#starts, windowStart);
    }
    return true;
  }

  fetch(key: Row, from: number, to: number): StateEntry[] {
    if (this.#byKey === null) {
      this.#byKey = new TimeLists();
      for (const start of this.#starts) {
        for (const [id, entry] of this.#windows.get(start)!) this.#byKey.add(id, entry);
      }
    }
    return this.#byKey.startingIn(this.#keyId(key), from, to);
  }

  *fetchAll(from: number, to: number): Iterable<StateEntry> {
    const order = keyOrder(this.#spec.key.map((column) => column.type));
    const starts = this.#starts.slice(lowerBound(this.#starts, from));
    for (const start of starts) {
      if (start > to) return;
      const window = this.#windows.get(start);
      if (window !== undefined) yield* [...window.values()].sort((a, b) => order(a.key, b.key));
    }
  }

  expire(windowStart: number): void {
    if (windowStart > this.#floor) this.#floor = windowStart;
    const starts = this.#starts;
    if (starts.length === 0 || starts[0]! >= windowStart) return;
    for (const start of starts.splice(0, lowerBound(starts, windowStart))) {
      for (const [id, entry] of this.#windows.get(start)!) {
        entry.status = GONE;
        this.#byKey?.remove(id, entry);
      }
      this.#windows.delete(start);
    }
  }

  scan(): Iterable<StateEntry> {
    return this.fetchAll(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** All entries, by window start, in no particular order within a window. */
  *entries(): Iterable<Entry> {
    for (const start of this.#starts) yield* this.#windows.get(start)!.values();
  }

  clear(): void {
    this.#windows.clear();
    this.#starts.length = 0;
    this.#byKey = null;
  }
}
