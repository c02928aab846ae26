/**
 * A decimal number `unscaled * 10^-scale`, the shape of Java's BigDecimal. A negative scale stands for trailing zeros,
 * as in `1E3` = `{ unscaled: 1n, scale: -3 }`.
 */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** What to do with digits that do not fit; named and defined as in Java's `RoundingMode`. */
export type Rounding = 'UP' | 'DOWN' | 'CEILING' | 'FLOOR' | 'HALF_UP' | 'HALF_DOWN' | 'HALF_EVEN';

/** Scales and lengths beyond this are refused when text is parsed: a few characters must not ask for megabytes of digits. */
export const MAX_DECIMAL_SCALE = 20_000;

const POWERS: bigint[] = [1n];

/** 10^n as a bigint; n is a small non-negative integer. */
export function powerOfTen(n: number): bigint {
  if (n > 400) return 10n ** BigInt(n);
  for (let i = POWERS.length; i <= n; i++) POWERS.push(POWERS[i - 1]! * 10n);
  return POWERS[n]!;
}

const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/**
 * Reads plain (`-1.50`, `.5`, `1.`) and exponent (`1.5E-3`) forms, keeping the written scale: `1.50` has scale 2.
 * Null when the text is no number (blanks, `NaN` and suffixes included) or longer than
 * {@link MAX_DECIMAL_SCALE} digits, or its scale is beyond that.
 */
export function parseDecimal(text: string): Decimal | null {
  const match = DECIMAL_TEXT.exec(text);
  if (match === null) return null;
  const whole = match[2]!;
  const fraction = match[3] ?? '';
  const length = whole.length + fraction.length;
  if (length === 0 || length > MAX_DECIMAL_SCALE) return null;
  const scale = fraction.length - (match[4] === undefined ? 0 : Number(match[4]));
  if (Math.abs(scale) > MAX_DECIMAL_SCALE) return null;
  const magnitude = BigInt(whole + fraction);
  return { unscaled: match[1] === '-' ? -magnitude : magnitude, scale: scale === 0 ? 0 : scale };
}

/** Plain notation with exactly `scale` fraction digits: `formatDecimal(150n, 2)` is `1.50`; a negative scale appends zeros. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale <= 0) return unscaled === 0n ? '0' : unscaled.toString() + '0'.repeat(-scale);
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * The text of Java's `BigDecimal.toString`: plain when the scale is not negative and the number not too small, else with an
 * exponent: `1.50`, `1E+3`, `1.5E-8`.
 */
export function formatDecimalScientific(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString();
  const exponent = digits.length - 1 - scale;
  if (scale >= 0 && exponent >= -6) return formatDecimal(unscaled, scale);
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const power = exponent === 0 ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`;
  return `${negative ? '-' : ''}${digits[0]}${fraction}${power}`;
}

/** `numerator / denominator` rounded to an integer; the denominator is not zero. */
export function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const quotient = numerator / denominator;
  const remainder = numerator % denominator;
  if (remainder === 0n) return quotient;
  const negative = numerator < 0n !== denominator < 0n;
  return roundsAway(quotient, remainder, denominator, negative, rounding) ? quotient + (negative ? -1n : 1n) : quotient;
}

function roundsAway(
  quotient: bigint,
  remainder: bigint,
  denominator: bigint,
  negative: boolean,
  rounding: Rounding,
): boolean {
  switch (rounding) {
    case 'UP':
      return true;
    case 'DOWN':
      return false;
    case 'CEILING':
      return !negative;
    case 'FLOOR':
      return negative;
    default: {
      const twice = 2n * (remainder < 0n ? -remainder : remainder);
      const whole = denominator < 0n ? -denominator : denominator;
      if (twice !== whole) return twice > whole;
      return rounding === 'HALF_UP' || (rounding === 'HALF_EVEN' && (quotient & 1n) === 1n);
    }
  }
}

/**
 * The unscaled value of the same number at another scale.
 * With `UNNECESSARY` no digit may be lost: null when one would be.
 */
export function rescale(unscaled: bigint, from: number, to: number, rounding: Rounding): bigint;
export function rescale(unscaled: bigint, from: number, to: number, rounding: Rounding | 'UNNECESSARY'): bigint | null;
export function rescale(unscaled: bigint, from: number, to: number, rounding: Rounding | 'UNNECESSARY'): bigint | null {
  if (from === to) return unscaled;
  if (to > from) return unscaled * powerOfTen(to - from);
  const divisor = powerOfTen(from - to);
  if (rounding === 'UNNECESSARY') return unscaled % divisor === 0n ? unscaled / divisor : null;
  return divideRounded(unscaled, divisor, rounding);
}

/** Whether the unscaled value has at most `precision` digits. */
export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const limit = powerOfTen(precision);
  return unscaled < limit && unscaled > -limit;
}

/** Number of decimal digits of the unscaled value, 1 for zero: Java's `BigDecimal.precision()`. */
export function digitCount(unscaled: bigint): number {
  return (unscaled < 0n ? -unscaled : unscaled).toString().length;
}

/** At most `precision` significant digits, as Java's `BigDecimal.round(new MathContext(precision, rounding))`. */
export function roundToPrecision(value: Decimal, precision: number, rounding: Rounding): Decimal {
  let { unscaled, scale } = value;
  // Rounding 9.99 up gives one digit more, so the second pass drops a zero.
  for (let excess = digitCount(unscaled) - precision; excess > 0; excess = digitCount(unscaled) - precision) {
    unscaled = divideRounded(unscaled, powerOfTen(excess), rounding);
    scale -= excess;
  }
  return { unscaled, scale };
}

const BITS = new DataView(new ArrayBuffer(8));

/** The exact binary value of a double, as Java's `new BigDecimal(double)`; null for NaN and infinities. */
export function decimalFromDouble(value: number): Decimal | null {
  if (!Number.isFinite(value)) return null;
  if (Number.isSafeInteger(value)) return { unscaled: BigInt(value), scale: 0 };
  BITS.setFloat64(0, value);
  const bits = BITS.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  let significand = biased === 0 ? fraction : fraction | 0x10_0000_0000_0000n;
  let exponent = (biased === 0 ? 1 : biased) - 1075;
  while ((significand & 1n) === 0n) {
    significand >>= 1n;
    exponent++;
  }
  if (value < 0) significand = -significand;
  if (exponent >= 0) return { unscaled: significand << BigInt(exponent), scale: 0 };
  return { unscaled: significand * 5n ** BigInt(-exponent), scale: -exponent };
}

/** The shortest decimal that reads back as this double, so 0.1 is 0.1 and not 0.1000000000000000055…; null for NaN and infinities. */
export function shortestDecimalFromDouble(value: number): Decimal | null {
  return Number.isFinite(value) ? parseDecimal(String(value)) : null;
}

/** The nearest double. */
export function decimalToDouble(unscaled: bigint, scale: number): number {
  return Number(`${unscaled}e${-scale}`);
}

/** Order of two decimals of any scales: negative, zero or positive. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = a.unscaled * powerOfTen(scale - a.scale);
  const right = b.unscaled * powerOfTen(scale - b.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}
