import { isUtf8 } from 'node:buffer';
import type { ByteSink } from './format.js';

/** Node's string methods of Buffer that take a range and skip the dispatch on an encoding name. */
interface RangedBuffer {
  latin1Slice?(start: number, end: number): string;
  utf8Slice?(start: number, end: number): string;
  utf8Write?(text: string, start: number, length: number): number;
}

const ranged = Buffer.prototype as RangedBuffer;

const latin1Slice: (bytes: Buffer, start: number, end: number) => string =
  ranged.latin1Slice === undefined
    ? (bytes, start, end) => bytes.toString('latin1', start, end)
    : (bytes, start, end) => (bytes as unknown as Required<RangedBuffer>).latin1Slice(start, end);

/** UTF-8 as text; each malformed sequence becomes U+FFFD, as in Java. */
export const utf8Slice: (bytes: Buffer, start: number, end: number) => string =
  ranged.utf8Slice === undefined
    ? (bytes, start, end) => bytes.toString('utf8', start, end)
    : (bytes, start, end) => (bytes as unknown as Required<RangedBuffer>).utf8Slice(start, end);

/** Whether the range is well-formed UTF-8. */
export function isUtf8Range(bytes: Buffer, start: number, end: number): boolean {
  return isUtf8(bytes.subarray(start, end));
}

const chars = String.fromCharCode;

/**
 * The range, all of it ASCII, as a string. Short texts are built in JavaScript: a call into Node costs more
 * than the work (80 ns against 30 ns for eleven bytes).
 */
export function asciiSlice(b: Buffer, s: number, e: number): string {
  switch (e - s) {
    case 0:
      return '';
    case 1:
      return chars(b[s]!);
    case 2:
      return chars(b[s]!, b[s + 1]!);
    case 3:
      return chars(b[s]!, b[s + 1]!, b[s + 2]!);
    case 4:
      return chars(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!);
    case 5:
      return chars(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!);
    case 6:
      return chars(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!);
    case 7:
      return chars(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!);
    case 8:
      return chars(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!, b[s + 7]!);
    case 9:
      return chars(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!, b[s + 7]!, b[s + 8]!);
    default:
      return e - s <= 20 ? asciiSlice20(b, s, e) : latin1Slice(b, s, e);
  }
}

// biome-ignore format: one line a length reads as the table it is
function asciiSlice20(b: Buffer, s: number, e: number): string {
  const c0 = b[s]!, c1 = b[s + 1]!, c2 = b[s + 2]!, c3 = b[s + 3]!, c4 = b[s + 4]!;
  const c5 = b[s + 5]!, c6 = b[s + 6]!, c7 = b[s + 7]!, c8 = b[s + 8]!, c9 = b[s + 9]!;
  const t = s + 10;
  switch (e - s) {
    case 10: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
    case 11: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!);
    case 12: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!);
    case 13: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!, b[t + 2]!);
    case 14: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!, b[t + 2]!, b[t + 3]!);
    case 15: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!, b[t + 2]!, b[t + 3]!, b[t + 4]!);
    case 16: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!, b[t + 2]!, b[t + 3]!, b[t + 4]!, b[t + 5]!);
    case 17: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!, b[t + 2]!, b[t + 3]!, b[t + 4]!, b[t + 5]!, b[t + 6]!);
    case 18: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!, b[t + 2]!, b[t + 3]!, b[t + 4]!, b[t + 5]!, b[t + 6]!, b[t + 7]!);
    case 19: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!, b[t + 2]!, b[t + 3]!, b[t + 4]!, b[t + 5]!, b[t + 6]!, b[t + 7]!, b[t + 8]!);
    default: return chars(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, b[t]!, b[t + 1]!, b[t + 2]!, b[t + 3]!, b[t + 4]!, b[t + 5]!, b[t + 6]!, b[t + 7]!, b[t + 8]!, b[t + 9]!);
  }
}

/** Appends the text as UTF-8; a lone surrogate becomes U+FFFD, as in Java it becomes `?`. */
export function writeUtf8(sink: ByteSink, text: string): void {
  const length = text.length;
  sink.reserve(length * 3);
  const bytes = sink.bytes;
  const start = sink.position;
  if (length <= 32) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      bytes[start + i] = code;
    }
    if (i === length) {
      sink.position = start + length;
      return;
    }
  }
  sink.position = start + utf8Write(bytes, text, start);
}

const utf8Write: (bytes: Buffer, text: string, start: number) => number =
  ranged.utf8Write === undefined
    ? (bytes, text, start) => bytes.write(text, start, 'utf8')
    : (bytes, text, start) => (bytes as unknown as Required<RangedBuffer>).utf8Write(text, start, bytes.length - start);

const SLOTS = 512;
const SLOT_BYTES = 24;
const TRIAL = 8192;

/**
 * Turns short ASCII ranges into strings and remembers them, because columns repeat: the same string object
 * saves its creation and, as a key of a Map, its hash. Gives up remembering when texts turn out not to repeat.
 */
export class RepeatedText {
  #texts: string[] = [];
  #copies = new Uint8Array(0);
  #tries = 0;
  #hits = 0;
  #active = true;

  /** The text of `bytes[start, end)`, all of which is ASCII. */
  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > SLOT_BYTES || length < 3 || !this.#active) return asciiSlice(bytes, start, end);
    if (this.#texts.length === 0) this.#open();
    else if (++this.#tries === TRIAL) this.#judge();
    const hash =
      Math.imul((bytes[end - 1]! << 16) ^ (bytes[end - 2]! << 8) ^ bytes[end - 3]!, 0x9e3779b1) ^
      Math.imul((bytes[start]! << 8) ^ bytes[start + (length >> 1)]! ^ (length << 16), 0x85ebca6b);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const copies = this.#copies;
    const text = this.#texts[slot]!;
    const base = slot * SLOT_BYTES;
    if (text.length === length) {
      let i = 0;
      while (i < length && copies[base + i] === bytes[start + i]) i++;
      if (i === length) {
        this.#hits++;
        return text;
      }
    }
    const fresh = asciiSlice(bytes, start, end);
    for (let i = 0; i < length; i++) copies[base + i] = bytes[start + i]!;
    this.#texts[slot] = fresh;
    return fresh;
  }

  #open(): void {
    this.#texts = new Array<string>(SLOTS).fill('');
    this.#copies = new Uint8Array(SLOTS * SLOT_BYTES);
  }

  #judge(): void {
    this.#active = this.#hits * 4 >= this.#tries;
    this.#tries = 0;
    this.#hits = 0;
  }
}
