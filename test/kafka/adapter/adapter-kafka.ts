import { randomBytes } from 'node:crypto';
import type { PendingBatch, StoredBatch } from '../../../src/broker/broker.js';
import type { BatchReader, BatchReaders, ClusterTopic } from '../../../src/broker/cluster-log.js';
import { type Kafka, openKafka } from '../../../src/broker/kafka/open-kafka.js';
import { RecordBatchBuilder } from '../../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../../src/broker/record-batch-cursor.js';

/** `host:port,...` of a cluster to test against; without it the tests that need one are skipped. */
export const KAFKA = process.env['MILLRACE_TEST_KAFKA'] ?? '';
export const NO_KAFKA = KAFKA === '';

/** Makes the names of this run its own. Printed with failures as part of every name. */
export const RUN = randomBytes(4).toString('hex');

export const logged: string[] = [];

/** @param servers where the cluster is spoken to without TLS or password */
export function connect(servers = KAFKA): Kafka {
  return openKafka({
    bootstrapServers: servers.split(','),
    clientId: `adapter-test-${RUN}`,
    log: (level, message) => logged.push(`${level}: ${message}`),
  });
}

let topics = 0;

export function topicName(what: string): string {
  return `t-${RUN}-${++topics}-${what}`;
}

export function createTopic(
  kafka: Kafka,
  what: string,
  partitions = 1,
  settings: Record<string, string> = {},
): Promise<ClusterTopic> {
  return kafka.topics.create({ name: topicName(what), partitions, replicas: 1, settings });
}

/** A batch of one record a value. */
export function batchOf(
  topic: string,
  partition: number,
  values: readonly string[],
  key: Buffer | string | null = null,
): PendingBatch {
  const builder = new RecordBatchBuilder();
  const keyBytes = typeof key === 'string' ? Buffer.from(key) : key;
  for (const value of values) builder.append(1_700_000_000_000, keyBytes, Buffer.from(value));
  return { topic, partition, records: values.length, bytes: builder.finish() };
}

export interface ReadRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}

const cursor = new RecordBatchCursor();

export function recordsOf(batches: readonly StoredBatch[], from = 0): ReadRecord[] {
  const records: ReadRecord[] = [];
  for (const batch of batches) {
    cursor.reset(batch.bytes, 0);
    while (cursor.next()) {
      if (cursor.offset < from) continue;
      const { bytes, offset, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      records.push({
        offset: batch.baseOffset + (offset - cursor.baseOffset),
        key: keyStart < 0 ? null : bytes.toString('latin1', keyStart, keyEnd),
        value: valueStart < 0 ? null : bytes.toString('utf8', valueStart, valueEnd),
      });
    }
  }
  return records;
}

export interface Reading {
  readonly reader: BatchReader;
  readonly records: ReadRecord[];
  readonly batches: StoredBatch[];
  /** Resolves when the condition holds, which is looked at after each change. */
  until(condition: (reading: Reading) => boolean, what: string): Promise<void>;
}

/** Takes whatever a partition brings. */
export function read(readers: BatchReaders, topic: ClusterTopic, partition = 0, from = 0): Reading {
  let changed: () => void = () => {};
  const records: ReadRecord[] = [];
  const batches: StoredBatch[] = [];
  const reader = readers.open(topic.name, topic.id, partition, from, { onChange: () => changed() });
  const reading: Reading = {
    reader,
    records,
    batches,
    until(condition, what) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          changed = () => {};
          reject(
            new Error(
              `${topic.name} ${partition}: ${what} has not happened; next ${reader.next}, end ${reader.end}, ` +
                `failure ${reader.failure?.message}, ${records.length} records`,
            ),
          );
        }, 50_000);
        changed = () => {
          for (let taken = reader.take(1 << 20); taken.length > 0; taken = reader.take(1 << 20)) {
            batches.push(...taken);
            records.push(...recordsOf(taken, from));
          }
          if (!condition(reading)) return;
          clearTimeout(timer);
          changed = () => {};
          resolve();
        };
        changed();
      });
    },
  };
  return reading;
}

/** What a reader of committed records finds from an offset to where the partition ends now. */
export async function readToEnd(
  kafka: Kafka,
  readers: BatchReaders,
  topic: ClusterTopic,
  partition = 0,
  from = 0,
): Promise<Reading> {
  const [offsets] = await kafka.topics.offsets([{ topic: topic.name, partition }]);
  const { end } = offsets!;
  const reading = read(readers, topic, partition, from);
  await reading.until(({ reader }) => reader.failure !== null || reader.next >= end, `reading up to ${end}`);
  return reading;
}

export async function errorOf(promise: Promise<unknown>): Promise<{ failure?: string; code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    return error as { failure?: string; code: string; message: string };
  }
  throw new Error('nothing was thrown');
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
