import { RecordError } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import { type SqlType, STRING, type StructField } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import type { Serializer } from '../format.js';
import { type JsonMember, type JsonValueWriter, jsonObjectWriter, jsonStructWriter } from '../json-object-writer.js';
import { jsonArrayWriter, jsonMapWriter, jsonNullableWriter, jsonValueWriter } from '../json-serializer.js';
import { FRAME_BYTES, writeFrame } from '../schema-registry/framing.js';
import type { Shape, ShapeField } from './shape.js';

/**
 * Writes framed JSON as the schema wants it: with its names, its members that no column has as null, and never null where it asks for a value.
 * @param id of the schema
 */
export function jsonSrSerializer(
  columns: readonly Column[],
  unwrapped: boolean,
  id: number,
  shape: Shape,
  target: 'key' | 'value',
): Serializer {
  if (!unwrapped) return { write: objectWriter(columns, shape.fields ?? [], '$', target, frame(id)) };
  const writeValue = valueWriter(columns[0]!.type, shape, '$', target);
  return {
    write(sink, value) {
      if (value === null) return false;
      const mark = sink.position;
      writeFrame(sink, id);
      try {
        writeValue(sink, value);
      } catch (error) {
        sink.position = mark;
        throw error;
      }
      return true;
    },
  };
}

function frame(id: number): readonly number[] {
  const bytes = Buffer.alloc(FRAME_BYTES);
  bytes.writeInt32BE(id, 1);
  return [...bytes];
}

function objectWriter(
  columns: readonly StructField[],
  fields: readonly ShapeField[],
  path: string,
  target: 'key' | 'value',
  lead: readonly number[] = [],
): Serializer['write'] {
  const rest = new Set(columns.keys());
  const members = fields.map(({ name, shape, required }): JsonMember => {
    const from = columnFor(name, columns, rest);
    const place = `${path}.${name}`;
    if (from !== null) rest.delete(from);
    const type = from === null ? shape.type : columns[from]!.type;
    const refusal = required && !shape.nullable ? () => missing(place, target) : null;
    return { name, from, write: valueWriter(type, shape, place, target), refusal };
  });
  for (const from of rest) {
    const { name, type } = columns[from]!;
    members.push({ name, from, write: valueWriter(type, null, `${path}.${name}`, target), refusal: null });
  }
  return jsonObjectWriter(columns.length, members, lead);
}

/** The column of that name, else one whose name is it in upper case; null when there is none. */
function columnFor(name: string, columns: readonly StructField[], rest: ReadonlySet<number>): number | null {
  const exact = columns.findIndex((column) => column.name === name);
  if (exact >= 0) return exact;
  const upper = columns.findIndex((column, i) => rest.has(i) && column.name === name.toUpperCase());
  return upper < 0 ? null : upper;
}

/** @param shape null where the schema does not say */
function valueWriter(type: SqlType, shape: Shape | null, path: string, target: 'key' | 'value'): JsonValueWriter {
  switch (type.kind) {
    case 'ARRAY': {
      const item = shape?.type.kind === 'ARRAY' ? shape.item! : null;
      return jsonArrayWriter(itemWriter(type.element, item, `${path}[]`, target));
    }
    case 'MAP': {
      const item = shape?.type.kind === 'MAP' ? shape.item! : null;
      const place = `${path}.*`;
      if (shape?.entries !== true) return jsonMapWriter(itemWriter(type.value, item, place, target));
      const refusal = item!.nullable ? null : () => missing(place, target);
      return entriesWriter(valueWriter(type.value, item, place, target), refusal);
    }
    case 'STRUCT': {
      const fields = shape?.type.kind === 'STRUCT' ? shape.fields! : [];
      return jsonStructWriter(objectWriter(type.fields, fields, path, target));
    }
    default:
      return jsonValueWriter(type);
  }
}

function itemWriter(type: SqlType, shape: Shape | null, path: string, target: 'key' | 'value'): JsonValueWriter {
  const write = valueWriter(type, shape, path, target);
  if (shape === null || shape.nullable) return jsonNullableWriter(write);
  return (sink, value) => {
    if (value === null) throw missing(path, target);
    write(sink, value);
  };
}

/** A map as a list of its entries. */
function entriesWriter(writeValue: JsonValueWriter, refusal: JsonMember['refusal']): JsonValueWriter {
  const writeEntry = jsonObjectWriter(2, [
    { name: 'key', from: 0, write: jsonValueWriter(STRING), refusal: null },
    { name: 'value', from: 1, write: writeValue, refusal },
  ]);
  const writeEntries = jsonArrayWriter(jsonStructWriter(writeEntry));
  return (sink, value) => writeEntries(sink, [...(value as Map<SqlValue, SqlValue>)] as SqlValue);
}

function missing(path: string, target: 'key' | 'value'): RecordError {
  return new RecordError('serialization', `the value is null, and the schema wants one, path: ${path}`, target);
}
