import { formatDecimal } from '../model/decimal.js';
import { formatDouble } from '../model/double-text.js';
import { AssertionError } from '../model/errors.js';
import type { Column } from '../model/schema.js';
import { formatType, type SqlType } from '../model/sql-type.js';
import { writeUtf8 } from './byte-text.js';
import { type ColumnWriter, compileWriter } from './compile-writer.js';
import type { ByteSink, Serializer } from './format.js';
import { writeInteger, writeShortDecimal } from './number-writing.js';

/**
 * Writes one CSV record without a line end. Null is an empty field; a null in a key of one column is a null key, since the
 * empty record could not be read back.
 */
export function delimitedSerializer(
  delimiter: string,
  columns: readonly Column[],
  target: 'key' | 'value',
): Serializer {
  const record = compileWriter(columns.map(({ type }, i) => fieldWriter(type, placeOf(delimiter, i === 0))));
  if (target === 'value' || columns.length > 1) return record;
  return { write: (sink, value) => value !== undefined && value !== null && record.write(sink, value) };
}

/** What a column's place and the delimiter have to do with how its fields are written. */
interface Place {
  readonly first: boolean;
  /** What is written before the field. */
  readonly lead: Buffer;
  /** What a text is quoted for. */
  readonly quoteWhere: RegExp;
  /** The same by code, for ASCII: not zero where a text is quoted. */
  readonly quoteCodes: Uint8Array;
  /** Whether plain numbers cannot hold the delimiter. */
  readonly plainNumbers: boolean;
}

function placeOf(delimiter: string, first: boolean): Place {
  const code = delimiter.charCodeAt(0);
  const quoteCodes = new Uint8Array(0x80);
  for (const quoted of [0x22, 0x0d, 0x0a, code]) if (quoted < 0x80) quoteCodes[quoted] = 1;
  return {
    first,
    lead: Buffer.from(first ? '' : delimiter),
    quoteWhere: new RegExp(`["\\r\\n\\u${code.toString(16).padStart(4, '0')}]`),
    quoteCodes,
    plainNumbers: !/[\d.-]/.test(delimiter),
  };
}

/** Writes what goes before the field too, and for null nothing else. */
function fieldWriter(type: SqlType, place: Place): ColumnWriter {
  const { first, lead, plainNumbers } = place;
  switch (type.kind) {
    case 'STRING':
      return (sink, value) => {
        writeLead(sink, lead);
        if (value !== null && !writePlain(sink, value as string, place))
          writeUtf8(sink, quoted(value as string, place));
      };
    case 'BOOLEAN': {
      const [yes, no] = [quoted('true', place), quoted('false', place)];
      return (sink, value) => {
        writeLead(sink, lead);
        if (value !== null) writeUtf8(sink, value === true ? yes : no);
      };
    }
    case 'INTEGER':
    case 'BIGINT':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return (sink, value) => {
        writeLead(sink, lead);
        if (value === null) return;
        if (plainNumbers && typeof value === 'number' && (!first || value >= 0)) writeInteger(sink, value);
        else writeUtf8(sink, quoted(String(value), place));
      };
    case 'DOUBLE':
      return (sink, value) => {
        writeLead(sink, lead);
        if (value === null) return;
        const double = value as number;
        if (plainNumbers && (!first || double >= 0) && writeShortDecimal(sink, double)) return;
        writeUtf8(sink, quoted(formatDouble(double), place));
      };
    case 'DECIMAL': {
      const { scale } = type;
      return (sink, value) => {
        writeLead(sink, lead);
        if (value !== null) writeUtf8(sink, quoted(formatDecimal(value as bigint, scale), place));
      };
    }
    case 'BYTES':
      return (sink, value) => {
        writeLead(sink, lead);
        if (value !== null) writeUtf8(sink, quoted((value as Buffer).toString('base64'), place));
      };
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
    case 'NULL':
      throw new AssertionError(`DELIMITED cannot hold ${formatType(type)}`);
  }
}

function writeLead(sink: ByteSink, lead: Buffer): void {
  const { length } = lead;
  sink.reserve(length);
  const { bytes, position } = sink;
  for (let i = 0; i < length; i++) bytes[position + i] = lead[i]!;
  sink.position = position + length;
}

/** Node writes longer texts faster than they can be looked at here. */
const PLAIN_MAX = 64;

/** Writes a text of ASCII that needs no quotes. @returns false, and nothing is written, when it is none */
function writePlain(sink: ByteSink, text: string, { first, quoteCodes }: Place): boolean {
  const { length } = text;
  if (length === 0 || length > PLAIN_MAX || !hasPlainEnds(text, first)) return false;
  sink.reserve(length);
  const { bytes, position } = sink;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f || quoteCodes[code] !== 0) return false;
    bytes[position + i] = code;
  }
  sink.position = position + length;
  return true;
}

/**
 * Quotes what a CSV reader would take apart or trim, and, as ksqlDB's writer does, a first field that does not begin with a letter or
 * digit. An empty first field is quoted so that the line is not blank; an empty string elsewhere is written as nothing, which reads as null.
 */
function quoted(text: string, { first, quoteWhere }: Place): string {
  if (text.length === 0) return first ? '""' : '';
  if (hasPlainEnds(text, first) && !quoteWhere.test(text)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}

function hasPlainEnds(text: string, first: boolean): boolean {
  const start = text.charCodeAt(0);
  return (!first || isLetterOrDigit(start)) && start > 0x23 && text.charCodeAt(text.length - 1) > 0x20;
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}
