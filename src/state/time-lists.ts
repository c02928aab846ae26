import type { Entry } from './entry.js';
import type { KeyId } from './key-encoding.js';

/** Entries by key, and per key by window start, then window end. */
export class TimeLists {
  readonly #lists = new Map<KeyId, Entry[]>();

  get(id: KeyId): Entry[] | undefined {
    return this.#lists.get(id);
  }

  /** Adds the entry; one of the same key and bounds gives its place to it. */
  add(id: KeyId, entry: Entry): void {
    const list = this.#lists.get(id);
    if (list === undefined) {
      this.#lists.set(id, [entry]);
      return;
    }
    const last = list[list.length - 1]!;
    if (last.windowStart < entry.windowStart) {
      list.push(entry);
      return;
    }
    const at = position(list, entry.windowStart, entry.windowEnd);
    const there = list[at];
    const same =
      there !== undefined && there.windowStart === entry.windowStart && there.windowEnd === entry.windowEnd ? 1 : 0;
    list.splice(at, same, entry);
  }

  /** Takes the entry itself out, if it is there. */
  remove(id: KeyId, entry: Entry): void {
    const list = this.#lists.get(id);
    if (list === undefined) return;
    const at = position(list, entry.windowStart, entry.windowEnd);
    if (list[at] !== entry) return;
    if (list.length === 1) this.#lists.delete(id);
    else list.splice(at, 1);
  }

  find(id: KeyId, start: number, end: number): Entry | undefined {
    const list = this.#lists.get(id);
    if (list === undefined) return undefined;
    const entry = list[position(list, start, end)];
    return entry !== undefined && entry.windowStart === start && entry.windowEnd === end ? entry : undefined;
  }

  /** Entries of the key with from <= windowStart <= to, ascending. */
  startingIn(id: KeyId, from: number, to: number): Entry[] {
    const list = this.#lists.get(id);
    if (list === undefined) return [];
    const found: Entry[] = [];
    for (let at = position(list, from, Number.NEGATIVE_INFINITY); at < list.length; at++) {
      const entry = list[at]!;
      if (entry.windowStart > to) break;
      found.push(entry);
    }
    return found;
  }

  lists(): IterableIterator<[KeyId, Entry[]]> {
    return this.#lists.entries();
  }

  delete(id: KeyId): void {
    this.#lists.delete(id);
  }

  get keyCount(): number {
    return this.#lists.size;
  }
}

/** Index of the first entry that is not before (start, end). */
function position(list: readonly Entry[], start: number, end: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = list[middle]!;
    if (entry.windowStart < start || (entry.windowStart === start && entry.windowEnd < end)) low = middle + 1;
    else high = middle;
  }
  return low;
}
