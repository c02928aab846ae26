import { castFunction } from '../model/cast.js';
import { coerceValue } from '../model/coerce-value.js';
import { fitsPrecision, parseDecimal, rescale } from '../model/decimal.js';
import { StatementError } from '../model/errors.js';
import { JsonNumber } from '../model/json-text.js';
import { formatType, type SqlType, STRING } from '../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../model/value.js';

/**
 * A value of a JSON insert as a value of the column: strict by type, numbers widen, DECIMAL is rounded HALF_UP to its scale, BYTES is
 * base64, DATE, TIME and TIMESTAMP are texts, struct fields match without regard to case (ksqlDB's rules for `/inserts-stream`).
 *
 * @param value what `JSON.parse` or `parseJsonLossless` gave; a bigint is welcome too
 * @throws StatementError `Can't coerce a field of type ... into type ...`
 */
export function fromJson(type: SqlType, value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  const refuse = (): StatementError =>
    new StatementError(
      `Can't coerce a field of type ${jsonKind(value)} (${preview(value)}) into type ${formatType(type)}`,
      {
        code: 'insert-coercion',
        problem: 'engine',
      },
    );
  switch (type.kind) {
    case 'BOOLEAN':
      if (typeof value === 'boolean') return value;
      throw refuse();
    case 'INTEGER':
    case 'BIGINT': {
      const integer = integerOf(value);
      const bits = type.kind === 'INTEGER' ? 32 : 64;
      if (integer === null || BigInt.asIntN(bits, integer) !== integer) throw refuse();
      return toBigintValue(integer);
    }
    case 'DOUBLE': {
      const text = numberText(value);
      if (text === null) throw refuse();
      return Number(text);
    }
    case 'DECIMAL': {
      const text = numberText(value) ?? (typeof value === 'string' ? value : null);
      const decimal = text === null ? null : parseDecimal(text.trim());
      const unscaled = decimal === null ? null : rescale(decimal.unscaled, decimal.scale, type.scale, 'HALF_UP');
      if (unscaled === null || !fitsPrecision(unscaled, type.precision)) throw refuse();
      return unscaled;
    }
    case 'STRING':
      if (typeof value === 'string') return value;
      throw refuse();
    case 'BYTES':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP': {
      if (value instanceof Uint8Array && type.kind === 'BYTES') return Buffer.from(value);
      const coerced = typeof value === 'string' ? coerceValue(value, STRING, type) : undefined;
      if (coerced === undefined) throw refuse();
      return coerced;
    }
    case 'ARRAY':
      if (!Array.isArray(value)) throw refuse();
      return value.map((element) => fromJson(type.element, element));
    case 'MAP': {
      const entries = entriesOf(value);
      if (entries === null) throw refuse();
      return new Map(entries.map(([k, v]) => [mapKey(type.key, k, refuse), fromJson(type.value, v)]));
    }
    case 'STRUCT': {
      const entries = entriesOf(value);
      if (entries === null) throw refuse();
      return type.fields.map((field) => {
        const found =
          entries.find(([name]) => name === field.name) ??
          entries.find(([name]) => name.toUpperCase() === field.name.toUpperCase());
        return fromJson(field.type, found?.[1]);
      });
    }
    case 'NULL':
      throw refuse();
  }
}

function mapKey(type: SqlType, key: string, refuse: () => StatementError): SqlValue {
  if (type.kind === 'STRING') return key;
  const cast = castFunction(STRING, type);
  if (cast === null) throw refuse();
  try {
    return cast(key as never);
  } catch {
    throw refuse();
  }
}

function integerOf(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  const text = numberText(value);
  return text !== null && /^-?\d+$/.test(text) ? BigInt(text) : null;
}

function numberText(value: unknown): string | null {
  if (value instanceof JsonNumber) return value.text;
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}

function entriesOf(value: unknown): [string, unknown][] | null {
  if (value instanceof Map) return [...value].map(([k, v]) => [String(k), v]);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof JsonNumber) return null;
  if (value instanceof Uint8Array) return null;
  return Object.entries(value);
}

function jsonKind(value: unknown): string {
  if (value instanceof JsonNumber || typeof value === 'number' || typeof value === 'bigint') return 'number';
  return Array.isArray(value) ? 'array' : typeof value;
}

function preview(value: unknown): string {
  const text =
    value instanceof JsonNumber
      ? value.text
      : typeof value === 'bigint'
        ? String(value)
        : (JSON.stringify(value) ?? '');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
