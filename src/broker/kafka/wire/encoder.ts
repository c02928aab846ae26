import { assert } from '../../../model/errors.js';
import { writeInt64 } from '../../record-batch.js';

/** Bytes of others from this size on are not copied: they travel as a piece of their own. */
const PIECE_BYTES_MIN = 2048;
const UUID_BYTES = 16;
const NIL_UUID = Buffer.alloc(UUID_BYTES);

/**
 * Writes a request in Kafka's protocol: big-endian numbers, and strings and lists that tell their length first. The compact forms are those
 * of the flexible versions: a length is an unsigned varint, one more than it stands for, and 0 is null.
 */
export class Encoder {
  #bytes: Buffer;
  /** Where the piece that is being written begins. */
  #from = 0;
  #position = 0;
  #pieces: Buffer[] = [];
  #piecesBytes = 0;

  constructor(initialBytes = 512) {
    this.#bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Bytes written so far. */
  get byteLength(): number {
    return this.#piecesBytes + this.#position - this.#from;
  }

  /** What was written, in order, to be sent as it is. The encoder is of no use afterwards. */
  finish(): readonly Buffer[] {
    this.#cut();
    return this.#pieces;
  }

  int8(value: number): void {
    this.#reserve(1);
    this.#position = this.#bytes.writeInt8(value, this.#position);
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#position = this.#bytes.writeInt16BE(value, this.#position);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#position = this.#bytes.writeInt32BE(value, this.#position);
  }

  /** @param value a safe integer */
  int64(value: number): void {
    assert(Number.isSafeInteger(value), 'a number of a request is a safe integer');
    this.#reserve(8);
    writeInt64(this.#bytes, this.#position, value);
    this.#position += 8;
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  /** @param value below 2^32 */
  uvarint(value: number): void {
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#bytes[this.#position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#position++] = rest;
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    assert(length <= 0x7fff, 'a string of a request has at most 32,767 bytes');
    this.int16(length);
    this.#text(value, length);
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1);
    else this.string(value);
  }

  compactString(value: string): void {
    const length = Buffer.byteLength(value);
    this.uvarint(length + 1);
    this.#text(value, length);
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.uvarint(0);
    else this.compactString(value);
  }

  bytes(value: Buffer): void {
    this.int32(value.length);
    this.#append(value);
  }

  compactBytes(value: Buffer): void {
    this.uvarint(value.length + 1);
    this.#append(value);
  }

  /** A topic's id as `Decoder.uuid` gave it; '' is the id of nothing. */
  uuid(value: string): void {
    const bytes = value === '' ? NIL_UUID : Buffer.from(value, 'base64url');
    assert(bytes.length === UUID_BYTES, `"${value}" is not the id of a topic`);
    this.#append(bytes);
  }

  arrayLength(length: number): void {
    this.int32(length);
  }

  compactArrayLength(length: number): void {
    this.uvarint(length + 1);
  }

  /** Ends a structure of a flexible version, with no tagged fields. */
  noTags(): void {
    this.uvarint(0);
  }

  #text(value: string, length: number): void {
    this.#reserve(length);
    this.#position += this.#bytes.write(value, this.#position, length, 'utf8');
  }

  #append(value: Buffer): void {
    if (value.length >= PIECE_BYTES_MIN) {
      this.#cut();
      this.#pieces.push(value);
      this.#piecesBytes += value.length;
      return;
    }
    this.#reserve(value.length);
    this.#position += value.copy(this.#bytes, this.#position);
  }

  #cut(): void {
    if (this.#position === this.#from) return;
    this.#pieces.push(this.#bytes.subarray(this.#from, this.#position));
    this.#piecesBytes += this.#position - this.#from;
    this.#from = this.#position;
  }

  #reserve(bytes: number): void {
    const needed = this.#position - this.#from + bytes;
    if (this.#position + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, this.#from, this.#position);
    this.#bytes = larger;
    this.#position -= this.#from;
    this.#from = 0;
  }
}
