/** A topic's settings that the log itself honours. */
export interface TopicConfig {
  readonly partitions: number;
  /** -1: as many as the log has by default. */
  readonly replicas: number;
  /** `delete`, `compact`, or both. */
  readonly cleanupPolicy: readonly ('delete' | 'compact')[];
  /** By append time, in ms; -1 keeps for ever. */
  readonly retentionMs: number;
  /** A log that has a default of its own takes that instead of `retentionMs`. */
  readonly retentionIsDefault?: boolean;
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
 * The log as statements see it, from the main thread: what topics there are as of the last `refresh`, and reads of committed batches that may
 * have to wait for a network.
 */
export interface LogView {
  /** Brings what `describeTopic` and `listTopics` tell up to date: called before a statement is planned, and where one is executed. */
  refresh(): Promise<void>;
  /** As of the last refresh. */
  describeTopic(name: string): TopicDescription | null;
  /** As of the last refresh. */
  listTopics(): readonly TopicDescription[];
  /** As they are now. @throws SystemError `unknown-topic`, `unknown-partition` */
  offsets(topic: string, partition: number): Promise<PartitionOffsets>;
  /**
   * Batches that hold offsets >= `fromOffset`, in order, up to about `maxBytes` (at least one batch if there is one). The first may begin
   * before `fromOffset`, offsets may be missing within and between batches, and batches of control records may be among them: the caller
   * skips, and goes on after the last offset of the last batch. [] when there is nothing more for now.
   * @throws SystemError `offset-out-of-range` when `fromOffset` is below the start
   */
  read(topic: string, partition: number, fromOffset: number, maxBytes: number): Promise<readonly StoredBatch[]>;
  /**
   * Calls back whenever a topic may have grown since the last call, never from within this one.
   * @returns ends the calls
   */
  tail(topic: string, onAppended: () => void): () => void;
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
