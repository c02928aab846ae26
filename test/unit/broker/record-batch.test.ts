import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { KeylessPartitioner, murmur2, partitionOfKey } from '../../../src/broker/partitioner.js';
import {
  ATTRIBUTES_AT,
  batchSize,
  checksumMatches,
  HEADER_BYTES,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  MAGIC_AT,
  maxTimestamp,
  readInt64,
  recordCount,
  setBaseOffset,
  writeInt64,
} from '../../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../../src/broker/record-batch-cursor.js';

interface JavaRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [key: string, value: string | null])[];
}

interface JavaBatch {
  readonly name: string;
  readonly bytes: string;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly control: boolean;
  readonly transactional: boolean;
  readonly compression: string;
  readonly records: readonly JavaRecord[];
}

interface JavaFixtures {
  readonly batches: readonly JavaBatch[];
  readonly murmur2: readonly { readonly key: string; readonly hash: number; readonly of12: number }[];
}

const java = JSON.parse(readFileSync(new URL('./fixtures/java-batches.json', import.meta.url), 'utf8')) as JavaFixtures;

const headerKey = (hex: string) => (hex === null ? '' : Buffer.from(hex, 'hex').toString());

function walk(bytes: Buffer, cursor = new RecordBatchCursor()): JavaRecord[] {
  cursor.reset(bytes);
  const records: JavaRecord[] = [];
  const hex = (start: number, end: number) => (start < 0 ? null : cursor.bytes.toString('hex', start, end));
  while (cursor.next()) {
    records.push({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: hex(cursor.keyStart, cursor.keyEnd),
      value: hex(cursor.valueStart, cursor.valueEnd),
      headers: cursor.headers().map((h) => [Buffer.from(h.key).toString('hex'), h.value?.toString('hex') ?? null]),
    });
  }
  return records;
}

function build(records: readonly JavaRecord[], baseOffset: number): Buffer {
  const builder = new RecordBatchBuilder();
  for (const record of records) {
    builder.begin(record.timestamp, record.offset - baseOffset);
    if (record.key !== null) builder.copyFrom(Buffer.from(record.key, 'hex'), 0, record.key.length / 2);
    builder.endKey(record.key === null);
    if (record.value !== null) builder.copyFrom(Buffer.from(record.value, 'hex'), 0, record.value.length / 2);
    builder.endValue(record.value === null);
    builder.end(
      record.headers.map(([key, value]) => ({
        key: headerKey(key),
        value: value === null ? null : Buffer.from(value, 'hex'),
      })),
    );
  }
  return builder.finish(baseOffset);
}

describe('batches of the Java client', () => {
  it.each(java.batches)('$name: every record is read', (batch) => {
    const bytes = Buffer.from(batch.bytes, 'hex');
    const cursor = new RecordBatchCursor();
    expect(walk(bytes, cursor)).toEqual(batch.records);
    expect(cursor.baseOffset).toBe(batch.baseOffset);
    expect(cursor.lastOffset).toBe(batch.lastOffset);
    expect(cursor.isControl).toBe(batch.control);
    expect(cursor.isTransactional).toBe(batch.transactional);
    expect(cursor.batchEnd).toBe(bytes.length);
    expect(maxTimestamp(bytes)).toBe(batch.maxTimestamp);
    expect(recordCount(bytes)).toBe(batch.records.length);
    expect(checksumMatches(bytes)).toBe(true);
  });

  it.each(
    java.batches.filter((b) => b.compression === 'none' && !b.transactional && b.name !== 'log append time'),
  )('$name: the same records give the same bytes', (batch) => {
    // The Java builder gives the leader epoch by another call; ours is "unknown".
    const expected = Buffer.from(batch.bytes, 'hex');
    expect(build(batch.records, batch.baseOffset).toString('hex')).toBe(expected.toString('hex'));
  });

  it.each(java.murmur2)('murmur2 of $key', ({ key, hash, of12 }) => {
    const bytes = Buffer.from(`ff${key}ff`, 'hex');
    expect(murmur2(bytes, 1, bytes.length - 1)).toBe(hash);
    expect(partitionOfKey(bytes, 1, bytes.length - 1, 12)).toBe(of12);
  });
});

describe('building', () => {
  it('forgets a record that is given up at any point', () => {
    const builder = new RecordBatchBuilder();
    const expected = new RecordBatchBuilder();
    builder.begin(99);
    builder.abandon();
    builder.append(5, Buffer.from('a'), Buffer.from('1'));
    expected.append(5, Buffer.from('a'), Buffer.from('1'));
    builder.begin(6);
    builder.copyFrom(Buffer.from('half a key'), 0, 10);
    builder.abandon();
    builder.begin(1_000);
    builder.endKey(true);
    builder.copyFrom(Buffer.alloc(500), 0, 500);
    builder.abandon();
    builder.append(7, null, Buffer.from('2'));
    expected.append(7, null, Buffer.from('2'));
    expect(builder.records).toBe(2);
    expect(builder.finish().equals(expected.finish())).toBe(true);
  });

  it('says its size while it grows, and starts empty after each batch', () => {
    const builder = new RecordBatchBuilder(128);
    for (let i = 0; i < 1_000; i++) builder.append(i, Buffer.from(`k${i}`), Buffer.alloc(i, 'x'));
    const announced = builder.byteLength;
    expect(builder.finish().length).toBe(announced);
    expect(builder.records).toBe(0);
    builder.append(1, null, null);
    expect(walk(builder.finish())).toEqual([{ offset: 0, timestamp: 1, key: null, value: null, headers: [] }]);
  });

  it('can stand for offsets past its last record', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, Buffer.from('v'));
    const cursor = new RecordBatchCursor();
    cursor.reset(builder.finish(100, 49));
    expect([cursor.baseOffset, cursor.lastOffset, cursor.records]).toEqual([100, 149, 1]);
  });

  it('copies encoded headers as they are', () => {
    const source = Buffer.from(java.batches.find((b) => b.name === 'headers')!.bytes, 'hex');
    const cursor = new RecordBatchCursor();
    const builder = new RecordBatchBuilder();
    cursor.reset(source);
    while (cursor.next()) {
      builder.begin(cursor.timestamp);
      builder.copyFrom(cursor.bytes, cursor.keyStart, cursor.keyEnd);
      builder.endKey(false);
      builder.copyFrom(cursor.bytes, Math.max(cursor.valueStart, 0), Math.max(cursor.valueEnd, 0));
      builder.endValue(cursor.valueStart < 0);
      builder.endWithEncodedHeaders(cursor.headerCount, cursor.bytes, cursor.headersStart, cursor.headersEnd);
    }
    expect(builder.finish().equals(source)).toBe(true);
  });

  it('moves to its place in the log without touching the checksum', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, Buffer.from('k'), Buffer.from('v'));
    const batch = builder.finish();
    setBaseOffset(batch, 9_007_199_254_740_000);
    expect(checksumMatches(batch)).toBe(true);
    expect(walk(batch)[0]!.offset).toBe(9_007_199_254_740_000);
  });
});

describe('damage', () => {
  const builder = new RecordBatchBuilder();
  const whole = () => {
    builder.append(1, Buffer.from('key'), Buffer.from('value'), [{ key: 'h', value: Buffer.from('x') }]);
    builder.append(2, Buffer.from('key'), Buffer.from('value'));
    return builder.finish();
  };
  const corrupt = expect.objectContaining({ code: 'corrupt-batch' });

  it('is seen in the checksum', () => {
    const batch = whole();
    batch[HEADER_BYTES + 8]! ^= 1;
    expect(checksumMatches(batch)).toBe(false);
  });

  it('of the header is refused', () => {
    const changed = (change: (batch: Buffer) => void) => () => {
      const batch = whole();
      change(batch);
      return walk(batch);
    };
    expect(changed((b) => b.writeInt32BE(10, LENGTH_AT))).toThrow(corrupt);
    expect(changed((b) => b.writeInt32BE(-5, LENGTH_AT))).toThrow(corrupt);
    expect(changed((b) => b.writeInt32BE(1 << 30, LENGTH_AT))).toThrow(corrupt);
    expect(changed((b) => b.writeInt32BE(0, LAST_OFFSET_DELTA_AT))).toThrow(corrupt);
    expect(changed((b) => setBaseOffset(b, -1))).toThrow(corrupt);
    expect(changed((b) => b.writeInt16BE(7, ATTRIBUTES_AT))).toThrow(/compression type 7/);
    expect(
      changed((b) => {
        b[MAGIC_AT] = 1;
      }),
    ).toThrow(expect.objectContaining({ code: 'unsupported-batch' }));
  });

  it('knows a batch that is not whole yet from one that is', () => {
    const batch = whole();
    const two = Buffer.concat([batch, batch.subarray(0, batch.length - 1)]);
    expect(batchSize(two)).toBe(batch.length);
    expect(batchSize(two, batch.length)).toBe(-1);
    expect(batchSize(two, two.length - 3)).toBe(-1);
  });

  it('of a record count, too many or too few, is refused', () => {
    for (const count of [1, 3, 1_000_000_000]) {
      const batch = whole();
      batch.writeInt32BE(count, 57);
      expect(() => walk(batch)).toThrow(corrupt);
    }
  });

  it('of compressed records is refused', () => {
    const batch = Buffer.from(java.batches.find((b) => b.compression === 'gzip')!.bytes, 'hex');
    batch.fill(0, HEADER_BYTES + 20, HEADER_BYTES + 40);
    expect(() => walk(batch)).toThrow(corrupt);
  });

  it('a small batch that unpacks to too much is refused', () => {
    const packed = gzipSync(Buffer.alloc(130 * 1024 * 1024));
    const batch = Buffer.concat([whole().subarray(0, HEADER_BYTES), packed]);
    batch.writeInt32BE(batch.length - 12, LENGTH_AT);
    batch.writeInt16BE(1, ATTRIBUTES_AT);
    expect(() => walk(batch)).toThrow(corrupt);
  });
});

it('reads and writes 64-bit integers of either sign', () => {
  const bytes = Buffer.alloc(8);
  for (const value of [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) {
    writeInt64(bytes, 0, value);
    expect(bytes.readBigInt64BE()).toBe(BigInt(value));
    expect(readInt64(bytes, 0)).toBe(value);
  }
});

it('spreads records without a key over all partitions, some at a time', () => {
  const partitioner = new KeylessPartitioner(2);
  expect(Array.from({ length: 8 }, () => partitioner.next(3))).toEqual([0, 0, 1, 1, 2, 2, 0, 0]);
});
