import { formatDecimal } from '../../model/decimal.js';
import { formatDouble } from '../../model/double-text.js';
import type { SqlType } from '../../model/sql-type.js';
import { formatDate, formatTime, formatTimestamp } from '../../model/temporal-text.js';
import type { SqlValue } from '../../model/value.js';
import { valueText } from '../../model/value-text.js';

/** The text in quotes, as Jackson writes it: escapes of control characters have upper-case digits. */
export function jsonQuote(text: string): string {
  const quoted = JSON.stringify(text);
  if (!/[\x0b\x0e\x0f\x1a-\x1f]/.test(text)) return quoted;
  return quoted.replace(/\\(?:u00[01][a-f]|.)/g, (sequence) =>
    sequence.length === 6 ? `\\u${sequence.slice(2).toUpperCase()}` : sequence,
  );
}

/** Writes values of one type as JSON text with sorted names; a null is the text `null`. */
export function sqlJsonWriter(type: SqlType): (value: SqlValue) => string {
  const write = nonNullWriter(type);
  return (value) => (value === null ? 'null' : write(value));
}

function nonNullWriter(type: SqlType): (value: SqlValue) => string {
  switch (type.kind) {
    case 'STRING':
      return (value) => jsonQuote(value as string);
    case 'DOUBLE':
      return (value) => (Number.isFinite(value) ? formatDouble(value as number) : `"${value}"`);
    case 'DECIMAL':
      return (value) => formatDecimal(value as bigint, type.scale);
    case 'DATE':
      return (value) => `"${formatDate(value as number)}"`;
    case 'TIME':
      return (value) => `"${formatTime(value as number)}"`;
    case 'TIMESTAMP':
      return (value) => `"${formatTimestamp(value as number)}"`;
    case 'BYTES':
      return (value) => `"${(value as Buffer).toString('base64')}"`;
    case 'ARRAY': {
      const element = sqlJsonWriter(type.element);
      return (value) => `[${(value as SqlValue[]).map(element).join(',')}]`;
    }
    case 'MAP':
      return mapWriter(type.key, type.value);
    case 'STRUCT': {
      const fields = type.fields
        .map((field, index) => ({ name: field.name, index, write: sqlJsonWriter(field.type) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return (value) => {
        const members = fields.map(
          ({ name, index, write }) => `${jsonQuote(name)}:${write((value as SqlValue[])[index]!)}`,
        );
        return `{${members.join(',')}}`;
      };
    }
    default:
      return String;
  }
}

function mapWriter(keyType: SqlType, valueType: SqlType): (value: SqlValue) => string {
  const write = sqlJsonWriter(valueType);
  return (value) => {
    const members: [name: string, held: SqlValue][] = [];
    for (const [key, held] of value as Map<SqlValue, SqlValue>) {
      if (key === null) throw new Error('a map with a null key has no JSON text');
      members.push([valueText(keyType, key), held]);
    }
    members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${members.map(([name, held]) => `${jsonQuote(name)}:${write(held)}`).join(',')}}`;
  };
}
