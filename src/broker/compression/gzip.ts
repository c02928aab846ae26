import { gunzipSync, gzipSync } from 'node:zlib';
import { damaged, tooLarge } from './output.js';

const CHUNK_BYTES_MIN = 4 * 1024;
const CHUNK_BYTES_MAX = 1024 * 1024;

/** Unpacks one gzip member or several in a row. @throws SystemError `corrupt-batch` */
export function decompressGzip(bytes: Buffer, bytesMax: number): Buffer {
  return unpackWithZlib('gzip', bytes, bytesMax, gunzipSync);
}

export function compressGzip(bytes: Buffer): Buffer {
  return gzipSync(bytes);
}

interface ZlibOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

/** Unpacks with a function of Node's zlib, whose complaints about the bytes become `corrupt-batch`. */
export function unpackWithZlib(
  codec: string,
  bytes: Buffer,
  bytesMax: number,
  unpack: (bytes: Buffer, options: ZlibOptions) => Buffer,
): Buffer {
  const chunkSize = Math.min(Math.max(bytes.length * 4, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
  try {
    return unpack(bytes, { maxOutputLength: bytesMax, chunkSize });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(codec, bytesMax);
    if (code === 'Z_MEM_ERROR' || !/^Z_|^ZSTD_/.test(code ?? '')) throw error;
    throw damaged(codec, message);
  }
}
