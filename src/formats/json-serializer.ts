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

const DECIMALS_MAX = 6;

/**
 * Writes a double that is the nearest one to a decimal with few digits after the point, as prices and measurements are: its digits come from an
 * integer, which costs a tenth of asking for the shortest text. No shorter decimal reads back as the same double, for both have at most 15 digits.
 * @returns false, and nothing is written, when it is no such number
 */
function writeShortDecimal(sink: ByteSink, value: number): boolean {
  const size = Math.abs(value);
  if (!(size >= 1e-3 && size < 1e7)) return false;
  let scale = 1;
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals++, scale *= 10) {
    const digits = Math.round(size * scale);
    if (digits / scale !== size) continue;
    sink.reserve(20);
    const { bytes } = sink;
    let position = sink.position;
    if (value < 0) bytes[position++] = 0x2d;
    const whole = Math.floor(digits / scale);
    position = writeDigits(bytes, position, whole, digitCount(whole));
    bytes[position++] = 0x2e;
    sink.position = writeDigits(bytes, position, digits - whole * scale, Math.max(1, decimals));
    return true;
  }
  return false;
}

/** Decimal digits of an integer of at most 2^53. */
function writeInteger(sink: ByteSink, value: number): void {
  sink.reserve(20);
  const bytes = sink.bytes;
  let position = sink.position;
  let rest = value;
  if (rest < 0) {
    bytes[position++] = 0x2d;
    rest = -rest;
  }
  if (rest >= 1e9) {
    const high = Math.floor(rest / 1e9);
    position = writeDigits(bytes, position, high, digitCount(high));
    sink.position = writeDigits(bytes, position, rest - high * 1e9, 9);
  } else {
    sink.position = writeDigits(bytes, position, rest, digitCount(rest));
  }
}

/** Digits of a number below 10^9. */
function digitCount(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  if (value < 1e7) return value < 1e5 ? 5 : value < 1e6 ? 6 : 7;
  return value < 1e8 ? 8 : 9;
}

/** Writes exactly `digits` digits of a number below 10^9 and returns the position after them. */
function writeDigits(bytes: Buffer, position: number, value: number, digits: number): number {
  let rest = value | 0;
  const end = position + digits;
  for (let at = end - 1; at >= position; at--) {
    const quotient = (rest / 10) | 0;
    bytes[at] = 0x30 + rest - quotient * 10;
    rest = quotient;
  }
  return end;
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
