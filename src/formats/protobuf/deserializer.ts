import { RecordError, StatementError } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import type { StructField } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import type { Deserializer } from '../format.js';
import { FRAME_BYTES, frameId, unknownSchema } from '../schema-registry/framing.js';
import { LruMap } from '../schema-registry/lru-map.js';
import type { SchemaText, WriterSchemas } from '../schema-registry/schema-registry.js';
import { ValueProblem, valueError } from '../value-problem.js';
import { RowReader } from './field-reader.js';
import { parseProto } from './parse-proto.js';
import { type MessageType, messageAt, type ProtoSchema } from './proto-schema.js';
import { type RecordReader, recordReader } from './record-reader.js';
import { malformed, WireReader } from './wire-reader.js';

/** Readers, and schemas, that one deserializer keeps; a topic has few. */
const KEPT_MAX = 64;
/** Messages are declared within each other at most so deep, as protoc has it. */
const INDEXES_MAX = 33;

/** Reads records with Confluent's frame: each says which message of which schema it is. */
export class ProtobufDeserializer implements Deserializer {
  readonly read: readonly (() => SqlValue)[];
  readonly #columns: readonly Column[];
  readonly #target: 'key' | 'value';
  readonly #schemas: WriterSchemas;
  /** By id; or why a schema cannot be used. */
  readonly #parsed = new LruMap<number, ProtoSchema | string>(KEPT_MAX);
  readonly #readers = new LruMap<string, RecordReader>(KEPT_MAX);
  readonly #wire = new WireReader();
  #reader: RecordReader | null = null;
  /** The bytes before the message in the records that `#reader` is for. */
  #frame: Buffer = Buffer.alloc(0);

  constructor(columns: readonly Column[], wanted: readonly number[], target: 'key' | 'value', schemas: WriterSchemas) {
    this.#columns = wanted.map((position) => columns[position]!);
    this.#target = target;
    this.#schemas = schemas;
    this.read = this.#columns.map(({ name }, i) => () => {
      try {
        return this.#reader!.read[i]!();
      } catch (problem) {
        throw valueError(problem, `$.${name}`, target);
      }
    });
  }

  scan(bytes: Buffer, start: number, end: number): boolean {
    const frame = this.#frame;
    const { length } = frame;
    let same = 0;
    while (same < length && bytes[start + same] === frame[same]) same++;
    if (length === 0 || same < length || end - start < length) this.#begin(bytes, start, end);
    try {
      this.#reader!.scan(bytes, start + this.#frame.length, end);
    } catch (problem) {
      throw recordProblem(problem, this.#target);
    }
    return true;
  }

  /** Finds the reader for a record. */
  #begin(bytes: Buffer, start: number, end: number): void {
    const id = frameId(bytes, start, end, 'PROTOBUF', this.#target);
    const wire = this.#wire;
    wire.bytes = bytes;
    wire.position = start + FRAME_BYTES;
    wire.end = end;
    let indexes: readonly number[];
    try {
      indexes = readIndexes(wire);
    } catch (problem) {
      throw recordProblem(problem, this.#target);
    }
    this.#frame = Buffer.alloc(0);
    const key = `${id}/${indexes.join('.')}`;
    let reader = this.#readers.get(key);
    if (reader === undefined) {
      reader = recordReader(this.#message(id, indexes), this.#columns);
      this.#readers.set(key, reader);
    }
    this.#reader = reader;
    this.#frame = Buffer.from(bytes.subarray(start, wire.position));
  }

  #message(id: number, indexes: readonly number[]): MessageType {
    const message = messageAt(this.#schema(id), indexes);
    if (message !== null) return message;
    throw this.#refused(`the schema with id ${id} has no message at [${indexes.join(', ')}]`);
  }

  #schema(id: number): ProtoSchema {
    let parsed = this.#parsed.get(id);
    if (parsed === undefined) {
      const schema = this.#schemas.find(id);
      if (schema === null || schema === undefined) throw unknownSchema(id, this.#target);
      parsed = parsedOrWhy(schema);
      this.#parsed.set(id, parsed);
    }
    if (typeof parsed !== 'string') return parsed;
    throw this.#refused(`the schema with id ${id} cannot be used: ${parsed}`);
  }

  #refused(message: string): RecordError {
    return new RecordError('deserialization', message, this.#target);
  }
}

/** The place of a message in its file: a count and so many positions; a count of 0 stands for the first message. */
function readIndexes(wire: WireReader): readonly number[] {
  const count = wire.sint32();
  if (count === 0) return [0];
  if (count < 0 || count > INDEXES_MAX) malformed('its place in the schema is no list of messages within each other');
  return Array.from({ length: count }, () => wire.sint32());
}

function parsedOrWhy(schema: SchemaText): ProtoSchema | string {
  try {
    return parseProto(schema);
  } catch (error) {
    if (error instanceof StatementError) return error.message;
    throw error;
  }
}

/** Reads messages without a frame, all of one type that is known beforehand. */
export function bareDeserializer(
  message: MessageType,
  columns: readonly Column[],
  wanted: readonly number[],
  target: 'key' | 'value',
): Deserializer {
  const chosen = wanted.map((position) => columns[position]!);
  const reader = recordReader(message, chosen);
  return {
    scan(bytes, start, end) {
      try {
        reader.scan(bytes, start, end);
      } catch (problem) {
        throw recordProblem(problem, target);
      }
      return true;
    },
    read: chosen.map(({ name }, i) => {
      const read = reader.read[i]!;
      return () => {
        try {
          return read();
        } catch (problem) {
          throw valueError(problem, `$.${name}`, target);
        }
      };
    }),
  };
}

/** Reads messages that are, each as a whole, the value of the single column. */
export function structDeserializer(
  message: MessageType,
  fields: readonly StructField[],
  wanted: readonly number[],
  target: 'key' | 'value',
): Deserializer {
  const rows = new RowReader(
    message,
    fields.map((field) => ({ ...field, path: `.${field.name}` })),
  );
  const wire = new WireReader();
  let start = 0;
  const read = (): SqlValue => {
    try {
      wire.position = start;
      const row = rows.row();
      rows.read(wire, row);
      return rows.finish === null ? row : rows.finish(row);
    } catch (problem) {
      throw valueError(problem, '$', target);
    }
  };
  return {
    scan(bytes, from, end) {
      wire.bytes = bytes;
      wire.end = end;
      start = from;
      return true;
    },
    read: wanted.map(() => read),
  };
}

function recordProblem(problem: unknown, target: 'key' | 'value'): unknown {
  return problem instanceof ValueProblem ? new RecordError('deserialization', problem.message, target) : problem;
}
