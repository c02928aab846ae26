import type { SourceEntry } from '../../catalog/catalog.js';
import type { Schema } from '../../model/schema.js';
import type { SqlType } from '../../model/sql-type.js';
import type { BoundExpression } from '../expression.js';
import type { JoinColumn, JoinKind, KeyWindow, SourceColumn, WindowPlan } from '../physical/physical-plan.js';

/*
 * What to compute: relations over known schemas; no partitions, stores or topics. Rows are laid out as in physical plans:
 * key columns first, expressions by position in the input row.
 */

interface NodeBase {
  readonly schema: Schema;
}

/** Reads a stream or table: all its columns and the pseudo columns; pruning leaves what is used. */
export interface ScanNode extends NodeBase {
  readonly kind: 'scan';
  readonly entry: SourceEntry;
  readonly columns: readonly SourceColumn[];
}

export interface FilterNode extends NodeBase {
  readonly kind: 'filter';
  readonly input: LogicalPlan;
  readonly predicate: BoundExpression;
  readonly purpose: 'where' | 'having';
}

/** One expression a column of the schema; the leading ones give the key columns. */
export interface ProjectNode extends NodeBase {
  readonly kind: 'project';
  readonly input: LogicalPlan;
  readonly expressions: readonly BoundExpression[];
}

/** A new key: `schema` is the new key columns, then the carried input columns. */
export interface RekeyNode extends NodeBase {
  readonly kind: 'rekey';
  readonly input: LogicalPlan;
  readonly purpose: 'partitionBy' | 'groupBy' | 'join';
  readonly keys: readonly BoundExpression[];
  readonly carried: readonly number[];
}

/** Adds a column for each table function. */
export interface FlatMapNode extends NodeBase {
  readonly kind: 'flatMap';
  readonly input: LogicalPlan;
  readonly functions: readonly {
    readonly name: string;
    readonly signature: string;
    readonly arguments: readonly BoundExpression[];
    readonly type: SqlType;
  }[];
}

/** One aggregate of a query; equal calls are one. */
export interface AggregateCallNode {
  readonly name: string;
  readonly signature: string;
  readonly arguments: readonly BoundExpression[];
  readonly configuration: readonly (BoundExpression & { readonly kind: 'literal' })[];
  readonly stateType: SqlType;
  readonly resultType: SqlType;
  readonly resultIsState: boolean;
}

/** `schema`: the input's key columns, WINDOWSTART and WINDOWEND if windowed, ROWTIME, one column a call. */
export interface AggregateNode extends NodeBase {
  readonly kind: 'aggregate';
  readonly input: LogicalPlan;
  readonly calls: readonly AggregateCallNode[];
  readonly window: WindowPlan | null;
  readonly emit: 'CHANGES' | 'FINAL';
}

export type JoinForm = 'stream-stream' | 'stream-table' | 'table-table' | 'foreign-key';

export interface JoinNode extends NodeBase {
  readonly kind: 'join';
  readonly form: JoinForm;
  readonly join: JoinKind;
  readonly left: LogicalPlan;
  readonly right: LogicalPlan;
  readonly columns: readonly JoinColumn[];
  /** Stream-stream only. */
  readonly within: {
    readonly beforeMs: number;
    readonly afterMs: number;
    readonly graceMs: number;
    readonly graceGiven: boolean;
  } | null;
  /** Foreign-key joins only: over the left row. */
  readonly foreignKey: BoundExpression | null;
}

export type LogicalPlan = ScanNode | FilterNode | ProjectNode | RekeyNode | FlatMapNode | AggregateNode | JoinNode;

/** Whether the relation is a stream of records or a table of rows by key. */
export function resultKind(plan: LogicalPlan): 'STREAM' | 'TABLE' {
  switch (plan.kind) {
    case 'scan':
      return plan.entry.kind;
    case 'aggregate':
      return 'TABLE';
    case 'join':
      return plan.form === 'stream-stream' || plan.form === 'stream-table' ? 'STREAM' : 'TABLE';
    default:
      return resultKind(plan.input);
  }
}

/** The window in the relation's key, if any. */
export function keyWindowOf(plan: LogicalPlan): KeyWindow | null {
  switch (plan.kind) {
    case 'scan':
      return plan.entry.keyWindow;
    case 'aggregate':
      if (plan.window === null) return keyWindowOf(plan.input);
      return plan.window.kind === 'SESSION'
        ? { kind: 'SESSION' }
        : { kind: plan.window.kind, sizeMs: plan.window.sizeMs };
    case 'join':
      return keyWindowOf(plan.left);
    default:
      return keyWindowOf(plan.input);
  }
}

/** The scans, left to right. */
export function scansOf(plan: LogicalPlan): readonly ScanNode[] {
  switch (plan.kind) {
    case 'scan':
      return [plan];
    case 'join':
      return [...scansOf(plan.left), ...scansOf(plan.right)];
    default:
      return scansOf(plan.input);
  }
}
