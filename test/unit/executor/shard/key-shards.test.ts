import { describe, expect, it } from 'vitest';
import { partitionOfKey } from '../../../../src/broker/partitioner.js';
import { type KeyShards, keyShards } from '../../../../src/executor/shard/key-shards.js';
import type { Row } from '../../../../src/model/value.js';
import { storesOf } from '../../../../src/planner/physical/physical-plan.js';
import { open } from '../../engine/engine-fixture.js';

const SOURCES = [
  "CREATE STREAM S (K STRING KEY, A INT, B STRING) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=6);",
  "CREATE STREAM TWO (X STRING KEY, Y INT KEY, A INT) WITH (KAFKA_TOPIC='two', FORMAT='JSON', PARTITIONS=6);",
];

/** Where rows are in the table that `query` keeps, in a query of 4 shards whose topics have 6 partitions. */
async function find(query: string, ...keys: readonly Row[]): Promise<KeyShards | null> {
  const engine = await open();
  for (const sql of [...SOURCES, query]) await engine.execute(sql);
  const { id } = engine.core.catalog.queries().at(-1)!;
  const plan = engine.core.queryPlan(id)!;
  const store = storesOf(plan).find(({ name }) => name.startsWith('Aggregate'))!;
  return keyShards(plan, store, keys, 4, () => 6);
}

const shardOf = (key: string): number => partitionOfKey(Buffer.from(key), 0, Buffer.byteLength(key), 6) % 4;
const words = ['a', 'b', 'c', 'd', 'e', 'f', 'é'];

describe('the shards of keys', () => {
  it('are those of the partitions of the topic that is read, where producers choose as Kafka does', async () => {
    const found = await find('CREATE TABLE T AS SELECT K, COUNT(*) FROM S GROUP BY K;', ...words.map((word) => [word]));
    expect(found).toEqual({ shards: words.map(shardOf), certain: false });
    expect(new Set(found!.shards).size).toBeGreaterThan(2);
  });

  it('are certain behind a repartition topic', async () => {
    const found = await find('CREATE TABLE T AS SELECT B, COUNT(*) FROM S GROUP BY B;', ...words.map((word) => [word]));
    expect(found).toEqual({ shards: words.map(shardOf), certain: true });
  });

  it('are told from the key as its format writes it', async () => {
    const bytes = Buffer.from([0, 0, 0, 7]);
    const found = await find('CREATE TABLE T AS SELECT A, COUNT(*) FROM S GROUP BY A;', [7]);
    expect(found).toEqual({ shards: [partitionOfKey(bytes, 0, 4, 6) % 4], certain: true });
    const json = await find("CREATE TABLE T WITH (KEY_FORMAT='JSON') AS SELECT A, COUNT(*) FROM S GROUP BY A;", [7]);
    expect(json).toEqual({ shards: [shardOf('7')], certain: true });
    const two = await find('CREATE TABLE T AS SELECT X, Y, COUNT(*) FROM TWO GROUP BY X, Y;', ['x', 3]);
    expect(two).toEqual({ shards: [shardOf('{"X":"x","Y":3}')], certain: false });
  });

  it('stay the same when the key has another name, or a filter comes before', async () => {
    const found = await find('CREATE TABLE T AS SELECT K AS NAME, COUNT(*) FROM S WHERE A > 3 GROUP BY K;', ['b']);
    expect(found).toEqual({ shards: [shardOf('b')], certain: false });
  });

  it('cannot be told when the key has windows in the topic', async () => {
    const engine = await open();
    await engine.execute(
      "CREATE STREAM W (K STRING KEY, A INT) WITH (KAFKA_TOPIC='w', VALUE_FORMAT='JSON', PARTITIONS=6, WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 SECOND');",
    );
    await engine.execute('CREATE TABLE T AS SELECT K, COUNT(*) FROM W GROUP BY K;');
    const plan = engine.core.queryPlan(engine.core.catalog.queries()[0]!.id)!;
    const stores = storesOf(plan);
    expect(keyShards(plan, stores.at(-1)!, [['a']], 4, () => 6)).toBeNull();
    expect(keyShards(plan, stores.at(-1)!, [['a']], 4, () => null)).toBeNull();
  });
});
