import type { Column } from '../model/schema.js';
import { formatType, type SqlType } from '../model/sql-type.js';
import { DAY_MS } from '../model/time.js';
import type { SqlValue } from '../model/value.js';
import { asciiSlice, utf8Slice } from './byte-text.js';
import { DelimitedScanner } from './delimited-scanner.js';
import type { Deserializer } from './format.js';
import { KNOWN_BYTES_MAX, KnownTexts } from './known-texts.js';
import { shortDecimal, shortUnscaled, shortWhole } from './number-reading.js';
import {
  bytesFromBase64,
  dateOfDays,
  decimalFromText,
  doubleFromText,
  int32FromText,
  int64FromText,
  timeOfDay,
  timestampOfMs,
} from './text-value.js';
import { ValueProblem, valueError } from './value-problem.js';

/** Reads CSV records and converts the fields of the wanted columns. */
export function delimitedDeserializer(
  delimiter: string,
  columns: readonly Column[],
  wanted: readonly number[],
  target: 'key' | 'value',
): Deserializer {
  const scanner = new DelimitedScanner(delimiter, columns.length, target);
  return {
    scan(bytes, start, end) {
      scanner.scan(bytes, start, end);
      return true;
    },
    read: wanted.map((position) => reader(scanner, position, columns[position]!, target)),
  };
}

/** How many digits every 32-bit integer's spelling may have. */
const INT32_DIGITS = 9;
/** How many digits a number's spelling may have to be an exact double. */
const DOUBLE_DIGITS = 15;

/** Usual spellings are read from the bytes; the others, and those that are refused, go through the text. */
function reader(
  scanner: DelimitedScanner,
  position: number,
  { name, type }: Column,
  target: 'key' | 'value',
): () => SqlValue {
  const { batch, starts, ends } = scanner;
  const convert = converter(type);
  const general = (): SqlValue => {
    try {
      return convert(textOf(scanner, position));
    } catch (problem) {
      throw valueError(problem, name, target);
    }
  };
  switch (type.kind) {
    case 'STRING': {
      const texts = new KnownTexts();
      return () => {
        const start = starts[position]!;
        const end = ends[position]!;
        if (start === end) return null;
        if (scanner.isDoubled(position)) return textOf(scanner, position);
        const long = end - start > KNOWN_BYTES_MAX && scanner.ascii;
        return long ? asciiSlice(batch.bytes, start, end) : texts.read(batch, start, end);
      };
    }
    case 'BOOLEAN':
      return () => {
        const start = starts[position]!;
        const end = ends[position]!;
        return start === end ? null : isTrue(batch.bytes, start, end);
      };
    case 'INTEGER':
    case 'DATE':
      return () => {
        const start = starts[position]!;
        const end = ends[position]!;
        if (start === end) return null;
        const value = shortWhole(batch.bytes, start, end, INT32_DIGITS);
        return Number.isNaN(value) ? general() : value | 0;
      };
    case 'BIGINT':
    case 'TIMESTAMP':
      return () => {
        const start = starts[position]!;
        const end = ends[position]!;
        if (start === end) return null;
        const value = shortWhole(batch.bytes, start, end, DOUBLE_DIGITS);
        return Number.isNaN(value) ? general() : value;
      };
    case 'TIME':
      return () => {
        const start = starts[position]!;
        const end = ends[position]!;
        if (start === end) return null;
        const value = shortWhole(batch.bytes, start, end, DOUBLE_DIGITS);
        return value >= 0 && value <= DAY_MS ? value : general();
      };
    case 'DOUBLE':
      return () => {
        const start = starts[position]!;
        const end = ends[position]!;
        if (start === end) return null;
        const value = shortDecimal(batch.bytes, start, end);
        return Number.isNaN(value) ? general() : value;
      };
    case 'DECIMAL': {
      const { precision, scale } = type;
      return () => {
        const start = starts[position]!;
        const end = ends[position]!;
        if (start === end) return null;
        const value = shortUnscaled(batch.bytes, start, end, precision, scale);
        return Number.isNaN(value) ? general() : BigInt(value);
      };
    }
    case 'BYTES':
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
    case 'NULL':
      return () => (starts[position] === ends[position] ? null : general());
  }
}

function textOf(scanner: DelimitedScanner, position: number): string {
  const text = utf8Slice(scanner.batch.bytes, scanner.starts[position]!, scanner.ends[position]!);
  return scanner.isDoubled(position) ? text.replaceAll('""', '"') : text;
}

/** Whether the text is `true` in any case. */
function isTrue(b: Buffer, start: number, end: number): boolean {
  return (
    end - start === 4 &&
    (b[start]! | 0x20) === 0x74 &&
    (b[start + 1]! | 0x20) === 0x72 &&
    (b[start + 2]! | 0x20) === 0x75 &&
    (b[start + 3]! | 0x20) === 0x65
  );
}

/** From a field's text, not empty, to a value. */
function converter(type: SqlType): (text: string) => SqlValue {
  switch (type.kind) {
    case 'STRING':
      return (text) => text;
    case 'BOOLEAN':
      return (text) => text.toLowerCase() === 'true';
    case 'INTEGER':
      return (text) => int32FromText(text, type);
    case 'BIGINT':
      return (text) => int64FromText(text, type);
    case 'DOUBLE':
      return (text) => doubleFromText(text, type);
    case 'DECIMAL':
      return (text) => decimalFromText(text, type.precision, type.scale, type);
    case 'DATE':
      return (text) => dateOfDays(int64FromText(text, type));
    case 'TIME':
      return (text) => timeOfDay(int64FromText(text, type));
    case 'TIMESTAMP':
      return (text) => timestampOfMs(int64FromText(text, type));
    case 'BYTES':
      return bytesFromBase64;
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
    case 'NULL':
      return () => {
        throw new ValueProblem(`DELIMITED cannot hold ${formatType(type)}`);
      };
  }
}
