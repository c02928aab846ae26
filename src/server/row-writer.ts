import { formatDecimal } from '../model/decimal.js';
import { formatDouble } from '../model/double-text.js';
import { unreachable } from '../model/errors.js';
import { quoteJsonString } from '../model/json-text.js';
import type { SqlType } from '../model/sql-type.js';
import { formatDate, formatTimestamp } from '../model/temporal-text.js';
import type { SqlValue } from '../model/value.js';
import { valueText } from '../model/value-text.js';

/** The JSON array of a row's values. */
export type RowWriter = (values: readonly SqlValue[]) => string;

type ValueWriter = (value: SqlValue) => string;

/**
 * Where a value stands. ksqlDB writes what is inside a STRUCT as Kafka Connect does: dates and times as numbers, and maps
 * whose keys are no strings as arrays of pairs.
 */
type Place = 'top' | 'struct';

/**
 * Compiles the writer of rows with these column types: BIGINT in all digits, DECIMAL plain with its scale, DOUBLE as Java prints
 * it and `"NaN"`, BYTES in base64, DATE, TIME and TIMESTAMP as ISO texts.
 */
export function compileRowWriter(types: readonly SqlType[]): RowWriter {
  const writers: ValueWriter[] = [];
  const parts = types.map((type, i) => {
    if (writesItself(type)) return `row[${i}]`;
    writers.push(valueWriter(type, 'top'));
    return `(row[${i}] === null ? 'null' : w${writers.length - 1}(row[${i}]))`;
  });
  if (parts.length === 0) return () => '[]';
  // Nothing of the query becomes code: only positions do.
  const names = writers.map((_, i) => `w${i}`);
  const compile = new Function(...names, `return (row) => '[' + ${parts.join(" + ',' + ")} + ']';`);
  return compile(...writers) as RowWriter;
}

/** Types whose values, null included, turn into their JSON when they are appended to a string. */
function writesItself(type: SqlType): boolean {
  return type.kind === 'BOOLEAN' || type.kind === 'INTEGER' || type.kind === 'BIGINT' || type.kind === 'NULL';
}

/** For values that are not null. */
function valueWriter(type: SqlType, place: Place): ValueWriter {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'INTEGER':
    case 'BIGINT':
    case 'NULL':
      return String;
    case 'DOUBLE':
      return doubleText;
    case 'DECIMAL':
      return (value) => formatDecimal(value as bigint, type.scale);
    case 'STRING':
      return (value) => quoteJsonString(value as string);
    case 'BYTES':
      return (value) => `"${(value as Buffer).toString('base64')}"`;
    case 'DATE':
      return place === 'struct' ? String : (value) => `"${formatDate(value as number)}"`;
    case 'TIME':
      return place === 'struct' ? String : (value) => `"${timeText(value as number)}"`;
    case 'TIMESTAMP':
      return place === 'struct' ? String : (value) => `"${formatTimestamp(value as number)}"`;
    case 'ARRAY':
      return arrayWriter(type.element, place);
    case 'MAP':
      return place === 'struct' && type.key.kind !== 'STRING'
        ? pairsWriter(type.key, type.value)
        : mapWriter(type.key, type.value, place);
    case 'STRUCT':
      return structWriter(type.fields);
    default:
      return unreachable(type);
  }
}

function nullable(type: SqlType, place: Place): ValueWriter {
  const write = valueWriter(type, place);
  return (value) => (value === null ? 'null' : write(value));
}

function arrayWriter(element: SqlType, place: Place): ValueWriter {
  const write = nullable(element, place);
  return (value) => `[${(value as SqlValue[]).map(write).join(',')}]`;
}

function mapWriter(key: SqlType, type: SqlType, place: Place): ValueWriter {
  const write = nullable(type, place);
  return (value) => {
    let text = '';
    for (const [k, v] of value as Map<SqlValue, SqlValue>) {
      const name = key.kind === 'STRING' && k !== null ? (k as string) : valueText(key, k);
      text += `${text === '' ? '' : ','}${quoteJsonString(name)}:${write(v)}`;
    }
    return `{${text}}`;
  };
}

function pairsWriter(key: SqlType, type: SqlType): ValueWriter {
  const writeKey = nullable(key, 'struct');
  const write = nullable(type, 'struct');
  return (value) =>
    `[${[...(value as Map<SqlValue, SqlValue>)].map(([k, v]) => `[${writeKey(k)},${write(v)}]`).join(',')}]`;
}

function structWriter(fields: readonly { readonly name: string; readonly type: SqlType }[]): ValueWriter {
  const names = fields.map((field) => `${quoteJsonString(field.name)}:`);
  const writers = fields.map((field) => nullable(field.type, 'struct'));
  return (value) => {
    let text = '{';
    for (let i = 0; i < names.length; i++) {
      text += `${i === 0 ? '' : ','}${names[i]!}${writers[i]!((value as SqlValue[])[i]!)}`;
    }
    return `${text}}`;
  };
}

function doubleText(value: SqlValue): string {
  const text = formatDouble(value as number);
  return Number.isFinite(value) ? text : `"${text}"`;
}

/** `HH:mm:ss`, with `.SSS` when there are milliseconds. */
function timeText(msOfDay: number): string {
  const seconds = Math.floor(msOfDay / 1000);
  const minutes = Math.floor(seconds / 60);
  const ms = msOfDay % 1000;
  const text = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`;
  return ms === 0 ? text : `${text}.${String(ms).padStart(3, '0')}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
