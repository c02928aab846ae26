import { digitCount, formatDecimal } from '../../model/decimal.js';
import { JsonNumber } from '../../model/json-text.js';
import { BIGINT, BYTES, DATE, INTEGER, type SqlType, TIME, TIMESTAMP } from '../../model/sql-type.js';
import { civilFromDays, daysFromCivil } from '../../model/temporal-text.js';
import { DAY_MS } from '../../model/time.js';
import type { SqlValue } from '../../model/value.js';
import { fromJson } from '../json-value.js';
import { dateOfDays, fittedDecimal, timestampOfMs } from '../text-value.js';
import { ValueProblem } from '../value-problem.js';
import { conversion, inconvertible } from './convert-value.js';
import { DATE_MESSAGE, DECIMAL_MESSAGE, TIME_MESSAGE, TIMESTAMP_MESSAGE } from './well-known.js';

/*
 * Messages that stand for one SQL value: how the values of their fields become it, and it becomes them.
 */

/** A message's fields by number from 1, each in its own SQL type, and what they amount to. */
export interface WholeMessage {
  readonly fields: readonly SqlType[];
  /** What the values of the fields, none of them null, stand for in the column's type. @throws ValueProblem */
  join(to: SqlType): Join;
  /** The values of the fields for one that is not null; undefined when values of this type have no such message. */
  split(from: SqlType): ((value: SqlValue) => readonly SqlValue[]) | undefined;
}

const NANOS_PER_MS = 1_000_000;
const NANOS_MAX = 999_999_999;
/** What is longer than this and than the column is not computed with: a few bytes must not ask for millions of digits. */
const DECIMAL_BYTES_MAX = 256;
const DECIMAL_SCALE_MAX = 1000;

const timestamp: WholeMessage = {
  fields: [BIGINT, INTEGER],
  join: joinTo(TIMESTAMP, TIMESTAMP_MESSAGE, ([seconds, nanos]) => {
    inRange(nanos as number, 0, NANOS_MAX, 'Timestamp nanos');
    const ms = Number(seconds) * 1000 + Math.floor((nanos as number) / NANOS_PER_MS);
    return timestampOfMs(Number.isSafeInteger(ms) ? ms : BigInt(ms));
  }),
  split: splitFrom('TIMESTAMP', (ms) => {
    const seconds = Math.floor(ms / 1000);
    return [seconds, (ms - seconds * 1000) * NANOS_PER_MS];
  }),
};

const date: WholeMessage = {
  fields: [INTEGER, INTEGER, INTEGER],
  join: joinTo(DATE, DATE_MESSAGE, (fields) => {
    const [year, month, day] = fields as [number, number, number];
    inRange(month, 1, 12, 'Date month');
    inRange(day, 1, 31, 'Date day');
    const days = daysFromCivil(year, month, day);
    if (civilFromDays(days).day !== day) throw new ValueProblem('Date day is not one of the month');
    return dateOfDays(days);
  }),
  split: splitFrom('DATE', (days) => {
    const { year, month, day } = civilFromDays(days);
    return [year, month, day];
  }),
};

const timeOfDay: WholeMessage = {
  fields: [INTEGER, INTEGER, INTEGER, INTEGER],
  join: joinTo(TIME, TIME_MESSAGE, (fields) => {
    const [hours, minutes, seconds, nanos] = fields as [number, number, number, number];
    inRange(hours, 0, 24, 'TimeOfDay hours');
    inRange(minutes, 0, 59, 'TimeOfDay minutes');
    inRange(seconds, 0, 59, 'TimeOfDay seconds');
    inRange(nanos, 0, NANOS_MAX, 'TimeOfDay nanos');
    const ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + Math.floor(nanos / NANOS_PER_MS);
    inRange(ms, 0, DAY_MS, 'TimeOfDay milliseconds');
    return ms;
  }),
  split: splitFrom('TIME', (ms) => {
    const seconds = Math.floor(ms / 1000);
    const minutes = Math.floor(seconds / 60);
    return [Math.floor(minutes / 60), minutes % 60, seconds % 60, (ms % 1000) * NANOS_PER_MS];
  }),
};

const decimal: WholeMessage = {
  fields: [BYTES, BIGINT, INTEGER],
  join(to) {
    if (!NUMBER_OR_TEXT.has(to.kind)) return () => inconvertible(DECIMAL_MESSAGE, to);
    const isDecimal = to.kind === 'DECIMAL';
    const bytesMax = isDecimal ? Math.max(DECIMAL_BYTES_MAX, to.precision) : DECIMAL_BYTES_MAX;
    const scaleMax = isDecimal ? Math.max(DECIMAL_SCALE_MAX, to.scale) : DECIMAL_SCALE_MAX;
    return ([value, , scale]) => {
      const bytes = value as Buffer;
      if (bytes.length > bytesMax) throw new ValueProblem('The number has too many digits');
      const unscaled = unscaledOf(bytes);
      const places = unscaled === 0n ? 0 : (scale as number);
      if (Math.abs(places) > scaleMax) throw new ValueProblem('The number has too many digits');
      if (!isDecimal) return fromJson(new JsonNumber(formatDecimal(unscaled, places)), to);
      return fittedDecimal(unscaled, places, to.precision, to.scale, to);
    };
  },
  split(from) {
    if (from.kind !== 'DECIMAL') return undefined;
    const { scale } = from;
    return (value) => [bytesOf(value as bigint), digitCount(value as bigint), scale];
  },
};

/** By full name. */
export const WHOLE_MESSAGES: ReadonlyMap<string, WholeMessage> = new Map([
  [TIMESTAMP_MESSAGE, timestamp],
  [DATE_MESSAGE, date],
  [TIME_MESSAGE, timeOfDay],
  [DECIMAL_MESSAGE, decimal],
]);

const NUMBER_OR_TEXT: ReadonlySet<string> = new Set(['DECIMAL', 'DOUBLE', 'INTEGER', 'BIGINT', 'STRING']);

type Join = (fields: readonly SqlValue[]) => SqlValue;

function joinTo(own: SqlType, described: string, join: Join): (to: SqlType) => Join {
  return (to) => {
    const convert = conversion(own, to, described);
    return convert === null ? join : (fields) => convert(join(fields));
  };
}

function splitFrom(kind: SqlType['kind'], split: (value: number) => readonly number[]): WholeMessage['split'] {
  return (from) => (from.kind === kind ? (split as (value: SqlValue) => readonly number[]) : undefined);
}

function inRange(value: number, min: number, max: number, what: string): void {
  if (value < min || value > max) throw new ValueProblem(`${what} must be from ${min} to ${max}`);
}

/** The number that big-endian bytes hold in two's complement; none are 0. */
function unscaledOf(bytes: Buffer): bigint {
  const { length } = bytes;
  if (length === 0) return 0n;
  if (length <= 6) return BigInt(bytes.readIntBE(0, length));
  return BigInt.asIntN(length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

const SIX_BYTES = 2n ** 47n;

/** The fewest bytes that hold the number, as Java's `BigInteger.toByteArray`. */
function bytesOf(value: bigint): Buffer {
  if (value < SIX_BYTES && value >= -SIX_BYTES) {
    const small = Number(value);
    let length = 1;
    for (let limit = 0x80; small >= limit || small < -limit; limit *= 0x100) length++;
    const bytes = Buffer.allocUnsafe(length);
    bytes.writeIntBE(small, 0, length);
    return bytes;
  }
  let length = 7;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  const digits = BigInt.asUintN(length * 8, value).toString(16);
  return Buffer.from(digits.padStart(length * 2, '0'), 'hex');
}
