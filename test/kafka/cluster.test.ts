import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consumeCommitted, consumerGroups } from './support/java-tools.mjs';
import { type KafkaCluster, startKafka } from './support/kafka-cluster.mjs';
import { kafkaMissing, testedKafkaVersion } from './support/kafka-jars.mjs';
import { askBrokers } from './support/probe.mjs';

const missing = kafkaMissing();

describe.skipIf(process.env['MILLRACE_TEST_KAFKA'] === undefined)('the cluster of this run', () => {
  test('answers', async () => {
    const [host, port] = process.env['MILLRACE_TEST_KAFKA']!.split(',')[0]!.split(':');
    expect((await askBrokers(host!, Number(port), 20_000))!.length).toBeGreaterThan(0);
  });
});

describe.skipIf(missing !== null)('a broker of our own', () => {
  const topic = `cluster-${randomUUID()}`;
  let cluster: KafkaCluster;
  let kafka: Kafka;

  const client = (): Kafka =>
    new Kafka({ brokers: cluster.bootstrapServers.split(','), logLevel: logLevel.NOTHING, retry: { retries: 15 } });

  const send = async (...messages: Message[]): Promise<void> => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
  };

  beforeAll(async () => {
    cluster = await startKafka();
    kafka = client();
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    await admin.disconnect();
  });
  afterAll(() => cluster.close());

  test('is of the version asked for', () => {
    expect(cluster.version).toBe(testedKafkaVersion());
    expect(cluster.log()).toContain(`Kafka version: ${testedKafkaVersion()}`);
  });

  test('shows committed records with everything about them', async () => {
    await send({ key: null, value: 'plain', timestamp: '1000' });
    const producer = kafka.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    const aborted = await producer.transaction();
    await aborted.send({ topic, messages: [{ key: 'k', value: 'aborted' }] });
    await aborted.abort();
    const committed = await producer.transaction();
    await committed.send({
      topic,
      messages: [{ key: 'k', value: 'two\nlines', timestamp: '2000', headers: { a: '1', b: 'x:y' } }],
    });
    await committed.send({ topic, messages: [{ key: Buffer.from([0, 255]), value: null, timestamp: '3000' }] });
    await committed.commit();
    await producer.disconnect();

    const { bootstrapServers } = cluster;
    const found = await consumeCommitted({ bootstrapServers, topic, timeoutMs: 5000 });
    expect(found.map(({ valueBytes: _, keyBytes, ...rest }) => ({ ...rest, key: keyBytes?.toString('hex') ?? null })))
      // Offsets 1 and 2 are the aborted record and the marker of its end.
      .toEqual([
        {
          ...{ partition: 0, offset: 0, timestamp: 1000, timestampType: 'CreateTime', headers: [] },
          ...{ key: null, value: 'plain' },
        },
        {
          ...{ partition: 0, offset: 3, timestamp: 2000, timestampType: 'CreateTime' },
          headers: [
            { name: 'a', value: '1' },
            { name: 'b', value: 'x:y' },
          ],
          ...{ key: '6b', value: 'two\nlines' },
        },
        {
          ...{ partition: 0, offset: 4, timestamp: 3000, timestampType: 'CreateTime', headers: [] },
          ...{ key: '00ff', value: null },
        },
      ]);
    const first = await consumeCommitted({ bootstrapServers, topic, partition: 0, max: 1 });
    expect(first.map((record) => record.value)).toEqual(['plain']);
  });

  test('describes consumer groups', async () => {
    const admin = kafka.admin();
    await admin.connect();
    await admin.setOffsets({ groupId: 'readers', topic, partitions: [{ partition: 0, offset: '1' }] });
    await admin.disconnect();
    const { bootstrapServers } = cluster;
    const [offsets] = await consumerGroups({ bootstrapServers, group: 'readers' });
    expect(offsets).toMatchObject({ GROUP: 'readers', TOPIC: topic, PARTITION: '0', 'CURRENT-OFFSET': '1' });
    const [state] = await consumerGroups({ bootstrapServers, group: 'readers', show: 'state' });
    expect(state).toMatchObject({ STATE: 'Empty', '#MEMBERS': '0' });
    expect(await consumerGroups({ bootstrapServers, group: 'nobody' })).toEqual([]);
  });

  test('keeps its data when it is killed and started again, and answers nothing while it is paused', async () => {
    const [host, port] = cluster.bootstrapServers.split(':');
    const before = cluster.pid();
    await cluster.kill();
    expect(await askBrokers(host!, Number(port), 500)).toBeNull();
    await cluster.start();
    expect(cluster.pid()).not.toBe(before);
    const found = await consumeCommitted({ bootstrapServers: cluster.bootstrapServers, topic, timeoutMs: 5000 });
    expect(found.map(({ value }) => value)).toEqual(['plain', 'two\nlines', null]);

    cluster.pause();
    expect(await askBrokers(host!, Number(port), 500)).toBeNull();
    cluster.resume();
    expect(await askBrokers(host!, Number(port), 20_000)).toEqual([1]);
  });
});

describe.skipIf(missing !== null)('three brokers of our own', () => {
  test('go on with two, and leave nothing behind', async () => {
    const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('millrace-kafka-'));
    const others = new Set(folders());
    const cluster = await startKafka({ brokers: 3, settings: { 'log.segment.bytes': 1_048_576 } });
    const own = folders().filter((name) => !others.has(name));
    const ports = cluster.bootstrapServers.split(',').map((address) => Number(address.split(':')[1]));
    try {
      expect(await askBrokers('127.0.0.1', ports[2]!, 20_000)).toEqual([1, 2, 3]);
      await cluster.kill(1);
      await expect
        .poll(() => askBrokers('127.0.0.1', ports[2]!, 20_000), { timeout: 60_000, interval: 200 })
        .toEqual([2, 3]);
      await cluster.start(1);
      await cluster.stop(2);
      await cluster.start(2);
      expect(await askBrokers('127.0.0.1', ports[1]!, 20_000)).toContain(2);
    } finally {
      await cluster.close();
    }
    expect(own.length).toBeGreaterThan(0);
    // Another cluster of this machine may have begun between the two looks, and is gone or not: ours is.
    expect(own.some((name) => !folders().includes(name))).toBe(true);
    expect(await askBrokers('127.0.0.1', ports[0]!, 500)).toBeNull();
  }, 240_000);
});
