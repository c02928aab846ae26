import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { StoredBatch } from '../../../../src/broker/broker.js';
import { maxTimestamp } from '../../../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../../../src/broker/record-batch-builder.js';
import type { InputCursor, RecordSource } from '../../../../src/executor/operators/operator-builder.js';
import { PipelineTask } from '../../../../src/executor/task/pipeline-task.js';
import { TaskContext } from '../../../../src/executor/task/record-errors.js';

/** A batch of records with these timestamps; `null` leaves an offset out, as compaction does. */
function batch(topic: string, baseOffset: number, ...times: readonly (number | null)[]): StoredBatch {
  const builder = new RecordBatchBuilder();
  times.forEach((time, delta) => {
    if (time === null) return;
    builder.begin(time, delta);
    builder.endKey(true);
    builder.endValue(true);
    builder.end();
  });
  const bytes = builder.finish(baseOffset, times.length - 1);
  const lastOffset = baseOffset + times.length - 1;
  return { topic, partition: 0, baseOffset, lastOffset, maxTimestamp: maxTimestamp(bytes), bytes };
}

/** Writes down what it is given: `topic:offset@time`. */
class Witness implements RecordSource {
  readonly #topic: string;
  readonly #seen: string[];

  constructor(topic: string, seen: string[]) {
    this.#topic = topic;
    this.#seen = seen;
  }

  run(input: InputCursor, until: number, max: number): number {
    let done = 0;
    while (input.hasRecord && done < max && input.cursor.timestamp <= until) {
      this.process(input.cursor);
      done++;
      input.hasRecord = input.cursor.next();
    }
    return done;
  }

  process({ offset, timestamp }: InputCursor['cursor']): void {
    this.#seen.push(`${this.#topic}:${offset}@${timestamp}`);
  }
}

const FOREVER = Number.POSITIVE_INFINITY;

function taskOver(topics: readonly string[], readers = 1) {
  const seen: string[] = [];
  const context = new TaskContext({ now: () => 0, random: () => 0 }, false, 0, () => {}, {});
  const task = new PipelineTask({
    queryId: 'Q',
    partition: 0,
    inputs: topics.map((topic) => ({
      topic,
      eventTime: null,
      gate: null,
      sources: Array.from({ length: readers }, (_, i) => new Witness(readers === 1 ? topic : `${topic}${i}`, seen)),
    })),
    context,
    hooks: [],
    complete: () => false,
  });
  return { task, seen };
}

describe('the queues of a task', () => {
  it('take turns by timestamp; of equal ones the earlier input goes first', () => {
    const { task, seen } = taskOver(['a', 'b']);
    task.offer(batch('a', 0, 1, 3, 5));
    task.offer(batch('b', 0, 2, 3, 9));
    expect(task.headTimestamp()).toBe(1);
    task.process(FOREVER, FOREVER);
    task.process(FOREVER, FOREVER);
    expect(seen).toEqual(['a:0@1', 'b:0@2', 'a:1@3', 'b:1@3', 'a:2@5', 'b:2@9']);
    expect(task.headTimestamp()).toBe(FOREVER);
    expect(task.rowsIn).toBe(6);
  });

  it('stop at a time and at a number of records', () => {
    const { task, seen } = taskOver(['a']);
    task.offer(batch('a', 0, 1, 2, 3, 4));
    expect(task.process(3, 2)).toBe(2);
    expect(task.process(3, 2)).toBe(1);
    expect(task.process(3, 2)).toBe(0);
    expect(seen).toHaveLength(3);
    expect(task.positions()).toEqual([{ topic: 'a', partition: 0, offset: 3 }]);
  });

  it('end a run where an input runs out, so that its next batch can come first', () => {
    const { task, seen } = taskOver(['a', 'b']);
    task.offer(batch('a', 0, 1));
    task.offer(batch('b', 0, 5));
    task.process(FOREVER, FOREVER);
    task.offer(batch('a', 1, 2));
    task.process(FOREVER, FOREVER);
    expect(seen.slice(0, 2)).toEqual(['a:0@1', 'a:1@2']);
  });

  it('skip what lies before the position in the first batch', () => {
    const { task, seen } = taskOver(['a']);
    task.seek('a', 12);
    expect(task.fetchOffset('a')).toBe(12);
    task.offer(batch('a', 10, 1, 2, 3, 4));
    expect(task.fetchOffset('a')).toBe(14);
    task.process(FOREVER, FOREVER);
    expect(seen).toEqual(['a:12@3', 'a:13@4']);
    expect(task.positions()[0]!.offset).toBe(14);
  });

  it('know the next offset across holes and empty ends', () => {
    const { task } = taskOver(['a']);
    task.offer(batch('a', 0, 1, null, null, 4, null));
    task.process(1, FOREVER);
    expect(task.positions()[0]!.offset).toBe(3);
    task.process(FOREVER, FOREVER);
    expect(task.positions()[0]!.offset).toBe(5);
  });

  it('count the bytes that wait', () => {
    const { task } = taskOver(['a']);
    const [first, second] = [batch('a', 0, 1, 2), batch('a', 2, 3)];
    task.offer(first!);
    task.offer(second!);
    expect(task.queuedBytes('a')).toBe(first!.bytes.length + second!.bytes.length);
    task.process(2, FOREVER);
    expect(task.queuedBytes('a')).toBe(second!.bytes.length);
    task.process(FOREVER, FOREVER);
    expect(task.queuedBytes('a')).toBe(0);
    expect(task.hasQueued('a')).toBe(false);
  });

  it('let go of what has been walked, although more is offered before they are empty', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { task } = taskOver(['a']);
    const walked: WeakRef<StoredBatch>[] = [];
    const offer = (i: number): void => {
      const made = batch('a', i, i);
      if (i < 50) walked.push(new WeakRef(made));
      task.offer(made);
    };
    offer(0);
    for (let i = 1; i < 200; i++) {
      offer(i);
      task.process(FOREVER, 1);
    }
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(walked.filter((reference) => reference.deref() !== undefined)).toEqual([]);
  });

  it('give each record of a shared topic to all its sources in turn', () => {
    const { task, seen } = taskOver(['a'], 2);
    task.offer(batch('a', 0, 1, 2));
    task.process(FOREVER, FOREVER);
    expect(seen).toEqual(['a0:0@1', 'a1:0@1', 'a0:1@2', 'a1:1@2']);
  });

  it('refuse batches out of order and seeking behind the first', () => {
    const { task } = taskOver(['a']);
    task.offer(batch('a', 4, 1));
    expect(() => task.offer(batch('a', 0, 1))).toThrow('in order');
    expect(() => task.seek('a', 0)).toThrow('before its first batch');
  });
});

describe('record errors', () => {
  it('are counted by reason, with the place of the record', () => {
    const reports: unknown[] = [];
    const context = new TaskContext({ now: () => 0, random: () => 0 }, false, 3, (r) => reports.push(r), {});
    context.workOn('t', { offset: 7 });
    context.report('late', 'Aggregate', 'too late');
    context.workOnNothing();
    context.report('late', 'Aggregate', 'too late');
    expect(reports).toMatchObject([
      { reason: 'late', step: 'Aggregate', topic: 't', partition: 3, offset: 7, target: null },
      { topic: null, offset: -1 },
    ]);
    expect(context.counts()).toEqual({ late: 2 });
  });

  it('end the query where a setting says so', () => {
    const settings = { 'ksql.fail.on.deserialization.error': 'true' };
    const context = new TaskContext({ now: () => 0, random: () => 0 }, false, 0, () => {}, settings);
    context.workOn('t', { offset: 7 });
    context.report('late', 'S', 'x');
    expect(() => context.report('deserialization', 'S', 'no JSON')).toThrow('no JSON (t, partition 0, offset 7)');
  });
});
