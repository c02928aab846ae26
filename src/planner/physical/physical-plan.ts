import type { FormatSpec } from '../../formats/format.js';
import type { Column, Schema } from '../../model/schema.js';
import type { SqlType } from '../../model/sql-type.js';
import type { BoundExpression } from '../expression.js';

/*
 * How a query is computed: plain JSON, kept in the catalog, shown by EXPLAIN, and run by later releases. A change that an
 * older plan does not survive needs a new `version` and a reader for the old one.
 *
 * Row layout: every step hands on rows whose columns are those of its `schema`, key columns first. Expressions address the
 * columns of their input step by position.
 */

/** A store that a step keeps. Same shape as `StoreSpec` of `state/`, which says what the fields mean. */
export interface StorePlan {
  /** `Aggregate-Aggregate-Materialize`, `KsqlTopic-Reduce`, `KafkaTopic_Right-Reduce`, ...: ksqlDB's names. */
  readonly name: string;
  readonly kind: 'key-value' | 'window' | 'session';
  readonly key: readonly { readonly name: string; readonly type: SqlType }[];
  readonly value: readonly { readonly name: string; readonly type: SqlType }[];
  readonly retentionMs: number | null;
  readonly windowSizeMs: number | null;
}

/** How the key of a windowed topic is framed. */
export type KeyWindow =
  | { readonly kind: 'TUMBLING' | 'HOPPING'; readonly sizeMs: number }
  | { readonly kind: 'SESSION' };

/** Event time from a column of the source's (or sink's) schema. */
export interface TimestampColumn {
  /** Position in the full source schema (sources) or in the input row (sinks). */
  readonly column: number;
  readonly type: SqlType;
  /** Java DateTimeFormatter pattern for STRING columns. */
  readonly format: string | null;
}

/** Where a column of a source step comes from. `index` counts within the key columns, or within the value columns, of `sourceSchema`. */
export type SourceColumn =
  | { readonly from: 'key'; readonly index: number }
  | { readonly from: 'value'; readonly index: number }
  | { readonly from: 'headers'; readonly headerKey: string | null }
  | { readonly from: 'rowtime' | 'rowpartition' | 'rowoffset' | 'windowstart' | 'windowend' };

interface SourceBase {
  /** Path for EXPLAIN and the processing log: `KsqlTopic/Source`. */
  readonly id: string;
  readonly source: string;
  readonly topic: string;
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  readonly keyWindow: KeyWindow | null;
  readonly timestamp: TimestampColumn | null;
  /** All columns as declared: what the bytes hold. */
  readonly sourceSchema: Schema;
  /** The columns that are read, after pruning; key columns are always among them, first. */
  readonly schema: Schema;
  /** One a column of `schema`. */
  readonly columns: readonly SourceColumn[];
}

export interface StreamSourceStep extends SourceBase {
  readonly kind: 'streamSource';
}

/** Keeps the latest row of each key in `store` so that changes carry the row before. */
export interface TableSourceStep extends SourceBase {
  readonly kind: 'tableSource';
  /** Absent where rows are kept behind a repartition topic: changes go there as they come, without the row before. */
  readonly store?: StorePlan;
}

interface StepBase {
  readonly id: string;
  readonly schema: Schema;
}

/** Keeps rows for which the predicate is TRUE. Streams: a null row is dropped. */
export interface StreamFilterStep extends StepBase {
  readonly kind: 'streamFilter';
  readonly input: PhysicalStep;
  readonly predicate: BoundExpression;
}

/** A row that stops matching becomes a tombstone; one that never matched is not seen. */
export interface TableFilterStep extends StepBase {
  readonly kind: 'tableFilter';
  readonly input: PhysicalStep;
  readonly predicate: BoundExpression;
}

/** One expression a column of `schema`; the first ones are the key columns and only rename or reorder the input's key. */
export interface StreamProjectStep extends StepBase {
  readonly kind: 'streamProject';
  readonly input: PhysicalStep;
  readonly expressions: readonly BoundExpression[];
}

export interface TableProjectStep extends StepBase {
  readonly kind: 'tableProject';
  readonly input: PhysicalStep;
  readonly expressions: readonly BoundExpression[];
}

/** Adds one column a table function after the input's columns; zipped, the shorter padded with null. */
export interface FlatMapStep extends StepBase {
  readonly kind: 'flatMap';
  readonly input: PhysicalStep;
  readonly functions: readonly {
    readonly name: string;
    readonly signature: string;
    readonly arguments: readonly BoundExpression[];
  }[];
}

/**
 * Gives stream records a new key: PARTITION BY, GROUP BY, a join on another column.
 * `schema` is: the new key columns, then the input columns listed in `carried`.
 */
export interface StreamRekeyStep extends StepBase {
  readonly kind: 'streamRekey';
  readonly input: PhysicalStep;
  readonly keys: readonly BoundExpression[];
  readonly carried: readonly number[];
  /**
   * `drop`: a record with a null row, or with any null (or failing) key expression, is left out and logged (GROUP BY).
   * `nullKey`: it is kept with a null key (PARTITION BY); key expressions over key columns only are computed for null rows too.
   */
  readonly onNullKey: 'drop' | 'nullKey';
}

/** Changes of a table under a new key (GROUP BY on a table): before and after may lie under different keys. */
export interface TableRekeyStep extends StepBase {
  readonly kind: 'tableRekey';
  readonly input: PhysicalStep;
  readonly keys: readonly BoundExpression[];
  readonly carried: readonly number[];
}

/** Sends records through a topic so that equal keys meet in one partition. Same schema as the input. */
export interface RepartitionStep extends StepBase {
  readonly kind: 'repartition';
  readonly input: PhysicalStep;
  /** Full name of the internal topic: `_confluent-ksql-default_query_CTAS_T_5-Aggregate-GroupBy-repartition`. */
  readonly topic: string;
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  /** Set when the records have windows; sides of a join get the left one's. */
  readonly keyWindow?: KeyWindow;
  /** Whether what passes is table changes (before and after). */
  readonly changes: boolean;
}

export type WindowPlan =
  | {
      readonly kind: 'TUMBLING' | 'HOPPING';
      readonly sizeMs: number;
      readonly advanceMs: number;
      readonly graceMs: number;
      readonly retentionMs: number;
    }
  | { readonly kind: 'SESSION'; readonly gapMs: number; readonly graceMs: number; readonly retentionMs: number };

/** One aggregate call: arguments over the input row, configuration as literals. */
export interface AggregateCall {
  readonly name: string;
  readonly signature: string;
  readonly arguments: readonly BoundExpression[];
  readonly configuration: readonly (BoundExpression & { readonly kind: 'literal' })[];
  readonly stateType: SqlType;
  readonly resultType: SqlType;
  /** Position of the state among the store's value columns. */
  readonly stateColumn: number;
  /** Position of the result among the store's value columns; equal to `stateColumn` when the state is the result. */
  readonly resultColumn: number;
}

/**
 * Aggregates records (or, with `overTable`, table changes with undo) that share a key, and a window if there is one.
 * `schema`: key columns, then WINDOWSTART and WINDOWEND (BIGINT) if windowed, then ROWTIME (BIGINT, the greatest of the contributions), then one column a call.
 */
export interface AggregateStep extends StepBase {
  readonly kind: 'aggregate';
  readonly input: PhysicalStep;
  readonly overTable: boolean;
  readonly calls: readonly AggregateCall[];
  readonly window: WindowPlan | null;
  /** FINAL: one row a window, when stream time passes its end and grace. */
  readonly emit: 'CHANGES' | 'FINAL';
  readonly store: StorePlan;
}

export type JoinKind = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';

/** Where a column of a join's result comes from; `key` is the join key itself (for synthetic keys). */
export type JoinColumn =
  | { readonly from: 'left' | 'right'; readonly index: number }
  | { readonly from: 'key'; readonly index: number };

/** Looks a stream record's key up in the right table as it stands. Both inputs share the key; `columns` builds `schema`. */
export interface StreamTableJoinStep extends StepBase {
  readonly kind: 'streamTableJoin';
  readonly left: PhysicalStep;
  readonly right: PhysicalStep;
  readonly join: 'INNER' | 'LEFT';
  readonly columns: readonly JoinColumn[];
}

/** Joins records whose times differ by at most `beforeMs`/`afterMs`: left.ts - before <= right.ts <= left.ts + after. */
export interface StreamStreamJoinStep extends StepBase {
  readonly kind: 'streamStreamJoin';
  readonly left: PhysicalStep;
  readonly right: PhysicalStep;
  readonly join: JoinKind;
  readonly columns: readonly JoinColumn[];
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
  /** Whether GRACE PERIOD was given: then non-matches wait for the window to close. */
  readonly graceGiven: boolean;
  readonly leftStore: StorePlan;
  readonly rightStore: StorePlan;
}

/** Joins two tables on their primary keys. */
export interface TableTableJoinStep extends StepBase {
  readonly kind: 'tableTableJoin';
  readonly left: PhysicalStep;
  readonly right: PhysicalStep;
  readonly join: JoinKind;
  readonly columns: readonly JoinColumn[];
}

/** Joins a left table to a right one on an expression over left columns that equals the right's primary key. */
export interface ForeignKeyJoinStep extends StepBase {
  readonly kind: 'foreignKeyJoin';
  readonly left: PhysicalStep;
  readonly right: PhysicalStep;
  readonly join: 'INNER' | 'LEFT';
  /** Over the left row. */
  readonly foreignKey: BoundExpression;
  readonly columns: readonly JoinColumn[];
  readonly subscriptions: StorePlan;
}

/** Keeps the latest row of each key so that pull queries can read the result, and completes `before`. */
export interface MaterializeStep extends StepBase {
  readonly kind: 'materialize';
  readonly input: PhysicalStep;
  readonly store: StorePlan;
  /** Rows become what their values are when written in this format and read again; absent: they stay as they are. */
  readonly rowFormat?: FormatSpec;
}

export type PhysicalStep =
  | StreamSourceStep
  | TableSourceStep
  | StreamFilterStep
  | TableFilterStep
  | StreamProjectStep
  | TableProjectStep
  | FlatMapStep
  | StreamRekeyStep
  | TableRekeyStep
  | RepartitionStep
  | AggregateStep
  | StreamTableJoinStep
  | StreamStreamJoinStep
  | TableTableJoinStep
  | ForeignKeyJoinStep
  | MaterializeStep;

export type PhysicalStepKind = PhysicalStep['kind'];

/** Where results are written. Columns are those of the root step's schema: key columns to the key, value columns to the value. */
export interface SinkPlan {
  readonly source: string;
  readonly topic: string;
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  /** Set when the result's key is windowed. */
  readonly keyWindow: KeyWindow | null;
  readonly timestamp: TimestampColumn | null;
}

export interface OutputColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly from: { readonly column: number } | { readonly window: 'start' | 'end' };
}

export interface PhysicalPlan {
  readonly version: 1;
  readonly queryId: string;
  readonly resultKind: 'STREAM' | 'TABLE';
  /** The columns of `root.schema`; window bounds are not among them unless projected. */
  readonly schema: Schema;
  readonly root: PhysicalStep;
  /** Null for transient queries and source tables. */
  readonly sink: SinkPlan | null;
  /**
   * For transient queries: what each listed column of the SELECT shows, as positions in `root.schema` (whose key columns
   * may not be listed at all) or bounds of the row's window. Null for persistent queries.
   */
  readonly output: readonly OutputColumn[] | null;
  /** For transient queries: stop after this many rows. */
  readonly limit: number | null;
  /** Settings that change results, captured at creation: `ksql.nested.error.set.null`, ... */
  readonly settings: Readonly<Record<string, string>>;
}

/** A repartition topic holds key columns in the key and all other columns in the value, whatever their role. */
export function repartitionColumns({ schema }: Pick<RepartitionStep, 'schema'>): {
  readonly keys: readonly Column[];
  readonly values: readonly Column[];
} {
  return {
    keys: schema.columns.filter((column) => column.role === 'key'),
    values: schema.columns
      .filter((column) => column.role !== 'key')
      .map(({ name, type }) => ({ name, type, role: 'value' as const })),
  };
}

/** The steps right below a step. */
export function inputsOf(step: PhysicalStep): readonly PhysicalStep[] {
  switch (step.kind) {
    case 'streamSource':
    case 'tableSource':
      return [];
    case 'streamTableJoin':
    case 'streamStreamJoin':
    case 'tableTableJoin':
    case 'foreignKeyJoin':
      return [step.left, step.right];
    default:
      return [step.input];
  }
}

/** Calls `visit` on the step and everything below it, inputs first, left before right. */
export function walkSteps(step: PhysicalStep, visit: (step: PhysicalStep) => void): void {
  for (const input of inputsOf(step)) walkSteps(input, visit);
  visit(step);
}

/** The source steps, left to right. */
export function sourcesOf(plan: PhysicalPlan): readonly (StreamSourceStep | TableSourceStep)[] {
  const found: (StreamSourceStep | TableSourceStep)[] = [];
  walkSteps(plan.root, (step) => {
    if (step.kind === 'streamSource' || step.kind === 'tableSource') found.push(step);
  });
  return found;
}

/** The repartition topics that the plan declares. */
export function repartitionTopicsOf(plan: PhysicalPlan): readonly string[] {
  const found: string[] = [];
  walkSteps(plan.root, (step) => {
    if (step.kind === 'repartition') found.push(step.topic);
  });
  return found;
}

/** All stores that the plan declares. */
export function storesOf(plan: PhysicalPlan): readonly StorePlan[] {
  const found: StorePlan[] = [];
  walkSteps(plan.root, (step) => {
    if (step.kind === 'streamStreamJoin') found.push(step.leftStore, step.rightStore);
    else if (step.kind === 'foreignKeyJoin') found.push(step.subscriptions);
    else if ('store' in step && step.store !== undefined) found.push(step.store);
  });
  return found;
}
