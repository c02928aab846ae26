import { decimalToDouble, divideRounded, formatDecimal, powerOfTen } from '../../model/decimal.js';
import { formatDouble } from '../../model/double-text.js';
import type { SqlType } from '../../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../../model/value.js';
import {
  dateOfDays,
  decimalFromText,
  doubleFromText,
  fittedDecimal,
  int32FromText,
  int64FromText,
  misfit,
  timeOfDay,
  timestampOfMs,
} from '../text-value.js';
import { ValueProblem } from '../value-problem.js';
import type { AvroType } from './avro-type.js';
import { logicalOf } from './logical-type.js';

/** The reading function, by its name in `avro-bytes.ts`. */
export type LeafFunction =
  | 'bool'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'text'
  | 'bytes'
  | 'fixed'
  | 'decimal'
  | 'fixedDecimal';

/** How a value without parts is read. */
export interface LeafReading {
  readonly read: LeafFunction;
  /** What becomes of what was read; null when it is the SQL value already. Throws a ValueProblem. */
  readonly convert: ((value: never) => SqlValue) | null;
}

/**
 * How a value of the writer's type becomes one of the column's: numbers widen as in INSERT VALUES, numbers and booleans become text as ksqlDB
 * does it, and text that is a number becomes one, as from JSON. Null for all other pairs.
 */
export function leafReading(type: AvroType, sql: SqlType): LeafReading | null {
  switch (type.kind) {
    case 'boolean':
      if (sql.kind === 'BOOLEAN') return as('bool');
      return sql.kind === 'STRING' ? as('bool', (value: boolean) => (value ? 'true' : 'false')) : null;
    case 'int':
    case 'long':
      return wholeReading(type, type.kind, sql);
    case 'float':
    case 'double':
      if (sql.kind === 'DOUBLE') return as(type.kind);
      return sql.kind === 'STRING' ? as(type.kind, formatDouble) : null;
    case 'string':
      return textReading(sql);
    case 'enum': {
      const { symbols } = type;
      return sql.kind === 'STRING' ? as('int', (index: number) => symbolAt(symbols, index)) : null;
    }
    case 'bytes':
    case 'fixed': {
      const decimal = logicalOf(type);
      if (decimal?.kind !== 'decimal') return sql.kind === 'BYTES' ? as(type.kind) : null;
      return decimalReading(decimal.scale, type.kind === 'bytes' ? 'decimal' : 'fixedDecimal', sql);
    }
    default:
      return null;
  }
}

function as<T>(read: LeafFunction, convert: ((value: T) => SqlValue) | null = null): LeafReading {
  return { read, convert };
}

function symbolAt(symbols: readonly string[], index: number): string {
  const symbol = symbols[index];
  if (symbol === undefined) throw new ValueProblem('malformed AVRO: the enum has no such symbol');
  return symbol;
}

function wholeReading(type: AvroType, read: 'int' | 'long', sql: SqlType): LeafReading | null {
  const logical = logicalOf(type);
  switch (sql.kind) {
    case 'INTEGER':
      return read === 'int' ? as(read) : null;
    case 'BIGINT':
      return as(read);
    case 'STRING':
      return as(read, String);
    case 'DOUBLE':
      if (logical !== null) return null;
      return read === 'int' ? as(read) : as(read, Number);
    case 'DECIMAL':
      return logical === null
        ? as(read, (value: number | bigint) => fittedDecimal(BigInt(value), 0, sql.precision, sql.scale, sql))
        : null;
    case 'DATE':
      if (logical !== null && logical.kind !== 'date') return null;
      return read === 'int' ? as(read) : as(read, dateOfDays);
    case 'TIME':
      if (logical === null) return as(read, timeOfDay);
      if (logical.kind !== 'time') return null;
      return as(read, logical.micros ? (value: number | bigint) => timeOfDay(millisOf(value)) : timeOfDay);
    case 'TIMESTAMP':
      if (logical === null) return read === 'int' ? as(read) : as(read, timestampOfMs);
      if (logical.kind !== 'timestamp') return null;
      return as(read, logical.micros ? (value: number | bigint) => timestampOfMs(millisOf(value)) : timestampOfMs);
    default:
      return null;
  }
}

/** Whole milliseconds of microseconds, before the epoch too the earlier ones. */
function millisOf(micros: number | bigint): number | bigint {
  if (typeof micros === 'number') return Math.floor(micros / 1000);
  return toBigintValue(divideRounded(micros, 1000n, 'FLOOR'));
}

function textReading(sql: SqlType): LeafReading | null {
  switch (sql.kind) {
    case 'STRING':
      return as('text');
    case 'INTEGER':
      return as('text', (text: string) => int32FromText(text, sql));
    case 'BIGINT':
      return as('text', (text: string) => int64FromText(text, sql));
    case 'DOUBLE':
      return as('text', (text: string) => doubleFromText(text, sql));
    case 'DECIMAL':
      return as('text', (text: string) => decimalFromText(text, sql.precision, sql.scale, sql));
    case 'DATE':
      return as('text', (text: string) => dateOfDays(int64FromText(text, sql)));
    case 'TIME':
      return as('text', (text: string) => timeOfDay(int64FromText(text, sql)));
    case 'TIMESTAMP':
      return as('text', (text: string) => timestampOfMs(int64FromText(text, sql)));
    default:
      return null;
  }
}

function decimalReading(scale: number, read: 'decimal' | 'fixedDecimal', sql: SqlType): LeafReading | null {
  switch (sql.kind) {
    case 'DECIMAL': {
      if (sql.scale !== scale)
        return as(read, (value: bigint) => fittedDecimal(value, scale, sql.precision, sql.scale, sql));
      const limit = powerOfTen(sql.precision);
      return as(read, (value: bigint) => (value < limit && value > -limit ? value : misfit(sql)));
    }
    case 'DOUBLE':
      return as(read, (value: bigint) => decimalToDouble(value, scale));
    case 'STRING':
      return as(read, (value: bigint) => formatDecimal(value, scale));
    default:
      return null;
  }
}
