import { asciiSlice } from './byte-text.js';
import { PLAIN, STRING_BYTES } from './json-bytes.js';

/** A member name that was seen in the data: its ASCII bytes and the wanted column that it fills, or -1. */
export interface MemberKey {
  readonly bytes: Uint8Array;
  readonly slot: number;
}

const KEYS_MAX = 512;

/**
 * The member names of the records seen so far and the order in which the last record had them, so that the next
 * record's names are compared with what is expected instead of being looked up.
 */
export class MemberKeys {
  /** The names of the last record, in order; a record that leaves some out does not change it. */
  readonly order: MemberKey[] = [];
  readonly #slotOf: (name: string) => number;
  readonly #buckets = new Map<number, MemberKey[]>();
  #size = 0;

  /** @param slotOf the wanted column for a member name, or -1 */
  constructor(slotOf: (name: string) => number) {
    this.#slotOf = slotOf;
  }

  /**
   * The key whose first byte is at `p`, when it is not the one expected at `place` of the order.
   * Null when it is not plain ASCII.
   */
  find(b: Buffer, p: number, place: number): MemberKey | null {
    const { order } = this;
    for (let next = place + 1; next <= place + 3 && next < order.length; next++) {
      const key = order[next]!;
      if (startsWithKey(b, p, key.bytes)) return key;
    }
    let end = p;
    let hash = 0;
    while (STRING_BYTES[b[end]!] === PLAIN) hash = (Math.imul(hash, 31) + b[end++]!) | 0;
    if (b[end] !== 0x22) return null;
    const key = this.#lookUp(b, p, end, hash);
    if (place < order.length) order[place] = key;
    else if (place < KEYS_MAX) order.push(key);
    return key;
  }

  /** Where `key`, just found in a record, stands in the order: the place after it is expected next. */
  placeOf(key: MemberKey, place: number): number {
    const { order } = this;
    for (let next = place; next <= place + 3 && next < order.length; next++) if (order[next] === key) return next;
    return place;
  }

  #lookUp(b: Buffer, start: number, end: number, hash: number): MemberKey {
    const bucket = this.#buckets.get(hash);
    if (bucket !== undefined) {
      for (const key of bucket) {
        if (key.bytes.length === end - start && startsWithKey(b, start, key.bytes)) return key;
      }
    }
    const key = {
      bytes: Uint8Array.prototype.slice.call(b, start, end),
      slot: this.#slotOf(asciiSlice(b, start, end)),
    };
    // Names without end are data, not a schema: the rest is looked up anew each time.
    if (this.#size >= KEYS_MAX) return key;
    this.#size++;
    if (bucket === undefined) this.#buckets.set(hash, [key]);
    else bucket.push(key);
    return key;
  }
}

/** Whether the name and its closing quote stand at `p`. */
export function startsWithKey(b: Buffer, p: number, key: Uint8Array): boolean {
  const length = key.length;
  for (let i = 0; i < length; i++) if (b[p + i] !== key[i]) return false;
  return b[p + length] === 0x22;
}
