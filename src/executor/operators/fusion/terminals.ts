import type { StreamRecord } from '../../../model/record.js';
import { keyColumns, type Schema } from '../../../model/schema.js';
import type { SqlTypeKind } from '../../../model/sql-type.js';
import type { StreamSourceStep } from '../../../planner/physical/physical-plan.js';
import { NO_HEADERS, type StreamOutput } from '../operator.js';
import { positionsOf, type Sink } from '../sink.js';
import type { FusedStream } from './fused-stream.js';

/** Ends a generated function with a call of the next operator, on a record that is used again and again. */
export function emitRecord(fused: FusedStream, output: StreamOutput, schema: Schema): void {
  const { code } = fused;
  const record: StreamRecord = { key: [], row: [], timestamp: 0, window: null, headers: NO_HEADERS };
  const name = code.constant(record);
  const row = code.constant(record.row);
  const key = code.constant(record.key);
  const keyCount = keyColumns(schema).length;
  const values = schema.columns.map((_, i) => fused.column(i));
  values.forEach((value, i) => fused.emit(`${row}[${i}] = ${value};`));
  for (let i = 0; i < keyCount; i++) fused.emit(`${key}[${i}] = ${values[i]};`);
  fused.emit(`${name}.timestamp = timestamp;`);
  fused.emit(`${name}.headers = cursor.headerCount === 0 ? ${code.constant(NO_HEADERS)} : cursor.headers();`);
  fused.emit(`${code.constant(output)}.stream(${name});`);
}

/** Ends a generated function with the encoding of the record, straight into the batch that is being written. */
export function emitSink(fused: FusedStream, sink: Sink, source: StreamSourceStep, schema: Schema): void {
  const { code } = fused;
  const { plan } = sink;
  const values = positionsOf(schema, 'value').map((position) => fused.column(position));
  let time = 'timestamp';
  if (plan.timestamp !== null) {
    time = 'resultTime';
    const convert = code.constant((value: never) => sink.time(value));
    fused.emit(`const resultTime = ${convert}(${fused.column(plan.timestamp.column)});`);
  }
  const topic = code.constant(sink.topic);
  if (copiesKey(fused, sink, source)) {
    // Reading a key whose length is fixed finds those of another length.
    if (!ANY_LENGTH.includes(source.sourceSchema.columns[0]!.type.kind)) fused.column(0);
    fused.emit(`const builder = ${topic}.beginWithKey(${time}, bytes, cursor.keyStart, cursor.keyEnd);`);
  } else {
    const keys = positionsOf(schema, 'key').map((position) => fused.column(position));
    fused.emit(`${topic}.key.reset();`);
    const write = `${code.constant(sink.keySerializer)}.write(${[`${topic}.key`, ...keys].join(', ')})`;
    fused.emit(`const hasKey = ${write};`);
    fused.emit(`const builder = ${topic}.begin(${time}, !hasKey);`);
  }
  fused.emit(`begun = ${topic};`);
  fused.emit(`const hasValue = ${code.constant(sink.valueSerializer)}.write(${['builder', ...values].join(', ')});`);
  fused.emit(
    `${topic}.endWithEncodedHeaders(!hasValue, cursor.headerCount, bytes, cursor.headersStart, cursor.headersEnd);`,
  );
  fused.emit(`${fused.context}.rowsOut++;`);
}

/** Types that any bytes are a KAFKA key of. */
const ANY_LENGTH: readonly SqlTypeKind[] = ['STRING', 'BYTES'];

/**
 * Whether the bytes of the source's key are the bytes of the result's key. Only where each value has one spelling, so that equal keys
 * stay equal bytes: in the KAFKA format.
 */
function copiesKey(fused: FusedStream, sink: Sink, source: StreamSourceStep): boolean {
  return (
    source.keyFormat.name === 'KAFKA' &&
    sink.plan.keyFormat.name === 'KAFKA' &&
    sink.plan.keyWindow === null &&
    keyColumns(source.sourceSchema).length === 1 &&
    fused.keepsKey()
  );
}
