import type { Appended, PendingBatch, Position, TopicConfig } from '../../broker/broker.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import type { TransientRow } from '../task/transient-rows.js';

/** Where a query begins on partitions that it has no position for. */
export type StartOffset = 'earliest' | 'latest';

/** One change of the catalog's command log, written in the transaction that makes it true. */
export interface CatalogCommand {
  /** For the engine alone: the stream thread stores it as it is. */
  readonly text: string;
}

export type QueryState = 'RUNNING' | 'PAUSED' | 'ERROR';

/** Counters of one query since it was started in this process. */
export interface QueryStatus {
  readonly queryId: string;
  readonly state: QueryState;
  /** Why it stopped, with state ERROR. */
  readonly error: string | null;
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** Records given up, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Greatest event time seen, in ms; null before the first record. */
  readonly streamTime: number | null;
  readonly positions: readonly (Position & { readonly end: number; readonly streamTime: number | null })[];
}

export type ThreadEvent =
  /** After each commit: new end offsets of the partitions that grew. */
  | { readonly kind: 'committed'; readonly ends: readonly (Appended & { readonly end: number })[] }
  | { readonly kind: 'rows'; readonly queryId: string; readonly rows: readonly TransientRow[] }
  /** A transient query has ended: by LIMIT, at its end offsets, or with an error. */
  | {
      readonly kind: 'ended';
      readonly queryId: string;
      readonly reason: 'limit' | 'completed' | 'error';
      readonly error: string | null;
    }
  | { readonly kind: 'queryFailed'; readonly queryId: string; readonly error: string }
  /** The file takes no commits: tasks wait, and the same commit is tried again until there is room. Null: it does again. */
  | { readonly kind: 'storage'; readonly error: string | null }
  /** Retention or compaction of the log failed; it is tried again, and everything else goes on. */
  | { readonly kind: 'cleaningFailed'; readonly error: string }
  /** The thread has ended by a fault of its own: nothing works any more but to open another one. */
  | { readonly kind: 'threadFailed'; readonly error: string };

export interface DeployOptions {
  readonly start: StartOffset;
  /** Transient: memory stores, no positions kept, rows come back as events. */
  readonly transient: boolean;
  /** Transient only: end when everything up to the end offsets of this moment has been processed. */
  readonly bounded: boolean;
  /** Bytes of the write-behind cache; 0 emits every update. */
  readonly cacheBytes: number;
  readonly paused: boolean;
}

/**
 * The one writer of an engine's file and the runner of its tasks: in a worker thread, or inline. Every call is answered after
 * its effect is durable. Rejections are SystemErrors (or StatementErrors for refusals).
 */
export interface StreamThread {
  /** Creates topics, appends catalog commands, deploys and drops queries, all in one transaction, in this order. */
  apply(change: ThreadChange): Promise<void>;
  /** Group-committed within 5 ms; answered after COMMIT. Takes over the memory of the batches: the caller forgets them. */
  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]>;
  pause(queryId: string): Promise<void>;
  resume(queryId: string): Promise<void>;
  /** Starts a transient query; its rows come as events. */
  startTransient(plan: PhysicalPlan, options: DeployOptions): Promise<void>;
  stopTransient(queryId: string): Promise<void>;
  status(): Promise<readonly QueryStatus[]>;
  /** Resolves when every running query has processed and committed everything that was in its inputs, transitively. */
  drain(): Promise<void>;
  subscribe(listener: (event: ThreadEvent) => void): () => void;
  /** Finishes work in hand, commits, closes the file. */
  close(): Promise<void>;
}

export interface ThreadChange {
  readonly createTopics: readonly { readonly name: string; readonly config: TopicConfig }[];
  readonly deleteTopics: readonly string[];
  readonly commands: readonly CatalogCommand[];
  readonly deploy: readonly { readonly plan: PhysicalPlan; readonly options: DeployOptions }[];
  /** Stops the query for good: positions, internal topics and state are deleted. */
  readonly drop: readonly string[];
}

export type { TransientRow };
