import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TransactionalWriter } from '../../../src/broker/cluster-log.js';
import { ClusterHealth } from '../../../src/broker/kafka/cluster-health.js';
import { KafkaConnection } from '../../../src/broker/kafka/kafka-connection.js';
import type { Kafka } from '../../../src/broker/kafka/open-kafka.js';
import { signBatch } from '../../../src/broker/kafka/producer-batches.js';
import { PRODUCE } from '../../../src/broker/kafka/wire/produce.js';
import {
  batchOf,
  connect,
  createTopic,
  errorOf,
  KAFKA,
  NO_KAFKA,
  pause,
  RUN,
  read,
  readToEnd,
} from './adapter-kafka.js';

const TIMEOUT_MS = 10_000;

describe.skipIf(NO_KAFKA)('a transactional writer', () => {
  let kafka: Kafka;
  beforeAll(() => {
    kafka = connect();
  });
  afterAll(() => kafka.close());

  const open = (id: string): Promise<TransactionalWriter> => kafka.writers.transactional(`tx-${RUN}-${id}`, TIMEOUT_MS);

  test('commits what it appended, on all partitions at once', async () => {
    const topic = await createTopic(kafka, 'commit', 2);
    const partitions = [0, 1].map((partition) => ({ topic: topic.name, partition }));
    const writer = await open('commit');
    const readers = kafka.readers();
    await writer.end('commit');
    for (let i = 0; i < 3; i++) {
      await writer.addPartitions(partitions);
      const appended = await writer.append([
        batchOf(topic.name, 0, [`a${i}`, `b${i}`]),
        batchOf(topic.name, 1, [`x${i}`]),
        batchOf(topic.name, 0, [`c${i}`]),
      ]);
      expect(appended.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([
        [4 * i, 4 * i + 1],
        [2 * i, 2 * i],
        [4 * i + 2, 4 * i + 2],
      ]);
      expect(await kafka.topics.offsets(partitions)).toEqual([
        { start: 0, end: 4 * i },
        { start: 0, end: 2 * i },
      ]);
      await writer.end('commit');
    }
    const { records } = await readToEnd(kafka, readers, topic);
    expect(records.map(({ value }) => value)).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
    await readers.close();
  });

  test('shows nothing of a transaction before it is committed, and passes over an aborted one', async () => {
    const topic = await createTopic(kafka, 'unseen');
    const partition = { topic: topic.name, partition: 0 };
    const writer = await open('unseen');
    const readers = kafka.readers();
    const reading = read(readers, topic);
    await writer.addPartitions([partition]);
    await writer.append([batchOf(topic.name, 0, ['1', '2'])]);
    await pause(400);
    expect([reading.reader.end, reading.reader.next, reading.reader.take(1000)]).toEqual([0, 0, []]);
    await writer.end('abort');
    await reading.until(({ reader }) => reader.next === 3 && reader.end === 3, 'passing over the aborted transaction');
    expect(reading.records).toEqual([]);
    await writer.addPartitions([partition]);
    await writer.append([batchOf(topic.name, 0, ['3'])]);
    await writer.end('commit');
    await reading.until(({ reader }) => reader.next === 5, 'the committed transaction');
    expect(reading.records).toEqual([{ offset: 3, key: null, value: '3' }]);
    await readers.close();
  });

  test('is fenced by the next of its id, which ends what was open', async () => {
    const topic = await createTopic(kafka, 'fenced');
    const partition = { topic: topic.name, partition: 0 };
    const [zombie, idle, sleeper] = [await open('fenced'), await open('fenced-idle'), await open('fenced-end')];
    for (const writer of [zombie, sleeper]) {
      await writer.addPartitions([partition]);
      await writer.append([batchOf(topic.name, 0, ['never'])]);
    }
    const owner = await open('fenced');
    await open('fenced-idle');
    await open('fenced-end');
    expect(owner.producerId).toBe(zombie.producerId);
    expect(owner.epoch).toBeGreaterThan(zombie.epoch);
    // Two records, two markers: all is decided.
    expect(await kafka.topics.offsets([partition])).toEqual([{ start: 0, end: 4 }]);
    const late = await errorOf(zombie.append([batchOf(topic.name, 0, ['late'])]));
    expect(late).toMatchObject({ failure: 'fenced', code: 'invalid-producer-epoch' });
    expect(await errorOf(zombie.end('commit'))).toMatchObject({ failure: 'fenced' });
    expect(await errorOf(idle.addPartitions([partition]))).toMatchObject({ failure: 'fenced' });
    expect(await errorOf(sleeper.end('commit'))).toMatchObject({ failure: 'fenced' });
    await owner.addPartitions([partition]);
    await owner.append([batchOf(topic.name, 0, ['mine'])]);
    await owner.end('commit');
    const readers = kafka.readers();
    const { records } = await readToEnd(kafka, readers, topic);
    expect(records).toEqual([{ offset: 4, key: null, value: 'mine' }]);
    await readers.close();
  });

  test('is refused what is too large, with all of the transaction', async () => {
    const topic = await createTopic(kafka, 'large', 1, { 'max.message.bytes': '2000' });
    const partition = { topic: topic.name, partition: 0 };
    const writer = await open('large');
    await writer.addPartitions([partition]);
    const large = writer.append([batchOf(topic.name, 0, ['ok']), batchOf(topic.name, 0, ['x'.repeat(3000)])]);
    expect(await errorOf(large)).toMatchObject({ failure: 'refused', code: 'message-too-large' });
    expect(await errorOf(writer.end('commit'))).toMatchObject({ failure: 'refused' });
    const next = await open('large');
    await next.addPartitions([partition]);
    await next.append([batchOf(topic.name, 0, ['smaller']), batchOf(topic.name, 0, ['pieces'])]);
    await next.end('commit');
    const readers = kafka.readers();
    const { records } = await readToEnd(kafka, readers, topic);
    expect(records.map(({ value }) => value)).toEqual(['smaller', 'pieces']);
    await readers.close();
  });

  test('is refused a partition that does not exist', async () => {
    const topic = await createTopic(kafka, 'absent');
    const writer = await open('absent');
    const partitions = [
      { topic: topic.name, partition: 0 },
      { topic: topic.name, partition: 9 },
    ];
    expect(await errorOf(writer.addPartitions(partitions))).toMatchObject({
      failure: 'refused',
      code: 'unknown-topic',
    });
  });

  test('must add a partition first: a broker refuses the batch of another', async () => {
    const topic = await createTopic(kafka, 'unadded', 2);
    const id = `tx-${RUN}-unadded`;
    const writer = await kafka.writers.transactional(id, TIMEOUT_MS);
    await writer.addPartitions([{ topic: topic.name, partition: 0 }]);
    expect(() => writer.append([batchOf(topic.name, 1, ['x'])])).toThrow('part of the transaction');
    const options = { bootstrapServers: KAFKA.split(','), clientId: 'unadded', log: () => {} };
    const connection = new KafkaConnection(options, new ClusterHealth(() => {}, Date.now));
    const partition = { topic: topic.name, partition: 1 };
    const [leader] = await connection.leaders([partition]);
    const batch = batchOf(topic.name, 1, ['x']);
    signBatch(batch.bytes, writer, 0, true);
    const request = { transactionalId: id, timeoutMs: 1000, partitions: [batch] };
    expect(await connection.node(leader!, PRODUCE, request)).toMatchObject([{ error: 48 }]);
    expect(await kafka.topics.offsets([partition])).toEqual([{ start: 0, end: 0 }]);
    await connection.close();
  });

  test('waits for the coordinator between transactions', async () => {
    const topic = await createTopic(kafka, 'rounds', 4);
    const partitions = [0, 1, 2, 3].map((partition) => ({ topic: topic.name, partition }));
    const writer = await open('rounds');
    for (let i = 0; i < 100; i++) {
      await writer.addPartitions(partitions);
      await writer.append(partitions.map(({ partition }) => batchOf(topic.name, partition, [`${i}`])));
      await writer.end(i % 3 === 1 ? 'abort' : 'commit');
    }
    const expected = Array.from({ length: 100 }, (_, i) => `${i}`).filter((i) => Number(i) % 3 !== 1);
    const readers = kafka.readers();
    for (const { partition } of partitions) {
      const { records } = await readToEnd(kafka, readers, topic, partition);
      expect(records.map(({ value }) => value)).toEqual(expected);
    }
    await readers.close();
  });

  test('is not given a timeout that the cluster does not allow', async () => {
    const long = kafka.writers.transactional(`tx-${RUN}-long`, 10 * 3_600_000);
    expect(await errorOf(long)).toMatchObject({ failure: 'refused', code: 'invalid-transaction-timeout' });
  });

  test('that is closed says so', async () => {
    const writer = await open('closed');
    writer.close();
    expect(await errorOf(writer.addPartitions([]))).toMatchObject({ failure: 'unavailable', code: 'kafka-closed' });
  });
});
