/**
 * Values one after the other in a buffer that grows and is used again. What is equal becomes the same bytes, whether it is a number or a
 * bigint. `ByteReader` reads it back:
 *
 * - a varint: seven bits a byte, the lowest first, below 2^32;
 * - an integer of any size: 0 is null; else 1 + 2 * bytes of its magnitude (+ 1 when it is negative), up to 8, and these, the lowest first;
 *   a greater one: 19 (20 when it is negative), a varint of how many bytes, and these, the highest first;
 * - a string: 0 is null; else a varint of 1 + 2 * bytes, and UTF-8; with a lone surrogate, which UTF-8 cannot say, 2 + 2 * bytes, and UTF-16.
 */
export class ByteWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(512);
  length = 0;

  byte(byte: number): void {
    if (this.length === this.bytes.length) this.#grow(1);
    this.bytes[this.length++] = byte;
  }

  varint(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number') {
      this.#integer(value);
      return;
    }
    const number = Number(value);
    if (Number.isSafeInteger(number)) this.#integer(number);
    else this.#bigInteger(value);
  }

  double(value: number): void {
    this.reserve(8);
    doubleView[0] = Number.isNaN(value) ? Number.NaN : value;
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < 8; i++) bytes[at++] = doubleBytes[i]!;
    this.length = at;
  }

  string(value: string): void {
    const { length } = value;
    if (length > SHORT_STRING_MAX) {
      this.#longString(value);
      return;
    }
    this.reserve(1 + length);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = 1 + 2 * length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) {
        this.#longString(value);
        return;
      }
      bytes[at++] = unit;
    }
    this.length = at;
  }

  copy(from: Uint8Array): void {
    const { length } = from;
    this.reserve(length);
    const { bytes } = this;
    const at = this.length;
    if (length > LOOP_COPY_MAX) bytes.set(from, at);
    else for (let i = 0; i < length; i++) bytes[at + i] = from[i]!;
    this.length = at + length;
  }

  /** Leaves bytes to be filled in later. */
  skip(count: number): void {
    this.reserve(count);
    this.length += count;
  }

  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count);
  }

  #integer(value: number): void {
    this.reserve(9);
    const { bytes } = this;
    let at = this.length;
    const negative = value < 0;
    const sign = negative ? 1 : 0;
    const magnitude = negative ? -value : value;
    if (magnitude <= 0xff) {
      if (magnitude === 0) {
        bytes[at++] = 1;
      } else {
        bytes[at++] = 3 + sign;
        bytes[at++] = magnitude;
      }
      this.length = at;
      return;
    }
    const low = magnitude >>> 0;
    this.#words((magnitude - low) / WORD, low, sign);
  }

  #words(high: number, low: number, sign: number): void {
    this.reserve(9);
    const { bytes } = this;
    const header = this.length;
    let at = header + 1;
    for (let rest = low; rest !== 0 || (high !== 0 && at < header + 5); rest >>>= 8) bytes[at++] = rest;
    for (let rest = high; rest !== 0; rest >>>= 8) bytes[at++] = rest;
    bytes[header] = 1 + 2 * (at - header - 1) + sign;
    this.length = at;
  }

  #bigInteger(value: bigint): void {
    const sign = value < 0n ? 1 : 0;
    const magnitude = value < 0n ? -value : value;
    if (magnitude < 2n ** 64n) {
      this.#words(Number(magnitude >> 32n), Number(magnitude & 0xffff_ffffn), sign);
      return;
    }
    let hex = magnitude.toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    this.byte(LONG_INTEGER + sign);
    this.varint(hex.length / 2);
    this.copy(Buffer.from(hex, 'hex'));
  }

  #longString(value: string): void {
    if (isWellFormed(value)) {
      const size = Buffer.byteLength(value);
      this.varint(1 + 2 * size);
      this.reserve(size);
      this.length += this.bytes.write(value, this.length, size);
    } else {
      const size = 2 * value.length;
      this.varint(2 + 2 * size);
      this.reserve(size);
      this.length += this.bytes.write(value, this.length, size, 'utf16le');
    }
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** First byte of an integer whose magnitude has more than 64 bits. */
export const LONG_INTEGER = 19;

/** Units of a string whose header is one byte when all of them are ASCII. */
const SHORT_STRING_MAX = 63;
/** Bytes up to which a loop is quicker than a call. */
const LOOP_COPY_MAX = 48;
const WORD = 0x1_0000_0000;
const doubleView = new Float64Array(1);
const doubleBytes = new Uint8Array(doubleView.buffer);

function isWellFormed(text: string): boolean {
  // ES2024, which Node has had since 20 and the library types of our target do not.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
