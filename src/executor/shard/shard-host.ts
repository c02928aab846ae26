import type { Position } from '../../broker/broker.js';
import type { RegisteredSchema } from '../../formats/schema-registry/schema-registry.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import type { TransientRow } from '../task/transient-rows.js';
import type { DeployOptions } from '../thread/stream-thread.js';
import type { ShardPhase } from './shard.js';
import type { ProcessingGuarantee } from './shard-ports.js';

/** A query with the shards of it that a host is to run. */
export interface HostedQuery {
  readonly plan: PhysicalPlan;
  readonly options: DeployOptions;
  /** Of the query in all. */
  readonly shards: number;
  /** The ones that are meant, ascending. */
  readonly indexes: readonly number[];
}

/** One shard on this node, as it is now. */
export interface ShardStatus {
  readonly index: number;
  /** Its tasks that run. */
  readonly tasks: number;
  readonly phase: ShardPhase;
  readonly reason: string | null;
  readonly sequence: number;
  readonly restoreApplied: number;
  readonly restoreTotal: number;
  readonly commits: number;
  readonly commitMs: number;
  readonly commitMsMax: number;
  readonly changelogRecords: number;
  readonly changelogBytes: number;
  readonly recoveries: number;
  readonly positions: readonly (Position & { readonly end: number; readonly streamTime: number | null })[];
}

/** What a host knows of one query, since the host was started. */
export interface HostedStatus {
  readonly queryId: string;
  readonly paused: boolean;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly shards: readonly ShardStatus[];
}

export type HostEvent =
  | { readonly kind: 'rows'; readonly queryId: string; readonly rows: readonly TransientRow[] }
  | {
      readonly kind: 'ended';
      readonly queryId: string;
      readonly reason: 'limit' | 'completed' | 'error';
      readonly error: string | null;
    }
  | { readonly kind: 'queryFailed'; readonly queryId: string; readonly error: string }
  /** The file of a shard can be read from now on, or not any more. */
  | { readonly kind: 'serving'; readonly queryId: string; readonly index: number; readonly path: string | null }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly message: string };

/** How a host is opened: plain data, so that it can be sent to a worker. */
export interface ShardHostSettings {
  readonly connection: unknown;
  readonly node: string;
  /** The folder of the shards' files. */
  readonly folder: string;
  readonly serviceId: string;
  readonly guarantee: ProcessingGuarantee;
  readonly commitIntervalMs: number;
  readonly processingLogTopic: string | null;
  /** Codec of the batches that queries write; 0 for none. */
  readonly compression: number;
  readonly transactionTimeoutMs: number;
  readonly tombstoneRetentionMs: number;
  /** Folder that keeps the functions of users, see `ModuleStore`. */
  readonly functionStore: string | null;
  /** Faults to put into the shards; see `parseFailpoints`. */
  readonly failpoints: string | null;
}

/** One stream thread of a node on a shared log: runs the shards that it is given, and transient queries. */
export interface ShardHost {
  /** What runs here from now on. Answers when what is not among it has been finished. */
  setQueries(queries: readonly HostedQuery[]): Promise<void>;
  /** Deletes what this node keeps of a query that is gone. */
  forget(queryId: string): Promise<void>;
  startTransient(plan: PhysicalPlan, options: DeployOptions): Promise<void>;
  stopTransient(queryId: string): Promise<void>;
  /** Stops feeding a transient query, or goes on. */
  hold(queryId: string, held: boolean): Promise<void>;
  status(): Promise<readonly HostedStatus[]>;
  /** Whether every running shard has processed and committed all that its inputs held at this moment. */
  caughtUp(): Promise<boolean>;
  close(): Promise<void>;
}

/** What a host asks and tells. */
export interface ShardHostOwner {
  event(event: HostEvent): void;
  /** Whether the group says that this node owns the shard; asks it anew. */
  confirmOwner(queryId: string, index: number): Promise<boolean>;
  /** A schema that records were written with; see `SchemaLoader`. */
  loadSchema(id: number): Promise<RegisteredSchema | null>;
}
