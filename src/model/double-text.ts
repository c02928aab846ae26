/**
 * The text of a double as Java's `Double.toString` gives it since JDK 19: the shortest digits that read back as the same
 * number, at least one after the point, and `E` notation outside 10^-3 <= |value| < 10^7.
 */
export function formatDouble(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value);
    return Number.isInteger(value) ? `${text}.0` : text;
  }
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (!Number.isFinite(value)) return String(value);
  return scientific(value);
}

function scientific(value: number): string {
  let text = value.toExponential();
  let mark = text.indexOf('e');
  let digits = text.slice(0, mark);
  if (!digits.includes('.')) {
    // Java weighs two-digit candidates where one digit would do: the smallest double is 4.9E-324, not 5.0E-324.
    text = value.toExponential(1);
    mark = text.indexOf('e');
    digits = text.slice(0, mark);
  }
  const exponent = text.charCodeAt(mark + 1) === 43 ? text.slice(mark + 2) : text.slice(mark + 1);
  return `${digits}E${exponent}`;
}

const DECIMAL_FORM = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/;
const HEX_FORM = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)[dDfF]?$/;
const SPECIAL_FORM = /^([+-]?)(NaN|Infinity)$/;

/**
 * Reads a double by the rules of Java's `Double.parseDouble`: surrounding blanks, a sign, a suffix `d` or `f` and
 * hexadecimal forms are accepted; `NaN` and `Infinity` only when `special` is `'accept'`.
 * Numbers too large become infinite, as in Java. Null when the text is no number.
 */
export function parseDouble(text: string, special: 'accept' | 'reject' = 'accept'): number | null {
  const trimmed = javaTrim(text);
  if (DECIMAL_FORM.test(trimmed)) {
    const code = trimmed.charCodeAt(trimmed.length - 1) | 0x20;
    return Number(code === 100 || code === 102 ? trimmed.slice(0, -1) : trimmed);
  }
  const word = SPECIAL_FORM.exec(trimmed);
  if (word !== null) {
    if (special === 'reject') return null;
    return word[2] === 'NaN' ? Number.NaN : word[1] === '-' ? -Infinity : Infinity;
  }
  const hex = HEX_FORM.exec(trimmed);
  if (hex === null || hex[2]!.length + hex[3]!.length === 0) return null;
  const size = fromBinary(BigInt(`0x${hex[2]}${hex[3]}`), Number(hex[4]) - 4 * hex[3]!.length);
  return hex[1] === '-' ? -size : size;
}

/** Java's `String.trim`: drops every character up to the space, not only white space. */
export function javaTrim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 32) start++;
  while (end > start && text.charCodeAt(end - 1) <= 32) end--;
  return end - start === text.length ? text : text.slice(start, end);
}

/** `significand * 2^exponent` rounded once, half to even, subnormal results included. */
function fromBinary(significand: bigint, exponent: number): number {
  if (significand === 0n) return 0;
  const top = significand.toString(2).length - 1 + exponent;
  if (top > 1023) return Infinity;
  if (top < -1076) return 0;
  const unit = Math.max(top - 52, -1074);
  const drop = unit - exponent;
  if (drop <= 0) return Number(significand) * 2 ** exponent;
  const shift = BigInt(drop);
  const half = 1n << (shift - 1n);
  const kept = significand >> shift;
  const rest = significand & ((1n << shift) - 1n);
  const rounded = rest > half || (rest === half && (kept & 1n) === 1n) ? kept + 1n : kept;
  return Number(rounded) * 2 ** unit;
}
