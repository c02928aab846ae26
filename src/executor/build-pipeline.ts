import { NO_THREAD_SCHEMAS, type ThreadSchemas } from '../formats/schema-registry/schema-cache.js';
import type { AggregateCode, EvaluationContext } from '../functions/define.js';
import type { FunctionRegistry } from '../functions/registry.js';
import { UserFunctionError } from '../functions/user/user-function-error.js';
import { assert, SystemError } from '../model/errors.js';
import { literalValue } from '../model/literal-text.js';
import { type SqlType, STRING, sameType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import type { BoundExpression } from '../planner/expression.js';
import type { AggregateCall, PhysicalPlan, PhysicalStep } from '../planner/physical/physical-plan.js';
import type {
  KeyValueStore,
  SessionStore,
  StateStore,
  StoreSpec,
  TaskStores,
  WindowStore,
} from '../state/state-store.js';
import { compileExpression, compilePredicate, type ExpressionContext } from './expressions/compile.js';
import type { EventTimeReader } from './operators/event-time.js';
import { fuseStream } from './operators/fusion/fused-stream.js';
import { STEP_FACTORIES } from './operators/index.js';
import type {
  BeforeImage,
  RecordErrorReport,
  StreamOutput,
  TableOutput,
  TableView,
  TransientResult,
} from './operators/operator.js';
import type {
  Evaluator,
  OperatorBuilder,
  Predicate,
  RecordSource,
  StepFactory,
  TimestampParser,
} from './operators/operator-builder.js';
import { PROGRESS_STORE, Progress } from './operators/progress.js';
import { Result } from './operators/result.js';
import { Sink } from './operators/sink.js';
import type { RecordOutputBuffer, TopicOutput } from './task/output-buffer.js';
import { PipelineTask, type TaskInput } from './task/pipeline-task.js';
import { TaskContext } from './task/record-errors.js';
import { gateOf } from './task/schema-gate.js';

export interface PipelineOptions {
  /** The partition number that the task reads of all its inputs. */
  readonly partition: number;
  readonly stores: TaskStores;
  readonly functions: FunctionRegistry;
  readonly evaluation: EvaluationContext;
  /** The schemas that records were written with; by default there are none. */
  readonly schemas?: ThreadSchemas;
  /** Takes the records of the sink and of repartition topics; may be shared by the tasks of one thread. */
  readonly outputs: RecordOutputBuffer;
  /** True: a table's key is emitted once a commit. False: at every update. */
  readonly caching: boolean;
  /**
   * `direct`: repartition steps hand records straight on; for one task that does everything. `topic`: they write to their internal
   * topic, which the task reads as one of its inputs.
   */
  readonly repartition: 'direct' | 'topic';
  readonly onRecordError: (report: RecordErrorReport) => void;
  /** For plans without a sink: takes the rows. */
  readonly onRow?: (result: TransientResult) => void;
  /** Whether chains of stateless steps become one generated function; default true. */
  readonly fuse?: boolean;
}

/** The settings of a plan that change how expressions are evaluated. */
const NESTED_ERROR_SET_NULL = 'ksql.nested.error.set.null';

/**
 * From plan to running task: connects the operators of one partition number.
 * @throws StatementError `unsupported-step` when the plan needs what this version cannot run
 * @throws SystemError when the plan names a function or format that this version does not have
 */
export function buildPipeline(plan: PhysicalPlan, options: PipelineOptions): PipelineTask {
  const builder = new PipelineBuilder(plan, options);
  let result: Result | null = null;
  if (plan.sink !== null) {
    const sink = new Sink(plan.sink, plan.schema, builder);
    if (plan.resultKind === 'STREAM') builder.stream(plan.root, sink);
    else builder.table(plan.root, sink, 'none');
  } else if (options.onRow !== undefined) {
    result = new Result(plan, options.onRow, builder);
    if (plan.resultKind === 'STREAM') builder.stream(plan.root, result);
    else builder.table(plan.root, result, 'none');
  } else {
    // A source table: its store is all there is to it.
    builder.table(plan.root, null, 'none');
  }
  return new PipelineTask({
    queryId: plan.queryId,
    partition: options.partition,
    inputs: builder.inputs(),
    context: builder.context,
    hooks: builder.hooks,
    complete: () => result?.complete ?? false,
  });
}

class PipelineBuilder implements OperatorBuilder {
  readonly context: TaskContext;
  readonly partition: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly repartition: 'direct' | 'topic';
  readonly schemas: ThreadSchemas;
  readonly hooks: (() => void)[] = [];
  readonly #options: PipelineOptions;
  readonly #plan: PhysicalPlan;
  readonly #fuse: boolean;
  /** Set while `unfused` builds: takes what would be registered. */
  #captured: RecordSource[] | null = null;
  readonly #inputs = new Map<string, { readonly sources: RecordSource[]; eventTime: EventTimeReader | null }>();
  readonly #progress = new Map<string, Progress>();

  constructor(plan: PhysicalPlan, options: PipelineOptions) {
    this.#plan = plan;
    this.#options = options;
    this.context = new TaskContext(
      options.evaluation,
      options.caching,
      options.partition,
      options.onRecordError,
      plan.settings,
    );
    this.partition = options.partition;
    this.schemas = options.schemas ?? NO_THREAD_SCHEMAS;
    this.settings = plan.settings;
    this.repartition = options.repartition;
    this.#fuse = options.fuse ?? true;
  }

  /** The topics that something reads. Of records with equal timestamps the earlier topic's go first: a joined table's before a stream's. */
  inputs(): TaskInput[] {
    return [...this.#inputs].map(([topic, { sources, eventTime }]) => ({
      topic,
      sources,
      eventTime,
      gate: gateOf(this.#plan, topic, this.schemas),
    }));
  }

  stream(step: PhysicalStep, output: StreamOutput): void {
    if (this.#fuse && this.#captured === null && fuseStream(step, output, this)) return;
    const { stream } = STEP_FACTORIES[step.kind] as StepFactory<PhysicalStep>;
    assert(stream !== undefined, `a ${step.kind} step makes no stream`);
    stream(step, output, this);
  }

  table(step: PhysicalStep, output: TableOutput | null, before: BeforeImage): TableView {
    const { table } = STEP_FACTORIES[step.kind] as StepFactory<PhysicalStep>;
    assert(table !== undefined, `a ${step.kind} step makes no table`);
    return table(step, output, before, this);
  }

  unfused(step: PhysicalStep, output: StreamOutput): RecordSource {
    const captured: RecordSource[] = [];
    this.#captured = captured;
    this.stream(step, output);
    this.#captured = null;
    assert(captured.length === 1, 'a fused chain has one source');
    return captured[0]!;
  }

  source(topic: string, source: RecordSource, eventTime: EventTimeReader | null): void {
    if (this.#captured !== null) {
      this.#captured.push(source);
      return;
    }
    const input = this.#inputs.get(topic);
    if (input === undefined) {
      this.#inputs.set(topic, { sources: [source], eventTime });
    } else {
      input.sources.push(source);
      input.eventTime ??= eventTime;
    }
  }

  beforeCommit(hook: () => void): void {
    this.hooks.push(hook);
  }

  evaluator(expression: BoundExpression, step: string | null, label?: string): Evaluator {
    return compileExpression(expression, this.#expressionContext(step), label);
  }

  predicate(expression: BoundExpression, step: string | null): Predicate {
    return compilePredicate(expression, this.#expressionContext(step));
  }

  expressions(stepOf: () => string): ExpressionContext {
    return this.#contextOf((message, cause) => this.context.report('expression', stepOf(), reportText(message, cause)));
  }

  aggregate(call: AggregateCall): AggregateCode {
    const types = call.arguments.map((argument) => argument.type);
    const configuration = call.configuration.map((literal) => literalValue(literal.type, literal.value));
    const { settings } = this.#plan;
    const code = this.#options.functions.aggregate(call.name, call.signature, types, configuration, {
      setting: (name) => settings[name],
      firstSequence: this.#options.evaluation.now(),
    });
    if (!sameType(code.stateType, call.stateType) || !sameType(code.resultType, call.resultType)) {
      throw new SystemError(
        `aggregate ${call.name} keeps or gives other types than those that the plan was made with`,
        {
          code: 'function-changed',
          hint: 'put the version of its module back that the query was created with, or create the query anew',
        },
      );
    }
    return code;
  }

  tableFunction(name: string, signature: string, types: readonly SqlType[]): (...values: SqlValue[]) => SqlValue[] {
    return this.#options.functions.tableFunction(name, signature, types);
  }

  timestampParser(pattern: string): TimestampParser {
    const { functions, evaluation } = this.#options;
    // The property means what the function means.
    const text = { kind: 'value', type: STRING } as const;
    const { signature, returnType } = functions.resolve('PARSE_TIMESTAMP', [text, text]);
    const { code } = functions.scalar('PARSE_TIMESTAMP', signature, [STRING, STRING], returnType, evaluation);
    const parse = code as (text: string, pattern: string) => SqlValue;
    return (value) => Number(parse(value, pattern));
  }

  store(spec: StoreSpec & { readonly kind: 'key-value' }): KeyValueStore;
  store(spec: StoreSpec & { readonly kind: 'window' }): WindowStore;
  store(spec: StoreSpec & { readonly kind: 'session' }): SessionStore;
  store(spec: StoreSpec): StateStore;
  store(spec: StoreSpec): StateStore {
    return this.#options.stores.open(spec, this.partition);
  }

  progress(name: string): Progress {
    let progress = this.#progress.get(name);
    if (progress === undefined) {
      progress = new Progress(this.#options.stores.open(PROGRESS_STORE, this.partition), name);
      this.#progress.set(name, progress);
    }
    return progress;
  }

  topic(topic: string): TopicOutput {
    return this.#options.outputs.topic(topic);
  }

  #expressionContext(step: string | null): ExpressionContext {
    return this.#contextOf(
      step === null
        ? () => {}
        : (message, cause) => this.context.report('expression', step, reportText(message, cause)),
    );
  }

  #contextOf(onError: ExpressionContext['onError']): ExpressionContext {
    return {
      functions: this.#options.functions,
      evaluation: this.#options.evaluation,
      nestedErrorsAsNull: this.settings[NESTED_ERROR_SET_NULL] !== 'false',
      onError,
    };
  }
}

/** What users' functions say of themselves is told; other causes may quote the row. */
function reportText(message: string, cause: unknown): string {
  return cause instanceof UserFunctionError ? `${message}: ${cause.message}` : message;
}
