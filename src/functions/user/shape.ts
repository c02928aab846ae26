import { type SqlType, sameType } from '../../model/sql-type.js';
import type { AggregateCode } from '../define.js';

const DEPTH_MAX = 16;
const PRECISION_MAX = 38;

const SIMPLE_KINDS: ReadonlySet<unknown> = new Set([
  'BOOLEAN',
  'INTEGER',
  'BIGINT',
  'DOUBLE',
  'STRING',
  'BYTES',
  'DATE',
  'TIME',
  'TIMESTAMP',
] satisfies SqlType['kind'][]);

/** Whether a value that a user's code gave is the type of a column. */
export function isSqlType(value: unknown, depth = 0): value is SqlType {
  if (!isObject(value) || depth > DEPTH_MAX) return false;
  switch (value['kind']) {
    case 'DECIMAL': {
      const { precision, scale } = value;
      return isWhole(precision, 1, PRECISION_MAX) && isWhole(scale, 0, precision);
    }
    case 'ARRAY':
      return isSqlType(value['element'], depth + 1);
    case 'MAP':
      return isSqlType(value['key'], depth + 1) && isSqlType(value['value'], depth + 1);
    case 'STRUCT':
      return (
        Array.isArray(value['fields']) &&
        value['fields'].length > 0 &&
        value['fields'].every(
          (field: unknown) =>
            isObject(field) && typeof field['name'] === 'string' && isSqlType(field['type'], depth + 1),
        )
      );
    default:
      return SIMPLE_KINDS.has(value['kind']);
  }
}

/** What is wrong with what the bind of an aggregate gave; null when nothing is. */
export function aggregateProblem(code: AggregateCode, tableCapable: boolean): string | null {
  if (!isObject(code)) return 'its bind gave no code';
  const methods = ['initial', 'add', 'merge', 'result', ...(tableCapable ? ['undo'] : [])];
  const missing = methods.filter((name) => typeof code[name] !== 'function');
  if (missing.length > 0) return `the code of the aggregate lacks the function ${missing.join(', ')}`;
  if (!isSqlType(code['stateType'])) return 'the stateType of the aggregate is no SQL type';
  if (!isSqlType(code['resultType'])) return 'the resultType of the aggregate is no SQL type';
  if (typeof code['resultIsState'] !== 'boolean') return 'the resultIsState of the aggregate is neither true nor false';
  if (code['resultIsState'] && !sameType(code['stateType'], code['resultType'])) {
    return 'the aggregate says that its result is its state, and their types differ';
  }
  return null;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isWhole(value: unknown, least: number, greatest: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= greatest;
}
