import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedLog } from '../../../../src/broker/embedded/embedded-log.js';
import { LogFeed } from '../../../../src/executor/task/log-feed.js';
import { readCommands } from '../../../../src/executor/thread/commands.js';
import { InlineStreamThread } from '../../../../src/executor/thread/inline-stream-thread.js';
import { RunnerOpener } from '../../../../src/executor/thread/open-runners.js';
import type {
  DeployOptions,
  ThreadChange,
  ThreadEvent,
  TransientRow,
} from '../../../../src/executor/thread/stream-thread.js';
import { StreamThreadCore } from '../../../../src/executor/thread/stream-thread-core.js';
import type { PhysicalPlan } from '../../../../src/planner/physical/physical-plan.js';
import { openDatabase } from '../../../../src/storage/database.js';
import { type Behaviour, batch, FakeTask, join, plan, repartition, source, textOf, topicsOf } from './fake-tasks.js';

const PERSISTENT: DeployOptions = { start: 'earliest', transient: false, bounded: false, cacheBytes: 0, paused: false };
const NOTHING: ThreadChange = { createTopics: [], deleteTopics: [], commands: [], deploy: [], drop: [] };

/** One engine of these tests: what each query does is told by its id. */
class Harness {
  readonly behaviours = new Map<string, Behaviour>();
  readonly events: ThreadEvent[] = [];
  readonly tasks: FakeTask[] = [];
  readonly log: EmbeddedLog;
  readonly thread: InlineStreamThread;

  constructor(
    readonly path: string,
    options: { retryMs?: number; commitIntervalMs?: number } = {},
  ) {
    const database = openDatabase({ path, mode: 'writer' });
    const clock = { now: () => Date.now() };
    this.log = new EmbeddedLog(database, { clock });
    const feed = new LogFeed(this.log);
    const factory = new RunnerOpener(database, this.log, feed, (request) => {
      const behaviour = this.behaviours.get(request.query.id)!;
      const task = new FakeTask(request, [...new Set(topicsOf(request.query.plan.root))], behaviour);
      this.tasks.push(task);
      return task;
    });
    const core = new StreamThreadCore({
      database,
      log: this.log,
      feed,
      factory,
      clock,
      elapsed: () => performance.now(),
      commitIntervalMs: options.commitIntervalMs ?? 100,
      processingLogTopic: 'errors',
      retryMs: options.retryMs,
    });
    this.thread = new InlineStreamThread(core, database);
    this.thread.subscribe((event) => this.events.push(event));
  }

  async topics(...names: string[]): Promise<void> {
    const config = { replicas: 1, cleanupPolicy: ['delete' as const], retentionMs: -1 };
    await this.thread.apply({
      ...NOTHING,
      createTopics: names.map((text) => {
        const [name, partitions] = text.split(':');
        return { name: name!, config: { ...config, partitions: Number(partitions ?? 1) } };
      }),
    });
  }

  async deploy(query: PhysicalPlan, behaviour: Behaviour, options: Partial<DeployOptions> = {}): Promise<void> {
    this.behaviours.set(query.queryId, behaviour);
    await this.thread.apply({ ...NOTHING, deploy: [{ plan: query, options: { ...PERSISTENT, ...options } }] });
  }

  read(topic: string, partition = 0): string[] {
    return textOf(this.log.read(topic, partition, this.log.offsets(topic, partition).start, 1e9));
  }

  async status(queryId: string) {
    return (await this.thread.status()).find((status) => status.queryId === queryId)!;
  }
}

/** Sends every record on. */
const copyTo =
  (topic: string): Behaviour =>
  (record, _, task) =>
    task.emit(topic, record);

/** Sends the count of each key. */
const countTo =
  (topic: string): Behaviour =>
  (record, _, task) =>
    task.emit(topic, { ...record, value: String(task.count(record.key)) });

describe.each(['memory', 'file'])('the stream thread on a database in a %s', (where) => {
  let directory: string;
  let path: string;
  let open: Harness[];

  beforeEach(() => {
    directory = mkdtempSync(joinPath(tmpdir(), 'stream-thread-'));
    path = where === 'memory' ? ':memory:' : joinPath(directory, 'engine.db');
    open = [];
  });

  afterEach(async () => {
    for (const harness of open) await harness.thread.close();
    rmSync(directory, { recursive: true });
  });

  function start(options: { retryMs?: number; commitIntervalMs?: number } = {}): Harness {
    const harness = new Harness(path, options);
    open.push(harness);
    return harness;
  }

  it('runs queries that read each other, and drains through all of them', async () => {
    const engine = start();
    await engine.topics('in', 'middle', 'out');
    await engine.deploy(plan('Q1', source('in'), 'middle'), copyTo('middle'));
    await engine.deploy(plan('Q2', source('middle'), 'out'), countTo('out'));
    await engine.thread.append([batch('in', 0, 'a=x@1', 'b=x@2', 'a=x@3')]);
    await engine.thread.drain();
    expect(engine.read('out')).toEqual(['a=1@1', 'b=1@2', 'a=2@3']);
    expect(await engine.status('Q2')).toMatchObject({ state: 'RUNNING', rowsIn: 3, rowsOut: 3, streamTime: 3 });
    expect((await engine.status('Q2')).positions).toEqual([
      { topic: 'middle', partition: 0, offset: 3, end: 3, streamTime: 3 },
    ]);
  });

  it('commits effects at their interval without being asked', async () => {
    const engine = start({ commitIntervalMs: 20 });
    await engine.topics('in', 'out');
    await engine.deploy(plan('Q', source('in'), 'out'), copyTo('out'));
    await engine.thread.append([batch('in', 0, 'a=x@1')]);
    expect(engine.read('out')).toEqual([]);
    await expect.poll(() => engine.read('out'), { timeout: 2_000 }).toEqual(['a=x@1']);
    expect(engine.log.positions('Q')).toEqual([{ topic: 'in', partition: 0, offset: 1 }]);
  });

  it('answers inserts after they are stored, in order, as one commit', async () => {
    const engine = start();
    await engine.topics('in');
    const answers = await Promise.all([
      engine.thread.append([batch('in', 0, 'a=1@1', 'a=2@2')]),
      engine.thread.append([batch('in', 0, 'b=1@3')]),
    ]);
    expect(answers.flat().map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([
      [0, 1],
      [2, 2],
    ]);
    expect(engine.read('in')).toEqual(['a=1@1', 'a=2@2', 'b=1@3']);
    expect(engine.events.filter(({ kind }) => kind === 'committed')).toEqual([
      { kind: 'committed', ends: [{ topic: 'in', partition: 0, baseOffset: 0, lastOffset: 2, end: 3 }] },
    ]);
  });

  it('refuses an insert into a topic that is not there, and takes the others', async () => {
    const engine = start();
    await engine.topics('in');
    const bad = engine.thread.append([batch('nowhere', 0, 'a=1@1')]);
    const good = engine.thread.append([batch('in', 0, 'a=1@1')]);
    await expect(bad).rejects.toMatchObject({ name: 'SystemError', code: 'unknown-topic' });
    await expect(good).resolves.toHaveLength(1);
  });

  it('starts at the latest record when it is told to', async () => {
    const engine = start();
    await engine.topics('in', 'out');
    await engine.thread.append([batch('in', 0, 'a=old@1')]);
    await engine.deploy(plan('Q', source('in'), 'out'), copyTo('out'), { start: 'latest' });
    await engine.thread.append([batch('in', 0, 'a=new@2')]);
    await engine.thread.drain();
    expect(engine.read('out')).toEqual(['a=new@2']);
  });

  it('goes on with the others when a query throws, and tries it again from its last commit', async () => {
    const engine = start({ retryMs: 20 });
    await engine.topics('in', 'out1', 'out2', 'errors');
    let broken = true;
    await engine.deploy(plan('BAD', source('in'), 'out1'), (record, topic, task) => {
      if (record.value === 'poison' && broken) throw new Error('cannot digest');
      countTo('out1')(record, topic, task);
    });
    await engine.deploy(plan('GOOD', source('in'), 'out2'), copyTo('out2'));
    await engine.thread.append([batch('in', 0, 'a=ok@1')]);
    await engine.thread.drain();
    await engine.thread.append([batch('in', 0, 'a=ok@2', 'a=poison@3')]);
    await engine.thread.drain();
    expect(engine.read('out1')).toEqual(['a=1@1']);
    expect(engine.read('out2')).toEqual(['a=ok@1', 'a=ok@2', 'a=poison@3']);
    expect(await engine.status('BAD')).toMatchObject({ state: 'ERROR', error: 'cannot digest', rowsIn: 1 });
    expect(engine.events).toContainEqual({ kind: 'queryFailed', queryId: 'BAD', error: 'cannot digest' });
    broken = false;
    await expect.poll(() => engine.read('out1'), { timeout: 2_000 }).toEqual(['a=1@1', 'a=2@2', 'a=3@3']);
    expect(await engine.status('BAD')).toMatchObject({ state: 'RUNNING', error: null, rowsIn: 3 });
    expect(engine.read('errors').join()).toContain('cannot digest');
  });

  it('leaves a query out of the commit whose state cannot be written', async () => {
    const engine = start();
    await engine.topics('in', 'out1', 'out2');
    await engine.deploy(plan('BAD', source('in'), 'out1'), copyTo('out1'));
    await engine.deploy(plan('GOOD', source('in'), 'out2'), countTo('out2'));
    const { stores } = engine.tasks.find(({ queryId }) => queryId === 'BAD')!.request;
    stores.flush = () => {
      throw new Error('unwritable');
    };
    await engine.thread.append([batch('in', 0, 'a=x@1')]);
    await engine.thread.drain();
    expect(await engine.status('BAD')).toMatchObject({ state: 'ERROR', error: 'unwritable' });
    expect((await engine.status('BAD')).positions).toMatchObject([{ topic: 'in', offset: 0, end: 1 }]);
    expect([engine.read('out1'), engine.read('out2')]).toEqual([[], ['a=1@1']]);
    await engine.thread.append([batch('in', 0, 'a=x@2')]);
    await engine.thread.drain();
    expect(engine.read('out2')).toEqual(['a=1@1', 'a=2@2']);
  });

  it('merges inputs by time however small their batches are', async () => {
    const engine = start();
    await engine.topics('left', 'right', 'out');
    await engine.thread.append(Array.from({ length: 300 }, (_, i) => batch('left', 0, `l=${i}@${i * 2}`)));
    await engine.thread.append(Array.from({ length: 30 }, (_, i) => batch('right', 0, `r=${i}@${i * 20 + 1}`)));
    await engine.deploy(plan('Q', join(source('left'), source('right')), 'out'), copyTo('out'));
    await engine.thread.drain();
    const times = engine.read('out').map((text) => Number(text.split('@')[1]));
    expect(times).toHaveLength(330);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('keeps what is paused where it is', async () => {
    const engine = start();
    await engine.topics('in', 'out');
    await engine.deploy(plan('Q', source('in'), 'out'), copyTo('out'));
    await engine.thread.pause('Q');
    await engine.thread.append([batch('in', 0, 'a=1@1')]);
    await engine.thread.drain();
    expect(engine.read('out')).toEqual([]);
    expect((await engine.status('Q')).state).toBe('PAUSED');
    await engine.thread.resume('Q');
    await engine.thread.drain();
    expect(engine.read('out')).toEqual(['a=1@1']);
  });

  it('counts the commits of each query, and how long they took', async () => {
    const engine = start({ commitIntervalMs: 60_000 });
    await engine.topics('in', 'other', 'out');
    await engine.deploy(plan('Q', source('in'), 'out'), copyTo('out'));
    await engine.deploy(plan('IDLE', source('other'), 'out'), copyTo('out'));
    for (const record of ['a=1@1', 'a=2@2']) {
      await engine.thread.append([batch('in', 0, record)]);
      await engine.thread.drain();
    }
    const { figures } = await engine.status('Q');
    expect(figures).toMatchObject({ tasks: 1, commits: { count: 2 }, restore: null, changelog: null });
    expect(figures!.commits.seconds).toBeGreaterThan(0);
    expect(figures!.commits.secondsGreatest).toBeGreaterThanOrEqual(figures!.commits.seconds / 2);
    expect((await engine.status('IDLE')).figures!.commits).toEqual({ count: 0, seconds: 0, secondsGreatest: 0 });
  });

  it('tells commands of a change in order, before it answers; those of one that fails never', async () => {
    const engine = start();
    const commands = [{ text: 'first' }, { text: 'second' }];
    const told = () => engine.events.flatMap((event) => (event.kind === 'commands' ? event.commands : []));
    const change = engine.thread.apply({ ...NOTHING, commands });
    expect(told()).toEqual([
      { sequence: 1, text: 'first' },
      { sequence: 2, text: 'second' },
    ]);
    await change;
    const failing = engine.thread.apply({ ...NOTHING, commands, deleteTopics: ['nothing'] });
    await expect(failing).rejects.toMatchObject({ code: 'unknown-topic' });
    await engine.thread.apply({ ...NOTHING, commands: [{ text: 'third' }] });
    expect(told().slice(2)).toEqual([{ sequence: 3, text: 'third' }]);
    await engine.topics('in');
    expect(engine.events.filter(({ kind }) => kind === 'commands')).toHaveLength(2);
  });

  it('makes nothing of a change that fails half-way', async () => {
    const engine = start();
    await engine.topics('in');
    engine.behaviours.set('Q', copyTo('out'));
    const change = engine.thread.apply({
      ...NOTHING,
      createTopics: [
        { name: 'out', config: { partitions: 1, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1 } },
      ],
      commands: [{ text: 'create' }],
      deploy: [{ plan: plan('Q', source('missing'), 'out'), options: PERSISTENT }],
    });
    await expect(change).rejects.toMatchObject({ code: 'unknown-topic' });
    expect(engine.log.describeTopic('out')).toBeNull();
    expect(readCommands(engine.thread.database)).toEqual([]);
    expect(await engine.thread.status()).toEqual([]);
  });

  it('deletes what a dropped query leaves behind, and starts afresh under its name', async () => {
    const engine = start();
    await engine.topics('in', 'out');
    await engine.deploy(plan('Q', source('in'), 'out'), countTo('out'));
    await engine.thread.append([batch('in', 0, 'a=x@1', 'a=x@2')]);
    await engine.thread.apply({ ...NOTHING, drop: ['Q'], commands: [{ text: 'drop Q' }] });
    expect(engine.log.positions('Q')).toEqual([]);
    expect(readCommands(engine.thread.database)).toEqual([{ sequence: 1, text: 'drop Q' }]);
    const before = engine.read('out').length;
    await engine.deploy(plan('Q', source('in'), 'out'), countTo('out'));
    await engine.thread.drain();
    expect(engine.read('out').slice(before)).toEqual(['a=1@1', 'a=2@2']);
  });

  it('replaces a running query and keeps its state and position', async () => {
    const engine = start();
    await engine.topics('in', 'out');
    await engine.deploy(plan('Q', source('in'), 'out'), countTo('out'));
    await engine.thread.append([batch('in', 0, 'a=x@1')]);
    await engine.thread.drain();
    await engine.deploy(plan('Q', source('in'), 'out'), (record, _, task) =>
      task.emit('out', { ...record, value: `new ${task.count(record.key)}` }),
    );
    await engine.thread.append([batch('in', 0, 'a=x@2')]);
    await engine.thread.drain();
    expect(engine.read('out')).toEqual(['a=1@1', 'a=new 2@2']);
  });

  it('fails a query whose topic is deleted', async () => {
    const engine = start();
    await engine.topics('in', 'out');
    await engine.deploy(plan('Q', source('in'), 'out'), copyTo('out'));
    await engine.thread.apply({ ...NOTHING, deleteTopics: ['in'] });
    expect(await engine.status('Q')).toMatchObject({ state: 'ERROR', error: 'the topic "in" does not exist' });
  });

  it('hands repartitioned records on in order of time, without storing them', async () => {
    const engine = start();
    await engine.topics('in:2', 'other:2', 'out');
    const topic = '_confluent-ksql-default_query_Q-Join-left-repartition';
    const seen: string[] = [];
    await engine.deploy(
      plan('Q', join(repartition(source('in'), topic), source('other')), 'out'),
      (record, from, task) => {
        if (from === 'in') return task.emit(topic, { ...record, key: record.value });
        task.emit('out', record);
        seen.push(`${from === topic ? 'left' : 'right'} ${record.key}@${record.timestamp}`);
      },
    );
    expect(engine.log.describeTopic(topic)).toMatchObject({
      partitions: 2,
      cleanupPolicy: ['delete'],
      retentionMs: -1,
    });
    await engine.thread.append([
      batch('in', 0, 'k=a@1', 'k=b@5', 'k=c@9'),
      batch('in', 1, 'k=d@3', 'k=e@7'),
      batch('other', 0, 'x=r@2', 'x=r@6'),
      batch('other', 1, 'y=r@4', 'y=r@8'),
    ]);
    await engine.thread.drain();
    expect(seen.map((text) => Number(text.split('@')[1]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(seen.filter((text) => text.startsWith('left')).map((text) => text.slice(5, 6))).toEqual([
      'a',
      'd',
      'b',
      'e',
      'c',
    ]);
    expect([0, 1].map((partition) => engine.log.offsets(topic, partition).end)).toEqual([0, 0]);
    expect(engine.log.read('out', 0, 0, 1e9)).toHaveLength(1);
    expect((await engine.status('Q')).positions.filter((p) => p.topic === topic)).toMatchObject([
      { offset: 0 },
      { offset: 0 },
    ]);
  });

  it('keeps the effects when the disk is full, and writes them once when there is room', async () => {
    const engine = start({ commitIntervalMs: 10 });
    await engine.topics('in', 'out');
    await engine.deploy(plan('Q', source('in'), 'out'), (record, _, task) =>
      task.emit('out', { ...record, value: 'x'.repeat(200_000) }),
    );
    await engine.thread.pause('Q');
    await engine.thread.append([batch('in', 0, 'a=1@1', 'a=2@2')]);
    const { connection } = engine.thread.database;
    const pages = connection.pragma('page_count', { simple: true }) as number;
    connection.pragma(`max_page_count = ${pages + 20}`);
    await engine.thread.resume('Q');
    await expect.poll(() => engine.events.at(-1), { timeout: 2_000 }).toMatchObject({ kind: 'storage' });
    const insert = engine.thread.append([batch('in', 0, `a=${'y'.repeat(200_000)}@3`)]);
    await expect(insert).rejects.toMatchObject({ code: 'disk-full', retriable: true });
    expect((await engine.status('Q')).state).toBe('RUNNING');
    connection.pragma(`max_page_count = ${pages + 100_000}`);
    await engine.thread.append([batch('in', 0, 'a=4@4')]);
    await engine.thread.drain();
    expect(engine.read('out').map((text) => text.split('@')[1])).toEqual(['1', '2', '4']);
    expect(engine.events.filter(({ kind }) => kind === 'storage').at(-1)).toEqual({ kind: 'storage', error: null });
  });

  it('counts bad records and writes them to the processing log with the effects', async () => {
    const engine = start();
    await engine.topics('in', 'out', 'errors');
    await engine.deploy(plan('Q', source('in'), 'out'), (record, topic, task) => {
      const place = { topic, partition: 0, offset: record.timestamp };
      task.request.report({ reason: 'late', step: 'Aggregate', message: 'too late', target: null, ...place });
    });
    await engine.thread.append([batch('in', 0, ...Array.from({ length: 1_000 }, (_, i) => `a=1@${i}`))]);
    await engine.thread.drain();
    expect((await engine.status('Q')).dropped).toEqual({ late: 1_000 });
    const entries = engine.read('errors');
    expect(entries.length).toBeLessThan(50);
    expect(entries.length).toBeGreaterThan(10);
  });

  describe('transient queries', () => {
    const rowsOf = (engine: Harness): readonly TransientRow[] =>
      engine.events.flatMap((event) => (event.kind === 'rows' ? event.rows : []));
    const show: Behaviour = (record, _, task) =>
      task.request.rows!.add({ row: [record.key, record.value], tombstone: false, timestamp: record.timestamp });
    const transient = { ...PERSISTENT, transient: true };

    it('gives what was there when it began, and ends', async () => {
      const engine = start();
      await engine.topics('in');
      await engine.thread.append([batch('in', 0, ...Array.from({ length: 1_200 }, (_, i) => `k=${i}@${i}`))]);
      engine.behaviours.set('T', show);
      await engine.thread.startTransient(plan('T', source('in'), null), { ...transient, bounded: true });
      await engine.thread.append([batch('in', 0, 'k=after@5000')]);
      await expect
        .poll(() => engine.events)
        .toContainEqual({ kind: 'ended', queryId: 'T', reason: 'completed', error: null });
      expect(rowsOf(engine).map(({ values }) => values[1])).toEqual(Array.from({ length: 1_200 }, (_, i) => `${i}`));
      expect(engine.events.filter(({ kind }) => kind === 'rows').length).toBeLessThanOrEqual(10);
      expect(engine.log.positions('T')).toEqual([]);
      expect(engine.tasks[0]!.closed).toBe(true);
    });

    it('ends an empty one at once', async () => {
      const engine = start();
      await engine.topics('in');
      engine.behaviours.set('T', show);
      await engine.thread.startTransient(plan('T', source('in'), null), { ...transient, bounded: true });
      await expect.poll(() => engine.events.at(-1)).toMatchObject({ kind: 'ended', reason: 'completed' });
    });

    it('follows new records until its LIMIT', async () => {
      const engine = start();
      await engine.topics('in');
      engine.behaviours.set('T', show);
      await engine.thread.startTransient(plan('T', source('in'), null, 3), transient);
      await engine.thread.append([batch('in', 0, 'k=1@1', 'k=2@2')]);
      await expect.poll(() => rowsOf(engine).length).toBe(2);
      await engine.thread.append([batch('in', 0, 'k=3@3', 'k=4@4')]);
      await expect.poll(() => engine.events.at(-1)).toMatchObject({ kind: 'ended', reason: 'limit' });
      expect(rowsOf(engine).map(({ values }) => values[1])).toEqual(['1', '2', '3']);
      expect(await engine.thread.status()).toEqual([]);
    });

    it('ends with the error that it threw', async () => {
      const engine = start();
      await engine.topics('in');
      engine.behaviours.set('T', () => {
        throw new Error('no');
      });
      await engine.thread.startTransient(plan('T', source('in'), null), transient);
      await engine.thread.append([batch('in', 0, 'k=1@1')]);
      await expect
        .poll(() => engine.events.at(-1))
        .toEqual({ kind: 'ended', queryId: 'T', reason: 'error', error: 'no' });
    });
  });

  if (where === 'file') {
    it('goes on exactly where it stopped', async () => {
      const query = plan('Q', source('in'), 'out');
      const first = start();
      await first.topics('in', 'out');
      await first.deploy(query, countTo('out'));
      await first.thread.append([batch('in', 0, 'a=x@1', 'b=x@2')]);
      await first.thread.drain();
      await first.thread.append([batch('in', 0, 'a=x@3')]);
      await first.thread.close();
      open.pop();

      const second = start();
      await second.deploy(query, countTo('out'), { start: 'latest' });
      await second.thread.append([batch('in', 0, 'b=x@4')]);
      await second.thread.drain();
      expect(second.read('out')).toEqual(['a=1@1', 'b=1@2', 'a=2@3', 'b=2@4']);
    });

    it('stores what was handed over and not read, and reads it once after a restart', async () => {
      const topic = '_confluent-ksql-default_query_Q-Aggregate-GroupBy-repartition';
      const query = plan('Q', repartition(source('in'), topic), 'out');
      const behaviour: Behaviour = (record, from, task) => {
        if (from === topic) return countTo('out')(record, from, task);
        task.heldFor = topic;
        task.held.push({ ...record, key: record.value });
      };
      const first = start({ commitIntervalMs: 60_000 });
      await first.topics('in:2', 'out');
      await first.deploy(query, behaviour);
      await first.thread.append([batch('in', 0, 'k=a@1', 'k=a@2'), batch('in', 1, 'k=a@3')]);
      await expect.poll(async () => (await first.status('Q')).rowsIn).toBe(3);
      await first.thread.close();
      open.pop();

      const second = start();
      const ends = [0, 1].map((partition) => second.log.offsets(topic, partition).end);
      expect(ends[0]! + ends[1]!).toBe(3);
      expect(second.read('out')).toEqual([]);
      await second.deploy(query, behaviour);
      await second.thread.drain();
      expect(second.read('out').map((text) => text.split('@')[0])).toEqual(['a=1', 'a=2', 'a=3']);
      await second.thread.append([batch('in', 0, 'k=a@4')]);
      await second.thread.drain();
      await second.thread.append([batch('in', 0, 'k=a@5')]);
      await second.thread.drain();
      expect(second.read('out').map((text) => text.split('@')[0])).toEqual(['a=1', 'a=2', 'a=3', 'a=4', 'a=5']);
      const partition = ends[0]! > 0 ? 0 : 1;
      expect(second.log.offsets(topic, partition)).toEqual({ start: 4, end: 5 });
    });

    it('runs the other queries when the topic of one is gone at start', async () => {
      const first = start();
      await first.topics('gone', 'in', 'out');
      await first.deploy(plan('Q', join(source('gone'), source('in')), 'out'), copyTo('out'));
      await first.thread.close();
      open.pop();

      const second = start();
      await second.thread.apply({ ...NOTHING, deleteTopics: ['gone'] });
      await second.deploy(plan('Q', join(source('gone'), source('in')), 'out'), copyTo('out'));
      await second.deploy(plan('R', source('in'), 'out'), copyTo('out'));
      await second.thread.append([batch('in', 0, 'a=1@1')]);
      await second.thread.drain();
      expect(await second.status('Q')).toMatchObject({ state: 'ERROR', error: 'the topic "gone" does not exist' });
      expect(second.read('out')).toEqual(['a=1@1']);
    });
  }
});
