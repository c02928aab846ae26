import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PendingBatch, TopicConfig } from '../../../../src/broker/broker.js';
import { EmbeddedLog } from '../../../../src/broker/embedded/embedded-log.js';
import { RecordBatchBuilder } from '../../../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../../../src/broker/record-batch-cursor.js';
import { type Database, openDatabase } from '../../../../src/storage/database.js';
import { appending, batchOf, recordsOf } from '../../../contracts/broker-contract.js';

const DAY = 24 * 3_600_000;
const builder = new RecordBatchBuilder();

let database: Database;
let log: EmbeddedLog;
let now: number;

beforeEach(() => {
  now = 0;
  database = openDatabase({ path: ':memory:', mode: 'writer' });
  log = openLog();
});
afterEach(() => database.close());

function openLog(options: { keysMax?: number } = {}): EmbeddedLog {
  return new EmbeddedLog(database, { clock: { now: () => now }, dirtyBytesMin: 1, dirtyRatioMin: 0, ...options });
}

function topic(config: Partial<TopicConfig>): void {
  log.createTopic('t', { partitions: 1, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1, ...config });
}

/** `a=1` sets a, `a` deletes it, `=1` has no key. */
function keyed(...records: readonly string[]): PendingBatch {
  for (const record of records) {
    const [key, value] = record.split('=');
    builder.append(now, key === '' ? null : Buffer.from(key!), value === undefined ? null : Buffer.from(value), [
      { key: 'h', value: Buffer.from(record) },
    ]);
  }
  return { topic: 't', partition: 0, records: records.length, bytes: builder.finish() };
}

/** All records as `offset:key=value`, after checking that each kept its header and time. */
function contents(): string[] {
  const cursor = new RecordBatchCursor();
  const records: string[] = [];
  for (const batch of log.read('t', 0, log.offsets('t', 0).start, 1e9)) {
    cursor.reset(batch.bytes);
    while (cursor.next()) {
      const text = (start: number, end: number) => cursor.bytes.toString('utf8', start, end);
      const key = cursor.keyStart < 0 ? '' : text(cursor.keyStart, cursor.keyEnd);
      const record = cursor.valueStart < 0 ? key : `${key}=${text(cursor.valueStart, cursor.valueEnd)}`;
      expect(cursor.headers().map((h) => h.value!.toString())).toEqual([record]);
      records.push(`${cursor.offset}:${record}`);
    }
  }
  return records;
}

const rows = () => (database.prepare('SELECT count(*) AS n FROM log_batches').get() as { n: number }).n;
const readTo = (reader: string, offset: number) =>
  log.commit({ ...appending(), reader, positions: [{ topic: 't', partition: 0, offset }] });

describe('retention', () => {
  beforeEach(() => {
    topic({ retentionMs: 100 });
    for (const value of ['a', 'b', 'c']) {
      // Event time is far in the past: it must not count.
      log.commit(appending(batchOf('t', 0, [value], -1_000_000)));
      now += 50;
    }
  });

  it('removes batches whose append is long enough ago', () => {
    log.applyRetention(149);
    expect(recordsOf(log, 't', 0, log.offsets('t', 0).start)).toEqual(['1:b', '2:c']);
    log.applyRetention(150);
    expect(log.offsets('t', 0)).toEqual({ start: 2, end: 3 });
    log.applyRetention(1_000_000);
    expect(log.offsets('t', 0)).toEqual({ start: 3, end: 3 });
  });

  it('leaves what a reader has yet to read', () => {
    readTo('slow', 1);
    readTo('fast', 3);
    log.applyRetention(1_000_000);
    expect(log.offsets('t', 0).start).toBe(1);
    log.applyRetention(1_000_000, ['fast']);
    expect(log.offsets('t', 0).start).toBe(3);
  });

  it('works in steps between which the log goes on', () => {
    for (let i = 0; i < 600; i++) log.commit(appending(batchOf('t', 0, [`${i}`])));
    let steps = 0;
    for (const _ of log.clean(1_000_000)) {
      steps++;
      expect(database.inTransaction).toBe(false);
      if (steps === 1) log.commit(appending(batchOf('t', 0, ['meanwhile'])));
    }
    expect(steps).toBeGreaterThan(2);
    expect(log.offsets('t', 0)).toEqual({ start: 604, end: 604 });
  });
});

it('keeps for ever what has no retention', () => {
  topic({ retentionMs: -1 });
  log.commit(appending(batchOf('t', 0, ['a'])));
  log.applyRetention(Number.MAX_SAFE_INTEGER);
  expect(recordsOf(log, 't', 0, 0)).toEqual(['0:a']);
});

describe('compaction', () => {
  beforeEach(() => topic({ cleanupPolicy: ['compact'] }));

  it('keeps the latest of each key at its offset, and what has no key', () => {
    log.commit(appending(keyed('a=1', 'b=1', '=x', 'a=2')));
    log.commit(appending(keyed('c=1', 'a=3')));
    log.applyRetention(now);
    expect(contents()).toEqual(['1:b=1', '2:=x', '4:c=1', '5:a=3']);
    expect(log.offsets('t', 0)).toEqual({ start: 0, end: 6 });
    log.commit(appending(keyed('b=2')));
    log.applyRetention(now);
    expect(contents()).toEqual(['2:=x', '4:c=1', '5:a=3', '6:b=2']);
  });

  it('can be read from any offset afterwards, holes included', () => {
    log.commit(appending(keyed('a=1', 'a=2', 'a=3', 'b=1')));
    log.commit(appending(keyed('b=2')));
    log.applyRetention(now);
    for (const [from, expected] of [
      [0, ['2:3', '4:2']],
      [3, ['4:2']],
      [5, []],
    ] as const) {
      expect(recordsOf(log, 't', 0, from)).toEqual(expected);
    }
  });

  it('joins what is left of many batches', () => {
    for (let i = 0; i < 300; i++) log.commit(appending(keyed(`k${i % 50}=${i}`)));
    log.applyRetention(now);
    expect(contents()).toHaveLength(50);
    expect(rows()).toBeLessThan(5);
  });

  it('stops below the lowest reader', () => {
    log.commit(appending(keyed('a=1', 'a=2')));
    log.commit(appending(keyed('a=3', 'a=4')));
    for (const inTheMiddle of [1, 2, 3]) {
      readTo('q', inTheMiddle);
      log.applyRetention(now);
      expect(contents()).toEqual([...(inTheMiddle < 2 ? ['0:a=1'] : []), '1:a=2', '2:a=3', '3:a=4']);
    }
    readTo('q', 4);
    log.applyRetention(now);
    expect(contents()).toEqual(['3:a=4']);
  });

  it('keeps a tombstone for a day after the value is gone, then drops it', () => {
    log.commit(appending(keyed('a=1', 'b=1')));
    log.commit(appending(keyed('a', 'b=2', 'a=9', 'a')));
    now = 40 * DAY;
    log.applyRetention(now);
    expect(contents()).toEqual(['3:b=2', '5:a']);
    log.applyRetention(now + DAY - 1);
    expect(contents()).toEqual(['3:b=2', '5:a']);
    log.applyRetention(now + DAY);
    expect(contents()).toEqual(['3:b=2']);
  });

  it('gives a new tombstone its own day beside an old one', () => {
    log.commit(appending(keyed('a=1', 'b=1', 'a')));
    log.applyRetention(now);
    now += DAY - 1;
    log.commit(appending(keyed('b', 'c=1')));
    log.applyRetention(now);
    log.applyRetention(now + 1);
    expect(contents()).toContain('3:b');
  });

  it('of everything remembers where the partition ends', () => {
    log.commit(appending(keyed('a')));
    log.applyRetention(now);
    log.applyRetention(now + DAY);
    expect(rows()).toBe(0);
    log = openLog();
    expect(log.offsets('t', 0)).toEqual({ start: 0, end: 1 });
    expect(log.commit(appending(keyed('b=1')))[0]!.baseOffset).toBe(1);
  });

  it('ends with the same records when memory allows only few keys at a time', () => {
    log = openLog({ keysMax: 10 });
    const expected = new Map<string, string>();
    for (let i = 0; i < 60; i++) {
      const records = Array.from({ length: 5 }, (_, j) => `k${(i * 7 + j * 3) % 37}=${i}`);
      const { baseOffset } = log.commit(appending(keyed(...records)))[0]!;
      for (const [j, record] of records.entries()) expected.set(record.split('=')[0]!, `${baseOffset + j}:${record}`);
    }
    log.applyRetention(now);
    expect(contents().sort()).toEqual([...expected.values()].sort());
  });

  it('survives the end of its topic between two steps', () => {
    for (let i = 0; i < 1_000; i++) log.commit(appending(keyed('a=1')));
    const steps = log.clean(now);
    steps.next();
    steps.next();
    log.deleteTopic('t');
    topic({ cleanupPolicy: ['compact'] });
    log.commit(appending(keyed('a=1', 'a=2')));
    for (const _ of steps);
    expect(contents()).toEqual(['0:a=1', '1:a=2']);
  });

  it('waits until enough is dirty', () => {
    log = new EmbeddedLog(database, { clock: { now: () => now }, dirtyBytesMin: 1_000 });
    log.commit(appending(keyed('a=1', 'a=2')));
    log.applyRetention(now);
    expect(contents()).toHaveLength(2);
    log.commit(appending(keyed(`a=${'x'.repeat(1_000)}`)));
    log.applyRetention(now);
    expect(contents()).toHaveLength(1);
    // More than enough bytes, but little beside what is clean.
    log.commit(appending(keyed(`b=${'x'.repeat(10_000)}`)));
    log.applyRetention(now);
    log.commit(appending(keyed(`b=${'x'.repeat(2_000)}`)));
    log.applyRetention(now);
    expect(contents()).toHaveLength(3);
  });
});

it('both policies: compaction leaves each batch its own age', () => {
  topic({ cleanupPolicy: ['compact', 'delete'], retentionMs: 100 });
  log.commit(appending(keyed('a=1', 'b=1')));
  now = 60;
  log.commit(appending(keyed('a=2')));
  log.applyRetention(60);
  expect(contents()).toEqual(['1:b=1', '2:a=2']);
  log.applyRetention(120);
  expect(contents()).toEqual(['2:a=2']);
});

it('removes the batches of a deleted topic, whatever their number', () => {
  topic({});
  for (let i = 0; i < 1_200; i++) log.commit(appending(batchOf('t', 0, [`${i}`])));
  log.deleteTopic('t');
  expect(rows()).toBeGreaterThan(0);
  log.applyRetention(now);
  expect(rows()).toBe(0);
});
