import type { Format, FormatSpec } from '../../formats/format.js';
import { asSchemaFormat, formatNamed } from '../../formats/index.js';
import { fromJson } from '../../formats/json-value.js';
import { decodeRow, encodeRow } from '../../formats/row-codec.js';
import { frameId } from '../../formats/schema-registry/framing.js';
import type { RegisteredSchema } from '../../formats/schema-registry/schema-registry.js';
import type { JsonObject, JsonValue } from '../../model/json-text.js';
import type { Column } from '../../model/schema.js';
import type { SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { TestFileError } from '../json.js';
import { type ActualValue, actualInteger } from '../judge/actual-value.js';
import type { RecordHalf, TestFormat } from './test-format.js';

/** Written with the latest schema of the topic's subject, read with the schema that the bytes name. */
export const schemaTestFormat: TestFormat = {
  encode(value, half) {
    const { schemas, subject } = half;
    const schema = schemas.latest(subject)?.schema;
    if (schema === undefined) throw new TestFileError(`no schema is registered for ${subject}`);
    return encodeAs(value, shapeOf(half, schema));
  },
  decode(bytes, half) {
    const { format, schemas, target } = half;
    const id = frameId(bytes, 0, bytes.length, format.name, target);
    const schema = schemas.find(id);
    if (schema == null) throw new Error(`there is no schema with id ${id}`);
    return decodeAs(bytes, half, shapeOf(half, schema));
  },
};

/** As the columns say. */
export const columnsTestFormat: TestFormat = {
  encode: (value, half) => encodeAs(value, shapeOfColumns(half)),
  decode: (bytes, half) => decodeAs(bytes, half, shapeOfColumns(half)),
};

/** How one half of a record is written, and what type it has as a whole. */
interface Shape {
  readonly format: Format;
  readonly spec: FormatSpec;
  readonly columns: readonly Column[];
  readonly target: 'key' | 'value';
}

function shapeOf({ format: spec, target }: RecordHalf, schema: RegisteredSchema): Shape {
  const format = asSchemaFormat(formatNamed(spec.name)!)!;
  const { type } = format.contentOf(schema, spec.properties['fullSchemaName'] ?? null);
  const unwrapped = type.kind !== 'STRUCT';
  const columns: readonly Column[] = unwrapped
    ? [{ name: 'VALUE', type, role: target }]
    : type.fields.map((field) => ({ ...field, role: target }));
  return { format, spec: { ...spec, unwrapped, schema }, columns, target };
}

function shapeOfColumns({ format: spec, columns, target }: RecordHalf): Shape {
  return { format: formatNamed(spec.name)!, spec, columns, target };
}

function encodeAs(value: Exclude<JsonValue, null>, { format, spec, columns, target }: Shape): Buffer | null {
  const single = spec.unwrapped || (columns.length === 1 && !(value instanceof Map));
  const values = single
    ? [fromJson(withNames(value, columns[0]!.type), columns[0]!.type)]
    : membersOf(value, columns).map((member, i) => fromJson(member, columns[i]!.type));
  // An object is a message even where all its members are null.
  return encodeRow(format, spec, columns, values, value instanceof Map ? 'value' : target);
}

function membersOf(
  value: JsonValue,
  fields: readonly { readonly name: string; readonly type: SqlType }[],
): JsonValue[] {
  if (!(value instanceof Map)) throw new TestFileError('a record with several fields is given as an object');
  return fields.map(({ name, type }) => withNames(memberNamed(value, name), type));
}

/** Exactly the name, or else in any case. */
function memberNamed(object: JsonObject, name: string): JsonValue {
  const exact = object.get(name);
  if (exact !== undefined) return exact;
  for (const [key, member] of object) if (key.toUpperCase() === name.toUpperCase()) return member;
  return null;
}

/** The value with the members of structs named as their fields are. */
function withNames(value: JsonValue, type: SqlType): JsonValue {
  switch (type.kind) {
    case 'ARRAY':
      return Array.isArray(value) ? value.map((element) => withNames(element, type.element)) : value;
    case 'MAP':
      return value instanceof Map
        ? new Map([...value].map(([key, member]) => [key, withNames(member, type.value)]))
        : value;
    case 'STRUCT': {
      if (!(value instanceof Map)) return value;
      const members = membersOf(value, type.fields);
      return new Map(type.fields.map(({ name }, i) => [name, members[i]!]));
    }
    default:
      return value;
  }
}

function decodeAs(bytes: Buffer, { schemas }: RecordHalf, { format, spec, columns, target }: Shape): ActualValue {
  const row = decodeRow(format, spec, columns, bytes, target, schemas);
  if (row === null) return null;
  if (spec.unwrapped) return actual(row[0]!, columns[0]!.type);
  return new Map(columns.map(({ name, type }, i) => [name, actual(row[i]!, type)]));
}

function actual(value: SqlValue, type: SqlType): ActualValue {
  if (value === null) return null;
  switch (type.kind) {
    case 'INTEGER':
    case 'BIGINT':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return actualInteger(BigInt(value as number | bigint));
    case 'DOUBLE':
      return { kind: 'double', value: value as number };
    case 'DECIMAL':
      return { kind: 'decimal', unscaled: value as bigint, scale: type.scale };
    case 'ARRAY':
      return (value as readonly SqlValue[]).map((element) => actual(element, type.element));
    case 'MAP':
      return new Map(
        [...(value as ReadonlyMap<SqlValue, SqlValue>)].map(([key, member]) => [
          String(key),
          actual(member, type.value),
        ]),
      );
    case 'STRUCT':
      return new Map(
        type.fields.map((field, i) => [field.name, actual((value as readonly SqlValue[])[i]!, field.type)]),
      );
    default:
      return value as boolean | string | Buffer;
  }
}
