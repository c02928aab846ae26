import { NOT_JSON, STRING_BYTES, skipFraction } from './json-bytes.js';

/**
 * Scans one record from `start`: the position after it, or NOT_JSON when it is not of the layout.
 * @param view of `b`, where there is one: then four bytes are looked at together
 */
export type LayoutScan = (b: Buffer, view: DataView | null, start: number, end: number) => number;

/** Where a layout's scan leaves what it finds, and whom it asks about values of a kind it did not expect. */
export interface LayoutTarget {
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The codes for `kinds`. */
  readonly asciiText: number;
  readonly wholeNumber: number;
  readonly number: number;
  readonly wholeDigitsMax: number;
  /** Past the value at `p`, noting it as column `slot`. */
  wanted(b: Buffer, p: number, slot: number): number;
  /** Past the value at `p`. */
  unwanted(b: Buffer, p: number): number;
}

const MEMBERS_MAX = 64;
const BYTES_MAX = 2048;
const STREAK_FIRST = 8;
const STREAK_LAST = 1 << 16;
const SCORE_MAX = 64;
const SCORE_MISS = 4;

/**
 * Learns how a producer lays out its objects, that is the bytes between the values: `{"id":`, `,"name":`, `}`. When several
 * records in a row agree, a scan for exactly that layout is generated, in which those bytes are constants; it runs at twice
 * the rate of one that follows members one by one. A layout that stops fitting is dropped, and the next one must
 * prove itself for longer.
 */
export class JsonLayout {
  /** The scan for the layout in use; null while there is none. */
  scan: LayoutScan | null = null;
  readonly #target: LayoutTarget;
  readonly #bytes = new Uint8Array(BYTES_MAX);
  readonly #lengths = new Int32Array(MEMBERS_MAX + 1);
  readonly #slots = new Int32Array(MEMBERS_MAX);
  readonly #starts = new Int32Array(MEMBERS_MAX + 1);
  readonly #ends = new Int32Array(MEMBERS_MAX);
  #members = 0;
  #sampleMembers = 0;
  #streak = 0;
  #streakNeeded = STREAK_FIRST;
  #score = 0;

  constructor(target: LayoutTarget) {
    this.#target = target;
  }

  hit(): void {
    if (this.#score < SCORE_MAX) this.#score++;
  }

  miss(): void {
    this.#score -= SCORE_MISS;
    if (this.#score >= 0) return;
    this.scan = null;
    this.#streak = 0;
  }

  /** Begins to note a record. */
  begin(): void {
    this.#members = 0;
  }

  /** Notes that a value for `slot` stands at `[start, end)`. */
  member(slot: number, start: number, end: number): void {
    const member = this.#members++;
    if (member >= MEMBERS_MAX) return;
    this.#slots[member] = slot;
    this.#ends[member] = start;
    this.#starts[member + 1] = end;
  }

  /** Learns from the record just noted, which was valid and spans `[start, end)`. */
  learn(b: Buffer, start: number, end: number): void {
    const members = this.#members;
    if (this.scan !== null || members === 0 || members > MEMBERS_MAX) return;
    this.#starts[0] = start;
    if (!this.#isSample(b, end)) {
      this.#streak = this.#takeSample(b, end) ? 1 : 0;
      return;
    }
    if (++this.#streak < this.#streakNeeded) return;
    this.#streakNeeded = Math.min(this.#streakNeeded * 2, STREAK_LAST);
    this.#score = SCORE_MISS;
    this.scan = this.#compile(b);
  }

  /** The end of the text that precedes value `i`, or follows the last one. */
  #literalEnd(i: number, end: number): number {
    return i < this.#members ? this.#ends[i]! : end;
  }

  #isSample(b: Buffer, end: number): boolean {
    if (this.#members !== this.#sampleMembers) return false;
    let at = 0;
    for (let i = 0; i <= this.#members; i++) {
      const from = this.#starts[i]!;
      const length = this.#literalEnd(i, end) - from;
      if (length !== this.#lengths[i]) return false;
      for (let j = 0; j < length; j++) if (b[from + j] !== this.#bytes[at + j]) return false;
      at += length;
    }
    return true;
  }

  #takeSample(b: Buffer, end: number): boolean {
    this.#sampleMembers = this.#members;
    let at = 0;
    for (let i = 0; i <= this.#members; i++) {
      const from = this.#starts[i]!;
      const length = this.#literalEnd(i, end) - from;
      if (at + length > BYTES_MAX) {
        this.#sampleMembers = 0;
        return false;
      }
      for (let j = 0; j < length; j++) this.#bytes[at + j] = b[from + j]!;
      this.#lengths[i] = length;
      at += length;
    }
    return true;
  }

  /** The record in `b` serves as the model for which kind of value to try first. */
  #compile(b: Buffer): LayoutScan {
    const body = `
      const { kinds, starts, ends } = target;
      function scanBytes(b, start, end) {
        let p = start, s = 0, f = 0, d = 0;
        ${this.#code(b, false)}
        return p;
      }
      function scanWords(b, view, start, end) {
        const last = end - 4;
        let p = start, s = 0, f = 0, d = 0, w = 0, q = 0, e = 0;
        ${this.#code(b, true)}
        return p;
      }
      return function scan(b, view, start, end) {
        return view === null ? scanBytes(b, start, end) : scanWords(b, view, start, end);
      };`;
    return new Function('target', 'plain', 'skipFraction', body)(
      this.#target,
      STRING_BYTES,
      skipFraction,
    ) as LayoutScan;
  }

  #code(b: Buffer, words: boolean): string {
    const code: string[] = [];
    let at = 0;
    for (let i = 0; i <= this.#members; i++) {
      const length = this.#lengths[i]!;
      code.push(literalCode(this.#bytes.subarray(at, at + length), words));
      at += length;
      if (i === this.#members) break;
      const first = b[this.#ends[i]!]!;
      const slot = this.#slots[i]!;
      if (first === 0x22) code.push(textCode(slot, this.#target, words));
      else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) code.push(numberCode(slot, this.#target));
      else code.push(anyCode(slot, 'p'));
    }
    return code.join('\n        ');
  }
}

function literalCode(bytes: Uint8Array, words: boolean): string {
  const { length } = bytes;
  const tests: string[] = [];
  if (words && length >= 4) {
    tests.push(`p + ${length} > end`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    // The last word may begin within the one before.
    for (let j = 0; j < length; j += 4) {
      const from = Math.min(j, length - 4);
      tests.push(`view.getInt32(p + ${from}, true) !== ${view.getInt32(from, true)}`);
    }
  } else {
    bytes.forEach((byte, j) => tests.push(`b[p + ${j}] !== ${byte}`));
  }
  return `if (${tests.join(' || ')}) return ${NOT_JSON}; p += ${length};`;
}

/** Only numbers of our own go into the generated code; bytes of the data do so as numbers. */
function anyCode(slot: number, from: string): string {
  const call = slot < 0 ? `target.unwanted(b, ${from})` : `target.wanted(b, ${from}, ${slot})`;
  return `p = ${call}; if (p === ${NOT_JSON}) return ${NOT_JSON};`;
}

function noteCode(slot: number, kind: string, end: string): string {
  return slot < 0 ? '' : `kinds[${slot}] = ${kind}; starts[${slot}] = s; ends[${slot}] = ${end};`;
}

/**
 * Of four bytes at a time, those that end a run of plain ones have their highest bit set in `w`: quotes, backslashes, control characters and bytes
 * past ASCII. A byte may be marked wrongly, but only behind the first one that is marked rightly.
 */
const SKIP_WORDS = `
          for (w = 0; p <= last; p += 4) {
            w = view.getInt32(p, true);
            q = w ^ 0x22222222;
            e = w ^ 0x5c5c5c5c;
            w = (((q - 0x01010101) & ~q) | ((e - 0x01010101) & ~e) | ((w - 0x20202020) & ~w) | w) & 0x80808080;
            if (w !== 0) break;
          }
          if (w !== 0) p += (31 - Math.clz32(w & -w)) >>> 3;
          else while (plain[b[p]] === 0) p++;`;
const SKIP_BYTES = 'while (plain[b[p]] === 0) p++;';

function textCode(slot: number, target: LayoutTarget, words: boolean): string {
  return `
        s = ++p;
        if (b[p - 1] === 34) { ${words ? SKIP_WORDS : SKIP_BYTES} }
        if (b[p] === 34 && b[s - 1] === 34) { ${noteCode(slot, String(target.asciiText), 'p')} p++; }
        else { ${anyCode(slot, 's - 1')} }`;
}

function numberCode(slot: number, target: LayoutTarget): string {
  const whole = `p - f <= ${target.wholeDigitsMax} ? ${target.wholeNumber} : ${target.number}`;
  return `
        s = p;
        if (b[p] === 45) p++;
        f = p;
        d = b[p] - 48;
        while (d >= 0 && d <= 9) d = b[++p] - 48;
        if (p === f || (b[f] === 48 && p > f + 1)) { ${anyCode(slot, 's')} }
        else if (d === -2 || (b[p] | 32) === 101) {
          p = skipFraction(b, p);
          if (p === ${NOT_JSON}) return ${NOT_JSON};
          ${noteCode(slot, String(target.number), 'p')}
        } else { ${noteCode(slot, whole, 'p')} }`;
}
