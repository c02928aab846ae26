import type { PartitionOffsets, PendingBatch, StoredBatch } from '../../src/broker/broker.js';
import { PRODUCER_EPOCH_AT, PRODUCER_ID_AT, setBaseOffset, writeInt64 } from '../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';
import { BrokerError } from './network.js';

/** A record as the model keeps it beside the bytes. */
export interface ModelRecord {
  /** Of the changelog: the key's bytes as latin1. */
  readonly key: string;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly offset: number;
  /** Of inputs and outputs: which input record this is, or comes from. */
  readonly id: number;
}

/** What a node hands over: real bytes for a changelog, ids for an output, whose bytes nobody reads. */
export interface ModelBatch extends PendingBatch {
  readonly contents?: readonly Pick<ModelRecord, 'key' | 'id'>[];
}

/** One transaction of one producer. */
export interface Transaction {
  readonly producerId: number;
  /** Set once the coordinator has decided. */
  outcome: 'commit' | 'abort' | null;
}

export interface LogBatch extends StoredBatch {
  readonly producerId: number;
  readonly transaction: Transaction | null;
  readonly isControl: boolean;
  readonly contents: readonly ModelRecord[];
}

interface ProducerState {
  epoch: number;
  nextSequence: number;
  /** When it was used last. */
  usedAt: number;
  /** The last batches, to know a repeated one by. */
  recent: { readonly sequence: number; readonly records: number; readonly batch: LogBatch }[];
}

const NO_BYTES = Buffer.alloc(0);
const RECENT_MAX = 5;
/** Kafka's is a day. */
export const FORGOTTEN_AFTER_MS = 250;

/** One partition on its leader: batches, open transactions, the state of producers, and compaction. */
export class PartitionLog {
  /** Readable from here on. */
  start = 0;
  /** The offset the next record gets. */
  end = 0;
  /** What a reader finds. */
  batches: LogBatch[] = [];
  /** All that was ever appended, for the oracles. */
  readonly history: LogBatch[] = [];
  /** Called when there may be more to read. */
  readonly waiting = new Set<() => void>();
  readonly #open = new Map<number, { readonly transaction: Transaction; readonly first: number }>();
  readonly #producers = new Map<number, ProducerState>();
  readonly #horizons = new Map<number, number>();

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly now: () => number,
  ) {}

  /** Where a reader of committed records ends. */
  get stable(): number {
    let stable = this.end;
    for (const { first } of this.#open.values()) if (first < stable) stable = first;
    return stable;
  }

  get offsets(): PartitionOffsets {
    return { start: this.start, end: this.stable };
  }

  /** The transaction that a producer has open here. */
  openTransaction(producerId: number): Transaction | undefined {
    return this.#open.get(producerId)?.transaction;
  }

  /** Where an aborted transaction began here; for the model of a reader that does not know. */
  firstOffset(transaction: Transaction): number {
    return this.history.find((batch) => batch.transaction === transaction)?.baseOffset ?? this.end;
  }

  /** @throws BrokerError */
  append(
    batch: ModelBatch,
    producerId: number,
    epoch: number,
    sequence: number,
    transaction: Transaction | null,
  ): LogBatch {
    const known = this.#producers.get(producerId);
    if (known !== undefined && epoch < known.epoch) throw new BrokerError('INVALID_PRODUCER_EPOCH');
    let state = known;
    if (state === undefined || epoch > state.epoch) {
      if (sequence !== 0) throw new BrokerError('OUT_OF_ORDER_SEQUENCE_NUMBER');
      state = { epoch, nextSequence: 0, usedAt: this.now(), recent: [] };
    }
    const repeated = state.recent.find((r) => r.sequence === sequence && r.records === batch.records);
    if (repeated !== undefined) return repeated.batch;
    if (sequence !== state.nextSequence) throw new BrokerError('OUT_OF_ORDER_SEQUENCE_NUMBER');
    this.#producers.set(producerId, state);
    const stored = this.#store(batch, producerId, epoch, transaction);
    state.nextSequence += batch.records;
    state.usedAt = this.now();
    state.recent.push({ sequence, records: batch.records, batch: stored });
    if (state.recent.length > RECENT_MAX) state.recent.shift();
    if (transaction !== null && !this.#open.has(producerId)) {
      this.#open.set(producerId, { transaction, first: stored.baseOffset });
    }
    this.#changed();
    return stored;
  }

  /** The end of a transaction arrives here. */
  writeMarker(transaction: Transaction, epoch: number): void {
    const { producerId } = transaction;
    const state = this.#producers.get(producerId);
    if (state === undefined)
      this.#producers.set(producerId, { epoch, nextSequence: 0, usedAt: this.now(), recent: [] });
    else if (epoch > state.epoch) {
      state.epoch = epoch;
      state.nextSequence = 0;
      state.recent = [];
    }
    if (this.#open.get(producerId)?.transaction === transaction) this.#open.delete(producerId);
    const offset = this.end++;
    const { topic, partition } = this;
    const marker: LogBatch = {
      topic,
      partition,
      baseOffset: offset,
      lastOffset: offset,
      maxTimestamp: this.now(),
      bytes: NO_BYTES,
      producerId,
      transaction,
      isControl: true,
      contents: [],
    };
    this.batches.push(marker);
    this.history.push(marker);
    this.#changed();
  }

  /** Forgets producers without an open transaction that have been idle for longer than any request is on its way. */
  forgetProducers(): void {
    const now = this.now();
    for (const [id, { usedAt }] of this.#producers) {
      if (!this.#open.has(id) && now - usedAt > FORGOTTEN_AFTER_MS) this.#producers.delete(id);
    }
  }

  /** Deletes what lies before an offset. */
  trim(before: number): void {
    if (before <= this.start) return;
    this.start = before;
    this.batches = this.batches.filter((batch) => batch.lastOffset >= before);
  }

  /**
   * Compaction up to an offset: the last record of each key stays, deletions go once they have been seen by one cleaning and `retentionMs`
   * have passed since, and so does what was aborted. With endless retention no deletion goes.
   */
  clean(before: number, retentionMs: number, movesStart: boolean): void {
    const end = Math.min(before, this.stable);
    const last = new Map<string, number>();
    for (const batch of this.batches) {
      if (batch.lastOffset >= end || batch.transaction?.outcome === 'abort') continue;
      for (const record of batch.contents) last.set(record.key, record.offset);
    }
    const now = this.now();
    const stays = (record: ModelRecord): boolean => {
      if (last.get(record.key) !== record.offset) return false;
      if (record.value !== null) return true;
      const horizon = this.#horizons.get(record.offset);
      if (horizon === undefined && Number.isFinite(retentionMs)) this.#horizons.set(record.offset, now + retentionMs);
      return horizon === undefined || now <= horizon || retentionMs === Number.POSITIVE_INFINITY;
    };
    const kept: LogBatch[] = [];
    for (const batch of this.batches) {
      if (batch.lastOffset >= end) {
        kept.push(batch);
        continue;
      }
      if (batch.isControl || batch.transaction?.outcome === 'abort') continue;
      const contents = batch.contents.filter(stays);
      if (contents.length === batch.contents.length) kept.push(batch);
      else if (contents.length > 0) kept.push({ ...batch, contents, bytes: encode(batch, contents) });
    }
    this.batches = kept;
    if (movesStart) this.start = Math.max(this.start, kept[0]?.baseOffset ?? end);
  }

  #store(batch: ModelBatch, producerId: number, epoch: number, transaction: Transaction | null): LogBatch {
    const { topic, partition, bytes, records } = batch;
    const base = this.end;
    this.end += records;
    let contents: readonly ModelRecord[];
    if (batch.contents === undefined) {
      setBaseOffset(bytes, base);
      writeInt64(bytes, PRODUCER_ID_AT, producerId);
      bytes.writeInt16BE(epoch, PRODUCER_EPOCH_AT);
      contents = decode(bytes);
    } else {
      contents = batch.contents.map(({ key, id }, i) => ({ key, id, value: null, timestamp: 0, offset: base + i }));
    }
    const stored: LogBatch = {
      topic,
      partition,
      baseOffset: base,
      lastOffset: base + records - 1,
      maxTimestamp: this.now(),
      bytes,
      producerId,
      transaction,
      isControl: false,
      contents,
    };
    this.batches.push(stored);
    this.history.push(stored);
    return stored;
  }

  #changed(): void {
    for (const wake of this.waiting) wake();
  }
}

const cursor = new RecordBatchCursor();

function decode(bytes: Buffer): ModelRecord[] {
  const records: ModelRecord[] = [];
  cursor.reset(bytes);
  while (cursor.next()) {
    const { offset, timestamp, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    const value = valueStart < 0 ? null : cursor.bytes.subarray(valueStart, valueEnd);
    records.push({ key: cursor.bytes.toString('latin1', keyStart, keyEnd), value, timestamp, offset, id: -1 });
  }
  return records;
}

function encode(batch: LogBatch, contents: readonly ModelRecord[]): Buffer {
  const builder = new RecordBatchBuilder(512);
  for (const { key, value, timestamp, offset } of contents) {
    const keyBytes = Buffer.from(key, 'latin1');
    builder.begin(timestamp, offset - batch.baseOffset);
    builder.copyFrom(keyBytes, 0, keyBytes.length);
    builder.endKey(false);
    if (value !== null) builder.copyFrom(value, 0, value.length);
    builder.endValue(value === null);
    builder.end(null);
  }
  const bytes = builder.finish(batch.baseOffset, batch.lastOffset - batch.baseOffset);
  writeInt64(bytes, PRODUCER_ID_AT, batch.producerId);
  return bytes;
}
