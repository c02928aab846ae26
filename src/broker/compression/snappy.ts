import { copyBytes, copyMatch, damaged, tooLarge } from './output.js';

/*
 * Snappy (google/snappy, format_description.txt): the unpacked length as a varint, then literals and copies. Kafka's clients write it in
 * the framing of snappy-java: a header of 16 bytes (magic, version, lowest version that can read it), then blocks, each an int32 length and
 * a stream of its own. Some clients write a bare stream; a header may come again where framed streams were joined.
 */

const FRAME_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The first four bytes of the magic, which no length can be. */
const FRAME_MAGIC_START = FRAME_MAGIC.readInt32BE(0);
const FRAME_HEADER_BYTES = 16;
const FRAME_VERSION = 1;
/** A copy of 64 bytes takes three: more than this for each byte of input is a lie, known before memory is spent. */
const GROWTH_MAX = 22;

/** Distances within a block fit two bytes. */
const BLOCK_BYTES = 64 * 1024;
const TABLE_BITS = 14;
/** Where a hash was seen last, from the start of the block. */
const table = new Uint16Array(1 << TABLE_BITS);
/** A shorter rest is not searched. */
const SEARCHED_BYTES_MIN = 16;

/** Unpacks a framed or a bare stream. @throws SystemError `corrupt-batch` */
export function decompressSnappy(bytes: Buffer, bytesMax: number): Buffer {
  if (bytes.length < FRAME_HEADER_BYTES || FRAME_MAGIC.compare(bytes, 0, FRAME_MAGIC.length) !== 0) {
    const output = Buffer.allocUnsafe(unpackedLength(bytes, 0, bytes.length, bytesMax));
    unpackStream(bytes, 0, bytes.length, output, 0, output.length);
    return output;
  }
  const output = Buffer.allocUnsafe(framedLength(bytes, bytesMax));
  let to = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    if (length === FRAME_MAGIC_START) {
      at += FRAME_HEADER_BYTES;
      continue;
    }
    at += 4;
    const end = to + unpackedLength(bytes, at, at + length, bytesMax);
    unpackStream(bytes, at, at + length, output, to, end);
    at += length;
    to = end;
  }
  return output;
}

/** Walks the blocks of a framed stream, all of which must be whole, and adds up what they say they hold. */
function framedLength(bytes: Buffer, bytesMax: number): number {
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 4) throw damaged('snappy', 'it ends inside the length of a block');
    const length = bytes.readInt32BE(at);
    if (length === FRAME_MAGIC_START) {
      checkFrameHeader(bytes, at);
      at += FRAME_HEADER_BYTES;
      continue;
    }
    at += 4;
    if (length <= 0 || length > bytes.length - at) throw damaged('snappy', 'a block is longer than the batch');
    total += unpackedLength(bytes, at, at + length, bytesMax);
    if (total > bytesMax) throw tooLarge('snappy', bytesMax);
    at += length;
  }
  return total;
}

function checkFrameHeader(bytes: Buffer, at: number): void {
  if (
    bytes.length - at < FRAME_HEADER_BYTES ||
    FRAME_MAGIC.compare(bytes, at, at + FRAME_MAGIC.length) !== 0 ||
    bytes.readInt32BE(at + FRAME_MAGIC.length) < FRAME_VERSION
  ) {
    throw damaged('snappy', 'the header of its framing is not right');
  }
}

/** What a stream says it holds, if that can be. */
function unpackedLength(bytes: Buffer, start: number, end: number, bytesMax: number): number {
  const at = afterLength(bytes, start, end);
  let length = 0;
  let scale = 1;
  for (let i = start; i < at; i++) {
    length += (bytes[i]! & 0x7f) * scale;
    scale *= 128;
  }
  if (length > bytesMax) throw tooLarge('snappy', bytesMax);
  if (length > (end - at) * GROWTH_MAX) throw damaged('snappy', 'it says it holds more than it can');
  return length;
}

function afterLength(bytes: Buffer, start: number, end: number): number {
  const last = Math.min(end, start + 5);
  for (let at = start; at < last; at++) if (bytes[at]! < 0x80) return at + 1;
  throw damaged('snappy', 'its length is not a number');
}

/** Unpacks the stream in `bytes[start, end)` so that it fills `output[outputStart, outputEnd)`. */
function unpackStream(
  bytes: Buffer,
  start: number,
  end: number,
  output: Buffer,
  outputStart: number,
  outputEnd: number,
): void {
  let at = afterLength(bytes, start, end);
  let to = outputStart;
  while (at < end) {
    const tag = bytes[at++]!;
    const kind = tag & 3;
    const extra = kind === 0 ? Math.max(0, (tag >>> 2) - 59) : kind === 3 ? 4 : kind;
    if (extra > end - at) throw damaged('snappy', 'it ends inside a number');
    let length: number;
    if (kind === 0) {
      length = tag >>> 2;
      if (extra > 0) length = littleEndian(bytes, at, extra);
      length++;
      at += extra;
      if (length > end - at) throw damaged('snappy', 'a literal is longer than the batch');
      if (length > outputEnd - to) throw damaged('snappy', 'it holds more than it says');
      copyBytes(bytes, at, output, to, length);
      at += length;
    } else {
      let distance: number;
      if (kind === 1) {
        length = ((tag >>> 2) & 7) + 4;
        distance = ((tag >>> 5) << 8) | bytes[at]!;
      } else {
        length = (tag >>> 2) + 1;
        distance = kind === 2 ? bytes[at]! | (bytes[at + 1]! << 8) : littleEndian(bytes, at, 4);
      }
      at += extra;
      if (distance === 0 || distance > to - outputStart) throw damaged('snappy', 'a copy begins before the data');
      if (length > outputEnd - to) throw damaged('snappy', 'it holds more than it says');
      // A long match is written as many equal copies of at most 64 bytes. As one they are copied several times as fast.
      const step = length;
      while (step <= outputEnd - to - length && isAgain(bytes, at, extra + 1, end)) {
        at += extra + 1;
        length += step;
      }
      copyMatch(output, to, distance, length);
    }
    to += length;
  }
  if (to !== outputEnd) throw damaged('snappy', 'it holds less than it says');
}

/** Whether the `width` bytes before `at` follow once more. */
function isAgain(bytes: Buffer, at: number, width: number, end: number): boolean {
  if (width > end - at) return false;
  for (let i = at; i < at + width; i++) if (bytes[i] !== bytes[i - width]) return false;
  return true;
}

function littleEndian(bytes: Buffer, at: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

/** Packs into the framing of snappy-java. */
export function compressSnappy(bytes: Buffer): Buffer {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  const output = Buffer.allocUnsafe(FRAME_HEADER_BYTES + bytes.length + Math.ceil(bytes.length / 6) + blocks * 64);
  FRAME_MAGIC.copy(output);
  output.writeInt32BE(FRAME_VERSION, FRAME_MAGIC.length);
  output.writeInt32BE(FRAME_VERSION, FRAME_MAGIC.length + 4);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let to = FRAME_HEADER_BYTES;
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const end = packStream(bytes, words, start, Math.min(start + BLOCK_BYTES, bytes.length), output, to + 4);
    output.writeInt32BE(end - to - 4, to);
    to = end;
  }
  return output.subarray(0, to);
}

/** Packs `bytes[start, end)`, at most a block, at `output[to]`; returns where it ends. */
function packStream(bytes: Buffer, words: DataView, start: number, end: number, output: Buffer, to: number): number {
  let out = to;
  let rest = end - start;
  while (rest > 0x7f) {
    output[out++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  output[out++] = rest;

  let literalStart = start;
  if (end - start >= SEARCHED_BYTES_MIN) {
    table.fill(0);
    const searchEnd = end - SEARCHED_BYTES_MIN;
    let at = start + 1;
    // Steps grow while nothing is found, so that what cannot be packed costs little.
    let steps = 32;
    while (at <= searchEnd) {
      const word = words.getInt32(at, true);
      const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS);
      const candidate = start + table[slot]!;
      table[slot] = at - start;
      if (words.getInt32(candidate, true) !== word) {
        at += steps++ >>> 5;
        continue;
      }
      if (at > literalStart) out = putLiteral(bytes, literalStart, at, output, out);
      const distance = at - candidate;
      let matchEnd = at + 4;
      while (matchEnd < end && bytes[matchEnd] === bytes[matchEnd - distance]) matchEnd++;
      out = putCopy(output, out, distance, matchEnd - at);
      at = literalStart = matchEnd;
      steps = 32;
    }
  }
  return literalStart < end ? putLiteral(bytes, literalStart, end, output, out) : out;
}

function putLiteral(bytes: Buffer, start: number, end: number, output: Buffer, to: number): number {
  const length = end - start - 1;
  let out = to;
  if (length < 60) {
    output[out++] = length << 2;
  } else if (length < 0x100) {
    output[out++] = 60 << 2;
    output[out++] = length;
  } else {
    output[out++] = 61 << 2;
    output[out++] = length & 0xff;
    output[out++] = length >>> 8;
  }
  copyBytes(bytes, start, output, out, end - start);
  return out + end - start;
}

function putCopy(output: Buffer, to: number, distance: number, length: number): number {
  let out = to;
  let rest = length;
  while (rest > 0) {
    // What is left over is at least four, so that it fits the short form.
    const step = rest >= 68 ? 64 : rest > 64 ? 60 : rest;
    if (step < 12 && distance < 2048) {
      output[out++] = ((distance >>> 8) << 5) | ((step - 4) << 2) | 1;
      output[out++] = distance & 0xff;
    } else {
      output[out++] = ((step - 1) << 2) | 2;
      output[out++] = distance & 0xff;
      output[out++] = distance >>> 8;
    }
    rest -= step;
  }
  return out;
}
