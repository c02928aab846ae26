/** What a byte means inside a JSON string. */
export const PLAIN = 0;
export const END_QUOTE = 1;
export const ESCAPE = 2;
export const CONTROL = 3;
export const NON_ASCII = 4;

export const STRING_BYTES = new Uint8Array(256);
STRING_BYTES.fill(CONTROL, 0, 0x20);
STRING_BYTES.fill(NON_ASCII, 0x80);
STRING_BYTES[0x22] = END_QUOTE;
STRING_BYTES[0x5c] = ESCAPE;

/** Returned by the functions of this module instead of a position when the bytes are not the JSON they look for. */
export const NOT_JSON = -1;

/** Set by the functions of this module when a string holds bytes past ASCII; whoever needs to know resets it before. */
export const seen = { nonAscii: false };

/** The first position from `p` that is no JSON white space. */
export function skipBlanks(b: Uint8Array, p: number): number {
  for (;;) {
    const byte = b[p];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return p;
    p++;
  }
}

/** Past the escape whose backslash is at `p`. */
export function skipEscape(b: Uint8Array, p: number): number {
  switch (b[p + 1]) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return p + 2;
    case 0x75:
      return isHex(b[p + 2]) && isHex(b[p + 3]) && isHex(b[p + 4]) && isHex(b[p + 5]) ? p + 6 : NOT_JSON;
    default:
      return NOT_JSON;
  }
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

/** Past the string whose first byte after the quote is at `p`. */
export function skipString(b: Uint8Array, p: number): number {
  for (;;) {
    while (STRING_BYTES[b[p]!] === PLAIN) p++;
    switch (STRING_BYTES[b[p]!]) {
      case END_QUOTE:
        return p + 1;
      case NON_ASCII:
        seen.nonAscii = true;
        p++;
        break;
      case ESCAPE:
        p = skipEscape(b, p);
        if (p === NOT_JSON) return NOT_JSON;
        break;
      default:
        return NOT_JSON;
    }
  }
}

/** Past the number at `p`. */
export function skipNumber(b: Uint8Array, p: number): number {
  if (b[p] === 0x2d) p++;
  const first = p;
  let digit = b[p]! - 0x30;
  if (!(digit >= 0 && digit <= 9)) return NOT_JSON;
  do {
    p++;
    digit = b[p]! - 0x30;
  } while (digit >= 0 && digit <= 9);
  if (b[first] === 0x30 && p > first + 1) return NOT_JSON;
  return digit === -2 || ((b[p]! | 0x20) === 0x65 && digit > 0) ? skipFraction(b, p) : p;
}

/** Past the fraction and exponent at `p`, at least one of which is there. */
export function skipFraction(b: Uint8Array, p: number): number {
  let digit: number;
  if (b[p] === 0x2e) {
    p++;
    const first = p;
    while ((digit = b[p]! - 0x30) >= 0 && digit <= 9) p++;
    if (p === first) return NOT_JSON;
  }
  if (b[p] === 0x65 || b[p] === 0x45) {
    p++;
    if (b[p] === 0x2b || b[p] === 0x2d) p++;
    const first = p;
    while ((digit = b[p]! - 0x30) >= 0 && digit <= 9) p++;
    if (p === first) return NOT_JSON;
  }
  return p;
}

/** Past `true`, `false` or `null` at `p`. */
export function skipWord(b: Uint8Array, p: number): number {
  switch (b[p]) {
    case 0x74:
      return b[p + 1] === 0x72 && b[p + 2] === 0x75 && b[p + 3] === 0x65 ? p + 4 : NOT_JSON;
    case 0x66:
      return b[p + 1] === 0x61 && b[p + 2] === 0x6c && b[p + 3] === 0x73 && b[p + 4] === 0x65 ? p + 5 : NOT_JSON;
    case 0x6e:
      return b[p + 1] === 0x75 && b[p + 2] === 0x6c && b[p + 3] === 0x6c ? p + 4 : NOT_JSON;
    default:
      return NOT_JSON;
  }
}

/** Past the value at `p`, whatever it is; `depth` is how many containers it may nest. */
export function skipValue(b: Uint8Array, p: number, depth: number): number {
  switch (b[p]) {
    case 0x22:
      return skipString(b, p + 1);
    case 0x7b:
      return skipObject(b, p + 1, depth - 1);
    case 0x5b:
      return skipArray(b, p + 1, depth - 1);
    case 0x74:
    case 0x66:
    case 0x6e:
      return skipWord(b, p);
    default:
      return skipNumber(b, p);
  }
}

function skipObject(b: Uint8Array, p: number, depth: number): number {
  if (depth < 0) return NOT_JSON;
  p = skipBlanks(b, p);
  if (b[p] === 0x7d) return p + 1;
  for (;;) {
    if (b[p] !== 0x22) return NOT_JSON;
    p = skipString(b, p + 1);
    if (p === NOT_JSON) return NOT_JSON;
    p = skipBlanks(b, p);
    if (b[p] !== 0x3a) return NOT_JSON;
    p = skipValue(b, skipBlanks(b, p + 1), depth);
    if (p === NOT_JSON) return NOT_JSON;
    p = skipBlanks(b, p);
    const byte = b[p];
    if (byte === 0x7d) return p + 1;
    if (byte !== 0x2c) return NOT_JSON;
    p = skipBlanks(b, p + 1);
  }
}

function skipArray(b: Uint8Array, p: number, depth: number): number {
  if (depth < 0) return NOT_JSON;
  p = skipBlanks(b, p);
  if (b[p] === 0x5d) return p + 1;
  for (;;) {
    p = skipValue(b, p, depth);
    if (p === NOT_JSON) return NOT_JSON;
    p = skipBlanks(b, p);
    const byte = b[p];
    if (byte === 0x5d) return p + 1;
    if (byte !== 0x2c) return NOT_JSON;
    p = skipBlanks(b, p + 1);
  }
}
