import { compareDecimals, shortestDecimalFromDouble } from '../../model/decimal.js';
import { LikePattern } from '../../model/like.js';
import { BYTES, type SqlType } from '../../model/sql-type.js';
import { compareValues, equalValues, type SqlValue, toBigintValue } from '../../model/value.js';

/*
 * What generated code calls where a JavaScript operator does not do: the slow halves of BIGINT arithmetic, exact DECIMAL
 * division, lookups. All take values that are not null unless they say otherwise.
 */

type Long = number | bigint;

/** Thrown again and again, so its stack is never asked for. */
const NULL_OPERAND = new Error('an operand is null');
const DIVISION_BY_ZERO = new Error('division by zero');

function failNull(): never {
  throw NULL_OPERAND;
}

function failZero(): never {
  throw DIVISION_BY_ZERO;
}

/** The boolean; a null one is an error. */
function requireBoolean(value: SqlValue): boolean {
  if (value === null) throw NULL_OPERAND;
  return value as boolean;
}

function addBigint(a: Long, b: Long): Long {
  return toBigintValue(BigInt(a) + BigInt(b));
}

function subtractBigint(a: Long, b: Long): Long {
  return toBigintValue(BigInt(a) - BigInt(b));
}

function multiplyBigint(a: Long, b: Long): Long {
  return toBigintValue(BigInt(a) * BigInt(b));
}

function divideBigint(a: Long, b: Long): Long {
  if (b === 0) throw DIVISION_BY_ZERO;
  return toBigintValue(BigInt(a) / BigInt(b));
}

function remainderBigint(a: Long, b: Long): Long {
  if (b === 0) throw DIVISION_BY_ZERO;
  return toBigintValue(BigInt(a) % BigInt(b));
}

function negateBigint(a: bigint): Long {
  return toBigintValue(-a);
}

/** `numerator / denominator`, which must be an integer: ksqlDB refuses quotients that do not end within the scale. */
function divideExactly(numerator: bigint, denominator: bigint): bigint {
  if (denominator === 0n) throw DIVISION_BY_ZERO;
  const quotient = numerator / denominator;
  if (quotient * denominator !== numerator) throw new Error('the quotient has more digits than its type holds');
  return quotient;
}

function remainderDecimal(a: bigint, b: bigint): bigint {
  if (b === 0n) throw DIVISION_BY_ZERO;
  return a % b;
}

/** Order of a DECIMAL and a DOUBLE, the latter taken by its shortest text; NaN and infinities have none. */
function compareDecimalToDouble(unscaled: bigint, scale: number, value: number): number {
  const decimal = shortestDecimalFromDouble(value);
  if (decimal === null) throw new Error('NaN and infinities do not compare with DECIMAL');
  return compareDecimals({ unscaled, scale }, decimal);
}

function compareBytes(a: Buffer, b: Buffer): number {
  return compareValues(BYTES, a, b);
}

/** Element `index` of an array, counted from 1, negative from the end; null outside. */
function elementAt(array: SqlValue[], index: Long): SqlValue {
  const i = typeof index === 'bigint' ? Number(BigInt.asIntN(32, index)) : index | 0;
  const position = i > 0 ? i - 1 : array.length + i;
  return i !== 0 && position >= 0 && position < array.length ? array[position]! : null;
}

/** The value of a key that is compared by content. */
function entryOf(map: Map<SqlValue, SqlValue>, key: SqlValue, keyType: SqlType): SqlValue {
  for (const [k, v] of map) if (equalValues(keyType, k, key)) return v;
  return null;
}

/** A map whose keys are compared by content; the last of equal keys wins. */
function mapByContent(keyType: SqlType, ...entries: SqlValue[]): Map<SqlValue, SqlValue> {
  const map = new Map<SqlValue, SqlValue>();
  for (let i = 0; i < entries.length; i += 2) {
    let key: SqlValue = entries[i] as SqlValue;
    for (const k of map.keys()) if (equalValues(keyType, k, key)) key = k;
    map.set(key, entries[i + 1]!);
  }
  return map;
}

/** The functions that generated code names. */
export const RUNTIME = {
  failNull,
  failZero,
  requireBoolean,
  addBigint,
  subtractBigint,
  multiplyBigint,
  divideBigint,
  remainderBigint,
  negateBigint,
  divideExactly,
  remainderDecimal,
  compareDecimalToDouble,
  compareBytes,
  elementAt,
  entryOf,
  mapByContent,
} as const;

/** LIKE with a pattern that is computed: compiles it again only when it changes. */
export class LikeSite {
  readonly #escapeCharacter: string | null;
  #text: string | null = null;
  #pattern: LikePattern | null = null;

  constructor(escapeCharacter: string | null) {
    this.#escapeCharacter = escapeCharacter;
  }

  matches(text: string, pattern: string): boolean {
    if (pattern !== this.#text || this.#pattern === null) {
      this.#pattern = LikePattern.compile(pattern, this.#escapeCharacter);
      this.#text = pattern;
    }
    return this.#pattern.matches(text);
  }
}
