import { BIGINT, BOOLEAN, BYTES, DOUBLE, INTEGER, type SqlType, STRING } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { conversion } from './convert-value.js';
import { describeType, type EnumType, type ProtoField, type ScalarKind } from './proto-schema.js';
import { DELIMITED, FIXED32, FIXED64, VARINT, type WireReader } from './wire-reader.js';

/** The SQL type of a scalar's own values. */
export const SCALAR_TYPES: Readonly<Record<ScalarKind, SqlType>> = {
  double: DOUBLE,
  float: DOUBLE,
  int32: INTEGER,
  int64: BIGINT,
  uint32: BIGINT,
  uint64: BIGINT,
  sint32: INTEGER,
  sint64: BIGINT,
  fixed32: BIGINT,
  fixed64: BIGINT,
  sfixed32: INTEGER,
  sfixed64: BIGINT,
  bool: BOOLEAN,
  string: STRING,
  bytes: BYTES,
};

export const SCALAR_WIRES: Readonly<Record<ScalarKind, number>> = {
  double: FIXED64,
  float: FIXED32,
  int32: VARINT,
  int64: VARINT,
  uint32: VARINT,
  uint64: VARINT,
  sint32: VARINT,
  sint64: VARINT,
  fixed32: FIXED32,
  fixed64: FIXED64,
  sfixed32: FIXED32,
  sfixed64: FIXED64,
  bool: VARINT,
  string: DELIMITED,
  bytes: DELIMITED,
};

type Read = (reader: WireReader) => SqlValue;

const SCALAR_READS: Readonly<Record<ScalarKind, Read>> = {
  double: (reader) => reader.double(),
  float: (reader) => reader.float(),
  int32: (reader) => reader.int32(),
  int64: (reader) => reader.int64(),
  uint32: (reader) => reader.uint32(),
  uint64: (reader) => reader.int64(),
  sint32: (reader) => reader.sint32(),
  sint64: (reader) => reader.sint64(),
  fixed32: (reader) => reader.fixed32(),
  fixed64: (reader) => reader.fixed64(),
  sfixed32: (reader) => reader.sfixed32(),
  sfixed64: (reader) => reader.fixed64(),
  bool: (reader) => reader.bool(),
  string: (reader) => reader.string(),
  bytes: (reader) => reader.copy(),
};

/** How the occurrences of a scalar or enum are read as values of a SQL type. */
export interface ScalarReader {
  /** The kind when its values are those of the SQL type as they are; null when something is done to them, and for enums. */
  readonly plain: ScalarKind | null;
  /** Null for a number that a closed enum has no name for. @throws ValueProblem */
  readonly read: Read;
  /** What a field that is not there stands for. @throws ValueProblem unless `hasAbsent` */
  readonly absent: () => SqlValue;
  /** False where the field's default does not convert. */
  readonly hasAbsent: boolean;
}

/** Null when the field's values are messages. Whether it is repeated does not matter. */
export function scalarReader({ type, presence }: ProtoField, to: SqlType): ScalarReader | null {
  if (type.kind === 'message' || type.kind === 'map') return null;
  const isEnum = type.kind === 'enum';
  const convert = conversion(isEnum ? STRING : SCALAR_TYPES[type.scalar], to, describeType(type));
  const converted = (value: SqlValue): SqlValue => (value === null || convert === null ? value : convert(value));
  const own: Read = isEnum ? (reader) => nameOf(type, reader.int32()) : SCALAR_READS[type.scalar];
  const absent = absentValue(() => {
    if (presence) return null;
    return converted(isEnum ? nameOf(type, 0) : defaultOf(type.scalar));
  });
  return {
    plain: isEnum || convert !== null ? null : type.scalar,
    read: convert === null ? own : (reader) => converted(own(reader)),
    ...absent,
  };
}

/** The same value each time, where there is one. */
function absentValue(absent: () => SqlValue): Pick<ScalarReader, 'absent' | 'hasAbsent'> {
  try {
    const value = absent();
    return { absent: () => value, hasAbsent: true };
  } catch {
    return { absent, hasAbsent: false };
  }
}

function defaultOf(scalar: ScalarKind): SqlValue {
  switch (scalar) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'bytes':
      return Buffer.alloc(0);
    default:
      return 0;
  }
}

/** Numbers of an open enum that this schema does not name are called as in Java. */
function nameOf(type: EnumType, number: number): string | null {
  return type.names.get(number) ?? (type.closed ? null : `UNKNOWN_ENUM_VALUE_${type.name}_${number}`);
}
