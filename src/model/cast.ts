import {
  decimalFromDouble,
  decimalToDouble,
  formatDecimalScientific,
  parseDecimal,
  powerOfTen,
  rescale,
  roundToPrecision,
} from './decimal.js';
import { javaTrim, parseDouble } from './double-text.js';
import { formatType, type SqlType, sameType } from './sql-type.js';
import {
  dateOfTimestamp,
  parseDate,
  parseTime,
  parseTimestamp,
  timeOfTimestamp,
  timestampOfDate,
} from './temporal-text.js';
import { type SqlValue, toBigintValue } from './value.js';
import { valueText } from './value-text.js';

/** Converts a value that is not null; throws a plain Error when this value cannot be converted. */
export type CastFunction = (value: never) => SqlValue;

const identity: CastFunction = (value: SqlValue) => value;

/** Whether the conversion leaves every value as it is, so that no code is needed. */
export function isIdentityCast(from: SqlType, to: SqlType): boolean {
  return castFunction(from, to) === identity;
}

/**
 * The conversion of CAST, or null when the types do not convert (`Cast of X to Y is not supported`).
 * Composite conversions are put together once; the function itself allocates only its result.
 */
export function castFunction(from: SqlType, to: SqlType): CastFunction | null {
  if (from.kind === 'NULL' || sameType(from, to)) return identity;
  switch (to.kind) {
    case 'STRING':
      return castToString(from);
    case 'BOOLEAN':
      return from.kind === 'STRING' ? stringToBoolean : null;
    case 'INTEGER':
      return TO_INTEGER[from.kind]?.(from) ?? null;
    case 'BIGINT':
      return TO_BIGINT[from.kind]?.(from) ?? null;
    case 'DOUBLE':
      return TO_DOUBLE[from.kind]?.(from) ?? null;
    case 'DECIMAL':
      return castToDecimal(from, to);
    case 'DATE':
      return from.kind === 'STRING' ? parseDateText : from.kind === 'TIMESTAMP' ? dateOfTimestamp : null;
    case 'TIME':
      return from.kind === 'STRING' ? parseTimeText : from.kind === 'TIMESTAMP' ? timeOfTimestamp : null;
    case 'TIMESTAMP':
      return from.kind === 'STRING' ? parseTimestampText : from.kind === 'DATE' ? timestampOfDate : null;
    case 'BYTES':
      return from.kind === 'STRING' ? decodeBase64 : null;
    case 'ARRAY':
      return from.kind === 'ARRAY' ? castArray(from.element, to.element) : null;
    case 'MAP':
      return from.kind === 'MAP' ? castMap(from, to) : null;
    case 'STRUCT':
      return from.kind === 'STRUCT' ? castStruct(from, to) : null;
    case 'NULL':
      return null;
  }
}

/** ksqlDB's words for a conversion that does not exist. */
export function unsupportedCast(from: SqlType, to: SqlType): string {
  return `Cast of ${formatType(from)} to ${formatType(to)} is not supported`;
}

/** Drops the fraction, saturates, NaN is 0: Java's narrowing of a double to an int. */
export function doubleToInteger(value: number): number {
  if (Number.isNaN(value)) return 0;
  return value >= 2147483647 ? 2147483647 : value <= -2147483648 ? -2147483648 : Math.trunc(value) + 0;
}

/** Drops the fraction, saturates, NaN is 0: Java's narrowing of a double to a long. */
export function doubleToBigint(value: number): number | bigint {
  if (Number.isNaN(value)) return 0;
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return Math.trunc(value) + 0;
  return value >= 2 ** 63
    ? 9223372036854775807n
    : value <= -(2 ** 63)
      ? -9223372036854775808n
      : BigInt(Math.trunc(value));
}

/** Keeps the low 32 bits. */
export function bigintToInteger(value: number | bigint): number {
  return typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value | 0;
}

/**
 * @throws Error `Numeric field overflow: ...` unless |unscaled * 10^-scale| < 10^(precision - targetScale); the test runs
 * before any rounding.
 */
export function fitDecimal(unscaled: bigint, scale: number, precision: number, targetScale: number): bigint {
  const whole = precision - targetScale;
  const limit = scale >= 0 ? powerOfTen(whole) * powerOfTen(scale) : powerOfTen(whole);
  const size = scale >= 0 ? unscaled : unscaled * powerOfTen(-scale);
  if (size >= limit || size <= -limit) {
    throw new Error(
      `Numeric field overflow: A field with precision ${precision} and scale ${targetScale} must round to an absolute ` +
        `value less than 10^${whole}. Got ${formatDecimalScientific(unscaled, scale)}`,
    );
  }
  return rescale(unscaled, scale, targetScale, 'HALF_UP');
}

/** BYTES have no text but in an encoding, which FROM_BYTES names; within a collection they are its text's base64. */
function castToString(from: SqlType): CastFunction | null {
  switch (from.kind) {
    case 'BYTES':
      return null;
    case 'BOOLEAN':
    case 'INTEGER':
    case 'BIGINT':
      return String as CastFunction;
    default:
      return (value: SqlValue) => valueText(from, value);
  }
}

/** Accepts a non-empty beginning of `true` or `yes`; everything else is false, without an error. */
function stringToBoolean(value: string): boolean {
  const text = javaTrim(value).toLowerCase();
  return text.length > 0 && ('true'.startsWith(text) || 'yes'.startsWith(text));
}

const INTEGER_TEXT = /^[+-]?\d+$/;

function stringToInteger(value: string): number {
  const text = javaTrim(value);
  const parsed = INTEGER_TEXT.test(text) ? Number(text) + 0 : Number.NaN;
  if (!(parsed >= -2147483648 && parsed <= 2147483647)) throw notANumber(text);
  return parsed;
}

function stringToBigint(value: string): number | bigint {
  const text = javaTrim(value);
  // 64 bits have 19 digits; leading zeros are the only way to be longer.
  if (!INTEGER_TEXT.test(text) || text.length > 1000) throw notANumber(text);
  const parsed = BigInt(text.charCodeAt(0) === 43 ? text.slice(1) : text);
  if (BigInt.asIntN(64, parsed) !== parsed) throw notANumber(text);
  return toBigintValue(parsed);
}

function stringToDouble(value: string): number {
  const parsed = parseDouble(value, 'reject');
  if (parsed === null) throw notANumber(javaTrim(value));
  return parsed;
}

function notANumber(text: string): Error {
  return new Error(`For input string: "${text}"`);
}

const parseDateText: CastFunction = parseDate;
const parseTimeText: CastFunction = parseTime;
const parseTimestampText: CastFunction = parseTimestamp;

const BASE64_TEXT = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function decodeBase64(value: string): Buffer {
  if (!BASE64_TEXT.test(value)) throw new Error('Illegal base64 text');
  return Buffer.from(value, 'base64');
}

type Conversions = Partial<Record<SqlType['kind'], (from: SqlType) => CastFunction>>;

const scaleOf = (type: SqlType): number => (type as SqlType & { kind: 'DECIMAL' }).scale;

const TO_INTEGER: Conversions = {
  BIGINT: () => bigintToInteger,
  DOUBLE: () => doubleToInteger,
  STRING: () => stringToInteger,
  DECIMAL: (from) => (value: bigint) => Number(BigInt.asIntN(32, rescale(value, scaleOf(from), 0, 'DOWN'))),
};

const TO_BIGINT: Conversions = {
  INTEGER: () => identity,
  DOUBLE: () => doubleToBigint,
  STRING: () => stringToBigint,
  DECIMAL: (from) => (value: bigint) => toBigintValue(BigInt.asIntN(64, rescale(value, scaleOf(from), 0, 'DOWN'))),
};

const TO_DOUBLE: Conversions = {
  INTEGER: () => identity,
  BIGINT: () => Number as CastFunction,
  STRING: () => stringToDouble,
  DECIMAL: (from) => (value: bigint) => decimalToDouble(value, scaleOf(from)),
};

function castToDecimal(from: SqlType, to: SqlType & { kind: 'DECIMAL' }): CastFunction | null {
  const { precision, scale } = to;
  switch (from.kind) {
    case 'INTEGER':
    case 'BIGINT':
      return (value: number | bigint) => fitDecimal(BigInt(value), 0, precision, scale);
    case 'DECIMAL':
      return (value: bigint) => fitDecimal(value, from.scale, precision, scale);
    case 'STRING':
      return (value: string) => {
        const parsed = parseDecimal(javaTrim(value));
        if (parsed === null) throw notANumber(javaTrim(value));
        return fitDecimal(parsed.unscaled, parsed.scale, precision, scale);
      };
    case 'DOUBLE':
      return (value: number) => {
        const exact = decimalFromDouble(value);
        if (exact === null) throw new Error('Infinite or NaN');
        const rounded = roundToPrecision(exact, precision, 'HALF_UP');
        return fitDecimal(rounded.unscaled, rounded.scale, precision, scale);
      };
    default:
      return null;
  }
}

function castArray(from: SqlType, to: SqlType): CastFunction | null {
  const element = castFunction(from, to);
  if (element === null) return null;
  if (element === identity) return identity;
  return (value: SqlValue[]) => value.map((v) => (v === null ? null : element(v as never)));
}

function castMap(from: SqlType & { kind: 'MAP' }, to: SqlType & { kind: 'MAP' }): CastFunction | null {
  const castKey = castFunction(from.key, to.key);
  const castValue = castFunction(from.value, to.value);
  if (castKey === null || castValue === null) return null;
  if (castKey === identity && castValue === identity) return identity;
  return (value: Map<SqlValue, SqlValue>) => {
    const result = new Map<SqlValue, SqlValue>();
    for (const [k, v] of value) {
      result.set(k === null ? null : castKey(k as never), v === null ? null : castValue(v as never));
    }
    return result;
  };
}

/** By name: a field that the source lacks is null, one that the target lacks is dropped. */
function castStruct(from: SqlType & { kind: 'STRUCT' }, to: SqlType & { kind: 'STRUCT' }): CastFunction | null {
  const positions: number[] = [];
  const casts: CastFunction[] = [];
  for (const field of to.fields) {
    const position = from.fields.findIndex((f) => f.name === field.name);
    const cast = position < 0 ? identity : castFunction(from.fields[position]!.type, field.type);
    if (cast === null) return null;
    positions.push(position);
    casts.push(cast);
  }
  const unchanged =
    from.fields.length === to.fields.length && positions.every((p, i) => p === i && casts[i] === identity);
  if (unchanged) return identity;
  return (value: SqlValue[]) =>
    positions.map((position, i) => {
      const v = position < 0 ? null : value[position]!;
      return v === null ? null : casts[i]!(v as never);
    });
}
