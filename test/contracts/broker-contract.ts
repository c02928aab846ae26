import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  Appended,
  Commit,
  LogReader,
  PendingBatch,
  Position,
  TopicAdmin,
  TopicConfig,
} from '../../src/broker/broker.js';
import { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';
import { SystemError } from '../../src/model/errors.js';

/** What an adapter offers to the engine, as the contract uses it. */
export interface BrokerUnderTest {
  readonly log: TopicAdmin &
    LogReader & {
      commit(commit: Commit): Appended[];
      commitAll(commits: readonly Commit[]): Appended[][];
      positions(reader: string): readonly Position[];
      deleteReader(reader: string): void;
      trim(topic: string, partition: number, beforeOffset: number): void;
    };
  /** Another view of the same log, for reading only. */
  readonly reader: LogReader;
  /** Closes and opens again; null when nothing outlives the process. */
  readonly reopen: (() => BrokerUnderTest) | null;
  close(): void;
}

export const TOPIC: TopicConfig = { partitions: 2, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1 };

const builder = new RecordBatchBuilder();

/** A batch of records without keys. */
export function batchOf(topic: string, partition: number, values: readonly string[], timestamp = 0): PendingBatch {
  for (const value of values) builder.append(timestamp, null, Buffer.from(value));
  return { topic, partition, records: values.length, bytes: builder.finish() };
}

/** A commit that only appends. */
export function appending(...outputs: readonly PendingBatch[]): Commit {
  return { reader: null, outputs, positions: [], writeState: null };
}

/** Every record at or after an offset, as `offset:value`. */
export function recordsOf(log: LogReader, topic: string, partition: number, from: number): string[] {
  const cursor = new RecordBatchCursor();
  const records: string[] = [];
  for (let next = from; ; ) {
    const batches = log.read(topic, partition, next, 1_000);
    if (batches.length === 0) return records;
    for (const batch of batches) {
      cursor.reset(batch.bytes);
      while (cursor.next()) {
        const value =
          cursor.valueStart < 0 ? 'null' : cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd);
        if (cursor.offset >= from) records.push(`${cursor.offset}:${value}`);
      }
      next = batch.lastOffset + 1;
    }
  }
}

/** What every adapter of the log must do. */
export function brokerContract(name: string, open: () => BrokerUnderTest): void {
  describe(`the log: ${name}`, () => {
    let broker: BrokerUnderTest;
    const code = (value: string) => expect.objectContaining({ code: value });

    beforeEach(() => {
      broker = open();
    });
    afterEach(() => broker.close());

    /** Runs the checks on the writer's view, the reader's, and again after opening anew. */
    function everywhere(check: (log: LogReader) => void): void {
      check(broker.log);
      check(broker.reader);
      if (broker.reopen === null) return;
      broker = broker.reopen();
      check(broker.log);
      check(broker.reader);
    }

    describe('topics', () => {
      it('are listed by name and described as they were made', () => {
        broker.log.createTopic('b', {
          partitions: 3,
          replicas: 1,
          cleanupPolicy: ['compact', 'delete'],
          retentionMs: 5,
        });
        broker.log.createTopic('a.b_c-D', TOPIC);
        everywhere((log) => {
          expect(log.listTopics().map((t) => t.name)).toEqual(['a.b_c-D', 'b']);
          expect(log.describeTopic('b')).toEqual({
            name: 'b',
            id: expect.any(String),
            partitions: 3,
            replicas: 1,
            cleanupPolicy: ['compact', 'delete'],
            retentionMs: 5,
          });
          expect(log.describeTopic('c')).toBeNull();
        });
      });

      it('have one name each', () => {
        broker.log.createTopic('t', TOPIC);
        expect(() => broker.log.createTopic('t', TOPIC)).toThrow(code('topic-exists'));
      });

      it.each(['', '.', '..', 'a b', 'ü', 'x'.repeat(250)])('cannot be named "%s"', (bad) => {
        expect(() => broker.log.createTopic(bad, TOPIC)).toThrow(code('invalid-topic'));
      });

      it('have at least one partition', () => {
        expect(() => broker.log.createTopic('t', { ...TOPIC, partitions: 0 })).toThrow(code('invalid-topic'));
      });

      it('made again after deletion are empty and have another id', () => {
        const first = broker.log.createTopic('t', TOPIC);
        broker.log.commit({
          ...appending(batchOf('t', 0, ['a', 'b'])),
          reader: 'q',
          positions: [{ topic: 't', partition: 0, offset: 1 }],
        });
        broker.log.deleteTopic('t');
        everywhere((log) => {
          expect(log.describeTopic('t')).toBeNull();
          expect(() => log.read('t', 0, 0, 100)).toThrow(code('unknown-topic'));
        });
        expect(broker.log.createTopic('t', TOPIC).id).not.toBe(first.id);
        expect(broker.log.positions('q')).toEqual([]);
        everywhere((log) => {
          expect(log.offsets('t', 0)).toEqual({ start: 0, end: 0 });
          expect(recordsOf(log, 't', 0, 0)).toEqual([]);
        });
      });

      it('that do not exist, and partitions, are errors', () => {
        broker.log.createTopic('t', TOPIC);
        for (const log of [broker.log, broker.reader]) {
          expect(() => log.offsets('u', 0)).toThrow(code('unknown-topic'));
          expect(() => log.offsets('t', 2)).toThrow(code('unknown-partition'));
          expect(() => log.read('t', 2, 0, 100)).toThrow(code('unknown-partition'));
        }
        expect(() => broker.log.deleteTopic('u')).toThrow(code('unknown-topic'));
        expect(() => broker.log.commit(appending(batchOf('u', 0, ['a'])))).toThrow(code('unknown-topic'));
        expect(() => broker.log.commit(appending(batchOf('t', 2, ['a'])))).toThrow(code('unknown-partition'));
      });
    });

    describe('appending', () => {
      beforeEach(() => {
        broker.log.createTopic('t', TOPIC);
        broker.log.createTopic('u', TOPIC);
      });

      it('gives each partition offsets of its own, without gaps', () => {
        const appended = broker.log.commit(
          appending(
            batchOf('t', 0, ['a', 'b']),
            batchOf('t', 1, ['c']),
            batchOf('t', 0, ['d']),
            batchOf('u', 0, ['e']),
          ),
        );
        expect(appended).toEqual([
          { topic: 't', partition: 0, baseOffset: 0, lastOffset: 1 },
          { topic: 't', partition: 1, baseOffset: 0, lastOffset: 0 },
          { topic: 't', partition: 0, baseOffset: 2, lastOffset: 2 },
          { topic: 'u', partition: 0, baseOffset: 0, lastOffset: 0 },
        ]);
        expect(broker.log.commit(appending(batchOf('t', 0, ['f'])))).toEqual([
          { topic: 't', partition: 0, baseOffset: 3, lastOffset: 3 },
        ]);
        everywhere((log) => {
          expect(recordsOf(log, 't', 0, 0)).toEqual(['0:a', '1:b', '2:d', '3:f']);
          expect(recordsOf(log, 't', 1, 0)).toEqual(['0:c']);
          expect(recordsOf(log, 'u', 0, 0)).toEqual(['0:e']);
          expect(log.offsets('t', 0)).toEqual({ start: 0, end: 4 });
        });
        expect(broker.log.commit(appending(batchOf('t', 0, ['g'])))[0]!.baseOffset).toBe(4);
      });

      it('takes several commits at once, in order', () => {
        const results = broker.log.commitAll([
          appending(batchOf('t', 0, ['a'])),
          appending(batchOf('t', 0, ['b', 'c'])),
        ]);
        expect(results.map((r) => r.map((a) => a.baseOffset))).toEqual([[0], [1]]);
        everywhere((log) => expect(recordsOf(log, 't', 0, 0)).toEqual(['0:a', '1:b', '2:c']));
      });

      it('keeps the largest timestamp of a batch', () => {
        broker.log.commit(appending(batchOf('t', 0, ['a'], 1_234_567_890_123)));
        everywhere((log) => expect(log.read('t', 0, 0, 100)[0]!.maxTimestamp).toBe(1_234_567_890_123));
      });

      it('refuses what is not one whole batch', () => {
        const batch = batchOf('t', 0, ['a', 'b']);
        const changed = (change: Partial<PendingBatch>) => () => broker.log.commit(appending({ ...batch, ...change }));
        expect(changed({ records: 3 })).toThrow(code('corrupt-batch'));
        expect(changed({ bytes: batch.bytes.subarray(0, 70) })).toThrow(code('corrupt-batch'));
        expect(changed({ bytes: Buffer.concat([batch.bytes, batch.bytes]) })).toThrow(code('corrupt-batch'));
        everywhere((log) => expect(log.offsets('t', 0).end).toBe(0));
      });
    });

    describe('commits', () => {
      beforeEach(() => {
        broker.log.createTopic('t', TOPIC);
        broker.log.createTopic('u', TOPIC);
      });

      it('move positions with the outputs', () => {
        const positions = [
          { topic: 't', partition: 0, offset: 7 },
          { topic: 't', partition: 1, offset: 3 },
          { topic: 'u', partition: 0, offset: 1 },
        ];
        broker.log.commit({ ...appending(batchOf('u', 1, ['out'])), reader: 'q', positions });
        broker.log.commit({ ...appending(), reader: 'q', positions: [{ topic: 't', partition: 1, offset: 5 }] });
        broker.log.commit({ ...appending(), reader: 'p', positions: [{ topic: 't', partition: 1, offset: 9 }] });
        everywhere(() => {
          expect(broker.log.positions('q')).toEqual([positions[0], { ...positions[1], offset: 5 }, positions[2]]);
          expect(broker.log.positions('p')).toEqual([{ topic: 't', partition: 1, offset: 9 }]);
          expect(broker.log.positions('nobody')).toEqual([]);
        });
        broker.log.deleteReader('q');
        everywhere(() => {
          expect(broker.log.positions('q')).toEqual([]);
          expect(broker.log.positions('p')).toHaveLength(1);
        });
      });

      it('leave nothing when the state cannot be written, and the same commit succeeds later', () => {
        broker.log.commit(appending(batchOf('t', 0, ['before'])));
        const failing = (): Commit => ({
          reader: 'q',
          outputs: [batchOf('t', 0, ['a']), batchOf('u', 1, ['b'])],
          positions: [{ topic: 't', partition: 0, offset: 1 }],
          writeState: () => {
            throw new SystemError('no room', { code: 'disk-full', retriable: true });
          },
        });
        expect(() => broker.log.commit(failing())).toThrow('no room');
        expect(() => broker.log.commitAll([appending(batchOf('t', 0, ['c'])), failing()])).toThrow('no room');
        everywhere((log) => {
          expect(recordsOf(log, 't', 0, 0)).toEqual(['0:before']);
          expect(log.offsets('u', 1)).toEqual({ start: 0, end: 0 });
          expect(broker.log.positions('q')).toEqual([]);
        });
        let written = 0;
        expect(broker.log.commit({ ...failing(), writeState: () => written++ }).map((a) => a.baseOffset)).toEqual([
          1, 0,
        ]);
        expect(written).toBe(1);
        everywhere((log) => expect(recordsOf(log, 't', 0, 0)).toEqual(['0:before', '1:a']));
      });
    });

    describe('reading', () => {
      beforeEach(() => {
        broker.log.createTopic('t', TOPIC);
        for (const values of [['a', 'b', 'c'], ['d'], ['e', 'f']])
          broker.log.commit(appending(batchOf('t', 0, values)));
      });

      it('begins with the batch that holds the offset', () => {
        everywhere((log) => {
          expect(log.read('t', 0, 0, 10_000).map((b) => [b.baseOffset, b.lastOffset])).toEqual([
            [0, 2],
            [3, 3],
            [4, 5],
          ]);
          expect(log.read('t', 0, 2, 10_000).map((b) => b.baseOffset)).toEqual([0, 3, 4]);
          expect(log.read('t', 0, 3, 10_000).map((b) => b.baseOffset)).toEqual([3, 4]);
          expect(recordsOf(log, 't', 0, 5)).toEqual(['5:f']);
        });
      });

      it('returns about as much as was asked for, and one batch at least', () => {
        everywhere((log) => {
          expect(log.read('t', 0, 0, 1)).toHaveLength(1);
          expect(log.read('t', 0, 0, 100)).toHaveLength(2);
        });
      });

      it('returns nothing at the end, and refuses offsets before the start or past the end', () => {
        broker.log.trim('t', 0, 2);
        everywhere((log) => {
          expect(log.read('t', 0, 6, 100)).toEqual([]);
          expect(() => log.read('t', 0, 7, 100)).toThrow(code('offset-out-of-range'));
          expect(() => log.read('t', 0, 1, 100)).toThrow(code('offset-out-of-range'));
          expect(log.read('t', 0, 2, 1).map((b) => b.baseOffset)).toEqual([0]);
        });
      });
    });

    describe('trimming', () => {
      beforeEach(() => {
        broker.log.createTopic('t', TOPIC);
        for (const values of [['a', 'b'], ['c'], ['d']]) broker.log.commit(appending(batchOf('t', 0, values)));
      });

      it('removes whole batches and moves the start', () => {
        broker.log.trim('t', 0, 3);
        everywhere((log) => {
          expect(log.offsets('t', 0)).toEqual({ start: 3, end: 4 });
          expect(recordsOf(log, 't', 0, 3)).toEqual(['3:d']);
        });
      });

      it('never moves the start back, nor past the end', () => {
        broker.log.trim('t', 0, 3);
        broker.log.trim('t', 0, 1);
        expect(broker.log.offsets('t', 0).start).toBe(3);
        broker.log.trim('t', 0, 1_000);
        everywhere((log) => expect(log.offsets('t', 0)).toEqual({ start: 4, end: 4 }));
      });

      it('of everything does not give an offset twice', () => {
        broker.log.trim('t', 0, 4);
        everywhere((log) => expect(log.read('t', 0, 4, 100)).toEqual([]));
        expect(broker.log.commit(appending(batchOf('t', 0, ['e'])))[0]!.baseOffset).toBe(4);
        everywhere((log) => expect(recordsOf(log, 't', 0, 4)).toEqual(['4:e']));
      });
    });
  });
}
