import { castFunction } from './cast.js';
import { rescale } from './decimal.js';
import { type SqlType, sameType } from './sql-type.js';
import type { SqlValue } from './value.js';

/**
 * The strict conversion of INSERT VALUES and of keys in pull queries: numbers widen (INTEGER to BIGINT to DECIMAL to
 * DOUBLE), a DECIMAL must fit without rounding, STRING becomes DATE, TIME, TIMESTAMP or BYTES; collections element by
 * element, STRUCT by field name with missing fields null and others left out. No text becomes a number.
 * @returns undefined when the value does not convert
 */
export function coerceValue(value: SqlValue, from: SqlType, to: SqlType): SqlValue | undefined {
  if (value === null) return null;
  if (sameType(from, to)) return value;
  switch (to.kind) {
    case 'BIGINT':
      return from.kind === 'INTEGER' ? value : undefined;
    case 'DOUBLE':
      return from.kind === 'INTEGER' || from.kind === 'BIGINT' || from.kind === 'DECIMAL'
        ? cast(value, from, to)
        : undefined;
    case 'DECIMAL':
      return coerceDecimal(value, from, to);
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'BYTES':
      return from.kind === 'STRING' ? cast(value, from, to) : undefined;
    case 'ARRAY':
      return from.kind === 'ARRAY' ? coerceArray(value as SqlValue[], from.element, to.element) : undefined;
    case 'MAP':
      return from.kind === 'MAP' ? coerceMap(value as Map<SqlValue, SqlValue>, from, to) : undefined;
    case 'STRUCT':
      return from.kind === 'STRUCT' ? coerceStruct(value as SqlValue[], from, to) : undefined;
    default:
      return undefined;
  }
}

function cast(value: SqlValue, from: SqlType, to: SqlType): SqlValue | undefined {
  try {
    return castFunction(from, to)!(value as never);
  } catch {
    return undefined;
  }
}

function coerceDecimal(value: SqlValue, from: SqlType, to: SqlType & { kind: 'DECIMAL' }): SqlValue | undefined {
  if (from.kind === 'INTEGER' || from.kind === 'BIGINT') return cast(value, from, to);
  if (from.kind !== 'DECIMAL') return undefined;
  const exact = rescale(value as bigint, from.scale, to.scale, 'UNNECESSARY');
  return exact === null ? undefined : cast(value, from, to);
}

function coerceArray(value: SqlValue[], from: SqlType, to: SqlType): SqlValue | undefined {
  const result: SqlValue[] = [];
  for (const element of value) {
    const coerced = coerceValue(element, from, to);
    if (coerced === undefined) return undefined;
    result.push(coerced);
  }
  return result;
}

function coerceMap(
  value: Map<SqlValue, SqlValue>,
  from: SqlType & { kind: 'MAP' },
  to: SqlType & { kind: 'MAP' },
): SqlValue | undefined {
  const result = new Map<SqlValue, SqlValue>();
  for (const [k, v] of value) {
    const key = coerceValue(k, from.key, to.key);
    const item = coerceValue(v, from.value, to.value);
    if (key === undefined || item === undefined) return undefined;
    result.set(key, item);
  }
  return result;
}

function coerceStruct(
  value: SqlValue[],
  from: SqlType & { kind: 'STRUCT' },
  to: SqlType & { kind: 'STRUCT' },
): SqlValue | undefined {
  const result: SqlValue[] = [];
  for (const field of to.fields) {
    const position = from.fields.findIndex((f) => f.name === field.name);
    const coerced = position < 0 ? null : coerceValue(value[position]!, from.fields[position]!.type, field.type);
    if (coerced === undefined) return undefined;
    result.push(coerced);
  }
  return result;
}
