import { Kafka as KafkaJs, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';
import type { PrintHandle, QueryHandle } from '../../src/engine/engine.js';
import type { Entity } from '../../src/engine/entities.js';
import { decodePosition, isPositionKey } from '../../src/executor/shard/position-record.js';
import { changelogTopic, queryPrefix, repartitionTopic } from '../../src/planner/physical/internal-names.js';
import { batchOf, KAFKA, NO_KAFKA, readToEnd } from './adapter/adapter-kafka.js';
import { PATIENCE, Service, type ServiceNode } from './service.js';

const LONG = 180_000;
const EARLIEST = { 'auto.offset.reset': 'earliest' };

describe.skipIf(NO_KAFKA)('reads of topics on a cluster', () => {
  let service: Service;
  let node: ServiceNode;
  let topic: string;

  beforeEach(async () => {
    service = new Service();
    node = await service.start();
    topic = service.topic('s');
  }, LONG);
  afterEach(() => service.close(), LONG);

  const stream = (partitions: number): string =>
    `CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON', PARTITIONS=${partitions});`;
  const feed = (from: number, to: number): Promise<void> =>
    node.engine.insert(
      'S',
      Array.from({ length: to - from }, (_, i) => ({ K: `k${from + i}`, V: from + i })),
    );

  /** A record a value in partition 0: `-x` in a transaction that is aborted, the others in one each that is committed. */
  async function transact(...values: readonly string[]): Promise<void> {
    const writer = await service.kafka.writers.transactional(service.topic('writer'), 10_000);
    for (const value of values) {
      await writer.addPartitions([{ topic, partition: 0 }]);
      await writer.append([batchOf(topic, 0, [value.replace('-', '')], 'k')]);
      await writer.end(value.startsWith('-') ? 'abort' : 'commit');
    }
    writer.close();
  }

  type Admin = ReturnType<KafkaJs['admin']>;

  async function asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new KafkaJs({ brokers: KAFKA.split(','), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  async function printed(sql: string, count: number): Promise<string[]> {
    const handle = (await node.engine.query(sql)) as PrintHandle;
    const lines: string[] = [];
    for await (const some of handle.lines) {
      lines.push(...some.filter((line) => line.startsWith('rowtime')));
      if (lines.length >= count) break;
    }
    await handle.close();
    return lines.map((line) => /value: (.*), partition/.exec(line)![1]!);
  }

  it(
    'PRINT shows committed records alone, from the beginning and from now on',
    async () => {
      await service.kafka.topics.create({ name: topic, partitions: 2, replicas: 1, settings: {} });
      await transact('first', '-never', 'second', '-neither', '-nor', 'third', '-last');
      expect(await printed(`PRINT ${topic} FROM BEGINNING LIMIT 3;`, 3)).toEqual(['first', 'second', 'third']);

      const handle = (await node.engine.query(`PRINT ${topic};`)) as PrintHandle;
      const lines = handle.lines[Symbol.asyncIterator]();
      const next = lines.next();
      await transact('-none', 'fourth');
      const { value } = (await next) as { value: string[] };
      expect(value.filter((line) => line.startsWith('rowtime'))).toEqual([expect.stringContaining('value: fourth')]);
      await handle.close();
      expect((await lines.next()).done).toBe(true);
    },
    LONG,
  );

  it(
    'LIST TOPICS tells what there is, as it is now',
    async () => {
      await node.run(stream(3), 'CREATE STREAM C AS SELECT * FROM S;');
      const list = async (sql: string): Promise<Map<string, Record<string, unknown>>> => {
        const [entity] = (await node.engine.execute(sql)) as readonly (Entity & {
          topics: Record<string, unknown>[];
        })[];
        return new Map(entity!.topics.map((one) => [one['name'] as string, one]));
      };
      expect((await list('LIST TOPICS EXTENDED;')).get(topic)).toEqual({
        name: topic,
        replicaInfo: [1, 1, 1],
        consumerCount: expect.any(Number),
        consumerGroupCount: expect.any(Number),
      });
      const name = service.topic('other');
      await service.kafka.topics.create({ name, partitions: 5, replicas: 1, settings: {} });
      expect((await list('LIST TOPICS;')).get(name)).toEqual({ name, replicaInfo: [1, 1, 1, 1, 1] });
      const all = await list('LIST ALL TOPICS;');
      expect(all.has(service.commandTopic)).toBe(true);
      expect((await list('LIST TOPICS;')).has(service.commandTopic)).toBe(false);
      await service.kafka.topics.delete(name);
      expect((await list('LIST TOPICS;')).has(name)).toBe(false);
    },
    LONG,
  );

  it(
    'push queries begin at the earliest record or at the latest, over all partitions',
    async () => {
      await node.run(stream(4));
      await feed(0, 100);
      const take = async (
        sql: string,
        count: number,
        properties: Record<string, string>,
        then: () => Promise<void>,
      ) => {
        const handle = (await node.engine.query(sql, node.engine.session(properties))) as QueryHandle;
        const reading = (async () => {
          const rows: unknown[] = [];
          for await (const batch of handle.batches) {
            rows.push(...batch.map(({ values }) => values[0]));
            if (rows.length >= count) break;
          }
          return rows;
        })();
        await then();
        const rows = await reading;
        await handle.close();
        return rows.sort((x, y) => (x as number) - (y as number));
      };
      const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
      const sql = 'SELECT V FROM S EMIT CHANGES;';
      expect(await take(sql, 120, EARLIEST, () => feed(100, 120))).toEqual(upTo(0, 120));
      expect(await take(sql, 20, {}, () => feed(120, 140))).toEqual(upTo(120, 140));
      expect(await take('SELECT V FROM S EMIT CHANGES LIMIT 7;', 7, EARLIEST, async () => {})).toHaveLength(7);
      // What there is, and no more: a pull query over a stream.
      expect((await node.rows('SELECT V FROM S WHERE V >= 100;')).flat().sort()).toEqual(upTo(100, 140));
    },
    LONG,
  );

  it(
    'repartition topics have the names of ksqlDB, and hold nothing that is processed',
    async () => {
      await node.run(stream(2), 'CREATE TABLE T AS SELECT V % 5 AS D, COUNT(*) AS N FROM S GROUP BY V % 5;');
      await feed(0, 50);
      await node.engine.drain();
      const name = repartitionTopic(service.id, node.queryId('CTAS_T'), 'Aggregate-GroupBy');
      expect(name).toBe(`_confluent-ksql-${service.id}query_${node.queryId('CTAS_T')}-Aggregate-GroupBy-repartition`);
      const [found] = await service.kafka.topics.describe([name]);
      expect(found).toMatchObject({ partitions: 2 });
      const [settings] = await service.kafka.topics.settings([name]);
      expect(settings).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1' });
      const partitions = [0, 1].map((partition) => ({ topic: name, partition }));
      const left = async (): Promise<number> => {
        const ranges = await service.kafka.topics.offsets(partitions);
        return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
      };
      // Markers of the last transactions may remain.
      await expect.poll(left, PATIENCE).toBeLessThan(5);
      const ends = await service.kafka.topics.offsets(partitions);
      expect(ends.reduce((sum, { start }) => sum + start, 0)).toBeGreaterThanOrEqual(40);
      expect((await node.rows('SELECT D, N FROM T;')).sort()).toEqual(Array.from({ length: 5 }, (_, d) => [d, 10]));
    },
    LONG,
  );

  it(
    'a query that begins at the latest record has settled where that is before it processes anything',
    async () => {
      await node.run(stream(2));
      await feed(0, 30);
      const before = await service.kafka.topics.offsets([0, 1].map((partition) => ({ topic, partition })));
      const session = node.engine.session({ 'auto.offset.reset': 'latest' });
      await node.engine.execute('CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;', session);
      await expect.poll(() => node.placement('CTAS_T').missing, PATIENCE).toBe(0);
      await feed(0, 3);
      await node.engine.drain();
      expect((await node.rows('SELECT K, N FROM T;')).sort()).toEqual([
        ['k0', 1],
        ['k1', 1],
        ['k2', 1],
      ]);

      const [changelog] = await service.kafka.topics.describe([changelogTopic(service.id, node.queryId('CTAS_T'))]);
      const readers = service.kafka.readers();
      const cursor = new RecordBatchCursor();
      for (const partition of [0, 1]) {
        const { batches } = await readToEnd(service.kafka, readers, changelog!, partition);
        cursor.reset(batches[0]!.bytes);
        expect(cursor.next()).toBe(true);
        expect(isPositionKey(cursor.bytes, cursor.keyStart, cursor.keyEnd)).toBe(true);
        const first = decodePosition(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
        expect(first).toMatchObject({ sequence: 1, records: 0 });
        expect(first.inputs.map((input) => [input.topic, input.partition, input.offset])).toEqual([
          [topic, partition, before[partition]!.end],
        ]);
      }
      await readers.close();

      // It stays there, whatever the session says later.
      await node.stop();
      node = await service.start();
      await node.engine.drain();
      expect(await node.rows('SELECT K FROM T;')).toHaveLength(3);
    },
    LONG,
  );

  it(
    'the lag of a query is seen by tools of Kafka',
    async () => {
      await node.run(stream(2), 'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;');
      await feed(0, 40);
      await node.engine.drain();
      const groupId = queryPrefix(service.id, node.queryId('CTAS_T'));
      const ends = await service.kafka.topics.offsets([0, 1].map((partition) => ({ topic, partition })));
      const committed = (): Promise<number[]> =>
        asAdmin(async (admin) => {
          const found = await admin.fetchOffsets({ groupId, topics: [topic] });
          const partitions = found.find((one) => one.topic === topic)?.partitions ?? [];
          return partitions.sort((x, y) => x.partition - y.partition).map(({ offset }) => Number(offset));
        });
      await expect.poll(committed, { timeout: 60_000, interval: 500 }).toEqual(ends.map(({ end }) => end));
    },
    LONG,
  );

  it(
    'a query stops with an error when its topic is another one of the same name',
    async () => {
      await node.run(stream(2), 'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;');
      await feed(0, 20);
      await node.engine.drain();
      await service.kafka.topics.delete(topic);
      await service.kafka.topics.create({ name: topic, partitions: 2, replicas: 1, settings: {} });
      await expect.poll(() => node.state('CTAS_T'), PATIENCE).toBe('ERROR');
      expect((await node.status('CTAS_T'))!.error).toMatch(new RegExp(`"${topic}".*deleted and made again`));
      // And not later either.
      await node.stop();
      node = await service.start();
      await expect.poll(() => node.state('CTAS_T'), PATIENCE).toBe('ERROR');
      expect((await node.status('CTAS_T'))!.error).toContain('deleted and made again');
    },
    LONG,
  );

  it(
    'a query stops with an error when its topic has got more partitions',
    async () => {
      await node.run(stream(2), 'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;');
      await feed(0, 20);
      await node.engine.drain();
      await node.stop();
      await asAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }));
      await expect.poll(async () => (await service.kafka.topics.describe([topic]))[0]!.partitions, PATIENCE).toBe(3);
      node = await service.start();
      await expect.poll(() => node.state('CTAS_T'), PATIENCE).toBe('ERROR');
      expect((await node.status('CTAS_T'))!.error).toMatch(/partitions/);
    },
    LONG,
  );
});
