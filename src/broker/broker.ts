/** A topic's settings that the log itself honours. */
export interface TopicConfig {
  readonly partitions: number;
  readonly replicas: number;
  /** `delete`, `compact`, or both. */
  readonly cleanupPolicy: readonly ('delete' | 'compact')[];
  /** By append time, in ms; -1 keeps for ever. */
  readonly retentionMs: number;
}

export interface TopicDescription extends TopicConfig {
  readonly name: string;
  /** Never reused: a topic deleted and made again has another. */
  readonly id: string;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionOffsets {
  readonly start: number;
  /** The offset the next record will get. */
  readonly end: number;
}

/** A stored batch: bytes in Kafka's record-batch format, version 2 (see `record-batch.ts`). */
export interface StoredBatch {
  readonly topic: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly bytes: Buffer;
}

/** Records to append to one partition: a batch in Kafka's format whose base offset the log fills in. */
export interface PendingBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  readonly bytes: Buffer;
}

/** How far one reader (a query) has consumed: the offset it reads next. */
export interface Position extends TopicPartition {
  readonly offset: number;
}

/** Topics: create, delete, list. */
export interface TopicAdmin {
  createTopic(name: string, config: TopicConfig): TopicDescription;
  deleteTopic(name: string): void;
  describeTopic(name: string): TopicDescription | null;
  listTopics(): readonly TopicDescription[];
  offsets(topic: string, partition: number): PartitionOffsets;
}

/** Reads of committed batches. */
export interface LogReader {
  /**
   * Batches that hold offsets >= `fromOffset`, in order, up to about `maxBytes` (at least one batch if there is one).
   * The first may begin before `fromOffset`: the caller skips. Returns [] at the end.
   * @throws SystemError `offset-out-of-range` when `fromOffset` is below the start.
   */
  read(topic: string, partition: number, fromOffset: number, maxBytes: number): StoredBatch[];
  describeTopic(name: string): TopicDescription | null;
  listTopics(): readonly TopicDescription[];
  offsets(topic: string, partition: number): PartitionOffsets;
}

/**
 * The effects of a task (or a group of inserts) between two commits. All of it becomes visible together, or none.
 */
export interface Commit {
  readonly reader: string | null;
  readonly outputs: readonly PendingBatch[];
  readonly positions: readonly Position[];
  /** Called inside the transaction: writes the state stores. Null for plain appends. */
  readonly writeState: (() => void) | null;
}

/** What a commit gave to one output batch. */
export interface Appended extends TopicPartition {
  readonly baseOffset: number;
  readonly lastOffset: number;
}
