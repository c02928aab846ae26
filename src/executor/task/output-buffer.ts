import type { PendingBatch } from '../../broker/broker.js';
import { KeylessPartitioner, partitionOfKey } from '../../broker/partitioner.js';
import { RecordBatchBuilder } from '../../broker/record-batch-builder.js';
import { GrowableSink } from '../../formats/byte-sink.js';
import type { RecordHeader } from '../../model/record.js';
import type { OutputBuffer } from './task.js';

/** A batch is closed when it holds this much; one record may be larger. */
const BATCH_BYTES_MAX = 1_000_000;
const BATCH_RECORDS_MAX = 16_384;
/** Most batches of a commit are small, and there is a builder a partition. */
const INITIAL_BYTES = 8 * 1024;

/** Collects what tasks write between two commits, as record batches by topic and partition. Tasks of one thread may share it. */
export class RecordOutputBuffer implements OutputBuffer {
  readonly #topics = new Map<string, TopicOutput>();
  readonly #partitionsOf: (topic: string) => number;
  readonly #seals: boolean;

  /** @param seals false for batches whose header is written, and whose checksum is made, when they are appended */
  constructor(partitionsOf: (topic: string) => number, seals = true) {
    this.#partitionsOf = partitionsOf;
    this.#seals = seals;
  }

  /** The writer of a topic; the same one for the same topic. Its partition count is asked for once. */
  topic(topic: string): TopicOutput {
    let output = this.#topics.get(topic);
    if (output === undefined)
      this.#topics.set(topic, (output = new TopicOutput(topic, this.#partitionsOf(topic), this.#seals)));
    return output;
  }

  take(): PendingBatch[] {
    const taken: PendingBatch[] = [];
    for (const output of this.#topics.values()) output.take(taken);
    return taken;
  }

  get bytes(): number {
    let bytes = 0;
    for (const output of this.#topics.values()) bytes += output.bytes;
    return bytes;
  }

  clear(): void {
    for (const output of this.#topics.values()) output.clear();
  }
}

/**
 * Writes records of one topic. A record is
 *
 *     output.key.reset(); ... append the key's bytes to `output.key` ...
 *     const builder = output.begin(timestamp, keyIsNull);
 *     ... append the value's bytes to `builder` ...
 *     output.end(valueIsNull, headers);
 *
 * or `abandon()` after `begin`. The partition is that of the key's bytes, of a windowed key without the bounds of its window, as Kafka Streams
 * has it; records without a key take turns.
 */
export class TopicOutput {
  readonly key = new GrowableSink(256);
  /** Records written since this writer was made. */
  records = 0;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #seals: boolean;
  readonly #keyless = new KeylessPartitioner();
  readonly #builders: (RecordBatchBuilder | undefined)[];
  #closed: PendingBatch[] = [];
  #closedBytes = 0;
  /** Where the record in progress goes. */
  #partition = 0;
  #builder: RecordBatchBuilder;

  constructor(topic: string, partitions: number, seals = true) {
    this.#topic = topic;
    this.#seals = seals;
    this.#partitions = partitions;
    this.#builders = new Array<RecordBatchBuilder | undefined>(partitions).fill(undefined);
    this.#builder = new RecordBatchBuilder(INITIAL_BYTES, seals);
    this.#builders[0] = this.#builder;
  }

  /** Begins a record whose key is in `key`. @param boundsAt where the bounds of a window begin there */
  begin(timestamp: number, keyIsNull: boolean, boundsAt = this.key.position): RecordBatchBuilder {
    const { key } = this;
    return this.beginWithKey(timestamp, key.bytes, keyIsNull ? -1 : 0, key.position, boundsAt);
  }

  /** Begins a record whose key is `bytes[start, end)`; a null key when `start` is -1. */
  beginWithKey(timestamp: number, bytes: Buffer, start: number, end: number, boundsAt = end): RecordBatchBuilder {
    const isNull = start < 0;
    if (this.#partitions !== 1) {
      const partition = isNull
        ? this.#keyless.next(this.#partitions)
        : partitionOfKey(bytes, start, boundsAt, this.#partitions);
      this.#partition = partition;
      this.#builder = this.#builders[partition] ??= new RecordBatchBuilder(INITIAL_BYTES, this.#seals);
    }
    const builder = this.#builder;
    builder.begin(timestamp);
    if (!isNull) builder.copyFrom(bytes, start, end);
    builder.endKey(isNull);
    return builder;
  }

  end(valueIsNull: boolean, headers: readonly RecordHeader[] | null): void {
    const builder = this.#builder;
    builder.endValue(valueIsNull);
    builder.end(headers);
    this.#ended(builder);
  }

  /** Ends a record with headers that are encoded already: `count` of them in `bytes[start, end)`. */
  endWithEncodedHeaders(valueIsNull: boolean, count: number, bytes: Buffer, start: number, end: number): void {
    const builder = this.#builder;
    builder.endValue(valueIsNull);
    if (count === 0) builder.end(null);
    else builder.endWithEncodedHeaders(count, bytes, start, end);
    this.#ended(builder);
  }

  /** Forgets the record in progress. */
  abandon(): void {
    this.#builder.abandon();
  }

  /** Estimated bytes collected. */
  get bytes(): number {
    let bytes = this.#closedBytes;
    for (const builder of this.#builders) if (builder !== undefined && builder.records > 0) bytes += builder.byteLength;
    return bytes;
  }

  /** Appends all batches, in order of writing per partition. */
  take(into: PendingBatch[]): void {
    for (const batch of this.#closed) into.push(batch);
    this.#closed = [];
    this.#closedBytes = 0;
    for (let partition = 0; partition < this.#builders.length; partition++) {
      const builder = this.#builders[partition];
      if (builder !== undefined && builder.records > 0) into.push(this.#finish(builder, partition));
    }
  }

  clear(): void {
    this.#closed = [];
    this.#closedBytes = 0;
    for (const builder of this.#builders) builder?.clear();
  }

  #ended(builder: RecordBatchBuilder): void {
    this.records++;
    if (builder.byteLength < BATCH_BYTES_MAX && builder.records < BATCH_RECORDS_MAX) return;
    const batch = this.#finish(builder, this.#partition);
    this.#closed.push(batch);
    this.#closedBytes += batch.bytes.length;
  }

  #finish(builder: RecordBatchBuilder, partition: number): PendingBatch {
    const { records } = builder;
    return { topic: this.#topic, partition, records, bytes: builder.finish() };
  }
}
