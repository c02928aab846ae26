import type { Appended, PartitionOffsets, PendingBatch, StoredBatch } from '../../../../src/broker/broker.js';
import {
  type BatchReader,
  type BatchReaderEvents,
  type BatchReaders,
  type ClusterTopic,
  type ClusterTopics,
  LogError,
  type TransactionalWriter,
  type Writers,
} from '../../../../src/broker/cluster-log.js';
import {
  ATTRIBUTES_AT,
  CONTROL_BIT,
  PRODUCER_ID_AT,
  setBaseOffset,
  writeInt64,
} from '../../../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../../../src/broker/record-batch-builder.js';
import type { SystemError } from '../../../../src/model/errors.js';

/** One partition in memory. Where nothing lies, something was left out: a marker, an aborted record, one that compaction has removed. */
export class FakePartition {
  start = 0;
  end = 0;
  batches: StoredBatch[] = [];
  readonly readers = new Set<FakeReader>();

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  get offsets(): PartitionOffsets {
    return { start: this.start, end: this.end };
  }

  append(pending: PendingBatch, producerId = -1): Appended {
    const bytes = Buffer.from(pending.bytes);
    setBaseOffset(bytes, this.end);
    writeInt64(bytes, PRODUCER_ID_AT, producerId);
    const { topic, partition } = this;
    const place = { topic, partition, baseOffset: this.end, lastOffset: this.end + pending.records - 1 };
    this.batches.push({ ...place, maxTimestamp: 0, bytes });
    this.end = place.lastOffset + 1;
    this.tell();
    return place;
  }

  /** Passes over offsets. */
  skip(offsets: number): void {
    this.end += offsets;
    this.tell();
  }

  /** Removes what lies before an offset. */
  trim(offset: number): void {
    this.start = offset;
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset >= offset);
  }

  /** Removes a batch, as compaction does. */
  remove(index: number): void {
    this.batches.splice(index, 1);
  }

  tell(): void {
    for (const reader of this.readers) reader.tell();
  }
}

/** A reader of a partition in memory: what is there can be taken once it has answered for the first time. */
export class FakeReader implements BatchReader {
  end = -1;
  next: number;
  failure: SystemError | null = null;
  readonly #partition: FakePartition;
  readonly #events: BatchReaderEvents;

  constructor(partition: FakePartition, from: number, events: BatchReaderEvents) {
    this.#partition = partition;
    this.#events = events;
    this.next = from;
    partition.readers.add(this);
    setImmediate(() => this.tell());
  }

  get topic(): string {
    return this.#partition.topic;
  }

  get partition(): number {
    return this.#partition.partition;
  }

  get waitingBytes(): number {
    return this.#waiting().reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  tell(): void {
    if (!this.#partition.readers.has(this)) return;
    if (this.next < this.#partition.start) {
      this.failure = new LogError('refused', 'the offset is gone', { code: 'offset-out-of-range' });
    }
    this.end = this.#partition.end;
    this.#events.onChange();
  }

  take(bytesMax: number): readonly StoredBatch[] {
    const taken: StoredBatch[] = [];
    let bytes = 0;
    for (const batch of this.#waiting()) {
      if (taken.length > 0 && bytes + batch.bytes.length > bytesMax) break;
      taken.push(batch);
      bytes += batch.bytes.length;
      this.next = batch.lastOffset + 1;
    }
    if (this.failure === null && this.#waiting().length === 0) this.next = Math.max(this.next, this.end);
    return taken;
  }

  close(): void {
    this.#partition.readers.delete(this);
  }

  #waiting(): readonly StoredBatch[] {
    if (this.failure !== null || this.end < 0) return [];
    return this.#partition.batches.filter(({ lastOffset }) => lastOffset >= this.next && lastOffset < this.end);
  }
}

/** What becomes of the end of a transaction. */
export type EndOutcome = 'committed' | 'committed, answer lost' | 'aborted, answer lost';

/** A shared log in memory. Its writers behave as `cluster-log.ts` says. */
export class FakeLog implements BatchReaders, Writers {
  readonly topics = new FakeTopics(this);
  readonly #partitions = new Map<string, FakePartition>();
  readonly #owners = new Map<string, FakeWriter>();
  #producerIds = 100;
  /** Of the next end of a transaction. */
  nextEnd: EndOutcome = 'committed';
  /** Called before the next append. */
  beforeAppend: (() => void) | null = null;

  partition(topic: string, partition = 0): FakePartition {
    const key = `${partition}/${topic}`;
    let found = this.#partitions.get(key);
    if (found === undefined) this.#partitions.set(key, (found = new FakePartition(topic, partition)));
    return found;
  }

  open(topic: string, _topicId: string, partition: number, from: number, events: BatchReaderEvents): FakeReader {
    return new FakeReader(this.partition(topic, partition), from, events);
  }

  /** Readers that are open. */
  get openReaders(): number {
    let count = 0;
    for (const { readers } of this.#partitions.values()) count += readers.size;
    return count;
  }

  async close(): Promise<void> {}

  async transactional(id: string): Promise<TransactionalWriter> {
    this.#owners.get(id)?.fence();
    const writer = new FakeWriter(this, this.#producerIds++);
    this.#owners.set(id, writer);
    return writer;
  }

  async plain(): Promise<never> {
    throw new Error('nothing here writes without transactions');
  }
}

class FakeWriter implements TransactionalWriter {
  readonly epoch = 0;
  readonly #log: FakeLog;
  #fenced = false;
  #open: FakePartition[] = [];
  #held: { readonly partition: FakePartition; readonly batch: PendingBatch }[] = [];

  constructor(
    log: FakeLog,
    readonly producerId: number,
  ) {
    this.#log = log;
  }

  fence(): void {
    this.#fenced = true;
    this.#finish('abort');
  }

  async addPartitions(partitions: readonly { readonly topic: string; readonly partition: number }[]): Promise<void> {
    this.#check();
    this.#open.push(...partitions.map(({ topic, partition }) => this.#log.partition(topic, partition)));
  }

  async append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    this.#log.beforeAppend?.();
    this.#check();
    return batches.map((batch) => {
      const partition = this.#open.find((open) => open.topic === batch.topic && open.partition === batch.partition);
      if (partition === undefined) throw new Error('the partition is not part of the transaction');
      this.#held.push({ partition, batch });
      const { topic, end } = partition;
      return { topic, partition: batch.partition, baseOffset: end, lastOffset: end + batch.records - 1 };
    });
  }

  async end(outcome: 'commit' | 'abort'): Promise<void> {
    this.#check();
    const { nextEnd } = this.#log;
    this.#log.nextEnd = 'committed';
    this.#finish(nextEnd === 'aborted, answer lost' ? 'abort' : outcome);
    if (nextEnd !== 'committed') throw new LogError('uncertain', 'no answer', { code: 'request-timed-out' });
  }

  close(): void {}

  #check(): void {
    if (this.#fenced) throw new LogError('fenced', 'another owner has come', { code: 'producer-fenced' });
  }

  #finish(outcome: 'commit' | 'abort'): void {
    for (const { partition, batch } of this.#held) {
      if (outcome === 'commit') partition.append(batch, this.producerId);
      else partition.skip(batch.records);
    }
    // The markers.
    if (this.#held.length > 0) for (const partition of this.#open) partition.skip(1);
    this.#held = [];
    this.#open = [];
  }
}

class FakeTopics implements ClusterTopics {
  readonly #log: FakeLog;
  readonly known = new Map<string, ClusterTopic>();
  readonly created: string[] = [];
  #ids = 0;

  constructor(log: FakeLog) {
    this.#log = log;
  }

  /** Makes a topic as somebody else would. */
  add(name: string, partitions = 1): ClusterTopic {
    const topic = { name, id: `id-${++this.#ids}`, partitions, replicas: 1 };
    this.known.set(name, topic);
    return topic;
  }

  async describe(names: readonly string[]): Promise<readonly (ClusterTopic | null)[]> {
    return names.map((name) => this.known.get(name) ?? null);
  }

  async list(): Promise<readonly ClusterTopic[]> {
    return [...this.known.values()];
  }

  async settings(names: readonly string[]): Promise<readonly Readonly<Record<string, string>>[]> {
    return names.map(() => ({}));
  }

  async create({ name, partitions }: { readonly name: string; readonly partitions: number }): Promise<ClusterTopic> {
    if (this.known.has(name)) throw new LogError('refused', 'it is there already', { code: 'topic-exists' });
    this.created.push(name);
    return this.add(name, partitions);
  }

  async delete(name: string): Promise<void> {
    this.known.delete(name);
  }

  async offsets(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<readonly PartitionOffsets[]> {
    return partitions.map(({ topic, partition }) => this.#log.partition(topic, partition).offsets);
  }

  async trim(): Promise<void> {}
}

/** A batch of records given as key, value and timestamp. */
export function batchOf(
  topic: string,
  partition: number,
  ...records: readonly (readonly [key: Buffer | string | null, value: Buffer | string | null, timestamp?: number])[]
): PendingBatch {
  const builder = new RecordBatchBuilder();
  const bytes = (part: Buffer | string | null): Buffer | null => (typeof part === 'string' ? Buffer.from(part) : part);
  for (const [key, value, timestamp = 0] of records) builder.append(timestamp, bytes(key), bytes(value));
  return { topic, partition, records: records.length, bytes: builder.finish() };
}

/** A batch as a transaction's end leaves it in the log. */
export function markerOf(topic: string, partition: number): PendingBatch {
  const batch = batchOf(topic, partition, [Buffer.from([0, 0, 0, 1]), Buffer.alloc(6)]);
  batch.bytes.writeInt16BE(batch.bytes.readInt16BE(ATTRIBUTES_AT) | CONTROL_BIT, ATTRIBUTES_AT);
  return batch;
}

/** Lets everything happen that does not wait for time to pass. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
