import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Appended, Commit, PendingBatch } from '../../../../src/broker/broker.js';
import { AppendQueue } from '../../../../src/broker/embedded/append-queue.js';
import { EmbeddedLog } from '../../../../src/broker/embedded/embedded-log.js';
import { type Database, openDatabase } from '../../../../src/storage/database.js';
import { batchOf, recordsOf, TOPIC } from '../../../contracts/broker-contract.js';

/** Timers that run when told. */
class ManualTimers {
  time = 0;
  #next: { at: number; action: () => void } | null = null;

  readonly schedule = (action: () => void, ms: number): (() => void) => {
    const entry = { at: this.time + ms, action };
    this.#next = entry;
    return () => {
      if (this.#next === entry) this.#next = null;
    };
  };

  get due(): number | null {
    return this.#next?.at ?? null;
  }

  run(): void {
    const next = this.#next!;
    this.#next = null;
    this.time = next.at;
    next.action();
  }
}

let database: Database;
let log: EmbeddedLog;
let timers: ManualTimers;
let commits: number;
let woken: Appended[][];

beforeEach(() => {
  database = openDatabase({ path: ':memory:', mode: 'writer' });
  log = new EmbeddedLog(database, { clock: { now: () => 0 } });
  log.createTopic('t', TOPIC);
  log.createTopic('u', TOPIC);
  timers = new ManualTimers();
  commits = 0;
  woken = [];
});
afterEach(() => database.close());

function queueOf(bytesMax = 1_000_000): AppendQueue {
  return new AppendQueue(
    {
      commitAll: (all: readonly Commit[]) => {
        const results = log.commitAll(all);
        commits++;
        return results;
      },
    },
    {
      bytesMax,
      schedule: timers.schedule,
      monotonicNow: () => timers.time,
      onCommit: (appended) => woken.push([...appended]),
    },
  );
}

describe('grouping', () => {
  it('commits what came in one turn together, and tells each where its records went', async () => {
    const queue = queueOf();
    const first = queue.append([batchOf('t', 0, ['a', 'b']), batchOf('u', 1, ['x'])]);
    const second = queue.append([batchOf('t', 0, ['c'])]);
    const third = queue.append([batchOf('t', 1, ['d']), batchOf('t', 0, ['e', 'f'])]);
    expect(log.offsets('t', 0).end).toBe(0);
    timers.run();
    expect(commits).toBe(1);
    const at = (topic: string, partition: number, baseOffset: number, lastOffset: number) => ({
      topic,
      partition,
      baseOffset,
      lastOffset,
    });
    expect(await first).toEqual([at('t', 0, 0, 1), at('u', 1, 0, 0)]);
    expect(await second).toEqual([at('t', 0, 2, 2)]);
    expect(await third).toEqual([at('t', 1, 0, 0), at('t', 0, 3, 4)]);
    expect(recordsOf(log, 't', 0, 0)).toEqual(['0:a', '1:b', '2:c', '3:e', '4:f']);
    expect(woken).toEqual([[at('t', 0, 0, 4), at('u', 1, 0, 0), at('t', 1, 0, 0)]]);
  });

  it('stores the small batches of a partition as one row, but not without end', async () => {
    const queue = queueOf();
    const answers = Array.from({ length: 30 }, (_, i) => queue.append([batchOf('t', 0, [`${i}`])]));
    const large = 'x'.repeat(200_000);
    answers.push(queue.append([batchOf('t', 0, [large])]), queue.append([batchOf('t', 0, [large])]));
    timers.run();
    await Promise.all(answers);
    expect(log.read('t', 0, 0, 1e9).map((b) => [b.baseOffset, b.lastOffset])).toEqual([
      [0, 30],
      [31, 31],
    ]);
  });

  it('does not make one caller wait who sends one insert after another', async () => {
    const queue = queueOf();
    for (let i = 0; i < 3; i++) {
      const answer = queue.append([batchOf('t', 0, ['a'])]);
      expect(timers.due).toBe(0);
      timers.run();
      await answer;
    }
    expect(commits).toBe(3);
  });

  it('lingers up to 5 ms after a commit that served several', async () => {
    const queue = queueOf();
    const first = [queue.append([batchOf('t', 0, ['a'])]), queue.append([batchOf('t', 0, ['b'])])];
    timers.run();
    await Promise.all(first);
    timers.time = 2;
    const next = queue.append([batchOf('t', 0, ['c'])]);
    expect(timers.due).toBe(5);
    timers.run();
    await next;
    timers.time = 100;
    const late = queue.append([batchOf('t', 0, ['d'])]);
    expect(timers.due).toBe(100);
    timers.run();
    await late;
  });

  it('commits at once when too much waits', async () => {
    const queue = queueOf(1_000);
    const first = queue.append([batchOf('t', 0, ['a'])]);
    const second = queue.append([batchOf('t', 0, ['x'.repeat(1_000)])]);
    expect(commits).toBe(1);
    expect(queue.waitingBytes).toBe(0);
    expect(timers.due).toBeNull();
    await Promise.all([first, second]);
  });
});

describe('failing', () => {
  it('rejects everybody when the disk is full, and works again when there is room', async () => {
    const queue = queueOf();
    const pages = database.connection.pragma('page_count', { simple: true }) as number;
    database.connection.pragma(`max_page_count = ${pages}`);
    const refused = [queue.append([batchOf('t', 0, ['x'.repeat(50_000)])]), queue.append([batchOf('t', 0, ['a'])])];
    timers.run();
    for (const answer of refused) await expect(answer).rejects.toMatchObject({ code: 'disk-full', retriable: true });
    expect(log.offsets('t', 0).end).toBe(0);

    database.connection.pragma('max_page_count = 1000000');
    const accepted = queue.append([batchOf('t', 0, ['b'])]);
    timers.run();
    expect(await accepted).toMatchObject([{ baseOffset: 0 }]);
    expect(recordsOf(log, 't', 0, 0)).toEqual(['0:b']);
  });

  it('rejects only the insert that is at fault, as a whole', async () => {
    const queue = queueOf();
    const broken: PendingBatch = { ...batchOf('t', 0, ['broken']), bytes: Buffer.alloc(5) };
    const answers = [
      queue.append([batchOf('t', 0, ['a'])]),
      queue.append([batchOf('t', 0, ['never']), batchOf('gone', 0, ['x'])]),
      queue.append([broken]),
      queue.append([batchOf('t', 0, ['b'])]),
    ];
    timers.run();
    const results = await Promise.allSettled(answers);
    expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'unknown-topic' } });
    expect(results[2]).toMatchObject({ reason: { code: 'corrupt-batch' } });
    expect(recordsOf(log, 't', 0, 0)).toEqual(['0:a', '1:b']);
  });

  it('commits what waits when it is closed, and refuses more', async () => {
    const queue = queueOf();
    const waiting = queue.append([batchOf('t', 0, ['a'])]);
    queue.close();
    expect(await waiting).toHaveLength(1);
    await expect(queue.append([batchOf('t', 0, ['b'])])).rejects.toMatchObject({ code: 'closed' });
  });
});
