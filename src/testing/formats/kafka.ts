import { kafkaFormat } from '../../formats/kafka.js';
import { decodeRow, encodeRow } from '../../formats/row-codec.js';
import { formatDouble } from '../../model/double-text.js';
import { JsonNumber, type JsonValue, writeJson } from '../../model/json-text.js';
import type { Column } from '../../model/schema.js';
import { formatType, STRING } from '../../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../../model/value.js';
import { TestFileError } from '../json.js';
import { type ActualValue, actualDecimal, actualInteger, isIntegerText } from '../judge/actual-value.js';
import type { TestFormat } from './test-format.js';

/** A single primitive; sources without a column have texts. */
export const kafkaTestFormat: TestFormat = {
  encode(value, { format, columns, target }) {
    const written = columns.length === 0 ? [textColumn(target)] : columns;
    return encodeRow(kafkaFormat, format, written, [primitive(value, written[0]!)], target);
  },
  decode(bytes, { format, columns, target }) {
    const read = columns.length === 0 ? [textColumn(target)] : columns;
    const row = decodeRow(kafkaFormat, format, read, bytes, target);
    return row === null ? null : actual(row[0]!, read[0]!);
  },
};

function textColumn(role: 'key' | 'value'): Column {
  return { name: 'TEXT', type: STRING, role };
}

/** Numbers become what the column needs; text for BYTES is UTF-8. */
function primitive(value: Exclude<JsonValue, null>, column: Column): SqlValue {
  const number = value instanceof JsonNumber ? value.text : null;
  switch (column.type.kind) {
    case 'STRING':
      return typeof value === 'string' ? value : writeJson(value);
    case 'BYTES':
      if (typeof value === 'string') return Buffer.from(value, 'utf8');
      break;
    case 'INTEGER':
    case 'BIGINT': {
      if (number === null) break;
      const bits = column.type.kind === 'INTEGER' ? 32 : 64;
      const integer = isIntegerText(number) ? BigInt(number) : BigInt(Math.trunc(Number(number)));
      return toBigintValue(BigInt.asIntN(bits, integer));
    }
    case 'DOUBLE':
      if (number !== null) return Number(number);
      break;
    default:
  }
  throw new TestFileError(`${writeJson(value)} is no ${formatType(column.type)} for the column ${column.name}`);
}

function actual(value: SqlValue, { type }: Column): ActualValue {
  if (value === null) return null;
  switch (type.kind) {
    case 'INTEGER':
    case 'BIGINT':
      return actualInteger(BigInt(value as number | bigint));
    case 'DOUBLE': {
      const text = formatDouble(value as number);
      return Number.isFinite(value as number) ? actualDecimal(text) : text;
    }
    case 'BYTES':
      return (value as Buffer).toString('utf8');
    default:
      return value as string;
  }
}
