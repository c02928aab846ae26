import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PendingBatch } from '../../src/broker/broker.js';
import { COMPRESSION_TYPES, canCompress, compressBatch, compressionCodec } from '../../src/broker/compression.js';
import type { Kafka } from '../../src/broker/kafka/open-kafka.js';
import { ATTRIBUTES_AT, COMPRESSION_MASK } from '../../src/broker/record-batch.js';
import { batchOf, connect, createTopic, KAFKA, NO_KAFKA, readToEnd } from './adapter/adapter-kafka.js';
import { consumeCommitted, runTool } from './support/java-tools.mjs';
import { kafkaMissing } from './support/kafka-jars.mjs';

const codecs = COMPRESSION_TYPES.map((name) => ({ name, codec: compressionCodec(name)! }));
const RECORDS = 5_000;

/** Compressed batches between the Java client and us, over a broker that unpacks and checks each one. */
describe.skipIf(NO_KAFKA || kafkaMissing() !== null)('compressed batches', () => {
  let kafka: Kafka;

  beforeAll(() => {
    kafka = connect();
  });
  afterAll(() => kafka.close());

  test.each(codecs)('$name: what the Java producer writes is read here', async ({ name, codec }) => {
    const topic = await createTopic(kafka, `java-${name}`);
    await runTool('org.apache.kafka.tools.ProducerPerformance', [
      ...['--topic', topic.name, '--num-records', String(RECORDS), '--throughput', '-1', '--payload-monotonic'],
      ...['--producer-props', `bootstrap.servers=${KAFKA}`, `compression.type=${name}`],
      ...['linger.ms=100', 'batch.size=262144', 'enable.idempotence=true'],
    ]);
    const readers = kafka.readers();
    const { batches, records } = await readToEnd(kafka, readers, topic);
    await readers.close();
    expect(records.map(({ value }) => value)).toEqual(Array.from({ length: RECORDS }, (_, i) => String(i)));
    const found = new Set(batches.map(({ bytes }) => bytes.readInt16BE(ATTRIBUTES_AT) & COMPRESSION_MASK));
    expect([...found]).toEqual([codec]);
  });

  test.each(
    codecs.filter(({ codec }) => canCompress(codec)),
  )('$name: what is written here the Java consumer reads', async ({ name, codec }) => {
    const topic = await createTopic(kafka, `ours-${name}`);
    const values = Array.from({ length: RECORDS }, (_, i) => `{"id":${i},"status":"PAID","total":${(i * 37) % 101}}`);
    // One of a few records, and one that takes several blocks of every codec.
    const pending = [values.slice(0, 10), values.slice(10)].map((some): PendingBatch => {
      const batch = batchOf(topic.name, 0, some);
      return { ...batch, bytes: compressBatch(batch.bytes, codec) };
    });
    for (const { bytes } of pending) expect(bytes.readInt16BE(ATTRIBUTES_AT) & COMPRESSION_MASK).toBe(codec);

    const plain = await kafka.writers.plain();
    await plain.append(pending);
    plain.close();
    const writer = await kafka.writers.transactional(`${topic.name}-writer`, 60_000);
    await writer.addPartitions([{ topic: topic.name, partition: 0 }]);
    const inTransaction = batchOf(topic.name, 0, values);
    await writer.append([{ ...inTransaction, bytes: compressBatch(inTransaction.bytes, codec) }]);
    await writer.end('commit');
    writer.close();

    const consumed = await consumeCommitted({
      bootstrapServers: KAFKA,
      topic: topic.name,
      max: 2 * RECORDS,
      timeoutMs: 30_000,
    });
    expect(consumed.map(({ value }) => value)).toEqual([...values, ...values]);
  });
});
