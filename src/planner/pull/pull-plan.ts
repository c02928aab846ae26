import type { Schema } from '../../model/schema.js';
import type { SqlType } from '../../model/sql-type.js';
import type { BoundExpression } from '../expression.js';
import type { PhysicalPlan, StorePlan } from '../physical/physical-plan.js';

/** A constant that a key or bound is compared with: evaluated when the query runs, coerced strictly to `type`. */
export interface PullConstant {
  readonly expression: BoundExpression;
  readonly type: SqlType;
  /** The comparison as written and the column as messages show it, for complaints: `(ID = null)`, `` ID INTEGER KEY ``. */
  readonly comparison: string;
  readonly column: string;
}

/** How a pull query finds its rows, in ksqlDB's terms. */
export type PullAccess =
  /** Rows of these keys, in this order; one constant a key column. */
  | { readonly kind: 'keyLookup'; readonly keys: readonly (readonly PullConstant[])[] }
  | {
      readonly kind: 'rangeScan';
      readonly from: { readonly value: PullConstant; readonly inclusive: boolean } | null;
      readonly to: { readonly value: PullConstant; readonly inclusive: boolean } | null;
    }
  | { readonly kind: 'tableScan' };

/** A bound on WINDOWSTART or WINDOWEND: `column operator constant`. */
export interface WindowBound {
  readonly column: 'WINDOWSTART' | 'WINDOWEND';
  readonly operator: '=' | '<' | '<=' | '>' | '>=';
  /** ms, of any numeric type. */
  readonly value: BoundExpression;
}

/**
 * A read of the committed rows of a table. Expressions are over the stored row: the store's key columns, WINDOWSTART and WINDOWEND
 * (null without windows), ROWTIME, then the store's value columns.
 */
export interface PullTablePlan {
  readonly kind: 'table';
  /** The query that keeps the table, and its store. */
  readonly queryId: string;
  readonly source: string;
  readonly store: StorePlan;
  readonly access: PullAccess;
  /** All hold for every row of the result; for pushing down only. */
  readonly windowBounds: readonly WindowBound[];
  /** What makes a stored row a row of the table (HAVING), then WHERE: all must be TRUE. */
  readonly filters: readonly BoundExpression[];
  /** One a column of the result, in listed order. */
  readonly expressions: readonly BoundExpression[];
  /** The result's columns, in listed order; key columns of the table keep the role. */
  readonly schema: Schema;
  readonly limit: number | null;
}

/** A bounded read of a stream: from the beginning to the end offsets at the start, as a transient query. */
export interface PullStreamPlan {
  readonly kind: 'stream';
  readonly plan: PhysicalPlan;
  readonly schema: Schema;
}

export type PullPlan = PullTablePlan | PullStreamPlan;
