import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SystemError } from '../../src/model/errors.js';
import { batchOf, NO_KAFKA } from './adapter/adapter-kafka.js';
import { drained, PATIENCE, Service, type ServiceNode } from './service.js';

const ROOT = join(import.meta.dirname, '../..');
const LONG = 180_000;
const KEYS = 200;

/** Key and count of every key when each of them came so often. */
const allAt = (count: number): unknown[][] => Array.from({ length: KEYS }, (_, k) => [`k${k}`, count]).sort();

describe.skipIf(NO_KAFKA)('two nodes of a service', () => {
  let service: Service;
  let a: ServiceNode;
  let b: ServiceNode;

  beforeEach(async () => {
    service = new Service();
    [a, b] = await Promise.all([service.start('a'), service.start('b')]);
  }, LONG);
  afterEach(() => service.close(), LONG);

  const stream = (name: string, partitions = 4): string =>
    `CREATE STREAM ${name} (K STRING KEY, V INT) WITH (KAFKA_TOPIC='${service.topic(name)}', VALUE_FORMAT='JSON', PARTITIONS=${partitions});`;
  const TABLE = 'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;';

  /** One more row of every key. */
  const feed = (node: ServiceNode): Promise<void> =>
    node.engine.insert(
      'S',
      Array.from({ length: KEYS }, (_, k) => ({ K: `k${k}`, V: k })),
    );
  const counts = async (node: ServiceNode): Promise<unknown[][]> => (await node.rows('SELECT K, N FROM T;')).sort();
  const spread = async (): Promise<void> => {
    for (const node of [a, b]) {
      await expect.poll(() => node.placement('CTAS_T'), PATIENCE).toEqual({ others: 2, missing: 0 });
    }
  };

  it(
    'see what either creates and drops, the same on both',
    async () => {
      await a.run(stream('S'));
      await expect.poll(() => b.sources(), PATIENCE).toEqual(['S']);
      await b.run('CREATE STREAM C AS SELECT * FROM S;', 'CREATE TYPE POINT AS STRUCT<X INT>;');
      await expect.poll(() => a.sources(), PATIENCE).toEqual(['C', 'S']);
      // On the catalog as it is, wherever it was changed.
      await a.run('DROP STREAM C;');
      await b.run('DROP STREAM S;');
      await expect.poll(() => [a.sources(), b.sources()], PATIENCE).toEqual([[], []]);
      await expect.poll(() => a.engine.core.sequence, PATIENCE).toBe(b.engine.core.sequence);
      expect([...a.engine.core.catalog.types().keys()]).toEqual(['POINT']);
    },
    LONG,
  );

  it(
    'change the catalog at the same time, and nothing is lost or done twice',
    async () => {
      const before = a.engine.core.sequence;
      const names = Array.from({ length: 4 }, (_, i) => [`A${i}`, `B${i}`]).flat();
      await Promise.all([
        (async () => {
          for (const name of names.filter((one) => one.startsWith('A'))) await a.run(stream(name, 1));
        })(),
        (async () => {
          for (const name of names.filter((one) => one.startsWith('B'))) await b.run(stream(name, 1));
        })(),
      ]);
      for (const node of [a, b]) await expect.poll(() => node.sources(), PATIENCE).toEqual([...names].sort());
      expect([a, b].map(({ engine }) => engine.core.sequence)).toEqual([before + 8, before + 8]);
      expect([a, b].flatMap(({ engine }) => engine.core.quarantined)).toEqual([]);

      const same = await Promise.allSettled([a.run('CREATE TYPE ONE AS INT;'), b.run('CREATE TYPE ONE AS INT;')]);
      expect(same.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(same.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { message: expect.stringContaining('ONE') },
      });
      for (const { engine } of [a, b]) await expect.poll(() => engine.core.sequence, PATIENCE).toBe(before + 9);
    },
    LONG,
  );

  it(
    'share the shards of a query, answer pull queries for all of it, and take over from one that leaves',
    async () => {
      await a.run(stream('S'), TABLE);
      await spread();
      await feed(a);
      await feed(b);
      await drained(a, b);
      for (const node of [a, b]) {
        expect(await counts(node)).toEqual(allAt(2));
        expect(await node.rows("SELECT K, N FROM T WHERE K IN ('k7', 'nobody', 'k150');")).toEqual(
          expect.arrayContaining([
            ['k7', 2],
            ['k150', 2],
          ]),
        );
        expect(await node.rows('SELECT K FROM T LIMIT 150;')).toHaveLength(150);
      }
      // Over HTTP, as a client asks.
      const response = await fetch(`${b.url}/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ ksql: 'SELECT K, N FROM T;' }),
      });
      const lines = (await response.json()) as { row?: { columns: unknown[] } }[];
      const answered = lines.flatMap((line) => (line.row === undefined ? [] : [line.row.columns]));
      expect(answered.sort()).toEqual(allAt(2));

      const states = await Promise.all([a, b].map((node) => node.status('CTAS_T')));
      expect(states.map((status) => [status!.state, status!.rowsIn])).toEqual([
        ['RUNNING', expect.any(Number)],
        ['RUNNING', expect.any(Number)],
      ]);
      expect(states.reduce((sum, status) => sum + status!.rowsIn, 0)).toBe(2 * KEYS);
      expect(states.every((status) => status!.rowsIn > 0)).toBe(true);

      await b.stop();
      await expect.poll(() => a.placement('CTAS_T'), PATIENCE).toEqual({ others: 0, missing: 0 });
      expect(await counts(a)).toEqual(allAt(2));
      await feed(a);
      await drained(a);
      expect(await counts(a)).toEqual(allAt(3));

      // And the other way round: it comes back, and has its files still.
      b = await service.start('b');
      await spread();
      await feed(b);
      await drained(a, b);
      expect(await counts(b)).toEqual(allAt(4));
      expect(service.shardFiles('b').length).toBeGreaterThan(0);
    },
    LONG,
  );

  it(
    'look keys up wherever they are',
    async () => {
      await a.run(stream('S'), TABLE);
      await spread();
      await feed(a);
      await drained(a, b);
      for (const { engine } of [a, b]) {
        for (const key of ['k1', 'k2', 'k3', 'k4', 'k5', "it's"]) {
          expect(await engine.lookup('T', [key])).toEqual(key.startsWith('k') ? [{ K: key, N: 1 }] : []);
        }
      }
    },
    LONG,
  );

  it(
    'find keys whose producers choose partitions in another way',
    async () => {
      await a.run(stream('S'), TABLE);
      await spread();
      const topic = service.topic('S');
      const writer = await service.kafka.writers.plain();
      for (let k = 0; k < 8; k++) await writer.append([batchOf(topic, k % 4, ['{"V":1}'], `k${Math.floor(k / 2)}`)]);
      writer.close();
      await drained(a, b);
      const seen = (await counts(a)).reduce((sum, [, count]) => sum + (count as number), 0);
      expect(seen).toBe(8);
      for (const node of [a, b]) {
        for (const key of ['k0', 'k1', 'k2', 'k3']) {
          expect((await node.rows(`SELECT K, N FROM T WHERE K = '${key}';`)).length).toBeGreaterThan(0);
        }
      }
    },
    LONG,
  );

  it(
    'run a query that repartitions, exact over both',
    async () => {
      await a.run(
        stream('S'),
        'CREATE TABLE G AS SELECT V % 10 AS D, COUNT(*) AS N, SUM(V) AS TOTAL FROM S GROUP BY V % 10;',
      );
      await expect.poll(() => a.placement('CTAS_G'), PATIENCE).toEqual({ others: 2, missing: 0 });
      for (let i = 0; i < 5; i++) await feed(i % 2 === 0 ? a : b);
      await drained(a, b);
      const wanted = Array.from({ length: 10 }, (_, d) => [d, 100, 5 * (d * 20 + 10 * 190)]);
      for (const node of [a, b]) {
        const rows = await node.rows('SELECT D, N, TOTAL FROM G;');
        expect(rows.sort(([x], [y]) => (x as number) - (y as number))).toEqual(wanted);
      }
    },
    LONG,
  );
});

describe.skipIf(NO_KAFKA)('a node that is gone without a word', () => {
  let folder: string;
  let program: string;

  beforeAll(async () => {
    // Within the project, so that packages are found.
    folder = mkdtempSync(join(ROOT, 'node_modules/.cache/node-process-'));
    program = join(folder, 'node.mjs');
    await build({
      entryPoints: [join(ROOT, 'test/kafka/node-process.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      outfile: program,
    });
  }, LONG);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let service: Service;
  let child: ChildProcess | null = null;

  beforeEach(() => {
    service = new Service();
  });
  afterEach(async () => {
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await service.close();
  }, LONG);

  it(
    'is said to be missing, until its session is over and its shards are with another',
    async () => {
      const a = await service.start('a');
      child = spawn(process.execPath, [program, service.folderOf('b'), JSON.stringify(service.settings())], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout!, 'data');
      await a.run(
        `CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='${service.topic('s')}', VALUE_FORMAT='JSON', PARTITIONS=4);`,
        'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;',
      );
      await expect.poll(() => a.placement('CTAS_T'), PATIENCE).toEqual({ others: 2, missing: 0 });
      const rows = Array.from({ length: KEYS }, (_, k) => ({ K: `k${k}`, V: k }));
      await a.engine.insert('S', rows);
      const counts = async (): Promise<unknown[][]> => (await a.rows('SELECT K, N FROM T;')).sort();
      await expect.poll(counts, PATIENCE).toEqual(allAt(1));

      child.kill('SIGKILL');
      await once(child, 'exit');
      await expect(counts()).rejects.toMatchObject({
        code: 'shard-unavailable',
        retriable: true,
        message: expect.stringMatching(/^Unable to execute pull query\. \[Shard \d failed to find valid host/),
      });
      const response = await fetch(`${a.url}/query-stream`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sql: 'SELECT K, N FROM T;' }),
      });
      expect(response.status).toBeGreaterThanOrEqual(500);
      expect(await response.text()).toContain('Unable to execute pull query');

      // A key of the node that is left is read; so is one of the other, to the same answer as before.
      const readable = async (key: string): Promise<unknown> =>
        a.rows(`SELECT K, N FROM T WHERE K = '${key}';`).catch((error: SystemError) => error.code);
      const answers = await Promise.all(rows.map(({ K }) => readable(K)));
      const own = answers.filter((answer) => Array.isArray(answer));
      expect(own.length).toBeGreaterThan(KEYS / 4);
      expect(own.every((answer) => (answer as unknown[]).length === 1)).toBe(true);
      expect(answers.filter((answer) => answer === 'shard-unavailable')).toHaveLength(KEYS - own.length);

      // Inserts go on meanwhile.
      await a.engine.insert('S', rows);
      await expect.poll(() => a.placement('CTAS_T'), PATIENCE).toEqual({ others: 0, missing: 0 });
      await a.engine.drain();
      expect(await counts()).toEqual(allAt(2));
    },
    LONG,
  );
});
