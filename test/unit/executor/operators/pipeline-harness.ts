import type { PendingBatch } from '../../../../src/broker/broker.js';
import { maxTimestamp, recordCount, setBaseOffset } from '../../../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../../../src/broker/record-batch-cursor.js';
import { buildPipeline, type PipelineOptions } from '../../../../src/executor/build-pipeline.js';
import type { RecordErrorReport } from '../../../../src/executor/operators/operator.js';
import { RecordOutputBuffer } from '../../../../src/executor/task/output-buffer.js';
import type { PipelineTask } from '../../../../src/executor/task/pipeline-task.js';
import type { FormatSpec } from '../../../../src/formats/format.js';
import { createFunctionRegistry } from '../../../../src/functions/registry.js';
import type { RecordHeader } from '../../../../src/model/record.js';
import { type Column, keyColumns, type Schema } from '../../../../src/model/schema.js';
import { BIGINT, BOOLEAN, INTEGER, type SqlType, STRING } from '../../../../src/model/sql-type.js';
import type { BoundExpression } from '../../../../src/planner/expression.js';
import type {
  AggregateCall,
  AggregateStep,
  KeyWindow,
  PhysicalPlan,
  PhysicalStep,
  SinkPlan,
  SourceColumn,
  StorePlan,
  StreamSourceStep,
  TableSourceStep,
  WindowPlan,
} from '../../../../src/planner/physical/physical-plan.js';
import { MemoryTaskStores } from '../../../../src/state/memory/memory-task-stores.js';
import type { TaskStores } from '../../../../src/state/state-store.js';

export const functions = createFunctionRegistry();

export const JSON_FORMAT: FormatSpec = { name: 'JSON', properties: {}, unwrapped: false };
export const KAFKA_FORMAT: FormatSpec = { name: 'KAFKA', properties: {}, unwrapped: true };

export function keyColumn(name: string, type: SqlType = STRING): Column {
  return { name, type, role: 'key' };
}

export function valueColumn(name: string, type: SqlType = INTEGER): Column {
  return { name, type, role: 'value' };
}

export interface SourceOptions {
  readonly columns: readonly Column[];
  readonly pseudo?: readonly ('rowtime' | 'rowpartition' | 'rowoffset' | 'windowstart' | 'windowend')[];
  readonly keyWindow?: KeyWindow;
  readonly timestamp?: StreamSourceStep['timestamp'];
  readonly valueFormat?: FormatSpec;
  readonly keyFormat?: FormatSpec;
  /** Columns that are read; default all. */
  readonly read?: readonly string[];
}

function sourceBase(topic: string, options: SourceOptions) {
  const declared: Schema = { columns: options.columns };
  const keys = keyColumns(declared);
  const values = options.columns.filter((column) => column.role === 'value');
  const kept = options.columns.filter(
    (c) => c.role === 'key' || options.read === undefined || options.read.includes(c.name),
  );
  const columns: SourceColumn[] = kept.map((column) => {
    if (column.role === 'headers') return { from: 'headers', headerKey: column.headerKey ?? null };
    return column.role === 'key'
      ? { from: 'key', index: keys.indexOf(column) }
      : { from: 'value', index: values.indexOf(column) };
  });
  const pseudo = (options.pseudo ?? []).map((name) => ({ from: name }));
  return {
    id: `${topic}/Source`,
    source: topic,
    topic,
    keyFormat: options.keyFormat ?? KAFKA_FORMAT,
    valueFormat: options.valueFormat ?? JSON_FORMAT,
    keyWindow: options.keyWindow ?? null,
    timestamp: options.timestamp ?? null,
    sourceSchema: declared,
    schema: {
      columns: [
        ...kept,
        ...pseudo.map(({ from }) => valueColumn(from.toUpperCase(), from === 'rowpartition' ? INTEGER : BIGINT)),
      ],
    },
    columns: [...columns, ...pseudo],
  };
}

export function streamSource(topic: string, options: SourceOptions): StreamSourceStep {
  return { kind: 'streamSource', ...sourceBase(topic, options) };
}

export function tableSource(topic: string, options: SourceOptions): TableSourceStep {
  const base = sourceBase(topic, options);
  return { kind: 'tableSource', ...base, store: storeOf(`${topic}-Reduce`, base.schema, options.keyWindow) };
}

export function storeOf(name: string, schema: Schema, window?: KeyWindow | WindowPlan | null): StorePlan {
  const plain = ({ name: column, type }: Column) => ({ name: column, type });
  const kind = window == null ? 'key-value' : window.kind === 'SESSION' ? 'session' : 'window';
  return {
    name,
    kind,
    key: keyColumns(schema).map(plain),
    value: schema.columns.filter((column) => column.role !== 'key').map(plain),
    retentionMs: window == null ? null : 'retentionMs' in window ? window.retentionMs : 86_400_000,
    windowSizeMs: window != null && 'sizeMs' in window ? window.sizeMs : null,
  };
}

/** A column of a step's output, by name. */
export function column(step: PhysicalStep, name: string): BoundExpression {
  const index = step.schema.columns.findIndex((candidate) => candidate.name === name);
  if (index === -1) throw new Error(`no column ${name}`);
  return { kind: 'column', type: step.schema.columns[index]!.type, index, name };
}

export function literal(value: number | string | null, type: SqlType = INTEGER): BoundExpression {
  return { kind: 'literal', type, value: value === null ? null : String(value) };
}

export function compare(
  left: BoundExpression,
  operator: '>' | '<' | '=' | '>=' | '<=',
  right: BoundExpression,
): BoundExpression {
  return { kind: 'comparison', type: BOOLEAN, operator, left, right } as BoundExpression;
}

export function plus(left: BoundExpression, right: BoundExpression): BoundExpression {
  return { kind: 'arithmetic', type: left.type, operator: '+', left, right };
}

export function call(name: string, ...args: BoundExpression[]): BoundExpression {
  const resolved = functions.resolve(
    name,
    args.map((a) => ({ kind: 'value', type: a.type })),
  );
  return { kind: 'call', type: resolved.returnType, name, signature: resolved.signature, arguments: args };
}

export function filter(input: PhysicalStep, predicate: BoundExpression): PhysicalStep {
  const kind = isTable(input) ? 'tableFilter' : 'streamFilter';
  return { kind, id: 'Where', schema: input.schema, input, predicate };
}

/** Projects `[name, expression]` pairs; as many of them are keys as the input has. */
export function project(
  input: PhysicalStep,
  ...columns: readonly (readonly [string, BoundExpression])[]
): PhysicalStep {
  const keyCount = keyColumns(input.schema).length;
  const schema: Schema = {
    columns: columns.map(([name, { type }], i) => ({ name, type, role: i < keyCount ? 'key' : 'value' })),
  };
  const kind = isTable(input) ? 'tableProject' : 'streamProject';
  return { kind, id: 'Project', schema, input, expressions: columns.map(([, expression]) => expression) };
}

export function rekey(
  input: PhysicalStep,
  keys: readonly (readonly [string, BoundExpression])[],
  onNullKey: 'drop' | 'nullKey' = 'drop',
): PhysicalStep {
  const carried = input.schema.columns.map((_, i) => i);
  const schema: Schema = {
    columns: [
      ...keys.map(([name, { type }]) => keyColumn(name, type)),
      ...input.schema.columns.map(({ name, type }) =>
        valueColumn(keys.some(([k]) => k === name) ? `${name}_V` : name, type),
      ),
    ],
  };
  const base = { id: 'GroupBy', schema, input, keys: keys.map(([, e]) => e), carried };
  return isTable(input) ? { kind: 'tableRekey', ...base } : { kind: 'streamRekey', ...base, onNullKey };
}

export function repartition(input: PhysicalStep): PhysicalStep {
  const keys = keyColumns(input.schema).length;
  return {
    kind: 'repartition',
    id: 'Repartition',
    schema: input.schema,
    input,
    topic: 'query-repartition',
    keyFormat: keys > 1 ? JSON_FORMAT : KAFKA_FORMAT,
    valueFormat: JSON_FORMAT,
    changes: isTable(input),
  };
}

export function isTable(step: PhysicalStep): boolean {
  switch (step.kind) {
    case 'tableSource':
    case 'tableFilter':
    case 'tableProject':
    case 'tableRekey':
    case 'aggregate':
    case 'tableTableJoin':
    case 'foreignKeyJoin':
    case 'materialize':
      return true;
    case 'repartition':
      return step.changes;
    default:
      return false;
  }
}

export function aggregate(
  input: PhysicalStep,
  calls: readonly (readonly [alias: string, name: string, ...args: BoundExpression[]])[],
  options: { readonly window?: WindowPlan; readonly final?: boolean } = {},
): AggregateStep {
  const keys = keyColumns(input.schema);
  const resolved: AggregateCall[] = [];
  const storeColumns: { name: string; type: SqlType }[] = [];
  for (const [alias, name, ...args] of calls) {
    const {
      signature,
      returnType,
      aggregate: more,
    } = functions.resolve(
      name,
      args.map((a) => ({ kind: 'value', type: a.type })),
    );
    const code = functions.aggregate(
      name,
      signature,
      args.map((a) => a.type),
      [],
    );
    const stateColumn = storeColumns.push({ name: `${alias}_STATE`, type: code.stateType }) - 1;
    const resultColumn = code.resultIsState ? stateColumn : storeColumns.push({ name: alias, type: returnType }) - 1;
    resolved.push({
      name,
      signature,
      arguments: args,
      configuration: [],
      stateType: more!.stateType,
      resultType: returnType,
      stateColumn,
      resultColumn,
    });
  }
  const window = options.window ?? null;
  const bounds = window === null ? [] : [valueColumn('WINDOWSTART', BIGINT), valueColumn('WINDOWEND', BIGINT)];
  const schema: Schema = {
    columns: [
      ...keys,
      ...bounds,
      valueColumn('ROWTIME', BIGINT),
      ...calls.map(([alias], i) => valueColumn(alias, resolved[i]!.resultType)),
    ],
  };
  return {
    kind: 'aggregate',
    id: 'Aggregate',
    schema,
    input,
    overTable: isTable(input),
    calls: resolved,
    window,
    emit: options.final === true ? 'FINAL' : 'CHANGES',
    store: { ...storeOf('Aggregate-Materialize', { columns: keys }, window), value: storeColumns },
  };
}

export function planOf(
  root: PhysicalStep,
  options: { readonly sink?: Partial<SinkPlan> | null; readonly settings?: Record<string, string> } = {},
): PhysicalPlan {
  const sink: SinkPlan | null =
    options.sink === null
      ? null
      : {
          source: 'OUT',
          topic: 'out',
          keyFormat: keyColumns(root.schema).length > 1 ? JSON_FORMAT : KAFKA_FORMAT,
          valueFormat: JSON_FORMAT,
          keyWindow: null,
          timestamp: null,
          ...options.sink,
        };
  return {
    version: 1,
    queryId: 'CSAS_OUT_1',
    resultKind: isTable(root) ? 'TABLE' : 'STREAM',
    schema: root.schema,
    root,
    sink,
    output: null,
    limit: null,
    settings: options.settings ?? {},
  };
}

export interface InputRecord {
  readonly key?: string | Buffer | null;
  readonly value?: object | string | null;
  readonly at?: number;
  readonly headers?: readonly RecordHeader[];
}

export interface OutputRecord {
  readonly key: string | null;
  readonly value: unknown;
  readonly at: number;
  readonly partition: number;
  readonly keyBytes: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** Runs one task on memory stores; what it writes to its own inputs is read back at once. */
export class PipelineHarness {
  readonly task: PipelineTask;
  readonly errors: RecordErrorReport[] = [];
  readonly rows: { row: unknown[]; tombstone: boolean; timestamp: number }[] = [];
  readonly outputs: RecordOutputBuffer;
  readonly stores: TaskStores;
  readonly #offsets = new Map<string, number>();
  readonly #partitions: number;

  constructor(plan: PhysicalPlan, options: Partial<PipelineOptions> & { readonly partitions?: number } = {}) {
    this.#partitions = options.partitions ?? 1;
    this.outputs = new RecordOutputBuffer((topic) => (topic === 'out' ? this.#partitions : 1));
    this.stores = options.stores ?? new MemoryTaskStores();
    this.task = buildPipeline(plan, {
      partition: 0,
      stores: this.stores,
      functions,
      evaluation: { now: () => 0, random: () => 0 },
      outputs: this.outputs,
      caching: false,
      repartition: 'direct',
      onRecordError: (report) => this.errors.push(report),
      ...(plan.sink === null
        ? { onRow: (r) => void this.rows.push({ row: [...r.row], tombstone: r.tombstone, timestamp: r.timestamp }) }
        : {}),
      ...options,
    });
  }

  /** Appends one batch and processes everything. */
  send(topic: string, ...records: readonly InputRecord[]): this {
    this.offer(topic, ...records);
    this.run();
    return this;
  }

  offer(topic: string, ...records: readonly InputRecord[]): void {
    const builder = new RecordBatchBuilder();
    for (const { key = null, value = null, at = 0, headers = null } of records) {
      builder.append(at, bytesOf(key), bytesOf(value), headers);
    }
    const base = this.#offsets.get(topic) ?? 0;
    this.#offsets.set(topic, base + records.length);
    this.#offer(topic, builder.finish(base), base);
  }

  run(): void {
    this.#process();
    this.#readBack();
  }

  commit(): this {
    this.task.beforeCommit();
    this.#readBack();
    return this;
  }

  /** What has been written to the sink since the last call. */
  take(): OutputRecord[] {
    this.#collect();
    const taken = this.#taken;
    this.#taken = [];
    return taken;
  }

  /** Keys, values and timestamps of `take`, for short expectations: `[key, value, at]`. */
  results(): [string | null, unknown, number][] {
    return this.take().map(({ key, value, at }) => [key, value, at]);
  }

  #taken: OutputRecord[] = [];

  #readBack(): void {
    while (this.#collect() > 0) this.#process();
  }

  /** A call ends when an input runs out. */
  #process(): void {
    while (this.task.process(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY) > 0);
  }

  /** Sorts what was written: into the results, or back to the task. Returns how many batches went back. */
  #collect(): number {
    let back = 0;
    for (const batch of this.outputs.take()) {
      if (batch.topic === 'out') {
        this.#taken.push(...decode(batch));
        continue;
      }
      const base = this.#offsets.get(batch.topic) ?? 0;
      this.#offsets.set(batch.topic, base + batch.records);
      setBaseOffset(batch.bytes, base);
      this.#offer(batch.topic, batch.bytes, base);
      back++;
    }
    return back;
  }

  #offer(topic: string, bytes: Buffer, base: number): void {
    const lastOffset = base + recordCount(bytes) - 1;
    this.task.offer({ topic, partition: 0, baseOffset: base, lastOffset, maxTimestamp: maxTimestamp(bytes), bytes });
  }
}

function bytesOf(data: object | string | null): Buffer | null {
  if (data === null || Buffer.isBuffer(data)) return data;
  return Buffer.from(typeof data === 'string' ? data : JSON.stringify(data));
}

function decode(batch: PendingBatch): OutputRecord[] {
  const cursor = new RecordBatchCursor();
  cursor.reset(batch.bytes);
  const records: OutputRecord[] = [];
  while (cursor.next()) {
    const { bytes } = cursor;
    const text = (start: number, end: number) => (start < 0 ? null : bytes.toString('utf8', start, end));
    const value = text(cursor.valueStart, cursor.valueEnd);
    records.push({
      key: text(cursor.keyStart, cursor.keyEnd),
      keyBytes: cursor.keyStart < 0 ? null : Buffer.from(bytes.subarray(cursor.keyStart, cursor.keyEnd)),
      value: value === null ? null : JSON.parse(value),
      at: cursor.timestamp,
      partition: batch.partition,
      headers: cursor.headers(),
    });
  }
  return records;
}
