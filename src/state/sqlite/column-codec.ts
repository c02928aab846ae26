import { AssertionError, unreachable } from '../../model/errors.js';
import type { SqlType } from '../../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../../model/value.js';
import { LONG_DECIMAL_PRECISION } from '../key-encoding.js';

/** What a statement binds and reads; bigint only where the statement reads safe integers, or is given one. */
export type SqliteValue = null | number | bigint | string | Buffer;

/**
 * How a column's values stand in SQLite, exactly:
 *
 * | type | SQLite |
 * |---|---|
 * | BOOLEAN | INTEGER 0 or 1 |
 * | INTEGER, BIGINT, DATE, TIME, TIMESTAMP | INTEGER |
 * | DOUBLE | REAL; NaN and -0, which SQLite would change, as a BLOB: 'D' and the 8 bytes |
 * | DECIMAL | INTEGER, the unscaled value, when p <= 18; else text that sorts like the number |
 * | STRING | TEXT; with a lone surrogate, which UTF-8 cannot say, a BLOB: 'S' and UTF-16LE |
 * | BYTES | BLOB |
 * | ARRAY, MAP, STRUCT | TEXT: JSON, see `toJson` |
 */
export interface ColumnCodec {
  readonly declaredType: 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB';
  /** Whether its integers may pass 2^53, so that a statement that reads it must read safe integers. */
  readonly readsBigInts: boolean;
  /** Whether `toSqlite` gives back what it gets, and so need not be called. */
  readonly bindsAsIs: boolean;
  readonly toSqlite: (value: SqlValue) => SqliteValue;
  /** Takes integers as numbers or as bigints, as the statement reads them. */
  readonly fromSqlite: (value: SqliteValue) => SqlValue;
}

export function columnCodec(type: SqlType): ColumnCodec {
  switch (type.kind) {
    case 'BOOLEAN':
      return BOOLEAN_CODEC;
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return INTEGER_CODEC;
    case 'BIGINT':
      return BIGINT_CODEC;
    case 'DOUBLE':
      return DOUBLE_CODEC;
    case 'DECIMAL':
      return type.precision <= LONG_DECIMAL_PRECISION ? LONG_DECIMAL_CODEC : TEXT_DECIMAL_CODEC;
    case 'STRING':
      return STRING_CODEC;
    case 'BYTES':
    case 'NULL':
      return BYTES_CODEC;
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
      return jsonCodec(type);
    default:
      return unreachable(type);
  }
}

const BOOLEAN_CODEC: ColumnCodec = {
  declaredType: 'INTEGER',
  readsBigInts: false,
  bindsAsIs: false,
  toSqlite: (value) => (value === null ? null : value === true ? 1 : 0),
  fromSqlite: (value) => (value === null ? null : Number(value) === 1),
};

const INTEGER_CODEC: ColumnCodec = {
  declaredType: 'INTEGER',
  readsBigInts: false,
  bindsAsIs: true,
  toSqlite: (value) => value as number | null,
  fromSqlite: (value) => (typeof value === 'bigint' ? Number(value) : value),
};

const BIGINT_CODEC: ColumnCodec = {
  declaredType: 'INTEGER',
  readsBigInts: true,
  bindsAsIs: true,
  toSqlite: (value) => value as number | bigint | null,
  fromSqlite: (value) => (typeof value === 'bigint' ? toBigintValue(value) : value),
};

const DOUBLE_CODEC: ColumnCodec = {
  declaredType: 'REAL',
  readsBigInts: false,
  bindsAsIs: false,
  toSqlite: (value) =>
    Number.isNaN(value) || Object.is(value, -0) ? tagDouble(value as number) : (value as number | null),
  fromSqlite: (value) => (Buffer.isBuffer(value) ? value.readDoubleBE(1) : value),
};

const LONG_DECIMAL_CODEC: ColumnCodec = {
  declaredType: 'INTEGER',
  readsBigInts: true,
  bindsAsIs: true,
  toSqlite: (value) => value as bigint | null,
  fromSqlite: (value) => (typeof value === 'number' ? BigInt(value) : value),
};

const TEXT_DECIMAL_CODEC: ColumnCodec = {
  declaredType: 'TEXT',
  readsBigInts: false,
  bindsAsIs: false,
  toSqlite: (value) => (value === null ? null : decimalToSortedText(value as bigint)),
  fromSqlite: (value) => (value === null ? null : decimalFromSortedText(value as string)),
};

const STRING_CODEC: ColumnCodec = {
  declaredType: 'TEXT',
  readsBigInts: false,
  bindsAsIs: false,
  toSqlite: (value) => (value === null || isWellFormed(value as string) ? (value as string | null) : tagString(value)),
  fromSqlite: (value) => (Buffer.isBuffer(value) ? value.toString('utf16le', 1) : value),
};

const BYTES_CODEC: ColumnCodec = {
  declaredType: 'BLOB',
  readsBigInts: false,
  bindsAsIs: true,
  toSqlite: (value) => value as Buffer | null,
  fromSqlite: (value) => value,
};

function jsonCodec(type: SqlType): ColumnCodec {
  const plain = isPlainJson(type);
  return {
    declaredType: 'TEXT',
    readsBigInts: false,
    bindsAsIs: false,
    toSqlite: (value) => (value === null ? null : JSON.stringify(plain ? value : toJson(type, value))),
    fromSqlite: (value) => {
      if (value === null) return null;
      const json = JSON.parse(value as string) as Json;
      return plain ? (json as SqlValue) : fromJson(type, json);
    },
  };
}

function tagDouble(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = 0x44;
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function tagString(value: SqlValue): Buffer {
  return Buffer.concat([Buffer.from('S'), Buffer.from(value as string, 'utf16le')]);
}

function isWellFormed(text: string): boolean {
  // ES2024, which Node has had since 20 and the library types of our target do not.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

/**
 * Sign, count of digits, digits: `1` and four digits of count for what is not negative; for negatives `0`, and both parts
 * complemented to nines, so that greater magnitudes sort first.
 */
function decimalToSortedText(unscaled: bigint): string {
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString();
  if (digits.length > DIGITS_MAX) throw new AssertionError('a DECIMAL has more digits than any precision allows');
  const text = digits.length.toString().padStart(4, '0') + digits;
  return negative ? `0${complementNines(text)}` : `1${text}`;
}

function decimalFromSortedText(text: string): bigint {
  return text.charCodeAt(0) === 0x30 ? -BigInt(complementNines(text.slice(1)).slice(4)) : BigInt(text.slice(5));
}

const DIGITS_MAX = 9_999;

function complementNines(digits: string): string {
  let result = '';
  for (let i = 0; i < digits.length; i++) result += String.fromCharCode(0x69 - digits.charCodeAt(i));
  return result;
}

/** Whether JSON.stringify and JSON.parse alone keep every value of the type. */
function isPlainJson(type: SqlType): boolean {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'STRING':
    case 'NULL':
      return true;
    case 'ARRAY':
      return isPlainJson(type.element);
    case 'STRUCT':
      return type.fields.every((field) => isPlainJson(field.type));
    default:
      return false;
  }
}

type Json = null | boolean | number | string | Json[];

/**
 * JSON without loss: an ARRAY is an array, a STRUCT the array of its fields by position, a MAP the array of its keys and values in
 * turn; DECIMALs (unscaled), BIGINTs past 2^53 and the doubles that JSON lacks are strings, BYTES base64.
 */
function toJson(type: SqlType, value: SqlValue): Json {
  if (value === null) return null;
  switch (type.kind) {
    case 'BIGINT':
      return typeof value === 'bigint' ? value.toString() : (value as number);
    case 'DECIMAL':
      return (value as bigint).toString();
    case 'DOUBLE':
      return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? (value as number) : String(value);
    case 'BYTES':
      return (value as Buffer).toString('base64');
    case 'ARRAY':
      return (value as SqlValue[]).map((element) => toJson(type.element, element));
    case 'STRUCT':
      return type.fields.map((field, i) => toJson(field.type, (value as SqlValue[])[i]!));
    case 'MAP': {
      const list: Json[] = [];
      for (const [k, v] of value as Map<SqlValue, SqlValue>) list.push(toJson(type.key, k), toJson(type.value, v));
      return list;
    }
    default:
      return value as Json;
  }
}

function fromJson(type: SqlType, json: Json): SqlValue {
  if (json === null) return null;
  switch (type.kind) {
    case 'BIGINT':
      return typeof json === 'string' ? toBigintValue(BigInt(json)) : (json as number);
    case 'DECIMAL':
      return BigInt(json as string);
    case 'DOUBLE':
      return typeof json === 'string' ? Number(json) : (json as number);
    case 'BYTES':
      return Buffer.from(json as string, 'base64');
    case 'ARRAY':
      return (json as Json[]).map((element) => fromJson(type.element, element));
    case 'STRUCT':
      return type.fields.map((field, i) => fromJson(field.type, (json as Json[])[i]!));
    case 'MAP': {
      const list = json as Json[];
      const map = new Map<SqlValue, SqlValue>();
      for (let i = 0; i < list.length; i += 2)
        map.set(fromJson(type.key, list[i]!), fromJson(type.value, list[i + 1]!));
      return map;
    }
    default:
      return json as SqlValue;
  }
}
