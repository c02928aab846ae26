import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { decompressZstdHere } from '../../../src/broker/compression/zstd.js';
import {
  COMPRESSION_TYPES,
  canCompress,
  compressBatch,
  compressionCodec,
  compressRecords,
  decompressRecords,
} from '../../../src/broker/compression.js';
import { ATTRIBUTES_AT, checksumMatches, HEADER_BYTES, LENGTH_AT } from '../../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../../src/broker/record-batch-cursor.js';

interface JavaBatch {
  /** What is in it: the same records for every codec. */
  readonly data: string;
  readonly codec: string;
  readonly level: number | null;
  readonly records: number;
  /** Base64. */
  readonly bytes: string;
}

const java = JSON.parse(
  readFileSync(new URL('./fixtures/java-compressed.json', import.meta.url), 'utf8'),
) as readonly JavaBatch[];

const codecs = COMPRESSION_TYPES.map((name, codec) => ({ name, codec }));
const writable = codecs.filter(({ codec }) => canCompress(codec));
const codecOf = (name: string) => compressionCodec(name)!;
const batchOf = (batch: JavaBatch) => Buffer.from(batch.bytes, 'base64');
/** By Node's zlib, whatever we do. */
const recordsOf = (data: string) => {
  const packed = java.find((batch) => batch.data === data && batch.codec === 'gzip')!;
  return decompressRecords(codecOf('gzip'), batchOf(packed).subarray(HEADER_BYTES));
};
const corrupt = expect.objectContaining({ name: 'SystemError', code: 'corrupt-batch' });

function keysAndValues(batch: Buffer): string[] {
  const cursor = new RecordBatchCursor();
  cursor.reset(batch);
  const found: string[] = [];
  while (cursor.next()) {
    const key = cursor.bytes.toString('latin1', cursor.keyStart, cursor.keyEnd);
    found.push(`${cursor.offset} ${key} ${cursor.bytes.toString('latin1', cursor.valueStart, cursor.valueEnd)}`);
  }
  return found;
}

function batchOfOrders(count: number): Buffer {
  const builder = new RecordBatchBuilder();
  for (let i = 0; i < count; i++) {
    builder.append(1_700_000_000_000 + i, Buffer.from(`k${i % 7}`), Buffer.from(`{"id":${i},"status":"PAID"}`));
  }
  return builder.finish(1_000);
}

describe('batches that the Java client compressed', () => {
  it.each(java)('$data, $codec $level', (batch) => {
    const bytes = batchOf(batch);
    const records = recordsOf(batch.data);
    const packed = bytes.subarray(HEADER_BYTES);
    expect(checksumMatches(bytes)).toBe(true);
    expect(bytes.readInt16BE(ATTRIBUTES_AT)).toBe(codecOf(batch.codec));
    expect(decompressRecords(codecOf(batch.codec), packed).equals(records)).toBe(true);
    if (batch.codec === 'zstd') expect(decompressZstdHere(packed, records.length).equals(records)).toBe(true);
    expect(keysAndValues(bytes)).toHaveLength(batch.records);
  });

  it.each(java)('$data, $codec $level: may hold as much as the limit, and no more', (batch) => {
    const packed = batchOf(batch).subarray(HEADER_BYTES);
    const { length } = recordsOf(batch.data);
    expect(decompressRecords(codecOf(batch.codec), packed, length)).toHaveLength(length);
    expect(() => decompressRecords(codecOf(batch.codec), packed, length - 1)).toThrow(corrupt);
    if (batch.codec === 'zstd') expect(() => decompressZstdHere(packed, length - 1)).toThrow(corrupt);
  });

  it.each(java.filter(({ data }) => data === 'words'))('$data, $codec $level: cut short anywhere', (batch) => {
    const packed = batchOf(batch).subarray(HEADER_BYTES);
    for (let length = 0; length < packed.length; length++) {
      const cut = packed.subarray(0, length);
      // A framed stream of snappy may end after its header or any block: there is nothing that says otherwise.
      if (batch.codec === 'snappy' && length === 16) continue;
      expect(() => decompressRecords(codecOf(batch.codec), cut), `${length} bytes`).toThrow(corrupt);
      if (batch.codec === 'zstd') expect(() => decompressZstdHere(cut, 1 << 20), `${length} bytes`).toThrow(corrupt);
    }
  });

  it.each(['gzip', 'lz4', 'zstd'])('%s: frames in a row', (codec) => {
    const packed = java
      .filter((batch) => batch.codec === codec && batch.level !== 19)
      .map((batch) => ({ bytes: batchOf(batch).subarray(HEADER_BYTES), records: recordsOf(batch.data) }));
    const joined = Buffer.concat(packed.map(({ bytes }) => bytes));
    const expected = Buffer.concat(packed.map(({ records }) => records));
    expect(decompressRecords(codecOf(codec), joined).equals(expected)).toBe(true);
    expect(() => decompressRecords(codecOf(codec), joined, expected.length - 1)).toThrow(corrupt);
    if (codec === 'zstd') expect(decompressZstdHere(joined, expected.length).equals(expected)).toBe(true);
  });
});

describe('compressing a batch', () => {
  const batch = batchOfOrders(2_000);

  it.each(writable)('$name: the same records come out, of a smaller batch', ({ codec }) => {
    const before = Buffer.from(batch);
    const packed = compressBatch(batch, codec);
    expect(batch.equals(before)).toBe(true);
    expect(checksumMatches(packed)).toBe(true);
    expect(packed.readInt16BE(ATTRIBUTES_AT)).toBe(codec);
    expect(packed.readInt32BE(LENGTH_AT) + 12).toBe(packed.length);
    expect(packed.length).toBeLessThanOrEqual(codec === 0 ? batch.length : batch.length / 3);
    expect(keysAndValues(packed)).toEqual(keysAndValues(batch));
  });

  it('keeps the other attributes', () => {
    const transactional = Buffer.from(batch);
    transactional.writeInt16BE(0x10, ATTRIBUTES_AT);
    expect(compressBatch(transactional, codecOf('lz4')).readInt16BE(ATTRIBUTES_AT)).toBe(0x13);
  });

  it.each(writable)('$name: leaves a batch that would not become smaller', ({ codec }) => {
    const small = batchOfOrders(1);
    expect(compressBatch(small, codec)).toBe(small);
  });

  it('does not compress twice', () => {
    expect(() => compressBatch(compressBatch(batch, codecOf('gzip')), codecOf('lz4'))).toThrow(/compressed once/);
  });
});

describe('codecs', () => {
  it('have the names of compression.type', () => {
    expect(['none', 'gzip', 'snappy', 'lz4', 'zstd'].map(compressionCodec)).toEqual([0, 1, 2, 3, 4]);
    expect(['', 'GZIP', 'producer', 'toString'].map(compressionCodec)).toEqual([null, null, null, null]);
  });

  it('that do not exist are refused', () => {
    const unsupported = expect.objectContaining({ code: 'unsupported-compression' });
    for (const codec of [5, 6, 7, -1]) {
      expect(canCompress(codec)).toBe(false);
      expect(() => decompressRecords(codec, Buffer.alloc(10))).toThrow(unsupported);
      expect(() => compressBatch(batchOfOrders(1), codec)).toThrow(unsupported);
    }
  });

  it('that this Node cannot write are refused with a remedy', () => {
    const zstd = codecOf('zstd');
    const records = Buffer.alloc(1_000);
    if (canCompress(zstd)) {
      expect(decompressZstdHere(compressRecords(zstd, records), 1_000).equals(records)).toBe(true);
      return;
    }
    expect(() => compressBatch(batchOfOrders(100), zstd)).toThrow(
      expect.objectContaining({ code: 'unsupported-compression', hint: expect.stringContaining('lz4') }),
    );
  });
});

describe('small inputs that unpack to much', () => {
  const zeros = Buffer.alloc(3 * 1024 * 1024);
  const limit = zeros.length - 1;

  /** One frame of blocks that each repeat a byte 131,072 times, and what it says of its size. */
  function zstdOfRuns(blocks: number, contentBytes: number | null): Buffer {
    const header = contentBytes === null ? [0x00, 0x70] : [0x80, 0x70, 0, 0, 0, 0];
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...header, ...new Array<number>(blocks * 4).fill(0)]);
    const blocksAt = 4 + header.length;
    if (contentBytes !== null) frame.writeUInt32LE(contentBytes, 6);
    for (let i = 0; i < blocks; i++) {
      frame.writeUIntLE((131_072 << 3) | (1 << 1) | (i === blocks - 1 ? 1 : 0), blocksAt + i * 4, 3);
    }
    return frame;
  }

  it('are refused at the limit', () => {
    for (const { name, codec } of writable.slice(1)) {
      const packed = compressRecords(codec, zeros);
      expect(decompressRecords(codec, packed).equals(zeros), name).toBe(true);
      expect(() => decompressRecords(codec, packed, limit), name).toThrow(corrupt);
    }
    for (const unpack of [decompressZstdHere, (bytes: Buffer, max: number) => decompressRecords(4, bytes, max)]) {
      expect(unpack(zstdOfRuns(24, null), zeros.length).equals(zeros)).toBe(true);
      expect(unpack(zstdOfRuns(24, zeros.length), zeros.length).equals(zeros)).toBe(true);
      expect(() => unpack(zstdOfRuns(24, null), limit)).toThrow(corrupt);
      expect(() => unpack(zstdOfRuns(24, zeros.length), limit)).toThrow(corrupt);
      expect(() => unpack(zstdOfRuns(24, zeros.length + 1), zeros.length * 2)).toThrow(corrupt);
    }
    expect(() => decompressRecords(4, zstdOfRuns(1_025, null))).toThrow(corrupt);
  });

  it('take no memory by what they say', () => {
    const asked: number[] = [];
    const { allocUnsafe, alloc } = Buffer;
    const note = (size: number): number => {
      asked.push(size);
      return size;
    };
    const spies = [
      vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => allocUnsafe(note(size))),
      vi.spyOn(Buffer, 'alloc').mockImplementation((size) => alloc(note(size))),
    ];
    try {
      // 120,000,000 as a varint, and a literal.
      const snappy = Buffer.from([0x80, 0x9c, 0x9c, 0x39, 0x00, 0x61]);
      expect(() => decompressRecords(codecOf('snappy'), snappy)).toThrow(/more than it can/);
      const framed = Buffer.concat([Buffer.from('82534e415050590000000001000000010000000a', 'hex'), snappy]);
      framed.writeInt32BE(snappy.length, 16);
      expect(() => decompressRecords(codecOf('snappy'), framed)).toThrow(/more than it can/);
      expect(() => decompressZstdHere(zstdOfRuns(1, 120_000_000), 128 * 1024 * 1024)).toThrow(/as much as it says/);
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    expect(asked.length).toBeGreaterThan(0);
    expect(Math.max(...asked)).toBeLessThanOrEqual(128 * 1024);
  });
});
