import { SystemError } from '../model/errors.js';
import type {
  Appended,
  PartitionOffsets,
  PendingBatch,
  Position,
  StoredBatch,
  TopicConfig,
  TopicPartition,
} from './broker.js';

/*
 * The log that many nodes share: the second port beside `broker.ts`. Everything here waits for a network; the tasks never see it. A shard
 * reads through a `BatchReader`, and writes through a `TransactionalWriter` or a `PlainWriter`.
 */

/** A topic as the cluster describes it. */
export interface ClusterTopic {
  readonly name: string;
  /** Never reused: a topic deleted and made again has another. */
  readonly id: string;
  readonly partitions: number;
  readonly replicas: number;
}

/** A topic with its settings by Kafka's names (`retention.ms`, `cleanup.policy`). */
export interface ClusterTopicRequest {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** The request for a topic; what the cluster has a default for is left to it. */
export function topicRequest(name: string, config: TopicConfig): ClusterTopicRequest {
  const { partitions, replicas, cleanupPolicy, retentionMs, retentionIsDefault = false } = config;
  const settings = {
    'cleanup.policy': cleanupPolicy.join(','),
    ...(retentionIsDefault ? {} : { 'retention.ms': String(retentionMs) }),
  };
  return { name, partitions, replicas, settings };
}

/** Topics of the cluster, and where partitions begin and end. Every call asks the cluster. */
export interface ClusterTopics {
  /** In the order of the names; null for one that does not exist. */
  describe(names: readonly string[]): Promise<readonly (ClusterTopic | null)[]>;
  list(): Promise<readonly ClusterTopic[]>;
  /** The settings in force of each topic, in order. @throws LogError for a topic that does not exist */
  settings(names: readonly string[]): Promise<readonly Readonly<Record<string, string>>[]>;
  /** Answers once the topic can be used. @throws LogError `topic-exists`, once that one can be used */
  create(request: ClusterTopicRequest): Promise<ClusterTopic>;
  /** A topic that does not exist is no error. */
  delete(name: string): Promise<void>;
  /**
   * Where each partition begins, and where a reader of committed records ends: at the first open transaction, or at the end.
   * @throws LogError `unknown-topic`
   */
  offsets(partitions: readonly TopicPartition[]): Promise<readonly PartitionOffsets[]>;
  /** Deletes what lies before these offsets. */
  trim(before: readonly Position[]): Promise<void>;
}

/** Makes a topic, or finds the one of this name that somebody else has just made; null if that is gone again. */
export async function createOrFindTopic(
  topics: ClusterTopics,
  request: ClusterTopicRequest,
): Promise<ClusterTopic | null> {
  try {
    return await topics.create(request);
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'topic-exists') throw error;
    const [found] = await topics.describe([request.name]);
    return found ?? null;
  }
}

/** What a reader of a partition hears. */
export interface BatchReaderEvents {
  /** There is more to take, or `end` or `next` have moved, or `failure` is set. May be called at any time but not from within `take`. */
  readonly onChange: () => void;
}

/**
 * Reads one partition onwards from an offset, ahead of whoever takes. Only committed records come: batches of aborted transactions and
 * markers are left out, and `next` passes over them.
 */
export interface BatchReader {
  readonly topic: string;
  readonly partition: number;
  /** Where a reader of committed records ends, as last heard; -1 before the first answer. */
  readonly end: number;
  /** The offset after everything that `take` has handed out or left out; where the reader began, at first. */
  readonly next: number;
  /** Bytes waiting to be taken. */
  readonly waitingBytes: number;
  /** Set once reading cannot go on: `offset-out-of-range`, `topic-recreated`, `unknown-topic`, `corrupt-batch`, ... Never reset in silence. */
  readonly failure: SystemError | null;
  /** The batches that wait, up to about so many bytes, in order; at least one if there is any. The first may begin before the offset asked for. */
  take(bytesMax: number): readonly StoredBatch[];
  close(): void;
}

/** Opens readers that share connections. One object a thread, so that no other request waits behind a parked one. */
export interface BatchReaders {
  /** @param topicId the topic as it was when the caller began: another topic of the same name is `topic-recreated` */
  open(topic: string, topicId: string, partition: number, from: number, events: BatchReaderEvents): BatchReader;
  close(): Promise<void>;
}

/**
 * A producer of one transactional id. Every call either succeeds or leaves the outcome unknown; after any rejection the object is of no use
 * any more: throw it away and open another (reliability: never abort and go on, never ask again with the same epoch and go on).
 */
export interface TransactionalWriter {
  readonly producerId: number;
  readonly epoch: number;
  /** Makes partitions part of the transaction, beginning one if need be; answers when the coordinator has. */
  addPartitions(partitions: readonly TopicPartition[]): Promise<void>;
  /**
   * Appends batches, in order for each partition, inside the transaction; every partition must have been added and answered for. Takes over the
   * batches: producer id, epoch and sequence are written into them. Answers when all are acknowledged, one an input batch, in order.
   */
  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]>;
  /** Ends the transaction. A commit that is answered is durable and visible, or will be without fail. */
  end(outcome: 'commit' | 'abort'): Promise<void>;
  /** Forgets the writer; sends nothing. */
  close(): void;
}

/** Appends outside of transactions, idempotently. */
export interface PlainWriter {
  /** Stands in the header of every batch that it writes; another one once the brokers have forgotten it. */
  readonly producerId: number;
  /** Answers when all batches are acknowledged by all replicas in sync, one an input batch, in order. Takes over the batches. */
  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]>;
  close(): void;
}

export interface Writers {
  /**
   * Fences whoever wrote with this id before, ends what they left open, and waits until what they had prepared is finished: what is read after
   * this answer is final. Tries again by itself while the cluster is not ready.
   */
  transactional(id: string, timeoutMs: number): Promise<TransactionalWriter>;
  plain(): Promise<PlainWriter>;
}

/** What to do about a failed call of the shared log. */
export type LogFailure =
  /** Another owner of the transactional id has come, or the id has expired: ask the group who owns the shard. */
  | 'fenced'
  /** Nobody knows whether it happened: throw away all memory of it and recover. */
  | 'uncertain'
  /** It did not happen and will not: the request itself is refused (too large, not authorised, no such topic). */
  | 'refused'
  /** It did not happen; the cluster cannot be reached or is not ready. */
  | 'unavailable';

/** A failure of the shared log: what happened to the call, beside the cause. */
export class LogError extends SystemError {
  readonly failure: LogFailure;
  /** Whether the connection was refused, whatever it was for: no fault of the call, and well again once credentials or certificates are. */
  readonly ofConnection: boolean;

  constructor(
    failure: LogFailure,
    message: string,
    options: {
      readonly code: string;
      readonly hint?: string;
      readonly cause?: unknown;
      readonly ofConnection?: boolean;
    },
  ) {
    super(message, { ...options, retriable: failure !== 'refused' });
    this.failure = failure;
    this.ofConnection = options.ofConnection ?? false;
  }
}

/** One node among those that share the work, as the leader of the group sees it. */
export interface GroupMemberData {
  readonly memberId: string;
  /** What the member said of itself when it joined. */
  readonly data: Buffer;
}

export interface GroupEvents {
  /** What this node says of itself; asked at every join. */
  describe(): Buffer;
  /** Called on the leader: what each member is told, by member id. */
  assign(members: readonly GroupMemberData[]): ReadonlyMap<string, Buffer>;
  /** A new generation: what the leader told this node. */
  assigned(data: Buffer, generation: number): void;
  /** The group has been out of reach for longer than the session: whatever this node owns may belong to others by now. */
  lost(reason: string): void;
}

/** Membership of this node in the group of its service. Joins, beats and rejoins by itself until closed. */
export interface GroupMembership {
  /** Whether this node decides who gets what, in the current generation. */
  readonly isLeader: boolean;
  /** Asks for a new distribution; on the leader when the work has changed. */
  rejoin(): void;
  /** Resolves once the group has confirmed that this node is a member of the current generation. @throws LogError `unavailable` */
  confirm(): Promise<void>;
  /** @param leave whether the others are told, so that they need not wait for the session to run out */
  close(leave: boolean): Promise<void>;
}
