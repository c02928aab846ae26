import { describe, expect, it } from 'vitest';
import { RecordBatchCursor } from '../../../../src/broker/record-batch-cursor.js';
import { ChangelogBuffer } from '../../../../src/executor/shard/changelog-buffer.js';

const PLACE = { topic: 'changes', topicId: 'id', partition: 2 };

function record(buffer: ChangelogBuffer, key: string, value: string | null, timestamp = 5): void {
  // As stores hand them over: at the front of a larger buffer.
  const keyBytes = Buffer.from(`${key}rest`);
  const valueBytes = value === null ? null : Buffer.from(`${value}rest`);
  buffer.record(keyBytes, Buffer.byteLength(key), valueBytes, value === null ? 0 : Buffer.byteLength(value), timestamp);
}

function recordsOf(batches: readonly { readonly bytes: Buffer }[]): [string, string | null, number][] {
  const cursor = new RecordBatchCursor();
  const found: [string, string | null, number][] = [];
  for (const { bytes } of batches) {
    cursor.reset(bytes);
    while (cursor.next()) {
      const key = cursor.bytes.toString('utf8', cursor.keyStart, cursor.keyEnd);
      const value = cursor.valueStart < 0 ? null : cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd);
      found.push([key, value, cursor.timestamp]);
    }
  }
  return found;
}

describe('the changelog of an epoch', () => {
  it('holds what was recorded, in order, deletions and empty values among it', () => {
    const buffer = new ChangelogBuffer(PLACE);
    record(buffer, 'a', '1', 7);
    record(buffer, 'b', null, 8);
    record(buffer, 'a', '', -1);
    expect(buffer.records).toBe(3);
    const batches = buffer.take();
    expect(batches.map(({ topic, partition, records }) => ({ topic, partition, records }))).toEqual([
      { topic: 'changes', partition: 2, records: 3 },
    ]);
    expect(recordsOf(batches)).toEqual([
      ['a', '1', 7],
      ['b', null, 8],
      ['a', '', -1],
    ]);
  });

  it('begins anew when it was taken, and leaves what was taken alone', () => {
    const buffer = new ChangelogBuffer(PLACE);
    expect(buffer.take()).toEqual([]);
    record(buffer, 'a', '1');
    const first = buffer.take();
    expect(buffer.records).toBe(0);
    record(buffer, 'b', '2');
    expect(recordsOf(buffer.take())).toEqual([['b', '2', 5]]);
    expect(recordsOf(first)).toEqual([['a', '1', 5]]);
  });

  it('is cut into batches that a broker takes, the last of which ends with the last record', () => {
    const buffer = new ChangelogBuffer(PLACE);
    const value = 'x'.repeat(300_000);
    for (let i = 0; i < 10; i++) record(buffer, `k${i}`, value);
    record(buffer, 'last', 'one');
    const batches = buffer.take();
    expect(batches.length).toBeGreaterThan(2);
    for (const { bytes } of batches) expect(bytes.length).toBeLessThan(1_300_000);
    expect(batches.reduce((sum, { records }) => sum + records, 0)).toBe(11);
    const all = recordsOf(batches);
    expect(all.map(([key]) => key)).toEqual([...Array.from({ length: 10 }, (_, i) => `k${i}`), 'last']);
    expect(recordsOf(batches.slice(-1)).at(-1)![0]).toBe('last');
  });

  it('is cut by the number of records, too', () => {
    const buffer = new ChangelogBuffer(PLACE);
    for (let i = 0; i < 40_000; i++) record(buffer, `${i}`, null);
    const batches = buffer.take();
    expect(batches.map(({ records }) => records)).toEqual([16_384, 16_384, 40_000 - 2 * 16_384]);
  });
});
