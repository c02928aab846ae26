import type { Row } from '../../model/value.js';
import { DELETED, Entry, GONE, LIVE } from '../entry.js';
import { compileKeyId, type KeyId } from '../key-encoding.js';
import { PrefixIndex } from '../prefix-index.js';
import type { KeyValueStore, StateEntry } from '../state-store.js';
import { mergeRows } from './merge-rows.js';
import type { StoreTable } from './store-table.js';

/** Keys known to be absent that are remembered; then all are forgotten and learnt anew. */
const ABSENT_KEYS_MAX = 8_192;

/** One partition of a key-value table, with its hot keys in memory. */
export class SqliteKeyValueStore implements KeyValueStore {
  readonly kind = 'key-value';
  readonly #table: StoreTable;
  readonly #partition: number;
  readonly #keyId: (key: Row) => KeyId;
  readonly #entries = new Map<KeyId, Entry>();
  /** Whether every row on disk is in `#entries`, so that what is not there need not be looked for. */
  #complete: boolean;
  readonly #absent = new Set<KeyId>();
  #prefixes: PrefixIndex | null = null;
  #hand: IterableIterator<[KeyId, Entry]> | null = null;

  constructor(table: StoreTable, partition: number, tableWasEmpty: boolean) {
    this.#table = table;
    this.#partition = partition;
    this.#complete = tableWasEmpty;
    this.#keyId = compileKeyId(table.stored.key.map((column) => column.type));
  }

  get(key: Row): StateEntry | null {
    const id = this.#keyId(key);
    const held = this.#entries.get(id);
    if (held !== undefined) {
      held.touched = true;
      return held.status === LIVE ? held : null;
    }
    return this.#complete ? null : this.#load(key, id);
  }

  set(key: Row, row: Row, timestamp: number): StateEntry {
    const id = this.#keyId(key);
    const held = this.#entries.get(id);
    let entry: Entry;
    if (held !== undefined && held.status === LIVE) {
      entry = held;
      entry.row = row;
      entry.timestamp = timestamp;
      entry.touched = true;
    } else {
      const absent = held !== undefined || this.#complete || this.#absent.delete(id);
      const stored = held === undefined ? !absent : held.stored;
      entry = new Entry(key.slice(), 0, 0, row, timestamp, absent ? null : undefined, stored, this.#partition);
      this.#hold(id, entry);
    }
    if (!entry.dirty) this.#table.markDirty(entry);
    return entry;
  }

  put(entry: StateEntry): void {
    const own = entry as Entry;
    if (own.dirty || own.status !== LIVE) return;
    if (!own.held) this.#hold(this.#keyId(own.key), own);
    this.#table.markDirty(own);
  }

  delete(key: Row): boolean {
    const entry = this.get(key) as Entry | null;
    if (entry === null) return false;
    if (entry.stored) {
      entry.status = DELETED;
      if (!entry.dirty) this.#table.markDirty(entry);
    } else {
      this.#drop(this.#keyId(key), entry);
      entry.status = GONE;
    }
    return true;
  }

  scan(): Iterable<StateEntry> {
    const held = [...this.#entries.values()];
    return this.#merge(held, this.#complete ? null : this.#table.rows(this.#partition, null));
  }

  scanPrefix(prefix: Row): Iterable<StateEntry> {
    if (this.#prefixes?.length !== prefix.length) {
      this.#prefixes = new PrefixIndex(this.#table.stored, prefix.length, this.#entries.values());
    }
    const held = this.#prefixes.find(prefix);
    return this.#merge(held, this.#complete ? null : this.#table.rowsWithPrefix(prefix, this.#partition));
  }

  /** A deletion is committed: the disk agrees that the key is absent. */
  forget(entry: Entry): void {
    const id = this.#keyId(entry.key);
    if (this.#entries.get(id) === entry) this.#drop(id, entry);
  }

  /**
   * Drops clean entries until about `bytes` are freed: a hand goes round the entries and takes those that nobody touched since it
   * last passed.
   */
  evict(bytes: number): void {
    const goal = this.#table.usage.bytes - bytes;
    // Two rounds, and the two steps at which the hand finds the end.
    for (let steps = 2 * this.#entries.size + 2; steps > 0 && this.#table.usage.bytes > goal; steps--) {
      this.#hand ??= this.#entries.entries();
      const next = this.#hand.next();
      if (next.done) {
        this.#hand = null;
        continue;
      }
      const [id, entry] = next.value;
      if (entry.dirty || entry.unwritten || entry.status !== LIVE) continue;
      if (entry.touched) {
        entry.touched = false;
        continue;
      }
      this.#complete = false;
      this.#drop(id, entry);
    }
  }

  #load(key: Row, id: KeyId): Entry | null {
    if (this.#absent.has(id)) return null;
    const entry = this.#table.load(key, 0, this.#partition);
    if (entry === null) {
      if (this.#absent.size >= ABSENT_KEYS_MAX) this.#absent.clear();
      this.#absent.add(id);
      return null;
    }
    this.#hold(id, entry);
    return entry;
  }

  #hold(id: KeyId, entry: Entry): void {
    const before = this.#entries.get(id);
    if (before !== undefined) {
      this.#table.supersede(before, entry);
      this.#drop(id, before);
    }
    this.#entries.set(id, entry);
    this.#table.hold(entry);
    this.#prefixes?.add(entry);
  }

  #drop(id: KeyId, entry: Entry): void {
    this.#entries.delete(id);
    this.#table.release(entry);
    this.#prefixes?.remove(entry);
  }

  #merge(held: Entry[], rows: Iterable<Entry> | null): Iterable<StateEntry> {
    const order = this.#table.keyOrder;
    return mergeRows(
      held.sort((a, b) => order(a.key, b.key)),
      rows,
      (a, b) => order(a.key, b.key),
    );
  }
}
