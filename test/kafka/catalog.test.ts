import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchOf, NO_KAFKA } from './adapter/adapter-kafka.js';
import { PATIENCE, Service, type ServiceNode } from './service.js';

const LONG = 180_000;

describe.skipIf(NO_KAFKA)('the catalog of a service on a cluster', () => {
  let service: Service;
  let node: ServiceNode;

  beforeEach(async () => {
    service = new Service();
    node = await service.start();
  }, LONG);
  afterEach(() => service.close(), LONG);

  const stream = (name: string, partitions = 2): string =>
    `CREATE STREAM ${name} (K STRING KEY, V INT) WITH (KAFKA_TOPIC='${service.topic(name.toLowerCase())}', VALUE_FORMAT='JSON', PARTITIONS=${partitions});`;
  const TABLE = 'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;';
  const GROUPED = 'CREATE TABLE T AS SELECT V, COUNT(*) AS N FROM S GROUP BY V;';

  const restart = async (settings: Record<string, string> = {}): Promise<void> => {
    await node.stop();
    node = await service.start('a', settings);
  };
  const feed = (...keys: readonly string[]): Promise<void> =>
    node.engine.insert(
      'S',
      keys.map((K) => ({ K, V: K.length })),
    );
  const counts = async (): Promise<unknown[][]> => (await node.rows('SELECT K, N FROM T;')).sort();
  const health = async (): Promise<{
    isHealthy: boolean;
    details: Record<string, { isHealthy: boolean; reason?: string }>;
  }> => (await fetch(`${node.url}/healthcheck`)).json() as ReturnType<typeof health>;

  it(
    'comes back with its queries and their state after a restart',
    async () => {
      await node.run(stream('S'), TABLE, 'CREATE TYPE POINT AS STRUCT<X INT>;');
      await feed('a', 'b', 'a');
      await node.engine.drain();
      const { sequence } = node.engine.core;
      await restart();
      expect(node.engine.core.sequence).toBe(sequence);
      expect(node.sources()).toEqual(['S', 'T']);
      expect([...node.engine.core.catalog.types().keys()]).toEqual(['POINT']);
      await feed('b', 'c');
      await node.engine.drain();
      expect(await counts()).toEqual([
        ['a', 2],
        ['b', 2],
        ['c', 1],
      ]);
      expect(await health()).toMatchObject({ isHealthy: true });
    },
    LONG,
  );

  it(
    'comes back on another folder, from the log alone',
    async () => {
      await node.run(stream('S'), TABLE);
      await feed('a', 'b', 'a');
      await node.engine.drain();
      await node.stop();
      node = await service.start('elsewhere');
      await node.engine.drain();
      expect(await counts()).toEqual([
        ['a', 2],
        ['b', 1],
      ]);
      expect(service.shardFiles('elsewhere')).toHaveLength(2);
    },
    LONG,
  );

  it(
    'sets a damaged command aside, names it, and goes on, at once and after a restart',
    async () => {
      await node.run(stream('S'));
      expect(await health()).toMatchObject({ isHealthy: true });
      const writer = await service.kafka.writers.plain();
      await writer.append([batchOf(service.commandTopic, 0, ['{"version":1,"statement":"DROP', 'garbage'])]);
      writer.close();
      await expect.poll(() => node.engine.core.quarantined.length, PATIENCE).toBe(2);
      const { sequence } = node.engine.core.quarantined[0]!;

      for (const again of [false, true]) {
        if (again) await restart();
        const found = await health();
        expect(found.isHealthy).toBe(false);
        expect(found.details['metastore']).toMatchObject({
          isHealthy: false,
          reason: expect.stringMatching(new RegExp(`command ${sequence} is set aside: .*checksum`)),
        });
        expect(node.engine.info().status).toBe('DEGRADED');
        expect(node.sources()).toEqual(again ? ['S', 'T'] : ['S']);
        if (!again) await node.run(TABLE);
        await feed('a');
        await node.engine.drain();
        expect(await counts()).toEqual([['a', again ? 2 : 1]]);
      }
    },
    LONG,
  );

  it(
    'says that it is lost when its topic is deleted, and makes no other by itself',
    async () => {
      await node.run(stream('S'));
      await service.kafka.topics.delete(service.commandTopic);
      await expect.poll(async () => (await health()).isHealthy, PATIENCE).toBe(false);
      expect((await health()).details['commandRunner']).toMatchObject({ isHealthy: false });
      expect(node.engine.info().status).toBe('ERROR');
      expect(service.logged).toContainEqual(expect.stringMatching(/^a error: the catalog cannot be read on: /));
      await expect(node.run(stream('R'))).rejects.toThrow();
      expect(await service.internalTopics()).toEqual([]);
    },
    LONG,
  );

  it(
    'drops a table with its query, its topics and its files',
    async () => {
      await node.run(stream('S'), GROUPED);
      await feed('a', 'bb');
      await node.engine.drain();
      const query = `query_${node.queryId('CTAS_T')}`;
      expect((await service.internalTopics()).sort()).toEqual([
        '_millrace_commands',
        `${query}-Aggregate-GroupBy-repartition`,
        `${query}-changelog`,
      ]);
      expect(service.shardFiles('a')).toHaveLength(2);
      // Of another service, whose query has the same name.
      const foreign = [`x${service.id}${query}-Aggregate-GroupBy-repartition`, `x${service.id}${query}-changelog`].map(
        (name) => `_confluent-ksql-${name}`,
      );
      for (const name of foreign) {
        await service.kafka.topics.create({ name, partitions: 1, replicas: 1, settings: {} });
      }
      const [sink] = await service.kafka.topics.describe([service.topic('T')]);
      expect(sink).toMatchObject({ partitions: 2 });

      await node.run('DROP TABLE T DELETE TOPIC;');
      expect(node.sources()).toEqual(['S']);
      expect(await service.kafka.topics.describe([service.topic('T')])).toEqual([null]);
      expect(await service.internalTopics()).toEqual(['_millrace_commands']);
      expect((await service.kafka.topics.describe(foreign)).map((topic) => topic?.name)).toEqual(foreign);
      expect(service.shardFiles('a')).toEqual([]);
      expect(existsSync(join(service.folderOf('a'), 'shards'))).toBe(true);

      // The same name, and nothing of before.
      await node.run(GROUPED);
      await feed('bb');
      await node.engine.drain();
      expect((await node.rows('SELECT V, N FROM T;')).sort()).toEqual([
        [1, 1],
        [2, 2],
      ]);
      await node.run('DROP TABLE T DELETE TOPIC;', 'DROP STREAM S DELETE TOPIC;');
      expect(await service.kafka.topics.describe([service.topic('s')])).toEqual([null]);
    },
    LONG,
  );

  it(
    'terminates a query for good, and leaves what it has written',
    async () => {
      const topic = service.topic('copy');
      await node.run(stream('S'), `CREATE STREAM C WITH (KAFKA_TOPIC='${topic}') AS SELECT * FROM S;`);
      await feed('a');
      await node.engine.drain();
      await node.run(`TERMINATE ${node.queryId('CSAS_C')};`);
      expect((await node.engine.statistics()).queries).toEqual([]);
      expect(await service.internalTopics()).toEqual(['_millrace_commands']);
      expect(service.shardFiles('a')).toEqual([]);
      await restart();
      expect(node.sources()).toEqual(['C', 'S']);
      expect((await node.engine.statistics()).queries).toEqual([]);
      await feed('b');
      expect(await node.rows('SELECT K FROM C;')).toEqual([['a']]);
    },
    LONG,
  );

  it(
    'keeps in mind that a query is paused',
    async () => {
      await node.run(stream('S'), TABLE);
      await feed('a');
      await node.engine.drain();
      const id = node.queryId('CTAS_T');
      await node.run(`PAUSE ${id};`);
      await expect.poll(() => node.state('CTAS_T'), PATIENCE).toBe('PAUSED');
      await feed('a', 'b');
      await restart();
      await expect.poll(() => node.state('CTAS_T'), PATIENCE).toBe('PAUSED');
      await expect.poll(counts, PATIENCE).toEqual([['a', 1]]);
      await node.run(`RESUME ${id};`);
      await node.engine.drain();
      expect(await node.state('CTAS_T')).toBe('RUNNING');
      const all = [
        ['a', 2],
        ['b', 1],
      ];
      expect(await counts()).toEqual(all);
      await restart();
      await node.engine.drain();
      expect(await node.state('CTAS_T')).toBe('RUNNING');
      expect(await counts()).toEqual(all);
    },
    LONG,
  );

  it(
    'refuses to make a source on a topic that has other partitions, and takes one that has the same',
    async () => {
      await service.kafka.topics.create({ name: service.topic('s'), partitions: 3, replicas: 1, settings: {} });
      const { sequence } = node.engine.core;
      await expect(node.run(stream('S', 2))).rejects.toMatchObject({
        name: 'StatementError',
        message: expect.stringMatching(/already exists.*2 partitions \(topic has 3\)/s),
      });
      expect(node.sources()).toEqual([]);
      expect(node.engine.core.sequence).toBe(sequence);
      await node.run(stream('S', 3));
      expect(node.sources()).toEqual(['S']);

      await service.kafka.topics.create({ name: service.topic('out'), partitions: 5, replicas: 1, settings: {} });
      const copy = `CREATE STREAM C WITH (KAFKA_TOPIC='${service.topic('out')}', PARTITIONS=3) AS SELECT * FROM S;`;
      await expect(node.run(copy)).rejects.toMatchObject({ message: expect.stringContaining('already exists') });
      expect(await service.internalTopics()).toEqual(['_millrace_commands']);
    },
    LONG,
  );

  it(
    'refuses a second node on the same folder',
    async () => {
      await expect(service.start('a')).rejects.toMatchObject({ code: 'file-in-use' });
      await node.run(stream('S'));
    },
    LONG,
  );
});
