import { JsonNumber, type JsonValue } from '../../model/json-text.js';
import { GrowableSink } from '../byte-sink.js';
import type { AvroRecord, AvroType } from './avro-type.js';
import { putDouble, putFloat, putInt, putLong, putRaw, putText } from './put-bytes.js';

/** Values inside the default of one field, and inside one another: defaults of fields within it may lead back to themselves. */
const VALUES_MAX = 100_000;
const DEPTH_MAX = 200;

/**
 * The bytes of a field's default value; null when it is no value of the type. The value of a union belongs to the first branch that it fits.
 */
export function defaultBytes(type: AvroType, value: JsonValue): Buffer | null {
  return new DefaultWriter().bytesOf(type, value);
}

/** Its methods return whether the value is one of the type. */
class DefaultWriter {
  readonly #sink = new GrowableSink(16);
  #values = 0;
  #depth = 0;

  bytesOf(type: AvroType, value: JsonValue): Buffer | null {
    return this.#put(type, value) ? this.#sink.copy() : null;
  }

  #put(type: AvroType, value: JsonValue): boolean {
    if (++this.#values > VALUES_MAX || this.#depth >= DEPTH_MAX) return false;
    this.#depth++;
    const done = this.#putValue(type, value);
    this.#depth--;
    return done;
  }

  #putValue(type: AvroType, value: JsonValue): boolean {
    switch (type.kind) {
      case 'null':
        return value === null;
      case 'boolean':
        return typeof value === 'boolean' && this.#append(Uint8Array.of(value ? 1 : 0));
      case 'int':
      case 'long': {
        const whole = wholeOf(value, type.kind === 'int' ? 32 : 64);
        if (whole === null) return false;
        const { bytes, position } = this.#room(10);
        this.#sink.position = putLong(bytes, position, whole);
        return true;
      }
      case 'float':
      case 'double': {
        if (!(value instanceof JsonNumber)) return false;
        const { bytes, position } = this.#room(8);
        this.#sink.position = (type.kind === 'float' ? putFloat : putDouble)(bytes, position, Number(value.text));
        return true;
      }
      case 'string':
        return typeof value === 'string' && this.#text(value);
      case 'bytes':
        return (
          typeof value === 'string' &&
          isBytes(value) &&
          this.#count(value.length) &&
          this.#append(Buffer.from(value, 'latin1'))
        );
      case 'fixed':
        return (
          typeof value === 'string' &&
          isBytes(value) &&
          value.length === type.size &&
          this.#append(Buffer.from(value, 'latin1'))
        );
      case 'enum':
        return typeof value === 'string' && type.symbols.includes(value) && this.#count(type.symbols.indexOf(value));
      case 'array':
        return Array.isArray(value) && this.#block(value, (item) => this.#put(type.items, item));
      case 'map':
        return (
          value instanceof Map &&
          this.#block([...value], ([key, item]) => this.#text(key) && this.#put(type.values, item))
        );
      case 'record':
        return value instanceof Map && this.#record(type, value);
      case 'union':
        return type.branches.some((branch, i) => {
          const mark = this.#sink.position;
          if (this.#count(i) && this.#put(branch, value)) return true;
          this.#sink.position = mark;
          return false;
        });
    }
  }

  #record(record: AvroRecord, value: ReadonlyMap<string, JsonValue>): boolean {
    return record.fields.every((field) => {
      const member = value.has(field.name) ? value.get(field.name) : field.default;
      return member !== undefined && this.#put(field.type, member);
    });
  }

  #block<T>(items: readonly T[], putItem: (item: T) => boolean): boolean {
    if (items.length > 0 && !(this.#count(items.length) && items.every(putItem))) return false;
    return this.#count(0);
  }

  #text(text: string): boolean {
    const { position } = this.#room(text.length * 3 + 5);
    this.#sink.position = putText(this.#sink, position, text);
    return true;
  }

  #count(n: number): boolean {
    const { bytes, position } = this.#room(5);
    this.#sink.position = putInt(bytes, position, n);
    return true;
  }

  #append(more: Uint8Array): boolean {
    const { bytes, position } = this.#room(more.length);
    this.#sink.position = putRaw(bytes, position, more);
    return true;
  }

  #room(n: number): GrowableSink {
    this.#sink.reserve(n);
    return this.#sink;
  }
}

function wholeOf(value: JsonValue, bits: number): bigint | null {
  if (!(value instanceof JsonNumber) || !/^-?\d{1,20}$/.test(value.text)) return null;
  const whole = BigInt(value.text);
  return whole === BigInt.asIntN(bits, whole) ? whole : null;
}

/** A text whose characters are bytes. */
function isBytes(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}
