import { writeUtf8 } from '../byte-text.js';
import type { ByteSink } from '../format.js';

/* Functions that write at `p`, where there is room, and return the position behind what they have written. */

/** Makes room for `n` bytes at `p`; returns the sink's bytes, which may be others than before. */
export function grow(sink: ByteSink, p: number, n: number): Buffer {
  sink.position = p;
  sink.reserve(n);
  return sink.bytes;
}

/** At most 5 bytes. */
export function putInt(b: Buffer, p: number, value: number): number {
  let n = ((value << 1) ^ (value >> 31)) >>> 0;
  while (n > 0x7f) {
    b[p++] = (n & 0x7f) | 0x80;
    n >>>= 7;
  }
  b[p] = n;
  return p + 1;
}

const TWO_28 = 0x1000_0000;
const TWO_52 = 0x10_0000_0000_0000;

/** At most 10 bytes. */
export function putLong(b: Buffer, p: number, value: number | bigint): number {
  if (typeof value === 'number' && value < TWO_52 && value >= -TWO_52) {
    if (value === (value | 0)) return putInt(b, p, value);
    const n = value < 0 ? -2 * value - 1 : 2 * value;
    const high = Math.floor(n / TWO_28);
    return putRest(b, putLow(b, p, n - high * TWO_28), high);
  }
  const exact = BigInt(value);
  const n = BigInt.asUintN(64, (exact << 1n) ^ (exact >> 63n));
  p = putLow(b, p, Number(n & 0xfff_ffffn));
  const middle = Number((n >> 28n) & 0xfff_ffffn);
  const high = Number(n >> 56n);
  return high === 0 ? putRest(b, p, middle) : putRest(b, putLow(b, p, middle), high);
}

/** 28 bits that more follow. */
function putLow(b: Buffer, p: number, n: number): number {
  b[p] = (n & 0x7f) | 0x80;
  b[p + 1] = ((n >> 7) & 0x7f) | 0x80;
  b[p + 2] = ((n >> 14) & 0x7f) | 0x80;
  b[p + 3] = (n >> 21) | 0x80;
  return p + 4;
}

function putRest(b: Buffer, p: number, n: number): number {
  while (n > 0x7f) {
    b[p++] = (n & 0x7f) | 0x80;
    n >>>= 7;
  }
  b[p] = n;
  return p + 1;
}

const scratch = new ArrayBuffer(8);
const octets = new Uint8Array(scratch);
const doubles = new Float64Array(scratch);
const view = new DataView(scratch);
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export function putFloat(b: Buffer, p: number, value: number): number {
  return b.writeFloatLE(value, p);
}

export function putDouble(b: Buffer, p: number, value: number): number {
  if (!LITTLE_ENDIAN) return b.writeDoubleLE(value, p);
  doubles[0] = value;
  b[p] = octets[0]!;
  b[p + 1] = octets[1]!;
  b[p + 2] = octets[2]!;
  b[p + 3] = octets[3]!;
  b[p + 4] = octets[4]!;
  b[p + 5] = octets[5]!;
  b[p + 6] = octets[6]!;
  b[p + 7] = octets[7]!;
  return p + 8;
}

const SHORT_TEXT = 64;

/** Three bytes a UTF-16 code unit and 5 more. The sink's position is left anywhere. */
export function putText(sink: ByteSink, p: number, text: string): number {
  const b = sink.bytes;
  const length = text.length;
  if (length < SHORT_TEXT) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      b[p + 1 + i] = code;
    }
    if (i === length) {
      b[p] = length * 2;
      return p + 1 + length;
    }
  }
  const guess = lengthWidth(length);
  sink.position = p + guess;
  writeUtf8(sink, text);
  const written = sink.position - p - guess;
  const width = lengthWidth(written);
  if (width !== guess) b.copyWithin(p + width, p + guess, p + guess + written);
  return putInt(b, p, written) + written;
}

function lengthWidth(n: number): number {
  return n < 0x40 ? 1 : n < 0x2000 ? 2 : n < 0x10_0000 ? 3 : n < 0x800_0000 ? 4 : 5;
}

/** Its length and 5 bytes more. */
export function putBytes(b: Buffer, p: number, value: Buffer): number {
  return putRaw(b, putInt(b, p, value.length), value);
}

export function putRaw(b: Buffer, p: number, value: Uint8Array): number {
  b.set(value, p);
  return p + value.length;
}

/** The unscaled value in as few bytes of two's complement as hold it, after their number. */
export function putDecimal(b: Buffer, p: number, value: bigint): number {
  const length = signedBytes(value);
  return putSigned(b, putInt(b, p, length), value, length);
}

/** The unscaled value in so many bytes, which are enough. */
export function putFixedDecimal(b: Buffer, p: number, value: bigint, size: number): number {
  return putSigned(b, p, value, size);
}

/** How many bytes hold the number with its sign. */
export function signedBytes(value: bigint): number {
  const size = value < 0n ? ~value : value;
  if (size < 0x8000n) return size < 0x80n ? 1 : 2;
  if (size < 0x1_0000_0000_0000n) {
    const n = Number(size);
    return n < 0x80_0000 ? 3 : n < 0x8000_0000 ? 4 : n < 0x80_0000_0000 ? 5 : n < 0x8000_0000_0000 ? 6 : 7;
  }
  const digits = size.toString(16);
  return Math.ceil((digits.length * 4 + (digits.charCodeAt(0) > 0x37 ? 1 : 0)) / 8);
}

function putSigned(b: Buffer, p: number, value: bigint, length: number): number {
  if (length <= 8) {
    view.setBigInt64(0, value);
    for (let i = 0; i < length; i++) b[p + i] = octets[8 - length + i]!;
    return p + length;
  }
  const digits = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  b.write(digits, p, 'hex');
  return p + length;
}
