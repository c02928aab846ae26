import type { PendingBatch, Position, StoredBatch } from '../../../../src/broker/broker.js';
import { RecordBatchBuilder } from '../../../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../../../src/broker/record-batch-cursor.js';
import type { Task } from '../../../../src/executor/task/task.js';
import type { TaskRequest } from '../../../../src/executor/thread/open-runners.js';
import type { FormatSpec } from '../../../../src/formats/format.js';
import { schemaOf } from '../../../../src/model/schema.js';
import { BIGINT, STRING } from '../../../../src/model/sql-type.js';
import type { PhysicalPlan, PhysicalStep } from '../../../../src/planner/physical/physical-plan.js';
import { inputsOf } from '../../../../src/planner/physical/physical-plan.js';
import type { KeyValueStore, StoreSpec } from '../../../../src/state/state-store.js';

/** A record as tests write it: `key=value@timestamp`. */
export interface TextRecord {
  readonly key: string;
  readonly value: string;
  readonly timestamp: number;
}

/** What a task of a test does with each record. */
export type Behaviour = (record: TextRecord, topic: string, task: FakeTask) => void;

/** A task whose work is a function of the test: queues, order and positions are as the interface says. */
export class FakeTask implements Task {
  readonly queryId: string;
  readonly partition: number;
  readonly inputs: readonly string[];
  streamTime = -1;
  readonly waits = false;
  rowsIn = 0;
  rowsOut = 0;
  closed = false;
  /** What caching would hold back. */
  held: TextRecord[] = [];
  /** Where held records go before a commit. */
  heldFor: string | null = null;
  readonly request: TaskRequest;
  readonly #behaviour: Behaviour;
  readonly #queues = new Map<string, { records: (TextRecord & { offset: number })[]; fetched: number; next: number }>();

  constructor(request: TaskRequest, inputs: readonly string[], behaviour: Behaviour) {
    this.queryId = request.query.id;
    this.partition = request.partition;
    this.inputs = inputs;
    this.request = request;
    this.#behaviour = behaviour;
    for (const topic of inputs) this.#queues.set(topic, { records: [], fetched: 0, next: 0 });
  }

  fetchOffset(topic: string): number {
    return this.#queues.get(topic)!.fetched;
  }

  seek(topic: string, offset: number): void {
    const queue = this.#queues.get(topic)!;
    queue.fetched = queue.next = offset;
  }

  offer(batch: StoredBatch): void {
    const queue = this.#queues.get(batch.topic)!;
    const cursor = new RecordBatchCursor();
    cursor.reset(batch.bytes);
    while (cursor.next()) {
      if (cursor.offset < queue.fetched) continue;
      queue.records.push({
        key: cursor.bytes.toString('utf8', cursor.keyStart, cursor.keyEnd),
        value: cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd),
        timestamp: cursor.timestamp,
        offset: cursor.offset,
      });
    }
    queue.fetched = batch.lastOffset + 1;
  }

  queuedBytes(topic: string): number {
    return this.#queues.get(topic)!.records.length * 10_000;
  }

  hasQueued(topic: string): boolean {
    return this.#queues.get(topic)!.records.length > 0;
  }

  headTimestamp(): number {
    let head = Number.POSITIVE_INFINITY;
    for (const { records } of this.#queues.values()) head = Math.min(head, records[0]?.timestamp ?? head);
    return head;
  }

  process(untilTimestamp: number, maxRecords: number): number {
    let processed = 0;
    while (processed < maxRecords) {
      const head = this.headTimestamp();
      if (head > untilTimestamp || head === Number.POSITIVE_INFINITY) break;
      const [topic, queue] = [...this.#queues].find(([, { records }]) => records[0]?.timestamp === head)!;
      const record = queue.records.shift()!;
      queue.next = record.offset + 1;
      this.streamTime = Math.max(this.streamTime, head);
      this.rowsIn++;
      processed++;
      this.#behaviour(record, topic, this);
      if (queue.records.length === 0) break;
    }
    return processed;
  }

  beforeCommit(): void {
    for (const record of this.held) this.emit(this.heldFor!, record);
    this.held = [];
  }

  positions(): readonly Position[] {
    return [...this.#queues].map(([topic, { next }]) => ({ topic, partition: this.partition, offset: next }));
  }

  /** Writes a record to a topic. */
  emit(topic: string, record: TextRecord): void {
    const output = this.request.output.topic(topic);
    output.key.position = 0;
    append(output.key, record.key);
    const builder = output.begin(record.timestamp, false);
    append(builder, record.value);
    output.end(false, null);
    this.rowsOut++;
  }

  /** Adds one to the count of a key and returns it. */
  count(key: string): number {
    const store = this.store;
    const entry = store.get([key]);
    const n = entry === null ? 1 : (entry.row[0] as number) + 1;
    store.set([key], [n], 0);
    return n;
  }

  get store(): KeyValueStore {
    return this.request.stores.open(COUNTS, this.partition);
  }

  close(): void {
    this.closed = true;
  }
}

export const COUNTS: StoreSpec & { readonly kind: 'key-value' } = {
  name: 'Counts',
  kind: 'key-value',
  key: [{ name: 'K', type: STRING }],
  value: [{ name: 'N', type: BIGINT }],
  retentionMs: null,
  windowSizeMs: null,
};

const KAFKA: FormatSpec = { name: 'KAFKA', properties: {}, unwrapped: true };
const SCHEMA = schemaOf([
  { name: 'K', type: STRING, role: 'key' },
  { name: 'V', type: STRING, role: 'value' },
]);

export function source(topic: string): PhysicalStep {
  return {
    kind: 'streamSource',
    id: 'KsqlTopic/Source',
    source: topic.toUpperCase(),
    topic,
    keyFormat: KAFKA,
    valueFormat: KAFKA,
    keyWindow: null,
    timestamp: null,
    sourceSchema: SCHEMA,
    schema: SCHEMA,
    columns: [
      { from: 'key', index: 0 },
      { from: 'value', index: 0 },
    ],
  };
}

export function repartition(input: PhysicalStep, topic: string): PhysicalStep {
  const formats = { keyFormat: KAFKA, valueFormat: KAFKA };
  return { kind: 'repartition', id: 'Repartition', schema: SCHEMA, input, topic, changes: false, ...formats };
}

export function join(left: PhysicalStep, right: PhysicalStep): PhysicalStep {
  return { kind: 'streamTableJoin', id: 'Join', schema: SCHEMA, left, right, join: 'INNER', columns: [] };
}

export function plan(
  queryId: string,
  root: PhysicalStep,
  sink: string | null,
  limit: number | null = null,
): PhysicalPlan {
  return {
    version: 1,
    queryId,
    resultKind: 'STREAM',
    schema: SCHEMA,
    root,
    sink:
      sink === null
        ? null
        : {
            source: sink.toUpperCase(),
            topic: sink,
            keyFormat: KAFKA,
            valueFormat: KAFKA,
            keyWindow: null,
            timestamp: null,
          },
    output: null,
    limit,
    settings: {},
  };
}

/** The topics that a plan reads, its repartition topics included. */
export function topicsOf(step: PhysicalStep): string[] {
  const own = step.kind === 'streamSource' || step.kind === 'repartition' ? [step.topic] : [];
  return [...inputsOf(step).flatMap(topicsOf), ...own];
}

/** A batch of `key=value@timestamp` records. */
export function batch(topic: string, partition: number, ...records: string[]): PendingBatch {
  const builder = new RecordBatchBuilder();
  for (const text of records) {
    const [, key, value, timestamp] = /^(.*)=(.*)@(\d+)$/.exec(text)!;
    builder.append(Number(timestamp), Buffer.from(key!), Buffer.from(value!));
  }
  return { topic, partition, records: records.length, bytes: builder.finish() };
}

/** The records of stored batches, as text. */
export function textOf(batches: readonly { readonly bytes: Buffer }[]): string[] {
  const texts: string[] = [];
  const cursor = new RecordBatchCursor();
  for (const { bytes } of batches) {
    cursor.reset(bytes);
    while (cursor.next()) {
      const key = cursor.bytes.toString('utf8', cursor.keyStart, cursor.keyEnd);
      const value = cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd);
      texts.push(`${key}=${value}@${cursor.timestamp}`);
    }
  }
  return texts;
}

function append(sink: { bytes: Buffer; position: number; reserve(n: number): void }, text: string): void {
  const length = Buffer.byteLength(text);
  sink.reserve(length);
  sink.position += sink.bytes.write(text, sink.position);
}
