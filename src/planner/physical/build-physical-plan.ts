import type { FormatSpec } from '../../formats/format.js';
import { StatementError } from '../../model/errors.js';
import { type Column, columnIndex, keyColumns, type Schema } from '../../model/schema.js';
import { requireFormat, specFor } from '../analysis/source-formats.js';
import {
  type AggregateNode,
  type JoinNode,
  keyWindowOf,
  type LogicalPlan,
  type RekeyNode,
  resultKind,
  type ScanNode,
  scansOf,
} from '../logical/logical-plan.js';
import { repartitionTopic } from './internal-names.js';
import type {
  AggregateCall,
  KeyWindow,
  MaterializeStep,
  PhysicalPlan,
  PhysicalStep,
  RepartitionStep,
  SinkPlan,
  StorePlan,
  TableSourceStep,
  TimestampColumn,
} from './physical-plan.js';

/** What a query is besides its relation. */
export interface PhysicalOptions {
  readonly queryId: string;
  readonly serviceId: string;
  /** The key format of internal topics where the source has none. */
  readonly defaultKeyFormat: string;
  readonly sink: SinkPlan | null;
  readonly output: PhysicalPlan['output'];
  readonly limit: number | null;
  readonly settings: Readonly<Record<string, string>>;
  /** Whether pull queries will read the result: then a table without a store of its own gets one. */
  readonly materialize: boolean;
}

/** Lays a logical plan out: stores, internal topics and formats, under ksqlDB's names. */
export function buildPhysicalPlan(plan: LogicalPlan, options: PhysicalOptions): PhysicalPlan {
  const builder = new Builder(options);
  let root = builder.step(plan, '');
  if (options.materialize && resultKind(plan) === 'TABLE' && !isMaterialized(root)) {
    root = {
      kind: 'materialize',
      id: 'Materialize',
      input: root,
      schema: root.schema,
      store: storeOf('Project-Last-Materialize', root.schema, keyWindowOf(plan)),
      ...rowFormatOf(plan, options.sink),
    };
  }
  return {
    version: 1,
    queryId: options.queryId,
    resultKind: resultKind(plan),
    schema: root.schema,
    root,
    sink: options.sink,
    output: options.output,
    limit: options.limit,
    settings: options.settings,
  };
}

/**
 * ksqlDB keeps the rows of a table in the value format of its leftmost source. That is to be seen where the format cannot tell nulls from
 * defaults; where the table's own topic has another format, its rows stay as they are.
 */
function rowFormatOf(plan: LogicalPlan, sink: SinkPlan | null): Pick<MaterializeStep, 'rowFormat'> {
  if (sink === null) return {};
  const { name, properties, unwrapped } = sink.valueFormat;
  const isForgetful = name === scansOf(plan)[0]!.entry.valueFormat.name && requireFormat(name).readBack !== undefined;
  return isForgetful ? { rowFormat: { name, properties, unwrapped } } : {};
}

/** Whether pull queries can read the step's rows from a store below it, by filters and projections alone. */
export function isMaterialized(step: PhysicalStep): boolean {
  switch (step.kind) {
    case 'aggregate':
      return step.emit === 'CHANGES';
    case 'materialize':
      return true;
    case 'tableProject':
    case 'tableFilter':
      return isMaterialized(step.input);
    default:
      return false;
  }
}

/** States travel in changelogs in the value format, as in ksqlDB, so the format must be able to hold them. */
export function checkIntermediates(plan: LogicalPlan): void {
  if (plan.kind === 'scan') return;
  if (plan.kind !== 'aggregate') {
    for (const input of plan.kind === 'join' ? [plan.left, plan.right] : [plan.input]) checkIntermediates(input);
    return;
  }
  const format = requireFormat(scansOf(plan)[0]!.entry.valueFormat.name);
  const columns = plan.calls.map(
    (call, i): Column => ({ name: `KSQL_AGG_VARIABLE_${i}`, type: call.stateType, role: 'value' }),
  );
  if (columns.length === 0 || format.refuses(columns, 'value') === null) return;
  throw new StatementError(
    'One of the functions used in the statement has an intermediate type that the value format can not handle. Please remove the function or change the format.\n' +
      'Consider up-voting https://github.com/confluentinc/ksql/issues/3950, which will resolve this limitation.',
    { code: 'intermediate-type', hint: 'Read the source from a JSON topic.' },
  );
}

class Builder {
  readonly #options: PhysicalOptions;

  #foreignKeyJoins = 0;
  /** The nodes of Kafka Streams' topology up to the last join of streams: its stores are named by them. */
  #streamNodes = 0;

  constructor(options: PhysicalOptions) {
    this.#options = options;
  }

  /** @param context prefix of step names inside joins: `L_`, `R_` */
  step(plan: LogicalPlan, context: string): PhysicalStep {
    switch (plan.kind) {
      case 'scan':
        return this.#scan(plan, context);
      case 'filter': {
        const kind = resultKind(plan) === 'TABLE' ? 'tableFilter' : 'streamFilter';
        const id = plan.purpose === 'having' ? 'Aggregate/HavingFilter' : `${context}WhereFilter`;
        return { kind, id, input: this.step(plan.input, context), predicate: plan.predicate, schema: plan.schema };
      }
      case 'project': {
        const kind = resultKind(plan) === 'TABLE' ? 'tableProject' : 'streamProject';
        return {
          kind,
          id: isAggregateResult(plan.input) ? 'Aggregate/Project' : 'Project',
          input: this.step(plan.input, context),
          expressions: plan.expressions,
          schema: plan.schema,
        };
      }
      case 'flatMap':
        return {
          kind: 'flatMap',
          id: 'FlatMap',
          input: this.step(plan.input, context),
          functions: plan.functions.map(({ name, signature, arguments: args }) => ({
            name,
            signature,
            arguments: args,
          })),
          schema: plan.schema,
        };
      case 'rekey':
        return this.#rekey(plan, context);
      case 'aggregate':
        return this.#aggregate(plan, context);
      case 'join':
        return this.#join(plan, context);
    }
  }

  #scan(plan: ScanNode, context: string): PhysicalStep {
    const { entry } = plan;
    const shared = {
      id: `${context === '' ? 'KsqlTopic' : `${context}KafkaTopic`}/Source`,
      source: entry.name,
      topic: entry.topic,
      keyFormat: entry.keyFormat,
      valueFormat: entry.valueFormat,
      keyWindow: entry.keyWindow,
      timestamp: timestampColumn(entry.timestamp, entry.schema),
      sourceSchema: entry.schema,
      schema: plan.schema,
      columns: plan.columns,
    };
    if (entry.kind === 'STREAM') return { kind: 'streamSource', ...shared };
    const side = context.startsWith('L_') ? 'KafkaTopic_Left' : context === '' ? 'KsqlTopic' : 'KafkaTopic_Right';
    const step: TableSourceStep = {
      kind: 'tableSource',
      ...shared,
      store: storeOf(`${context.slice(2)}${side}-Reduce`, plan.schema, entry.keyWindow),
    };
    return step;
  }

  #rekey(plan: RekeyNode, context: string): PhysicalStep {
    const input = this.step(plan.input, context);
    const shared = { input, keys: plan.keys, carried: plan.carried, schema: plan.schema };
    const table = resultKind(plan) === 'TABLE';
    if (plan.purpose === 'partitionBy') {
      return { kind: 'streamRekey', id: 'PartitionBy', onNullKey: 'nullKey', ...shared };
    }
    if (plan.purpose === 'join') {
      const rekeyed: PhysicalStep = {
        kind: 'streamRekey',
        id: `${context}SourceKeyed`,
        onNullKey: 'nullKey',
        ...shared,
      };
      return rekeyed;
    }
    const rekeyed: PhysicalStep = table
      ? { kind: 'tableRekey', id: 'Aggregate/GroupBy', ...shared }
      : { kind: 'streamRekey', id: 'Aggregate/GroupBy', onNullKey: 'drop', ...shared };
    return this.#repartition(
      rekeyed,
      'Aggregate-GroupBy',
      this.#leftmost(plan).keyFormat,
      this.#leftmost(plan).valueFormat,
      table,
    );
  }

  #repartition(
    input: PhysicalStep,
    name: string,
    keyFormat: FormatSpec,
    valueFormat: FormatSpec,
    changes: boolean,
    keyWindow: KeyWindow | null = null,
  ): RepartitionStep {
    const keys = keyColumns(input.schema);
    const values = input.schema.columns.filter((c) => c.role !== 'key');
    return {
      kind: 'repartition',
      id: `${name.replaceAll('-', '/')}/Repartition`,
      input,
      topic: repartitionTopic(this.#options.serviceId, this.#options.queryId, name),
      keyFormat: internalSpec(this.#keyed(keyFormat), keys, 'key'),
      valueFormat: internalSpec(valueFormat, values, 'value'),
      ...(keyWindow === null ? {} : { keyWindow }),
      changes,
      schema: input.schema,
    };
  }

  /** NONE holds no key: what has one uses the default. */
  #keyed(format: FormatSpec): FormatSpec {
    return format.name === 'NONE'
      ? { name: this.#options.defaultKeyFormat.toUpperCase(), properties: {}, unwrapped: true }
      : format;
  }

  #leftmost(plan: LogicalPlan): { keyFormat: FormatSpec; valueFormat: FormatSpec } {
    return scansOf(plan)[0]!.entry;
  }

  #aggregate(plan: AggregateNode, context: string): PhysicalStep {
    const input = this.step(plan.input, context);
    const keys = keyColumns(plan.schema);
    const value: { name: string; type: Column['type'] }[] = [];
    const calls: AggregateCall[] = plan.calls.map((call, i) => {
      const { resultIsState, ...kept } = call;
      const stateColumn = value.length;
      value.push({ name: resultIsState ? `KSQL_AGG_VARIABLE_${i}` : `KSQL_AGG_STATE_${i}`, type: call.stateType });
      if (!resultIsState) value.push({ name: `KSQL_AGG_VARIABLE_${i}`, type: call.resultType });
      return { ...kept, stateColumn, resultColumn: value.length - 1 };
    });
    checkIntermediates(plan);
    const { window } = plan;
    const store: StorePlan = {
      name: 'Aggregate-Aggregate-Materialize',
      kind: storeKind(window ?? keyWindowOf(plan)),
      key: keys.map(({ name, type }) => ({ name, type })),
      value,
      retentionMs: window?.retentionMs ?? null,
      windowSizeMs: window !== null && window.kind !== 'SESSION' ? window.sizeMs : sizeOf(keyWindowOf(plan)),
    };
    return {
      kind: 'aggregate',
      id: 'Aggregate/Aggregate',
      input,
      overTable: resultKind(plan.input) === 'TABLE',
      calls,
      window,
      emit: plan.emit,
      store,
      schema: plan.schema,
    };
  }

  #join(plan: JoinNode, context: string): PhysicalStep {
    const id = `${context}Join`;
    const { left, right } =
      plan.form === 'foreign-key' ? this.#sides(plan, context) : this.#copartitioned(plan, context);
    const shared = { id, left, right, columns: plan.columns, schema: plan.schema };
    switch (plan.form) {
      case 'stream-table':
        return { kind: 'streamTableJoin', ...shared, join: plan.join === 'LEFT' ? 'LEFT' : 'INNER' };
      case 'table-table':
        return { kind: 'tableTableJoin', ...shared, join: plan.join };
      case 'stream-stream': {
        const within = plan.within!;
        const retentionMs = within.beforeMs + within.afterMs + within.graceMs;
        const moves = [left, right].filter(({ kind }) => kind === 'repartition').length;
        this.#streamNodes += STREAM_JOIN_NODES + moves * REPARTITION_NODES;
        const node = this.#streamNodes;
        const store = (side: string, number: number, schema: Schema): StorePlan => ({
          name: `KSTREAM-${side}-${padded(number)}-store`,
          kind: 'window',
          key: keyColumns(schema).map(({ name, type }) => ({ name, type })),
          value: schema.columns.map(({ name, type }) => ({ name, type })),
          retentionMs,
          windowSizeMs: null,
        });
        return {
          kind: 'streamStreamJoin',
          ...shared,
          join: plan.join,
          ...within,
          leftStore: store(keepsRight(plan.join) ? 'OUTERTHIS' : 'JOINTHIS', node, left.schema),
          rightStore: store(keepsLeft(plan.join) ? 'OUTEROTHER' : 'JOINOTHER', node + 1, right.schema),
        };
      }
      case 'foreign-key':
        return {
          kind: 'foreignKeyJoin',
          ...shared,
          join: plan.join === 'LEFT' ? 'LEFT' : 'INNER',
          foreignKey: plan.foreignKey!,
          subscriptions: {
            name: `KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-${padded(this.#foreignKeyJoins++)}`,
            kind: 'key-value',
            key: [
              { name: 'FOREIGN_KEY', type: plan.foreignKey!.type },
              ...keyColumns(left.schema).map(({ name, type }) => ({ name, type })),
            ],
            value: left.schema.columns.map(({ name, type }) => ({ name, type })),
            retentionMs: null,
            windowSizeMs: null,
          },
        };
    }
  }

  #sides(plan: JoinNode, context: string): { readonly left: PhysicalStep; readonly right: PhysicalStep } {
    return { left: this.step(plan.left, `L_${context}`), right: this.step(plan.right, `R_${context}`) };
  }

  /**
   * The sides, through topics where equal keys may lie apart: with new keys, with keys in other formats, and with keys in formats of a registry,
   * whose bytes name a schema that each topic has of its own.
   */
  #copartitioned(plan: JoinNode, context: string): { readonly left: PhysicalStep; readonly right: PhysicalStep } {
    const sides = this.#sides(plan, context);
    const keyFormat = this.#joinKeyFormat(plan);
    const keyWindow = keyWindowOf(plan.left);
    const streams = plan.form === 'stream-stream';
    const moved = (name: 'Left' | 'Right', side: LogicalPlan, step: PhysicalStep): PhysicalStep => {
      if (side.kind !== 'rekey' && !this.#liesApart(side, keyFormat)) return step;
      const table = resultKind(side) === 'TABLE';
      const topic = table ? `${name}SourceKeyed-SelectKey` : streams ? `Join-${name.toLowerCase()}` : 'Join';
      const { valueFormat } = this.#leftmost(side);
      const behind = this.#repartition(
        withoutStore(step),
        `${context}${topic}`,
        keyFormat,
        valueFormat,
        table,
        keyWindow,
      );
      return table ? rematerialized(behind, `${context}${name}SourceKeyed`, keyWindow) : behind;
    };
    return { left: moved('Left', plan.left, sides.left), right: moved('Right', plan.right, sides.right) };
  }

  /** Whether a side that keeps its key is written in other bytes than keys of this format are here. */
  #liesApart(side: LogicalPlan, keyFormat: FormatSpec): boolean {
    if (this.#keyFormatOf(side).name !== keyFormat.name) return true;
    return requireFormat(keyFormat.name).support.schemaRegistry && joinBelow(side) === null;
  }

  /** The format of the keys that lie in the partitions of a relation. */
  #keyFormatOf(plan: LogicalPlan): FormatSpec {
    const join = joinBelow(plan);
    if (join === null) return this.#leftmost(plan).keyFormat;
    return join.form === 'foreign-key' ? this.#keyFormatOf(join.left) : this.#joinKeyFormat(join);
  }

  /** That of the left side, unless it gets a new key and the right one keeps its own. */
  #joinKeyFormat({ left, right }: JoinNode): FormatSpec {
    return this.#keyed(this.#keyFormatOf(left.kind === 'rekey' && right.kind !== 'rekey' ? right : left));
  }
}

/** A table that is kept behind a repartition topic is not kept before it too. */
function withoutStore(step: PhysicalStep): PhysicalStep {
  if (step.kind !== 'tableSource') return step;
  const { store: _kept, ...source } = step;
  return source;
}

/** A table behind its repartition topic, for lookups. */
function rematerialized(input: RepartitionStep, name: string, keyWindow: KeyWindow | null): MaterializeStep {
  const { schema } = input;
  const store = storeOf(`${name}-Materialize`, schema, keyWindow);
  return { kind: 'materialize', id: `${name}/Materialize`, input, schema, store };
}

/** How many nodes Kafka Streams has up to the store of a first join of streams, and from one to the next. */
const STREAM_JOIN_NODES = 8;
/** And how many more for a side that is repartitioned. */
const REPARTITION_NODES = 4;

function padded(node: number): string {
  return String(node).padStart(10, '0');
}

function keepsLeft(join: JoinNode['join']): boolean {
  return join === 'LEFT' || join === 'FULL';
}

function keepsRight(join: JoinNode['join']): boolean {
  return join === 'RIGHT' || join === 'FULL';
}

/** The join that a relation is the result of; null for one of a single source. */
function joinBelow(plan: LogicalPlan): JoinNode | null {
  if (plan.kind === 'scan') return null;
  return plan.kind === 'join' ? plan : joinBelow(plan.input);
}

/** Whether the relation is an aggregation, after its HAVING clause if there is one. */
function isAggregateResult(plan: LogicalPlan): boolean {
  return plan.kind === 'aggregate' || (plan.kind === 'filter' && plan.purpose === 'having');
}

function internalSpec(base: FormatSpec, columns: readonly Column[], target: 'key' | 'value'): FormatSpec {
  const usable =
    base.name !== 'NONE' &&
    requireFormat(base.name).refuses(
      columns.map((c) => ({ ...c, role: target })),
      target,
    ) === null;
  return specFor(usable ? base : { name: 'JSON', properties: {}, unwrapped: false }, columns, target);
}

function storeOf(name: string, schema: Schema, window: ReturnType<typeof keyWindowOf>): StorePlan {
  return {
    name,
    kind: storeKind(window),
    key: keyColumns(schema).map((c) => ({ name: c.name, type: c.type })),
    value: schema.columns.filter((c) => c.role !== 'key').map((c) => ({ name: c.name, type: c.type })),
    retentionMs: null,
    windowSizeMs: sizeOf(window),
  };
}

function storeKind(window: { readonly kind: 'TUMBLING' | 'HOPPING' | 'SESSION' } | null): StorePlan['kind'] {
  return window === null ? 'key-value' : window.kind === 'SESSION' ? 'session' : 'window';
}

function sizeOf(window: ReturnType<typeof keyWindowOf>): number | null {
  return window !== null && window.kind !== 'SESSION' ? window.sizeMs : null;
}

/** A source's or sink's TIMESTAMP column by position in `schema`. */
export function timestampColumn(
  timestamp: { readonly column: string; readonly format: string | null } | null,
  schema: Schema,
): TimestampColumn | null {
  if (timestamp === null) return null;
  const column = columnIndex(schema, timestamp.column);
  return { column, type: schema.columns[column]!.type, format: timestamp.format };
}
