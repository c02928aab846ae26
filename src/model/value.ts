import type { SqlType } from './sql-type.js';

/**
 * A run-time value, by SQL type:
 *
 * | SQL | JavaScript |
 * |---|---|
 * | BOOLEAN | boolean |
 * | INTEGER, DATE, TIME, TIMESTAMP | number (32-bit integer, days, ms of day, ms since the epoch) |
 * | BIGINT | number while \|v\| <= 2^53 - 1, else bigint: one canonical form, so `===` is equality |
 * | DOUBLE | number |
 * | DECIMAL(p,s) | bigint, the unscaled value: DECIMAL(4,2) 1.5 is 150n |
 * | STRING, BYTES | string, Buffer |
 * | ARRAY, MAP, STRUCT | array, Map, array by field position |
 */
export type SqlValue = null | boolean | number | bigint | string | Buffer | SqlValue[] | Map<SqlValue, SqlValue>;

/** Values by column position; names exist only in schemas. */
export type Row = SqlValue[];

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The canonical BIGINT value of a 64-bit result: wraps at 64 bits, a number when it is safe to be one. */
export function toBigintValue(value: bigint): number | bigint {
  if (value <= MAX_SAFE && value >= -MAX_SAFE) return Number(value);
  const wrapped = BigInt.asIntN(64, value);
  return wrapped <= MAX_SAFE && wrapped >= -MAX_SAFE ? Number(wrapped) : wrapped;
}

/** Value equality for one type; nulls are equal to each other. NaN equals NaN, as in Java's `equals`. */
export function equalValues(type: SqlType, a: SqlValue, b: SqlValue): boolean {
  if (a === b) return type.kind !== 'DOUBLE' || a !== 0 || Object.is(a, b);
  if (a === null || b === null) return false;
  switch (type.kind) {
    case 'DOUBLE':
      return Number.isNaN(a as number) && Number.isNaN(b as number);
    case 'BYTES':
      return (a as Buffer).equals(b as Buffer);
    case 'ARRAY': {
      const left = a as SqlValue[];
      const right = b as SqlValue[];
      return left.length === right.length && left.every((v, i) => equalValues(type.element, v, right[i]!));
    }
    case 'STRUCT': {
      const left = a as SqlValue[];
      const right = b as SqlValue[];
      return type.fields.every((f, i) => equalValues(f.type, left[i]!, right[i]!));
    }
    case 'MAP': {
      const left = a as Map<SqlValue, SqlValue>;
      const right = b as Map<SqlValue, SqlValue>;
      if (left.size !== right.size) return false;
      for (const [k, v] of left) {
        const found = type.key.kind === 'STRING' ? right.get(k) : lookUp(type.key, right, k);
        if (found === undefined || !equalValues(type.value, v, found)) return false;
      }
      return true;
    }
    default:
      return false;
  }
}

function lookUp(keyType: SqlType, map: Map<SqlValue, SqlValue>, key: SqlValue): SqlValue | undefined {
  for (const [k, v] of map) if (equalValues(keyType, k, key)) return v;
  return undefined;
}

/**
 * Natural order of two non-null values: numbers by size with NaN greatest, strings by UTF-16 code unit,
 * bytes by signed byte as ksqlDB does, false before true, collections element by element.
 */
export function compareValues(type: SqlType, a: SqlValue, b: SqlValue): number {
  switch (type.kind) {
    case 'DOUBLE': {
      const x = a as number;
      const y = b as number;
      if (x < y) return -1;
      if (x > y) return 1;
      if (x === y) return Object.is(x, y) ? 0 : Object.is(x, -0) ? -1 : 1;
      return Number.isNaN(x) ? (Number.isNaN(y) ? 0 : 1) : -1;
    }
    case 'BYTES': {
      const x = a as Buffer;
      const y = b as Buffer;
      const shared = Math.min(x.length, y.length);
      for (let i = 0; i < shared; i++) {
        const d = ((x[i]! << 24) >> 24) - ((y[i]! << 24) >> 24);
        if (d !== 0) return d < 0 ? -1 : 1;
      }
      return Math.sign(x.length - y.length);
    }
    case 'ARRAY': {
      const x = a as SqlValue[];
      const y = b as SqlValue[];
      const shared = Math.min(x.length, y.length);
      for (let i = 0; i < shared; i++) {
        const d = compareNullable(type.element, x[i]!, y[i]!);
        if (d !== 0) return d;
      }
      return Math.sign(x.length - y.length);
    }
    case 'STRUCT': {
      const x = a as SqlValue[];
      const y = b as SqlValue[];
      for (let i = 0; i < type.fields.length; i++) {
        const d = compareNullable(type.fields[i]!.type, x[i]!, y[i]!);
        if (d !== 0) return d;
      }
      return 0;
    }
    default:
      return a! < b! ? -1 : a! > b! ? 1 : 0;
  }
}

function compareNullable(type: SqlType, a: SqlValue, b: SqlValue): number {
  if (a === null) return b === null ? 0 : -1;
  if (b === null) return 1;
  return compareValues(type, a, b);
}
