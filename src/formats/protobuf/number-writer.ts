import type { SqlType, SqlTypeKind } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { ValueProblem } from '../value-problem.js';
import type { EnumType, ScalarKind, ScalarType } from './proto-schema.js';
import { SCALAR_WIRES } from './scalar-reader.js';
import { VARINT } from './wire-reader.js';
import { putDouble, putFixed32, putFixed64, putFloat, putInt64, putSint64, putVarint } from './wire-writer.js';

/** How values that are not null become the at most ten bytes of a number, a truth value or an enum's number. */
export interface NumberWriter {
  readonly wire: number;
  /** Writes into bytes that have room; returns the position after it. @throws ValueProblem when the value does not fit */
  readonly put: (bytes: Buffer, position: number, value: never) => number;
  readonly isDefault: (value: SqlValue) => boolean;
}

type Put<T> = (bytes: Buffer, position: number, value: T) => number;

const SOURCES: Readonly<Record<ScalarKind, readonly SqlTypeKind[]>> = {
  int32: ['INTEGER', 'BIGINT'],
  sint32: ['INTEGER', 'BIGINT'],
  sfixed32: ['INTEGER', 'BIGINT'],
  uint32: ['INTEGER', 'BIGINT'],
  fixed32: ['INTEGER', 'BIGINT'],
  int64: ['INTEGER', 'BIGINT'],
  uint64: ['INTEGER', 'BIGINT'],
  sint64: ['INTEGER', 'BIGINT'],
  fixed64: ['INTEGER', 'BIGINT'],
  sfixed64: ['INTEGER', 'BIGINT'],
  double: ['DOUBLE', 'INTEGER', 'BIGINT'],
  float: ['DOUBLE', 'INTEGER', 'BIGINT'],
  bool: ['BOOLEAN'],
  string: [],
  bytes: [],
};

const PUTS: Readonly<Record<Exclude<ScalarKind, 'string' | 'bytes'>, Put<never>>> = {
  int32: putInt64,
  int64: putInt64,
  uint64: putInt64,
  sint32: putSint64,
  sint64: putSint64,
  uint32: putVarint,
  fixed32: putFixed32,
  sfixed32: putFixed32,
  fixed64: putFixed64,
  sfixed64: putFixed64,
  double: putDouble,
  float: putFloat,
  bool: (bytes, position, value: boolean) => putVarint(bytes, position, value ? 1 : 0),
};

/** Null when values of the type are not written so. */
export function numberWriter(type: ScalarType | EnumType, from: SqlType): NumberWriter | null {
  if (type.kind === 'enum') return from.kind === 'STRING' ? enumWriter(type) : null;
  const { scalar } = type;
  if (scalar === 'string' || scalar === 'bytes' || !SOURCES[scalar].includes(from.kind)) return null;
  return { wire: SCALAR_WIRES[scalar], put: checked(scalar, from), isDefault: defaultTest(scalar) };
}

function checked(scalar: Exclude<ScalarKind, 'string' | 'bytes'>, from: SqlType): Put<never> {
  const put = PUTS[scalar] as Put<SqlValue>;
  const bits = scalar.endsWith('32') && (from.kind === 'BIGINT' || from.kind === 'INTEGER');
  const signed = !scalar.startsWith('u') && !scalar.startsWith('f');
  if (!bits || (signed && from.kind === 'INTEGER')) {
    return from.kind === 'BIGINT' && (scalar === 'double' || scalar === 'float')
      ? (bytes, position, value: number | bigint) => put(bytes, position, Number(value))
      : (put as Put<never>);
  }
  const min = signed ? -0x8000_0000 : 0;
  const max = signed ? 0x7fff_ffff : 0xffff_ffff;
  return (bytes, position, value: number | bigint) => {
    if (value < min || value > max) throw new ValueProblem(`the number does not fit ${scalar}`);
    return put(bytes, position, value);
  };
}

/** The sign of a floating-point zero is kept. */
function defaultTest(scalar: ScalarKind): (value: SqlValue) => boolean {
  if (scalar === 'bool') return (value) => value === false;
  return scalar === 'double' || scalar === 'float' ? (value) => Object.is(value, 0) : (value) => value === 0;
}

function enumWriter(type: EnumType): NumberWriter {
  const numberOf = (name: string): number => {
    const number = type.numbers.get(name);
    if (number === undefined) throw new ValueProblem(`enum ${type.fullName} has no value of that name`);
    return number;
  };
  return {
    wire: VARINT,
    put: (bytes, position, name: string) => putInt64(bytes, position, numberOf(name)),
    isDefault: (name) => numberOf(name as string) === 0,
  };
}
