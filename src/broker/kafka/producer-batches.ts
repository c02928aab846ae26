import type { TopicPartition } from '../broker.js';
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  CRC_AT,
  checksum,
  LEADER_EPOCH_AT,
  lastOffsetDelta,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  setBaseOffset,
  TRANSACTIONAL_BIT,
  writeInt64,
} from '../record-batch.js';
import type { ProducerIdentity } from './wire/transactions.js';

const SEQUENCES = 2 ** 31;

/** The numbers that a producer gives the records of each partition, without a gap; after 2^31 - 1 comes 0. */
export class SequenceNumbers {
  readonly #next = new Map<string, number>();

  /** The number of the next record. */
  of(partition: TopicPartition): number {
    return this.#next.get(partitionKey(partition)) ?? 0;
  }

  advance(partition: TopicPartition, records: number): void {
    this.#next.set(partitionKey(partition), (this.of(partition) + records) % SEQUENCES);
  }
}

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`;
}

/** Records that a batch stands for, as a broker counts them. */
export function sequencesOf(batch: Buffer): number {
  return lastOffsetDelta(batch) + 1;
}

/** Makes a batch one of this producer's. */
export function signBatch(
  batch: Buffer,
  { producerId, epoch }: ProducerIdentity,
  baseSequence: number,
  transactional: boolean,
): void {
  setBaseOffset(batch, 0);
  batch.writeInt32BE(-1, LEADER_EPOCH_AT);
  const attributes = batch.readInt16BE(ATTRIBUTES_AT);
  batch.writeInt16BE(transactional ? attributes | TRANSACTIONAL_BIT : attributes & ~TRANSACTIONAL_BIT, ATTRIBUTES_AT);
  writeInt64(batch, PRODUCER_ID_AT, producerId);
  batch.writeInt16BE(epoch, PRODUCER_EPOCH_AT);
  batch.writeInt32BE(baseSequence, BASE_SEQUENCE_AT);
  batch.writeUInt32BE(checksum(batch, 0, batch.length), CRC_AT);
}
