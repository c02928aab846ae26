import type { PendingBatch } from '../../src/broker/broker.js';
import type { InputPosition } from '../../src/executor/shard/position-record.js';
import type { ShardEffects, ShardWork } from '../../src/executor/shard/shard-ports.js';
import type { SystemError } from '../../src/model/errors.js';
import { OUTPUT_TOPIC } from './cluster.js';
import type { ModelState } from './disk.js';
import type { LogBatch, ModelBatch } from './partition-log.js';
import type { Random } from './random.js';
import type { ModelReader, ModelReaders } from './readers.js';

/** Counts run up to this and begin again with no row, so that rows are deleted, too. */
export const COUNT_MODULUS = 3;
/** A few results fill the shard's limit of what may wait for a commit. */
const BYTES_PER_RESULT = 8 * 1024 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** The changelog key of an input key. */
export function stateKey(key: string): string {
  return `\u0001\u000a${key}`;
}

/** The output partition that a key goes to. */
export function outputPartition(key: string, partitions: number): number {
  return key.charCodeAt(0) % partitions;
}

interface Lane {
  position: InputPosition;
  readonly reader: ModelReader;
  readonly batches: LogBatch[];
}

/** Counts inputs by key; each input gives an output that names it. */
export class CountingWork implements ShardWork {
  touched = false;
  lags = false;
  readonly #state: ModelState;
  readonly #random: Random;
  readonly #outputPartitions: number;
  readonly #lanes: readonly Lane[];
  #outputs: { readonly key: string; readonly id: number }[][];
  #pending = 0;

  constructor(
    state: ModelState,
    positions: readonly InputPosition[],
    readers: ModelReaders,
    outputPartitions: number,
    random: Random,
    onChange: () => void,
  ) {
    this.#state = state;
    this.#random = random;
    this.#outputPartitions = outputPartitions;
    this.#lanes = positions.map((position) => {
      const { topic, topicId, partition, offset } = position;
      return { position, reader: readers.open(topic, topicId, partition, offset, { onChange }), batches: [] };
    });
    this.#outputs = this.#noOutputs();
  }

  get pendingBytes(): number {
    return this.#pending * BYTES_PER_RESULT;
  }

  get failure(): SystemError | null {
    return this.#lanes.find(({ reader }) => reader.failure !== null)?.reader.failure ?? null;
  }

  advance(expired: () => boolean): number {
    let processed = 0;
    const first = this.#random.below(this.#lanes.length);
    for (let i = 0; i < this.#lanes.length; i++) {
      const lane = this.#lanes[(first + i) % this.#lanes.length]!;
      while (!expired() && this.#next(lane)) processed++;
    }
    return processed;
  }

  collect(): ShardEffects {
    const outputs: PendingBatch[] = [];
    this.#outputs.forEach((contents, partition) => {
      if (contents.length === 0) return;
      const batch: ModelBatch = { topic: OUTPUT_TOPIC, partition, records: contents.length, bytes: NO_BYTES, contents };
      outputs.push(batch);
    });
    this.#outputs = this.#noOutputs();
    this.#pending = 0;
    this.touched = false;
    this.lags = this.#random.chance(0.6);
    return { outputs, inputs: this.#lanes.map(({ position }) => position) };
  }

  committed(): void {}

  close(): void {
    for (const { reader } of this.#lanes) reader.close();
  }

  /** Processes one record of a partition, if there is one. */
  #next(lane: Lane): boolean {
    for (;;) {
      if (lane.batches.length === 0) lane.batches.push(...lane.reader.take(1));
      const batch = lane.batches[0];
      if (batch === undefined) return false;
      const record = batch.contents.find(({ offset }) => offset >= lane.position.offset);
      if (record === undefined) {
        lane.batches.shift();
        continue;
      }
      const { key, id, offset } = record;
      const row = stateKey(key);
      this.#state.put(row, (this.#state.get(row) + 1) % COUNT_MODULUS);
      this.#outputs[outputPartition(key, this.#outputPartitions)]!.push({ key, id });
      this.#pending++;
      lane.position = { ...lane.position, offset: offset + 1, streamTime: offset };
      this.touched = true;
      return true;
    }
  }

  #noOutputs(): { readonly key: string; readonly id: number }[][] {
    return Array.from({ length: this.#outputPartitions }, () => []);
  }
}
