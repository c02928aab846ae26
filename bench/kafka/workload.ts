import type { PendingBatch } from '../../src/broker/broker.js';
import type { PlainWriter } from '../../src/broker/cluster-log.js';
import { partitionOfKey } from '../../src/broker/partitioner.js';
import { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';

export const PARTITIONS = 4;
/** Values of the column that `recount` counts by. */
const ITEMS = 10_000;
/** Rows with a smaller quantity, of 0 to 99, pass the filter. */
const QUANTITY_MAX = 50;
const SPAN_MS = 600_000;
const FIRST_TIMESTAMP = 1_700_000_000_000;
/** About what a producer of another make sends at a time. */
const BATCH_BYTES = 64 * 1024;
/** Batches that are sent together. */
const BATCHES_PER_APPEND = 32;

/** What is asked of both sides; the peer's program knows them by the same names. */
export type Query = 'filter' | 'count' | 'recount' | 'latency';

const STREAM =
  'CREATE STREAM BENCH_IN (CUSTOMER STRING KEY, ID BIGINT, ITEM STRING, PRICE DOUBLE, QUANTITY INT, REGION STRING, SESSION_ID STRING, ' +
  "SENT BIGINT, NOTE STRING) WITH (KAFKA_TOPIC='$INPUT', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');";

const SELECTS: Readonly<Record<Query, string>> = {
  filter: `CREATE STREAM BENCH_OUT WITH (KAFKA_TOPIC='$OUTPUT') AS SELECT CUSTOMER, PRICE, QUANTITY FROM BENCH_IN WHERE QUANTITY < ${QUANTITY_MAX};`,
  count:
    "CREATE TABLE BENCH_OUT WITH (KAFKA_TOPIC='$OUTPUT') AS SELECT CUSTOMER, COUNT(*) AS N FROM BENCH_IN WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY CUSTOMER;",
  recount:
    "CREATE TABLE BENCH_OUT WITH (KAFKA_TOPIC='$OUTPUT') AS SELECT ITEM, COUNT(*) AS N FROM BENCH_IN WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY ITEM;",
  latency: `CREATE STREAM BENCH_OUT WITH (KAFKA_TOPIC='$OUTPUT') AS SELECT CUSTOMER, SENT, QUANTITY FROM BENCH_IN WHERE QUANTITY < ${QUANTITY_MAX};`,
};

/** The statements of a query, for the engine. */
export function statements(query: Query, input: string, output: string): readonly string[] {
  return [STREAM.replace('$INPUT', input), SELECTS[query].replace('$OUTPUT', output)];
}

export interface Loaded {
  readonly rows: number;
  /** Rows that the filter lets through. */
  readonly kept: number;
  readonly bytes: number;
}

/** Makes rows of about 160 bytes, the same ones for the same seed, and gathers them in batches by partition of their key. */
export class RowSource {
  kept = 0;
  bytes = 0;

  readonly #keys: number;
  readonly #builders = Array.from({ length: PARTITIONS }, () => new RecordBatchBuilder());
  readonly #scratch = Buffer.alloc(1024);
  #seed = 42;

  constructor(keys: number) {
    this.#keys = keys;
  }

  /**
   * Adds a row to the batch of its partition; answers the partition.
   * @param sent what the column SENT holds
   */
  add(id: number, timestamp: number, sent: number): number {
    const key = `customer_${this.#random(this.#keys)}`;
    const keyLength = this.#scratch.write(key, 'latin1');
    const partition = partitionOfKey(this.#scratch, 0, keyLength, PARTITIONS);
    const builder = this.#builders[partition]!;
    builder.begin(timestamp);
    builder.copyFrom(this.#scratch, 0, keyLength);
    builder.endKey(false);
    const quantity = this.#random(100);
    if (quantity < QUANTITY_MAX) this.kept++;
    const value =
      `{"ID":${id},"ITEM":"item_${this.#random(ITEMS)}","PRICE":${this.#random(100_000) / 100},"QUANTITY":${quantity},` +
      `"REGION":"${REGIONS[this.#random(3)]}","SESSION_ID":"${this.#random(0x7fffffff).toString(16)}${this.#random(0x7fffffff).toString(16)}","SENT":${sent},"NOTE":"keep dry"}`;
    builder.copyFrom(this.#scratch, 0, this.#scratch.write(value, 'latin1'));
    builder.endValue(false);
    builder.end();
    this.bytes += keyLength + value.length;
    return partition;
  }

  /** Bytes gathered for a partition. */
  gathered(partition: number): number {
    return this.#builders[partition]!.byteLength;
  }

  /** What is gathered for a partition, as a batch; null if there is nothing. */
  take(topic: string, partition: number): PendingBatch | null {
    const builder = this.#builders[partition]!;
    const { records } = builder;
    return records === 0 ? null : { topic, partition, records, bytes: builder.finish() };
  }

  #random(n: number): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((this.#seed / 0x80000000) * n);
  }
}

const REGIONS = ['eu-west-1', 'us-east-2', 'ap-south-1'];

/** Writes the input: event times go from one end of ten minutes to the other. */
export async function load(writer: PlainWriter, topic: string, rows: number, keys: number): Promise<Loaded> {
  const source = new RowSource(keys);
  let batches: PendingBatch[] = [];
  let sending: Promise<unknown> = Promise.resolve();
  const send = async (): Promise<void> => {
    await sending;
    sending = writer.append(batches);
    batches = [];
  };
  for (let i = 0; i < rows; i++) {
    const partition = source.add(i, FIRST_TIMESTAMP + Math.floor((i / rows) * SPAN_MS), 0);
    if (source.gathered(partition) < BATCH_BYTES) continue;
    batches.push(source.take(topic, partition)!);
    if (batches.length === BATCHES_PER_APPEND) await send();
  }
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const last = source.take(topic, partition);
    if (last !== null) batches.push(last);
  }
  await send();
  await sending;
  return { rows, kept: source.kept, bytes: source.bytes };
}
