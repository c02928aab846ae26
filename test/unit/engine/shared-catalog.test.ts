import { beforeEach, describe, expect, it } from 'vitest';
import { encodeCommand } from '../../../src/engine/command-log.js';
import { EngineCore } from '../../../src/engine/engine-core.js';
import { readCommands } from '../../../src/executor/thread/commands.js';
import type {
  CatalogCommand,
  StreamThread,
  ThreadChange,
  ThreadEvent,
} from '../../../src/executor/thread/stream-thread.js';
import { SystemError } from '../../../src/model/errors.js';
import type { PhysicalPlan } from '../../../src/planner/physical/physical-plan.js';
import { openDatabase } from '../../../src/storage/database.js';
import { dataFile, open } from './engine-fixture.js';

const STREAM = "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";
const COPY = 'CREATE STREAM C AS SELECT * FROM S;';

/** A thread on a command log that others write, too. */
class SharedThread {
  readonly calls: string[] = [];
  readonly followed: ThreadChange['deploy'][] = [];
  readonly #listeners = new Set<(event: ThreadEvent) => void>();
  #sequence = 0;
  /** Called at the next claims and changes, in order, until there are none. */
  before: (() => void)[] = [];

  async claim(): Promise<void> {
    this.calls.push('claim');
    this.before.shift()?.();
  }

  async apply({ commands, deploy }: ThreadChange): Promise<void> {
    this.calls.push(`apply ${commands.length} ${deploy.length}`);
    this.before.shift()?.();
    if (commands.length > 0) this.tell(...commands.map(({ text }) => text));
  }

  follow(queries: ThreadChange['deploy']): void {
    this.followed.push(queries);
  }

  subscribe(listener: (event: ThreadEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds commands to the log. */
  tell(...texts: readonly string[]): void {
    const commands = texts.map((text) => ({ sequence: ++this.#sequence, text }));
    for (const listener of this.#listeners) listener({ kind: 'commands', commands });
  }
}

function fenced(): never {
  throw new SystemError('another node has changed the catalog', { code: 'catalog-fenced' });
}

const nothing = (): void => {};

const PUT_A = [{ kind: 'putType', name: 'A', type: { kind: 'STRING' } }] as const;

const typeNamed = (name: string): string =>
  encodeCommand({ version: 1, statement: '', effects: [{ kind: 'putType', name, type: { kind: 'STRING' } }] });

/** What some statements leave in the log. */
async function commandsOf(sql: string, properties: Record<string, string> = {}): Promise<readonly CatalogCommand[]> {
  const data = dataFile();
  const engine = await open({ data });
  await engine.execute(sql, engine.session(properties));
  await engine.close();
  const reader = openDatabase({ path: data, mode: 'reader' });
  const commands = readCommands(reader);
  reader.close();
  return commands.slice(1);
}

describe('a catalog whose log is shared', () => {
  let thread: SharedThread;
  let core: EngineCore;

  const opened = async (commands: readonly CatalogCommand[] = [], settings: Record<string, string> = {}) => {
    const { parts } = (await open({ settings })).core;
    thread = new SharedThread();
    const log = Object.create(parts.log, { refresh: { value: async () => void thread.calls.push('refresh') } });
    return new EngineCore({
      ...parts,
      log,
      thread: thread as unknown as StreamThread,
      commands: commands.map(({ text }, i) => ({ sequence: i + 1, text })),
    });
  };

  beforeEach(async () => {
    core = await opened();
  });

  it('takes what others wrote as it takes its own', async () => {
    thread.tell(typeNamed('A'), typeNamed('B'));
    expect([...core.catalog.types().keys()]).toEqual(['A', 'B']);
    expect(core.sequence).toBe(2);
    const effects = [{ kind: 'putType', name: 'C', type: { kind: 'STRING' } }] as const;
    expect(await core.exclusive(() => core.change('', effects, {}))).toBe(3);
    expect([...core.catalog.types().keys()]).toEqual(['A', 'B', 'C']);
  });

  it('shows a change when the thread tells that it is in the log, not before', async () => {
    thread.tell = () => {};
    await core.exclusive(() => core.change('', PUT_A, {}));
    expect(core.catalog.type('A')).toBeNull();
  });

  it.each([
    ['what is no command', '{'],
    ['a command of a later version', '{"version":2,"effects":[]}'],
    ['an effect it does not know', '{"version":1,"effects":[{"kind":"putTopic"}]}'],
    [
      'a command that fails half way, as a whole',
      '{"version":1,"effects":[{"kind":"putType","name":"X","type":{"kind":"STRING"}},{"kind":"putType","name":7}]}',
    ],
  ])('sets %s aside and goes on', (_, text) => {
    thread.tell(typeNamed('A'), text, typeNamed('B'));
    expect([...core.catalog.types().keys()]).toEqual(['A', 'B']);
    expect(core.quarantined.map(({ sequence }) => sequence)).toEqual([2]);
    expect(core.sequence).toBe(3);
  });

  it('tells the thread all queries, at the start and whenever there are new commands', async () => {
    core = await opened(await commandsOf(STREAM + COPY));
    expect(thread.followed).toEqual([]);
    await core.startQueries();
    thread.tell(typeNamed('A'));
    const [copy] = core.catalog.queries();
    thread.tell(
      encodeCommand({ version: 1, statement: '', effects: [{ kind: 'putQuery', query: { ...copy!, paused: true } }] }),
    );
    thread.tell(encodeCommand({ version: 1, statement: '', effects: [{ kind: 'removeQuery', id: copy!.id }] }));
    expect(
      thread.followed.map((queries) => queries.map(({ plan, options }) => [plan.queryId, options.paused])),
    ).toEqual([[[copy!.id, false]], [[copy!.id, false]], [[copy!.id, true]], []]);
    expect(thread.calls).toEqual(['apply 0 1']);
  });

  it('keeps how a query was made to run', async () => {
    const session = { 'auto.offset.reset': 'latest', 'cache.max.bytes.buffering': '77' };
    core = await opened(await commandsOf(STREAM + COPY, session), { 'auto.offset.reset': 'earliest' });
    await core.startQueries();
    expect(thread.followed[0]![0]!.options).toMatchObject({ start: 'latest', cacheBytes: 77 });
  });

  it('leaves to the configuration what nobody has said', async () => {
    core = await opened(await commandsOf(STREAM + COPY), { 'cache.max.bytes.buffering': '99' });
    await core.startQueries();
    expect(thread.followed[0]![0]!.options).toMatchObject({ start: 'earliest', cacheBytes: 99 });
  });

  it('starts queries of entries that say nothing of it', async () => {
    const old = (await commandsOf(STREAM + COPY)).map(({ text }) => ({ text: text.replace(/,"start":"\w+"/, '') }));
    expect(old.some(({ text }) => text.includes('"start"'))).toBe(false);
    core = await opened(old);
    await core.startQueries();
    const { plan, options } = thread.followed[0]![0]!;
    expect((plan as PhysicalPlan).queryId).toBe(core.catalog.queries()[0]!.id);
    expect(options.start).toBe('earliest');
  });

  it('is changed by the one writer, who has heard and seen everything', async () => {
    thread.before = [() => thread.tell(typeNamed('B'))];
    const known = await core.exclusive(async () => {
      thread.calls.push('work');
      const types = [...core.catalog.types().keys()];
      await core.change('', PUT_A, {});
      return types;
    });
    expect(known).toEqual(['B']);
    expect(thread.calls).toEqual(['claim', 'refresh', 'work', 'apply 1 0']);
  });

  it('is changed again from the beginning when somebody came between', async () => {
    thread.before = [fenced, nothing, fenced, nothing, nothing];
    let works = 0;
    const sequence = await core.exclusive(async () => {
      works++;
      return core.change('', PUT_A, {});
    });
    expect([works, sequence]).toEqual([2, 1]);
    expect(thread.calls).toEqual(['claim', 'claim', 'refresh', 'apply 1 0', 'claim', 'refresh', 'apply 1 0']);
  });

  it('gives up after five times more, and lets the next one try', async () => {
    thread.before = Array.from({ length: 6 }, () => fenced);
    const refused = core.exclusive(() => core.change('', PUT_A, {}));
    const next = core.exclusive(() => core.change('', PUT_A, {}));
    await expect(refused).rejects.toMatchObject({ code: 'catalog-fenced' });
    expect(await next).toBe(1);
    expect(thread.calls.filter((call) => call === 'claim')).toHaveLength(7);
  });

  it('tries nothing again that failed for another reason', async () => {
    const work = core.exclusive(() => Promise.reject(new SystemError('no', { code: 'closed' })));
    await expect(work).rejects.toMatchObject({ code: 'closed' });
    expect(thread.calls).toEqual(['claim', 'refresh']);
  });

  it('is claimed by nobody who only reads it in order', async () => {
    const order: string[] = [];
    const change = core.exclusive(async () => {
      await core.change('', PUT_A, {});
      order.push('change');
    });
    await core.ordered(async () => order.push('read'));
    await change;
    await core.settled();
    expect(order).toEqual(['change', 'read']);
    expect(thread.calls).toEqual(['claim', 'refresh', 'apply 1 0', 'refresh']);
  });
});
