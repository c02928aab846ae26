import { SystemError } from '../../../model/errors.js';
import { readInt64 } from '../../record-batch.js';

/**
 * Reads an answer in Kafka's protocol; see `Encoder` for the forms. Every length is checked before it is used: an answer that is cut short or
 * damaged raises SystemError `damaged-answer`, and never asks for more memory than it has bytes itself.
 */
export class Decoder {
  readonly #bytes: Buffer;
  #position: number;

  constructor(bytes: Buffer, position = 0) {
    this.#bytes = bytes;
    this.#position = position;
  }

  /** Bytes of the whole answer. */
  get byteLength(): number {
    return this.#bytes.length;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#advance(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  /** Exact up to 2^53. */
  int64(): number {
    return readInt64(this.#bytes, this.#advance(8));
  }

  bool(): boolean {
    return this.int8() !== 0;
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#advance(1)]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw damaged('a number has too many bytes');
  }

  string(): string {
    return this.nullableString() ?? this.#nothing();
  }

  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#text(length);
  }

  compactString(): string {
    return this.compactNullableString() ?? this.#nothing();
  }

  compactNullableString(): string | null {
    const length = this.uvarint() - 1;
    return length < 0 ? null : this.#text(length);
  }

  /** A view of the answer's own bytes. */
  bytes(): Buffer {
    const length = this.int32();
    return length < 0 ? this.#nothing() : this.#view(length);
  }

  /** A view of the answer's own bytes. */
  compactBytes(): Buffer {
    return this.compactNullableBytes() ?? this.#nothing();
  }

  /** A view of the answer's own bytes. */
  compactNullableBytes(): Buffer | null {
    const length = this.uvarint() - 1;
    return length < 0 ? null : this.#view(length);
  }

  /** An id as Kafka's tools print it: base64 for URLs, 22 characters. */
  uuid(): string {
    return this.#view(16).toString('base64url');
  }

  /** Elements that follow; null counts as none. */
  arrayLength(): number {
    return this.#count(this.int32());
  }

  /** Elements that follow; null counts as none. */
  compactArrayLength(): number {
    return this.#count(this.uvarint() - 1);
  }

  /** Ends a structure of a flexible version: nothing here reads a tagged field. */
  skipTags(): void {
    for (let tags = this.uvarint(); tags > 0; tags--) {
      this.uvarint();
      this.#advance(this.uvarint());
    }
  }

  /** The list that follows. */
  array<T>(element: (from: Decoder) => T): T[] {
    return this.#list(this.arrayLength(), element);
  }

  compactArray<T>(element: (from: Decoder) => T): T[] {
    return this.#list(this.compactArrayLength(), element);
  }

  #list<T>(length: number, element: (from: Decoder) => T): T[] {
    const list: T[] = [];
    for (let i = 0; i < length; i++) list.push(element(this));
    return list;
  }

  /** An element has at least one byte. */
  #count(length: number): number {
    if (length > this.remaining) throw damaged('a list has more elements than the answer has bytes');
    return Math.max(length, 0);
  }

  #text(length: number): string {
    const at = this.#advance(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  #view(length: number): Buffer {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** @returns where the bytes begin that were passed over */
  #advance(length: number): number {
    const at = this.#position;
    if (length > this.#bytes.length - at) throw damaged('it is cut short');
    this.#position = at + length;
    return at;
  }

  #nothing(): never {
    throw damaged('something that must be there is null');
  }
}

export function damaged(why: string): SystemError {
  return new SystemError(`an answer of a Kafka broker cannot be read: ${why}`, {
    code: 'damaged-answer',
    retriable: true,
    hint: 'check that the address is that of a Kafka broker of version 3.2 or later',
  });
}
