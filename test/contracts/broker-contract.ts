import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  Appended,
  Commit,
  LogReader,
  PartitionOffsets,
  PendingBatch,
  Position,
  StoredBatch,
  TopicConfig,
  TopicDescription,
} from '../../src/broker/broker.js';
import { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';
import { SystemError } from '../../src/model/errors.js';

type Answer<T> = T | Promise<T>;

/** Reads of a log that may answer at once or later. */
export interface ReadsUnderTest {
  read(topic: string, partition: number, fromOffset: number, maxBytes: number): Answer<readonly StoredBatch[]>;
  describeTopic(name: string): Answer<TopicDescription | null>;
  listTopics(): Answer<readonly TopicDescription[]>;
  offsets(topic: string, partition: number): Answer<PartitionOffsets>;
}

export interface LogUnderTest extends ReadsUnderTest {
  createTopic(name: string, config: TopicConfig): Answer<TopicDescription>;
  deleteTopic(name: string): Answer<void>;
  /** All of it becomes visible together, or none. */
  commit(commit: Commit): Answer<readonly Appended[]>;
  /** Several commits, one after the other. */
  commitAll(commits: readonly Commit[]): Answer<readonly (readonly Appended[])[]>;
  trim(topic: string, partition: number, beforeOffset: number): Answer<void>;
}

/** What a log has that keeps the positions of its readers itself. */
export interface PositionsUnderTest {
  positions(reader: string): readonly Position[];
  deleteReader(reader: string): void;
}

/** What an adapter offers to the engine, as the contract uses it. */
export interface BrokerUnderTest {
  readonly log: LogUnderTest;
  /** Null where `nature.keepsPositions` is false. */
  readonly positions: PositionsUnderTest | null;
  /** Another view of the same log, for reading only. */
  readonly reader: ReadsUnderTest;
  /** Closes and opens again; null when nothing outlives the process. */
  readonly reopen: (() => Answer<BrokerUnderTest>) | null;
  close(): Answer<void>;
}

/** Where logs differ by what they are. An adapter declares it, and says why. */
export interface LogNature {
  /** Offsets that a commit takes after its records in each partition that it writes to. */
  readonly markers: number;
  /** Whether commits move positions of readers and write state, all in one. */
  readonly keepsPositions: boolean;
  /** Whether a commit that fails leaves nothing. */
  readonly isAtomic: boolean;
  /** Whether the log itself looks at the batches that it is given. */
  readonly checksBatches: boolean;
  /** Whether a partition that does not exist is told from a topic that does not exist. */
  readonly knowsPartitions: boolean;
  /** Whether deleting a topic that does not exist is an error. */
  readonly missesTopics: boolean;
  /** Whether trimming past the end trims everything; else it is an error. */
  readonly trimsPastEnd: boolean;
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

/** The same of a log that may answer later. */
async function recordsIn(log: ReadsUnderTest, topic: string, partition: number, from: number): Promise<string[]> {
  const cursor = new RecordBatchCursor();
  const records: string[] = [];
  for (let next = from; ; ) {
    const batches = await log.read(topic, partition, next, 1_000);
    if (batches.length === 0) return records;
    for (const batch of batches) {
      cursor.reset(batch.bytes);
      while (cursor.next()) {
        const value = cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd);
        if (cursor.offset >= from) records.push(`${cursor.offset}:${value}`);
      }
      next = batch.lastOffset + 1;
    }
  }
}

/** Base and last offset of each batch from an offset on. */
async function batchesIn(log: ReadsUnderTest, topic: string, partition: number, from: number): Promise<number[][]> {
  const found: number[][] = [];
  for (let next = from; ; next = found.at(-1)![1]! + 1) {
    const batches = await log.read(topic, partition, next, 10_000);
    if (batches.length === 0) return found;
    found.push(...batches.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset]));
  }
}

/** What every adapter of the log must do. */
export function brokerContract(name: string, nature: LogNature, open: () => Answer<BrokerUnderTest>): void {
  describe(`the log: ${name}`, () => {
    let broker: BrokerUnderTest;
    const { markers } = nature;
    const code = (value: string) => expect.objectContaining({ code: value });
    const noPartition = code(nature.knowsPartitions ? 'unknown-partition' : 'unknown-topic');
    /** Fails as a promise does, whether the log answers at once or later. */
    const failing = (call: () => unknown) => expect((async () => call())()).rejects;

    beforeEach(async () => {
      broker = await open();
    });
    afterEach(() => broker.close());

    /** Runs the checks on the writer's view, the reader's, and again after opening anew. */
    async function everywhere(check: (log: ReadsUnderTest) => Answer<void>): Promise<void> {
      await check(broker.log);
      await check(broker.reader);
      if (broker.reopen === null) return;
      broker = await broker.reopen();
      await check(broker.log);
      await check(broker.reader);
    }

    describe('topics', () => {
      it('are listed by name and described as they were made', async () => {
        await broker.log.createTopic('b', {
          partitions: 3,
          replicas: 1,
          cleanupPolicy: ['compact', 'delete'],
          retentionMs: 5,
        });
        await broker.log.createTopic('a.b_c-D', TOPIC);
        await everywhere(async (log) => {
          expect((await log.listTopics()).map((t) => t.name)).toEqual(['a.b_c-D', 'b']);
          expect(await log.describeTopic('b')).toEqual({
            name: 'b',
            id: expect.any(String),
            partitions: 3,
            replicas: 1,
            cleanupPolicy: ['compact', 'delete'],
            retentionMs: 5,
          });
          expect(await log.describeTopic('c')).toBeNull();
        });
      });

      it('have one name each', async () => {
        await broker.log.createTopic('t', TOPIC);
        await failing(() => broker.log.createTopic('t', TOPIC)).toThrow(code('topic-exists'));
      });

      it.each(['', '.', '..', 'a b', 'ü', 'x'.repeat(250)])('cannot be named "%s"', async (bad) => {
        await failing(() => broker.log.createTopic(bad, TOPIC)).toThrow(code('invalid-topic'));
      });

      it('have at least one partition', async () => {
        await failing(() => broker.log.createTopic('t', { ...TOPIC, partitions: 0 })).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^invalid-(topic|partitions)$/) }),
        );
      });

      it('made again after deletion are empty and have another id', async () => {
        const first = await broker.log.createTopic('t', TOPIC);
        await broker.log.commit(appending(batchOf('t', 0, ['a', 'b'])));
        await broker.log.deleteTopic('t');
        await everywhere(async (log) => {
          expect(await log.describeTopic('t')).toBeNull();
          await failing(() => log.read('t', 0, 0, 100)).toThrow(code('unknown-topic'));
        });
        expect((await broker.log.createTopic('t', TOPIC)).id).not.toBe(first.id);
        await everywhere(async (log) => {
          expect(await log.offsets('t', 0)).toEqual({ start: 0, end: 0 });
          expect(await recordsIn(log, 't', 0, 0)).toEqual([]);
        });
        await broker.log.commit(appending(batchOf('t', 0, ['c'])));
        await everywhere(async (log) => expect(await recordsIn(log, 't', 0, 0)).toEqual(['0:c']));
      });

      it('that do not exist, and partitions, are errors', async () => {
        await broker.log.createTopic('t', TOPIC);
        for (const log of [broker.log, broker.reader]) {
          await failing(() => log.offsets('u', 0)).toThrow(code('unknown-topic'));
          await failing(() => log.offsets('t', 2)).toThrow(noPartition);
          await failing(() => log.read('t', 2, 0, 100)).toThrow(noPartition);
        }
        await failing(() => broker.log.commit(appending(batchOf('u', 0, ['a'])))).toThrow(code('unknown-topic'));
        await failing(() => broker.log.commit(appending(batchOf('t', 2, ['a'])))).toThrow(noPartition);
      });

      it('that do not exist cannot be deleted, or need not', async () => {
        const deleting = async (): Promise<void> => broker.log.deleteTopic('u');
        if (nature.missesTopics) await expect(deleting()).rejects.toThrow(code('unknown-topic'));
        else await deleting();
      });
    });

    describe('appending', () => {
      beforeEach(async () => {
        await broker.log.createTopic('t', TOPIC);
        await broker.log.createTopic('u', TOPIC);
      });

      it('gives each partition offsets of its own, without gaps', async () => {
        const appended = await broker.log.commit(
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
        const fourth = 3 + markers;
        expect(await broker.log.commit(appending(batchOf('t', 0, ['f'])))).toEqual([
          { topic: 't', partition: 0, baseOffset: fourth, lastOffset: fourth },
        ]);
        await everywhere(async (log) => {
          expect(await recordsIn(log, 't', 0, 0)).toEqual(['0:a', '1:b', '2:d', `${fourth}:f`]);
          expect(await recordsIn(log, 't', 1, 0)).toEqual(['0:c']);
          expect(await recordsIn(log, 'u', 0, 0)).toEqual(['0:e']);
          expect(await log.offsets('t', 0)).toEqual({ start: 0, end: 4 + 2 * markers });
        });
        const [next] = await broker.log.commit(appending(batchOf('t', 0, ['g'])));
        expect(next!.baseOffset).toBe(4 + 2 * markers);
      });

      it('takes several commits, in order', async () => {
        const results = await broker.log.commitAll([
          appending(batchOf('t', 0, ['a'])),
          appending(batchOf('t', 0, ['b', 'c'])),
        ]);
        const second = 1 + markers;
        expect(results.map((r) => r.map((a) => a.baseOffset))).toEqual([[0], [second]]);
        await everywhere(async (log) => {
          expect(await recordsIn(log, 't', 0, 0)).toEqual(['0:a', `${second}:b`, `${second + 1}:c`]);
        });
      });

      it('keeps the largest timestamp of a batch', async () => {
        await broker.log.commit(appending(batchOf('t', 0, ['a'], 1_234_567_890_123)));
        await everywhere(async (log) => {
          const [batch] = await log.read('t', 0, 0, 100);
          expect(batch!.maxTimestamp).toBe(1_234_567_890_123);
        });
      });

      it.runIf(nature.checksBatches)('refuses what is not one whole batch', async () => {
        const batch = batchOf('t', 0, ['a', 'b']);
        const changed = (change: Partial<PendingBatch>) => () => broker.log.commit(appending({ ...batch, ...change }));
        await failing(changed({ records: 3 })).toThrow(code('corrupt-batch'));
        await failing(changed({ bytes: batch.bytes.subarray(0, 70) })).toThrow(code('corrupt-batch'));
        await failing(changed({ bytes: Buffer.concat([batch.bytes, batch.bytes]) })).toThrow(code('corrupt-batch'));
        await everywhere(async (log) => expect((await log.offsets('t', 0)).end).toBe(0));
      });
    });

    describe('commits', () => {
      beforeEach(async () => {
        await broker.log.createTopic('t', TOPIC);
        await broker.log.createTopic('u', TOPIC);
      });

      const broken = (): Commit => ({
        reader: null,
        outputs: [batchOf('t', 0, ['a']), batchOf('u', 1, ['b'])],
        positions: [],
        writeState: () => {
          throw new SystemError('no room', { code: 'disk-full', retriable: true });
        },
      });

      it.runIf(nature.isAtomic)('that fail leave nothing to read, and the next one succeeds', async () => {
        await broker.log.commit(appending(batchOf('t', 0, ['before'])));
        await failing(() => broker.log.commit(broken())).toThrow('no room');
        await everywhere(async (log) => {
          expect((await recordsIn(log, 't', 0, 0)).map((record) => record.split(':')[1])).toEqual(['before']);
          expect(await recordsIn(log, 'u', 1, 0)).toEqual([]);
        });
        await broker.log.commit({ ...broken(), writeState: null });
        await everywhere(async (log) => {
          expect((await recordsIn(log, 't', 0, 0)).map((record) => record.split(':')[1])).toEqual(['before', 'a']);
          expect((await recordsIn(log, 'u', 1, 0)).map((record) => record.split(':')[1])).toEqual(['b']);
        });
      });
    });

    describe('positions', () => {
      let positions: PositionsUnderTest;

      beforeEach(async () => {
        await broker.log.createTopic('t', TOPIC);
        await broker.log.createTopic('u', TOPIC);
        positions = broker.positions!;
      });

      async function afterwards(check: (log: ReadsUnderTest) => Answer<void>): Promise<void> {
        await everywhere((log) => {
          positions = broker.positions!;
          return check(log);
        });
      }

      it.runIf(nature.keepsPositions)('move with the outputs', async () => {
        const moved = [
          { topic: 't', partition: 0, offset: 7 },
          { topic: 't', partition: 1, offset: 3 },
          { topic: 'u', partition: 0, offset: 1 },
        ];
        const alone = { ...appending(), reader: 'q' };
        await broker.log.commit({ ...appending(batchOf('u', 1, ['out'])), reader: 'q', positions: moved });
        await broker.log.commit({ ...alone, positions: [{ topic: 't', partition: 1, offset: 5 }] });
        await broker.log.commit({ ...alone, reader: 'p', positions: [{ topic: 't', partition: 1, offset: 9 }] });
        await afterwards(() => {
          expect(positions.positions('q')).toEqual([moved[0], { ...moved[1], offset: 5 }, moved[2]]);
          expect(positions.positions('p')).toEqual([{ topic: 't', partition: 1, offset: 9 }]);
          expect(positions.positions('nobody')).toEqual([]);
        });
        positions.deleteReader('q');
        await afterwards(() => {
          expect(positions.positions('q')).toEqual([]);
          expect(positions.positions('p')).toHaveLength(1);
        });
      });

      it.runIf(nature.keepsPositions)('go with their topic', async () => {
        const position = { topic: 't', partition: 0, offset: 1 };
        await broker.log.commit({ ...appending(batchOf('t', 0, ['a'])), reader: 'q', positions: [position] });
        await broker.log.deleteTopic('t');
        await broker.log.createTopic('t', TOPIC);
        expect(positions.positions('q')).toEqual([]);
      });

      it.runIf(nature.keepsPositions)(
        'and outputs stay as they are when the state cannot be written, and the same commit succeeds later',
        async () => {
          await broker.log.commit(appending(batchOf('t', 0, ['before'])));
          const broken = (): Commit => ({
            reader: 'q',
            outputs: [batchOf('t', 0, ['a']), batchOf('u', 1, ['b'])],
            positions: [{ topic: 't', partition: 0, offset: 1 }],
            writeState: () => {
              throw new SystemError('no room', { code: 'disk-full', retriable: true });
            },
          });
          await failing(() => broker.log.commit(broken())).toThrow('no room');
          await failing(() => broker.log.commitAll([appending(batchOf('t', 0, ['c'])), broken()])).toThrow('no room');
          await afterwards(async (log) => {
            expect(await recordsIn(log, 't', 0, 0)).toEqual(['0:before']);
            expect(await log.offsets('u', 1)).toEqual({ start: 0, end: 0 });
            expect(positions.positions('q')).toEqual([]);
          });
          let written = 0;
          const places = await broker.log.commit({ ...broken(), writeState: () => written++ });
          expect(places.map((a) => a.baseOffset)).toEqual([1, 0]);
          expect(written).toBe(1);
          await afterwards(async (log) => expect(await recordsIn(log, 't', 0, 0)).toEqual(['0:before', '1:a']));
        },
      );
    });

    describe('reading', () => {
      const fourth = 3 + markers;
      const fifth = 4 + 2 * markers;
      const end = 6 + 3 * markers;

      beforeEach(async () => {
        await broker.log.createTopic('t', TOPIC);
        for (const values of [['a', 'b', 'c'], ['d'], ['e', 'f']])
          await broker.log.commit(appending(batchOf('t', 0, values)));
      });

      it('begins with the batch that holds the offset', async () => {
        const batches = [
          [0, 2],
          [fourth, fourth],
          [fifth, fifth + 1],
        ];
        await everywhere(async (log) => {
          expect(await batchesIn(log, 't', 0, 0)).toEqual(batches);
          expect(await batchesIn(log, 't', 0, 2)).toEqual(batches);
          expect(await batchesIn(log, 't', 0, 3)).toEqual(batches.slice(1));
          expect(await recordsIn(log, 't', 0, fifth + 1)).toEqual([`${fifth + 1}:f`]);
        });
      });

      it('returns about as much as was asked for, and one batch at least', async () => {
        await everywhere(async (log) => {
          expect(await log.read('t', 0, 0, 1)).toHaveLength(1);
          expect([1, 2]).toContain((await log.read('t', 0, 0, 100)).length);
        });
      });

      it('returns nothing at the end, and refuses offsets before the start or past the end', async () => {
        await broker.log.trim('t', 0, 2);
        await everywhere(async (log) => {
          expect(await log.read('t', 0, end, 100)).toEqual([]);
          await failing(() => log.read('t', 0, end + 1, 100)).toThrow(code('offset-out-of-range'));
          await failing(() => log.read('t', 0, 1, 100)).toThrow(code('offset-out-of-range'));
          expect((await log.read('t', 0, 2, 1)).map((b) => b.baseOffset)).toEqual([0]);
        });
      });

      it('goes on with what is appended meanwhile', async () => {
        expect(await broker.reader.read('t', 0, end, 100)).toEqual([]);
        await broker.log.commit(appending(batchOf('t', 0, ['g'])));
        await expect.poll(() => recordsIn(broker.reader, 't', 0, end), { timeout: 10_000 }).toEqual([`${end}:g`]);
      });
    });

    describe('trimming', () => {
      const third = 2 + markers;
      const fourth = 3 + 2 * markers;
      const end = 4 + 3 * markers;

      beforeEach(async () => {
        await broker.log.createTopic('t', TOPIC);
        for (const values of [['a', 'b'], ['c'], ['d']]) await broker.log.commit(appending(batchOf('t', 0, values)));
      });

      it('removes what lies before and moves the start', async () => {
        await broker.log.trim('t', 0, fourth);
        await everywhere(async (log) => {
          expect(await log.offsets('t', 0)).toEqual({ start: fourth, end });
          expect(await recordsIn(log, 't', 0, fourth)).toEqual([`${fourth}:d`]);
          await failing(() => log.read('t', 0, third, 100)).toThrow(code('offset-out-of-range'));
        });
      });

      it('never moves the start back', async () => {
        await broker.log.trim('t', 0, fourth);
        await broker.log.trim('t', 0, 1);
        await everywhere(async (log) => expect((await log.offsets('t', 0)).start).toBe(fourth));
      });

      it('never moves the start past the end', async () => {
        const trimming = async (): Promise<void> => broker.log.trim('t', 0, 1_000);
        if (nature.trimsPastEnd) await trimming();
        else await expect(trimming()).rejects.toThrow(code('offset-out-of-range'));
        const start = nature.trimsPastEnd ? end : 0;
        await everywhere(async (log) => expect(await log.offsets('t', 0)).toEqual({ start, end }));
      });

      it('of everything does not give an offset twice', async () => {
        await broker.log.trim('t', 0, end);
        await everywhere(async (log) => expect(await log.read('t', 0, end, 100)).toEqual([]));
        const [place] = await broker.log.commit(appending(batchOf('t', 0, ['e'])));
        expect(place!.baseOffset).toBe(end);
        await everywhere(async (log) => expect(await recordsIn(log, 't', 0, end)).toEqual([`${end}:e`]));
      });
    });
  });
}
