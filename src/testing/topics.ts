import type { PendingBatch, StoredBatch } from '../broker/broker.js';
import { RecordBatchBuilder } from '../broker/record-batch-builder.js';
import { RecordBatchCursor } from '../broker/record-batch-cursor.js';
import type { RecordHeader } from '../model/record.js';

/** A record of a topic, as bytes. */
export interface TopicRecord {
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** What topics hold, in memory; each has one partition. */
export class Topics {
  readonly #records = new Map<string, TopicRecord[]>();

  append(topic: string, record: TopicRecord): void {
    const records = this.#records.get(topic);
    if (records === undefined) this.#records.set(topic, [record]);
    else records.push(record);
  }

  records(topic: string): readonly TopicRecord[] {
    return this.#records.get(topic) ?? [];
  }

  /** Topics that something was written to. */
  names(): string[] {
    return [...this.#records.keys()];
  }
}

const INITIAL_BYTES = 1024;
const builder = new RecordBatchBuilder(INITIAL_BYTES);

/** A batch of one record at its place in the log. */
export function batchOf(topic: string, record: TopicRecord, offset: number): StoredBatch {
  builder.append(record.timestamp, record.key, record.value, record.headers);
  const bytes = builder.finish(offset);
  return { topic, partition: 0, baseOffset: offset, lastOffset: offset, maxTimestamp: record.timestamp, bytes };
}

/** The records of a batch, each with bytes of its own. */
export function recordsOf(batch: PendingBatch): TopicRecord[] {
  const cursor = new RecordBatchCursor();
  cursor.reset(batch.bytes);
  const records: TopicRecord[] = [];
  while (cursor.next()) {
    records.push({
      timestamp: cursor.timestamp,
      key: cursor.keyStart < 0 ? null : Buffer.from(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd)),
      value: cursor.valueStart < 0 ? null : Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)),
      headers: cursor.headers().map(({ key, value }) => ({ key, value: value === null ? null : Buffer.from(value) })),
    });
  }
  return records;
}
