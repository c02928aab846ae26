import type { Row } from '../../model/value.js';
import type { Entry } from '../entry.js';

export interface TableOrder {
  /** What the primary key begins with, before the key: window start or segment; 0 where there is nothing. */
  readonly groupOf: (entry: Entry) => number;
  /** The key's encoding, valid until the next call. */
  readonly encode: (key: Row) => Buffer;
  /** Order by primary key within a group. */
  readonly compare: (a: Entry, b: Entry) => number;
}

/**
 * Puts the entries of a flush in about the order of their table, so that rows of one page are written together: that halves the
 * writing. It must cost less than it saves, so it does not sort with comparisons: see `sortByPrefix`; and since busy keys come back flush after
 * flush, sorted entries keep a rank, and while three quarters of a flush are entries of the last sorting, these are put in place by rank.
 */
export class WriteOrder {
  readonly #order: TableOrder;
  /** Ranks of the last sorting are from here up; lower ones are of earlier sortings and mean nothing any more. */
  #base = 0;
  #ranked = 0;

  constructor(order: TableOrder) {
    this.#order = order;
  }

  arrange(entries: Entry[]): Entry[] {
    // Few among many: not worth a walk over all places, nor giving up the ranks.
    if (8 * entries.length < this.#ranked) return this.#sort(entries);
    let known = 0;
    for (const entry of entries) if (entry.rank >= this.#base) known++;
    if (4 * known < 3 * entries.length) return this.#rank(this.#sort(entries));
    const places: (Entry | undefined)[] = new Array(this.#ranked).fill(undefined);
    const strangers: Entry[] = [];
    for (const entry of entries) {
      if (entry.rank >= this.#base) places[entry.rank - this.#base] = entry;
      else strangers.push(entry);
    }
    const arranged = new Array<Entry>(known);
    let at = 0;
    for (const entry of places) if (entry !== undefined) arranged[at++] = entry;
    return strangers.length === 0 ? arranged : arranged.concat(this.#sort(strangers));
  }

  #rank(sorted: Entry[]): Entry[] {
    this.#base += this.#ranked;
    this.#ranked = sorted.length;
    for (let i = 0; i < sorted.length; i++) sorted[i]!.rank = this.#base + i;
    return sorted;
  }

  #sort(entries: Entry[]): Entry[] {
    const { groupOf } = this.#order;
    const groups = new Map<number, Entry[]>();
    for (const entry of entries) {
      const group = groupOf(entry);
      const members = groups.get(group);
      if (members === undefined) groups.set(group, [entry]);
      else members.push(entry);
    }
    const sorted = [...groups].sort((a, b) => a[0] - b[0]).map(([, members]) => sortByPrefix(members, this.#order));
    return sorted.length === 1 ? sorted[0]! : sorted.flat();
  }
}

/** Below this, comparing is as quick. */
const PREFIX_SORT_MIN = 64;
/** An index takes 22 bits. */
const PREFIX_SORT_MAX = 2 ** 22;
const INDEX_MASK = PREFIX_SORT_MAX - 1;
const SAMPLED_KEYS = 64;
/** Keys with the same prefix that are put in order by comparing; fewer lie on the same page or two anyhow. */
const TIES_SORTED = 16;

/**
 * Sorts by the five bytes of the encoded key that follow what all keys have in common. Prefix (40 bits) and index (22 bits) make one positive
 * double, and a Float64Array sorts itself natively; only long runs of equal prefixes are compared.
 */
function sortByPrefix(entries: Entry[], order: TableOrder): Entry[] {
  const count = entries.length;
  if (count < PREFIX_SORT_MIN || count > PREFIX_SORT_MAX) return entries.sort(order.compare);
  const common = commonPrefix(entries, order.encode);
  const doubles = new Float64Array(count);
  const words = new Uint32Array(doubles.buffer);
  for (let i = 0; i < count; i++) {
    const bytes = order.encode(entries[i]!.key);
    const at = common.length;
    const side = compareStart(bytes, common);
    if (side === 0) {
      const fourth = byteAt(bytes, at + 3);
      words[2 * i + 1] =
        (byteAt(bytes, at) << 22) | (byteAt(bytes, at + 1) << 14) | (byteAt(bytes, at + 2) << 6) | (fourth >>> 2);
      words[2 * i] = (fourth << 30) | (byteAt(bytes, at + 4) << 22) | i;
    } else {
      words[2 * i + 1] = side < 0 ? 0 : 0x3fff_ffff;
      words[2 * i] = side < 0 ? i : 0xffc0_0000 | i;
    }
  }
  doubles.sort();
  const sorted = new Array<Entry>(count);
  let runStart = 0;
  for (let i = 0; i < count; i++) {
    sorted[i] = entries[words[2 * i]! & INDEX_MASK]!;
    const ends =
      i + 1 === count || words[2 * i + 3] !== words[2 * i + 1] || (words[2 * i + 2]! ^ words[2 * i]!) >>> 22 !== 0;
    if (!ends) continue;
    if (i + 1 - runStart > TIES_SORTED) {
      const run = sorted.slice(runStart, i + 1).sort(order.compare);
      for (let j = 0; j < run.length; j++) sorted[runStart + j] = run[j]!;
    }
    runStart = i + 1;
  }
  return sorted;
}

/** What a sample of the keys begins with. Keys that begin otherwise go to one of the ends. */
function commonPrefix(entries: readonly Entry[], encode: (key: Row) => Buffer): Buffer {
  const first = Buffer.from(encode(entries[0]!.key));
  let length = first.length;
  const stride = Math.max(1, Math.floor(entries.length / SAMPLED_KEYS));
  for (let i = stride; i < entries.length; i += stride) {
    const bytes = encode(entries[i]!.key);
    let shared = 0;
    while (shared < length && bytes[shared] === first[shared]) shared++;
    length = shared;
  }
  return first.subarray(0, length);
}

/** 0 when `bytes` begin with `start`, else on which side of it they are. */
function compareStart(bytes: Buffer, start: Buffer): number {
  for (let i = 0; i < start.length; i++) {
    const difference = byteAt(bytes, i) - start[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function byteAt(bytes: Buffer, at: number): number {
  return at < bytes.length ? bytes[at]! : 0;
}
