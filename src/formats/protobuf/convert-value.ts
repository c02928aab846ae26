import { JsonNumber } from '../../model/json-text.js';
import { formatType, type SqlType, sameType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { fromJson } from '../json-value.js';
import { ValueProblem } from '../value-problem.js';

export type Convert = (value: SqlValue) => SqlValue;

/**
 * How values of a field's own SQL type become those of a column: null when they are that already, else as the same value in JSON would be
 * converted. What does not convert gives a function that always throws.
 * @param described the field's type, for the error
 */
export function conversion(from: SqlType, to: SqlType, described: string): Convert | null {
  if (sameType(from, to)) return null;
  if (!converts(from, to)) return () => inconvertible(described, to);
  switch (from.kind) {
    case 'INTEGER':
      if (to.kind === 'BIGINT' || to.kind === 'DOUBLE') return null;
      return (value) => fromJson(new JsonNumber(String(value)), to);
    case 'BOOLEAN':
      return (value) => fromJson(value as boolean, to);
    case 'STRING':
      return (value) => fromJson(value as string, to);
    default:
      return (value) => fromJson(new JsonNumber(String(value)), to);
  }
}

export function inconvertible(described: string, to: SqlType): never {
  throw new ValueProblem(`Can't convert type. sourceType: ${described}, requiredType: ${formatType(to)}`);
}

const NUMBERS: ReadonlySet<string> = new Set(['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL']);
const TIMES: ReadonlySet<string> = new Set(['DATE', 'TIME', 'TIMESTAMP']);

function converts(from: SqlType, to: SqlType): boolean {
  switch (from.kind) {
    case 'INTEGER':
    case 'BIGINT':
    case 'DOUBLE':
      return NUMBERS.has(to.kind) || TIMES.has(to.kind) || to.kind === 'STRING';
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return NUMBERS.has(to.kind) || to.kind === 'STRING';
    case 'STRING':
      return NUMBERS.has(to.kind) || TIMES.has(to.kind) || to.kind === 'BYTES';
    case 'BOOLEAN':
      return to.kind === 'STRING';
    default:
      return false;
  }
}
