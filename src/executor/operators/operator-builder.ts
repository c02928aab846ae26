import type { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import type { WriterSchemas } from '../../formats/schema-registry/schema-registry.js';
import type { AggregateCode } from '../../functions/define.js';
import type { SqlType } from '../../model/sql-type.js';
import type { Row, SqlValue } from '../../model/value.js';
import type { BoundExpression } from '../../planner/expression.js';
import type { AggregateCall, PhysicalStep, PhysicalStepKind } from '../../planner/physical/physical-plan.js';
import type { KeyValueStore, SessionStore, StateStore, StoreSpec, WindowStore } from '../../state/state-store.js';
import type { ExpressionContext } from '../expressions/compile.js';
import type { TopicOutput } from '../task/output-buffer.js';
import type { TaskContext } from '../task/record-errors.js';
import type { EventTimeReader } from './event-time.js';
import type { BeforeImage, StreamOutput, TableOutput, TableView } from './operator.js';
import type { Progress } from './progress.js';

/** Computes an expression over a row. A failing expression is reported and gives null. */
export type Evaluator = (row: Row) => SqlValue;

/** Whether a condition is TRUE for a row. A failing condition is reported and is not. */
export type Predicate = (row: Row) => boolean;

/** Reads milliseconds since the epoch out of text, by a Java DateTimeFormatter pattern. @throws Error when the text does not fit. */
export type TimestampParser = (text: string) => number;

/** An input of a task while it walks a batch: the cursor stands on the next record while `hasRecord`. */
export interface InputCursor {
  readonly cursor: RecordBatchCursor;
  hasRecord: boolean;
}

/** Where records come into a pipeline. */
export interface RecordSource {
  /**
   * Processes the current record and those after it while their timestamps are <= `until`, at most `max`; leaves the cursor on the first that
   * it did not process, `input.hasRecord` false behind the last. Returns how many it processed.
   */
  run(input: InputCursor, until: number, max: number): number;
  /** Processes the record that the cursor stands on. */
  process(cursor: RecordBatchCursor): void;
}

/** What a factory needs to make an operator and to connect it with the steps below. One a task. */
export interface OperatorBuilder {
  readonly context: TaskContext;
  readonly partition: number;
  /** Settings of the plan, e.g. `ksql.nested.error.set.null`. */
  readonly settings: Readonly<Record<string, string>>;
  /** What a repartition step does: hand on in memory, or write to its topic, where the same task reads it back. */
  readonly repartition: 'direct' | 'topic';
  /** Knows the schemas of every record that comes in. */
  readonly schemas: WriterSchemas;

  /** Builds the stream that a step produces, ending in `output`. */
  stream(step: PhysicalStep, output: StreamOutput): void;
  /** The source of the stream that a step produces, made of ordinary operators and registered nowhere. One source is all there is below. */
  unfused(step: PhysicalStep, output: StreamOutput): RecordSource;
  /**
   * Builds the table that a step produces.
   * @param output null when nobody listens and only the view is used
   */
  table(step: PhysicalStep, output: TableOutput | null, before: BeforeImage): TableView;
  /**
   * Registers where a topic's records go. A topic may have several sources.
   * @param eventTime tells the time of a record that waits, when it is not the record's own
   */
  source(topic: string, source: RecordSource, eventTime: EventTimeReader | null): void;
  /** Registers what emits held-back changes before a commit. Factories connect their inputs first, so that hooks run inputs first. */
  beforeCommit(hook: () => void): void;

  /**
   * @param step null when failures are not to be reported
   * @param label names the expression in reports
   */
  evaluator(expression: BoundExpression, step: string | null, label?: string): Evaluator;
  /** @param step null when failures are not to be reported */
  predicate(expression: BoundExpression, step: string | null): Predicate;
  /** What the generated code of several steps needs; failures are reported under what `stepOf` says. */
  expressions(stepOf: () => string): ExpressionContext;
  aggregate(call: AggregateCall): AggregateCode;
  tableFunction(name: string, signature: string, types: readonly SqlType[]): (...values: SqlValue[]) => SqlValue[];
  timestampParser(pattern: string): TimestampParser;

  store(spec: StoreSpec & { readonly kind: 'key-value' }): KeyValueStore;
  store(spec: StoreSpec & { readonly kind: 'window' }): WindowStore;
  store(spec: StoreSpec & { readonly kind: 'session' }): SessionStore;
  store(spec: StoreSpec): StateStore;
  /** What a windowed operator remembers of time across restarts. `name` is unique in the plan: that of the operator's store. */
  progress(name: string): Progress;
  topic(topic: string): TopicOutput;
}

/**
 * Makes the operators of one kind of step. Steps that produce streams have `stream`, those that produce tables `table`;
 * a repartition step has both.
 */
export interface StepFactory<S extends PhysicalStep> {
  readonly stream?: (step: S, output: StreamOutput, builder: OperatorBuilder) => void;
  readonly table?: (step: S, output: TableOutput | null, before: BeforeImage, builder: OperatorBuilder) => TableView;
}

export type StepOf<K extends PhysicalStepKind> = Extract<PhysicalStep, { readonly kind: K }>;

export type StepFactories = { readonly [K in PhysicalStepKind]: StepFactory<StepOf<K>> };
