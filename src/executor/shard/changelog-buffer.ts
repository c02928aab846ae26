import type { PendingBatch } from '../../broker/broker.js';
import { RecordBatchBuilder } from '../../broker/record-batch-builder.js';
import type { ChangeRecords } from '../../state/state-store.js';
import type { ChangelogPlace } from './shard-ports.js';

/** A batch is closed when it holds this much, to stay below Kafka's default `max.message.bytes` of 1 MiB. */
const BATCH_BYTES_MAX = 900_000;
const BATCH_RECORDS_MAX = 16_384;

/** Collects the changelog records of one epoch as batches. One serves all epochs of a shard. */
export class ChangelogBuffer implements ChangeRecords {
  /** Records since the last `take`. */
  records = 0;
  readonly #place: ChangelogPlace;
  readonly #builder = new RecordBatchBuilder(undefined, false);
  #closed: PendingBatch[] = [];

  constructor(place: ChangelogPlace) {
    this.#place = place;
  }

  record(key: Buffer, keyLength: number, value: Buffer | null, valueLength: number, timestamp: number): void {
    const builder = this.#builder;
    builder.begin(timestamp);
    builder.copyFrom(key, 0, keyLength);
    builder.endKey(false);
    if (value !== null) builder.copyFrom(value, 0, valueLength);
    builder.endValue(value === null);
    builder.end(null);
    this.records++;
    if (builder.byteLength >= BATCH_BYTES_MAX || builder.records >= BATCH_RECORDS_MAX) this.#close();
  }

  /** The batches, the last of which ends with the record that was written last. */
  take(): readonly PendingBatch[] {
    if (this.#builder.records > 0) this.#close();
    const batches = this.#closed;
    this.#closed = [];
    this.records = 0;
    return batches;
  }

  #close(): void {
    const { topic, partition } = this.#place;
    const { records } = this.#builder;
    this.#closed.push({ topic, partition, records, bytes: this.#builder.finish() });
  }
}
