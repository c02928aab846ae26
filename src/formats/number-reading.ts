/** The most digits of which every number is an exact double. */
const DIGITS_MAX = 15;

/** 10^0 to 10^15, all exact doubles. */
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, n) => 10 ** n);

const MINUS = 0x2d;

/** A whole number of at most `digitsMax` (15 or fewer) digits with an optional minus; `-0` is 0. NaN for any other spelling. */
export function shortWhole(b: Buffer, start: number, end: number, digitsMax: number): number {
  const negative = b[start] === MINUS;
  const from = negative ? start + 1 : start;
  if (end - from > digitsMax || from >= end) return Number.NaN;
  let value = 0;
  for (let p = from; p < end; p++) {
    const digit = b[p]! - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return negative ? 0 - value : value;
}

/** How many of the digits that {@link plainDigits} gave last follow the point. */
let fractionDigits = 0;

/** The digits of a number without its sign and point; NaN when they are more than 15 or none, or when there is anything else. */
function plainDigits(b: Buffer, start: number, end: number): number {
  const from = b[start] === MINUS ? start + 1 : start;
  if (end - from > DIGITS_MAX + 1) return Number.NaN;
  let value = 0;
  let point = -1;
  for (let p = from; p < end; p++) {
    const digit = b[p]! - 0x30;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (digit === -2 && point < 0) point = p;
    else return Number.NaN;
  }
  const digits = point < 0 ? end - from : end - from - 1;
  if (digits < 1 || digits > DIGITS_MAX) return Number.NaN;
  fractionDigits = point < 0 ? 0 : end - 1 - point;
  return value;
}

/** The double of a number of at most 15 digits: both operands of the division are exact, so it is the nearest one. NaN for other spellings. */
export function shortDecimal(b: Buffer, start: number, end: number): number {
  const value = plainDigits(b, start, end) / POWERS[fractionDigits]!;
  return b[start] === MINUS ? -value : value;
}

/** The unscaled value of a DECIMAL when that is safe to compute with doubles and no digit is lost, else NaN. */
export function shortUnscaled(b: Buffer, start: number, end: number, precision: number, scale: number): number {
  const digits = plainDigits(b, start, end);
  const zeros = scale - fractionDigits;
  if (!(zeros >= 0 && zeros <= DIGITS_MAX)) return Number.NaN;
  const value = digits * POWERS[zeros]!;
  if (!(value < POWERS[precision < DIGITS_MAX ? precision : DIGITS_MAX]!)) return Number.NaN;
  return b[start] === MINUS ? -value : value;
}
