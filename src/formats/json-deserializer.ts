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
import { shortDecimal, shortUnscaled } from './number-reading.js';
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
