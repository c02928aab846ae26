import type { Row } from '../../model/value.js';
import { Entry, GONE } from '../entry.js';
import { compileKeyId, type KeyId, keyOrder } from '../key-encoding.js';
import { PrefixIndex } from '../prefix-index.js';
import type { KeyValueStore, StateEntry, StoreSpec } from '../state-store.js';

export class MemoryKeyValueStore implements KeyValueStore {
  readonly kind = 'key-value';
  readonly #spec: StoreSpec;
  readonly #partition: number;
  readonly #keyId: (key: Row) => KeyId;
  readonly #entries = new Map<KeyId, Entry>();
  #prefixes: PrefixIndex | null = null;

  constructor(spec: StoreSpec, partition: number) {
    this.#spec = spec;
    this.#partition = partition;
    this.#keyId = compileKeyId(spec.key.map((column) => column.type));
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Row): StateEntry | null {
    return this.#entries.get(this.#keyId(key)) ?? null;
  }

  set(key: Row, row: Row, timestamp: number): StateEntry {
    const id = this.#keyId(key);
    const held = this.#entries.get(id);
    if (held !== undefined) {
      held.row = row;
      held.timestamp = timestamp;
      return held;
    }
    const entry = new Entry(key.slice(), 0, 0, row, timestamp, null, false, this.#partition);
    this.#entries.set(id, entry);
    this.#prefixes?.add(entry);
    return entry;
  }

  put(_entry: StateEntry): void {}

  delete(key: Row): boolean {
    const id = this.#keyId(key);
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    entry.status = GONE;
    this.#entries.delete(id);
    this.#prefixes?.remove(entry);
    return true;
  }

  scan(): Iterable<StateEntry> {
    return this.#sort([...this.#entries.values()]);
  }

  scanPrefix(prefix: Row): Iterable<StateEntry> {
    if (this.#prefixes?.length !== prefix.length) {
      this.#prefixes = new PrefixIndex(this.#spec, prefix.length, this.#entries.values());
    }
    return this.#sort(this.#prefixes.find(prefix));
  }

  /** All entries, in no particular order. */
  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  clear(): void {
    this.#entries.clear();
    this.#prefixes = null;
  }

  #sort(entries: Entry[]): Entry[] {
    const order = keyOrder(this.#spec.key.map((column) => column.type));
    return entries.sort((a, b) => order(a.key, b.key));
  }
}
