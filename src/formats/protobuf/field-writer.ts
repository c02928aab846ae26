import { StatementError } from '../../model/errors.js';
import { formatType, type SqlType, type StructField } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import type { ByteSink } from '../format.js';
import { inside, ValueProblem } from '../value-problem.js';
import { type FieldScope, matchField } from './match-field.js';
import { type NumberWriter, numberWriter } from './number-writer.js';
import { describeField, type MessageType, mapEntryOf, type ProtoField, type ProtoOneof } from './proto-schema.js';
import { WRAPPER_MESSAGES } from './well-known.js';
import { WHOLE_MESSAGES } from './whole-values.js';
import { DELIMITED } from './wire-reader.js';
import {
  beginDelimited,
  endDelimited,
  NUMBER_BYTES_MAX,
  putVarint,
  TAG_BYTES_MAX,
  writeBytes,
  writeText,
} from './wire-writer.js';

/** Appends what a message holds for one column; nothing for what is not there. @throws ValueProblem */
export type WriteField = (sink: ByteSink, value: SqlValue) => void;

/** The writer of a column, and where in the message its field stands. */
export interface ColumnWriter {
  readonly number: number;
  readonly write: WriteField;
}

/** @throws StatementError `incompatible-schema` when messages cannot hold the column */
export function columnWriter(scope: FieldScope, { name, type }: StructField): ColumnWriter {
  const match = matchField(scope, name);
  if (match === null) throw incompatible(`it has no field for \`${name}\``);
  return match.kind === 'field'
    ? { number: match.field.number, write: fieldWriter(match.field, type) }
    : { number: match.oneof.fields[0]?.number ?? 0, write: oneofWriter(match.oneof, type) };
}

/** A required field that no column stands for, so that no message can be written; else null. */
export function unwrittenRequired(scope: FieldScope, columns: readonly StructField[]): ProtoField | null {
  const written = new Set<ProtoField>();
  for (const { name } of columns) {
    const match = matchField(scope, name);
    if (match?.kind === 'field') written.add(match.field);
  }
  return scope.fields.find((field) => field.label === 'required' && !written.has(field)) ?? null;
}

function fieldWriter(field: ProtoField, from: SqlType): WriteField {
  const entry = mapEntryOf(field);
  if (entry !== null && from.kind === 'MAP') return mapWriter(field, entry, from.key, from.value);
  if (field.label === 'repeated') {
    return from.kind === 'ARRAY' ? arrayWriter(field, from.element) : mismatch(field, from);
  }
  const write = presentWriter(field, from);
  if (field.label !== 'required') return (sink, value) => (value === null ? undefined : write(sink, value));
  return (sink, value) => {
    if (value === null) throw new ValueProblem('null for a required field');
    write(sink, value);
  };
}

/** Writes values that are not null, but for defaults that are told by the field's absence. */
function presentWriter(field: ProtoField, from: SqlType): WriteField {
  const { type, presence } = field;
  switch (type.kind) {
    case 'scalar':
      if (type.scalar === 'string' && from.kind === 'STRING') return textWriter(field);
      if (type.scalar === 'bytes' && from.kind === 'BYTES') return bytesWriter(field);
      break;
    case 'message':
      if (field.group) return mismatch(field, from);
      return delimitedWriter(field, messageWriter(field, type, from));
    case 'map':
      return mismatch(field, from);
    case 'enum':
      break;
  }
  const number = numberWriter(type, from) ?? mismatch(field, from);
  return numberFieldWriter(field.number * 8 + number.wire, number, presence);
}

function numberFieldWriter(tag: number, { put, isDefault }: NumberWriter, presence: boolean): WriteField {
  const append = put as (bytes: Buffer, position: number, value: SqlValue) => number;
  return (sink, value) => {
    if (!presence && isDefault(value)) return;
    sink.reserve(TAG_BYTES_MAX + NUMBER_BYTES_MAX);
    const { bytes } = sink;
    sink.position = append(bytes, putVarint(bytes, sink.position, tag), value);
  };
}

function textWriter({ number, presence }: ProtoField): WriteField {
  const tag = number * 8 + DELIMITED;
  return (sink, value) => {
    if (!presence && value === '') return;
    writeTag(sink, tag);
    writeText(sink, value as string);
  };
}

function bytesWriter({ number, presence }: ProtoField): WriteField {
  const tag = number * 8 + DELIMITED;
  return (sink, value) => {
    if (!presence && (value as Buffer).length === 0) return;
    writeTag(sink, tag);
    writeBytes(sink, value as Buffer);
  };
}

function delimitedWriter({ number }: ProtoField, write: WriteField): WriteField {
  const tag = number * 8 + DELIMITED;
  return (sink, value) => {
    writeTag(sink, tag);
    const start = beginDelimited(sink);
    write(sink, value);
    endDelimited(sink, start);
  };
}

function writeTag(sink: ByteSink, tag: number): void {
  sink.reserve(TAG_BYTES_MAX);
  sink.position = putVarint(sink.bytes, sink.position, tag);
}

/** The content of a message for a value that is not null. */
function messageWriter(field: ProtoField, type: MessageType, from: SqlType): WriteField {
  if (from.kind === 'STRUCT') return rowWriter(type, from.fields);
  if (WRAPPER_MESSAGES.has(type.fullName)) return presentWriter(type.fields[0]!, from);
  const whole = WHOLE_MESSAGES.get(type.fullName);
  const split = whole?.split(from);
  if (whole === undefined || split === undefined) return mismatch(field, from);
  const parts = whole.fields.map((part, i) => fieldWriter(type.fields[i]!, part));
  return (sink, value) => {
    const values = split(value);
    for (let i = 0; i < parts.length; i++) parts[i]!(sink, values[i]!);
  };
}

/** The content of a message for a row of its fields. @throws StatementError `incompatible-schema` */
export function rowWriter(scope: FieldScope, columns: readonly StructField[]): WriteField {
  const missing = unwrittenRequired(scope, columns);
  if (missing !== null) {
    return () => {
      throw new ValueProblem(`nothing for the required field "${missing.name}"`);
    };
  }
  const writers = columns
    .map((column, i) => ({ ...columnWriter(scope, column), i, name: column.name }))
    .sort((a, b) => a.number - b.number);
  return (sink, value) => {
    const row = value as SqlValue[];
    for (const { write, i, name } of writers) {
      try {
        write(sink, row[i]!);
      } catch (problem) {
        throw inside(problem, `.${name}`);
      }
    }
  };
}

function arrayWriter(field: ProtoField, element: SqlType): WriteField {
  const { type } = field;
  const number = type.kind === 'scalar' || type.kind === 'enum' ? numberWriter(type, element) : null;
  if (field.packed && number !== null) return runWriter(field, number);
  const write = presentWriter({ ...field, label: 'optional', presence: true }, element);
  return (sink, value) => {
    if (value === null) return;
    const items = value as SqlValue[];
    for (let i = 0; i < items.length; i++) writeItem(sink, items, i, write);
  };
}

/** Numbers without tags between them. */
function runWriter({ number }: ProtoField, { put }: NumberWriter): WriteField {
  const tag = number * 8 + DELIMITED;
  const append = put as (bytes: Buffer, position: number, value: SqlValue) => number;
  const write: WriteField = (sink, value) => {
    sink.reserve(NUMBER_BYTES_MAX);
    sink.position = append(sink.bytes, sink.position, value);
  };
  return (sink, value) => {
    const items = value as SqlValue[] | null;
    if (items === null || items.length === 0) return;
    writeTag(sink, tag);
    const start = beginDelimited(sink);
    for (let i = 0; i < items.length; i++) writeItem(sink, items, i, write);
    endDelimited(sink, start);
  };
}

/** As in Connect, what is repeated has no nulls: to leave one out would move the others, and a default would be another value. */
function writeItem(sink: ByteSink, items: readonly SqlValue[], i: number, write: WriteField): void {
  try {
    if (items[i] === null) throw new ValueProblem('null in an array, which Protobuf has no way to write');
    write(sink, items[i]!);
  } catch (problem) {
    throw inside(problem, `[${i}]`);
  }
}

function mapWriter(
  field: ProtoField,
  entry: { readonly key: ProtoField; readonly value: ProtoField },
  keyType: SqlType,
  valueType: SqlType,
): WriteField {
  const writeKey = fieldWriter(entry.key, keyType);
  const writeValue = fieldWriter(entry.value, valueType);
  const tag = field.number * 8 + DELIMITED;
  return (sink, value) => {
    if (value === null) return;
    for (const [key, item] of value as Map<SqlValue, SqlValue>) {
      writeTag(sink, tag);
      const start = beginDelimited(sink);
      try {
        writeKey(sink, key);
        writeValue(sink, item);
      } catch (problem) {
        // The key of an entry is data, so the path does not hold it.
        throw inside(problem, '.*');
      }
      endDelimited(sink, start);
    }
  };
}

/** Writes the first member that is not null of the STRUCT that stands for a oneof. */
function oneofWriter(oneof: ProtoOneof, from: SqlType): WriteField {
  if (from.kind !== 'STRUCT') throw incompatible(`the oneof "${oneof.name}" is not a ${formatType(from)}`);
  const scope = { fields: oneof.fields, oneofs: [] };
  const members = from.fields.map((member) => columnWriter(scope, member).write);
  return (sink, value) => {
    if (value === null) return;
    const row = value as SqlValue[];
    const set = row.findIndex((member) => member !== null);
    if (set < 0) return;
    try {
      members[set]!(sink, row[set]!);
    } catch (problem) {
      throw inside(problem, `.${from.fields[set]!.name}`);
    }
  };
}

function mismatch(field: ProtoField, from: SqlType): never {
  throw incompatible(`its field "${field.name}" of type ${describeField(field)} cannot hold ${formatType(from)}`);
}

function incompatible(problem: string): StatementError {
  return new StatementError(`the Protobuf schema does not fit the columns: ${problem}`, {
    code: 'incompatible-schema',
  });
}
