import { copyBytes, copyMatch, damaged, Output } from './output.js';
import { xxHash32 } from './xxhash.js';

/*
 * LZ4 frames (lz4/lz4, lz4_Frame_format.md and lz4_Block_format.md): a header with a checksum, blocks of at most 4 MiB, each after its
 * length, and a length of zero at the end. Kafka's Java client writes independent blocks of 64 KiB without checksums and reads no more than
 * one such frame, so that is what is written here; any frame without a dictionary is read.
 */

const MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
const VERSION = 0x40;
const INDEPENDENT_BIT = 0x20;
const BLOCK_CHECKSUM_BIT = 0x10;
const CONTENT_SIZE_BIT = 0x08;
const CONTENT_CHECKSUM_BIT = 0x04;
const DICTIONARY_BIT = 0x01;
/** By the number in the header, 4 to 7. */
const BLOCK_BYTES = [0, 0, 0, 0, 64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024] as const;
const STORED_BIT = 0x80000000;
const HEADER_BYTES = 7;

const MATCH_BYTES_MIN = 4;
/** The last bytes of a block are literals, and no match begins so near to the end. */
const LAST_LITERALS = 5;
const LAST_MATCH = 12;

/** The block size written, by its number. */
const BLOCK_SIZE_WRITTEN = 4;
const TABLE_BITS = 14;
/** Where a hash was seen last, from the start of the block. */
const table = new Uint16Array(1 << TABLE_BITS);

/** Unpacks one frame or several in a row. @throws SystemError `corrupt-batch` */
export function decompressLz4(bytes: Buffer, bytesMax: number): Buffer {
  const output = new Output('lz4', bytesMax, bytes.length * 4);
  if (bytes.length === 0) throw damaged('lz4', 'it is empty');
  for (let at = 0; at < bytes.length; ) {
    const magic = readWord(bytes, at);
    if (magic === MAGIC) {
      at = unpackFrame(bytes, at, output);
    } else if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      at = within(bytes, at + 8, readWord(bytes, at + 4));
    } else {
      throw damaged('lz4', 'it is not a frame');
    }
  }
  return output.finish();
}

function unpackFrame(bytes: Buffer, start: number, output: Output): number {
  const flags = bytes[start + 4]!;
  const sizes = bytes[start + 5]!;
  const blockBytes = BLOCK_BYTES[sizes >>> 4]!;
  const headerEnd = within(bytes, start + HEADER_BYTES, flags & CONTENT_SIZE_BIT ? 8 : 0);
  // The reserved bit is of the same nibble as the version's, and must be zero too.
  if ((flags & 0xc2) !== VERSION || (sizes & 0x8f) !== 0 || !blockBytes)
    throw damaged('lz4', 'its header is not right');
  if (((xxHash32(bytes, start + 4, headerEnd - 1) >>> 8) & 0xff) !== bytes[headerEnd - 1]) {
    throw damaged('lz4', 'its header does not match its checksum');
  }
  if (flags & DICTIONARY_BIT) throw damaged('lz4', 'it needs a dictionary');

  const frameStart = output.length;
  let at = headerEnd;
  for (;;) {
    const word = readWord(bytes, at);
    at += 4;
    if (word === 0) break;
    const length = word & ~STORED_BIT;
    if (length > blockBytes) throw damaged('lz4', 'a block is longer than the header allows');
    const end = within(bytes, at, length);
    if (word >= STORED_BIT) {
      output.reserve(length);
      copyBytes(bytes, at, output.bytes, output.length, length);
      output.length += length;
    } else {
      unpackBlock(bytes, at, end, output, flags & INDEPENDENT_BIT ? output.length : frameStart, blockBytes);
    }
    if (flags & BLOCK_CHECKSUM_BIT && readWord(bytes, end) !== xxHash32(bytes, at, end)) {
      throw damaged('lz4', 'a block does not match its checksum');
    }
    at = flags & BLOCK_CHECKSUM_BIT ? end + 4 : end;
  }
  const contentBytes = output.length - frameStart;
  if (flags & CONTENT_SIZE_BIT && readWord(bytes, start + 6) + readWord(bytes, start + 10) * 2 ** 32 !== contentBytes) {
    throw damaged('lz4', 'it does not hold as much as it says');
  }
  if (flags & CONTENT_CHECKSUM_BIT) {
    if (readWord(bytes, at) !== xxHash32(output.bytes, frameStart, output.length)) {
      throw damaged('lz4', 'it does not match its checksum');
    }
    at += 4;
  }
  return at;
}

/** Unpacks the block in `bytes[start, end)` to the end of `output`; its matches reach back to `floor` at most. */
function unpackBlock(
  bytes: Buffer,
  start: number,
  end: number,
  output: Output,
  floor: number,
  blockBytes: number,
): void {
  // No byte of a block stands for more than 255.
  const room = Math.min(blockBytes, (end - start) * 255, output.left);
  output.reserve(room);
  const target = output.bytes;
  const targetEnd = output.length + room;
  let at = start;
  let to = output.length;
  for (;;) {
    if (at >= end) throw damaged('lz4', 'a block ends in the middle');
    const token = bytes[at++]!;
    let length = token >>> 4;
    if (length === 15) {
      let byte: number;
      do {
        if (at >= end) throw damaged('lz4', 'a block ends in the middle');
        byte = bytes[at++]!;
        length += byte;
      } while (byte === 255);
    }
    if (length > end - at) throw damaged('lz4', 'a literal is longer than its block');
    if (length > targetEnd - to) throw damaged('lz4', 'a block holds more than it may');
    copyBytes(bytes, at, target, to, length);
    at += length;
    to += length;
    if (at === end) break;

    if (end - at < 2) throw damaged('lz4', 'a block ends in the middle');
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    length = (token & 15) + MATCH_BYTES_MIN;
    if ((token & 15) === 15) {
      let byte: number;
      do {
        if (at >= end) throw damaged('lz4', 'a block ends in the middle');
        byte = bytes[at++]!;
        length += byte;
      } while (byte === 255);
    }
    if (distance === 0 || distance > to - floor) throw damaged('lz4', 'a match begins before the data');
    if (length > targetEnd - to) throw damaged('lz4', 'a block holds more than it may');
    copyMatch(target, to, distance, length);
    to += length;
  }
  output.length = to;
}

function readWord(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw damaged('lz4', 'it is cut short');
  return bytes.readUInt32LE(at);
}

/** Where `length` bytes from `at` end, if they are there. */
function within(bytes: Buffer, at: number, length: number): number {
  if (length > bytes.length - at) throw damaged('lz4', 'it is cut short');
  return at + length;
}

/** Packs into one frame. */
export function compressLz4(bytes: Buffer): Buffer {
  const blockBytes = BLOCK_BYTES[BLOCK_SIZE_WRITTEN];
  const blocks = Math.ceil(bytes.length / blockBytes);
  // A block that does not shrink is stored, but is tried first.
  const output = Buffer.allocUnsafe(HEADER_BYTES + bytes.length + Math.ceil(bytes.length / 255) + blocks * 20 + 4);
  output.writeUInt32LE(MAGIC, 0);
  output[4] = VERSION | INDEPENDENT_BIT;
  output[5] = BLOCK_SIZE_WRITTEN << 4;
  output[6] = xxHash32(output, 4, 6) >>> 8;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let to = HEADER_BYTES;
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const end = Math.min(start + blockBytes, bytes.length);
    const packedEnd = packBlock(bytes, words, start, end, output, to + 4);
    if (packedEnd - to - 4 < end - start) {
      output.writeUInt32LE(packedEnd - to - 4, to);
      to = packedEnd;
    } else {
      output.writeUInt32LE((end - start + STORED_BIT) >>> 0, to);
      to += 4 + bytes.copy(output, to + 4, start, end);
    }
  }
  output.writeUInt32LE(0, to);
  return output.subarray(0, to + 4);
}

/** Packs `bytes[start, end)`, at most 64 KiB, at `output[to]`; returns where it ends. */
function packBlock(bytes: Buffer, words: DataView, start: number, end: number, output: Buffer, to: number): number {
  const searchEnd = end - LAST_MATCH;
  const matchEndMax = end - LAST_LITERALS;
  let out = to;
  let literalStart = start;
  let at = start + 1;
  // Steps grow while nothing is found, so that what cannot be packed costs little.
  let steps = 64;
  table.fill(0);
  while (at <= searchEnd) {
    const word = words.getInt32(at, true);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - TABLE_BITS);
    const candidate = start + table[slot]!;
    table[slot] = at - start;
    if (words.getInt32(candidate, true) !== word) {
      at += steps++ >>> 6;
      continue;
    }
    const distance = at - candidate;
    let matchEnd = at + MATCH_BYTES_MIN;
    while (matchEnd < matchEndMax && bytes[matchEnd] === bytes[matchEnd - distance]) matchEnd++;
    const length = matchEnd - at - MATCH_BYTES_MIN;
    const token = out;
    out = putLiterals(bytes, literalStart, at, output, out);
    output[out++] = distance & 0xff;
    output[out++] = distance >>> 8;
    output[token]! |= Math.min(length, 15);
    if (length >= 15) out = putLength(output, out, length - 15);
    at = literalStart = matchEnd;
    steps = 64;
  }
  return putLiterals(bytes, literalStart, end, output, out);
}

/** A token with the length of the literals, and the literals. */
function putLiterals(bytes: Buffer, start: number, end: number, output: Buffer, to: number): number {
  const length = end - start;
  output[to] = Math.min(length, 15) << 4;
  const out = length >= 15 ? putLength(output, to + 1, length - 15) : to + 1;
  copyBytes(bytes, start, output, out, length);
  return out + length;
}

function putLength(output: Buffer, to: number, length: number): number {
  let out = to;
  let rest = length;
  for (; rest >= 255; rest -= 255) output[out++] = 255;
  output[out++] = rest;
  return out;
}
