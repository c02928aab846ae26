import { setTimeout as sleep } from 'node:timers/promises';
import { INPUT, PARTITIONS, recordOf, topicOf, valueText } from './workload.mjs';

const TICK_MS = 40;
const RETRY_MS = 200;
const BATCH_RECORDS_MAX = 4_000;

/**
 * Brings records in for as long as it runs, and knows which of them were acknowledged, and where. A batch whose fate is unknown is not sent
 * again: its ids may be there or not.
 */
export class Load {
  /** `{ id, partition, offset }` of each acknowledged record. */
  acknowledged = [];
  /** Records whose batch failed. */
  uncertain = 0;
  #client;
  #kafka;
  #random;
  #rate;
  #startMs = Date.now();
  #number = 0;
  /** Records that come in beside those of the rate. */
  #extra = 0;
  #topic;
  #writer = null;
  #running = null;
  #stopping = false;

  /** @param rate records a second */
  constructor({ client, kafka, random, rate, run }) {
    this.#topic = topicOf(run, INPUT);
    this.#client = client;
    this.#kafka = kafka;
    this.#random = random;
    this.#rate = rate;
  }

  start() {
    this.#stopping = false;
    this.#running ??= this.#run();
  }

  /** So many records more come in at once. */
  burst(records) {
    this.#extra += records;
  }

  /** Resolves when nothing is on its way any more. */
  async stop() {
    this.#stopping = true;
    await this.#running;
    this.#running = null;
  }

  async close() {
    await this.stop();
    this.#writer?.close();
    this.#writer = null;
  }

  async #run() {
    let last = performance.now();
    while (!this.#stopping) {
      await sleep(TICK_MS);
      const now = performance.now();
      const due = Math.min(Math.round(((now - last) * this.#rate) / 1000), this.#rate);
      const count = due + this.#extra;
      if (count === 0) continue;
      last = now;
      this.#extra = 0;
      const batches = this.#batches(count);
      try {
        this.#writer ??= await this.#kafka.writers.plain();
        const places = await this.#writer.append(batches.map(({ batch }) => batch));
        batches.forEach(({ ids, batch }, i) => {
          const first = places[i].baseOffset;
          ids.forEach((id, j) => this.acknowledged.push({ id, partition: batch.partition, offset: first + j }));
        });
      } catch {
        for (const { ids } of batches) this.uncertain += ids.length;
        this.#writer?.close();
        this.#writer = null;
        await sleep(RETRY_MS);
      }
    }
  }

  #batches(count) {
    const { RecordBatchBuilder, partitionOfKey } = this.#client;
    const lists = [];
    const byPartition = new Map();
    for (let i = 0; i < count; i++) {
      const record = recordOf(this.#number++, this.#random, this.#startMs);
      const key = Buffer.from(record.key);
      const partition = partitionOfKey(key, 0, key.length, PARTITIONS);
      let list = byPartition.get(partition);
      if (list === undefined || list.length === BATCH_RECORDS_MAX) {
        list = [];
        byPartition.set(partition, list);
        lists.push({ partition, list });
      }
      list.push({ key, record });
    }
    return lists.map(({ partition, list }) => {
      const builder = new RecordBatchBuilder();
      for (const { key, record } of list) builder.append(record.time, key, Buffer.from(valueText(record)), null);
      const batch = { topic: this.#topic, partition, records: list.length, bytes: builder.finish() };
      return { batch, ids: list.map(({ record }) => record.id) };
    });
  }
}
