import type { SchemaText } from '../schema-registry/schema-registry.js';
import { parseProto } from './parse-proto.js';
import {
  allMessages,
  describeField,
  type FieldType,
  type MessageType,
  type ProtoField,
  type ProtoOneof,
  type ProtoSchema,
  type ScalarKind,
} from './proto-schema.js';

/**
 * Why readers with one schema could not read messages of another, by the rules of Confluent's registry: messages are compared by their names within the
 * package, fields by their numbers. Names of fields, enums and their values, and what was added, do not matter.
 * @throws StatementError `invalid-schema`
 */
export function protoIncompatibilities(reader: SchemaText, writer: SchemaText): readonly string[] {
  return new Comparison(parseProto(reader), parseProto(writer)).problems();
}

interface Pair {
  readonly reader: MessageType;
  readonly writer: MessageType;
}

class Comparison {
  readonly #reader: ProtoSchema;
  readonly #writer: ProtoSchema;
  readonly #problems: string[] = [];
  readonly #pairs: Pair[] = [];
  readonly #paired = new Set<MessageType>();

  constructor(reader: ProtoSchema, writer: ProtoSchema) {
    this.#reader = reader;
    this.#writer = writer;
  }

  problems(): readonly string[] {
    const readers = new Map<string, MessageType>();
    for (const message of allMessages(this.#reader.messages)) {
      readers.set(localName(message.fullName, this.#reader), message);
    }
    for (const writer of allMessages(this.#writer.messages)) {
      const name = localName(writer.fullName, this.#writer);
      const reader = readers.get(name);
      if (reader === undefined) this.#problems.push(`message "${name}" is missing`);
      else this.#pair({ reader, writer });
    }
    // Grows by the messages of other files that fields refer to.
    for (const pair of this.#pairs) this.#compareMessages(pair);
    return this.#problems;
  }

  #pair(pair: Pair): void {
    if (pair.reader === pair.writer || this.#paired.has(pair.writer)) return;
    this.#paired.add(pair.writer);
    this.#pairs.push(pair);
  }

  #compareMessages({ reader, writer }: Pair): void {
    const name = localName(writer.fullName, this.#writer);
    const report = (place: string, problem: string): void => {
      this.#problems.push(`${place} of message "${name}" ${problem}`);
    };
    const readerFields = byNumber(reader.fields);
    for (const field of writer.fields) {
      const other = readerFields.get(field.number);
      const place = `field ${field.number} "${field.name}"`;
      if (other === undefined) {
        if (field.label === 'required') report(place, 'is required and missing');
        continue;
      }
      const change = this.#change(field, other);
      if (change !== null) report(place, change);
    }
    const writerFields = byNumber(writer.fields);
    for (const field of reader.fields) {
      if (field.label === 'required' && !writerFields.has(field.number)) {
        report(`field ${field.number} "${field.name}"`, 'is required and new');
      }
    }
    for (const oneof of writer.oneofs) {
      const other = reader.oneofs.find((candidate) => candidate.name === oneof.name);
      if (other !== undefined) compareOneofs(oneof, other, writerFields, report);
    }
    for (const oneof of reader.oneofs) {
      if (writer.oneofs.some((candidate) => candidate.name === oneof.name)) continue;
      const moved = oneof.fields.filter(({ number }) => writerFields.has(number));
      if (moved.length > 1) report(`oneof "${oneof.name}"`, `is new and takes ${moved.length} fields that exist`);
    }
  }

  /** What is wrong with a field that became another one. */
  #change(from: ProtoField, to: ProtoField): string | null {
    const kind = wireKind(from.type);
    const became = `of type ${describeField(from)} became ${describeField(to)}`;
    if (kind !== wireKind(to.type) || from.group !== to.group) return became;
    if (from.label !== to.label) {
      if (to.label === 'required') return 'became required';
      const isRepetition = from.label === 'repeated' || to.label === 'repeated';
      if (isRepetition && kind !== 'text' && kind !== 'message') return became;
    }
    if (from.type.kind === 'map' && to.type.kind === 'map') {
      return this.#change(from.type.key, to.type.key) ?? this.#change(from.type.value, to.type.value);
    }
    if (from.type.kind !== 'message' || to.type.kind !== 'message') return null;
    if (localName(from.type.fullName, this.#writer) !== localName(to.type.fullName, this.#reader)) return became;
    this.#pair({ reader: to.type, writer: from.type });
    return null;
  }
}

function compareOneofs(
  from: ProtoOneof,
  to: ProtoOneof,
  writerFields: ReadonlyMap<number, ProtoField>,
  report: (place: string, problem: string) => void,
): void {
  const before = byNumber(from.fields);
  const after = byNumber(to.fields);
  for (const [number, field] of before) {
    if (!after.has(number)) report(`field ${number} "${field.name}" in oneof "${from.name}"`, 'is missing');
  }
  for (const [number, field] of after) {
    if (!before.has(number) && writerFields.has(number)) {
      report(`field ${number} "${field.name}"`, `moved into the oneof "${to.name}", which exists`);
    }
  }
}

function byNumber(fields: readonly ProtoField[]): Map<number, ProtoField> {
  return new Map(fields.map((field) => [field.number, field]));
}

function localName(fullName: string, schema: ProtoSchema): string {
  const prefix = `${schema.package}.`;
  return schema.package !== '' && fullName.startsWith(prefix) ? fullName.slice(prefix.length) : fullName;
}

/** Types that read each other's bytes are of one kind. */
const SCALAR_WIRE_KINDS: Readonly<Record<ScalarKind, string>> = {
  int32: 'number',
  int64: 'number',
  uint32: 'number',
  uint64: 'number',
  bool: 'number',
  sint32: 'zigzag',
  sint64: 'zigzag',
  fixed32: 'fixed32',
  sfixed32: 'fixed32',
  fixed64: 'fixed64',
  sfixed64: 'fixed64',
  float: 'float',
  double: 'double',
  string: 'text',
  bytes: 'text',
};

function wireKind(type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
      return SCALAR_WIRE_KINDS[type.scalar];
    case 'enum':
      return 'number';
    default:
      return type.kind;
  }
}
