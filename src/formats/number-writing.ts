import type { ByteSink } from './format.js';

const DECIMALS_MAX = 6;

/**
 * Writes, as Java prints it, a double that is the nearest one to a decimal with few digits after the point, as prices and measurements are: its
 * digits come from an integer, which costs a tenth of asking for the shortest text. No shorter decimal reads back as the same double, for both
 * have at most 15 digits.
 * @returns false, and nothing is written, when it is no such number
 */
export function writeShortDecimal(sink: ByteSink, value: number): boolean {
  const size = Math.abs(value);
  if (!(size >= 1e-3 && size < 1e7)) return false;
  let scale = 1;
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals++, scale *= 10) {
    const digits = Math.round(size * scale);
    if (digits / scale !== size) continue;
    sink.reserve(20);
    const { bytes } = sink;
    let position = sink.position;
    if (value < 0) bytes[position++] = 0x2d;
    const whole = Math.floor(digits / scale);
    position = writeDigits(bytes, position, whole, digitCount(whole));
    bytes[position++] = 0x2e;
    sink.position = writeDigits(bytes, position, digits - whole * scale, Math.max(1, decimals));
    return true;
  }
  return false;
}

/** Writes the decimal digits of an integer of at most 2^53. */
export function writeInteger(sink: ByteSink, value: number): void {
  sink.reserve(20);
  const bytes = sink.bytes;
  let position = sink.position;
  let rest = value;
  if (rest < 0) {
    bytes[position++] = 0x2d;
    rest = -rest;
  }
  if (rest >= 1e9) {
    const high = Math.floor(rest / 1e9);
    position = writeDigits(bytes, position, high, digitCount(high));
    sink.position = writeDigits(bytes, position, rest - high * 1e9, 9);
  } else {
    sink.position = writeDigits(bytes, position, rest, digitCount(rest));
  }
}

/** Digits of a number below 10^9. */
function digitCount(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  if (value < 1e7) return value < 1e5 ? 5 : value < 1e6 ? 6 : 7;
  return value < 1e8 ? 8 : 9;
}

/** Writes exactly `digits` digits of a number below 10^9 and returns the position after them. */
function writeDigits(bytes: Buffer, position: number, value: number, digits: number): number {
  let rest = value | 0;
  const end = position + digits;
  for (let at = end - 1; at >= position; at--) {
    const quotient = (rest / 10) | 0;
    bytes[at] = 0x30 + rest - quotient * 10;
    rest = quotient;
  }
  return end;
}
