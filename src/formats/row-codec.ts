import type { Column } from '../model/schema.js';
import type { Row, SqlValue } from '../model/value.js';
import { GrowableSink } from './byte-sink.js';
import type { Format, FormatSpec } from './format.js';
import type { WriterSchemas } from './schema-registry/schema-registry.js';

/**
 * One row as bytes, for code that handles single records (inserts, tests, printing); tasks keep a compiled serializer.
 * @returns null when the encoding is null
 * @throws RecordError with reason `serialization`
 */
export function encodeRow(
  format: Format,
  spec: FormatSpec,
  columns: readonly Column[],
  values: readonly SqlValue[],
  target: 'key' | 'value' = 'value',
): Buffer | null {
  const sink = new GrowableSink();
  return format.serializer(spec, columns, target).write(sink, ...values) ? sink.copy() : null;
}

/**
 * The row in these bytes, or null when they spell null.
 * @throws RecordError with reason `deserialization`
 */
export function decodeRow(
  format: Format,
  spec: FormatSpec,
  columns: readonly Column[],
  bytes: Buffer,
  target: 'key' | 'value' = 'value',
  schemas?: WriterSchemas,
): Row | null {
  const deserializer = format.deserializer(spec, columns, [...columns.keys()], target, schemas);
  if (!deserializer.scan(bytes, 0, bytes.length)) return null;
  return deserializer.read.map((read) => read());
}
