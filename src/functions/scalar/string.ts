import { createHash, randomUUID } from 'node:crypto';
import { javaTrim } from '../../model/double-text.js';
import type { SqlValue } from '../../model/value.js';
import { CATEGORY, defineScalar, nullArgumentMessage, type ScalarDefinition } from '../define.js';
import { checkTextLength } from '../limits.js';

const category = CATEGORY.string;

const LCASE = defineScalar({
  name: 'LCASE',
  displayName: 'lcase',
  category,
  description: 'The text in lower case.',
  examples: [{ sql: "LCASE('AbC')", result: '"abc"' }],
  variants: [
    { signature: '(input STRING) -> STRING', nulls: 'propagate', evaluate: (input: string) => input.toLowerCase() },
  ],
});

const UCASE = defineScalar({
  name: 'UCASE',
  displayName: 'ucase',
  category,
  description: 'The text in upper case.',
  examples: [{ sql: "UCASE('AbC')", result: '"ABC"' }],
  variants: [
    { signature: '(input STRING) -> STRING', nulls: 'propagate', evaluate: (input: string) => input.toUpperCase() },
  ],
});

const TRIM = defineScalar({
  name: 'TRIM',
  displayName: 'trim',
  category,
  description: 'The text without leading and trailing characters up to the space (U+0020).',
  examples: [{ sql: "TRIM('  a b ')", result: '"a b"' }],
  variants: [{ signature: '(input STRING) -> STRING', nulls: 'propagate', evaluate: javaTrim }],
});

const LEN = defineScalar({
  name: 'LEN',
  displayName: 'len',
  category,
  description: 'The number of UTF-16 code units of a text, or of bytes.',
  examples: [{ sql: "LEN('hello')", result: '5' }],
  variants: [
    { signature: '(input STRING) -> INT', nulls: 'propagate', evaluate: (input: string) => input.length },
    { signature: '(input BYTES) -> INT', nulls: 'propagate', evaluate: (input: Buffer) => input.length },
  ],
});

const EMPTY_BYTES = Buffer.alloc(0);

function concatTexts(values: readonly (string | null)[]): string {
  let text = '';
  for (const value of values) if (value !== null) text += value;
  checkTextLength('CONCAT', text.length);
  return text;
}

function concatTwoTexts(a: string | null, b: string | null): string {
  if (a === null) return b ?? '';
  if (b === null) return a;
  checkTextLength('CONCAT', a.length + b.length);
  return a + b;
}

function concatBytes(name: string, values: readonly Buffer[]): Buffer {
  let length = 0;
  for (const value of values) length += value.length;
  checkTextLength(name, length);
  return values.length === 0 ? EMPTY_BYTES : Buffer.concat(values, length);
}

const notNull = <T>(value: T | null): value is T => value !== null;

const CONCAT = defineScalar({
  name: 'CONCAT',
  displayName: 'concat',
  category,
  description: 'Joins texts, or bytes. Nulls are skipped; when all are null the result is empty.',
  examples: [{ sql: "CONCAT('stream', NULL, 'ing')", result: '"streaming"' }],
  variants: [
    {
      signature: '(inputs STRING...) -> STRING',
      nulls: 'pass',
      bind: (types) => (types.length === 2 ? concatTwoTexts : (...values: (string | null)[]) => concatTexts(values)),
    },
    {
      signature: '(inputs BYTES...) -> BYTES',
      nulls: 'pass',
      evaluate: (...values: (Buffer | null)[]) => concatBytes('CONCAT', values.filter(notNull)),
    },
  ],
});

const TOO_FEW_TO_JOIN = 'Function Concat_WS expects at least two input arguments.';

const CONCAT_WS = defineScalar({
  name: 'CONCAT_WS',
  displayName: 'concat_ws',
  category,
  description:
    'Joins texts, or bytes, with a separator between them. Nulls are skipped together with their separator; a null separator gives null.',
  examples: [{ sql: "CONCAT_WS('-', 'a', NULL, 'b')", result: '"a-b"' }],
  variants: [
    {
      signature: '(separator STRING, inputs STRING...) -> STRING',
      nulls: 'pass',
      evaluate: (separator: string | null, ...values: (string | null)[]) => {
        if (values.length === 0) throw new Error(TOO_FEW_TO_JOIN);
        if (separator === null) return null;
        const kept = values.filter(notNull);
        const length = kept.reduce((sum, value) => sum + value.length, separator.length * Math.max(0, kept.length - 1));
        checkTextLength('CONCAT_WS', length);
        return kept.join(separator);
      },
    },
    {
      signature: '(separator BYTES, inputs BYTES...) -> BYTES',
      nulls: 'pass',
      evaluate: (separator: Buffer | null, ...values: (Buffer | null)[]) => {
        if (values.length === 0) throw new Error(TOO_FEW_TO_JOIN);
        if (separator === null) return null;
        const kept = values.filter(notNull);
        return concatBytes(
          'CONCAT_WS',
          kept.flatMap((value, i) => (i === 0 ? [value] : [separator, value])),
        );
      },
    },
  ],
});

function startIndex(length: number, position: number): number {
  return position < 0 ? Math.max(length + position, 0) : Math.max(Math.min(position - 1, length), 0);
}

function endIndex(length: number, start: number, count: number): number {
  return Math.max(Math.min(start + count, length), start);
}

const SUBSTRING = defineScalar({
  name: 'SUBSTRING',
  displayName: 'substring',
  category,
  description:
    'The part from a position on, optionally of a length. Positions count from 1; negative ones count from the end.',
  examples: [
    { sql: "SUBSTRING('stream', 1, 4)", result: '"stre"' },
    { sql: "SUBSTRING('stream', -2)", result: '"am"' },
  ],
  variants: [
    {
      signature: '(str STRING, pos INT) -> STRING',
      nulls: 'propagate',
      evaluate: (text: string, position: number) => text.slice(startIndex(text.length, position)),
    },
    {
      signature: '(str STRING, pos INT, len INT) -> STRING',
      nulls: 'propagate',
      evaluate: (text: string, position: number, count: number) => {
        const start = startIndex(text.length, position);
        return text.slice(start, endIndex(text.length, start, count));
      },
    },
    {
      signature: '(bytes BYTES, pos INT) -> BYTES',
      nulls: 'propagate',
      evaluate: (bytes: Buffer, position: number) => Buffer.from(bytes.subarray(startIndex(bytes.length, position))),
    },
    {
      signature: '(bytes BYTES, pos INT, len INT) -> BYTES',
      nulls: 'propagate',
      evaluate: (bytes: Buffer, position: number, count: number) => {
        const start = startIndex(bytes.length, position);
        return Buffer.from(bytes.subarray(start, endIndex(bytes.length, start, count)));
      },
    },
  ],
});

function countOccurrences(text: string, part: string): number {
  if (part === '') return text.length + 1;
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

const REPLACE = defineScalar({
  name: 'REPLACE',
  displayName: 'replace',
  category,
  description: 'Replaces every occurrence of a text by another.',
  examples: [{ sql: "REPLACE('a-b-c', '-', '+')", result: '"a+b+c"' }],
  variants: [
    {
      signature: '(str STRING, oldStr STRING, newStr STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (text: string, before: string, after: string) => {
        if (after.length > before.length) {
          const growth = countOccurrences(text, before) * (after.length - before.length);
          checkTextLength('REPLACE', text.length + growth);
        }
        return text.replaceAll(before, () => after);
      },
    },
  ],
});

function ordinalIndex(text: string, part: string, occurrence: number, from: number): number {
  let at = from - 1;
  for (let seen = 0; seen < occurrence; seen++) {
    at = text.indexOf(part, at + 1);
    if (at < 0) return -1;
    if (part === '' && at >= text.length && seen + 1 < occurrence) return -1;
  }
  return at;
}

function lastOrdinalIndex(text: string, part: string, occurrence: number, before: number): number {
  let limit = before - part.length;
  for (let seen = 0; seen < occurrence; seen++) {
    if (limit < 0) return -1;
    limit = text.lastIndexOf(part, limit);
    if (limit < 0) return -1;
    if (seen + 1 < occurrence) limit--;
  }
  return limit;
}

function instr(text: string | null, part: string | null, position: number | null, occurrence: number | null): number {
  if (position === null) throw new Error(nullArgumentMessage(2));
  if (occurrence === null) throw new Error(nullArgumentMessage(3));
  if (text === null || part === null || Math.abs(position) > text.length) return 0;
  if (position === 0 || occurrence < 1) return 0;
  return (
    (position > 0
      ? ordinalIndex(text, part, occurrence, position - 1)
      : lastOrdinalIndex(text, part, occurrence, text.length + position + 1)) + 1
  );
}

const INSTR = defineScalar({
  name: 'INSTR',
  displayName: 'instr',
  category,
  description:
    'The position, from 1, at which a text occurs in another; 0 when it does not. A negative start position searches backward from the end.',
  examples: [
    { sql: "INSTR('corporate floor', 'or')", result: '2' },
    { sql: "INSTR('corporate floor', 'or', -3, 2)", result: '2' },
  ],
  variants: [
    {
      signature: '(str STRING, substring STRING) -> INT',
      nulls: 'pass',
      evaluate: (text: string | null, part: string | null) => instr(text, part, 1, 1),
    },
    {
      signature: '(str STRING, substring STRING, position INT) -> INT',
      nulls: 'pass',
      evaluate: (text: string | null, part: string | null, position: number | null) => instr(text, part, position, 1),
    },
    {
      signature: '(str STRING, substring STRING, position INT, occurrence INT) -> INT',
      nulls: 'pass',
      evaluate: instr,
    },
  ],
});

function pad(name: string, side: 'left' | 'right') {
  return (text: string | null, length: number | null, padding: string | null): string | null => {
    if (text === null || length === null || length < 0 || padding === null || padding === '') return null;
    if (length <= text.length) return text.slice(0, length);
    checkTextLength(name, length);
    return side === 'left' ? text.padStart(length, padding) : text.padEnd(length, padding);
  };
}

function padBytes(name: string, side: 'left' | 'right') {
  return (bytes: Buffer | null, length: number | null, padding: Buffer | null): Buffer | null => {
    if (bytes === null || length === null || length < 0 || padding === null || padding.length === 0) return null;
    if (length <= bytes.length) return Buffer.from(bytes.subarray(0, length));
    checkTextLength(name, length);
    const filler = Buffer.alloc(length - bytes.length, padding);
    return Buffer.concat(side === 'left' ? [filler, bytes] : [bytes, filler]);
  };
}

function padFunction(name: string, displayName: string, side: 'left' | 'right', example: string): ScalarDefinition {
  return defineScalar({
    name,
    displayName,
    category,
    description: `Pads the input on the ${side} with the padding until it has the given length. A longer input is cut to its first part. A negative length or an empty padding gives null.`,
    examples: [{ sql: `${name}('7', 3, '0')`, result: example }],
    variants: [
      {
        signature: '(input STRING, targetLen INT, padding STRING) -> STRING',
        nulls: 'pass',
        evaluate: pad(name, side),
      },
      {
        signature: '(input BYTES, targetLen INT, padding BYTES) -> BYTES',
        nulls: 'pass',
        evaluate: padBytes(name, side),
      },
    ],
  });
}

/** A word with the blanks behind it, by Java's `\s`. */
const WORD = /[^\t-\r ]+[\t-\r ]*/g;

const INITCAP = defineScalar({
  name: 'INITCAP',
  displayName: 'initcap',
  category,
  description:
    'Each word with its first letter in upper case and the others in lower case. Leading blanks are dropped.',
  examples: [{ sql: "INITCAP('the QUICK fox')", result: '"The Quick Fox"' }],
  variants: [
    {
      signature: '(str STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (text: string) =>
        (text.match(WORD) ?? []).map((word) => word[0]!.toUpperCase() + word.slice(1).toLowerCase()).join(''),
    },
  ],
});

/** A Java escape: `\u` with four digits, an octal number, or a letter. */
const ESCAPE = /\\(?:u+\+?([0-9a-fA-F]{4})|(u)|([0-3]?[0-7]{1,2})|(.))/gs;
const LETTER_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', b: '\b' };

function fromEscapes(text: string | null): string | null {
  if (text === null || text.length < 6 || !text.startsWith('\\u')) return null;
  return text.replace(ESCAPE, (_, hex?: string, broken?: string, octal?: string, letter?: string) => {
    if (broken !== undefined) throw new Error(`Less than 4 hex digits in unicode value: '${text}'`);
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    return LETTER_ESCAPES[letter!] ?? letter!;
  });
}

const CHR = defineScalar({
  name: 'CHR',
  displayName: 'Chr',
  category,
  description: 'The character of a Unicode code point, or of an escape such as \\u004b.',
  examples: [
    { sql: 'CHR(75)', result: '"K"' },
    { sql: "CHR('\\u004b')", result: '"K"' },
  ],
  variants: [
    {
      signature: '(decimalCode INT) -> STRING',
      nulls: 'propagate',
      evaluate: (code: number) => (code < 0 || code > 0x10ffff ? null : String.fromCodePoint(code)),
    },
    { signature: '(utf16Code STRING) -> STRING', nulls: 'pass', evaluate: fromEscapes },
  ],
});

const ELT = defineScalar({
  name: 'ELT',
  category,
  description: 'The n-th of the texts, counted from 1; null when there is none.',
  examples: [{ sql: "ELT(2, 'a', 'b', 'c')", result: '"b"' }],
  variants: [
    {
      signature: '(n INT, args STRING...) -> STRING',
      nulls: 'pass',
      evaluate: (n: number | null, ...values: (string | null)[]) => {
        if (n === null) throw new Error(nullArgumentMessage(0));
        return values[n - 1] ?? null;
      },
    },
  ],
});

const FIELD = defineScalar({
  name: 'FIELD',
  category,
  description: 'The position, from 1, of a text among others; 0 when it is not there or is null.',
  examples: [{ sql: "FIELD('b', 'a', 'b')", result: '2' }],
  variants: [
    {
      signature: '(str STRING, args STRING...) -> INT',
      nulls: 'pass',
      evaluate: (text: string | null, ...values: (string | null)[]) => (text === null ? 0 : values.indexOf(text) + 1),
    },
  ],
});

function splitBytes(bytes: Buffer, delimiter: Buffer): Buffer[] {
  if (delimiter.length === 0) {
    if (bytes.length === 0) return [EMPTY_BYTES];
    return Array.from(bytes, (_, i) => Buffer.from(bytes.subarray(i, i + 1)));
  }
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, start)) {
    parts.push(Buffer.from(bytes.subarray(start, at)));
    start = at + delimiter.length;
  }
  parts.push(Buffer.from(bytes.subarray(start)));
  return parts;
}

const SPLIT = defineScalar({
  name: 'SPLIT',
  displayName: 'split',
  category,
  description:
    'Splits a text, or bytes, at a delimiter. Empty parts are kept; an empty delimiter splits into single characters or bytes.',
  examples: [{ sql: "SPLIT('a,,b', ',')", result: '["a","","b"]' }],
  variants: [
    {
      signature: '(string STRING, delimiter STRING) -> ARRAY<STRING>',
      nulls: 'propagate',
      evaluate: (text: string, delimiter: string) => (text === '' ? [''] : text.split(delimiter)),
    },
    { signature: '(bytes BYTES, delimiter BYTES) -> ARRAY<BYTES>', nulls: 'propagate', evaluate: splitBytes },
  ],
});

const SPLIT_TO_MAP = defineScalar({
  name: 'SPLIT_TO_MAP',
  displayName: 'split_to_map',
  category,
  description:
    'Reads a text of entries, each a key and a value. Entries without the delimiter between key and value are skipped; the last of equal keys wins. Empty or equal delimiters give null.',
  examples: [{ sql: "SPLIT_TO_MAP('a=1;b=2', ';', '=')", result: '{"a":"1","b":"2"}' }],
  variants: [
    {
      signature: '(input STRING, entryDelimiter STRING, kvDelimiter STRING) -> MAP<STRING, STRING>',
      nulls: 'propagate',
      evaluate: (text: string, entryDelimiter: string, delimiter: string) => {
        if (entryDelimiter === '' || delimiter === '' || entryDelimiter === delimiter) return null;
        const map = new Map<SqlValue, SqlValue>();
        for (const entry of text.split(entryDelimiter)) {
          const at = entry.indexOf(delimiter);
          if (at < 0) continue;
          const end = entry.indexOf(delimiter, at + delimiter.length);
          map.set(entry.slice(0, at), entry.slice(at + delimiter.length, end < 0 ? undefined : end));
        }
        return map;
      },
    },
  ],
});

const MD5 = defineScalar({
  name: 'MD5',
  displayName: 'md5',
  category,
  description: 'The MD5 hash of the UTF-8 bytes, in lower-case hexadecimal.',
  examples: [{ sql: "MD5('zero')", result: '"d02c4c4cde7ae76252540d116a40f23a"' }],
  variants: [
    {
      signature: '(s STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (text: string) => createHash('md5').update(text, 'utf8').digest('hex'),
    },
  ],
});

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = defineScalar({
  name: 'UUID',
  category,
  deterministic: false,
  description: 'A random UUID, or the UUID of 16 bytes (null for any other number of bytes).',
  examples: [{ sql: 'LEN(UUID())', result: '36' }],
  variants: [
    {
      signature: '() -> STRING',
      nulls: 'pass',
      evaluate: () => randomUUID(),
    },
    {
      signature: '(bytes BYTES) -> STRING',
      nulls: 'propagate',
      evaluate: (bytes: Buffer) => (bytes.length === 16 ? formatUuid(bytes) : null),
    },
  ],
});

export const stringFunctions: readonly ScalarDefinition[] = [
  CHR,
  CONCAT,
  CONCAT_WS,
  ELT,
  FIELD,
  INITCAP,
  INSTR,
  LCASE,
  LEN,
  padFunction('LPAD', 'LPad', 'left', '"007"'),
  MD5,
  REPLACE,
  padFunction('RPAD', 'RPad', 'right', '"700"'),
  SPLIT,
  SPLIT_TO_MAP,
  SUBSTRING,
  TRIM,
  UCASE,
  UUID,
];
