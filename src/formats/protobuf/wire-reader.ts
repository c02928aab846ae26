import { toBigintValue } from '../../model/value.js';
import { asciiSlice, isUtf8Range, utf8Slice } from '../byte-text.js';
import { copyOf } from '../kafka.js';
import { ValueProblem } from '../value-problem.js';

/** How a field's value lies on the wire: the low three bits of its tag. */
export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const GROUP_START = 3;
const GROUP_END = 4;
export const FIXED32 = 5;

const GROUP_DEPTH_MAX = 100;
const TAG_MAX = 0xffff_ffff;

/** @throws ValueProblem */
export function malformed(what: string): never {
  throw new ValueProblem(`not a Protobuf message: ${what}`);
}

export function truncated(): never {
  malformed('it ends within a field');
}

const scratch = new Uint8Array(8);
const scratchDouble = new Float64Array(scratch.buffer);
const scratchFloat = new Float32Array(scratch.buffer);
const groupNumbers = new Int32Array(GROUP_DEPTH_MAX);

/**
 * Reads values off the wire, from `position` on and never past `end`; every method moves `position` past what it read.
 * All methods throw a ValueProblem for what no Protobuf message may have.
 */
export class WireReader {
  bytes: Buffer = Buffer.alloc(0);
  position = 0;
  end = 0;
  /** The halves of the last 64-bit number, as signed 32-bit ones. */
  #low = 0;
  #high = 0;

  /** A field's number and wire type: `number * 8 + type`. */
  tag(): number {
    const first = this.bytes[this.position]!;
    if (first < 0x80 && this.position < this.end) {
      this.position++;
      if (first < 8) malformed('field number 0');
      return first;
    }
    const start = this.position;
    this.#varint();
    const tag = (this.#high >>> 0) * 0x1_0000_0000 + (this.#low >>> 0);
    if (this.position - start > 5 || tag > TAG_MAX) malformed('a field number beyond 536870911');
    if (tag < 8) malformed('field number 0');
    return tag;
  }

  /** The position after the length-delimited value that begins here; `position` moves to its content. */
  delimited(): number {
    let length = this.bytes[this.position]!;
    if (length < 0x80) this.position++;
    else length = this.#length();
    const end = this.position + length;
    if (!(end <= this.end)) truncated();
    return end;
  }

  int32(): number {
    const first = this.bytes[this.position]!;
    if (first < 0x80) {
      this.position++;
      if (this.position > this.end) truncated();
      return first;
    }
    this.#varint();
    return this.#low;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  sint32(): number {
    const value = this.int32();
    return (value >>> 1) ^ -(value & 1);
  }

  /** A BIGINT value. An unsigned number of 64 bits wraps around, as in Java. */
  int64(): number | bigint {
    const { bytes } = this;
    let p = this.position;
    let byte = bytes[p++]!;
    let value = byte & 0x7f;
    if (byte >= 0x80) {
      byte = bytes[p++]!;
      value |= (byte & 0x7f) << 7;
      if (byte >= 0x80) {
        byte = bytes[p++]!;
        value |= (byte & 0x7f) << 14;
        if (byte >= 0x80) {
          byte = bytes[p++]!;
          value |= (byte & 0x7f) << 21;
          if (byte >= 0x80) return this.#long(value, p);
        }
      }
    }
    if (p > this.end) truncated();
    this.position = p;
    return value;
  }

  sint64(): number | bigint {
    this.#varint();
    const low = this.#low;
    const sign = -(low & 1);
    this.#low = ((low >>> 1) | (this.#high << 31)) ^ sign;
    this.#high = (this.#high >>> 1) ^ sign;
    return this.#bigint();
  }

  bool(): boolean {
    const first = this.bytes[this.position]!;
    if (first < 0x80) {
      this.position++;
      if (this.position > this.end) truncated();
      return first !== 0;
    }
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  fixed32(): number {
    return this.sfixed32() >>> 0;
  }

  sfixed32(): number {
    const p = this.#fixed(4);
    const { bytes } = this;
    return bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24);
  }

  /** A BIGINT value. An unsigned number wraps around, as in Java. */
  fixed64(): number | bigint {
    this.#low = this.sfixed32();
    this.#high = this.sfixed32();
    return this.#bigint();
  }

  float(): number {
    const p = this.#fixed(4);
    const { bytes } = this;
    scratch[0] = bytes[p]!;
    scratch[1] = bytes[p + 1]!;
    scratch[2] = bytes[p + 2]!;
    scratch[3] = bytes[p + 3]!;
    return scratchFloat[0]!;
  }

  double(): number {
    const p = this.#fixed(8);
    const { bytes } = this;
    scratch[0] = bytes[p]!;
    scratch[1] = bytes[p + 1]!;
    scratch[2] = bytes[p + 2]!;
    scratch[3] = bytes[p + 3]!;
    scratch[4] = bytes[p + 4]!;
    scratch[5] = bytes[p + 5]!;
    scratch[6] = bytes[p + 6]!;
    scratch[7] = bytes[p + 7]!;
    return scratchDouble[0]!;
  }

  string(): string {
    const end = this.delimited();
    const start = this.position;
    this.position = end;
    return textOf(this.bytes, start, end);
  }

  /** Bytes of their own. */
  copy(): Buffer {
    const end = this.delimited();
    const start = this.position;
    this.position = end;
    return copyOf(this.bytes, start, end);
  }

  /** Past the value of a field with that tag. */
  skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        this.#skipVarint();
        break;
      case FIXED64:
        this.#fixed(8);
        break;
      case DELIMITED:
        this.position = this.delimited();
        break;
      case GROUP_START:
        this.#skipGroup(tag >>> 3);
        break;
      case FIXED32:
        this.#fixed(4);
        break;
      case GROUP_END:
        malformed('the end of a group that did not begin');
        break;
      default:
        malformed(`wire type ${tag & 7}`);
    }
  }

  #skipVarint(): void {
    const { bytes } = this;
    const last = this.position + 9;
    let p = this.position;
    while (bytes[p]! >= 0x80 && p < last) p++;
    if (bytes[p]! >= 0x80 && p < this.end) malformed('a number of more than ten bytes');
    this.position = p + 1;
    if (this.position > this.end) truncated();
  }

  /** A tag's number is compared as the tag's upper 29 bits. */
  #skipGroup(number: number): void {
    let depth = 0;
    groupNumbers[0] = number;
    while (depth >= 0) {
      if (this.position >= this.end) malformed('a group without an end');
      const tag = this.tag();
      const inner = tag >>> 3;
      switch (tag & 7) {
        case GROUP_START:
          if (++depth >= GROUP_DEPTH_MAX) malformed(`groups more than ${GROUP_DEPTH_MAX} deep`);
          groupNumbers[depth] = inner;
          break;
        case GROUP_END:
          if (groupNumbers[depth] !== inner) malformed('the end of another group');
          depth--;
          break;
        default:
          this.skip(tag);
      }
    }
  }

  #fixed(width: number): number {
    const start = this.position;
    this.position = start + width;
    if (this.position > this.end) truncated();
    return start;
  }

  #length(): number {
    const start = this.position;
    this.#varint();
    if (this.position - start > 5 || this.#high !== 0) truncated();
    return this.#low >>> 0;
  }

  /** Reads into the two halves. */
  #varint(): void {
    const { bytes, end } = this;
    let p = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (p >= end) truncated();
      const byte = bytes[p++]!;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x7f) << 28;
        high = (byte & 0x7f) >> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) break;
      if (shift === 63) malformed('a number of more than ten bytes');
    }
    this.position = p;
    this.#low = low;
    this.#high = high;
  }

  /** The number whose first 28 bits have been read and which goes on at `p`. */
  #long(first: number, p: number): number | bigint {
    const { bytes } = this;
    const b4 = bytes[p]!;
    if (b4 < 0x80) {
      if (p >= this.end) truncated();
      this.position = p + 1;
      return b4 * 0x1000_0000 + first;
    }
    const b5 = bytes[p + 1]!;
    if (b5 < 0x80) {
      if (p + 1 >= this.end) truncated();
      this.position = p + 2;
      return (b5 * 0x80 + (b4 & 0x7f)) * 0x1000_0000 + first;
    }
    this.#varint();
    return this.#bigint();
  }

  #bigint(): number | bigint {
    const low = this.#low >>> 0;
    const value = this.#high * 0x1_0000_0000 + low;
    return Number.isSafeInteger(value) ? value : toBigintValue((BigInt(this.#high) << 32n) | BigInt(low));
  }
}

const SHORT_MAX = 40;

/** @throws ValueProblem when the bytes are not UTF-8 */
function textOf(bytes: Buffer, start: number, end: number): string {
  if (end - start <= SHORT_MAX) {
    let p = start;
    while (p < end && bytes[p]! < 0x80) p++;
    if (p === end) return asciiSlice(bytes, start, end);
  }
  const text = utf8Slice(bytes, start, end);
  // What is malformed has become this character, which a text may also have of itself.
  if (text.includes('\ufffd') && !isUtf8Range(bytes, start, end)) malformed('a text that is not UTF-8');
  return text;
}
