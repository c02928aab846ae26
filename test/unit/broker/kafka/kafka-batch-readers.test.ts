import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoredBatch } from '../../../../src/broker/broker.js';
import type { BatchReaders } from '../../../../src/broker/cluster-log.js';
import type { FetchLimits } from '../../../../src/broker/kafka/broker-fetcher.js';
import type { KafkaBatchReader } from '../../../../src/broker/kafka/kafka-batch-reader.js';
import { type Kafka, openKafka } from '../../../../src/broker/kafka/open-kafka.js';
import { batchSize, lastOffsetDelta, readInt64 } from '../../../../src/broker/record-batch.js';
import { controlBatch, dataBatch } from './batches.js';
import { FakeBroker, type FakeFetched, fetched, fetchRequest, KEYS, type Received } from './fake-broker.js';
import { until } from './fake-support.js';

const ID = 'AAECAwQFBgcICQoLDA0ODw';
const OTHER_ID = 'EBESExQVFhcYGRobHB0eHw';

let broker: FakeBroker;
let kafka: Kafka;
let readers: BatchReaders;
/** The log of each partition. */
let logs: Buffer[][];
/** Answers instead of the log, one request each. */
let instead: (readonly FakeFetched[])[];

function end(log: readonly Buffer[]): number {
  const last = log.at(-1);
  return last === undefined ? 0 : readInt64(last, 0) + lastOffsetDelta(last) + 1;
}

/** What a broker answers from its logs: up to 1,000 bytes, in the order of the request. */
function serve(request: Received): readonly FakeFetched[] {
  let room = 1000;
  return fetchRequest(request).partitions.map(({ topicId, partition, offset }) => {
    const log = logs[partition]!;
    const pieces: Buffer[] = [];
    for (const batch of log) {
      if (readInt64(batch, 0) + lastOffsetDelta(batch) < offset || room <= 0) continue;
      pieces.push(batch.subarray(0, room));
      room -= batch.length;
    }
    return { topicId, partition, end: end(log), records: pieces.length === 0 ? null : Buffer.concat(pieces) };
  });
}

beforeEach(async () => {
  broker = new FakeBroker();
  broker.topics = [{ name: 't', id: ID, leaders: [1, 1, 1] }];
  logs = [[], [], []];
  instead = [];
  broker.on(KEYS.fetch, (request) => fetched(instead.shift() ?? serve(request)));
  await broker.start();
  start();
});
afterEach(async () => {
  await kafka.close();
  await broker.stop();
});

function start(limits: Partial<FetchLimits> = {}): void {
  kafka = openKafka({ bootstrapServers: [broker.address], clientId: 'test', log: () => {}, requestTimeoutMs: 5000 });
  readers = kafka.readers(limits);
}

interface Reading {
  readonly reader: KafkaBatchReader;
  changes: number;
}

function open(partition = 0, from = 0, topicId = ID): Reading {
  const reading = { reader: null as never as KafkaBatchReader, changes: 0 };
  const events = { onChange: () => void reading.changes++ };
  Object.assign(reading, { reader: readers.open('t', topicId, partition, from, events) });
  return reading;
}

const offsetsOf = (batches: readonly StoredBatch[]): number[][] =>
  batches.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset]);

describe('a reader', () => {
  test('hands out whole batches, and counts what waits', async () => {
    logs[0] = [dataBatch(2), dataBatch(3, null, 2), dataBatch(1, null, 5)];
    const { reader } = open(0, 1);
    expect([reader.end, reader.next, reader.waitingBytes]).toEqual([-1, 1, 0]);
    await until(() => reader.waitingBytes > 0, 'fetching');
    const total = logs[0].reduce((sum, { length }) => sum + length, 0);
    expect([reader.end, reader.next, reader.waitingBytes]).toEqual([6, 1, total]);
    const first = reader.take(1);
    expect(offsetsOf(first)).toEqual([[0, 1]]);
    expect(first[0]!.bytes.equals(logs[0]![0]!)).toBe(true);
    expect(first[0]!.maxTimestamp).toBe(1001);
    expect([reader.next, reader.waitingBytes]).toEqual([2, total - logs[0]![0]!.length]);
    expect(offsetsOf(reader.take(1 << 20))).toEqual([
      [2, 4],
      [5, 5],
    ]);
    expect([reader.next, reader.waitingBytes, reader.take(1 << 20)]).toEqual([6, 0, []]);
  });

  test('passes over markers, holes and batches that compaction has emptied', async () => {
    const emptied = dataBatch(3, null, 10);
    emptied.writeInt32BE(0, 57);
    const { checksum } = await import('../../../../src/broker/record-batch.js');
    emptied.writeUInt32BE(checksum(emptied, 0, emptied.length), 17);
    logs[0] = [
      dataBatch(1),
      controlBatch(1, 'commit', 1),
      dataBatch(1, null, 7),
      emptied,
      controlBatch(1, 'commit', 20),
    ];
    const { reader } = open();
    await until(() => reader.waitingBytes > 0, 'fetching');
    expect(offsetsOf(reader.take(1))).toEqual([[0, 0]]);
    expect(reader.next).toBe(7);
    expect(offsetsOf(reader.take(1))).toEqual([[7, 7]]);
    expect([reader.next, reader.end]).toEqual([21, 21]);
  });

  test('asks for little first, and for twice as much after each answer', async () => {
    await kafka.close();
    start({ partitionBytesMax: 200_000, waitMs: 5 });
    logs[0] = Array.from({ length: 30 }, (_, i) => dataBatch(2, null, 2 * i));
    const asked: number[] = [];
    broker.on(KEYS.fetch, (request) => {
      const served = serve(request);
      if (served[0]!.records !== null) asked.push(fetchRequest(request).partitions[0]!.bytesMax);
      return fetched(served);
    });
    const { reader } = open();
    await until(() => {
      reader.take(1 << 20);
      return reader.next === 60;
    }, 'the end');
    expect(asked).toEqual([65_536, 131_072, 200_000]);
    // What comes later is asked for at once.
    logs[0]!.push(dataBatch(2, null, 60));
    await until(() => reader.waitingBytes > 0, 'one more');
    expect(asked.at(-1)).toBe(200_000);
  });

  test('goes on where a batch was cut', async () => {
    logs[0] = Array.from({ length: 30 }, (_, i) => dataBatch(2, null, 2 * i));
    expect(logs[0]!.reduce((sum, batch) => sum + batchSize(batch), 0)).toBeGreaterThan(2000);
    const { reader } = open();
    const taken: number[][] = [];
    await until(() => {
      taken.push(...offsetsOf(reader.take(100)));
      return reader.next === 60;
    }, 'reading all');
    expect(taken).toEqual(Array.from({ length: 30 }, (_, i) => [2 * i, 2 * i + 1]));
  });

  test('does not fetch ahead without bounds', async () => {
    await kafka.close();
    start({ waitingBytesMax: 500 });
    logs[0] = Array.from({ length: 100 }, (_, i) => dataBatch(2, null, 2 * i));
    const { reader } = open();
    await until(() => reader.waitingBytes >= 500, 'fetching');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(reader.waitingBytes).toBeLessThan(1600);
    const requests = broker.of(KEYS.fetch).length;
    reader.take(reader.waitingBytes);
    await until(() => broker.of(KEYS.fetch).length > requests, 'fetching more');
  });

  test('fails at a batch whose bytes have changed, with all before it in hand', async () => {
    logs[0] = [dataBatch(1), dataBatch(1, null, 1)];
    logs[0]![1]!.writeUInt8(0x55, 70);
    const { reader, changes } = open();
    await until(() => reader.failure !== null, 'failing');
    expect(reader.failure).toMatchObject({ code: 'corrupt-batch' });
    expect(changes).toBeGreaterThanOrEqual(0);
    expect(offsetsOf(reader.take(1 << 20))).toEqual([[0, 0]]);
    expect(reader.next).toBe(1);
  });

  test.each([
    [1, 'offset-out-of-range'],
    [29, 'not-authorised'],
    [2, 'corrupt-batch'],
    [76, 'unsupported-compression-type'],
  ])('fails for good with error %i', async (error, code) => {
    broker.on(KEYS.fetch, () => fetched([{ topicId: ID, error }]));
    const reading = open(0, 5);
    await until(() => reading.reader.failure !== null, 'failing');
    expect(reading.reader.failure).toMatchObject({ code });
    expect([reading.changes, reading.reader.next]).toEqual([1, 5]);
    const requests = broker.of(KEYS.fetch).length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(broker.of(KEYS.fetch)).toHaveLength(requests);
  });

  test.each([6, 74, 75, 9, 56, -1, 14])('tries again after error %i, and says so meanwhile', async (error) => {
    logs[0] = [dataBatch(1)];
    let failing = true;
    broker.on(KEYS.fetch, (request) => fetched(failing ? [{ topicId: ID, error }] : serve(request)));
    const { reader } = open();
    await until(
      () => reader.unavailable?.startsWith('partition 0 of topic "t": the broker answers') ?? false,
      'stalling',
    );
    failing = false;
    await until(() => reader.waitingBytes > 0, 'reading');
    expect(reader.unavailable).toBeNull();
    expect(broker.of(KEYS.metadata).length).toBeGreaterThan(1);
  });

  test('keeps its place while the broker is away', async () => {
    logs[0] = [dataBatch(2)];
    const { reader } = open();
    await until(() => reader.waitingBytes > 0, 'reading');
    reader.take(1);
    await broker.stop();
    await until(() => reader.unavailable?.includes('cannot be reached') ?? false, 'noticing');
    logs[0] = [...logs[0]!, dataBatch(1, null, 2)];
    await broker.start();
    await until(() => reader.waitingBytes > 0, 'reading on');
    expect(offsetsOf(reader.take(1))).toEqual([[2, 2]]);
    expect(reader.unavailable).toBeNull();
  });

  test('waits for a leader', async () => {
    broker.topics = [{ name: 't', id: ID, leaders: [-1] }];
    logs[0] = [dataBatch(1)];
    const { reader } = open();
    await until(() => reader.unavailable !== null, 'stalling');
    expect(reader.unavailable).toBe('partition 0 of topic "t" has no leader');
    broker.topics = [{ name: 't', id: ID, leaders: [1] }];
    await until(() => reader.waitingBytes > 0, 'reading');
  });

  test('concludes that its topic was made again only if that lasts', async () => {
    logs[0] = [dataBatch(1)];
    broker.on(KEYS.fetch, (request) =>
      fetched(broker.topics[0]?.id === ID ? serve(request) : [{ topicId: ID, error: 100 }]),
    );
    const { reader } = open();
    await until(() => reader.waitingBytes > 0, 'reading');
    reader.take(1);
    const before = broker.topics;
    broker.topics = [{ name: 't', id: OTHER_ID, leaders: [1] }];
    await until(() => reader.unavailable !== null, 'doubting');
    broker.topics = before;
    await until(() => reader.unavailable === null, 'trusting again');
    broker.topics = [{ name: 't', id: OTHER_ID, leaders: [1] }];
    await until(() => reader.failure !== null, 'the verdict');
    expect(reader.failure).toMatchObject({ code: 'topic-recreated' });
    expect(reader.next).toBe(1);
  });

  test('is told that there is no such topic, or no such partition', async () => {
    const absent = open(9);
    await until(() => absent.reader.failure !== null, 'failing');
    expect(absent.reader.failure).toMatchObject({ code: 'unknown-topic' });
    broker.topics = [];
    broker.on(KEYS.fetch, () => fetched([{ topicId: ID, error: 100 }]));
    const { reader } = open();
    await until(() => reader.failure !== null, 'failing');
    expect(reader.failure).toMatchObject({ code: 'unknown-topic' });
  });

  test('starts at the leader that another reader was told of, and asks when that has changed', async () => {
    logs[0] = [dataBatch(1)];
    logs[1] = [dataBatch(1)];
    const first = open(0);
    await until(() => first.reader.waitingBytes > 0, 'reading');
    const asked = broker.of(KEYS.metadata).length;
    const second = open(1);
    await until(() => second.reader.waitingBytes > 0, 'reading');
    expect(broker.of(KEYS.metadata)).toHaveLength(asked);
    broker.on(KEYS.fetch, (request) =>
      fetched(serve(request).map((part) => (part.partition === 2 ? { ...part, error: 6 } : part))),
    );
    const third = kafka.readers().open('t', ID, 2, 0, { onChange: () => {} });
    await until(() => broker.of(KEYS.metadata).length > asked, 'asking');
    third.close();
  });
});

describe('readers of one broker', () => {
  test('share a request, and those that were served go to the end of the next', async () => {
    for (const partition of [0, 1, 2])
      logs[partition] = Array.from({ length: 40 }, (_, i) => dataBatch(2, null, 2 * i));
    const readings = [open(0), open(1), open(2)];
    await until(() => {
      for (const { reader } of readings) reader.take(1 << 20);
      return readings.every(({ reader }) => reader.next === 80);
    }, 'reading all');
    const orders = broker
      .of(KEYS.fetch)
      .map((request) => fetchRequest(request).partitions.map(({ partition }) => partition));
    expect(orders[0]).toEqual([0, 1, 2]);
    expect(new Set(orders.slice(0, 9).map(([first]) => first))).toEqual(new Set([0, 1, 2]));
    expect(orders.slice(0, 9).every((order) => order.length === 3)).toBe(true);
  });

  test('at the same offset share the answer, and at others take turns', async () => {
    logs[0] = Array.from({ length: 40 }, (_, i) => dataBatch(2, null, 2 * i));
    const readings = [open(0), open(0), open(0, 31), open(0, 79)];
    const taken = readings.map(() => [] as number[]);
    await until(() => {
      readings.forEach(({ reader }, i) => {
        for (const batch of reader.take(1 << 20)) taken[i]!.push(batch.baseOffset);
      });
      return readings.every(({ reader }) => reader.next === 80);
    }, 'reading all');
    const from = (offset: number): number[] => Array.from({ length: 40 }, (_, i) => 2 * i).filter((at) => at >= offset);
    expect(taken).toEqual([from(0), from(0), from(30), from(78)]);
    for (const request of broker.of(KEYS.fetch)) expect(fetchRequest(request).partitions).toHaveLength(1);
  });

  test('do not wait long behind a request that is parked', async () => {
    logs[0] = [dataBatch(1)];
    open(1);
    await until(() => broker.of(KEYS.fetch).length > 0, 'a request');
    expect(fetchRequest(broker.of(KEYS.fetch)[0]!).waitMs).toBeLessThanOrEqual(500);
  });

  test('that are closed are not fetched for any more', async () => {
    const readings = [open(0), open(1)];
    await until(() => readings.every(({ reader }) => reader.end === 0), 'reading');
    readings[0]!.reader.close();
    logs[0] = [dataBatch(1)];
    const { changes } = readings[0]!;
    const requests = broker.of(KEYS.fetch).length;
    await until(() => broker.of(KEYS.fetch).length > requests + 2, 'more requests');
    const last = fetchRequest(broker.of(KEYS.fetch).at(-1)!);
    expect(last.partitions.map(({ partition }) => partition)).toEqual([1]);
    expect([readings[0]!.changes, readings[0]!.reader.waitingBytes]).toEqual([changes, 0]);
  });
});
