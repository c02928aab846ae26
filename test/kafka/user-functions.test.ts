import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderOf, writeFiles } from '../unit/functions/user/modules.js';
import { NO_KAFKA } from './adapter/adapter-kafka.js';
import { drained, PATIENCE, Service, type ServiceNode } from './service.js';

const LONG = 180_000;
const KEYS = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'];

/** A module with a function of each kind, whose results end with what tells its version. */
const moduleOf = (version: string): string => `
import { defineAggregate, defineScalar, defineTableFunction, STRING } from 'millrace';
export const scalar = defineScalar({ name: 'MARKED', description: '', variants: [{
  signature: '(text STRING) -> STRING', nulls: 'propagate', evaluate: (text) => text + '${version}',
}] });
export const table = defineTableFunction({ name: 'LETTERS', description: '', variants: [{
  signature: '(text STRING) -> STRING', bind: () => (text) => [...text].map((letter) => letter + '${version}'),
}] });
export const aggregate = defineAggregate({ name: 'CHAINED', description: '', variants: [{
  signature: '(text STRING) -> STRING', tableCapable: false,
  bind: () => ({
    stateType: STRING, resultType: STRING, resultIsState: true,
    initial: () => '', add: (state, text) => state + text + '${version}', merge: (a, b) => a + b, result: (state) => state,
  }),
}] });`;

describe.skipIf(NO_KAFKA)('functions of users on a cluster', () => {
  let service: Service;
  let folder: string;

  beforeEach(() => {
    service = new Service();
    folder = folderOf({ 'm.js': moduleOf('1') });
  });
  afterEach(() => service.close(), LONG);

  const start = (name: string): Promise<ServiceNode> => service.start(name, { 'ksql.extension.dir': folder });
  const stream = (name: string): string => `CREATE STREAM ${name} AS SELECT K, MARKED(V) AS M, LETTERS(V) AS L FROM S;`;
  const insert = (node: ServiceNode, text: string): Promise<void> =>
    node.engine.insert(
      'S',
      KEYS.map((K) => ({ K, V: text })),
    );
  /** What every key has, if all have the same. */
  const ofEachKey = (rows: readonly unknown[][]): unknown[] => {
    const byKey = KEYS.map((key) => rows.filter(([k]) => k === key).map(([, ...values]) => values));
    expect(byKey).toEqual(KEYS.map(() => byKey[0]));
    expect(byKey[0]!.length * KEYS.length).toBe(rows.length);
    return byKey[0]!;
  };
  const streamed = async (node: ServiceNode, name: string): Promise<unknown[]> =>
    ofEachKey(
      await node.rows(`SELECT * FROM ${name} EMIT CHANGES;`, node.engine.session({ 'auto.offset.reset': 'earliest' })),
    );
  const chained = async (node: ServiceNode): Promise<unknown[]> => ofEachKey(await node.rows('SELECT K, C FROM T;'));
  const placed = (node: ServiceNode, others: number): Promise<void> =>
    expect
      .poll(() => ['CSAS_OLD', 'CTAS_T'].map((query) => node.placement(query)), PATIENCE)
      .toEqual([
        { others, missing: 0 },
        { others, missing: 0 },
      ]);

  it(
    'run on each node, and a query keeps its version where it was, whatever the folder holds since',
    async () => {
      let [a, b] = await Promise.all([start('a'), start('b')]);
      await a.run(
        `CREATE STREAM S (K STRING KEY, V STRING) WITH (KAFKA_TOPIC='${service.topic('s')}', VALUE_FORMAT='JSON', PARTITIONS=4);`,
        stream('OLD'),
        'CREATE TABLE T AS SELECT K, CHAINED(V) AS C FROM S GROUP BY K;',
      );
      await Promise.all([placed(a, 2), placed(b, 2)]);
      await insert(a, 'xy');
      await drained(a, b);
      const first = [
        ['xy1', 'x1'],
        ['xy1', 'y1'],
      ];
      for (const node of [a, b]) {
        expect(await streamed(node, 'OLD')).toEqual(first);
        expect(await chained(node)).toEqual([['xy1']]);
        expect((await node.status('CTAS_T'))!.rowsIn).toBeGreaterThan(0);
      }

      writeFiles(folder, { 'm.js': moduleOf('2') });
      const heard = (node: string): boolean =>
        service.logged.some(
          (line) => line.startsWith(`${node} info: `) && line.includes('new versions of CHAINED, LETTERS, MARKED;'),
        );
      await expect.poll(() => [heard('a'), heard('b')], PATIENCE).toEqual([true, true]);
      await b.run(stream('NEW'));
      await b.stop();
      await placed(a, 0);
      b = await start('b');
      await placed(b, 2);
      await insert(b, 'z');
      await drained(a, b);
      for (const node of [a, b]) {
        expect(await streamed(node, 'OLD')).toEqual([...first, ['z1', 'z1']]);
        expect((await streamed(node, 'NEW')).at(-1)).toEqual(['z2', 'z2']);
        // The others have to hear first where a node answers that has come back.
        await expect.poll(() => chained(node), PATIENCE).toEqual([['xy1z1']]);
      }
      expect(service.logged.filter((line) => line.includes('another version'))).toEqual([]);

      // One that has never seen the version says so, and goes on with the present one.
      await Promise.all([a.stop(), b.stop()]);
      a = await start('c');
      await placed(a, 0);
      for (const name of ['MARKED', 'LETTERS', 'CHAINED']) {
        expect(service.logged).toContainEqual(
          expect.stringMatching(`^c warn: query C.AS_\\w+ was created with another version of function ${name}, which`),
        );
      }
      await insert(a, 'w');
      await drained(a);
      expect((await streamed(a, 'OLD')).at(-1)).toEqual(['w2', 'w2']);
      expect(await chained(a)).toEqual([['xy1z1w2']]);
    },
    LONG,
  );
});
