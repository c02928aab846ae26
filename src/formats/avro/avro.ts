import { assert } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import { GrowableSink } from '../byte-sink.js';
import { type FormatSpec, FULL_NAME, fullNameOf, type SchemaFormat } from '../format.js';
import { ignoredBytes, nothing } from '../no-columns.js';
import { emptyProperty, hasTextKeys, unknownProperty } from '../refusals.js';
import { writeFrame } from '../schema-registry/framing.js';
import { NO_SCHEMAS, type RegisteredSchema } from '../schema-registry/schema-registry.js';
import { valueError } from '../value-problem.js';
import { avroDeserializer } from './avro-deserializer.js';
import { avroIncompatibilities } from './avro-incompatibilities.js';
import { AvroNameError, avroOfColumns, DEFAULT_RECORD } from './avro-of-columns.js';
import { nameProblem, shortName } from './avro-type.js';
import { contentOfAvro } from './columns-of-avro.js';
import { compileAvroWriter } from './compile-avro-writer.js';
import { invalidSchema, parseAvro, parseWithImports } from './parse-avro.js';
import { writeAvro } from './write-avro.js';

/** Avro's binary encoding in the frame of a schema registry: a record with a field a column, or the bare value of a single column. */
export const avroFormat: SchemaFormat = {
  name: 'AVRO',
  schemaType: 'AVRO',
  support: {
    key: true,
    value: true,
    schemaRegistry: true,
    singleColumn: { default: 'wrapped', allowed: ['wrapped', 'unwrapped'] },
    properties: [FULL_NAME],
  },
  refuses(columns, target): string | null {
    if (!columns.every((column) => hasTextKeys(column.type))) return 'Avro only supports MAPs with STRING keys';
    if (columns.length === 0) return null;
    try {
      avroOfColumns(columns, target === 'key' && columns.length === 1, DEFAULT_RECORD);
      return null;
    } catch (error) {
      if (error instanceof AvroNameError) return incompatible(error.message);
      throw error;
    }
  },
  refusesProperty(name, value): string | null {
    if (name !== FULL_NAME) return unknownProperty('AVRO', name);
    if (value.trim() === '') return emptyProperty(name, value);
    const problem = nameProblem(shortName(value));
    return problem === null ? null : incompatible(problem);
  },
  deserializer(spec, columns, wanted, target, schemas = NO_SCHEMAS) {
    if (columns.length === 0 && target === 'key') return ignoredBytes;
    assertShape(spec, columns);
    return avroDeserializer(
      { columns, wanted, unwrapped: spec.unwrapped, fullName: fullNameOf(spec) },
      target,
      schemas,
    );
  },
  serializer(spec, columns, target) {
    if (columns.length === 0 && target === 'key') return nothing;
    assertShape(spec, columns);
    const schema = spec.schema;
    assert(schema !== undefined, 'an AVRO schema is registered before a serializer is made');
    const failed = (problem: unknown): unknown => valueError(problem, '$', target, 'serialization');
    const { unwrapped } = spec;
    return compileAvroWriter(parseAvro(schema), {
      columns,
      unwrapped,
      fullName: fullNameOf(spec),
      frame: frameOf(schema),
      failed,
    });
  },
  schemaFor(spec, columns) {
    assertShape(spec, columns);
    try {
      const text = writeAvro(avroOfColumns(columns, spec.unwrapped, fullNameOf(spec) ?? DEFAULT_RECORD));
      return { type: 'AVRO', text, imports: [] };
    } catch (error) {
      if (error instanceof AvroNameError) throw invalidSchema(error.message);
      throw error;
    }
  },
  contentOf(schema, fullName) {
    return contentOfAvro(parseAvro(schema), fullName);
  },
  incompatibilities(reader, writer) {
    return avroIncompatibilities(parseAvro(reader), parseAvro(writer));
  },
  canonical(schema) {
    const { type, imported } = parseWithImports(schema);
    return writeAvro(type, imported);
  },
};

function incompatible(problem: string): string {
  return `Schema is not compatible with Avro: ${problem}`;
}

function assertShape(spec: FormatSpec, columns: readonly Column[]): void {
  assert(!spec.unwrapped || columns.length === 1, 'only a single column is unwrapped');
}

function frameOf(schema: RegisteredSchema): Uint8Array {
  const sink = new GrowableSink(8);
  writeFrame(sink, schema.id);
  return sink.copy();
}
