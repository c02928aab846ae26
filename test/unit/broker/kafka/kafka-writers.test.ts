import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PendingBatch } from '../../../../src/broker/broker.js';
import type { TransactionalWriter } from '../../../../src/broker/cluster-log.js';
import { type Kafka, openKafka } from '../../../../src/broker/kafka/open-kafka.js';
import { checksumMatches } from '../../../../src/broker/record-batch.js';
import { dataBatch } from './batches.js';
import {
  FakeBroker,
  justError,
  KEYS,
  partitionsAdded,
  produced,
  producedBatch,
  producerId,
  type Reaction,
} from './fake-broker.js';
import { errorOf, until } from './fake-support.js';

const TOPIC = { name: 't', id: 'AAECAwQFBgcICQoLDA0ODw', leaders: [1] };
const PARTITION = { topic: 't', partition: 0 };

let broker: FakeBroker;
let kafka: Kafka;

beforeEach(async () => {
  broker = new FakeBroker();
  broker.topics = [TOPIC];
  broker.on(KEYS.initProducerId, () => producerId(77, 3));
  broker.on(KEYS.addPartitions, () => partitionsAdded('t', 0));
  broker.on(KEYS.endTxn, () => justError(0));
  let offset = 0;
  broker.on(KEYS.produce, () => produced('t', 0, offset++));
  await broker.start();
  kafka = openKafka({ bootstrapServers: [broker.address], clientId: 'test', log: () => {}, requestTimeoutMs: 1000 });
});
afterEach(async () => {
  await kafka.close();
  await broker.stop();
});

const batch = (records = 1): PendingBatch => ({ ...PARTITION, records, bytes: dataBatch(records) });

/** Answers in turn, and with the last for ever. */
function inTurn(key: number, ...reactions: readonly Reaction[]): void {
  const left = [...reactions];
  broker.on(key, () => (left.length > 1 ? left.shift()! : left[0]!));
}

describe('a transactional writer', () => {
  let writer: TransactionalWriter;
  const begin = async (timeoutMs = 10_000): Promise<void> => {
    writer = await kafka.writers.transactional('id', timeoutMs);
    await writer.addPartitions([PARTITION]);
  };

  test('asks for its coordinator first, and keeps counting across transactions', async () => {
    await begin();
    await writer.append([batch(2), batch(3)]);
    await writer.end('commit');
    // A batch sent before the next transaction has begun would become part of the last one.
    expect(() => writer.append([batch()])).toThrow('is part of the transaction');
    await writer.addPartitions([PARTITION]);
    await writer.append([batch()]);
    await writer.end('abort');
    const keys = broker.received.map(({ key }) => key);
    expect(keys.indexOf(KEYS.findCoordinator)).toBeLessThan(keys.indexOf(KEYS.initProducerId));
    const batches = broker.of(KEYS.produce).map(producedBatch);
    expect(batches.map(({ producerId, epoch, sequence }) => [producerId, epoch, sequence])).toEqual([
      [77, 3, 0],
      [77, 3, 2],
      [77, 3, 5],
    ]);
    expect(batches.every(({ bytes }) => checksumMatches(bytes))).toBe(true);
    expect(broker.of(KEYS.endTxn).map(({ body }) => body.at(-1))).toEqual([1, 0]);
  });

  test('takes over an id while its last transaction is finished, quickly', async () => {
    inTurn(KEYS.initProducerId, producerId(0, 0, 51), producerId(0, 0, 51), producerId(0, 0, 16), producerId(78, 4));
    const began = performance.now();
    const { epoch } = await kafka.writers.transactional('id', 1000);
    expect(epoch).toBe(4);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(broker.of(KEYS.findCoordinator)).toHaveLength(2);
  });

  test('takes over an id once the cluster is there', async () => {
    await broker.stop();
    const opening = kafka.writers.transactional('id', 1000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await broker.start();
    expect((await opening).producerId).toBe(77);
  });

  test('that is not wanted is not asked for again', async () => {
    broker.on(KEYS.initProducerId, () => producerId(0, 0, 53));
    const error = await errorOf(kafka.writers.transactional('id', 1000));
    expect(error).toMatchObject({ failure: 'refused', code: 'not-authorised' });
    expect(broker.of(KEYS.initProducerId)).toHaveLength(1);
  });

  test('waits in small steps while the markers of the last transaction are written', async () => {
    writer = await kafka.writers.transactional('id', 10_000);
    inTurn(KEYS.addPartitions, partitionsAdded('t', 51), partitionsAdded('t', 51), partitionsAdded('t', 0));
    const began = performance.now();
    await writer.addPartitions([PARTITION]);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(broker.of(KEYS.addPartitions)).toHaveLength(3);
  });

  test('sends nothing for partitions that it has, and nothing for a transaction without any', async () => {
    await begin();
    await writer.addPartitions([PARTITION]);
    expect(broker.of(KEYS.addPartitions)).toHaveLength(1);
    await writer.end('commit');
    await writer.end('commit');
    await writer.end('abort');
    expect(broker.of(KEYS.endTxn)).toHaveLength(1);
  });

  test.each([
    ['whose answer is lost', 'hang-up', 'connection-lost'],
    ['that is not answered', 'silence', 'connection-lost'],
    ['that the coordinator cannot place', justError(16), 'not-coordinator'],
    ['in a state that it does not expect', justError(48), 'invalid-txn-state'],
  ] as const)('never asks twice for an end %s', async (_, reaction, code) => {
    await begin();
    await writer.append([batch()]);
    broker.on(KEYS.endTxn, () => reaction);
    expect(await errorOf(writer.end('commit'))).toMatchObject({ failure: 'uncertain', code });
    broker.on(KEYS.endTxn, () => justError(0));
    for (const again of [
      () => writer.end('commit'),
      () => writer.end('abort'),
      () => writer.addPartitions([PARTITION]),
      () => writer.append([batch()]),
    ]) {
      expect(await errorOf(again())).toMatchObject({ failure: 'uncertain', code });
    }
    expect(broker.of(KEYS.endTxn)).toHaveLength(1);
    expect(broker.of(KEYS.produce)).toHaveLength(1);
  });

  test.each([
    ['47', 47, 'fenced', 'invalid-producer-epoch'],
    ['90', 90, 'fenced', 'producer-fenced'],
    ['49', 49, 'fenced', 'invalid-producer-id-mapping'],
    ['10', 10, 'refused', 'message-too-large'],
    ['29', 29, 'refused', 'not-authorised'],
    ['45', 45, 'uncertain', 'out-of-order-sequence-number'],
    ['48', 48, 'uncertain', 'invalid-txn-state'],
    ['7', 7, 'uncertain', 'request-timed-out'],
  ] as const)('says what error %s of a batch means', async (_, error, failure, code) => {
    await begin();
    broker.on(KEYS.produce, () => produced('t', error));
    const errors = await Promise.all([errorOf(writer.append([batch(), batch()])), errorOf(writer.append([batch()]))]);
    expect(errors).toMatchObject([
      { failure, code },
      { failure, code },
    ]);
    expect(broker.of(KEYS.produce)).toHaveLength(1);
    expect(await errorOf(writer.end('abort'))).toMatchObject({ failure, code });
    expect(broker.of(KEYS.endTxn)).toHaveLength(0);
  });

  test('does not send a batch again whose answer is lost', async () => {
    await begin();
    broker.on(KEYS.produce, () => 'hang-up');
    expect(await errorOf(writer.append([batch()]))).toMatchObject({ failure: 'uncertain', code: 'connection-lost' });
    expect(broker.of(KEYS.produce)).toHaveLength(1);
  });

  test('sends a batch again that was certainly not appended, with the same numbers', async () => {
    await begin();
    inTurn(KEYS.produce, produced('t', 6), produced('t', 19), produced('t', 0, 5));
    expect(await writer.append([batch(4)])).toEqual([{ ...PARTITION, baseOffset: 5, lastOffset: 8 }]);
    expect(broker.of(KEYS.produce).map((request) => producedBatch(request).sequence)).toEqual([0, 0, 0]);
    expect(broker.of(KEYS.metadata).length).toBeGreaterThan(1);
  });

  test('does not wait longer than its transaction lives', async () => {
    await begin(2_000);
    broker.on(KEYS.produce, () => produced('t', 6));
    expect(await errorOf(writer.append([batch()]))).toMatchObject({ failure: 'uncertain' });
    expect(broker.of(KEYS.produce).length).toBeGreaterThan(1);
  });

  test('is of no use once the connections are closed', async () => {
    await begin();
    await kafka.close();
    expect(await errorOf(writer.append([batch()]))).toMatchObject({
      failure: expect.stringMatching(/unavailable|uncertain/),
    });
  });
});

describe('a plain writer', () => {
  test('sends again with the same numbers what may have been appended', async () => {
    const writer = await kafka.writers.plain();
    inTurn(KEYS.produce, 'hang-up', 'silence', produced('t', 7), produced('t', 6), produced('t', 0, 3));
    expect(await writer.append([batch(2), batch()])).toMatchObject([{ baseOffset: 3 }, { baseOffset: 3 }]);
    const sent = broker.of(KEYS.produce).map(producedBatch);
    expect(sent.map(({ sequence }) => sequence)).toEqual([0, 0, 0, 0, 0, 2]);
    expect(new Set(sent.slice(0, 5).map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
    expect(broker.of(KEYS.initProducerId)).toHaveLength(1);
  });

  test('introduces itself again to a log that does not know it, but not with a batch in doubt', async () => {
    const writer = await kafka.writers.plain();
    await writer.append([batch()]);
    broker.on(KEYS.initProducerId, () => producerId(78, 0));
    inTurn(KEYS.produce, produced('t', 45), produced('t', 0, 9));
    expect(await writer.append([batch()])).toMatchObject([{ baseOffset: 9 }]);
    const last = producedBatch(broker.of(KEYS.produce).at(-1)!);
    expect([last.producerId, last.sequence]).toEqual([78, 0]);
    inTurn(KEYS.produce, 'hang-up', produced('t', 59), produced('t', 0, 10));
    expect(await errorOf(writer.append([batch()]))).toMatchObject({
      failure: 'uncertain',
      code: 'unknown-producer-id',
    });
    expect(await writer.append([batch()])).toMatchObject([{ baseOffset: 10 }]);
    expect(broker.of(KEYS.initProducerId)).toHaveLength(3);
  });

  test('goes on after a refusal without a gap', async () => {
    const writer = await kafka.writers.plain();
    inTurn(KEYS.produce, produced('t', 10), produced('t', 0, 0));
    expect(await errorOf(writer.append([batch(5)]))).toMatchObject({ failure: 'refused', code: 'message-too-large' });
    expect(await writer.append([batch(5)])).toHaveLength(1);
    expect(broker.of(KEYS.produce).map((request) => producedBatch(request).sequence)).toEqual([0, 0]);
  });

  test('waits for a leader', async () => {
    const writer = await kafka.writers.plain();
    broker.topics = [{ ...TOPIC, leaders: [-1] }];
    const appending = writer.append([batch()]);
    await until(() => broker.of(KEYS.metadata).length > 3, 'looking for the leader');
    broker.topics = [TOPIC];
    expect(await appending).toHaveLength(1);
    writer.close();
    expect(await errorOf(writer.append([batch()]))).toMatchObject({ code: 'kafka-closed' });
  });
});
