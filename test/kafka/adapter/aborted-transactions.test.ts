import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterTopic, TransactionalWriter } from '../../../src/broker/cluster-log.js';
import type { Kafka } from '../../../src/broker/kafka/open-kafka.js';
import { consumeCommitted } from '../support/java-tools.mjs';
import { batchOf, connect, createTopic, KAFKA, NO_KAFKA, RUN, read, readToEnd } from './adapter-kafka.js';

/** Four zero bytes: an int32 key 0, which looks like the key of an abort marker. */
const ZERO_KEY = Buffer.alloc(4);

interface Written {
  readonly offset: number;
  readonly value: string;
  committed: boolean;
}

interface Open {
  readonly writer: TransactionalWriter;
  readonly records: Written[];
}

describe.skipIf(NO_KAFKA)('aborted transactions', () => {
  let kafka: Kafka;
  let topic: ClusterTopic;
  let written: Written[];
  let aborted = 0;
  let ended = 0;
  const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));

  /** Five producers whose transactions overlap, two in three aborted, and now and then a record of none. */
  beforeAll(async () => {
    kafka = connect();
    topic = await createTopic(kafka, 'aborted');
    const partition = { topic: topic.name, partition: 0 };
    let state = seed;
    const random = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    written = [];
    const plain = await kafka.writers.plain();
    const opens: Open[] = [];
    for (let i = 0; i < 5; i++) {
      opens.push({ writer: await kafka.writers.transactional(`tx-${RUN}-aborted-${i}`, 60_000), records: [] });
    }
    const end = async ({ writer, records }: Open, outcome: 'commit' | 'abort'): Promise<void> => {
      await writer.end(outcome);
      for (const record of records) record.committed = outcome === 'commit';
      ended++;
      if (outcome === 'abort') aborted++;
      records.length = 0;
    };
    for (let step = 0; aborted < 62; step++) {
      const open = opens[random(opens.length)]!;
      const action = random(10);
      if (action < 6) {
        const values = Array.from({ length: 1 + random(4) }, (_, i) => `s${step}r${i}`);
        await open.writer.addPartitions([partition]);
        const key = random(2) === 0 ? ZERO_KEY : 'key';
        const [appended] = await open.writer.append([batchOf(topic.name, 0, values, key)]);
        const { baseOffset } = appended!;
        values.forEach((value, i) => {
          const record = { offset: baseOffset + i, value, committed: false };
          written.push(record);
          open.records.push(record);
        });
      } else if (action < 7) {
        const [appended] = await plain.append([batchOf(topic.name, 0, [`p${step}`], ZERO_KEY)]);
        const { baseOffset } = appended!;
        written.push({ offset: baseOffset, value: `p${step}`, committed: true });
      } else if (open.records.length > 0) {
        await end(open, random(3) === 0 ? 'commit' : 'abort');
      }
    }
    for (const open of opens) if (open.records.length > 0) await end(open, 'commit');
    written.sort((a, b) => a.offset - b.offset);
    // A transaction has ended a little before its markers are in the log.
    const readers = kafka.readers();
    const reading = read(readers, topic);
    await reading.until(({ reader }) => reader.next === written.length + ended, 'all markers');
    await readers.close();
  });
  afterAll(() => kafka.close());

  const committedFrom = (from: number): unknown[] =>
    written
      .filter(({ committed, offset }) => committed && offset >= from)
      .map(({ offset, value }) => ({ offset, value }));

  test('are left out by a reader from every offset, whatever the size of the answers', async () => {
    const end = written.length + ended;
    for (const partitionBytesMax of [1024 * 1024, 700]) {
      const readers = kafka.readers({ partitionBytesMax });
      const offsets = Array.from({ length: end + 1 }, (_, from) => from).filter(
        (from) => partitionBytesMax > 700 || from % 100 === 7,
      );
      await Promise.all(
        offsets.map(async (from) => {
          const reading = await readToEnd(kafka, readers, topic, 0, from);
          const records = reading.records.map(({ offset, value }) => ({ offset, value }));
          expect({ seed, from, records }).toEqual({ seed, from, records: committedFrom(from) });
          expect(reading.reader.next).toBe(end);
          reading.reader.close();
        }),
      );
      await readers.close();
    }
  });

  test('are left out as by the Java consumer', async () => {
    const records = await consumeCommitted({
      bootstrapServers: KAFKA,
      topic: topic.name,
      partition: 0,
      timeoutMs: 8000,
    });
    expect(records.map(({ offset, value }) => ({ offset, value }))).toEqual(committedFrom(0));
  });
});
