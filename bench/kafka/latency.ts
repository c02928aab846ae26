import { setTimeout as sleep } from 'node:timers/promises';
import type { PendingBatch } from '../../src/broker/broker.js';
import type { BenchCluster } from './cluster.js';
import { TopicReader } from './read-topic.js';
import { PARTITIONS, RowSource } from './workload.js';

const TICK_MS = 5;
const KEYS = 10_000;
/** Whoever fell behind sends this much at a time, so that batches stay below what a broker takes. */
const ROWS_PER_TICK_MAX = 10_000;
/** Rows of the first seconds, while the side warms up, are not counted. */
export const WARM_UP_SECONDS = 10;
/** The reader ends when nothing has come for so long. */
const IDLE_MS = 5_000;
/** Tenths of a millisecond; what took longer is counted with the longest. */
const SLOTS = 600_000;

export interface Latency {
  readonly rows: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Produced {
  readonly rowsPerSecond: number;
}

/** Microseconds since 1970, by a clock that all processes of the machine share. */
function nowMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Sends rows at a steady rate, stamped with the time of their sending. For a process of its own. */
export async function runProducer(
  cluster: BenchCluster,
  topic: string,
  rate: number,
  seconds: number,
): Promise<Produced> {
  const source = new RowSource(KEYS);
  const writer = await cluster.plainWriter();
  const startedMs = performance.now();
  let sent = 0;
  while (sent < rate * seconds) {
    const behind = Math.floor((rate * (performance.now() - startedMs)) / 1000);
    const due = Math.min(rate * seconds, behind, sent + ROWS_PER_TICK_MAX);
    for (; sent < due; sent++) source.add(sent, Date.now(), nowMicros());
    const batches: PendingBatch[] = [];
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const batch = source.take(topic, partition);
      if (batch !== null) batches.push(batch);
    }
    if (batches.length > 0) await writer.append(batches);
    await sleep(TICK_MS);
  }
  const took = (performance.now() - startedMs) / 1000;
  writer.close();
  return { rowsPerSecond: sent / took };
}

/** Reads an output at read_committed, and tells how old rows were when they came. For a process of its own. */
export async function runReader(cluster: BenchCluster, output: string): Promise<Latency> {
  const readers = cluster.readers();
  const reader = new TopicReader(readers, await cluster.topic(output), PARTITIONS);
  const slots = new Uint32Array(SLOTS);
  let rows = 0;
  let max = 0;
  let warmAt = 0;
  let lastMs = performance.now();
  let now = 0;
  let asked = 0;
  await reader.readUntil(
    () => rows > 0 && performance.now() - lastMs > IDLE_MS,
    ({ bytes, valueStart, valueEnd }) => {
      if ((asked++ & 0xff) === 0 || performance.now() - lastMs > 1) {
        lastMs = performance.now();
        now = nowMicros();
      }
      const sent = Number(/"SENT":(\d+)/.exec(bytes.toString('latin1', valueStart, valueEnd))![1]);
      if (warmAt === 0) warmAt = sent + WARM_UP_SECONDS * 1_000_000;
      if (sent < warmAt) return;
      const took = Math.max(0, now - sent) / 1000;
      rows++;
      if (took > max) max = took;
      slots[Math.min(SLOTS - 1, Math.floor(took * 10))]!++;
    },
  );
  reader.close();
  await readers.close();
  return { rows, p50: quantile(slots, rows, 0.5), p99: quantile(slots, rows, 0.99), max };
}

function quantile(slots: Uint32Array, rows: number, share: number): number {
  let left = Math.ceil(rows * share);
  for (let slot = 0; slot < slots.length; slot++) {
    left -= slots[slot]!;
    if (left <= 0) return (slot + 1) / 10;
  }
  return slots.length / 10;
}
