import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredBatch } from '../../../../src/broker/broker.js';
import {
  type BatchReader,
  type BatchReaderEvents,
  type BatchReaders,
  LogError,
} from '../../../../src/broker/cluster-log.js';
import { setBaseOffset } from '../../../../src/broker/record-batch.js';
import type { InputPosition } from '../../../../src/executor/shard/position-record.js';
import { ShardRunner } from '../../../../src/executor/shard/shard-runner.js';
import { RecordOutputBuffer } from '../../../../src/executor/task/output-buffer.js';
import { ProcessingLog } from '../../../../src/executor/task/processing-log.js';
import { ErrorTopic } from '../../../../src/executor/thread/error-topic.js';
import type { SystemError } from '../../../../src/model/errors.js';
import type { TaskStores } from '../../../../src/state/state-store.js';
import { batch, FakeTask, textOf } from '../thread/fake-tasks.js';

/** A reader that gives what the test has put into it. */
class ScriptedReader implements BatchReader {
  end = -1;
  next: number;
  failure: SystemError | null = null;
  closed = false;
  readonly #queue: StoredBatch[] = [];

  constructor(
    readonly topic: string,
    readonly partition: number,
    from: number,
    readonly events: BatchReaderEvents,
  ) {
    this.next = from;
  }

  get waitingBytes(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Records that begin at an offset. The partition ends after them unless more is known. */
  put(offset: number, ...records: readonly string[]): void {
    const { bytes } = batch(this.topic, this.partition, ...records);
    setBaseOffset(bytes, offset);
    const lastOffset = offset + records.length - 1;
    this.#queue.push({
      topic: this.topic,
      partition: this.partition,
      baseOffset: offset,
      lastOffset,
      maxTimestamp: 0,
      bytes,
    });
    this.end = Math.max(this.end, lastOffset + 1);
  }

  /** There is nothing up to here but what was put. */
  reach(offset: number): void {
    this.end = Math.max(this.end, offset);
    if (this.#queue.length === 0) this.next = offset;
    else this.after = offset;
  }

  /** Where `next` is once everything is taken. */
  after = -1;

  take(): readonly StoredBatch[] {
    const taken = this.#queue.splice(0, 1);
    if (taken.length > 0) this.next = taken[0]!.lastOffset + 1;
    if (this.#queue.length === 0) this.next = Math.max(this.next, this.after);
    return taken;
  }

  close(): void {
    this.closed = true;
  }
}

const never = () => false;

describe('the runner of a shard', () => {
  let readers: Map<string, ScriptedReader>;
  let tasks: FakeTask[];
  let seen: string[];
  let runner: ShardRunner;
  let errors: ProcessingLog;

  const at = (topic: string, partition = 0): ScriptedReader => readers.get(`${partition}/${topic}`)!;

  /** A runner of a task a partition; each reads all topics and copies what it reads to `out`. */
  function run(
    topics: readonly string[],
    partitions: readonly number[],
    from = 0,
    repartitions: readonly string[] = [],
  ): void {
    readers = new Map();
    seen = [];
    const output = new RecordOutputBuffer(() => 1);
    errors = new ProcessingLog('Q', () => 0);
    const opening: BatchReaders = {
      open: (topic, _id, partition, offset, events) => {
        const reader = new ScriptedReader(topic, partition, offset, events);
        readers.set(`${partition}/${topic}`, reader);
        return reader;
      },
      close: async () => {},
    };
    tasks = partitions.map((partition) => {
      const request = { query: { id: 'Q' }, partition, output } as unknown as ConstructorParameters<typeof FakeTask>[0];
      return new FakeTask(request, topics, (record, topic, task) => {
        seen.push(`${partition} ${topic} ${record.key}=${record.value}@${record.timestamp}`);
        task.emit('out', record);
      });
    });
    const inputs = partitions.flatMap((partition) =>
      topics.map(
        (topic): InputPosition => ({ topic, topicId: `id-${topic}`, partition, offset: from, streamTime: -1 }),
      ),
    );
    runner = new ShardRunner({
      tasks,
      output,
      stores: { memoryUsage: () => ({ dirtyBytes: 0 }) } as unknown as TaskStores,
      errors,
      errorTopic: new ErrorTopic('errors', { describeTopic: () => ({}) as never }, { now: () => 0 }),
      readers: opening,
      inputs,
      compression: 0,
      repartitions: new Set(repartitions),
      onChange: () => {},
    });
  }

  const offsets = (): number[] => runner.collect().inputs.map(({ offset }) => offset);

  describe('of one input', () => {
    beforeEach(() => run(['t'], [0]));

    it('processes what comes, without waiting to know where the partition ends', () => {
      at('t').put(0, 'a=1@1', 'b=2@2');
      at('t').end = -1;
      expect(runner.touched).toBe(false);
      expect(runner.advance(never)).toBe(2);
      expect(runner.touched).toBe(true);
      expect(seen).toEqual(['0 t a=1@1', '0 t b=2@2']);
      expect(runner.pendingBytes).toBeGreaterThan(0);
    });

    it('hands over outputs and where it stands, and begins anew', () => {
      at('t').put(0, 'a=1@10');
      runner.advance(never);
      const { outputs, inputs } = runner.collect();
      expect(textOf(outputs)).toEqual(['a=1@10']);
      expect(inputs).toEqual([{ topic: 't', topicId: 'id-t', partition: 0, offset: 1, streamTime: 10 }]);
      expect(runner.touched).toBe(false);
      expect(runner.collect().outputs).toEqual([]);
    });

    it('emits what tasks hold back before a commit', () => {
      at('t').put(0, 'a=1@1');
      runner.advance(never);
      tasks[0]!.held = [{ key: 'held', value: 'x', timestamp: 3 }];
      tasks[0]!.heldFor = 'out';
      expect(textOf(runner.collect().outputs)).toEqual(['a=1@1', 'held=x@3']);
    });

    it('lags while more waits than was collected', () => {
      at('t').put(0, 'x=1@1', 'y=2@2', 'z=3@3', 'x=4@4');
      runner.advance(never);
      at('t').end = 9;
      runner.collect();
      expect(runner.lags).toBe(true);
      at('t').put(4, 'x=5@5', 'x=6@6', 'x=7@7', 'x=8@8');
      runner.advance(never);
      runner.collect();
      expect(runner.lags).toBe(false);
    });

    it('passes over markers once everything before them is processed', () => {
      at('t').put(0, 'a=1@1', 'b=2@2');
      at('t').reach(5);
      let steps = 0;
      runner.advance(() => ++steps > 0);
      expect(offsets()).toEqual([5]);
    });

    it('does not pass over what is queued or waits', () => {
      at('t').put(0, 'a=1@1');
      at('t').put(3, 'b=2@2');
      at('t').reach(9);
      expect(offsets()).toEqual([0]);
      tasks[0]!.offer(at('t').take()[0]!);
      expect(offsets()).toEqual([0]);
      runner.advance(never);
      expect(offsets()).toEqual([9]);
    });

    it('stops when its time is over, and goes on', () => {
      for (let i = 0; i < 3; i++) at('t').put(i, `k=${i}@${i}`);
      expect(runner.advance(() => true)).toBeGreaterThan(0);
      const first = seen.length;
      while (runner.advance(never) > 0);
      expect(first).toBeLessThanOrEqual(3);
      expect(seen).toHaveLength(3);
    });

    it('tells why a reader has failed', () => {
      expect(runner.failure).toBeNull();
      at('t').failure = new LogError('refused', 'gone', { code: 'topic-recreated' });
      expect(runner.failure).toMatchObject({ code: 'topic-recreated' });
    });

    it('says where each input is committed, processed, and ends', () => {
      at('t').put(0, 'a=1@7');
      expect(runner.progress()[0]).toMatchObject({ offset: 0, processed: 0, end: 1, streamTime: null });
      runner.advance(never);
      expect(runner.progress()[0]).toMatchObject({ offset: 0, processed: 1, end: 1, streamTime: 7 });
      runner.collect();
      expect(runner.progress()[0]).toMatchObject({ offset: 0 });
      runner.committed();
      expect(runner.progress()[0]).toMatchObject({ offset: 1 });
    });

    it('counts rows, and those that were collected', () => {
      at('t').put(0, 'a=1@1');
      runner.advance(never);
      expect([runner.rowsIn, runner.rowsOut, runner.collectedRows]).toEqual([1, 1, { rowsIn: 0, rowsOut: 0 }]);
      runner.collect();
      expect(runner.collectedRows).toEqual({ rowsIn: 1, rowsOut: 1 });
    });

    it('writes entries of the processing log with the outputs, and again until they are committed', () => {
      const report = { reason: 'expression', step: 'Filter', message: 'no', topic: 't', partition: 0, offset: 0 };
      errors.report(report as Parameters<ProcessingLog['report']>[0]);
      const first = runner.collect().outputs;
      expect(first.map(({ topic, records }) => [topic, records])).toEqual([['errors', 1]]);
      runner.committed();
      expect(runner.collect().outputs).toEqual([]);
    });

    it('closes its tasks and readers', () => {
      runner.close();
      expect(tasks[0]!.closed).toBe(true);
      expect(at('t').closed).toBe(true);
    });
  });

  describe('of several inputs', () => {
    beforeEach(() => run(['l', 'r'], [0]));

    it('waits for an input that has nothing until it is known to be at its end', () => {
      at('l').put(0, 'a=1@5');
      expect(runner.advance(never)).toBe(0);
      at('r').end = 3;
      expect(runner.advance(never)).toBe(0);
      at('r').reach(3);
      expect(runner.advance(never)).toBe(1);
    });

    it('processes in order of time over all of them', () => {
      at('l').put(0, 'a=1@1', 'a=3@3');
      at('r').put(0, 'b=2@2', 'b=4@4');
      while (runner.advance(never) > 0);
      expect(seen.map((text) => text.split('@')[1])).toEqual(['1', '2', '3', '4']);
    });

    it('waits again when an input has run out and has more to come', () => {
      at('l').put(0, 'a=1@1');
      at('l').end = 2;
      at('r').put(0, 'b=9@9');
      runner.advance(never);
      expect(seen).toEqual(['0 l a=1@1']);
      at('l').put(1, 'a=2@2');
      runner.advance(never);
      expect(seen).toEqual(['0 l a=1@1', '0 l a=2@2', '0 r b=9@9']);
    });
  });

  describe('of several tasks', () => {
    beforeEach(() => run(['t'], [1, 3], 7));

    it('begins each where its input stands, and runs all of them', () => {
      expect([at('t', 1).next, at('t', 3).next]).toEqual([7, 7]);
      at('t', 1).put(7, 'a=1@1');
      at('t', 3).put(7, 'b=1@1', 'b=2@2');
      expect(runner.advance(never)).toBe(3);
      expect(offsets()).toEqual([8, 9]);
      expect(runner.tasks).toBe(2);
    });

    it('lets a task go on while another waits', () => {
      at('t', 3).put(7, 'b=1@1');
      expect(runner.advance(never)).toBe(1);
      expect(offsets()).toEqual([7, 8]);
    });

    it('begins with another one each time', () => {
      const order: string[] = [];
      for (let i = 0; i < 4; i++) {
        for (const partition of [1, 3]) at('t', partition).put(7 + i, `k=${i}@${i}`);
        seen.length = 0;
        runner.advance(never);
        order.push(seen[0]!.split(' ')[0]!);
      }
      expect(new Set(order)).toEqual(new Set(['1', '3']));
    });
  });

  describe('of a repartition topic', () => {
    beforeEach(() => run(['t', 'again'], [0], 0, ['again']));

    it('tells what need not be kept once it is committed, and tells it once', () => {
      at('t').reach(0);
      at('again').put(0, 'a=1@1', 'a=2@2');
      runner.advance(never);
      expect(runner.takeTrimmable()).toEqual([]);
      runner.collect();
      expect(runner.takeTrimmable()).toEqual([]);
      runner.committed();
      expect(runner.takeTrimmable()).toEqual([{ topic: 'again', partition: 0, offset: 2 }]);
      expect(runner.takeTrimmable()).toEqual([]);
    });

    it('never tells of records of other topics', () => {
      at('again').reach(0);
      at('t').put(0, 'a=1@1');
      runner.advance(never);
      runner.collect();
      runner.committed();
      expect(runner.takeTrimmable()).toEqual([]);
    });
  });
});
