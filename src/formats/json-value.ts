import { formatDecimalScientific, parseDecimal } from '../model/decimal.js';
import { JsonNumber, type JsonObject, type JsonValue, writeJson } from '../model/json-text.js';
import { formatType, type SqlType } from '../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../model/value.js';
import {
  bytesFromBase64,
  dateOfDays,
  decimalFromText,
  doubleFromText,
  int32FromText,
  int64FromText,
  timeOfDay,
  timestampOfMs,
} from './text-value.js';
import { inside, ValueProblem } from './value-problem.js';

/** What a MAP may be: objects alone, or also lists of `{"key":..,"value":..}`, as Kafka Connect writes maps whose keys may be null. */
export type JsonMaps = 'objects' | 'entries too';

/**
 * The SQL value of a JSON value, by the coercions of ksqlDB's JSON format: numbers also from numeric strings, STRING from
 * anything, DECIMAL only when no digit is lost, BYTES from base64.
 * @throws ValueProblem with the path inside the value.
 */
export function fromJson(value: JsonValue, type: SqlType, maps: JsonMaps = 'objects'): SqlValue {
  if (value === null) return null;
  switch (type.kind) {
    case 'BOOLEAN':
      return typeof value === 'boolean' ? value : unconvertible(value, type);
    case 'INTEGER':
      return toInt32(value, type);
    case 'BIGINT':
      return toInt64(value, type);
    case 'DATE':
      return dateOfDays(toInt64(value, type));
    case 'TIME':
      return timeOfDay(toInt64(value, type));
    case 'TIMESTAMP':
      return timestampOfMs(toInt64(value, type));
    case 'DOUBLE':
      if (value instanceof JsonNumber) return Number(value.text);
      return typeof value === 'string' ? doubleFromText(value, type) : unconvertible(value, type);
    case 'DECIMAL':
      if (value instanceof JsonNumber) return decimalFromText(value.text, type.precision, type.scale, type);
      return typeof value === 'string'
        ? decimalFromText(value, type.precision, type.scale, type)
        : unconvertible(value, type);
    case 'STRING':
      return toText(value);
    case 'BYTES':
      return typeof value === 'string' ? bytesFromBase64(value) : unconvertible(value, type);
    case 'ARRAY':
      return Array.isArray(value) ? toArray(value, type.element, maps) : unconvertible(value, type);
    case 'MAP':
      if (value instanceof Map) return toMap(value, type.value, maps);
      return Array.isArray(value) && maps === 'entries too' ? mapOfEntries(value, type) : unconvertible(value, type);
    case 'STRUCT':
      return value instanceof Map ? toStruct(value, type, maps) : unconvertible(value, type);
    case 'NULL':
      return null;
  }
}

/**
 * Finds members by the names of columns or fields: the one with exactly the name, else the last whose name in upper case
 * is it; undefined when there is none.
 */
export class Members {
  readonly #object: JsonObject;
  #upper: JsonObject | null = null;

  constructor(object: JsonObject) {
    this.#object = object;
  }

  named(name: string): JsonValue | undefined {
    const exact = this.#object.get(name);
    if (exact !== undefined) return exact;
    if (this.#upper === null) {
      this.#upper = new Map();
      for (const [key, member] of this.#object) this.#upper.set(key.toUpperCase(), member);
    }
    return this.#upper.get(name);
  }
}

/** What JSON calls a value, for messages. */
export function jsonKind(value: JsonValue): string {
  if (value === null) return 'null';
  if (value instanceof JsonNumber) return 'number';
  if (Array.isArray(value)) return 'array';
  return value instanceof Map ? 'object' : typeof value;
}

export function unconvertible(value: JsonValue, type: SqlType): never {
  throw new ValueProblem(`Can't convert type. sourceType: ${jsonKind(value)}, requiredType: ${formatType(type)}`);
}

const WHOLE = /^-?\d+$/;

/** The integer part of a number, with as many low bits as Java keeps when it narrows. */
function wholePart(text: string): bigint | number {
  if (text.length <= 15 && WHOLE.test(text)) return Number(text) + 0;
  const decimal = parseDecimal(text);
  if (decimal === null) throw new ValueProblem('The number has too many digits');
  const { unscaled, scale } = decimal;
  return scale >= 0 ? unscaled / 10n ** BigInt(scale) : unscaled * 10n ** BigInt(-scale);
}

function toInt32(value: JsonValue, type: SqlType): number {
  if (value instanceof JsonNumber) {
    const whole = wholePart(value.text);
    return typeof whole === 'number' ? whole | 0 : Number(BigInt.asIntN(32, whole));
  }
  return typeof value === 'string' ? int32FromText(value, type) : unconvertible(value, type);
}

function toInt64(value: JsonValue, type: SqlType): number | bigint {
  if (value instanceof JsonNumber) {
    const whole = wholePart(value.text);
    return typeof whole === 'number' ? whole : toBigintValue(whole);
  }
  return typeof value === 'string' ? int64FromText(value, type) : unconvertible(value, type);
}

function toText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof JsonNumber) return numberText(value.text);
  if (Array.isArray(value)) return `[${value.map(toText).join(', ')}]`;
  return writeJson(value);
}

/** Whole numbers as they were written, others as Java's `BigDecimal.toString`: `1e3` is `1E+3`. */
export function numberText(text: string): string {
  if (!/[.eE]/.test(text)) return text === '-0' ? '0' : text;
  const decimal = parseDecimal(text);
  return decimal === null ? text : formatDecimalScientific(decimal.unscaled, decimal.scale);
}

function toArray(items: readonly JsonValue[], element: SqlType, maps: JsonMaps): SqlValue[] {
  const array: SqlValue[] = new Array(items.length);
  let i = 0;
  try {
    for (; i < items.length; i++) array[i] = fromJson(items[i]!, element, maps);
  } catch (problem) {
    throw inside(problem, `[${i}]`);
  }
  return array;
}

function toMap(object: JsonObject, valueType: SqlType, maps: JsonMaps): Map<SqlValue, SqlValue> {
  const map = new Map<SqlValue, SqlValue>();
  try {
    for (const [name, member] of object) map.set(name, fromJson(member, valueType, maps));
  } catch (problem) {
    // The name of an entry is data, so the path does not hold it.
    throw inside(problem, '.*');
  }
  return map;
}

function mapOfEntries(items: JsonValue[], type: SqlType & { kind: 'MAP' }): Map<SqlValue, SqlValue> {
  const map = new Map<SqlValue, SqlValue>();
  let i = 0;
  try {
    for (; i < items.length; i++) {
      const entry = items[i]!;
      if (!(entry instanceof Map) || !entry.has('key')) return unconvertible(items, type);
      map.set(fromJson(entry.get('key')!, type.key), fromJson(entry.get('value') ?? null, type.value, 'entries too'));
    }
  } catch (problem) {
    throw inside(problem, `[${i}]`);
  }
  return map;
}

function toStruct(object: JsonObject, type: SqlType & { kind: 'STRUCT' }, maps: JsonMaps): SqlValue[] {
  const row: SqlValue[] = new Array(type.fields.length);
  const members = new Members(object);
  let i = 0;
  try {
    for (; i < type.fields.length; i++) {
      const field = type.fields[i]!;
      const member = members.named(field.name);
      row[i] = member === undefined ? null : fromJson(member, field.type, maps);
    }
  } catch (problem) {
    throw inside(problem, `.${type.fields[i]!.name}`);
  }
  return row;
}
