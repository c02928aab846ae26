import { formatDecimal } from '../model/decimal.js';
import { formatDouble } from '../model/double-text.js';
import { AssertionError } from '../model/errors.js';
import type { Column } from '../model/schema.js';
import { formatType, type SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { writeUtf8 } from './byte-text.js';
import { compileWriter } from './compile-writer.js';
import type { ByteSink, Serializer } from './format.js';

/**
 * Writes one CSV record without a line end. Null is an empty field; a null in a key of one column is a null key, since the
 * empty record could not be read back.
 */
export function delimitedSerializer(
  delimiter: string,
  columns: readonly Column[],
  target: 'key' | 'value',
): Serializer {
  const record = recordSerializer(delimiter, columns);
  if (target === 'value' || columns.length > 1) return record;
  return { write: (sink, value) => value !== undefined && value !== null && record.write(sink, value) };
}

function recordSerializer(delimiter: string, columns: readonly Column[]): Serializer {
  const quoteWhere = new RegExp(`["\\r\\n\\u${delimiter.charCodeAt(0).toString(16).padStart(4, '0')}]`);
  return compileWriter(
    columns.map((column, i) => {
      const text = toText(column.type, i === 0, quoteWhere);
      const lead = i === 0 ? '' : delimiter;
      return (sink: ByteSink, value: SqlValue) => {
        if (value !== null) writeUtf8(sink, lead + text(value));
        else if (lead !== '') writeUtf8(sink, lead);
      };
    }),
  );
}

function toText(type: SqlType, first: boolean, quoteWhere: RegExp): (value: SqlValue) => string {
  switch (type.kind) {
    case 'STRING':
      return (value) => quoted(value as string, first, quoteWhere);
    case 'BOOLEAN':
    case 'INTEGER':
    case 'BIGINT':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return (value) => quoted(String(value), first, quoteWhere);
    case 'DOUBLE':
      return (value) => quoted(formatDouble(value as number), first, quoteWhere);
    case 'DECIMAL': {
      const { scale } = type;
      return (value) => quoted(formatDecimal(value as bigint, scale), first, quoteWhere);
    }
    case 'BYTES':
      return (value) => quoted((value as Buffer).toString('base64'), first, quoteWhere);
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
    case 'NULL':
      throw new AssertionError(`DELIMITED cannot hold ${formatType(type)}`);
  }
}

/**
 * Quotes what a CSV reader would take apart or trim, and, as ksqlDB's writer does, a first field that does not begin with a letter or
 * digit. An empty first field is quoted so that the line is not blank; an empty string elsewhere is written as nothing, which reads as null.
 */
function quoted(text: string, first: boolean, quoteWhere: RegExp): string {
  if (text.length === 0) return first ? '""' : '';
  const plainStart = !first || isLetterOrDigit(text.charCodeAt(0));
  if (plainStart && text.charCodeAt(0) > 0x23 && text.charCodeAt(text.length - 1) > 0x20 && !quoteWhere.test(text))
    return text;
  return `"${text.replaceAll('"', '""')}"`;
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}
