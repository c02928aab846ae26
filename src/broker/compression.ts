import { gunzipSync } from 'node:zlib';
import { SystemError } from '../model/errors.js';

/** The codecs of a record batch, by the number in its attributes. */
export const COMPRESSION_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** The most bytes that one compressed batch may hold once unpacked. */
export const UNCOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;

type Decompress = (bytes: Buffer, bytesMax: number) => Buffer;

/** What this build can unpack. A codec that needs a library registers here. */
const decompressors = new Map<number, Decompress>([
  [1, (bytes, bytesMax) => gunzipSync(bytes, { maxOutputLength: bytesMax })],
]);

/** Adds a codec. `decompress` must throw rather than return more than `bytesMax` bytes. */
export function registerCompression(name: (typeof COMPRESSION_NAMES)[number], decompress: Decompress): void {
  decompressors.set(COMPRESSION_NAMES.indexOf(name), decompress);
}

/**
 * Unpacks the records of a batch.
 * @throws SystemError `unsupported-compression`, or `corrupt-batch` when the bytes do not unpack or unpack to too much.
 */
export function decompressRecords(codec: number, bytes: Buffer): Buffer {
  const decompress = decompressors.get(codec);
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
