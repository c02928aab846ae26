import type { PendingBatch, Position, StoredBatch } from '../../broker/broker.js';

/**
 * One pipeline on one partition number of its inputs. Synchronous: nothing here awaits. The runner fetches batches,
 * offers them, lets the task process, and commits.
 */
export interface Task {
  readonly queryId: string;
  readonly partition: number;
  /** The topics this task reads at its partition (repartition topics of the same query included). */
  readonly inputs: readonly string[];
  /** The offset to fetch next for an input: just after what was offered last. */
  fetchOffset(topic: string): number;
  /** Sets where an input begins; only before its first batch. */
  seek(topic: string, offset: number): void;
  /** Queues a batch; batches of one topic come in order. */
  offer(batch: StoredBatch): void;
  /** Bytes queued and not yet processed for an input; the runner stops fetching above a limit. */
  queuedBytes(topic: string): number;
  /** Timestamp of the earliest queued record over all inputs; Infinity when nothing is queued. */
  headTimestamp(): number;
  /** Whether an input has to wait for the schemas of its records; nothing is processed meanwhile. */
  readonly waits: boolean;
  /** Whether an input has queued records. */
  hasQueued(topic: string): boolean;
  /**
   * Processes queued records in timestamp order over all inputs while their timestamp is <= `untilTimestamp`, at most about `maxRecords`.
   * Ends early when an input has run out, so that its next batch can be offered before the others go on.
   * Returns how many were processed. Record errors are reported; anything else it throws means that the task is broken and must be closed without commit.
   */
  process(untilTimestamp: number, maxRecords: number): number;
  /** Emits what caching has held back; called once before each commit. */
  beforeCommit(): void;
  /** For each input the offset of the first record not yet processed. */
  positions(): readonly Position[];
  /** Greatest event time seen; -1 before the first record. */
  readonly streamTime: number;
  readonly rowsIn: number;
  readonly rowsOut: number;
  close(): void;
}

/** Collects what tasks write between two commits, as record batches by topic and partition. */
export interface OutputBuffer {
  /** Closes the open batches and hands over everything collected since the last call, in order of writing per partition. */
  take(): PendingBatch[];
  /** Estimated bytes collected. */
  readonly bytes: number;
  /** Drops everything collected. */
  clear(): void;
}
