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

/** A command of the catalog's log as it was stored. */
export interface StoredCommand extends CatalogCommand {
  /** Ascending, never reused. */
  readonly sequence: number;
  /** What is wrong with it: such a command is set aside. */
  readonly problem?: string;
}

export const QUERY_STATES = ['RUNNING', 'PAUSED', 'ERROR', 'RESTORING', 'UNASSIGNED'] as const;

/** RESTORING: its state is being made from the log before it goes on. UNASSIGNED: it is known here, and other engines run it. */
export type QueryState = (typeof QUERY_STATES)[number];

/** One thing that can be well or not, in the words of the runtime. */
export interface HealthCheck {
  /** In camel case, as a member of `details` in the answer of `/healthcheck`. */
  readonly name: string;
  readonly isHealthy: boolean;
  /** What is wrong, for the operator; null when nothing is. */
  readonly reason: string | null;
}

/** How often was committed, and how long it took. */
export interface CommitFigures {
  readonly count: number;
  /** Of all together. */
  readonly seconds: number;
  /** The longest of the last half minute or a little more; 0 when there was none. */
  readonly secondsGreatest: number;
}

/** What it takes to keep a persistent query, since it was started in this process. */
export interface QueryFigures {
  /** Tasks of it that run here. */
  readonly tasks: number;
  readonly commits: CommitFigures;
  /** Records of its changelog that had to be applied before its tasks could run, and how many have been; null when state is never restored. */
  readonly restore: { readonly applied: number; readonly total: number } | null;
  /** What it has written to its changelog; null when there is none. */
  readonly changelog: { readonly records: number; readonly bytes: number } | null;
}

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
  /** Absent for transient queries. */
  readonly figures?: QueryFigures;
}

export type ThreadEvent =
  /**
   * Commands have been added to the catalog's log, by this engine or by another that shares the log. Each is told once, in order of
   * sequence; one's own are told before the call that brought them is answered.
   */
  | { readonly kind: 'commands'; readonly commands: readonly StoredCommand[] }
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
  /**
   * Becomes the one writer of the catalog's log, and tells every command that was in it before the call.
   * @throws SystemError `catalog-fenced` when another engine came between: try again
   */
  claim(): Promise<void>;
  /**
   * Creates topics, appends catalog commands, deploys and drops queries, all in one transaction, in this order.
   * @throws SystemError `catalog-fenced` when another engine has written commands since `claim`: nothing has changed
   */
  apply(change: ThreadChange): Promise<void>;
  /**
   * The persistent queries of the catalog as they are now, all of them: told at the start and after each event of kind `commands`. A thread
   * that has deployed and dropped them in `apply` has nothing to do.
   */
  follow(queries: ThreadChange['deploy']): void;
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
  /** What the runtime has to say of its health besides events, as last known. */
  health(): readonly HealthCheck[];
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
