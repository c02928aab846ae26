import type { QueryEntry, SourceEntry } from '../catalog/catalog.js';
import type { SqlType } from '../model/sql-type.js';
import type { BoundExpression } from './expression.js';
import type { PhysicalPlan } from './physical/physical-plan.js';
import type { PullPlan } from './pull/pull-plan.js';

/** A topic that must be there before the statement takes effect; made if it is missing. */
export interface TopicRequest {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly cleanupPolicy: readonly ('delete' | 'compact')[];
  readonly retentionMs: number;
  /** Nobody has said it: a log that has a default of its own takes that. */
  readonly retentionIsDefault: boolean;
}

/** A persistent query to start, with its catalog entry. */
export interface QueryDeployment {
  readonly entry: QueryEntry;
  readonly plan: PhysicalPlan;
  /** The id of the running query that this one takes over from, state and positions included; null for a new one. */
  readonly replaces: string | null;
}

/** One row of INSERT ... VALUES, evaluated: expressions without columns by position in the target's schema. */
export interface InsertRow {
  /** One a column of the target's schema; null where the column was not listed. */
  readonly values: readonly (BoundExpression | null)[];
  readonly rowtime: BoundExpression | null;
}

/** What a statement will do, decided without touching anything. */
export type StatementPlan =
  | {
      readonly kind: 'createSource';
      readonly entry: SourceEntry;
      readonly topic: TopicRequest | null;
      /** For CREATE SOURCE TABLE: the query that keeps its rows. */
      readonly query: QueryDeployment | null;
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'createAsSelect';
      readonly entry: SourceEntry;
      readonly topic: TopicRequest | null;
      readonly query: QueryDeployment;
    }
  | { readonly kind: 'insertInto'; readonly query: QueryDeployment }
  | { readonly kind: 'insertValues'; readonly target: SourceEntry; readonly rows: readonly InsertRow[] }
  | { readonly kind: 'pushQuery'; readonly plan: PhysicalPlan }
  | { readonly kind: 'pullQuery'; readonly plan: PullPlan }
  | {
      readonly kind: 'dropSource';
      readonly entry: SourceEntry;
      readonly deleteTopic: boolean;
      /** Queries that end with it. */
      readonly queries: readonly string[];
    }
  | { readonly kind: 'alterSource'; readonly entry: SourceEntry }
  | { readonly kind: 'createType'; readonly name: string; readonly type: SqlType }
  | { readonly kind: 'dropType'; readonly name: string }
  /** IF [NOT] EXISTS found nothing to do. */
  | { readonly kind: 'unchanged'; readonly message: string };
