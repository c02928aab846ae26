import type { Row } from '../../model/value.js';
import { Entry, expiredEntry, GONE } from '../entry.js';
import { compileKeyId, type KeyId, keyOrder } from '../key-encoding.js';
import type { SessionStore, StateEntry, StoreSpec } from '../state-store.js';
import { TimeLists } from '../time-lists.js';

export class MemorySessionStore implements SessionStore {
  readonly kind = 'session';
  readonly #spec: StoreSpec;
  readonly #partition: number;
  readonly #keyId: (key: Row) => KeyId;
  #sessions = new TimeLists();
  #size = 0;
  /** Greatest bound given to `expire`; what ended before it does not show, and is removed in sweeps. */
  #floor = Number.NEGATIVE_INFINITY;
  /** Sessions set since the last sweep: a sweep looks at all, so it waits until they are worth it. */
  #unswept = 0;

  constructor(spec: StoreSpec, partition: number) {
    this.#spec = spec;
    this.#partition = partition;
    this.#keyId = compileKeyId(spec.key.map((column) => column.type));
  }

  get size(): number {
    return this.#size;
  }

  find(key: Row, earliestEnd: number, latestStart: number): StateEntry[] {
    const found: StateEntry[] = [];
    const from = Math.max(earliestEnd, this.#floor);
    for (const entry of this.#sessions.get(this.#keyId(key)) ?? []) {
      if (entry.windowStart > latestStart) break;
      if (entry.windowEnd >= from) found.push(entry);
    }
    return found;
  }

  set(key: Row, start: number, end: number, row: Row, timestamp: number): StateEntry {
    if (end < this.#floor) return expiredEntry(key, start, end, row, timestamp, this.#partition);
    const id = this.#keyId(key);
    const held = this.#sessions.find(id, start, end);
    if (held !== undefined) {
      held.row = row;
      held.timestamp = timestamp;
      return held;
    }
    const entry = new Entry(key.slice(), start, end, row, timestamp, null, false, this.#partition);
    this.#sessions.add(id, entry);
    this.#size++;
    this.#unswept++;
    return entry;
  }

  put(_entry: StateEntry): void {}

  delete(key: Row, start: number, end: number): boolean {
    const id = this.#keyId(key);
    const entry = this.#sessions.find(id, start, end);
    if (entry === undefined || end < this.#floor) return false;
    this.#remove(id, entry);
    return true;
  }

  expire(end: number): void {
    if (end <= this.#floor) return;
    this.#floor = end;
    if (2 * this.#unswept >= this.#size) this.#sweep();
  }

  scan(): Iterable<StateEntry> {
    this.#sweep();
    const order = keyOrder(this.#spec.key.map((column) => column.type));
    const lists = [...this.#sessions.lists()].map(([, list]) => list);
    return lists.sort((a, b) => order(a[0]!.key, b[0]!.key)).flat();
  }

  /** All entries, in no particular order of keys. */
  *entries(): Iterable<Entry> {
    this.#sweep();
    for (const [, list] of this.#sessions.lists()) yield* list;
  }

  clear(): void {
    this.#sessions = new TimeLists();
    this.#size = 0;
    this.#unswept = 0;
  }

  #sweep(): void {
    const dropped: [KeyId, Entry][] = [];
    for (const [id, list] of this.#sessions.lists()) {
      for (const entry of list) if (entry.windowEnd < this.#floor) dropped.push([id, entry]);
    }
    for (const [id, entry] of dropped) this.#remove(id, entry);
    this.#unswept = 0;
  }

  #remove(id: KeyId, entry: Entry): void {
    entry.status = GONE;
    this.#sessions.remove(id, entry);
    this.#size--;
  }
}
