import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PendingBatch } from '../../../src/broker/broker.js';
import type { Kafka } from '../../../src/broker/kafka/open-kafka.js';
import { RecordBatchBuilder } from '../../../src/broker/record-batch-builder.js';
import { cleanLogsEvery } from '../support/log-cleaner.js';
import { batchOf, connect, createTopic, KAFKA, NO_KAFKA, pause, RUN, read, readToEnd } from './adapter-kafka.js';

describe.skipIf(NO_KAFKA)('reading', () => {
  let kafka: Kafka;
  beforeAll(() => {
    kafka = connect();
  });
  afterAll(() => kafka.close());

  test('serves 32 partitions alike', async () => {
    const partitions = 32;
    const topic = await createTopic(kafka, 'fair', partitions);
    const writer = await kafka.writers.plain();
    const value = 'x'.repeat(5000);
    const batches: PendingBatch[] = [];
    for (let round = 0; round < 4; round++) {
      for (let partition = 0; partition < partitions; partition++) {
        batches.push(batchOf(topic.name, partition, Array(10).fill(value)));
      }
    }
    await writer.append(batches);
    // A request holds what nine partitions want, so it needs four to go round.
    const readers = kafka.readers({ requestBytesMax: 450_000, partitionBytesMax: 52_000, waitMs: 100 });
    const taken = new Array<number>(partitions).fill(0);
    let spread = 0;
    const done = new Promise<void>((resolve) => {
      for (let partition = 0; partition < partitions; partition++) {
        const reader = readers.open(topic.name, topic.id, partition, 0, {
          onChange: () => {
            taken[partition]! += reader.take(1 << 30).length;
            spread = Math.max(spread, Math.max(...taken) - Math.min(...taken));
            if (taken.every((count) => count === 4)) resolve();
          },
        });
      }
    });
    await done;
    expect(spread).toBeLessThanOrEqual(2);
    await readers.close();
  });

  test('passes over what compaction has left', async () => {
    const topic = await createTopic(kafka, 'holes', 1, {
      'cleanup.policy': 'compact',
      'segment.bytes': '1048576',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.001',
      'min.compaction.lag.ms': '0',
      'max.compaction.lag.ms': '100',
      'delete.retention.ms': '0',
    });
    const partition = { topic: topic.name, partition: 0 };
    const writer = await kafka.writers.transactional(`tx-${RUN}-holes`, 10_000);
    const readers = kafka.readers();
    let last = 0;
    // Twenty keys again and again, some in transactions that are aborted: few records and many holes remain.
    const append = async (round: number): Promise<void> => {
      const builder = new RecordBatchBuilder();
      // The one record that stays makes the rest a hole between two.
      if (round === 0) builder.append(1_700_000_000_000, Buffer.from('first'), Buffer.from('stays'));
      for (let i = 0; i < 20; i++) {
        builder.append(1_700_000_000_000 + 1000 * round, Buffer.from(`k${i}`), Buffer.from(`${round}.${i}`));
      }
      await writer.addPartitions([partition]);
      const { records } = builder;
      await writer.append([{ ...partition, records, bytes: builder.finish() }]);
      await writer.end(round % 3 === 2 ? 'abort' : 'commit');
      if (round % 3 !== 2) last = round;
    };
    for (let round = 0; round < 60; round++) await append(round);
    const isCompacted = async (): Promise<boolean> => {
      const { records } = await readToEnd(kafka, readers, topic);
      return records.length < 800 && records.some(({ offset }, i) => i > 0 && offset - records[i - 1]!.offset > 300);
    };
    // A segment is closed by the first record that is a little younger.
    await cleanLogsEvery(KAFKA, 100);
    try {
      for (let round = 60; round < 180 && !(await isCompacted()); round++) {
        await append(round);
        await pause(500);
      }
    } finally {
      await cleanLogsEvery(KAFKA, null);
    }
    expect(await isCompacted()).toBe(true);
    const [offsets] = await kafka.topics.offsets([partition]);
    const { end } = offsets!;
    const all = await readToEnd(kafka, readers, topic);
    const state = new Map(all.records.map(({ key, value }) => [key, value]));
    const newest = Array.from({ length: 20 }, (_, i) => [`k${i}`, `${last}.${i}`] as const);
    expect(state).toEqual(new Map([['first', 'stays'], ...newest]));
    // From the middle of a hole, and from far within it.
    for (const from of [1, 50, 200, 333, end - 1, end]) {
      const reading = await readToEnd(kafka, readers, topic, 0, from);
      expect(reading.records).toEqual(all.records.filter(({ offset }) => offset >= from));
      expect(reading.reader.next).toBeGreaterThanOrEqual(end);
    }
    await readers.close();
  }, 180_000);

  test('goes on while many open and close', async () => {
    const topic = await createTopic(kafka, 'many', 8);
    const writer = await kafka.writers.plain();
    for (let i = 0; i < 5; i++) {
      await writer.append(
        Array.from({ length: 8 }, (_, partition) => batchOf(topic.name, partition, [`${i}`, `${i}'`])),
      );
    }
    const readers = kafka.readers();
    const following = read(readers, topic, 3);
    for (let i = 0; i < 40; i++) {
      const reading = read(readers, topic, i % 8, i % 10);
      await reading.until(({ reader }) => reader.next === 10, 'reading to the end');
      expect(reading.records.map(({ offset }) => offset)).toEqual(
        Array.from({ length: 10 - (i % 10) }, (_, at) => at + (i % 10)),
      );
      reading.reader.close();
    }
    await writer.append([batchOf(topic.name, 3, ['last'])]);
    await following.until(({ records }) => records.length === 11, 'the last record');
    await readers.close();
  });
});
