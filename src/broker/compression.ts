import { gunzipSync } from 'node:zlib';
import { SystemError } from '../model/errors.js';

/** The codecs of a record batch, by the number in its attributes. */
const COMPRESSION_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** The most bytes that one compressed batch may hold once unpacked. */
const UNCOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;

/** Must throw rather than return more than `bytesMax` bytes. */
type Decompress = (bytes: Buffer, bytesMax: number) => Buffer;

/** What this build can unpack, by the number of the codec. */
const DECOMPRESSORS: ReadonlyMap<number, Decompress> = new Map([
  [1, (bytes, bytesMax) => gunzipSync(bytes, { maxOutputLength: bytesMax })],
]);

/**
 * Unpacks the records of a batch.
 * @throws SystemError `unsupported-compression`, or `corrupt-batch` when the bytes do not unpack or unpack to too much.
 */
export function decompressRecords(codec: number, bytes: Buffer): Buffer {
  const decompress = DECOMPRESSORS.get(codec);
  if (decompress === undefined) {
    const name = COMPRESSION_NAMES[codec];
    throw new SystemError(
      name === undefined
        ? `a record batch has compression type ${codec}, which does not exist`
        : `a record batch is compressed with ${name}, which cannot be read here`,
      { code: 'unsupported-compression', hint: 'let the producer use gzip or no compression' },
    );
  }
  try {
    return decompress(bytes, UNCOMPRESSED_BYTES_MAX);
  } catch (error) {
    throw new SystemError(`the records of a batch cannot be unpacked with ${COMPRESSION_NAMES[codec]}`, {
      code: 'corrupt-batch',
      cause: error,
    });
  }
}
