import { assert, RecordError } from '../model/errors.js';
import type { Column } from '../model/schema.js';
import type { SqlTypeKind } from '../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../model/value.js';
import { RepeatedText, utf8Slice, writeUtf8 } from './byte-text.js';
import type { ByteSink, Deserializer, Format, FormatSpec, Serializer } from './format.js';
import { ignoredBytes, nothing } from './no-columns.js';
import { listColumns, unknownProperty, unsupportedType } from './refusals.js';

/** The serializers that come with Kafka's Java client: one column, big-endian numbers, UTF-8 text, raw bytes. */
export const kafkaFormat: Format = {
  name: 'KAFKA',
  support: {
    key: true,
    value: true,
    schemaRegistry: false,
    singleColumn: { default: 'unwrapped', allowed: ['unwrapped'] },
    properties: [],
  },
  refuses(columns: readonly Column[]): string | null {
    if (columns.length > 1) return `The 'KAFKA' format only supports a single field. Got: ${listColumns(columns)}`;
    const kind = columns[0]?.type.kind;
    return kind === undefined || isCarried(kind) ? null : unsupportedType('KAFKA', kind);
  },
  refusesProperty(name: string): string | null {
    return unknownProperty('KAFKA', name);
  },
  deserializer(_spec, columns, wanted, target): Deserializer {
    if (columns.length === 0) return ignoredBytes;
    return new KafkaDeserializer(carriedKind(columns), wanted, target);
  },
  serializer(_spec: FormatSpec, columns: readonly Column[]): Serializer {
    if (columns.length === 0) return nothing;
    return SERIALIZERS[carriedKind(columns)];
  },
};

type CarriedKind = 'INTEGER' | 'BIGINT' | 'DOUBLE' | 'STRING' | 'BYTES';

function isCarried(kind: SqlTypeKind): kind is CarriedKind {
  return kind in WIDTHS;
}

function carriedKind(columns: readonly Column[]): CarriedKind {
  const kind = columns[0]!.type.kind;
  assert(columns.length === 1 && isCarried(kind), 'KAFKA columns are checked before a serializer is made');
  return kind;
}

/** Bytes of a value; null where any length will do. */
const WIDTHS: Readonly<Record<CarriedKind, number | null>> = {
  INTEGER: 4,
  BIGINT: 8,
  DOUBLE: 8,
  STRING: null,
  BYTES: null,
};

class KafkaDeserializer implements Deserializer {
  readonly read: readonly (() => SqlValue)[];
  readonly #kind: CarriedKind;
  readonly #width: number | null;
  readonly #target: 'key' | 'value';
  readonly #texts = new RepeatedText();
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(kind: CarriedKind, wanted: readonly number[], target: 'key' | 'value') {
    this.#kind = kind;
    this.#width = WIDTHS[kind];
    this.#target = target;
    this.read = wanted.map(() => this.#reader());
  }

  scan(bytes: Buffer, start: number, end: number): boolean {
    if (this.#width !== null && end - start !== this.#width) {
      throw new RecordError(
        'deserialization',
        `${this.#kind} in KAFKA format takes ${this.#width} bytes, the ${this.#target} has ${end - start}`,
        this.#target,
      );
    }
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    return true;
  }

  #reader(): () => SqlValue {
    switch (this.#kind) {
      case 'INTEGER':
        return () => this.#bytes.readInt32BE(this.#start);
      case 'BIGINT':
        return () => this.#bigint();
      case 'DOUBLE':
        return () => this.#bytes.readDoubleBE(this.#start);
      case 'STRING':
        return () => this.#string();
      case 'BYTES':
        return () => copyOf(this.#bytes, this.#start, this.#end);
    }
  }

  #bigint(): number | bigint {
    const high = this.#bytes.readInt32BE(this.#start);
    const low = this.#bytes.readUInt32BE(this.#start + 4);
    const value = high * 0x1_0000_0000 + low;
    return Number.isSafeInteger(value) ? value : toBigintValue(this.#bytes.readBigInt64BE(this.#start));
  }

  #string(): string {
    const bytes = this.#bytes;
    for (let at = this.#start; at < this.#end; at++) {
      if (bytes[at]! > 0x7f) return utf8Slice(bytes, this.#start, this.#end);
    }
    return this.#texts.read(bytes, this.#start, this.#end);
  }
}

/** Bytes of their own, which do not keep the batch they came from in memory. */
export function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

const SERIALIZERS: Readonly<Record<CarriedKind, Serializer>> = {
  INTEGER: {
    write(sink: ByteSink, value: SqlValue): boolean {
      if (value === null) return false;
      sink.reserve(4);
      sink.position = sink.bytes.writeInt32BE(value as number, sink.position);
      return true;
    },
  },
  BIGINT: {
    write(sink: ByteSink, value: SqlValue): boolean {
      if (value === null) return false;
      sink.reserve(8);
      if (typeof value === 'number') {
        sink.bytes.writeInt32BE(Math.floor(value / 0x1_0000_0000), sink.position);
        sink.position = sink.bytes.writeUInt32BE(value >>> 0, sink.position + 4);
      } else {
        sink.position = sink.bytes.writeBigInt64BE(value as bigint, sink.position);
      }
      return true;
    },
  },
  DOUBLE: {
    write(sink: ByteSink, value: SqlValue): boolean {
      if (value === null) return false;
      sink.reserve(8);
      sink.position = sink.bytes.writeDoubleBE(value as number, sink.position);
      return true;
    },
  },
  STRING: {
    write(sink: ByteSink, value: SqlValue): boolean {
      if (value === null) return false;
      writeUtf8(sink, value as string);
      return true;
    },
  },
  BYTES: {
    write(sink: ByteSink, value: SqlValue): boolean {
      if (value === null) return false;
      const bytes = value as Buffer;
      sink.reserve(bytes.length);
      bytes.copy(sink.bytes, sink.position);
      sink.position += bytes.length;
      return true;
    },
  },
};
