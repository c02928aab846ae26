import type { Api } from './api.js';
import type { Decoder } from './decoder.js';

export interface FetchPartition {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  readonly bytesMax: number;
}

export interface FetchRequest {
  /** How long the broker may wait for `bytesMin`, ms. */
  readonly waitMs: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
  /** The broker fills its answer in this order until `bytesMax`. */
  readonly partitions: readonly FetchPartition[];
}

/** A transaction that was aborted: its batches are those of the producer from this offset up to the producer's next marker. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface FetchedPartition {
  readonly topicId: string;
  readonly partition: number;
  readonly error: number;
  /** Where committed reading ends; -1 with an error. */
  readonly lastStableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Batches, the last of which may be cut: a view of the answer. */
  readonly records: Buffer | null;
}

export interface FetchAnswer {
  readonly error: number;
  /** Bytes of the whole answer, which a view of it keeps alive. */
  readonly byteLength: number;
  readonly partitions: readonly FetchedPartition[];
}

const READ_COMMITTED = 1;
const NO_SESSION = -1;
const NONE: readonly AbortedTransaction[] = [];

/** Committed records by topic id. Version 13 is the first that knows a topic by its id alone. */
export const FETCH: Api<FetchRequest, FetchAnswer> = {
  name: 'Fetch',
  key: 1,
  version: 13,
  flexible: true,
  encode(to, { waitMs, bytesMin, bytesMax, partitions }) {
    to.int32(-1);
    to.int32(waitMs);
    to.int32(bytesMin);
    to.int32(bytesMax);
    to.int8(READ_COMMITTED);
    to.int32(0);
    to.int32(NO_SESSION);
    // The order is what matters, so a topic may be named many times.
    to.compactArrayLength(partitions.length);
    for (const { topicId, partition, offset, bytesMax } of partitions) {
      to.uuid(topicId);
      to.compactArrayLength(1);
      to.int32(partition);
      to.int32(-1);
      to.int64(offset);
      to.int32(-1);
      to.int64(-1);
      to.int32(bytesMax);
      to.noTags();
      to.noTags();
    }
    to.compactArrayLength(0);
    to.compactString('');
    to.noTags();
  },
  decode(from) {
    from.int32();
    const error = from.int16();
    from.int32();
    const partitions: FetchedPartition[] = [];
    for (let topics = from.compactArrayLength(); topics > 0; topics--) {
      const topicId = from.uuid();
      for (let left = from.compactArrayLength(); left > 0; left--) partitions.push(partition(from, topicId));
      from.skipTags();
    }
    return { error, byteLength: from.byteLength, partitions };
  },
};

function partition(from: Decoder, topicId: string): FetchedPartition {
  const index = from.int32();
  const error = from.int16();
  from.int64();
  const lastStableOffset = from.int64();
  from.int64();
  const aborted = abortedTransactions(from);
  from.int32();
  const records = from.compactNullableBytes();
  from.skipTags();
  return { topicId, partition: index, error, lastStableOffset, aborted, records };
}

function abortedTransactions(from: Decoder): readonly AbortedTransaction[] {
  const length = from.compactArrayLength();
  if (length === 0) return NONE;
  const list: AbortedTransaction[] = [];
  for (let i = 0; i < length; i++) {
    list.push({ producerId: from.int64(), firstOffset: from.int64() });
    from.skipTags();
  }
  return list;
}
