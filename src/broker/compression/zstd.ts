import * as zlib from 'node:zlib';
import { SystemError } from '../../model/errors.js';
import { unpackWithZlib } from './gzip.js';
import { copyBytes, damaged, Output, tooLarge } from './output.js';
import { xxHash64Low } from './xxhash.js';
import { ZSTD_BLOCK_BYTES_MAX, ZstdBlocks } from './zstd-block.js';
import { ZstdInput } from './zstd-entropy.js';

/*
 * Zstandard (RFC 8878). Node has it from 22.15 on; before, frames are unpacked by the decoder in `zstd-block.ts` and none can be written.
 * The frames are found here in both cases: Node reads one and passes over what follows in silence.
 */

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_HEADER_BYTES = 3;
/* Kinds of blocks; 0 is one that is stored. */
const RUN_BLOCK = 1;
const COMPRESSED_BLOCK = 2;
const RESERVED_BLOCK = 3;
/** The header of the literals and the number of sequences. */
const COMPRESSED_BYTES_MIN = 2;
/** As much as Kafka's clients accept. */
const WINDOW_BYTES_MAX = 128 * 1024 * 1024;

/** What newer versions of Node have. */
interface ZstdOfNode {
  readonly zstdCompressSync?: (bytes: Buffer) => Buffer;
  readonly zstdDecompressSync?: (bytes: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Buffer;
}
const node: ZstdOfNode = zlib as object;

/** Whether this version of Node can write Zstandard. */
export const CAN_COMPRESS_ZSTD = node.zstdCompressSync !== undefined;

interface Frame {
  /** Where its first block begins. */
  readonly blocksAt: number;
  readonly end: number;
  /** Unpacked; null when the frame does not say. */
  readonly contentBytes: number | null;
  readonly blockBytesMax: number;
  readonly hasChecksum: boolean;
}

/** Unpacks one frame or several in a row. @throws SystemError `corrupt-batch` */
export function decompressZstd(bytes: Buffer, bytesMax: number): Buffer {
  const unpack = node.zstdDecompressSync;
  if (unpack === undefined) return decompressZstdHere(bytes, bytesMax);
  const parts: Buffer[] = [];
  let left = bytesMax;
  for (let at = 0; at < bytes.length || at === 0; ) {
    const frame = readFrame(bytes, at, left);
    if (frame.contentBytes !== 0 && frame.blocksAt < frame.end) {
      const part = unpackWithZlib('zstd', bytes.subarray(at, frame.end), Math.max(left, 1), unpack);
      if (part.length > left) throw tooLarge('zstd', bytesMax);
      left -= part.length;
      parts.push(part);
    }
    at = frame.end;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** {@link decompressZstd} without Node's help. */
export function decompressZstdHere(bytes: Buffer, bytesMax: number): Buffer {
  const input = new ZstdInput(bytes);
  const output = new Output('zstd', bytesMax, bytes.length * 4);
  for (let at = 0; at < bytes.length || at === 0; ) {
    const frame = readFrame(bytes, at, output.left);
    if (frame.blocksAt < frame.end) unpackFrame(bytes, input, frame, output);
    at = frame.end;
  }
  return output.finish();
}

export function compressZstd(bytes: Buffer): Buffer {
  if (node.zstdCompressSync === undefined) {
    throw new SystemError(`Node ${process.versions.node} cannot write zstd`, {
      code: 'unsupported-compression',
      hint: 'use lz4, or run Node 22.15 or later',
    });
  }
  return node.zstdCompressSync(bytes);
}

/** Reads the header of the frame at `start` and walks its blocks, all of which must be there. A frame to skip has none. */
function readFrame(bytes: Buffer, start: number, bytesMax: number): Frame {
  need(bytes, start, 8);
  const magic = bytes.readUInt32LE(start);
  if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
    const length = bytes.readUInt32LE(start + 4);
    need(bytes, start + 8, length);
    const end = start + 8 + length;
    return { blocksAt: end, end, contentBytes: 0, blockBytesMax: 0, hasChecksum: false };
  }
  if (magic !== MAGIC) throw damaged('zstd', 'it is not a frame');

  const flags = bytes[start + 4]!;
  const isSingle = (flags & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >>> 6]!;
  const hasChecksum = (flags & 4) !== 0;
  if (flags & 8) throw damaged('zstd', 'a reserved bit is set');
  let at = start + 5;
  let windowBytes = 0;
  if (!isSingle) {
    const window = bytes[at++]!;
    windowBytes = 2 ** (10 + (window >>> 3)) * (1 + (window & 7) / 8);
  }
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  need(bytes, at, dictionaryBytes + sizeBytes);
  for (let i = 0; i < dictionaryBytes; i++) if (bytes[at++] !== 0) throw damaged('zstd', 'it needs a dictionary');
  let contentBytes: number | null = null;
  if (sizeBytes > 0) {
    contentBytes = sizeBytes === 2 ? 256 : 0;
    for (let i = 0, scale = 1; i < sizeBytes; i++, scale *= 256) contentBytes += bytes[at++]! * scale;
    if (contentBytes > bytesMax) throw tooLarge('zstd', bytesMax);
    if (isSingle) windowBytes = contentBytes;
  }
  if (windowBytes > WINDOW_BYTES_MAX) throw damaged('zstd', `its window is ${windowBytes} bytes`);

  const blocksAt = at;
  let isLast = false;
  while (!isLast) {
    need(bytes, at, BLOCK_HEADER_BYTES);
    const header = bytes.readUIntLE(at, BLOCK_HEADER_BYTES);
    isLast = (header & 1) === 1;
    const kind = (header >>> 1) & 3;
    const length = kind === RUN_BLOCK ? 1 : header >>> 3;
    if (kind === RESERVED_BLOCK) throw damaged('zstd', 'a block is of no known kind');
    if (kind === COMPRESSED_BLOCK && length < COMPRESSED_BYTES_MIN) throw damaged('zstd', 'a block is empty');
    need(bytes, at + BLOCK_HEADER_BYTES, length);
    at += BLOCK_HEADER_BYTES + length;
  }
  if (hasChecksum) need(bytes, at, 4);
  const blockBytesMax = Math.min(windowBytes, ZSTD_BLOCK_BYTES_MAX);
  return { blocksAt, end: hasChecksum ? at + 4 : at, contentBytes, blockBytesMax, hasChecksum };
}

function need(bytes: Buffer, at: number, length: number): void {
  if (length > bytes.length - at) throw damaged('zstd', 'it is cut short');
}

let blocks: ZstdBlocks | null = null;

function unpackFrame(bytes: Buffer, input: ZstdInput, frame: Frame, output: Output): void {
  const floor = output.length;
  const blockBytesMax = frame.blockBytesMax;
  blocks ??= new ZstdBlocks();
  blocks.beginFrame();
  let at = frame.blocksAt;
  let isLast = false;
  while (!isLast) {
    const header = bytes.readUIntLE(at, BLOCK_HEADER_BYTES);
    at += BLOCK_HEADER_BYTES;
    isLast = (header & 1) === 1;
    const kind = (header >>> 1) & 3;
    const length = header >>> 3;
    if (length > blockBytesMax) throw damaged('zstd', 'a block is larger than it may be');
    if (kind === COMPRESSED_BLOCK) {
      blocks.unpack(input, input.start + at, input.start + at + length, output, floor, blockBytesMax);
      at += length;
    } else {
      output.reserve(length);
      if (kind === RUN_BLOCK) output.bytes.fill(bytes[at]!, output.length, output.length + length);
      else copyBytes(bytes, at, output.bytes, output.length, length);
      output.length += length;
      at += kind === RUN_BLOCK ? 1 : length;
    }
  }
  const contentBytes = output.length - floor;
  if (frame.contentBytes !== null && frame.contentBytes !== contentBytes) {
    throw damaged('zstd', 'it does not hold as much as it says');
  }
  if (frame.hasChecksum && bytes.readUInt32LE(at) !== xxHash64Low(output.bytes, floor, output.length)) {
    throw damaged('zstd', 'it does not match its checksum');
  }
}
