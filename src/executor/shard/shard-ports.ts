import type { PendingBatch, StoredBatch } from '../../broker/broker.js';
import type { BatchReaders, ClusterTopics, Writers } from '../../broker/cluster-log.js';
import type { SystemError } from '../../model/errors.js';
import type { ChangeRecords } from '../../state/state-store.js';
import type { Failpoints } from './failpoints.js';
import type { InputPosition, ShardPosition } from './position-record.js';

/** Where a shard's results may be seen and repeated: `processing.guarantee`. */
export type ProcessingGuarantee = 'exactly_once_v2' | 'at_least_once';

/**
 * A shard: the partitions p of one query with p mod count = index, in all of its stages. It is owned, committed and moved as a whole.
 */
export interface ShardId {
  readonly queryId: string;
  readonly index: number;
  readonly count: number;
}

/** What a shard has done since it was last collected. */
export interface ShardEffects {
  /** In order of writing for each partition. */
  readonly outputs: readonly PendingBatch[];
  /** Where each input stands, all of them. */
  readonly inputs: readonly InputPosition[];
}

/**
 * The tasks of a shard between its inputs and its effects. Synchronous. Anything that `advance` or `collect` throws means that the work is
 * broken: close it and open another from the last commit.
 */
export interface ShardWork {
  /** Processes for about the given time. Returns how many records it has processed. */
  advance(expired: () => boolean): number;
  /** Whether something was processed since `collect`. */
  readonly touched: boolean;
  /** As of the last `collect`: whether more was waiting to be processed than had just been, so that commit follows commit. */
  readonly lags: boolean;
  /** Estimated bytes of results and changed state since `collect`. */
  readonly pendingBytes: number;
  /** Set once an input cannot be read on. */
  readonly failure: SystemError | null;
  /** Hands the effects over; what is processed from now on belongs to the next epoch. */
  collect(): ShardEffects;
  /** What was collected is durable. */
  committed(): void;
  close(): void;
}

/**
 * The local file of a shard. Its rows equal the fold of the changelog up to its position: it may be behind the log, and never ahead of it.
 * Calls that write throw SystemError `disk-full` and the like when the file takes nothing.
 */
export interface ShardState {
  /** As of the last commit that the file has; null for a file that holds nothing. */
  readonly position: ShardPosition | null;
  /**
   * Reports what has changed since the last call, and writes it in a transaction that stays open, together with all that earlier calls have left.
   * @param mayStayBehind whether the writing may be left to a later call
   * @returns the fingerprint of the state with these changes
   */
  stage(records: ChangeRecords, mayStayBehind: boolean): string;
  /** What was staged or applied stands: commits it with the position that it stands for, unless it was left to a later call; then `position` stays. */
  commit(position: ShardPosition): void;
  /**
   * Writes and commits what commits have left in memory.
   * @param position that of the last commit; nothing has changed since
   */
  catchUp(position: ShardPosition): void;
  /** Undoes what was staged or applied. Stores that were open are of no use any more. */
  rollback(): void;
  /** Applies a record of the changelog to the file, in a transaction that stays open. A negative `valueStart` is a deletion. */
  apply(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void;
  /** The fingerprint of what is staged or applied. */
  fingerprint(): string;
  /** The fingerprint worked out from every row anew. */
  rehash(): string;
  /** Puts the file aside, under another name that is returned, and begins with an empty one. */
  quarantine(): string;
  /** Commits nothing; releases the file. */
  close(): void;
}

/** Where the changelog of a shard lies. */
export interface ChangelogPlace {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/** An input partition as it is when a shard opens. */
export interface ShardInput {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** Whether `latest` applies to it. */
  readonly mayStartLate: boolean;
}

/** What a shard is made of. */
export interface ShardParts {
  readonly id: ShardId;
  readonly transactionalId: string;
  readonly guarantee: ProcessingGuarantee;
  readonly node: string;
  readonly planFingerprint: string;
  /** Where the query begins on inputs without a position. */
  readonly start: 'earliest' | 'latest';
  /** How long a local copy may have slept before deletions that it missed can be gone from the log, in ms. */
  readonly tombstoneRetentionMs: number;
  readonly transactionTimeoutMs: number;
  readonly writers: Writers;
  readonly readers: BatchReaders;
  readonly topics: Pick<ClusterTopics, 'offsets'>;
  /** The changelog and inputs as they are now; makes topics that are missing and the shard's to make. */
  readonly resolve: () => Promise<{ readonly changelog: ChangelogPlace; readonly inputs: readonly ShardInput[] }>;
  /** Opens the file. @throws SystemError `file-in-use` while another owner of this machine has not let go */
  readonly openState: () => ShardState;
  readonly openWork: (state: ShardState, inputs: readonly InputPosition[]) => ShardWork;
  /** Whether the group says that this node owns the shard; asks it anew. */
  readonly confirmOwner: () => Promise<boolean>;
  readonly failpoints: Failpoints;
  /** Wall-clock time in ms. */
  readonly now: () => number;
  /** Milliseconds that only grow: for measuring. */
  readonly elapsed: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Called when there may be work or the state has changed. */
  readonly onChange: () => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** A batch of a changelog with where it ends. */
export type ChangelogBatch = Pick<StoredBatch, 'baseOffset' | 'lastOffset' | 'bytes'>;
