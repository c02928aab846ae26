import { formatDecimal } from '../model/decimal.js';
import { formatDouble } from '../model/double-text.js';
import { unreachable } from '../model/errors.js';
import { quoteJsonString } from '../model/json-text.js';
import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';

/** A whole record of one bare value: texts as they are. */
export function bareText(type: SqlType, value: SqlValue): string {
  return type.kind === 'STRING' && value !== null ? (value as string) : avroText(type, value);
}

/** A value as Avro's generic records print themselves: `{"F0": 1, "F1": ["a", null]}`. Decimals are numbers and bytes base64. */
export function avroText(type: SqlType, value: SqlValue): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'STRING':
      return quoteJsonString(value as string);
    case 'DOUBLE':
      return Number.isFinite(value) ? formatDouble(value as number) : quoteJsonString(formatDouble(value as number));
    case 'DECIMAL':
      return formatDecimal(value as bigint, type.scale);
    case 'BYTES':
      return quoteJsonString((value as Buffer).toString('base64'));
    case 'ARRAY':
      return `[${(value as SqlValue[]).map((item) => avroText(type.element, item)).join(', ')}]`;
    case 'MAP': {
      const entries = [...(value as Map<SqlValue, SqlValue>)].map(
        ([key, item]) => `${quoteJsonString(String(key))}: ${avroText(type.value, item)}`,
      );
      return `{${entries.join(', ')}}`;
    }
    case 'STRUCT': {
      const members = type.fields.map(
        (field, i) => `${quoteJsonString(field.name)}: ${avroText(field.type, (value as SqlValue[])[i]!)}`,
      );
      return `{${members.join(', ')}}`;
    }
    case 'BOOLEAN':
    case 'INTEGER':
    case 'BIGINT':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'NULL':
      return String(value);
    default:
      return unreachable(type);
  }
}

/**
 * A message in Protobuf's text format on one line: `F0: 1 F1: "a" F2 { X: 2 }`. Fields without a value are left out, and so are those with the default
 * value of their type, which the bytes do not tell from none. Decimals are numbers; dates and times are what SQL prints for them in numbers.
 */
export function protobufText(type: SqlType & { kind: 'STRUCT' }, values: readonly SqlValue[]): string {
  return type.fields
    .map((field, i) => (isDefault(values[i]!) ? '' : fieldText(field.name, field.type, values[i]!)))
    .filter((text) => text !== '')
    .join(' ');
}

function fieldText(name: string, type: SqlType, value: SqlValue): string {
  if (value === null) return '';
  switch (type.kind) {
    case 'ARRAY':
      return (value as SqlValue[]).map((item) => fieldText(name, type.element, item)).join(' ');
    case 'MAP':
      return [...(value as Map<SqlValue, SqlValue>)]
        .map(([key, item]) => {
          const entry = `${fieldText('key', type.key, key)} ${fieldText('value', type.value, item)}`;
          return `${name} { ${entry.trim()} }`;
        })
        .join(' ');
    case 'STRUCT': {
      const inner = protobufText(type, value as SqlValue[]);
      return inner === '' ? `${name} { }` : `${name} { ${inner} }`;
    }
    case 'STRING':
      return `${name}: "${escaped(value as string)}"`;
    case 'BYTES':
      return `${name}: "${escaped((value as Buffer).toString('latin1'), /[^\x20-\x7e]/g)}"`;
    case 'DOUBLE':
      return `${name}: ${formatDouble(value as number)}`;
    default:
      return `${name}: ${avroText(type, value)}`;
  }
}

function isDefault(value: SqlValue): boolean {
  if (Array.isArray(value)) return false;
  if (Buffer.isBuffer(value)) return value.length === 0;
  return value === null || value === false || value === '' || value === 0 || value === 0n;
}

/** Quotes and backslashes escaped, and other characters that must not stand in a line as octal numbers. */
function escaped(text: string, others = /[\x00-\x1f\x7f]/g): string {
  return text
    .replace(/["\\]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replace(others, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
