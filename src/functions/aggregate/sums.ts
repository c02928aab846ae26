import { fitsPrecision, formatDecimal } from '../../model/decimal.js';
import { AssertionError } from '../../model/errors.js';
import type { SqlType } from '../../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../../model/value.js';

/** A BIGINT value. */
export type Long = number | bigint;

/** Sum of two BIGINTs, wrapping at 64 bits; no allocation while the sum is a safe number. */
export function addLongs(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toBigintValue(BigInt(a) + BigInt(b));
}

export function subtractLongs(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toBigintValue(BigInt(a) - BigInt(b));
}

/** How values of one numeric type are summed: as Java would in that very type, overflow included. */
export interface Arithmetic {
  readonly zero: SqlValue;
  plus(a: SqlValue, b: SqlValue): SqlValue;
  minus(a: SqlValue, b: SqlValue): SqlValue;
}

const INTEGER_ARITHMETIC: Arithmetic = {
  zero: 0,
  plus: (a, b) => ((a as number) + (b as number)) | 0,
  minus: (a, b) => ((a as number) - (b as number)) | 0,
};

const BIGINT_ARITHMETIC: Arithmetic = {
  zero: 0,
  plus: (a, b) => addLongs(a as Long, b as Long),
  minus: (a, b) => subtractLongs(a as Long, b as Long),
};

const DOUBLE_ARITHMETIC: Arithmetic = {
  zero: 0,
  plus: (a, b) => (a as number) + (b as number),
  minus: (a, b) => (a as number) - (b as number),
};

function decimalArithmetic(type: SqlType & { kind: 'DECIMAL' }): Arithmetic {
  const checked = (unscaled: bigint): bigint => {
    if (fitsPrecision(unscaled, type.precision)) return unscaled;
    throw new Error(
      `Numeric field overflow: A field with precision ${type.precision} and scale ${type.scale} must round to an absolute value less than 10^${type.precision - type.scale}. Got ${formatDecimal(unscaled, type.scale)}`,
    );
  };
  return {
    zero: 0n,
    plus: (a, b) => checked((a as bigint) + (b as bigint)),
    minus: (a, b) => checked((a as bigint) - (b as bigint)),
  };
}

/** @param type a numeric type */
export function arithmeticOf(type: SqlType): Arithmetic {
  switch (type.kind) {
    case 'INTEGER':
      return INTEGER_ARITHMETIC;
    case 'BIGINT':
      return BIGINT_ARITHMETIC;
    case 'DOUBLE':
      return DOUBLE_ARITHMETIC;
    case 'DECIMAL':
      return decimalArithmetic(type);
    default:
      throw new AssertionError(`no arithmetic on ${type.kind}`);
  }
}
