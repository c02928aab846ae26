import { formatDecimal } from '../model/decimal.js';
import { formatDouble } from '../model/double-text.js';
import { AssertionError } from '../model/errors.js';
import { quoteJsonString } from '../model/json-text.js';
import type { Column } from '../model/schema.js';
import type { SqlType, StructField } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { writeUtf8 } from './byte-text.js';
import type { ByteSink, Serializer } from './format.js';
import { type JsonMember, type JsonValueWriter, jsonObjectWriter, jsonStructWriter } from './json-object-writer.js';
import { writeInteger, writeShortDecimal } from './number-writing.js';

/**
 * Writes an object with all columns, nulls included, or the bare value of an unwrapped column.
 */
export function jsonSerializer(columns: readonly Column[], unwrapped: boolean): Serializer {
  return unwrapped ? bareSerializer(columns[0]!.type) : objectSerializer(columns);
}

function bareSerializer(type: SqlType): Serializer {
  const writeValue = jsonValueWriter(type);
  return {
    write(sink: ByteSink, value: SqlValue): boolean {
      if (value === null) return false;
      writeValue(sink, value);
      return true;
    },
  };
}

function objectSerializer(columns: readonly Column[]): Serializer {
  return { write: jsonObjectWriter(columns.length, columns.map(member)) };
}

function member({ name, type }: StructField, from: number): JsonMember {
  return { name, from, write: jsonValueWriter(type), refusal: null };
}

/** The writer of a type's values. */
export function jsonValueWriter(type: SqlType): JsonValueWriter {
  switch (type.kind) {
    case 'BOOLEAN':
      return (sink, value) => writeAscii(sink, value === true ? 'true' : 'false');
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return (sink, value) => writeInteger(sink, value as number);
    case 'BIGINT':
      return (sink, value) =>
        typeof value === 'number' ? writeInteger(sink, value) : writeAscii(sink, (value as bigint).toString());
    case 'DOUBLE':
      return (sink, value) => writeDouble(sink, value as number);
    case 'DECIMAL': {
      const { scale } = type;
      return (sink, value) => writeAscii(sink, formatDecimal(value as bigint, scale));
    }
    case 'STRING':
      return (sink, value) => writeText(sink, value as string);
    case 'BYTES':
      return (sink, value) => writeAscii(sink, `"${(value as Buffer).toString('base64')}"`);
    case 'ARRAY':
      return jsonArrayWriter(nullableWriter(type.element));
    case 'MAP':
      return jsonMapWriter(nullableWriter(type.value));
    case 'STRUCT':
      return jsonStructWriter(jsonObjectWriter(type.fields.length, type.fields.map(member)));
    case 'NULL':
      throw new AssertionError('no column has the type of NULL');
  }
}

/** @param writeElement also takes null */
export function jsonArrayWriter(writeElement: JsonValueWriter): JsonValueWriter {
  return (sink, value) => {
    const items = value as SqlValue[];
    writeByte(sink, 0x5b);
    for (let i = 0; i < items.length; i++) {
      if (i > 0) writeByte(sink, 0x2c);
      writeElement(sink, items[i]!);
    }
    writeByte(sink, 0x5d);
  };
}

/** @param writeEntry writes an entry's value, also null */
export function jsonMapWriter(writeEntry: JsonValueWriter): JsonValueWriter {
  return (sink, value) => {
    let lead = 0x7b;
    for (const [key, entry] of value as Map<SqlValue, SqlValue>) {
      writeByte(sink, lead);
      lead = 0x2c;
      writeText(sink, key === null ? 'null' : (key as string));
      writeByte(sink, 0x3a);
      writeEntry(sink, entry);
    }
    if (lead === 0x7b) writeByte(sink, lead);
    writeByte(sink, 0x7d);
  };
}

function nullableWriter(type: SqlType): JsonValueWriter {
  return jsonNullableWriter(jsonValueWriter(type));
}

/** Writes `null` for null. */
export function jsonNullableWriter(write: JsonValueWriter): JsonValueWriter {
  return (sink, value) => (value === null ? writeAscii(sink, 'null') : write(sink, value));
}

function writeByte(sink: ByteSink, byte: number): void {
  sink.reserve(1);
  sink.bytes[sink.position++] = byte;
}

function writeAscii(sink: ByteSink, text: string): void {
  const length = text.length;
  sink.reserve(length);
  const { bytes, position } = sink;
  for (let i = 0; i < length; i++) bytes[position + i] = text.charCodeAt(i);
  sink.position = position + length;
}

/** As Java prints it; JSON has no word for NaN and infinities, so they are strings, which also read back. */
function writeDouble(sink: ByteSink, value: number): void {
  if (!Number.isFinite(value)) {
    writeAscii(sink, `"${formatDouble(value)}"`);
    return;
  }
  if (!writeShortDecimal(sink, value)) writeAscii(sink, formatDouble(value));
}

/** A quoted string: ASCII without anything to escape byte by byte, others by Node. */
function writeText(sink: ByteSink, text: string): void {
  const length = text.length;
  sink.reserve(length + 2);
  const bytes = sink.bytes;
  const start = sink.position;
  bytes[start] = 0x22;
  let i = 0;
  for (; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) break;
    bytes[start + 1 + i] = code;
  }
  if (i === length) {
    bytes[start + 1 + length] = 0x22;
    sink.position = start + length + 2;
  } else {
    writeUtf8(sink, quoteJsonString(text));
  }
}
