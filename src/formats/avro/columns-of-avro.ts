import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  type StructField,
  structType,
  TIME,
  TIMESTAMP,
} from '../../model/sql-type.js';
import type { SchemaContent } from '../format.js';
import {
  type AvroArray,
  type AvroField,
  type AvroRecord,
  type AvroType,
  type AvroUnion,
  describeAvro,
  optionalOf,
  shortName,
} from './avro-type.js';
import { logicalOf } from './logical-type.js';
import { invalidSchema } from './parse-avro.js';

/** SQL types in the content of one schema: named types that are mentioned again and again multiply. */
const TYPES_MAX = 20_000;

/**
 * The SQL type of a schema, as ksqlDB finds it by way of Connect. What SQL has no type for is left out field by field; so is a record within itself.
 * @param fullName the record among the branches of a union; null for the first
 * @throws StatementError `invalid-schema` when nothing is left, or there is no such record
 */
export function contentOfAvro(type: AvroType, fullName: string | null): SchemaContent {
  const root = rootOf(type, fullName);
  const reader = new ContentReader();
  try {
    return { type: reader.type(root, ''), skipped: reader.skipped };
  } catch (error) {
    if (error instanceof Unsupported) throw invalidSchema(error.message);
    throw error;
  }
}

/** What the bytes hold that are not null: of a union of several types, the record of that name, else the first record. */
export function rootOf(type: AvroType, fullName: string | null): AvroType {
  if (type.kind !== 'union') return type;
  const only = optionalOf(type);
  if (only !== null) return only;
  const records = type.branches.filter((branch) => branch.kind === 'record');
  if (fullName === null) return records[0] ?? type;
  const named = records.find((record) => record.name === fullName);
  if (named !== undefined) return named;
  throw invalidSchema(`there is no record ${fullName}, only ${records.map((record) => record.name).join(', ')}`);
}

/** The record that a Connect map with keys of any type is an array of, by the mark that Connect leaves; null for other arrays. */
function entryOf(array: AvroArray): AvroRecord | null {
  const { items } = array;
  if (items.kind !== 'record') return null;
  const marked =
    items.name === 'io.confluent.connect.avro.MapEntry' || items.props.get('connect.internal.type') === 'MapEntry';
  return marked && isEntry(items) ? items : null;
}

/** Whether the record has the fields of a map's entry and no others. */
export function isEntry(record: AvroRecord): boolean {
  return record.fields.length === 2 && ['key', 'value'].every((name) => record.fields.some((f) => f.name === name));
}

/** The name that Connect gives to a branch of a union that it reads as a struct. */
export function branchName(type: AvroType): string {
  return 'name' in type ? shortName(type.name) : type.kind;
}

/** SQL has no type for this. */
class Unsupported extends Error {}

class ContentReader {
  readonly skipped: string[] = [];
  /** Records around the type that is being read. */
  readonly #around = new Set<AvroRecord>();
  #types = 0;

  type(type: AvroType, path: string): SqlType {
    if (++this.#types > TYPES_MAX) throw invalidSchema(`it has more than ${TYPES_MAX} fields`);
    const logical = logicalOf(type);
    if (logical?.kind === 'decimal') return decimalType(logical.precision, logical.scale);
    if (logical !== null) return { date: DATE, time: TIME, timestamp: TIMESTAMP }[logical.kind];
    switch (type.kind) {
      case 'boolean':
        return BOOLEAN;
      case 'int':
        return INTEGER;
      case 'long':
        return BIGINT;
      case 'float':
      case 'double':
        return DOUBLE;
      case 'string':
      case 'enum':
        return STRING;
      case 'bytes':
      case 'fixed':
        return BYTES;
      case 'array':
        return this.#array(type, path);
      case 'map':
        return mapType(STRING, this.type(type.values, `${path}.*`));
      case 'record':
        return this.#record(type, path);
      case 'union':
        return this.#union(type, path);
      case 'null':
        throw new Unsupported('null is the only value');
    }
  }

  #array(array: AvroArray, path: string): SqlType {
    const entry = entryOf(array);
    if (entry === null) return arrayType(this.type(array.items, `${path}[*]`));
    const [key, value] = entry.fields[0]!.name === 'key' ? entry.fields : entry.fields.toReversed();
    const keyType = this.type(key!.type, `${path}.key`);
    // Texts of whole numbers and booleans serve as keys, as in ksqlDB.
    if (!['STRING', 'BOOLEAN', 'INTEGER', 'BIGINT'].includes(keyType.kind)) {
      throw new Unsupported(`the keys of the map are of type ${describeAvro(key!.type)}`);
    }
    return mapType(STRING, this.type(value!.type, `${path}.*`));
  }

  #record(record: AvroRecord, path: string): SqlType {
    if (this.#around.has(record)) throw new Unsupported(`the record ${record.name} holds itself`);
    this.#around.add(record);
    const fields = this.#fields(record.fields, path);
    this.#around.delete(record);
    if (fields.length === 0) throw new Unsupported(`the record ${record.name} has no fields that SQL has a type for`);
    return structType(fields);
  }

  #union(union: AvroUnion, path: string): SqlType {
    const only = optionalOf(union);
    if (only !== null) return this.type(only, path);
    const branches = union.branches.filter((branch) => branch.kind !== 'null');
    const fields = branches.map((type) => ({ name: branchName(type), type }));
    if (new Set(fields.map((f) => f.name)).size < fields.length) {
      throw new Unsupported('two branches of the union have the same name');
    }
    const supported = this.#fields(fields, path);
    if (supported.length === 0) throw new Unsupported('SQL has no type for any branch of the union');
    return structType(supported);
  }

  #fields(fields: readonly Pick<AvroField, 'name' | 'type'>[], path: string): StructField[] {
    const found: StructField[] = [];
    for (const { name, type } of fields) {
      const place = path === '' ? name : `${path}.${name}`;
      const before = this.skipped.length;
      try {
        found.push({ name, type: this.type(type, place) });
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        this.skipped.length = before;
        this.skipped.push(`${place}: ${error.message}`);
      }
    }
    return found;
  }
}
