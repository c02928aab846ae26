import { type Api, byTopic } from './api.js';
import type { Decoder } from './decoder.js';

export interface ProducePartition {
  readonly topic: string;
  readonly partition: number;
  /** One batch. */
  readonly bytes: Buffer;
}

export interface ProduceRequest {
  readonly transactionalId: string | null;
  /** How long the leader may wait for the replicas in sync, ms. */
  readonly timeoutMs: number;
  readonly partitions: readonly ProducePartition[];
}

export interface ProducedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  readonly baseOffset: number;
  readonly message: string | null;
}

const ALL_IN_SYNC = -1;

/** Appends one batch to each partition; the answer comes when all replicas in sync have it. */
export const PRODUCE: Api<ProduceRequest, readonly ProducedPartition[]> = {
  name: 'Produce',
  key: 0,
  version: 9,
  flexible: true,
  encode(to, { transactionalId, timeoutMs, partitions }) {
    to.compactNullableString(transactionalId);
    to.int16(ALL_IN_SYNC);
    to.int32(timeoutMs);
    const topics = byTopic(partitions);
    to.compactArrayLength(topics.size);
    for (const [topic, batches] of topics) {
      to.compactString(topic);
      to.compactArrayLength(batches.length);
      for (const { partition, bytes } of batches) {
        to.int32(partition);
        to.compactBytes(bytes);
        to.noTags();
      }
      to.noTags();
    }
    to.noTags();
  },
  decode(from) {
    const partitions: ProducedPartition[] = [];
    for (let topics = from.compactArrayLength(); topics > 0; topics--) {
      const topic = from.compactString();
      for (let left = from.compactArrayLength(); left > 0; left--) partitions.push(partition(from, topic));
      from.skipTags();
    }
    return partitions;
  },
};

function partition(from: Decoder, topic: string): ProducedPartition {
  const index = from.int32();
  const error = from.int16();
  const baseOffset = from.int64();
  from.int64();
  from.int64();
  let recordMessage: string | null = null;
  for (let errors = from.compactArrayLength(); errors > 0; errors--) {
    from.int32();
    recordMessage = from.compactNullableString() ?? recordMessage;
    from.skipTags();
  }
  const message = from.compactNullableString() ?? recordMessage;
  from.skipTags();
  return { topic, partition: index, error, baseOffset, message };
}
