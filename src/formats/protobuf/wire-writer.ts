import { writeUtf8 } from '../byte-text.js';
import type { ByteSink } from '../format.js';

/** Bytes of the longest number, and of the longest tag. */
export const NUMBER_BYTES_MAX = 10;
export const TAG_BYTES_MAX = 5;

const scratch = new Uint8Array(8);
const scratchDouble = new Float64Array(scratch.buffer);
const scratchFloat = new Float32Array(scratch.buffer);

/** Writes a number from 0 to 2^32 - 1; there is room for it. Returns the position after it. */
export function putVarint(bytes: Buffer, position: number, value: number): number {
  let p = position;
  let rest = value;
  while (rest > 0x7f) {
    bytes[p++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[p++] = rest;
  return p;
}

/** Writes the 64 bits of a BIGINT value. */
export function putInt64(bytes: Buffer, position: number, value: number | bigint): number {
  if (typeof value === 'number' && value >= 0 && value <= 0xffff_ffff) return putVarint(bytes, position, value);
  return putHalves(bytes, position, lowHalf(value), highHalf(value));
}

/** As {@link putInt64}, with the sign in the lowest bit, so that small negative numbers are short. */
export function putSint64(bytes: Buffer, position: number, value: number | bigint): number {
  const low = lowHalf(value);
  const high = highHalf(value);
  const sign = high >> 31;
  return putHalves(bytes, position, ((low << 1) ^ sign) >>> 0, (((high << 1) | (low >>> 31)) ^ sign) >>> 0);
}

export function putFixed64(bytes: Buffer, position: number, value: number | bigint): number {
  return putFixed32(bytes, putFixed32(bytes, position, lowHalf(value)), highHalf(value));
}

export function putFixed32(bytes: Buffer, position: number, value: number): number {
  bytes[position] = value & 0xff;
  bytes[position + 1] = (value >>> 8) & 0xff;
  bytes[position + 2] = (value >>> 16) & 0xff;
  bytes[position + 3] = value >>> 24;
  return position + 4;
}

export function putDouble(bytes: Buffer, position: number, value: number): number {
  scratchDouble[0] = value;
  for (let i = 0; i < 8; i++) bytes[position + i] = scratch[i]!;
  return position + 8;
}

export function putFloat(bytes: Buffer, position: number, value: number): number {
  scratchFloat[0] = value;
  for (let i = 0; i < 4; i++) bytes[position + i] = scratch[i]!;
  return position + 4;
}

function putHalves(bytes: Buffer, position: number, lowBits: number, highBits: number): number {
  let p = position;
  let low = lowBits >>> 0;
  let high = highBits >>> 0;
  while (high !== 0 || low > 0x7f) {
    bytes[p++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  bytes[p++] = low;
  return p;
}

function lowHalf(value: number | bigint): number {
  return typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value));
}

function highHalf(value: number | bigint): number {
  return typeof value === 'number' ? Math.floor(value / 0x1_0000_0000) | 0 : Number(BigInt.asIntN(32, value >> 32n));
}

/** Appends the text's length and its UTF-8. */
export function writeText(sink: ByteSink, text: string): void {
  const { length } = text;
  // Room for the length in front, which is one byte unless the text is long.
  const prefix = length < 0x80 ? 1 : lengthBytes(length);
  sink.reserve(prefix + length * 3);
  const start = sink.position;
  sink.position = start + prefix;
  writeUtf8(sink, text);
  endDelimited(sink, start, prefix);
}

export function writeBytes(sink: ByteSink, bytes: Buffer): void {
  const { length } = bytes;
  sink.reserve(TAG_BYTES_MAX + length);
  const p = putVarint(sink.bytes, sink.position, length);
  bytes.copy(sink.bytes, p);
  sink.position = p + length;
}

/** Begins a value with its length in front, and says where; {@link endDelimited} takes it back. */
export function beginDelimited(sink: ByteSink): number {
  sink.reserve(1);
  return sink.position++;
}

/** Writes the length of what was appended since `start + prefix`, and moves that when the length takes more than `prefix` bytes. */
export function endDelimited(sink: ByteSink, start: number, prefix = 1): void {
  const from = start + prefix;
  const length = sink.position - from;
  if (length < 0x80 && prefix === 1) {
    sink.bytes[start] = length;
    return;
  }
  const needed = lengthBytes(length);
  if (needed !== prefix) {
    sink.reserve(needed);
    sink.bytes.copyWithin(start + needed, from, sink.position);
    sink.position += needed - prefix;
  }
  putVarint(sink.bytes, start, length);
}

function lengthBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest > 0x7f; rest >>>= 7) bytes++;
  return bytes;
}
