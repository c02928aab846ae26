import { unreachable } from '../model/errors.js';
import type { SqlType } from '../model/sql-type.js';
import { compareValues, type Row, type SqlValue, toBigintValue } from '../model/value.js';

/**
 * Key rows as bytes that sort like the values. Every value carries a leading byte, 0 for null, so nulls come first; then:
 *
 * | type | bytes |
 * |---|---|
 * | BOOLEAN | the leading byte alone: 1 false, 2 true |
 * | INTEGER, DATE, TIME | 4, big-endian, sign bit flipped |
 * | BIGINT, TIMESTAMP, DECIMAL with p <= 18 | 8, the same |
 * | DECIMAL with p > 18 | 2 of sign and length, then the magnitude; all complemented when negative |
 * | DOUBLE | 8, IEEE bits: sign flipped when positive, all flipped when negative; one NaN, the greatest |
 * | STRING | UTF-8 of each UTF-16 code unit by itself (surrogates keep their place and may be alone), 0 and 1 escaped, closed by 0 |
 * | BYTES | each byte with the sign bit flipped, 0 and 1 escaped, closed by 0 |
 * | ARRAY, MAP | a 1 before each element or entry, closed by 0; MAP entries in the order of their encoded keys |
 * | STRUCT | its fields |
 *
 * The order is that of `compareValues`, column by column; a MAP, which has no order there, is compared as its sorted list of entries.
 */
export class KeyCodec {
  readonly #types: readonly SqlType[];
  #scratch = Buffer.allocUnsafe(256);
  #views: (Buffer | undefined)[] = [];
  #at = 0;

  constructor(types: readonly SqlType[]) {
    this.#types = types;
  }

  /** The encoded key in a buffer of this codec, valid until the next call; for binding to a statement. */
  encodeShared(key: Row): Buffer {
    this.#at = 0;
    const types = this.#types;
    for (let i = 0; i < types.length; i++) this.#write(types[i]!, key[i]!);
    const length = this.#at;
    let view = this.#views[length];
    if (view === undefined) {
      view = this.#scratch.subarray(0, length);
      if (length <= SHARED_VIEW_BYTES_MAX) this.#views[length] = view;
    }
    return view;
  }

  /** The encoded key in bytes of its own. */
  encode(key: Row): Buffer {
    return Buffer.from(this.encodeShared(key));
  }

  /** The key that these bytes encode. The bytes must come from `encode` with the same types. */
  decode(bytes: Uint8Array): Row {
    const reader = new KeyReader(bytes);
    return this.#types.map((type) => reader.read(type));
  }

  #write(type: SqlType, value: SqlValue): void {
    if (value === null) {
      this.#reserve(1);
      this.#scratch[this.#at++] = 0;
      return;
    }
    switch (type.kind) {
      case 'BOOLEAN':
        this.#reserve(1);
        this.#scratch[this.#at++] = value === true ? 2 : 1;
        return;
      case 'INTEGER':
      case 'DATE':
      case 'TIME':
        this.#reserve(5);
        this.#scratch[this.#at++] = 1;
        this.#writeWord((value as number) ^ SIGN_BIT);
        return;
      case 'BIGINT':
      case 'TIMESTAMP':
        this.#writeLong(value as number | bigint);
        return;
      case 'DECIMAL':
        if (type.precision <= LONG_DECIMAL_PRECISION) this.#writeLong(value as bigint);
        else this.#writeBigDecimal(value as bigint);
        return;
      case 'DOUBLE':
        this.#writeDouble(value as number);
        return;
      case 'STRING':
        this.#writeString(value as string);
        return;
      case 'BYTES':
        this.#writeBytes(value as Buffer);
        return;
      case 'ARRAY':
        this.#mark(1);
        for (const element of value as SqlValue[]) {
          this.#mark(1);
          this.#write(type.element, element);
        }
        this.#mark(0);
        return;
      case 'STRUCT':
        this.#mark(1);
        for (let i = 0; i < type.fields.length; i++) this.#write(type.fields[i]!.type, (value as SqlValue[])[i]!);
        return;
      case 'MAP':
        this.#mark(1);
        for (const [k, v] of sortedEntries(type.key, value as Map<SqlValue, SqlValue>)) {
          this.#mark(1);
          this.#write(type.key, k);
          this.#write(type.value, v);
        }
        this.#mark(0);
        return;
      case 'NULL':
        this.#mark(0);
        return;
      default:
        unreachable(type);
    }
  }

  #mark(byte: number): void {
    this.#reserve(1);
    this.#scratch[this.#at++] = byte;
  }

  #writeWord(word: number): void {
    const bytes = this.#scratch;
    bytes[this.#at++] = word >>> 24;
    bytes[this.#at++] = word >>> 16;
    bytes[this.#at++] = word >>> 8;
    bytes[this.#at++] = word;
  }

  #writeLong(value: number | bigint): void {
    this.#reserve(9);
    this.#scratch[this.#at++] = 1;
    if (typeof value === 'number') {
      const high = Math.floor(value / WORD);
      this.#writeWord(high ^ SIGN_BIT);
      this.#writeWord((value - high * WORD) | 0);
    } else {
      this.#writeWord(Number(BigInt.asIntN(32, value >> 32n)) ^ SIGN_BIT);
      this.#writeWord(Number(BigInt.asIntN(32, value)));
    }
  }

  #writeBigDecimal(value: bigint): void {
    const negative = value < 0n;
    let hex = (negative ? -value : value).toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    const length = hex.length / 2;
    this.#reserve(3 + length);
    this.#scratch[this.#at++] = 1;
    const header = negative ? 0x8000 - length : 0x8000 + length;
    this.#scratch[this.#at++] = header >>> 8;
    this.#scratch[this.#at++] = header;
    const flip = negative ? 0xff : 0;
    for (let i = 0; i < length; i++) {
      this.#scratch[this.#at++] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16) ^ flip;
    }
  }

  #writeDouble(value: number): void {
    this.#reserve(9);
    this.#scratch[this.#at++] = 1;
    doubleView[0] = Number.isNaN(value) ? Number.NaN : value;
    const low = doubleWords[0]!;
    const high = doubleWords[1]!;
    const negative = high < 0 && !Number.isNaN(value);
    this.#writeWord(negative ? ~high : (high & MAX_INT) | SIGN_BIT);
    this.#writeWord(negative ? ~low : low);
  }

  #writeString(value: string): void {
    const length = value.length;
    this.#reserve(2 + 3 * length);
    const bytes = this.#scratch;
    let at = this.#at;
    bytes[at++] = 1;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit < 0x80) {
        if (unit > 1) {
          bytes[at++] = unit;
        } else {
          bytes[at++] = 1;
          bytes[at++] = 1 + unit;
        }
      } else if (unit < 0x800) {
        bytes[at++] = 0xc0 | (unit >>> 6);
        bytes[at++] = 0x80 | (unit & 0x3f);
      } else {
        bytes[at++] = 0xe0 | (unit >>> 12);
        bytes[at++] = 0x80 | ((unit >>> 6) & 0x3f);
        bytes[at++] = 0x80 | (unit & 0x3f);
      }
    }
    bytes[at++] = 0;
    this.#at = at;
  }

  #writeBytes(value: Buffer): void {
    this.#reserve(2 + 2 * value.length);
    const bytes = this.#scratch;
    let at = this.#at;
    bytes[at++] = 1;
    for (let i = 0; i < value.length; i++) {
      const byte = value[i]! ^ 0x80;
      if (byte > 1) {
        bytes[at++] = byte;
      } else {
        bytes[at++] = 1;
        bytes[at++] = 1 + byte;
      }
    }
    bytes[at++] = 0;
    this.#at = at;
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#scratch.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#scratch.length));
    this.#scratch.copy(larger, 0, 0, this.#at);
    this.#scratch = larger;
    this.#views = [];
  }
}

/** Precision up to which an unscaled DECIMAL always fits 64 bits. */
export const LONG_DECIMAL_PRECISION = 18;

const SHARED_VIEW_BYTES_MAX = 256;
const WORD = 0x1_0000_0000;
const SIGN_BIT = 0x8000_0000 | 0;
const MAX_INT = 0x7fff_ffff;
const doubleView = new Float64Array(1);
/** Low word first: every platform Node runs on is little-endian for typed arrays. */
const doubleWords = new Int32Array(doubleView.buffer);

class KeyReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(type: SqlType): SqlValue {
    const mark = this.#byte();
    if (mark === 0) return null;
    switch (type.kind) {
      case 'BOOLEAN':
        return mark === 2;
      case 'INTEGER':
      case 'DATE':
      case 'TIME':
        return this.#word() ^ SIGN_BIT;
      case 'BIGINT':
      case 'TIMESTAMP':
        return toBigintValue(this.#long());
      case 'DECIMAL':
        return type.precision <= LONG_DECIMAL_PRECISION ? this.#long() : this.#bigDecimal();
      case 'DOUBLE':
        return this.#double();
      case 'STRING':
        return this.#string();
      case 'BYTES':
        return this.#raw();
      case 'ARRAY': {
        const elements: SqlValue[] = [];
        while (this.#byte() === 1) elements.push(this.read(type.element));
        return elements;
      }
      case 'STRUCT':
        return type.fields.map((field) => this.read(field.type));
      case 'MAP': {
        const map = new Map<SqlValue, SqlValue>();
        while (this.#byte() === 1) {
          const key = this.read(type.key);
          map.set(key, this.read(type.value));
        }
        return map;
      }
      case 'NULL':
        return null;
      default:
        return unreachable(type);
    }
  }

  #byte(): number {
    return this.#bytes[this.#at++]!;
  }

  #word(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at = at + 4;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  #long(): bigint {
    const high = this.#word() ^ SIGN_BIT;
    const low = this.#word() >>> 0;
    return (BigInt(high) << 32n) | BigInt(low);
  }

  #bigDecimal(): bigint {
    const header = (this.#byte() << 8) | this.#byte();
    const negative = header < 0x8000;
    const length = Math.abs(header - 0x8000);
    const flip = negative ? 0xff : 0;
    let magnitude = 0n;
    for (let i = 0; i < length; i++) magnitude = (magnitude << 8n) | BigInt(this.#byte() ^ flip);
    return negative ? -magnitude : magnitude;
  }

  #double(): number {
    const high = this.#word();
    const low = this.#word();
    const positive = high < 0;
    doubleWords[1] = positive ? high & MAX_INT : ~high;
    doubleWords[0] = positive ? low : ~low;
    return doubleView[0]!;
  }

  #string(): string {
    let text = '';
    for (let byte = this.#byte(); byte !== 0; byte = this.#byte()) {
      let unit = byte;
      if (byte === 1) unit = this.#byte() - 1;
      else if (byte >= 0xe0) unit = ((byte & 0x0f) << 12) | ((this.#byte() & 0x3f) << 6) | (this.#byte() & 0x3f);
      else if (byte >= 0xc0) unit = ((byte & 0x1f) << 6) | (this.#byte() & 0x3f);
      text += String.fromCharCode(unit);
    }
    return text;
  }

  #raw(): Buffer {
    const bytes: number[] = [];
    for (let byte = this.#byte(); byte !== 0; byte = this.#byte()) {
      bytes.push((byte === 1 ? this.#byte() - 1 : byte) ^ 0x80);
    }
    return Buffer.from(bytes);
  }
}

/** Compares two key rows in the order of their encodings. */
export type KeyOrder = (a: Row, b: Row) => number;

export function keyOrder(types: readonly SqlType[]): KeyOrder {
  if (types.length === 1 && !isNested(types[0]!)) {
    const type = types[0]!;
    return (a, b) => compareKeyValues(type, a[0]!, b[0]!);
  }
  return (a, b) => {
    for (let i = 0; i < types.length; i++) {
      const order = compareKeyValues(types[i]!, a[i]!, b[i]!);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function compareKeyValues(type: SqlType, a: SqlValue, b: SqlValue): number {
  if (a === null) return b === null ? 0 : -1;
  if (b === null) return 1;
  if (type.kind === 'STRING' || type.kind === 'INTEGER' || type.kind === 'BIGINT') return a < b ? -1 : a > b ? 1 : 0;
  return isNested(type)
    ? Buffer.compare(new KeyCodec([type]).encodeShared([a]), new KeyCodec([type]).encodeShared([b]))
    : compareValues(type, a, b);
}

function isNested(type: SqlType): boolean {
  return type.kind === 'ARRAY' || type.kind === 'MAP' || type.kind === 'STRUCT';
}

function sortedEntries(keyType: SqlType, map: Map<SqlValue, SqlValue>): [SqlValue, SqlValue][] {
  return [...map].sort((a, b) => compareKeyValues(keyType, a[0], b[0]));
}

/** Identity of a key row for a JavaScript `Map`: equal exactly when the rows are equal values. */
export type KeyId = string | number;

/**
 * The function from a key row to its identity. A single STRING or number is itself (so that the common keys cost nothing);
 * what a number cannot tell apart (-0, integers past 2^53, null) becomes a string, and a null STRING a number.
 */
export function compileKeyId(types: readonly SqlType[]): (key: Row) => KeyId {
  if (types.length !== 1) {
    return (key) => {
      let id = '';
      for (let i = 0; i < types.length; i++) id += idPart(types[i]!, key[i]!);
      return id;
    };
  }
  const type = types[0]!;
  switch (type.kind) {
    case 'STRING':
      return (key) => (key[0] === null ? 0 : (key[0] as string));
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'BIGINT':
      return (key) => (typeof key[0] === 'number' ? key[0] : String(key[0]));
    case 'DOUBLE':
      return (key) => {
        const value = key[0] as number | null;
        return value === null ? 'null' : Object.is(value, -0) ? '-0' : value;
      };
    case 'BOOLEAN':
      return (key) => (key[0] === null ? 2 : key[0] === true ? 1 : 0);
    default:
      return (key) => idPart(type, key[0]!);
  }
}

/** A piece of text that ends by itself, so that pieces can be put one after the other. */
function idPart(type: SqlType, value: SqlValue): string {
  if (value === null) return '~';
  switch (type.kind) {
    case 'STRING':
      return `${(value as string).length}:${value as string}`;
    case 'BYTES':
      return `${(value as Buffer).length}:${(value as Buffer).toString('latin1')}`;
    case 'DOUBLE':
      return Object.is(value, -0) ? '-0;' : `${value as number};`;
    case 'INTEGER':
    case 'BIGINT':
    case 'DECIMAL':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return `${value as number | bigint};`;
    case 'BOOLEAN':
      return value === true ? 't' : 'f';
    case 'ARRAY': {
      const elements = value as SqlValue[];
      let id = `${elements.length}[`;
      for (const element of elements) id += idPart(type.element, element);
      return id;
    }
    case 'STRUCT': {
      let id = '(';
      for (let i = 0; i < type.fields.length; i++) id += idPart(type.fields[i]!.type, (value as SqlValue[])[i]!);
      return id;
    }
    case 'MAP': {
      const entries = [...(value as Map<SqlValue, SqlValue>)];
      return `${entries.length}{${entries
        .map(([k, v]) => idPart(type.key, k) + idPart(type.value, v))
        .sort()
        .join('')}`;
    }
    case 'NULL':
      return '~';
    default:
      return unreachable(type);
  }
}
