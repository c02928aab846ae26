/*
 * The two checksums of xxHash (Cyan4973/xxHash, xxhash_spec.md) with seed 0: 32 bits for LZ4 frames, and of the 64 bits the lower half,
 * which is what Zstandard frames carry.
 */

const A32 = 0x9e3779b1;
const B32 = 0x85ebca77;
const C32 = 0xc2b2ae3d;
const D32 = 0x27d4eb2f;
const E32 = 0x165667b1;

/** XXH32 of `bytes[start, end)`, unsigned. */
export function xxHash32(bytes: Buffer, start: number, end: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = start;
  let hash: number;
  if (end - start >= 16) {
    let a = (A32 + B32) | 0;
    let b = B32 | 0;
    let c = 0;
    let d = -A32 | 0;
    for (; at + 16 <= end; at += 16) {
      a = round32(a, words.getInt32(at, true));
      b = round32(b, words.getInt32(at + 4, true));
      c = round32(c, words.getInt32(at + 8, true));
      d = round32(d, words.getInt32(at + 12, true));
    }
    hash = (rotate32(a, 1) + rotate32(b, 7) + rotate32(c, 12) + rotate32(d, 18)) | 0;
  } else {
    hash = E32;
  }
  hash = (hash + (end - start)) | 0;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(rotate32((hash + Math.imul(words.getInt32(at, true), C32)) | 0, 17), D32);
  }
  for (; at < end; at++) hash = Math.imul(rotate32((hash + Math.imul(bytes[at]!, E32)) | 0, 11), A32);
  hash = Math.imul(hash ^ (hash >>> 15), B32);
  hash = Math.imul(hash ^ (hash >>> 13), C32);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round32(accumulator: number, word: number): number {
  return Math.imul(rotate32((accumulator + Math.imul(word, B32)) | 0, 13), A32);
}

function rotate32(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** A 64-bit integer as two halves: a `bigint` for each step takes ten times as long. */
interface Halves {
  high: number;
  low: number;
}

const halves = (value: bigint): Halves => ({ high: Number(value >> 32n) | 0, low: Number(value & 0xffffffffn) | 0 });

const A64 = halves(0x9e3779b185ebca87n);
const B64 = halves(0xc2b2ae3d27d4eb4fn);
const C64 = halves(0x165667b19e3779f9n);
const D64 = halves(0x85ebca77c2b2ae63n);
const E64 = halves(0x27d4eb2f165667c5n);
/** What the four lanes begin with: A + B, B, 0, -A. */
const LANES = [0x60ea27eeadc0b5d6n, 0xc2b2ae3d27d4eb4fn, 0n, 0x61c8864e7a143579n] as const;
const ROTATIONS = [1, 7, 12, 18] as const;

const hash: Halves = { high: 0, low: 0 };
const word: Halves = { high: 0, low: 0 };

/** The lower 32 bits of XXH64 of `bytes[start, end)`, unsigned. */
export function xxHash64Low(bytes: Buffer, start: number, end: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = start;
  if (end - start >= 32) {
    const lanes = LANES.map(halves);
    for (; at + 32 <= end; at += 32) {
      for (let i = 0; i < 4; i++) {
        loadWord(words, at + i * 8);
        round64(lanes[i]!);
      }
    }
    hash.high = hash.low = 0;
    for (let i = 0; i < 4; i++) {
      word.high = lanes[i]!.high;
      word.low = lanes[i]!.low;
      rotate64(word, ROTATIONS[i]!);
      add64(hash, word);
    }
    for (let i = 0; i < 4; i++) {
      word.high = lanes[i]!.high;
      word.low = lanes[i]!.low;
      mixWord();
      multiply64(hash, A64);
      add64(hash, D64);
    }
  } else {
    hash.high = E64.high;
    hash.low = E64.low;
  }
  word.high = 0;
  word.low = end - start;
  add64(hash, word);
  for (; at + 8 <= end; at += 8) {
    loadWord(words, at);
    mixWord();
    rotate64(hash, 27);
    multiply64(hash, A64);
    add64(hash, D64);
  }
  if (at + 4 <= end) {
    word.high = 0;
    word.low = words.getInt32(at, true);
    at += 4;
    multiply64(word, A64);
    xorWord();
    rotate64(hash, 23);
    multiply64(hash, B64);
    add64(hash, C64);
  }
  for (; at < end; at++) {
    word.high = 0;
    word.low = bytes[at]!;
    multiply64(word, E64);
    xorWord();
    rotate64(hash, 11);
    multiply64(hash, A64);
  }
  hash.low ^= hash.high >>> 1;
  multiply64(hash, B64);
  shiftXor(29);
  multiply64(hash, C64);
  return (hash.low ^ hash.high) >>> 0;
}

function loadWord(words: DataView, at: number): void {
  word.low = words.getInt32(at, true);
  word.high = words.getInt32(at + 4, true);
}

/** lane = rotate(lane + word * B, 31) * A */
function round64(lane: Halves): void {
  multiply64(word, B64);
  add64(lane, word);
  rotate64(lane, 31);
  multiply64(lane, A64);
}

/** hash ^= rotate(word * B, 31) * A */
function mixWord(): void {
  multiply64(word, B64);
  rotate64(word, 31);
  multiply64(word, A64);
  xorWord();
}

function xorWord(): void {
  hash.high ^= word.high;
  hash.low ^= word.low;
}

/** hash ^= hash >>> by */
function shiftXor(by: number): void {
  const low = (hash.low >>> by) | (hash.high << (32 - by));
  hash.low ^= low;
  hash.high ^= hash.high >>> by;
}

function add64(target: Halves, other: Halves): void {
  const low = (target.low >>> 0) + (other.low >>> 0);
  target.high = (target.high + other.high + (low > 0xffffffff ? 1 : 0)) | 0;
  target.low = low | 0;
}

/** @param by 1 to 31 */
function rotate64(target: Halves, by: number): void {
  const { high, low } = target;
  target.high = (high << by) | (low >>> (32 - by));
  target.low = (low << by) | (high >>> (32 - by));
}

function multiply64(target: Halves, other: Halves): void {
  const a0 = target.low & 0xffff;
  const a1 = target.low >>> 16;
  const b0 = other.low & 0xffff;
  const b1 = other.low >>> 16;
  const first = a0 * b0;
  const second = a1 * b0 + (first >>> 16);
  const third = a0 * b1 + (second & 0xffff);
  const carried = a1 * b1 + (second >>> 16) + (third >>> 16);
  target.high = (carried + Math.imul(target.high, other.low) + Math.imul(target.low, other.high)) | 0;
  target.low = (third << 16) | (first & 0xffff);
}
