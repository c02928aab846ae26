import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { valueKeyOf } from './value-key.js';

/**
 * A 32-bit hash (as INT) of the non-null values of a type, well mixed in all bits. States that are kept hold such
 * hashes, so the function must never change.
 */
export function valueHashOf(type: SqlType): (value: SqlValue) => number {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
      return (value) => mix(Number(value));
    case 'BIGINT':
    case 'TIMESTAMP':
      return hashLong;
    case 'DOUBLE':
      return hashDouble;
    case 'STRING':
      return (value) => hashText(value as string);
    default: {
      const keyOf = valueKeyOf(type);
      return (value) => hashText(String(keyOf(value)));
    }
  }
}

/** The finisher of MurmurHash3: each 32-bit number has its own hash. */
function mix(number: number): number {
  let h = number | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hashLong(value: SqlValue): number {
  if (typeof value === 'number') return pair(value | 0, Math.floor(value / 2 ** 32) | 0);
  const long = value as bigint;
  return pair(Number(BigInt.asIntN(32, long)), Number(BigInt.asIntN(32, long >> 32n)));
}

function pair(low: number, high: number): number {
  return mix(low ^ Math.imul(mix(high ^ 0x9e3779b9), 0xcc9e2d51));
}

const BITS = new Float64Array(1);
const WORDS = new Int32Array(BITS.buffer);

function hashDouble(value: SqlValue): number {
  BITS[0] = value as number;
  return pair(WORDS[0]!, WORDS[1]!);
}

/** MurmurHash3 over UTF-16 code units, two to a block. */
function hashText(text: string): number {
  let h = 0;
  const even = text.length & ~1;
  for (let i = 0; i < even; i += 2) {
    h ^= block(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (even < text.length) h ^= block(text.charCodeAt(even));
  return mix(h ^ (text.length * 2));
}

function block(bits: number): number {
  const k = Math.imul(bits, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}
