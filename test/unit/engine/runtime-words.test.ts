import { describe, expect, it } from 'vitest';
import type { Entity } from '../../../src/engine/entities.js';
import { MillraceEngine } from '../../../src/engine/millrace-engine.js';
import type { HealthCheck, QueryStatus, StreamThread } from '../../../src/executor/thread/stream-thread.js';
import { open } from './engine-fixture.js';

const STREAM = "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";
const COPY = 'CREATE STREAM C AS SELECT * FROM S;';

/** An engine whose thread says of itself and of its queries what it is told to say. */
async function engineSaying(says: {
  readonly health?: readonly HealthCheck[];
  readonly query?: Partial<QueryStatus>;
}): Promise<MillraceEngine> {
  const { parts } = (await open()).core;
  const saying: Partial<StreamThread> = {
    health: () => says.health ?? [],
    status: async () => (await parts.thread.status()).map((status) => ({ ...status, ...says.query })),
  };
  const thread = new Proxy(parts.thread, {
    get: (target, name: keyof StreamThread) => saying[name] ?? target[name].bind(target),
  });
  const engine = new MillraceEngine({ ...parts, thread });
  await engine.begin(async () => {});
  await engine.execute(STREAM + COPY);
  return engine;
}

describe('the health of a runtime', () => {
  it('is all well when nobody says anything', async () => {
    const engine = await engineSaying({});
    expect((await engine.health()).details).toEqual({
      metastore: { isHealthy: true },
      kafka: { isHealthy: true },
      commandRunner: { isHealthy: true },
    });
    expect(engine.info().status).toBe('RUNNING');
  });

  it('is told beside what ksqlDB tells, with the reason', async () => {
    const engine = await engineSaying({
      health: [
        { name: 'shards', isHealthy: true, reason: null },
        { name: 'kafka', isHealthy: false, reason: 'the brokers cannot be reached' },
      ],
    });
    expect(await engine.health()).toMatchObject({
      isHealthy: false,
      details: {
        metastore: { isHealthy: true },
        kafka: { isHealthy: false, reason: 'the brokers cannot be reached' },
        commandRunner: { isHealthy: true },
        shards: { isHealthy: true },
      },
    });
    expect(engine.info().status).toBe('DEGRADED');
  });
});

describe('a runtime that is not connected yet', () => {
  it('refuses statements, says why, and tells when it is', async () => {
    const { parts } = (await open()).core;
    const thread = new Proxy(parts.thread, {
      get: (target, name: keyof StreamThread) =>
        name === 'health'
          ? () => [{ name: 'kafka', isHealthy: false, reason: 'nobody answers' }]
          : target[name].bind(target),
    });
    const engine = new MillraceEngine({ ...parts, thread });
    let connect = (): void => {};
    const ready = engine.begin(() => new Promise((resolve) => (connect = resolve)));
    await expect(engine.execute(STREAM)).rejects.toMatchObject({ code: 'not-ready', hint: 'nobody answers' });
    expect(await engine.health()).toMatchObject({ isHealthy: false, serverState: 'INITIALIZING' });
    connect();
    await ready;
    expect(await engine.execute(STREAM)).toHaveLength(1);
    expect(await engine.health()).toMatchObject({ serverState: 'READY' });
  });

  it('is in error when it never will be', async () => {
    const { parts } = (await open()).core;
    const engine = new MillraceEngine(parts);
    await expect(engine.begin(() => Promise.reject(new Error('no such cluster')))).rejects.toThrow('no such cluster');
    expect(engine.info().status).toBe('ERROR');
  });
});

describe('states that ksqlDB has no word for', () => {
  it.each([
    ['RESTORING', 'REBALANCING'],
    ['UNASSIGNED', 'RUNNING'],
  ] as const)('%s shows as RUNNING, and says more', async (millraceState, state) => {
    const engine = await engineSaying({ query: { state: millraceState } });
    const [shown, explained, described] = await engine.execute('SHOW QUERIES; EXPLAIN CSAS_C_2; DESCRIBE C;');
    const running = { statusCount: { RUNNING: 1 }, state: 'RUNNING', millraceState };
    expect(shown).toMatchObject({ queries: [running] });
    expect((described as Extract<Entity, { '@type': 'sourceDescription' }>).sourceDescription).toMatchObject({
      writeQueries: [running],
    });
    expect(explained).toMatchObject({
      queryDescription: { ksqlHostQueryStatus: { 'localhost:0': 'RUNNING' }, state, millraceState },
    });
  });

  it('leave alone the states that it has', async () => {
    const engine = await engineSaying({ query: { state: 'PAUSED' } });
    const [shown] = await engine.execute('SHOW QUERIES;');
    expect(shown).toMatchObject({ queries: [{ statusCount: { PAUSED: 1 }, state: 'RUNNING' }] });
    expect(JSON.stringify(shown)).not.toContain('millraceState');
  });
});

describe('statistics', () => {
  const lagOf = async (query: Partial<QueryStatus>) => {
    const { queries, pushQueries } = await (await engineSaying({ query })).statistics();
    expect([queries.length, pushQueries]).toEqual([1, 0]);
    return [queries[0]!.lag, queries[0]!.lagMs];
  };
  const behind = [{ topic: 's', partition: 0, offset: 5, end: 9, streamTime: null }];

  it('tell how far stream time is behind, while there is something to read', async () => {
    expect(await lagOf({ positions: behind, streamTime: 1_699_999_999_000 })).toEqual([4, 1_000]);
    expect(await lagOf({ positions: behind, streamTime: 1_700_000_009_000 })).toEqual([4, 0]);
    expect(await lagOf({ positions: behind, streamTime: null })).toEqual([4, null]);
    expect(await lagOf({ positions: [{ ...behind[0]!, offset: 9 }], streamTime: 5 })).toEqual([0, 0]);
  });

  it('tell push queries from persistent ones, and what those take', async () => {
    const engine = await open();
    await engine.execute(`${STREAM} ${COPY} INSERT INTO S VALUES ('a', 1);`);
    await engine.drain();
    const push = await engine.query('SELECT * FROM S EMIT CHANGES;');
    const { queries, pushQueries } = await engine.statistics();
    expect(pushQueries).toBe(1);
    const [copy] = queries.filter(({ isPersistent }) => isPersistent);
    expect(queries.find(({ isPersistent }) => !isPersistent)).toMatchObject({ id: push.queryId, figures: null });
    expect(copy).toMatchObject({ id: 'CSAS_C_2', figures: { tasks: 1, commits: { count: 1 }, restore: null } });
    expect(copy!.figures!.commits.seconds).toBeGreaterThan(0);
    await push.close();
  });
});
