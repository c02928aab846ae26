import type { Row } from '../model/value.js';
import type { Entry } from './entry.js';
import { compileKeyId, type KeyId } from './key-encoding.js';
import type { StoreSpec } from './state-store.js';

/** Entries by the first columns of their keys; a store builds it when it is first asked for a prefix. */
export class PrefixIndex {
  /** How many key columns a prefix has. */
  readonly length: number;
  readonly #prefixId: (key: Row) => KeyId;
  readonly #entries = new Map<KeyId, Set<Entry>>();

  constructor(spec: Pick<StoreSpec, 'key'>, length: number, entries: Iterable<Entry>) {
    this.length = length;
    this.#prefixId = compileKeyId(spec.key.slice(0, length).map((column) => column.type));
    for (const entry of entries) this.add(entry);
  }

  add(entry: Entry): void {
    const id = this.#prefixId(entry.key);
    const found = this.#entries.get(id);
    if (found === undefined) this.#entries.set(id, new Set([entry]));
    else found.add(entry);
  }

  remove(entry: Entry): void {
    const id = this.#prefixId(entry.key);
    const found = this.#entries.get(id);
    if (found === undefined) return;
    found.delete(entry);
    if (found.size === 0) this.#entries.delete(id);
  }

  find(prefix: Row): Entry[] {
    return [...(this.#entries.get(this.#prefixId(prefix)) ?? [])];
  }
}
