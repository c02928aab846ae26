import { toBigintValue } from '../../model/value.js';
import { CATEGORY, defineScalar, type FunctionExample, type ScalarDefinition } from '../define.js';

const category = CATEGORY.string;

type Encoding = 'hex' | 'utf8' | 'ascii' | 'base64';

const ENCODINGS: ReadonlySet<string> = new Set(['hex', 'utf8', 'ascii', 'base64']);

function encodingOf(name: string): Encoding {
  const lower = name.toLowerCase();
  if (ENCODINGS.has(lower)) return lower as Encoding;
  throw new Error(`Unknown encoding type '${lower}'. Supported formats are 'hex', 'utf8', 'ascii', and 'base64'.`);
}

const REPLACEMENT = '\ufffd';

/** ASCII as Java decodes it: each byte above 127 becomes U+FFFD. */
function decodeAscii(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\x80-\xff]/g, REPLACEMENT);
}

/** ASCII as Java encodes it: each character above U+007F becomes `?`, a surrogate pair one. */
function encodeAscii(text: string): Buffer {
  return Buffer.from(text.replace(/[^\x00-\x7f]/gu, '?'), 'latin1');
}

function decodeHex(text: string): Buffer {
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text)) {
    throw new Error(`invalid hexadecimal text of length ${text.length}`);
  }
  return Buffer.from(text, 'hex');
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Java's basic decoder: no foreign characters, padding complete or absent. */
function decodeBase64Strictly(text: string): Buffer {
  const digits = text.replace(/=+$/, '').length;
  const padded = text.length !== digits;
  if (!BASE64.test(text) || digits % 4 === 1 || (padded && text.length % 4 !== 0)) {
    throw new Error(`invalid base64 text of length ${text.length}`);
  }
  return Buffer.from(text, 'base64');
}

const FROM_BYTES = defineScalar({
  name: 'FROM_BYTES',
  displayName: 'from_bytes',
  category,
  description: 'Bytes as text in an encoding: hex, utf8, ascii or base64.',
  examples: [{ sql: "FROM_BYTES(TO_BYTES('zebra', 'utf8'), 'hex')", result: '"7A65627261"' }],
  variants: [
    {
      signature: '(value BYTES, encoding STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (bytes: Buffer, encoding: string) => {
        switch (encodingOf(encoding)) {
          case 'hex':
            return bytes.toString('hex').toUpperCase();
          case 'utf8':
            return bytes.toString('utf8');
          case 'ascii':
            return decodeAscii(bytes);
          case 'base64':
            return bytes.toString('base64');
        }
      },
    },
  ],
});

const TO_BYTES = defineScalar({
  name: 'TO_BYTES',
  displayName: 'to_bytes',
  category,
  description: 'Text in an encoding (hex, utf8, ascii or base64) as bytes.',
  examples: [{ sql: "TO_BYTES('7A', 'hex')", result: '"eg=="' }],
  variants: [
    {
      signature: '(value STRING, encoding STRING) -> BYTES',
      nulls: 'propagate',
      evaluate: (text: string, encoding: string) => {
        switch (encodingOf(encoding)) {
          case 'hex':
            return decodeHex(text);
          case 'utf8':
            return Buffer.from(text, 'utf8');
          case 'ascii':
            return encodeAscii(text);
          case 'base64':
            return decodeBase64Strictly(text);
        }
      },
    },
  ],
});

/** Hexadecimal as ENCODE reads it: plain, `0x12` or `X'12'`. */
function decodeLiteralHex(text: string): Buffer {
  const quoted = /^[xX]'(.*)'$/s.exec(text);
  if (quoted !== null) return decodeHex(quoted[1]!);
  if (text.startsWith('0x')) {
    const digits = text.slice(2);
    return decodeHex(digits.length % 2 === 0 ? digits : `0${digits}`);
  }
  return decodeHex(text);
}

const DECODERS: Readonly<Record<Encoding, (text: string) => Buffer>> = {
  hex: decodeLiteralHex,
  utf8: (text) => Buffer.from(text, 'utf8'),
  ascii: encodeAscii,
  base64: (text) => Buffer.from(text, 'base64'),
};

const ENCODERS: Readonly<Record<Encoding, (bytes: Buffer) => string>> = {
  hex: (bytes) => bytes.toString('hex'),
  utf8: (bytes) => bytes.toString('utf8'),
  ascii: decodeAscii,
  base64: (bytes) => bytes.toString('base64'),
};

const ENCODE = defineScalar({
  name: 'ENCODE',
  displayName: 'encode',
  category,
  description: 'Text in one encoding as text in another; encodings are hex, utf8, ascii and base64.',
  examples: [{ sql: "ENCODE('1a2B', 'hex', 'base64')", result: '"Gis="' }],
  variants: [
    {
      signature: '(str STRING, inputEncoding STRING, outputEncoding STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (text: string, from: string, to: string) => {
        const input = from.toLowerCase();
        const output = to.toLowerCase();
        if (!ENCODINGS.has(input) || !ENCODINGS.has(output) || input === output) {
          throw new Error('Supported input and output encodings are: hex, utf8, ascii and base64');
        }
        return ENCODERS[output as Encoding](DECODERS[input as Encoding](text));
      },
    },
  ],
});

function isLittleEndian(order: string | null): boolean {
  const upper = order?.toUpperCase();
  if (upper === 'BIG_ENDIAN') return false;
  if (upper === 'LITTLE_ENDIAN') return true;
  throw new Error(`Byte order must be BIG_ENDIAN or LITTLE_ENDIAN. Unknown byte order '${order}'.`);
}

function numberFromBytes(
  name: string,
  type: string,
  size: number,
  example: FunctionExample,
  read: (bytes: Buffer, little: boolean) => number | bigint,
): ScalarDefinition {
  const decode = (bytes: Buffer | null, order: string | null): number | bigint | null => {
    if (bytes === null) return null;
    const little = isLittleEndian(order);
    if (bytes.length !== size) throw new Error(`Number of bytes must be equal to ${size}, but found ${bytes.length}`);
    return read(bytes, little);
  };
  return defineScalar({
    name,
    displayName: name.toLowerCase(),
    category: CATEGORY.mathematical,
    description: `The ${type} in ${size} bytes, in the order BIG_ENDIAN (the default) or LITTLE_ENDIAN.`,
    examples: [example],
    variants: [
      {
        signature: `(value BYTES) -> ${type}`,
        nulls: 'propagate',
        evaluate: (bytes: Buffer) => decode(bytes, 'BIG_ENDIAN'),
      },
      { signature: `(value BYTES, byteOrder STRING) -> ${type}`, nulls: 'pass', evaluate: decode },
    ],
  });
}

export const bytesFunctions: readonly ScalarDefinition[] = [
  numberFromBytes(
    'BIGINT_FROM_BYTES',
    'BIGINT',
    8,
    { sql: "BIGINT_FROM_BYTES(TO_BYTES('000000000000002A', 'hex'))", result: '42' },
    (bytes, little) => toBigintValue(little ? bytes.readBigInt64LE() : bytes.readBigInt64BE()),
  ),
  numberFromBytes(
    'DOUBLE_FROM_BYTES',
    'DOUBLE',
    8,
    { sql: "DOUBLE_FROM_BYTES(TO_BYTES('4000000000000000', 'hex'))", result: '2.0' },
    (bytes, little) => (little ? bytes.readDoubleLE() : bytes.readDoubleBE()),
  ),
  ENCODE,
  FROM_BYTES,
  numberFromBytes(
    'INT_FROM_BYTES',
    'INT',
    4,
    { sql: "INT_FROM_BYTES(TO_BYTES('0000002A', 'hex'))", result: '42' },
    (bytes, little) => (little ? bytes.readInt32LE() : bytes.readInt32BE()),
  ),
  TO_BYTES,
];
