import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Kafka as KafkaJs, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KAFKA, NO_KAFKA } from './adapter/adapter-kafka.js';
import { drained, PATIENCE, Service, type ServiceNode } from './service.js';

const LONG = 180_000;

describe.skipIf(NO_KAFKA)('schemas on a cluster', () => {
  let service: Service;
  let a: ServiceNode;
  let b: ServiceNode;
  let client: KafkaJs;

  beforeEach(async () => {
    service = new Service();
    [a, b] = await Promise.all([service.start('a'), service.start('b')]);
    client = new KafkaJs({ brokers: KAFKA.split(','), logLevel: logLevel.NOTHING });
  }, LONG);
  afterEach(() => service.close(), LONG);

  const registryOf = (node: ServiceNode): SchemaRegistry => new SchemaRegistry({ host: `${node.url}/schema-registry` });

  async function produce(topic: string, messages: readonly { readonly key: string; readonly value: Buffer }[]) {
    const producer = client.producer();
    await producer.connect();
    await producer.send({ topic, messages: [...messages] });
    await producer.disconnect();
  }

  async function consume(topic: string, count: number): Promise<Buffer[]> {
    const consumer = client.consumer({ groupId: `${service.id}reader` });
    const values: Buffer[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void values.push(message.value!) });
    await expect.poll(() => values.length, PATIENCE).toBeGreaterThanOrEqual(count);
    await consumer.disconnect();
    return values;
  }

  const order = (fields: readonly object[]): string =>
    JSON.stringify({ type: 'record', name: 'Order', namespace: 'shop', fields });
  const FIRST = order([
    { name: 'item', type: 'string' },
    { name: 'amount', type: 'int' },
  ]);
  const SECOND = order([
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'amount', type: 'long' },
    { name: 'item', type: 'string' },
  ]);

  it(
    'are the same on every node, for clients that know nothing of the engine, and change while a query runs',
    async () => {
      const topic = service.topic('orders');
      await service.kafka.topics.create({ name: topic, partitions: 4, replicas: 1, settings: {} });
      const atA = registryOf(a);
      const first = await atA.register({ type: SchemaType.AVRO, schema: FIRST }, { subject: `${topic}-value` });
      await a.run(
        `CREATE STREAM ORDERS (K STRING KEY, ITEM STRING, AMOUNT BIGINT) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='AVRO');`,
      );
      await a.run('CREATE TABLE TOTALS AS SELECT ITEM, COUNT(*) AS N, SUM(AMOUNT) AS TOTAL FROM ORDERS GROUP BY ITEM;');
      await expect.poll(() => b.sources(), PATIENCE).toEqual(['ORDERS', 'TOTALS']);

      // Through the other node: the registry is one.
      const atB = registryOf(b);
      expect(await atB.getLatestSchemaId(`${topic}-value`)).toBe(first.id);
      const messages = async (id: number, amount: number) =>
        Promise.all(
          Array.from({ length: 40 }, async (_, i) => ({
            key: `k${i}`,
            value: await atB.encode(id, { item: `i${i % 4}`, amount, note: null }),
          })),
        );
      await produce(topic, await messages(first.id, 1));
      const second = await atB.register({ type: SchemaType.AVRO, schema: SECOND }, { subject: `${topic}-value` });
      expect(second.id).not.toBe(first.id);
      await produce(topic, await messages(second.id, 100));
      await drained(a, b);
      const wanted = Array.from({ length: 4 }, (_, i) => [`i${i}`, 20, 1010]);
      for (const node of [a, b]) {
        expect((await node.rows('SELECT ITEM, N, TOTAL FROM TOTALS;')).sort()).toEqual(wanted);
      }

      await a.run('CREATE STREAM OUT AS SELECT * FROM ORDERS;');
      await drained(a, b);
      const read = await Promise.all((await consume(service.topic('OUT'), 80)).map((value) => atB.decode(value)));
      expect(read.filter(({ ITEM, AMOUNT }) => ITEM === 'i3' && AMOUNT === 100)).toHaveLength(10);
    },
    LONG,
  );

  it(
    'can be asked of a node as soon as another has registered them',
    async () => {
      const subject = `${service.topic('soon')}-value`;
      for (let i = 0; i < 30; i++) {
        const schema = order([{ name: `f${i}`, type: ['null', 'int'], default: null }]);
        const { id } = await registryOf(a).register({ type: SchemaType.AVRO, schema }, { subject });
        const answer = await fetch(`${b.url}/schema-registry/schemas/ids/${id}/schema`);
        expect(await answer.text()).toContain(`"f${i}"`);
      }
    },
    LONG,
  );

  it(
    'outlive the node that was told of them',
    async () => {
      await a.run(
        `CREATE STREAM S (K INT KEY, V DECIMAL(6,2)) WITH (KAFKA_TOPIC='${service.topic('s')}', FORMAT='PROTOBUF', PARTITIONS=2);`,
      );
      await expect.poll(() => b.sources(), PATIENCE).toEqual(['S']);
      await a.stop();
      await b.run('INSERT INTO S VALUES (1, 12.5);');
      expect(await b.rows('SELECT * FROM S;', undefined)).toEqual([[1, 1250n]]);
      a = await service.start('a');
      expect(a.engine.core.embeddedRegistry!.subjects(service.topic('s'), 'without')).toHaveLength(2);
    },
    LONG,
  );
});
