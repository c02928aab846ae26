import type { BatchBytes } from './batch-bytes.js';
import { asciiSlice, utf8Slice } from './byte-text.js';

/** The longest text that is remembered; longer ones cost as much to compare as to make. */
export const KNOWN_BYTES_MAX = 32;
const SLOT_SHIFT = 5;
const SLOTS_FIRST = 512;
const SLOTS_MAX = 4096;
const TRIAL = 8192;

/**
 * Turns UTF-8 into strings and remembers the short ones, because fields repeat: the same string object saves its creation and, as a key of a
 * Map, its hash. All of the bytes are in the hash, since texts differ in the middle as often as at the end (`customer-17@example.com`). Takes
 * more room when texts that repeat push each other out, and gives up when they do not repeat.
 */
export class KnownTexts {
  #slots = 0;
  #texts: string[] = [];
  #lengths = new Uint8Array(0);
  #copies = new DataView(new ArrayBuffer(0));
  #tries = 0;
  #hits = 0;
  #active = true;

  /** The text of the range; each malformed sequence becomes U+FFFD. */
  read({ bytes, view }: BatchBytes, start: number, end: number): string {
    const length = end - start;
    if (length > KNOWN_BYTES_MAX || length < 3 || view === null || !this.#active)
      return textOf(bytes, view, start, end);
    if (++this.#tries >= TRIAL) this.#judge();
    if (this.#slots === 0) this.#open(SLOTS_FIRST);
    const slot = hashOf(bytes, view, start, end) & (this.#slots - 1);
    if (this.#lengths[slot] === length && sameBytes(bytes, view, start, end, this.#copies, slot << SLOT_SHIFT)) {
      this.#hits++;
      return this.#texts[slot]!;
    }
    const fresh = textOf(bytes, view, start, end);
    const copyAt = (slot << SLOT_SHIFT) - start;
    for (let at = start; at < end; at++) this.#copies.setUint8(copyAt + at, bytes[at]!);
    this.#lengths[slot] = length;
    this.#texts[slot] = fresh;
    return fresh;
  }

  #open(slots: number): void {
    this.#slots = slots;
    this.#texts = new Array<string>(slots).fill('');
    this.#lengths = new Uint8Array(slots);
    this.#copies = new DataView(new ArrayBuffer(slots << SLOT_SHIFT));
  }

  #judge(): void {
    // One that is not found costs what three save that are.
    const isWorthIt = this.#hits * 4 >= this.#tries * 3;
    if (!isWorthIt) {
      this.#active = this.#slots < SLOTS_MAX;
      this.#open(this.#active ? SLOTS_MAX : 0);
    }
    this.#tries = 0;
    this.#hits = 0;
  }
}

function hashOf(bytes: Buffer, view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at <= end - 4; at += 4) hash = Math.imul(hash ^ view.getInt32(at), 0x9e3779b1) ^ (hash >>> 15);
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/** Whether `copies` has from `copyAt` what is in the range. */
function sameBytes(
  bytes: Buffer,
  view: DataView,
  start: number,
  end: number,
  copies: DataView,
  copyAt: number,
): boolean {
  const ahead = copyAt - start;
  let differences = 0;
  let at = start;
  for (; at <= end - 4; at += 4) differences |= view.getInt32(at) ^ copies.getInt32(ahead + at);
  for (; at < end; at++) differences |= bytes[at]! ^ copies.getUint8(ahead + at);
  return differences === 0;
}

/** Node decodes longer texts as fast as their bytes can be looked at here. */
const SHORT_BYTES = 20;
/** Of the four bytes of a word. */
const HIGH_BITS = 0x80808080;

function textOf(bytes: Buffer, view: DataView | null, start: number, end: number): string {
  if (end - start > SHORT_BYTES) return utf8Slice(bytes, start, end);
  let seen = 0;
  let at = start;
  if (view !== null) for (; at <= end - 4; at += 4) seen |= view.getInt32(at);
  for (; at < end; at++) if (bytes[at]! > 0x7f) return utf8Slice(bytes, start, end);
  return (seen & HIGH_BITS) === 0 ? asciiSlice(bytes, start, end) : utf8Slice(bytes, start, end);
}
