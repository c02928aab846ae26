import { assert, RecordError } from '../model/errors.js';
import type { Column } from '../model/schema.js';
import type { SqlTypeKind } from '../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../model/value.js';
import { BatchBytes } from './batch-bytes.js';
import { writeUtf8 } from './byte-text.js';
import type { ByteSink, Deserializer, Format, FormatSpec, Serializer } from './format.js';
import { KnownTexts } from './known-texts.js';
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
  /** Bytes of a value; -1 where any length will do. */
  readonly #width: number;
  readonly #target: 'key' | 'value';
  readonly #batch = new BatchBytes();
  #start = 0;
  #end = 0;

  constructor(kind: CarriedKind, wanted: readonly number[], target: 'key' | 'value') {
    this.#kind = kind;
    this.#width = WIDTHS[kind] ?? -1;
    this.#target = target;
    this.read = wanted.map(() => this.#reader());
  }

  scan(bytes: Buffer, start: number, end: number): boolean {
    if (end - start !== this.#width && this.#width >= 0) this.#refuse(end - start);
    this.#batch.turnTo(bytes);
    this.#start = start;
    this.#end = end;
    return true;
  }

  #refuse(length: number): never {
    throw new RecordError(
      'deserialization',
      `${this.#kind} in KAFKA format takes ${this.#width} bytes, the ${this.#target} has ${length}`,
      this.#target,
    );
  }

  #reader(): () => SqlValue {
    const batch = this.#batch;
    switch (this.#kind) {
      case 'INTEGER':
        return () => int32At(batch.bytes, this.#start);
      case 'BIGINT':
        return () => int64At(batch.bytes, this.#start);
      case 'DOUBLE':
        return () => {
          const { view } = batch;
          return view === null ? batch.bytes.readDoubleBE(this.#start) : view.getFloat64(this.#start);
        };
      case 'STRING': {
        const texts = new KnownTexts();
        return () => texts.read(batch, this.#start, this.#end);
      }
      case 'BYTES':
        return () => copyOf(batch.bytes, this.#start, this.#end);
    }
  }
}

function int32At(b: Buffer, at: number): number {
  return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
}

function int64At(b: Buffer, at: number): number | bigint {
  const value = int32At(b, at) * 0x1_0000_0000 + (int32At(b, at + 4) >>> 0);
  return Number.isSafeInteger(value) ? value : toBigintValue(b.readBigInt64BE(at));
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
