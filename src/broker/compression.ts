import { assert, SystemError } from '../model/errors.js';
import { compressGzip, decompressGzip } from './compression/gzip.js';
import { compressLz4, decompressLz4 } from './compression/lz4.js';
import { compressSnappy, decompressSnappy } from './compression/snappy.js';
import { CAN_COMPRESS_ZSTD, compressZstd, decompressZstd } from './compression/zstd.js';
import {
  ATTRIBUTES_AT,
  COMPRESSION_MASK,
  CRC_AT,
  checksum,
  HEADER_BYTES,
  LEADER_EPOCH_AT,
  LENGTH_AT,
} from './record-batch.js';

/** The codecs of a record batch, by the number in its attributes; the values of `compression.type`. */
export const COMPRESSION_TYPES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export type CompressionType = (typeof COMPRESSION_TYPES)[number];

/** The most bytes that one compressed batch may hold once unpacked. */
export const UNCOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;

interface Codec {
  /** Throws rather than return or keep more than `bytesMax` bytes. */
  readonly decompress: (bytes: Buffer, bytesMax: number) => Buffer;
  readonly compress: (bytes: Buffer) => Buffer;
}

const CODECS: Readonly<Record<Exclude<CompressionType, 'none'>, Codec>> = {
  gzip: { decompress: decompressGzip, compress: compressGzip },
  snappy: { decompress: decompressSnappy, compress: compressSnappy },
  lz4: { decompress: decompressLz4, compress: compressLz4 },
  zstd: { decompress: decompressZstd, compress: compressZstd },
};

/** The number of a codec in the attributes of a batch, by its name in `compression.type`; null when there is none of that name. */
export function compressionCodec(name: string): number | null {
  const codec = (COMPRESSION_TYPES as readonly string[]).indexOf(name);
  return codec < 0 ? null : codec;
}

/** Whether {@link compressRecords} can write a codec here: Zstandard needs Node 22.15 or later. */
export function canCompress(codec: number): boolean {
  return COMPRESSION_TYPES[codec] === 'zstd' ? CAN_COMPRESS_ZSTD : codec in COMPRESSION_TYPES;
}

/**
 * Unpacks the records of a batch.
 * @throws SystemError `unsupported-compression`, or `corrupt-batch` when the bytes do not unpack or unpack to too much.
 */
export function decompressRecords(codec: number, bytes: Buffer, bytesMax = UNCOMPRESSED_BYTES_MAX): Buffer {
  const name = typeOf(codec);
  return name === 'none' ? bytes : CODECS[name].decompress(bytes, bytesMax);
}

/**
 * Packs the records of a batch as Kafka's Java client reads them.
 * @throws SystemError `unsupported-compression`
 */
export function compressRecords(codec: number, bytes: Buffer): Buffer {
  const name = typeOf(codec);
  return name === 'none' ? bytes : CODECS[name].compress(bytes);
}

/**
 * Packs the records of a finished batch: a new batch, or the same one when it would not become smaller.
 * @param batch a whole batch, not compressed
 * @throws SystemError `unsupported-compression`
 */
export function compressBatch(batch: Buffer, codec: number): Buffer {
  const attributes = batch.readInt16BE(ATTRIBUTES_AT);
  assert((attributes & COMPRESSION_MASK) === 0, 'a batch is compressed once');
  if (codec === 0) return batch;
  const records = compressRecords(codec, batch.subarray(HEADER_BYTES));
  const size = HEADER_BYTES + records.length;
  if (size >= batch.length) return batch;
  const packed = Buffer.allocUnsafeSlow(size);
  batch.copy(packed, 0, 0, HEADER_BYTES);
  records.copy(packed, HEADER_BYTES);
  packed.writeInt32BE(size - LEADER_EPOCH_AT, LENGTH_AT);
  packed.writeInt16BE(attributes | codec, ATTRIBUTES_AT);
  packed.writeUInt32BE(checksum(packed, 0, size), CRC_AT);
  return packed;
}

function typeOf(codec: number): CompressionType {
  const name = COMPRESSION_TYPES[codec];
  if (name !== undefined) return name;
  throw new SystemError(`a record batch has compression type ${codec}, which does not exist`, {
    code: 'unsupported-compression',
    hint: 'the batch was written by a newer client, or its bytes changed after they were written',
  });
}
