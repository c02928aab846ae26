import { describe, expect, test } from 'vitest';
import { SequenceNumbers, sequencesOf, signBatch } from '../../../../src/broker/kafka/producer-batches.js';
import { checksumMatches } from '../../../../src/broker/record-batch.js';
import { RecordBatchCursor } from '../../../../src/broker/record-batch-cursor.js';
import { dataBatch } from './batches.js';

describe('sequence numbers', () => {
  test('go on for each partition, and begin again after the largest', () => {
    const numbers = new SequenceNumbers();
    const [a, b] = [0, 1].map((partition) => ({ topic: 't', partition })) as [never, never];
    expect(numbers.of(a)).toBe(0);
    numbers.advance(a, 3);
    numbers.advance(a, 2);
    expect([numbers.of(a), numbers.of(b)]).toEqual([5, 0]);
    numbers.advance(a, 2 ** 31 - 6);
    expect(numbers.of(a)).toBe(2 ** 31 - 1);
    numbers.advance(a, 3);
    expect(numbers.of(a)).toBe(2);
  });
});

describe('signing a batch', () => {
  test("makes it the producer's, with a checksum that is right, and can be undone", () => {
    const bytes = dataBatch(3, null, 77);
    signBatch(bytes, { producerId: 2 ** 40 + 1, epoch: 9 }, 123, true);
    expect(checksumMatches(bytes)).toBe(true);
    expect(sequencesOf(bytes)).toBe(3);
    expect([bytes.readBigInt64BE(0), bytes.readBigInt64BE(43), bytes.readInt16BE(51), bytes.readInt32BE(53)]).toEqual([
      0n,
      2n ** 40n + 1n,
      9,
      123,
    ]);
    const cursor = new RecordBatchCursor();
    cursor.reset(bytes, 0);
    expect(cursor.isTransactional).toBe(true);
    signBatch(bytes, { producerId: 5, epoch: 0 }, 0, false);
    cursor.reset(bytes, 0);
    expect([cursor.isTransactional, checksumMatches(bytes)]).toEqual([false, true]);
  });
});
