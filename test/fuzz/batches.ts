import { readFileSync } from 'node:fs';
import { crc32c } from '@node-rs/crc32';
import { decompressZstdHere } from '../../src/broker/compression/zstd.js';
import {
  COMPRESSION_TYPES,
  canCompress,
  compressBatch,
  compressRecords,
  decompressRecords,
} from '../../src/broker/compression.js';
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  HEADER_BYTES,
  LENGTH_AT,
  RECORDS_AT,
} from '../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';
import { SystemError } from '../../src/model/errors.js';
import type { Random } from '../simulation/random.js';
import { mutateBytes } from '../support/mutate-bytes.js';
import { REFUSED, type Reader, type Subject } from './fuzz.js';
import { anyNumber, zigzag } from './varint.js';

const ZSTD = COMPRESSION_TYPES.indexOf('zstd');
/** What is unpacked at most where the limit itself is tried. */
const UNPACKED_BYTES_MAX = 64 * 1024;
const BOMB_BYTES = 8 * 1024 * 1024;
/** Where the length of a batch stops counting itself. */
const LENGTH_END = LENGTH_AT + 4;

/** What a damaged batch may raise. */
const CODES: readonly string[] = ['corrupt-batch', 'unsupported-batch', 'unsupported-compression'];

/**
 * Record batches in every codec, damaged before their checksum was made: what a broken or hostile client can send.
 * @param fixtures the folder of batches that Kafka's Java client wrote
 */
export function batchSubject(fixtures: string): Subject {
  const batches = [...javaBatches(fixtures), ...ownBatches()];
  const bombs = bombBodies();
  const readers = [
    cursorReader(),
    limitedReader('unpack', decompressRecords),
    limitedReader('unpack zstd', unpackZstd),
  ];
  return {
    name: 'batches',
    input(random) {
      const { bytes, damage } = damageBatch(random, random.pick(batches), bombs);
      return { bytes, damage, readers };
    },
  };
}

function javaBatches(fixtures: string): Buffer[] {
  const compressed: readonly { bytes: string }[] = fixture(fixtures, 'java-compressed.json');
  const { batches }: { batches: readonly { bytes: string }[] } = fixture(fixtures, 'java-batches.json');
  return [
    ...compressed.map(({ bytes }) => Buffer.from(bytes, 'base64')),
    ...batches.map(({ bytes }) => Buffer.from(bytes, 'hex')),
  ];
}

function fixture<Content>(folder: string, name: string): Content {
  return JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
}

function ownBatches(): Buffer[] {
  const builder = new RecordBatchBuilder();
  for (let i = 0; i < 30; i++) {
    builder.append(1_700_000_000_000 + i, Buffer.from(`k${i % 7}`), Buffer.from(`{"id":${i},"status":"PAID"}`));
  }
  const plain = builder.finish(1_000);
  return COMPRESSION_TYPES.flatMap((_, codec) => (canCompress(codec) ? [compressBatch(plain, codec)] : []));
}

interface Bomb {
  readonly codec: number;
  readonly body: Buffer;
}

/** Small bodies that unpack to much. */
function bombBodies(): Bomb[] {
  const zeros = Buffer.alloc(BOMB_BYTES);
  const packed = COMPRESSION_TYPES.flatMap((_, codec): Bomb[] =>
    codec > 0 && canCompress(codec) ? [{ codec, body: compressRecords(codec, zeros) }] : [],
  );
  // A frame of zstd whose blocks each repeat a byte.
  const blockBytes = 128 * 1024;
  const count = BOMB_BYTES / blockBytes;
  const blocks = Array.from({ length: count }, (_, i) => {
    const block = Buffer.alloc(4);
    block.writeUIntLE((blockBytes << 3) | (1 << 1) | (i === count - 1 ? 1 : 0), 0, 3);
    return block;
  });
  return [
    ...packed,
    { codec: ZSTD, body: Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x70]), ...blocks]) },
  ];
}

function damageBatch(random: Random, batch: Buffer, bombs: readonly Bomb[]): { bytes: Buffer; damage: string } {
  const header = Buffer.from(batch.subarray(0, HEADER_BYTES));
  const body = batch.subarray(HEADER_BYTES);
  const draw = random.below(100);
  if (draw < 55) return { bytes: whole(header, mutateBytes(random, body)), damage: 'changed' };
  if (draw < 65) return { bytes: whole(header, withNumbers(random, body)), damage: 'numbers put in' };
  if (draw < 75) return { bytes: mutateBytes(random, batch), damage: 'changed with its header' };
  if (draw < 85) {
    const at = random.pick([
      LENGTH_AT,
      ATTRIBUTES_AT,
      BASE_TIMESTAMP_AT,
      RECORDS_AT,
      RECORDS_AT,
      random.below(HEADER_BYTES - 4),
    ]);
    header.writeInt32BE(Number(BigInt.asIntN(32, anyNumber(random))), at);
    return {
      bytes: random.chance(0.5) ? whole(header, body) : Buffer.concat([header, body]),
      damage: 'another header',
    };
  }
  if (draw < 90) return { bytes: withCodec(header, random.below(8), body), damage: 'another codec' };
  if (draw < 95) return { bytes: Buffer.from(batch.subarray(0, random.below(batch.length + 1))), damage: 'truncated' };
  if (draw < 99) {
    const junk = Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
    return { bytes: whole(header, junk), damage: 'junk' };
  }
  const { codec, body: bomb } = random.pick(bombs);
  return { bytes: withCodec(header, codec, random.chance(0.5) ? bomb : mutateBytes(random, bomb)), damage: 'bomb' };
}

/** The parts of a batch with the length that they have. */
function whole(header: Buffer, body: Buffer): Buffer {
  header.writeInt32BE(HEADER_BYTES + body.length - LENGTH_END, LENGTH_AT);
  return Buffer.concat([header, body]);
}

function withCodec(header: Buffer, codec: number, body: Buffer): Buffer {
  header.writeInt16BE((header.readInt16BE(ATTRIBUTES_AT) & ~7) | codec, ATTRIBUTES_AT);
  return whole(header, body);
}

function withNumbers(random: Random, body: Buffer): Buffer {
  const at = random.below(body.length + 1);
  const number = zigzag(anyNumber(random));
  return Buffer.concat([body.subarray(0, at), number, body.subarray(random.chance(0.5) ? at : at + number.length)]);
}

/** Walks a batch with all that is in it, as tasks do. */
function cursorReader(): Reader {
  const cursor = new RecordBatchCursor();
  return {
    name: 'the cursor',
    read: (bytes, start, end) =>
      refusing(() => {
        cursor.reset(bytes.subarray(0, end), start);
        const seen: unknown[] = [];
        while (cursor.next()) {
          const { bytes: unpacked, keyStart, keyEnd, valueStart, valueEnd } = cursor;
          if (cursor.offset < cursor.baseOffset || cursor.offset > cursor.lastOffset)
            throw new Error('an offset is outside the batch');
          if (!Number.isFinite(cursor.timestamp)) throw new Error('a timestamp is no number');
          seen.push(
            cursor.offset,
            cursor.timestamp,
            sumOf(unpacked, keyStart, keyEnd),
            sumOf(unpacked, valueStart, valueEnd),
          );
          for (const { key, value } of cursor.headers()) seen.push(key, value === null ? null : crc32c(value));
          if (seen.length > 40 * (unpacked.length + 1)) throw new Error('there are more records than bytes');
        }
        return seen;
      }),
  };
}

function sumOf(bytes: Buffer, start: number, end: number): number | null {
  if (start < 0) return null;
  if (end < start || end > bytes.length) throw new Error(`a range is outside of the ${bytes.length} bytes`);
  return crc32c(bytes.subarray(start, end));
}

/** Unpacks the body of a batch within a limit. */
function limitedReader(name: string, unpack: (codec: number, bytes: Buffer, bytesMax: number) => Buffer): Reader {
  return {
    name,
    read: (bytes, start, end) =>
      refusing(() => {
        if (end - start < HEADER_BYTES) return REFUSED;
        const codec = bytes.readInt16BE(start + ATTRIBUTES_AT) & 7;
        if (codec === 0) return null;
        const unpacked = unpack(codec, bytes.subarray(start + HEADER_BYTES, end), UNPACKED_BYTES_MAX);
        if (unpacked.length > UNPACKED_BYTES_MAX) throw new Error(`${unpacked.length} bytes are unpacked`);
        return crc32c(unpacked);
      }),
  };
}

/** The decoder for versions of Node that have none. */
function unpackZstd(codec: number, bytes: Buffer, bytesMax: number): Buffer {
  return codec === ZSTD ? decompressZstdHere(bytes, bytesMax) : Buffer.alloc(0);
}

function refusing<Result>(work: () => Result): Result | typeof REFUSED {
  try {
    return work();
  } catch (error) {
    if (error instanceof SystemError && CODES.includes(error.code)) return REFUSED;
    throw error;
  }
}
