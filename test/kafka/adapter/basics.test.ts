import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchReaders, ClusterTopicRequest } from '../../../src/broker/cluster-log.js';
import type { Kafka } from '../../../src/broker/kafka/open-kafka.js';
import {
  batchOf,
  connect,
  createTopic,
  errorOf,
  NO_KAFKA,
  pause,
  read,
  readToEnd,
  topicName,
} from './adapter-kafka.js';

describe.skipIf(NO_KAFKA)('topics of a cluster', () => {
  let kafka: Kafka;
  beforeAll(() => {
    kafka = connect();
  });
  afterAll(() => kafka.close());

  test('are created, described, listed and deleted', async () => {
    const topic = await createTopic(kafka, 'made', 3, { 'retention.ms': '12345', 'cleanup.policy': 'compact' });
    expect(topic).toMatchObject({ partitions: 3, replicas: 1 });
    expect(topic.id).toMatch(/^[\w-]{22}$/);
    expect(await kafka.topics.describe([topic.name, 'no-such', topic.name])).toEqual([topic, null, topic]);
    const names = (await kafka.topics.list()).map(({ name }) => name);
    expect(names).toContain(topic.name);
    expect(names.filter((name) => name.startsWith('__'))).toEqual([]);
    const [settings] = await kafka.topics.settings([topic.name]);
    expect(settings).toMatchObject({
      'retention.ms': '12345',
      'cleanup.policy': 'compact',
      'max.message.bytes': '1048588',
    });
    await kafka.topics.delete(topic.name);
    expect(await kafka.topics.describe([topic.name])).toEqual([null]);
    await kafka.topics.delete(topic.name);
  });

  test('refuse what cannot be', async () => {
    const topic = await createTopic(kafka, 'taken');
    const again = { name: topic.name, partitions: 1, replicas: 1, settings: {} };
    expect(await errorOf(kafka.topics.create(again))).toMatchObject({ failure: 'refused', code: 'topic-exists' });
    const name = topicName('bad');
    const bad = async (change: object): Promise<unknown> => errorOf(kafka.topics.create({ ...again, name, ...change }));
    expect(await bad({ replicas: 7 })).toMatchObject({ failure: 'refused', code: 'invalid-replication-factor' });
    expect(await bad({ settings: { 'no.such': '1' } })).toMatchObject({ failure: 'refused', code: 'invalid-config' });
    expect(await bad({ name: 'not a name' })).toMatchObject({ failure: 'refused', code: 'invalid-topic' });
    expect(await errorOf(kafka.topics.settings(['no-such']))).toMatchObject({
      failure: 'refused',
      code: 'unknown-topic',
    });
    expect(await errorOf(kafka.topics.offsets([{ topic: 'no-such', partition: 0 }]))).toMatchObject({
      code: 'unknown-topic',
    });
    expect(await errorOf(kafka.topics.offsets([{ topic: topic.name, partition: 5 }]))).toMatchObject({
      code: 'unknown-topic',
    });
  });

  test('asked for at once are judged one by one', async () => {
    const taken = await createTopic(kafka, 'taken');
    const request = (name: string, change: object = {}): ClusterTopicRequest => ({
      name,
      partitions: 2,
      replicas: 1,
      settings: {},
      ...change,
    });
    const [first, second, bad, twice] = [topicName('a'), topicName('b'), topicName('c'), topicName('d')];
    const made = await Promise.allSettled(
      [
        request(first),
        request(taken.name),
        request(bad, { replicas: 7 }),
        request(second),
        request(twice),
        request(twice),
      ].map((one) => kafka.topics.create(one)),
    );
    const told = made.map((one) =>
      one.status === 'fulfilled' ? one.value.name : (one.reason as { code: string }).code,
    );
    expect(told).toEqual([first, 'topic-exists', 'invalid-replication-factor', second, twice, 'topic-exists']);
    const described = await kafka.topics.describe([first, second, twice, bad]);
    expect(described.map((topic) => topic?.partitions)).toEqual([2, 2, 2, undefined]);
  });

  test('tell who the cluster is', async () => {
    const { clusterId, brokers, controller } = await kafka.describeCluster();
    expect(clusterId).toMatch(/^[\w-]{22}$/);
    expect(brokers).toHaveLength(1);
    expect(controller).toBe(brokers[0]!.nodeId);
    expect(kafka.state()).toEqual({ kind: 'connected' });
  });
});

describe.skipIf(NO_KAFKA)('a plain writer and a reader', () => {
  let kafka: Kafka;
  let readers: BatchReaders;
  beforeAll(() => {
    kafka = connect();
    readers = kafka.readers();
  });
  afterAll(() => kafka.close());

  test('carry batches, in order', async () => {
    const topic = await createTopic(kafka, 'plain', 2);
    const writer = await kafka.writers.plain();
    const first = await writer.append([
      batchOf(topic.name, 0, ['a', 'b']),
      batchOf(topic.name, 1, ['x']),
      batchOf(topic.name, 0, ['c']),
    ]);
    expect(first).toEqual([
      { topic: topic.name, partition: 0, baseOffset: 0, lastOffset: 1 },
      { topic: topic.name, partition: 1, baseOffset: 0, lastOffset: 0 },
      { topic: topic.name, partition: 0, baseOffset: 2, lastOffset: 2 },
    ]);
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, i) => writer.append([batchOf(topic.name, 0, [`n${i}`])])),
    );
    expect(many.map(([one]) => one!.baseOffset)).toEqual(Array.from({ length: 20 }, (_, i) => 3 + i));
    const { records, reader } = await readToEnd(kafka, readers, topic);
    expect(records.map(({ value }) => value)).toEqual([
      'a',
      'b',
      'c',
      ...Array.from({ length: 20 }, (_, i) => `n${i}`),
    ]);
    expect({ next: reader.next, end: reader.end, waiting: reader.waitingBytes }).toEqual({
      next: 23,
      end: 23,
      waiting: 0,
    });
    const late = read(readers, topic, 0, 1);
    await late.until(({ records }) => records.length === 22, 'reading from 1');
    expect(late.records[0]).toEqual({ offset: 1, key: null, value: 'b' });
  });

  test('hear of each other soon', async () => {
    const topic = await createTopic(kafka, 'tail');
    const writer = await kafka.writers.plain();
    const reading = read(readers, topic);
    await reading.until(({ reader }) => reader.end === 0, 'an empty partition has an end');
    const began = performance.now();
    await writer.append([batchOf(topic.name, 0, ['now'])]);
    await reading.until(({ records }) => records.length === 1, 'the record');
    expect(performance.now() - began).toBeLessThan(200);
  });

  test('refuse what is too large, and go on', async () => {
    const topic = await createTopic(kafka, 'large', 1, { 'max.message.bytes': '2000' });
    const writer = await kafka.writers.plain();
    await writer.append([batchOf(topic.name, 0, ['small'])]);
    const large = writer.append([batchOf(topic.name, 0, ['x'.repeat(3000)])]);
    expect(await errorOf(large)).toMatchObject({ failure: 'refused', code: 'message-too-large' });
    const [after] = await writer.append([batchOf(topic.name, 0, ['small again'])]);
    expect(after!.baseOffset).toBe(1);
    const unknown = writer.append([batchOf('no-such-topic', 0, ['x']), batchOf(topic.name, 0, ['in time'])]);
    expect(await errorOf(unknown)).toMatchObject({ failure: 'refused', code: 'unknown-topic' });
    const { records } = await readToEnd(kafka, readers, topic);
    expect(records.map(({ value }) => value)).toEqual(['small', 'small again', 'in time']);
  });

  test('meet a log that has forgotten the producer', async () => {
    const topic = await createTopic(kafka, 'forgotten');
    const writer = await kafka.writers.plain();
    await writer.append([batchOf(topic.name, 0, ['1'])]);
    await kafka.topics.delete(topic.name);
    await kafka.topics.create({ name: topic.name, partitions: 1, replicas: 1, settings: {} });
    expect(await writer.append([batchOf(topic.name, 0, ['2'])])).toMatchObject([{ baseOffset: 0 }]);
    expect(await writer.append([batchOf(topic.name, 0, ['3'])])).toMatchObject([{ baseOffset: 1 }]);
  });

  test('end with a trimmed log', async () => {
    const topic = await createTopic(kafka, 'trimmed', 2);
    const writer = await kafka.writers.plain();
    for (let i = 0; i < 5; i++)
      await writer.append([batchOf(topic.name, 0, [`${i}`]), batchOf(topic.name, 1, [`${i}`])]);
    await kafka.topics.trim([
      { topic: topic.name, partition: 0, offset: 3 },
      { topic: topic.name, partition: 1, offset: 5 },
    ]);
    const partitions = [0, 1].map((partition) => ({ topic: topic.name, partition }));
    expect(await kafka.topics.offsets(partitions)).toEqual([
      { start: 3, end: 5 },
      { start: 5, end: 5 },
    ]);
    for (const from of [2, 6]) {
      const reading = read(readers, topic, 0, from);
      await reading.until(({ reader }) => reader.failure !== null, `failure at ${from}`);
      expect(reading.reader.failure).toMatchObject({ code: 'offset-out-of-range' });
      expect(reading.reader.next).toBe(from);
    }
    const { records } = await readToEnd(kafka, readers, topic, 0, 3);
    expect(records.map(({ value }) => value)).toEqual(['3', '4']);
    const tooFar = kafka.topics.trim([{ topic: topic.name, partition: 0, offset: 50 }]);
    expect(await errorOf(tooFar)).toMatchObject({ failure: 'refused', code: 'offset-out-of-range' });
  });

  test('never read another topic of the same name', async () => {
    const topic = await createTopic(kafka, 'reborn');
    const writer = await kafka.writers.plain();
    await writer.append([batchOf(topic.name, 0, ['old'])]);
    const reading = read(readers, topic);
    await reading.until(({ records }) => records.length === 1, 'the old record');
    await kafka.topics.delete(topic.name);
    const again = await kafka.topics.create({ name: topic.name, partitions: 1, replicas: 1, settings: {} });
    expect(again.id).not.toBe(topic.id);
    await writer.append([batchOf(topic.name, 0, ['new', 'newer'])]);
    await reading.until(({ reader }) => reader.failure !== null, 'the failure');
    expect(reading.reader.failure).toMatchObject({ code: 'topic-recreated' });
    expect(reading.records.map(({ value }) => value)).toEqual(['old']);
    await kafka.topics.delete(topic.name);
    const gone = read(readers, again);
    await gone.until(({ reader }) => reader.failure !== null, 'the failure');
    expect(gone.reader.failure).toMatchObject({ code: 'unknown-topic' });
  });

  test('close', async () => {
    const topic = await createTopic(kafka, 'closed');
    const own = kafka.readers();
    const reading = read(own, topic);
    await reading.until(({ reader }) => reader.end === 0, 'the end');
    const began = performance.now();
    await own.close();
    expect(performance.now() - began).toBeLessThan(100);
    reading.reader.close();
    await pause(10);
    expect(() => read(own, topic)).toThrow('closed');
  });
});
