import { LONG_INTEGER } from './byte-writer.js';

/** Reads what `ByteWriter` wrote. Trusts the bytes: who reads them has compared a hash before. */
export class ByteReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Of the last integer: the words of its magnitude, unsigned, and its sign. */
  #high = 0;
  #low = 0;
  #negative = false;

  get at(): number {
    return this.#at;
  }

  seek(bytes: Buffer, at: number): void {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number {
    return this.#bytes[this.#at++]!;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value >>> 0;
  }

  /** An integer that a number holds; null when there is none. */
  integer(): number | null {
    const header = this.byte();
    if (header === 0) return null;
    this.#magnitude(header);
    return this.#number();
  }

  /** An integer of 64 bits in the canonical form of a BIGINT. */
  bigint(): number | bigint | null {
    const header = this.byte();
    if (header === 0) return null;
    this.#magnitude(header);
    return this.#high <= SAFE_HIGH ? this.#number() : this.#wide();
  }

  /** An integer of any size. */
  decimal(): bigint | null {
    const header = this.byte();
    if (header === 0) return null;
    if (header >= LONG_INTEGER) return this.#longInteger(header);
    this.#magnitude(header);
    return this.#high <= SAFE_HIGH ? BigInt(this.#number()) : this.#wide();
  }

  double(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < 8; i++) doubleBytes[i] = bytes[at++]!;
    this.#at = at;
    return doubleView[0]!;
  }

  string(): string | null {
    const header = this.varint();
    if (header === 0) return null;
    const length = (header - 1) >>> 1;
    const start = this.#at;
    this.#at = start + length;
    if (header % 2 === 0) return this.#bytes.toString('utf16le', start, this.#at);
    return length <= SHORT_STRING_MAX
      ? this.#shortString(start, length)
      : this.#bytes.toString('utf8', start, this.#at);
  }

  /** The next bytes, in a buffer of their own. */
  copy(length: number): Buffer {
    const start = this.#at;
    this.#at = start + length;
    return Buffer.from(this.#bytes.subarray(start, this.#at));
  }

  #shortString(start: number, length: number): string {
    const bytes = this.#bytes;
    let text = '';
    for (let at = start; at < start + length; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) return bytes.toString('utf8', start, start + length);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #magnitude(header: number): void {
    const length = (header - 1) >>> 1;
    this.#negative = header % 2 === 0;
    const bytes = this.#bytes;
    const at = this.#at;
    let low = 0;
    let high = 0;
    const lows = length < 4 ? length : 4;
    for (let i = 0; i < lows; i++) low |= bytes[at + i]! << (8 * i);
    for (let i = 4; i < length; i++) high |= bytes[at + i]! << (8 * (i - 4));
    this.#at = at + length;
    this.#low = low >>> 0;
    this.#high = high >>> 0;
  }

  #number(): number {
    const magnitude = this.#high * WORD + this.#low;
    return this.#negative ? -magnitude : magnitude;
  }

  #wide(): bigint {
    const magnitude = (BigInt(this.#high) << 32n) | BigInt(this.#low);
    return this.#negative ? -magnitude : magnitude;
  }

  #longInteger(header: number): bigint {
    const length = this.varint();
    const start = this.#at;
    this.#at = start + length;
    const magnitude = BigInt(`0x${this.#bytes.toString('hex', start, this.#at)}`);
    return header === LONG_INTEGER ? magnitude : -magnitude;
  }
}

const WORD = 0x1_0000_0000;
/** High words of magnitudes that a number holds exactly. */
const SAFE_HIGH = 0x1f_ffff;
const SHORT_STRING_MAX = 24;
const doubleView = new Float64Array(1);
const doubleBytes = new Uint8Array(doubleView.buffer);
