import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddedLogReader } from '../../../src/broker/embedded/log-reader.js';
import { createInlineStreamThread } from '../../../src/executor/thread/create-stream-thread.js';
import type { InlineStreamThread } from '../../../src/executor/thread/inline-stream-thread.js';
import type { ThreadEvent } from '../../../src/executor/thread/stream-thread.js';
import { creation, deployment, numbersBatch, OPTIONS, recordsOf, SHOW } from './plans.js';

describe('plans on an inline stream thread', () => {
  let thread: InlineStreamThread;

  afterEach(() => thread.close());

  function read(topic: string, partitions: number) {
    const log = new EmbeddedLogReader(thread.database);
    return Array.from({ length: partitions }, (_, partition) => recordsOf(log.read(topic, partition, 0, 1e9))).flat();
  }

  it.each([1, 3])('counts through a chain of queries on %i partitions', async (partitions) => {
    thread = createInlineStreamThread({ path: ':memory:' });
    await thread.apply(creation(partitions));
    await thread.apply(deployment());
    const values = Array.from({ length: 1_000 }, (_, i) => i - 10);
    await Promise.all(
      Array.from({ length: partitions }, (_, partition) =>
        thread.append([
          numbersBatch(partition, ...values.filter((value) => Math.abs(value) % partitions === partition)),
        ]),
      ),
    );
    await thread.drain();
    expect(read('positive', partitions)).toHaveLength(990);
    const last = new Map(read('digits', partitions).map(({ key, value }) => [key, value['C']]));
    expect(Object.fromEntries(last)).toEqual(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i, 99])));
    const sevens = read('counts', partitions).filter(({ key }) => key === 'k0');
    expect(Math.max(...sevens.map(({ value }) => value['C']!))).toBe(142);
  });

  it('emits a key once a commit with a cache', async () => {
    thread = createInlineStreamThread({ path: ':memory:', commitIntervalMs: 60_000 });
    await thread.apply(creation(1));
    await thread.apply(deployment({ cacheBytes: 1_000_000 }));
    await thread.append([numbersBatch(0, ...Array.from({ length: 70 }, (_, i) => i))]);
    await thread.drain();
    expect(
      read('counts', 1)
        .map(({ key, value }) => `${key}=${value['C']}`)
        .sort(),
    ).toEqual(Array.from({ length: 7 }, (_, i) => `k${i}=10`));
  });

  it('shows the rows of a transient query', async () => {
    thread = createInlineStreamThread({ path: ':memory:' });
    await thread.apply(creation(2));
    const events: ThreadEvent[] = [];
    thread.subscribe((event) => events.push(event));
    await thread.append([numbersBatch(0, 1, -2, 5), numbersBatch(1, 3)]);
    await thread.startTransient(SHOW, { ...OPTIONS, transient: true, bounded: true });
    await expect.poll(() => events.at(-1)).toMatchObject({ kind: 'ended', reason: 'completed' });
    const rows = events.flatMap((event) => (event.kind === 'rows' ? event.rows : []));
    expect(rows.map(({ values }) => values)).toEqual([
      ['k1', 1],
      ['k3', 3],
      ['k5', 5],
    ]);
  });
});
