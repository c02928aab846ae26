import type { PendingBatch } from '../../../src/broker/broker.js';
import { RecordBatchBuilder } from '../../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../../src/broker/record-batch-cursor.js';
import type { DeployOptions, ThreadChange } from '../../../src/executor/thread/stream-thread.js';
import type { FormatSpec } from '../../../src/formats/format.js';
import { createFunctionRegistry } from '../../../src/functions/registry.js';
import { schemaOf } from '../../../src/model/schema.js';
import { BIGINT, BOOLEAN, STRING } from '../../../src/model/sql-type.js';
import type {
  PhysicalPlan,
  PhysicalStep,
  SinkPlan,
  StreamSourceStep,
} from '../../../src/planner/physical/physical-plan.js';

/*
 * Plans written by hand: NUMBERS (K STRING KEY, N BIGINT) is filtered into POSITIVE, which is counted by key into COUNTS, and by
 * the number's last digit, through a repartition topic, into DIGITS.
 */

const KAFKA: FormatSpec = { name: 'KAFKA', properties: {}, unwrapped: true };
const JSON_FORMAT: FormatSpec = { name: 'JSON', properties: {}, unwrapped: false };

const NUMBER_SCHEMA = schemaOf([
  { name: 'K', type: STRING, role: 'key' },
  { name: 'N', type: BIGINT, role: 'value' },
]);
const COUNT_SCHEMA = schemaOf([
  { name: 'K', type: STRING, role: 'key' },
  { name: 'C', type: BIGINT, role: 'value' },
]);

const columnN = { kind: 'column', type: BIGINT, index: 1, name: 'N' } as const;

function numbers(topic: string): StreamSourceStep {
  return {
    kind: 'streamSource',
    id: 'KsqlTopic/Source',
    source: topic.toUpperCase(),
    topic,
    keyFormat: KAFKA,
    valueFormat: JSON_FORMAT,
    keyWindow: null,
    timestamp: null,
    sourceSchema: NUMBER_SCHEMA,
    schema: NUMBER_SCHEMA,
    columns: [
      { from: 'key', index: 0 },
      { from: 'value', index: 0 },
    ],
  };
}

function filter(input: PhysicalStep): PhysicalStep {
  const zero = { kind: 'literal', type: BIGINT, value: '0' } as const;
  const predicate = { kind: 'comparison', type: BOOLEAN, operator: '>=', left: columnN, right: zero } as const;
  return { kind: 'streamFilter', id: 'WhereFilter', schema: NUMBER_SCHEMA, input, predicate };
}

function count(input: PhysicalStep): PhysicalStep {
  const { signature } = createFunctionRegistry().resolve('COUNT', [{ kind: 'value', type: BIGINT }]);
  const schema = schemaOf([
    { name: 'K', type: STRING, role: 'key' },
    { name: 'ROWTIME', type: BIGINT, role: 'value' },
    { name: 'C', type: BIGINT, role: 'value' },
  ]);
  const aggregate: PhysicalStep = {
    kind: 'aggregate',
    id: 'Aggregate/Aggregate',
    schema,
    input,
    overTable: false,
    calls: [
      {
        name: 'COUNT',
        signature,
        arguments: [columnN],
        configuration: [],
        stateType: BIGINT,
        resultType: BIGINT,
        stateColumn: 0,
        resultColumn: 0,
      },
    ],
    window: null,
    emit: 'CHANGES',
    store: {
      name: 'Aggregate-Aggregate-Materialize',
      kind: 'key-value',
      key: [{ name: 'K', type: STRING }],
      value: [{ name: 'C', type: BIGINT }],
      retentionMs: null,
      windowSizeMs: null,
    },
  };
  return {
    kind: 'tableProject',
    id: 'Aggregate/Project',
    schema: COUNT_SCHEMA,
    input: aggregate,
    expressions: [
      { kind: 'column', type: STRING, index: 0, name: 'K' },
      { kind: 'column', type: BIGINT, index: 2, name: 'C' },
    ],
  };
}

function byDigit(input: PhysicalStep): PhysicalStep {
  const ten = { kind: 'literal', type: BIGINT, value: '10' } as const;
  const digit = { kind: 'arithmetic', type: BIGINT, operator: '%', left: columnN, right: ten } as const;
  const rekey: PhysicalStep = {
    kind: 'streamRekey',
    id: 'Aggregate/GroupBy',
    schema: NUMBER_SCHEMA,
    input,
    keys: [{ kind: 'cast', type: STRING, operand: digit }],
    carried: [1],
    onNullKey: 'drop',
  };
  return {
    kind: 'repartition',
    id: 'Aggregate/GroupBy',
    schema: NUMBER_SCHEMA,
    input: rekey,
    topic: '_confluent-ksql-default_query_CTAS_DIGITS_3-Aggregate-GroupBy-repartition',
    keyFormat: KAFKA,
    valueFormat: JSON_FORMAT,
    changes: false,
  };
}

function sink(topic: string): SinkPlan {
  return {
    source: topic.toUpperCase(),
    topic,
    keyFormat: KAFKA,
    valueFormat: JSON_FORMAT,
    keyWindow: null,
    timestamp: null,
  };
}

function plan(queryId: string, root: PhysicalStep, resultKind: 'STREAM' | 'TABLE', into: string | null): PhysicalPlan {
  return {
    version: 1,
    queryId,
    resultKind,
    schema: root.schema,
    root,
    sink: into === null ? null : sink(into),
    output: null,
    limit: null,
    settings: {},
  };
}

export const POSITIVE = plan('CSAS_POSITIVE_1', filter(numbers('numbers')), 'STREAM', 'positive');
export const COUNTS = plan('CTAS_COUNTS_2', count(numbers('positive')), 'TABLE', 'counts');
export const DIGITS = plan('CTAS_DIGITS_3', count(byDigit(numbers('positive'))), 'TABLE', 'digits');
export const SHOW = plan('transient_NUMBERS_1', filter(numbers('numbers')), 'STREAM', null);

export const OPTIONS: DeployOptions = {
  start: 'earliest',
  transient: false,
  bounded: false,
  cacheBytes: 0,
  paused: false,
};
export const NOTHING: ThreadChange = { createTopics: [], deleteTopics: [], commands: [], deploy: [], drop: [] };

export function creation(partitions: number): ThreadChange {
  const config = { partitions, replicas: 1, cleanupPolicy: ['delete' as const], retentionMs: -1 };
  return {
    ...NOTHING,
    createTopics: ['numbers', 'positive', 'counts', 'digits'].map((name) => ({ name, config })),
  };
}

export function deployment(options: Partial<DeployOptions> = {}): ThreadChange {
  const deploy = [POSITIVE, COUNTS, DIGITS].map((query) => ({ plan: query, options: { ...OPTIONS, ...options } }));
  return { ...NOTHING, deploy };
}

/** Records with these numbers; the key is the number modulo 7. */
export function numbersBatch(partition: number, ...values: number[]): PendingBatch {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(value, Buffer.from(`k${value % 7}`), Buffer.from(`{"N":${value}}`));
  return { topic: 'numbers', partition, records: values.length, bytes: builder.finish() };
}

/** The records of batches: key, and value as JSON. */
export function recordsOf(
  batches: readonly { readonly bytes: Buffer }[],
): { key: string; value: Record<string, number> }[] {
  const records: { key: string; value: Record<string, number> }[] = [];
  const cursor = new RecordBatchCursor();
  for (const { bytes } of batches) {
    cursor.reset(bytes);
    while (cursor.next()) {
      records.push({
        key: cursor.bytes.toString('utf8', cursor.keyStart, cursor.keyEnd),
        value: JSON.parse(cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd)),
      });
    }
  }
  return records;
}
