import { describe, expect, it } from 'vitest';
import type { PendingBatch } from '../../../../src/broker/broker.js';
import { partitionOfKey } from '../../../../src/broker/partitioner.js';
import { RecordBatchCursor } from '../../../../src/broker/record-batch-cursor.js';
import { RecordOutputBuffer, type TopicOutput } from '../../../../src/executor/task/output-buffer.js';

function write(topic: TopicOutput, key: string | null, value: string): void {
  topic.key.reset();
  const bytes = Buffer.from(key ?? '');
  topic.key.reserve(bytes.length);
  topic.key.position += bytes.copy(topic.key.bytes, topic.key.position);
  const builder = topic.begin(1, key === null);
  builder.copyFrom(Buffer.from(value), 0, value.length);
  topic.end(false, null);
}

function valuesOf({ bytes }: PendingBatch): string[] {
  const cursor = new RecordBatchCursor();
  cursor.reset(bytes);
  const values: string[] = [];
  while (cursor.next()) values.push(cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd));
  return values;
}

describe('the output buffer', () => {
  it('puts equal keys into the partition that Kafka would choose', () => {
    const buffer = new RecordOutputBuffer(() => 5);
    for (const key of ['a', 'b', 'c', 'a']) write(buffer.topic('t'), key, key);
    const taken = buffer.take();
    for (const batch of taken) {
      for (const key of valuesOf(batch)) expect(partitionOfKey(Buffer.from(key), 0, 1, 5)).toBe(batch.partition);
    }
    expect(taken.flatMap(valuesOf).sort()).toEqual(['a', 'a', 'b', 'c']);
    expect(taken.reduce((sum, batch) => sum + batch.records, 0)).toBe(4);
  });

  it('takes no notice of the window behind a key', () => {
    const buffer = new RecordOutputBuffer(() => 5);
    const topic = buffer.topic('t');
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const boundsAt = Buffer.byteLength(key);
      const bytes = Buffer.concat([Buffer.from(key), Buffer.alloc(8, key.charCodeAt(0))]);
      topic.key.reset();
      topic.key.reserve(bytes.length);
      topic.key.position += bytes.copy(topic.key.bytes, 0);
      topic.begin(1, false, boundsAt);
      topic.end(true, null);
      const [batch] = buffer.take();
      expect(batch!.partition).toBe(partitionOfKey(bytes, 0, boundsAt, 5));
      const cursor = new RecordBatchCursor();
      cursor.reset(batch!.bytes);
      cursor.next();
      expect(cursor.keyEnd - cursor.keyStart).toBe(bytes.length);
    }
  });

  it('spreads records without a key', () => {
    const buffer = new RecordOutputBuffer(() => 3);
    for (let i = 0; i < 300; i++) write(buffer.topic('t'), null, 'x');
    expect(new Set(buffer.take().map((batch) => batch.partition))).toEqual(new Set([0, 1, 2]));
  });

  it('closes batches by size and by count, keeping their order', () => {
    const buffer = new RecordOutputBuffer(() => 1);
    const large = 'x'.repeat(400_000);
    for (let i = 0; i < 5; i++) write(buffer.topic('t'), 'k', `${i}${large}`);
    expect(buffer.bytes).toBeGreaterThan(2_000_000);
    const taken = buffer.take();
    expect(taken.map((batch) => valuesOf(batch).map((value) => value[0]))).toEqual([
      ['0', '1', '2'],
      ['3', '4'],
    ]);
    expect(buffer.bytes).toBe(0);
    for (let i = 0; i < 20_000; i++) write(buffer.topic('t'), 'k', 'x');
    expect(buffer.take().map((batch) => batch.records)).toEqual([16_384, 3616]);
  });

  it('forgets a record that was given up', () => {
    const buffer = new RecordOutputBuffer(() => 1);
    const topic = buffer.topic('t');
    topic.begin(1, true);
    topic.abandon();
    write(topic, 'k', 'kept');
    expect(buffer.take().flatMap(valuesOf)).toEqual(['kept']);
  });

  it('drops everything when it is cleared', () => {
    const buffer = new RecordOutputBuffer(() => 1);
    write(buffer.topic('t'), 'k', 'x');
    buffer.clear();
    expect(buffer.take()).toEqual([]);
    expect(buffer.take()).toEqual([]);
  });
});
