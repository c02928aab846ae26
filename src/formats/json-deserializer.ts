import type { Column } from '../model/schema.js';
import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { asciiSlice, RepeatedText, utf8Slice } from './byte-text.js';
import type { Deserializer } from './format.js';
import {
  ASCII_TEXT,
  FALSE,
  JsonScanner,
  MISSING,
  NULL,
  NUMBER,
  TRUE,
  UTF8_TEXT,
  WHOLE_NUMBER,
} from './json-scanner.js';
import { fromJson, type JsonMaps } from './json-value.js';
import { valueError } from './value-problem.js';

/**
 * Reads JSON objects, or one bare value when the single column is unwrapped.
 * @param maps whether a MAP may also be a list of entries
 */
export function jsonDeserializer(
  columns: readonly Column[],
  wanted: readonly number[],
  unwrapped: boolean,
  target: 'key' | 'value',
  maps: JsonMaps = 'objects',
): Deserializer {
  const chosen = wanted.map((position) => columns[position]!);
  const scanner = new JsonScanner(unwrapped ? null : chosen.map((column) => column.name), target);
  return {
    scan: (bytes, start, end) => scanner.scan(bytes, start, end),
    read: chosen.map((column, slot) =>
      reader(scanner, slot, column.type, unwrapped ? '$' : `$.${column.name}`, target, maps),
    ),
  };
}

function reader(
  scanner: JsonScanner,
  slot: number,
  type: SqlType,
  path: string,
  target: 'key' | 'value',
  maps: JsonMaps,
): () => SqlValue {
  const { kinds, starts, ends } = scanner;
  const general = (): SqlValue => {
    try {
      return fromJson(scanner.value(slot), type, maps);
    } catch (problem) {
      throw valueError(problem, path, target);
    }
  };
  switch (type.kind) {
    case 'INTEGER':
      return () => {
        const kind = kinds[slot];
        if (kind === WHOLE_NUMBER) return wholeNumber(scanner.bytes, starts[slot]!, ends[slot]!) | 0;
        return kind === MISSING || kind === NULL ? null : general();
      };
    case 'BIGINT':
    case 'TIMESTAMP':
      return () => {
        const kind = kinds[slot];
        if (kind === WHOLE_NUMBER) return wholeNumber(scanner.bytes, starts[slot]!, ends[slot]!) + 0;
        return kind === MISSING || kind === NULL ? null : general();
      };
    case 'DOUBLE':
      return () => {
        const kind = kinds[slot];
        if (kind === MISSING || kind === NULL) return null;
        if (kind === WHOLE_NUMBER) return wholeNumber(scanner.bytes, starts[slot]!, ends[slot]!);
        if (kind === NUMBER) {
          const value = shortDecimal(scanner.bytes, starts[slot]!, ends[slot]!);
          return Number.isNaN(value) ? Number(asciiSlice(scanner.bytes, starts[slot]!, ends[slot]!)) : value;
        }
        return general();
      };
    case 'DECIMAL': {
      const { precision, scale } = type;
      return () => {
        const kind = kinds[slot];
        if (kind === MISSING || kind === NULL) return null;
        if (kind === WHOLE_NUMBER || kind === NUMBER) {
          const unscaled = shortUnscaled(scanner.bytes, starts[slot]!, ends[slot]!, precision, scale);
          if (!Number.isNaN(unscaled)) return BigInt(unscaled);
        }
        return general();
      };
    }
    case 'BOOLEAN':
      return () => {
        const kind = kinds[slot];
        if (kind === TRUE) return true;
        if (kind === FALSE) return false;
        return kind === MISSING || kind === NULL ? null : general();
      };
    case 'STRING': {
      const texts = new RepeatedText();
      return () => {
        const kind = kinds[slot];
        if (kind === ASCII_TEXT) return texts.read(scanner.bytes, starts[slot]!, ends[slot]!);
        if (kind === UTF8_TEXT) return utf8Slice(scanner.bytes, starts[slot]!, ends[slot]!);
        return kind === MISSING || kind === NULL ? null : general();
      };
    }
    case 'DATE':
    case 'TIME':
    case 'BYTES':
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
    case 'NULL':
      return () => {
        const kind = kinds[slot];
        return kind === MISSING || kind === NULL ? null : general();
      };
  }
}

/** At most 15 digits with an optional sign; `-0` is negative zero, as a DOUBLE reads it. */
function wholeNumber(b: Buffer, start: number, end: number): number {
  const negative = b[start] === 0x2d;
  let value = 0;
  for (let p = negative ? start + 1 : start; p < end; p++) value = value * 10 + (b[p]! - 0x30);
  return negative ? -value : value;
}

/** 10^0 to 10^15, all exact doubles. */
const POWERS = Array.from({ length: 16 }, (_, n) => 10 ** n);

/** How many of the digits that {@link plainDigits} gave last follow the point. */
let fractionDigits = 0;

/** The digits of a number without its sign and point; NaN when there are more than 15 or an exponent. */
function plainDigits(b: Buffer, start: number, end: number): number {
  if (end - start > 17) return Number.NaN;
  let value = 0;
  let point = end - 1;
  let digits = 0;
  for (let p = b[start] === 0x2d ? start + 1 : start; p < end; p++) {
    const digit = b[p]! - 0x30;
    if (digit >= 0) {
      if (digit > 9) return Number.NaN;
      value = value * 10 + digit;
      digits++;
    } else if (digit === -2) {
      point = p;
    } else {
      return Number.NaN;
    }
  }
  if (digits > 15) return Number.NaN;
  fractionDigits = end - 1 - point;
  return value;
}

/** The double of a plain number of at most 15 digits: both operands of the division are exact. NaN for other spellings. */
function shortDecimal(b: Buffer, start: number, end: number): number {
  const value = plainDigits(b, start, end) / POWERS[fractionDigits]!;
  return b[start] === 0x2d ? -value : value;
}

/** The unscaled value when that is safe to compute with doubles and no digit is lost, else NaN. */
function shortUnscaled(b: Buffer, start: number, end: number, precision: number, scale: number): number {
  const digits = plainDigits(b, start, end);
  const zeros = scale - fractionDigits;
  if (!(zeros >= 0 && zeros <= 15)) return Number.NaN;
  const value = digits * POWERS[zeros]!;
  if (!(value < POWERS[precision < 15 ? precision : 15]!)) return Number.NaN;
  return b[start] === 0x2d ? -value : value;
}
