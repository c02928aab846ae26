import { avroFormat } from '../../src/formats/avro/avro.js';
import type { FormatSpec } from '../../src/formats/format.js';
import { decodeRow } from '../../src/formats/row-codec.js';
import type { RegisteredSchema } from '../../src/formats/schema-registry/schema-registry.js';
import { RecordError } from '../../src/model/errors.js';
import type { Column } from '../../src/model/schema.js';
import type { Row } from '../../src/model/value.js';
import { failureOf } from './failure.js';

/** A record around the columns. */
export const wrapped: FormatSpec = { name: 'AVRO', properties: {}, unwrapped: false };

/** A single column without a record around it. */
export const bare: FormatSpec = { ...wrapped, unwrapped: true };

/** The schema as the registry has it. */
export const registered = (schema: unknown, id = 1): RegisteredSchema => ({
  type: 'AVRO',
  text: JSON.stringify(schema),
  imports: [],
  id,
});

/** The schema of a record with such fields. */
export const recordOf = (fields: Readonly<Record<string, unknown>>, name = 'R') => ({
  type: 'record',
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
});

/** Bytes behind the frame of schema 1. */
export const framed = (...body: readonly number[]): Buffer => Buffer.from([0, 0, 0, 0, 1, ...body]);

/** All columns of a record that was written with the schema. */
export const decode = (schema: unknown, columns: readonly Column[], bytes: Buffer, spec = wrapped): Row | null =>
  decodeRow(avroFormat, spec, columns, bytes, 'value', { find: () => registered(schema) });

/** The RecordError that the work throws; another error is thrown on. */
export const failure = (work: () => unknown): RecordError => failureOf(RecordError, work);

/** Like DECIMAL(6, 2). */
export const decimal = { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 };

/** Days. */
export const date = { type: 'int', logicalType: 'date' };

/** A time of day in milliseconds. */
export const timeMillis = { type: 'int', logicalType: 'time-millis' };

/** A timestamp in milliseconds. */
export const timestampMillis = { type: 'long', logicalType: 'timestamp-millis' };

/** A timestamp in microseconds. */
export const timestampMicros = { type: 'long', logicalType: 'timestamp-micros' };

/** An enum of A and B. */
export const letters = { type: 'enum', name: 'Letters', symbols: ['A', 'B'] };
