import type { TopicPartition } from '../../broker.js';
import { type Api, byTopic } from './api.js';

/* The classic transactions, which brokers from 3.x to 4.x understand alike. */

export interface ProducerIdentity {
  readonly producerId: number;
  readonly epoch: number;
}

export interface InitProducerIdRequest {
  /** Null for a producer without transactions. */
  readonly transactionalId: string | null;
  /** After so long the coordinator aborts a transaction that nobody ends, ms. */
  readonly timeoutMs: number;
}

export const INIT_PRODUCER_ID: Api<InitProducerIdRequest, ProducerIdentity & { readonly error: number }> = {
  name: 'InitProducerId',
  key: 22,
  version: 1,
  flexible: false,
  encode(to, { transactionalId, timeoutMs }) {
    to.nullableString(transactionalId);
    to.int32(timeoutMs);
  },
  decode(from) {
    from.int32();
    return { error: from.int16(), producerId: from.int64(), epoch: from.int16() };
  },
};

export interface TransactionRequest extends ProducerIdentity {
  readonly transactionalId: string;
}

export interface AddPartitionsRequest extends TransactionRequest {
  readonly partitions: readonly TopicPartition[];
}

export interface PartitionResult extends TopicPartition {
  readonly error: number;
}

export const ADD_PARTITIONS_TO_TXN: Api<AddPartitionsRequest, readonly PartitionResult[]> = {
  name: 'AddPartitionsToTxn',
  key: 24,
  version: 1,
  flexible: false,
  encode(to, { transactionalId, producerId, epoch, partitions }) {
    to.string(transactionalId);
    to.int64(producerId);
    to.int16(epoch);
    const topics = byTopic(partitions);
    to.arrayLength(topics.size);
    for (const [topic, list] of topics) {
      to.string(topic);
      to.arrayLength(list.length);
      for (const { partition } of list) to.int32(partition);
    }
  },
  decode(from) {
    from.int32();
    return from
      .array((f) => {
        const topic = f.string();
        return f.array((p) => ({ topic, partition: p.int32(), error: p.int16() }));
      })
      .flat();
  },
};

export interface EndTxnRequest extends TransactionRequest {
  readonly commit: boolean;
}

export const END_TXN: Api<EndTxnRequest, { readonly error: number }> = {
  name: 'EndTxn',
  key: 26,
  version: 1,
  flexible: false,
  encode(to, { transactionalId, producerId, epoch, commit }) {
    to.string(transactionalId);
    to.int64(producerId);
    to.int16(epoch);
    to.bool(commit);
  },
  decode(from) {
    from.int32();
    return { error: from.int16() };
  },
};
