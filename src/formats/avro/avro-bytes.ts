import { toBigintValue } from '../../model/value.js';
import type { RepeatedText } from '../byte-text.js';
import { utf8Slice } from '../byte-text.js';
import { copyOf } from '../kafka.js';
import { ValueProblem } from '../value-problem.js';

/**
 * Where the value ends that a function of this module has just read. They all read at `p`, and those that take `end` never read past it; the others may
 * read what lies behind a record that is cut off, and zeros behind the buffer, which whoever walks the record notices when it ends. `emptyElements` counts elements that take no
 * bytes; whoever begins to read a column resets it.
 */
export const cursor = { at: 0, emptyElements: 0 };

/** Elements that take no bytes, in one column of a record: nothing else bounds their number. */
const EMPTY_ELEMENTS_MAX = 1_000;
/** Bytes of a decimal; the longest ones of a schema that is not absurd have some dozens. */
const DECIMAL_BYTES_MAX = 4_096;

const TWO_28 = 0x1000_0000;
const TWO_56 = 0x100_0000_0000_0000;

function malformed(problem: string): never {
  throw new ValueProblem(`malformed AVRO: ${problem}`);
}

export function truncated(): never {
  malformed('the bytes end before the record does');
}

export function wrongBlock(): never {
  malformed('a block is not as long as it says');
}

/** The index of a union's branch is none: perhaps because the bytes have ended. */
export function noBranch(p: number, end: number, path: string): never {
  if (p > end) truncated();
  throw new ValueProblem('malformed AVRO: the union has no such branch').inside(path);
}

export function tooDeep(): never {
  malformed('records within themselves nest too deep');
}

/** Past a number of at most `more` bytes after the one before `p`, all of which say that another one follows. */
export function skipVarint(b: Buffer, p: number, more: number): number {
  for (let i = 0; i < more; i++) if (!(b[p++]! > 0x7f)) return p;
  return malformed('a number of too many bytes');
}

/** Past a string or bytes, whose length may be anything. */
export function skipLong(b: Buffer, p: number): number {
  const n = size(b, p);
  return cursor.at + n;
}

export function int(b: Buffer, p: number): number {
  const first = b[p]!;
  if (!(first > 0x7f)) {
    cursor.at = p + 1;
    return (first >>> 1) ^ -(first & 1);
  }
  let n = first & 0x7f;
  for (let shift = 7; shift < 35; shift += 7) {
    const byte = b[++p]!;
    n |= (byte & 0x7f) << shift;
    if (!(byte > 0x7f)) {
      cursor.at = p + 1;
      return (n >>> 1) ^ -(n & 1);
    }
  }
  return malformed('an int of more than 5 bytes');
}

export function long(b: Buffer, p: number): number | bigint {
  const first = b[p]!;
  if (!(first > 0x7f)) {
    cursor.at = p + 1;
    return (first >>> 1) ^ -(first & 1);
  }
  let low = first & 0x7f;
  let byte = 0;
  for (let shift = 7; shift < 28; shift += 7) {
    byte = b[++p]!;
    low |= (byte & 0x7f) << shift;
    if (!(byte > 0x7f)) {
      cursor.at = p + 1;
      return (low >>> 1) ^ -(low & 1);
    }
  }
  let middle = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    byte = b[++p]!;
    middle |= (byte & 0x7f) << shift;
    if (!(byte > 0x7f)) {
      cursor.at = p + 1;
      return unzigzag(low, middle, 0);
    }
  }
  const ninth = b[++p]! & 0xff;
  if (ninth < 0x80) {
    cursor.at = p + 1;
    return unzigzag(low, middle, ninth);
  }
  const tenth = b[++p]!;
  if (tenth > 0x7f) malformed('a long of more than 10 bytes');
  cursor.at = p + 1;
  return unzigzag(low, middle, (ninth & 0x7f) | ((tenth & 1) << 7));
}

/** The signed number of 28, 28 and 8 bits. */
function unzigzag(low: number, middle: number, high: number): number | bigint {
  const n = low + middle * TWO_28 + high * TWO_56;
  if (n <= Number.MAX_SAFE_INTEGER) return (low & 1) === 0 ? n / 2 : -(n + 1) / 2;
  const exact = BigInt(low) | (BigInt(middle) << 28n) | (BigInt(high) << 56n);
  return toBigintValue((low & 1) === 0 ? exact >> 1n : -(exact >> 1n) - 1n);
}

/** How long a string or bytes are; at most what a buffer could hold. */
export function size(b: Buffer, p: number): number {
  const n = long(b, p);
  if (n < 0) malformed('a negative length');
  if (n > 0x7fffffff) truncated();
  return n as number;
}

/** A union's index, doubled as it is written. */
export function branch(b: Buffer, p: number): number {
  return Number(long(b, p)) * 2;
}

/** How many elements a block of an array or map has; negative when its length in bytes follows. */
export function count(b: Buffer, p: number, end: number): number {
  if (p >= end) truncated();
  return Number(long(b, p));
}

/** For elements that take no bytes, and so would never come to the end of the record. */
export function checkEmpty(n: number): void {
  cursor.emptyElements += n;
  if (cursor.emptyElements > EMPTY_ELEMENTS_MAX) {
    malformed(`arrays have more than ${EMPTY_ELEMENTS_MAX} elements that take no bytes`);
  }
}

export function bool(b: Buffer, p: number): boolean {
  cursor.at = p + 1;
  return b[p] === 1;
}

const scratch = new ArrayBuffer(8);
const octets = new Uint8Array(scratch);
const floats = new Float32Array(scratch);
const doubles = new Float64Array(scratch);
const view = new DataView(scratch);
/** Which of the eight bytes comes first in a record, where numbers begin with their lowest byte. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export function float(b: Buffer, p: number, end: number): number {
  cursor.at = p + 4;
  if (p + 4 > end) truncated();
  if (!LITTLE_ENDIAN) return b.readFloatLE(p);
  octets[0] = b[p]!;
  octets[1] = b[p + 1]!;
  octets[2] = b[p + 2]!;
  octets[3] = b[p + 3]!;
  return floats[0]!;
}

export function double(b: Buffer, p: number, end: number): number {
  cursor.at = p + 8;
  if (p + 8 > end) truncated();
  if (!LITTLE_ENDIAN) return b.readDoubleLE(p);
  octets[0] = b[p]!;
  octets[1] = b[p + 1]!;
  octets[2] = b[p + 2]!;
  octets[3] = b[p + 3]!;
  octets[4] = b[p + 4]!;
  octets[5] = b[p + 5]!;
  octets[6] = b[p + 6]!;
  octets[7] = b[p + 7]!;
  return doubles[0]!;
}

const REPEATED_BYTES_MAX = 24;

export function text(texts: RepeatedText, b: Buffer, p: number, end: number): string {
  const first = b[p]!;
  let from = p + 1;
  let n = first >>> 1;
  if (!(first < 0x80) || (first & 1) !== 0) {
    n = size(b, p);
    from = cursor.at;
  }
  const to = from + n;
  if (to > end) truncated();
  cursor.at = to;
  if (n > REPEATED_BYTES_MAX) return utf8Slice(b, from, to);
  for (let i = from; i < to; i++) if (b[i]! > 0x7f) return utf8Slice(b, from, to);
  return texts.read(b, from, to);
}

export function bytes(b: Buffer, p: number, end: number): Buffer {
  const n = size(b, p);
  return fixed(b, cursor.at, end, n);
}

export function fixed(b: Buffer, p: number, end: number, n: number): Buffer {
  if (p + n > end) truncated();
  cursor.at = p + n;
  return copyOf(b, p, p + n);
}

/** The unscaled value of a decimal. */
export function decimal(b: Buffer, p: number, end: number): bigint {
  const n = size(b, p);
  return fixedDecimal(b, cursor.at, end, n);
}

/** A big-endian number in two's complement. */
export function fixedDecimal(b: Buffer, p: number, end: number, n: number): bigint {
  if (p + n > end) truncated();
  cursor.at = p + n;
  if (n === 0) malformed('a decimal of no bytes');
  if (n <= 6) {
    let value = (b[p]! << 24) >> 24;
    for (let i = p + 1; i < p + n; i++) value = value * 256 + b[i]!;
    return BigInt(value);
  }
  if (n <= 8) {
    octets.fill((b[p]! << 24) >> 31);
    for (let i = 0; i < n; i++) octets[8 - n + i] = b[p + i]!;
    return view.getBigInt64(0);
  }
  if (n > DECIMAL_BYTES_MAX) malformed(`a decimal of more than ${DECIMAL_BYTES_MAX} bytes`);
  return BigInt.asIntN(n * 8, BigInt(`0x${b.toString('hex', p, p + n)}`));
}
