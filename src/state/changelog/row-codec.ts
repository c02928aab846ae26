import { unreachable } from '../../model/errors.js';
import type { SqlType } from '../../model/sql-type.js';
import type { Row, SqlValue } from '../../model/value.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * Rows as bytes, exactly, column after column; a null is the byte 0:
 *
 * | type | bytes |
 * |---|---|
 * | BOOLEAN | 1 false, 2 true |
 * | INTEGER, BIGINT, DATE, TIME, TIMESTAMP, DECIMAL (unscaled) | an integer of `ByteWriter` |
 * | DOUBLE | 1, and its 8 bytes |
 * | STRING | a string of `ByteWriter` |
 * | BYTES | a varint of 1 + length, and these |
 * | ARRAY, MAP | a varint of 1 + how many, and the elements, or keys and values in turn, in the order that they have in the value |
 * | STRUCT | 1, and its fields |
 */
export class RowCodec {
  readonly #columns: readonly Shape[];

  constructor(types: readonly SqlType[]) {
    this.#columns = types.map((type) => new Shape(type));
  }

  write(writer: ByteWriter, row: Row): void {
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++) writeValue(writer, columns[i]!, row[i]!);
  }

  read(reader: ByteReader): Row {
    const columns = this.#columns;
    const row: Row = new Array(columns.length);
    for (let i = 0; i < columns.length; i++) row[i] = readValue(reader, columns[i]!);
    return row;
  }
}

const BOOLEAN = 0;
const INTEGER = 1;
const BIGINT = 2;
const DECIMAL = 3;
const DOUBLE = 4;
const STRING = 5;
const BYTES = 6;
const ARRAY = 7;
const MAP = 8;
const STRUCT = 9;
const NULL = 10;

/** A type with a number to switch on. */
class Shape {
  readonly code: number;
  /** Element of an ARRAY; key and value of a MAP; fields of a STRUCT. */
  readonly parts: readonly Shape[];

  constructor(type: SqlType) {
    this.code = codeOf(type);
    this.parts = partsOf(type).map((part) => new Shape(part));
  }
}

function codeOf(type: SqlType): number {
  switch (type.kind) {
    case 'BOOLEAN':
      return BOOLEAN;
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return INTEGER;
    case 'BIGINT':
      return BIGINT;
    case 'DECIMAL':
      return DECIMAL;
    case 'DOUBLE':
      return DOUBLE;
    case 'STRING':
      return STRING;
    case 'BYTES':
      return BYTES;
    case 'ARRAY':
      return ARRAY;
    case 'MAP':
      return MAP;
    case 'STRUCT':
      return STRUCT;
    case 'NULL':
      return NULL;
    default:
      return unreachable(type);
  }
}

function partsOf(type: SqlType): readonly SqlType[] {
  if (type.kind === 'ARRAY') return [type.element];
  if (type.kind === 'MAP') return [type.key, type.value];
  return type.kind === 'STRUCT' ? type.fields.map((field) => field.type) : [];
}

function writeValue(writer: ByteWriter, shape: Shape, value: SqlValue): void {
  if (value === null) {
    writer.byte(0);
    return;
  }
  switch (shape.code) {
    case INTEGER:
    case BIGINT:
    case DECIMAL:
      writer.integer(value as number | bigint);
      return;
    case STRING:
      writer.string(value as string);
      return;
    case DOUBLE:
      writer.byte(1);
      writer.double(value as number);
      return;
    case BOOLEAN:
      writer.byte(value === true ? 2 : 1);
      return;
    case BYTES:
      writer.varint(1 + (value as Buffer).length);
      writer.copy(value as Buffer);
      return;
    case NULL:
      writer.byte(0);
      return;
    default:
      writeNested(writer, shape, value as SqlValue[] | Map<SqlValue, SqlValue>);
  }
}

function writeNested(writer: ByteWriter, shape: Shape, value: SqlValue[] | Map<SqlValue, SqlValue>): void {
  const { parts } = shape;
  if (shape.code === MAP) {
    const map = value as Map<SqlValue, SqlValue>;
    writer.varint(1 + map.size);
    for (const [k, v] of map) {
      writeValue(writer, parts[0]!, k);
      writeValue(writer, parts[1]!, v);
    }
    return;
  }
  const list = value as SqlValue[];
  if (shape.code === ARRAY) {
    writer.varint(1 + list.length);
    for (let i = 0; i < list.length; i++) writeValue(writer, parts[0]!, list[i]!);
  } else {
    writer.byte(1);
    for (let i = 0; i < parts.length; i++) writeValue(writer, parts[i]!, list[i]!);
  }
}

function readValue(reader: ByteReader, shape: Shape): SqlValue {
  switch (shape.code) {
    case INTEGER:
      return reader.integer();
    case BIGINT:
      return reader.bigint();
    case DECIMAL:
      return reader.decimal();
    case STRING:
      return reader.string();
    case DOUBLE:
      return reader.byte() === 0 ? null : reader.double();
    case BOOLEAN: {
      const mark = reader.byte();
      return mark === 0 ? null : mark === 2;
    }
    case BYTES: {
      const length = reader.varint();
      return length === 0 ? null : reader.copy(length - 1);
    }
    case NULL:
      reader.byte();
      return null;
    default:
      return readNested(reader, shape);
  }
}

function readNested(reader: ByteReader, shape: Shape): SqlValue {
  const { parts } = shape;
  const count = reader.varint();
  if (count === 0) return null;
  if (shape.code === MAP) {
    const map = new Map<SqlValue, SqlValue>();
    for (let i = 1; i < count; i++) {
      const key = readValue(reader, parts[0]!);
      map.set(key, readValue(reader, parts[1]!));
    }
    return map;
  }
  const length = shape.code === ARRAY ? count - 1 : parts.length;
  const list: SqlValue[] = new Array(length);
  for (let i = 0; i < length; i++) list[i] = readValue(reader, parts[shape.code === ARRAY ? 0 : i]!);
  return list;
}
