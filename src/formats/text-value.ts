import { fitsPrecision, parseDecimal, rescale } from '../model/decimal.js';
import { parseDouble } from '../model/double-text.js';
import { formatType, type SqlType } from '../model/sql-type.js';
import { DAY_MS } from '../model/time.js';
import { toBigintValue } from '../model/value.js';
import { ValueProblem } from './value-problem.js';

const INTEGER_TEXT = /^[+-]?\d+$/;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

/** What `convert` gives for the text, or a problem that names the type. */
function required<T>(value: T | null, type: SqlType): T {
  if (value === null) throw new ValueProblem(`Can't coerce string to type. targetType: ${formatType(type)}`);
  return value;
}

/** A 32-bit integer by the rules of Java's `Integer.parseInt`; null when the text is none. */
export function parseInt32(text: string): number | null {
  if (!INTEGER_TEXT.test(text)) return null;
  const value = Number(text);
  return value === (value | 0) ? value | 0 : null;
}

/** A 64-bit integer by the rules of Java's `Long.parseLong`, as a BIGINT value; null when the text is none. */
export function parseInt64(text: string): number | bigint | null {
  if (!INTEGER_TEXT.test(text)) return null;
  if (text.length <= 15) return Number(text) + 0;
  // A 64-bit number has 19 digits; leading zeros are the only reason for more, and nobody needs a thousand of them.
  if (text.length > 1000) return null;
  const value = BigInt(text.charCodeAt(0) === 0x2b ? text.slice(1) : text);
  return value < LONG_MIN || value > LONG_MAX ? null : toBigintValue(value);
}

/**
 * The unscaled value of a number's text in DECIMAL(p, s).
 * @throws ValueProblem when digits would have to be dropped or rounded.
 */
export function decimalFromText(text: string, precision: number, scale: number, type: SqlType): bigint {
  const decimal = required(parseDecimal(text), type);
  if (decimal.unscaled === 0n) return 0n;
  return decimal.scale < -precision
    ? misfit(type)
    : fittedDecimal(decimal.unscaled, decimal.scale, precision, scale, type);
}

/**
 * A number of `from` digits behind the point as DECIMAL(p, s).
 * @throws ValueProblem when digits would have to be dropped or rounded
 */
export function fittedDecimal(unscaled: bigint, from: number, precision: number, scale: number, type: SqlType): bigint {
  const fitted = rescale(unscaled, from, scale, 'UNNECESSARY');
  return fitted !== null && fitsPrecision(fitted, precision) ? fitted : misfit(type);
}

export function misfit(type: SqlType): never {
  throw new ValueProblem(`Cannot fit decimal into ${formatType(type)} without rounding`);
}

/** @throws ValueProblem unless 0 <= ms <= 86400000, the range ksqlDB admits. */
export function timeOfDay(value: number | bigint): number {
  if (typeof value === 'bigint' || value < 0 || value > DAY_MS) {
    throw new ValueProblem('Time values must use a number of milliseconds from 0 to 86400000');
  }
  return value;
}

/** @throws ValueProblem when the days do not fit 32 bits. */
export function dateOfDays(value: number | bigint): number {
  if (typeof value === 'bigint' || value !== (value | 0)) {
    throw new ValueProblem('Date values must use a 32-bit number of days since 1970-01-01');
  }
  return value;
}

/** @throws ValueProblem when the milliseconds are beyond 2^53. */
export function timestampOfMs(value: number | bigint): number {
  if (typeof value === 'bigint') {
    throw new ValueProblem('Timestamp values must use a number of milliseconds below 2^53');
  }
  return value;
}

const BASE64_TEXT = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Padded standard base64. @throws ValueProblem for anything else. */
export function bytesFromBase64(text: string): Buffer {
  if (text.length % 4 !== 0 || !BASE64_TEXT.test(text)) throw new ValueProblem('BYTES must be base64 text');
  return Buffer.from(text, 'base64');
}

export function int32FromText(text: string, type: SqlType): number {
  return required(parseInt32(text), type);
}

export function int64FromText(text: string, type: SqlType): number | bigint {
  return required(parseInt64(text), type);
}

export function doubleFromText(text: string, type: SqlType): number {
  return required(parseDouble(text), type);
}
