import type { Row } from '../../model/value.js';
import { Entry, GONE } from '../entry.js';
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
  /** No session ends before this; expiring up to here has nothing to drop. */
  #earliestEnd = Number.POSITIVE_INFINITY;

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
    for (const entry of this.#sessions.get(this.#keyId(key)) ?? []) {
      if (entry.windowStart > latestStart) break;
      if (entry.windowEnd >= earliestEnd) found.push(entry);
    }
    return found;
  }

  set(key: Row, start: number, end: number, row: Row, timestamp: number): StateEntry {
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
    if (end < this.#earliestEnd) this.#earliestEnd = end;
    return entry;
  }

  put(_entry: StateEntry): void {}

  delete(key: Row, start: number, end: number): boolean {
    const id = this.#keyId(key);
    const entry = this.#sessions.find(id, start, end);
    if (entry === undefined) return false;
    this.#remove(id, entry);
    return true;
  }

  expire(end: number): void {
    if (this.#earliestEnd >= end) return;
    const dropped: [KeyId, Entry][] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const [id, list] of this.#sessions.lists()) {
      for (const entry of list) {
        if (entry.windowEnd < end) dropped.push([id, entry]);
        else if (entry.windowEnd < earliest) earliest = entry.windowEnd;
      }
    }
    for (const [id, entry] of dropped) this.#remove(id, entry);
    this.#earliestEnd = earliest;
  }

  scan(): Iterable<StateEntry> {
    const order = keyOrder(this.#spec.key.map((column) => column.type));
    const lists = [...this.#sessions.lists()].map(([, list]) => list);
    return lists.sort((a, b) => order(a[0]!.key, b[0]!.key)).flat();
  }

  /** All entries, in no particular order of keys. */
  *entries(): Iterable<Entry> {
    for (const [, list] of this.#sessions.lists()) yield* list;
  }

  clear(): void {
    this.#sessions = new TimeLists();
    this.#size = 0;
    this.#earliestEnd = Number.POSITIVE_INFINITY;
  }

  #remove(id: KeyId, entry: Entry): void {
    entry.status = GONE;
    this.#sessions.remove(id, entry);
    this.#size--;
  }
}
