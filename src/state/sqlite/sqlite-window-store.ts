import type { Row } from '../../model/value.js';
import { DELETED, Entry, expiredEntry, GONE, LIVE } from '../entry.js';
import { compileKeyId, type KeyId } from '../key-encoding.js';
import { insertSorted, lowerBound } from '../sorted-numbers.js';
import type { StateEntry, WindowStore } from '../state-store.js';
import { mergeRows } from './merge-rows.js';
import type { StoreTable } from './store-table.js';

/** The entries of one window start that are in memory. */
interface WindowGroup {
  readonly start: number;
  readonly entries: Map<KeyId, Entry>;
  /** Whether the disk holds no other rows of this window: true of a window that began in this process. */
  complete: boolean;
}

/** One partition of a windowed table, cached window by window: old windows are dropped whole. */
export class SqliteWindowStore implements WindowStore {
  readonly kind = 'window';
  readonly #table: StoreTable;
  readonly #partition: number;
  readonly #keyId: (key: Row) => KeyId;
  readonly #groups = new Map<number, WindowGroup>();
  /** The keys of `#groups`, ascending. */
  readonly #starts: number[] = [];
  /** Window starts that the disk held when the store was opened, ascending; a group of such a start begins incomplete. */
  readonly #startsOnDisk: number[];
  #latest: WindowGroup | null = null;
  #floor = Number.NEGATIVE_INFINITY;

  constructor(table: StoreTable, partition: number, startsOnDisk: readonly number[]) {
    this.#table = table;
    this.#partition = partition;
    this.#startsOnDisk = [...startsOnDisk];
    this.#keyId = compileKeyId(table.stored.key.map((column) => column.type));
  }

  get(key: Row, windowStart: number): StateEntry | null {
    const group = this.#group(windowStart);
    if (group === null) return null;
    const id = this.#keyId(key);
    const held = group.entries.get(id);
    if (held !== undefined) {
      held.touched = true;
      return held.status === LIVE ? held : null;
    }
    if (group.complete) return null;
    const entry = this.#table.load(key, windowStart, this.#partition);
    if (entry !== null) this.#hold(group, id, entry);
    return entry;
  }

  set(key: Row, windowStart: number, windowEnd: number, row: Row, timestamp: number): StateEntry {
    if (windowStart < this.#floor) return expiredEntry(key, windowStart, windowEnd, row, timestamp, this.#partition);
    const group = this.#group(windowStart) ?? this.#addGroup(windowStart, true);
    const id = this.#keyId(key);
    const held = group.entries.get(id);
    let entry: Entry;
    if (held !== undefined && held.status === LIVE) {
      entry = held;
      entry.row = row;
      entry.timestamp = timestamp;
      entry.touched = true;
    } else {
      const absent = held !== undefined || group.complete;
      const stored = held === undefined ? !absent : held.stored;
      const emitted = absent ? null : undefined;
      entry = new Entry(key.slice(), windowStart, windowEnd, row, timestamp, emitted, stored, this.#partition);
      this.#hold(group, id, entry);
    }
    if (!entry.dirty) this.#table.markDirty(entry);
    return entry;
  }

  put(entry: StateEntry): void {
    const own = entry as Entry;
    if (own.dirty || own.status !== LIVE) return;
    if (!own.held) {
      if (own.windowStart < this.#floor) return;
      const group = this.#group(own.windowStart) ?? this.#addGroup(own.windowStart, true);
      this.#hold(group, this.#keyId(own.key), own);
    }
    this.#table.markDirty(own);
  }

  delete(key: Row, windowStart: number): boolean {
    const entry = this.get(key, windowStart) as Entry | null;
    if (entry === null) return false;
    if (entry.stored) {
      entry.status = DELETED;
      if (!entry.dirty) this.#table.markDirty(entry);
    } else {
      entry.status = GONE;
      this.#groups.get(windowStart)!.entries.delete(this.#keyId(key));
      this.#table.release(entry);
    }
    return true;
  }

  fetch(key: Row, from: number, to: number): StateEntry[] {
    const found: StateEntry[] = [];
    for (const start of this.#startsIn(from, to)) {
      const entry = this.get(key, start);
      if (entry !== null) found.push(entry);
    }
    return found;
  }

  *fetchAll(from: number, to: number): Iterable<StateEntry> {
    const order = this.#table.keyOrder;
    const byKey = (a: Entry, b: Entry) => order(a.key, b.key);
    for (const start of this.#startsIn(from, to)) {
      const group = this.#group(start);
      if (group === null) continue;
      const rows = group.complete ? null : this.#table.rows(this.#partition, start);
      yield* mergeRows([...group.entries.values()].sort(byKey), rows, byKey);
    }
  }

  expire(windowStart: number): void {
    if (windowStart <= this.#floor) return;
    this.#floor = windowStart;
    const starts = this.#starts;
    const onDisk = this.#startsOnDisk;
    const mayBeStored =
      (starts.length > 0 && starts[0]! < windowStart) || (onDisk.length > 0 && onDisk[0]! < windowStart);
    if (!mayBeStored) return;
    for (const start of starts.splice(0, lowerBound(starts, windowStart))) {
      for (const entry of this.#groups.get(start)!.entries.values()) {
        entry.status = GONE;
        this.#table.release(entry);
      }
      this.#groups.delete(start);
    }
    onDisk.splice(0, lowerBound(onDisk, windowStart));
    if (this.#latest !== null && this.#latest.start < windowStart) this.#latest = null;
    this.#table.deleteBelow(this.#partition, windowStart);
  }

  scan(): Iterable<StateEntry> {
    return this.fetchAll(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** A deletion is committed: the disk agrees that the key is absent. */
  forget(entry: Entry): void {
    const group = this.#groups.get(entry.windowStart);
    const id = this.#keyId(entry.key);
    if (group?.entries.get(id) !== entry) return;
    group.entries.delete(id);
    this.#table.release(entry);
  }

  /** Drops clean entries until about `bytes` are freed: from the oldest window on, first those not touched since the last round. */
  evict(bytes: number): void {
    const goal = this.#table.usage.bytes - bytes;
    for (let round = 0; round < 2; round++) {
      for (const start of this.#starts) {
        const group = this.#groups.get(start)!;
        for (const [id, entry] of group.entries) {
          if (this.#table.usage.bytes <= goal) return;
          if (entry.dirty || entry.unwritten || entry.status !== LIVE) continue;
          if (entry.touched) {
            entry.touched = false;
            continue;
          }
          group.complete = false;
          group.entries.delete(id);
          this.#table.release(entry);
        }
      }
    }
  }

  /** The group of a window; null when neither memory nor disk holds anything of it. */
  #group(start: number): WindowGroup | null {
    const latest = this.#latest;
    if (latest !== null && latest.start === start) return latest;
    const group = this.#groups.get(start);
    if (group !== undefined) {
      this.#latest = group;
      return group;
    }
    const at = lowerBound(this.#startsOnDisk, start);
    return this.#startsOnDisk[at] === start ? this.#addGroup(start, false) : null;
  }

  #addGroup(start: number, complete: boolean): WindowGroup {
    const group: WindowGroup = { start, entries: new Map(), complete };
    this.#groups.set(start, group);
    insertSorted(this.#starts, start);
    this.#latest = group;
    return group;
  }

  #hold(group: WindowGroup, id: KeyId, entry: Entry): void {
    const before = group.entries.get(id);
    if (before !== undefined) {
      this.#table.supersede(before, entry);
      this.#table.release(before);
    }
    group.entries.set(id, entry);
    this.#table.hold(entry);
  }

  /** The window starts of the range that memory or disk may hold, ascending. */
  #startsIn(from: number, to: number): number[] {
    const found = inRange(this.#starts, from, to);
    const onDisk = inRange(this.#startsOnDisk, from, to).filter((start) => !this.#groups.has(start));
    return onDisk.length === 0 ? found : [...found, ...onDisk].sort((a, b) => a - b);
  }
}

function inRange(numbers: readonly number[], from: number, to: number): number[] {
  const first = lowerBound(numbers, from);
  let last = first;
  while (last < numbers.length && numbers[last]! <= to) last++;
  return numbers.slice(first, last);
}
