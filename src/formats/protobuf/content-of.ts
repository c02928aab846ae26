import {
  arrayType,
  DATE,
  decimalType,
  mapType,
  type SqlType,
  STRING,
  type StructField,
  structType,
  TIME,
  TIMESTAMP,
} from '../../model/sql-type.js';
import { CONNECT_PRECISION, DECIMAL_PRECISION_MAX } from '../connect-names.js';
import type { SchemaContent } from '../format.js';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import { oneofName } from './match-field.js';
import { invalidProto, parseProto } from './parse-proto.js';
import {
  allMessages,
  describeField,
  type MessageType,
  mapEntryOf,
  messageNamed,
  type ProtoField,
} from './proto-schema.js';
import { SCALAR_TYPES } from './scalar-reader.js';
import { DATE_MESSAGE, DECIMAL_MESSAGE, TIME_MESSAGE, TIMESTAMP_MESSAGE, WRAPPER_MESSAGES } from './well-known.js';

/** Fields in one type: messages that are mentioned again and again multiply. */
const FIELDS_MAX = 20_000;
/** Messages within messages; they may name each other in long chains. */
const DEPTH_MAX = 64;

/**
 * The SQL type of a message, as ksqlDB finds it by way of Connect: a oneof is a STRUCT of its members, before the other fields. What SQL has no type
 * for is left out field by field; so is a message within itself.
 * @param fullName null for the first message of the file
 * @throws StatementError `invalid-schema` when it cannot be read, or has no such message
 */
export function contentOfProto(schema: SchemaText, fullName: string | null): SchemaContent {
  return new ContentReader().content(messageOf(schema, fullName));
}

/** The message that a schema is used for. @throws StatementError `invalid-schema` */
export function messageOf(schema: SchemaText, fullName: string | null): MessageType {
  const parsed = parseProto(schema);
  const message = messageNamed(parsed, fullName);
  if (message !== null) return message;
  if (fullName === null) throw invalidProto('it has no message');
  const others = [...allMessages(parsed.messages)].map((other) => other.fullName);
  throw invalidProto(`it has no message "${fullName}", only ${others.join(', ') || 'none'}`);
}

class ContentReader {
  readonly #skipped: string[] = [];
  /** The messages around the one that is read. */
  readonly #around: MessageType[] = [];
  #fields = 0;

  content(message: MessageType): SchemaContent {
    return { type: this.#struct(message, ''), skipped: this.#skipped };
  }

  #struct(message: MessageType, path: string): SqlType & { kind: 'STRUCT' } {
    this.#around.push(message);
    const fields: StructField[] = [];
    for (const [i, oneof] of message.oneofs.entries()) {
      const name = oneofName(oneof, i);
      const members = this.#all(oneof.fields, `${path}${name}.`);
      if (members.length > 0) fields.push({ name, type: structType(members) });
    }
    fields.push(
      ...this.#all(
        message.fields.filter((field) => field.oneof === null),
        path,
      ),
    );
    this.#around.pop();
    return structType(fields);
  }

  #all(fields: readonly ProtoField[], path: string): StructField[] {
    return fields.flatMap((field) => {
      if (++this.#fields > FIELDS_MAX) throw invalidProto(`it has more than ${FIELDS_MAX} fields`);
      const type = this.#type(field, `${path}${field.name}`);
      return type === null ? [] : [{ name: field.name, type }];
    });
  }

  /** Null for what is skipped. */
  #type(field: ProtoField, path: string): SqlType | null {
    const entry = mapEntryOf(field);
    if (entry !== null) {
      const key = this.#type(entry.key, `${path}.key`);
      if (key !== null && key.kind !== 'STRING') return this.#skip(path, 'the keys of a MAP must be of type STRING');
      const value = this.#type(entry.value, `${path}.value`);
      return key === null || value === null ? null : mapType(key, value);
    }
    const type = this.#single(field, path);
    return type !== null && field.label === 'repeated' ? arrayType(type) : type;
  }

  #single(field: ProtoField, path: string): SqlType | null {
    const { type } = field;
    switch (type.kind) {
      case 'scalar':
        return SCALAR_TYPES[type.scalar];
      case 'enum':
        return STRING;
      case 'map':
        return this.#skip(path, `there is no type for ${describeField(field)}`);
      case 'message':
        return field.group ? this.#skip(path, 'groups have no type') : this.#message(field, type, path);
    }
  }

  #message(field: ProtoField, type: MessageType, path: string): SqlType | null {
    switch (type.fullName) {
      case DECIMAL_MESSAGE:
        return this.#decimal(field, path);
      case DATE_MESSAGE:
        return DATE;
      case TIME_MESSAGE:
        return TIME;
      case TIMESTAMP_MESSAGE:
        return TIMESTAMP;
    }
    if (WRAPPER_MESSAGES.has(type.fullName)) return this.#single(type.fields[0]!, path);
    if (this.#around.includes(type)) return this.#skip(path, `${type.fullName} contains itself`);
    if (this.#around.length >= DEPTH_MAX) return this.#skip(path, `it is more than ${DEPTH_MAX} messages deep`);
    const struct = this.#struct(type, `${path}.`);
    return struct.fields.length === 0 ? this.#skip(path, `${type.fullName} has no fields`) : struct;
  }

  #decimal({ params }: ProtoField, path: string): SqlType | null {
    const number = (name: string, otherwise: number): number => {
      const text = params.get(name);
      return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : otherwise;
    };
    const scale = number('scale', 0);
    const precision = number('precision', CONNECT_PRECISION);
    if (precision < 1 || precision > DECIMAL_PRECISION_MAX || scale > precision)
      return this.#skip(path, `DECIMAL(${precision}, ${scale}) is no type`);
    return decimalType(precision, scale);
  }

  #skip(path: string, reason: string): null {
    this.#skipped.push(`${path}: ${reason}`);
    return null;
  }
}
