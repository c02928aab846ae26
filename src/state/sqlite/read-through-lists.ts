import type { Row } from '../../model/value.js';
import { DELETED, Entry, GONE, LIVE } from '../entry.js';
import type { KeyId } from '../key-encoding.js';
import { TimeLists } from '../time-lists.js';
import type { StoreTable } from './store-table.js';

/**
 * Lists of entries by key over the rows of a table (of one segment of it, in layout `instant`). A key's rows are read all at once, when it
 * is first asked for, and leave memory together.
 */
export class ReadThroughLists {
  /** Whether every row on disk is in memory. */
  complete: boolean;
  readonly #table: StoreTable;
  readonly #partition: number;
  readonly #segment: number;
  readonly #lists = new TimeLists();
  /** Keys all of whose rows are in memory; of no meaning while `complete`. */
  readonly #loaded = new Set<KeyId>();
  #size = 0;
  #unswept = 0;

  constructor(table: StoreTable, partition: number, segment: number, complete: boolean) {
    this.#table = table;
    this.#partition = partition;
    this.#segment = segment;
    this.complete = complete;
  }

  /** All entries of the key, deleted ones too, by start and end. Not to be kept. */
  of(key: Row, id: KeyId): readonly Entry[] {
    if (!this.complete && !this.#loaded.has(id)) this.#load(key, id);
    return this.#lists.get(id) ?? NONE;
  }

  set(key: Row, id: KeyId, start: number, end: number, row: Row, timestamp: number): Entry {
    const held = this.#lists.find(id, start, end);
    if (held !== undefined && held.status === LIVE) {
      held.row = row;
      held.timestamp = timestamp;
      held.touched = true;
      if (!held.dirty) this.#table.markDirty(held);
      return held;
    }
    const absent = held !== undefined || this.complete || this.#loaded.has(id);
    const stored = held === undefined ? !absent : held.stored;
    const emitted = absent ? null : undefined;
    const entry = new Entry(key.slice(), start, end, row, timestamp, emitted, stored, this.#partition);
    this.hold(id, entry);
    this.#table.markDirty(entry);
    return entry;
  }

  delete(key: Row, id: KeyId, start: number, end: number): boolean {
    if (!this.complete && !this.#loaded.has(id)) this.#load(key, id);
    const entry = this.#lists.find(id, start, end);
    if (entry === undefined || entry.status !== LIVE) return false;
    if (entry.stored) {
      entry.status = DELETED;
      if (!entry.dirty) this.#table.markDirty(entry);
    } else {
      entry.status = GONE;
      this.#drop(id, entry);
    }
    return true;
  }

  hold(id: KeyId, entry: Entry): void {
    const before = this.#lists.find(id, entry.windowStart, entry.windowEnd);
    if (before !== undefined) {
      this.#table.supersede(before, entry);
      this.#drop(id, before);
    }
    this.#lists.add(id, entry);
    this.#table.hold(entry);
    this.#size++;
    this.#unswept++;
  }

  /** A deletion is committed: the disk agrees that the entry is absent. */
  forget(id: KeyId, entry: Entry): void {
    if (this.#lists.find(id, entry.windowStart, entry.windowEnd) === entry) this.#drop(id, entry);
  }

  /**
   * Takes entries that end before `end` out of memory, at the latest when half of what is held is newer than the last time: a sweep looks
   * at everything, and callers do not show what they know to be expired.
   */
  expireEnds(end: number): void {
    if (2 * this.#unswept < this.#size) return;
    const expired: [KeyId, Entry][] = [];
    for (const [id, list] of this.#lists.lists()) {
      for (const entry of list) if (entry.windowEnd < end) expired.push([id, entry]);
    }
    for (const [id, entry] of expired) {
      entry.status = GONE;
      this.#drop(id, entry);
    }
    this.#unswept = 0;
  }

  /** The whole of it is expired. */
  expireAll(): void {
    for (const entry of this.entries()) {
      entry.status = GONE;
      this.#table.release(entry);
    }
  }

  /** All entries in memory, deleted ones too; by key in no order, then by start and end. */
  entries(): Entry[] {
    const entries: Entry[] = [];
    for (const [, list] of this.#lists.lists()) entries.push(...list);
    return entries;
  }

  /** Drops keys whose entries are all clean until the table holds at most `goal` bytes; first those not touched since the last round. */
  evict(goal: number): void {
    for (let round = 0; round < 2; round++) {
      for (const [id, list] of this.#lists.lists()) {
        if (this.#table.usage.bytes <= goal) return;
        let busy = false;
        for (const entry of list) {
          busy ||= entry.dirty || entry.unwritten || entry.touched || entry.status !== LIVE;
          entry.touched = false;
        }
        if (busy) continue;
        this.complete = false;
        this.#loaded.delete(id);
        this.#lists.delete(id);
        this.#size -= list.length;
        for (const entry of list) this.#table.release(entry);
      }
    }
  }

  #load(key: Row, id: KeyId): void {
    for (const row of this.#table.loadList(key, this.#segment, this.#partition)) {
      if (this.#lists.find(id, row.windowStart, row.windowEnd) === undefined) this.hold(id, row);
    }
    if (this.#loaded.size >= LOADED_KEYS_MAX) this.#loaded.clear();
    this.#loaded.add(id);
  }

  #drop(id: KeyId, entry: Entry): void {
    this.#lists.remove(id, entry);
    this.#table.release(entry);
    this.#size--;
  }
}

const NONE: readonly Entry[] = [];
/** Keys without rows are remembered too, so there must be an end to it; a forgotten key is read once more. */
const LOADED_KEYS_MAX = 1_000_000;
