import { fitsPrecision, rescale } from '../../model/decimal.js';
import { formatType, type SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { ValueProblem } from '../value-problem.js';
import { type AvroType, type AvroUnion, describeAvro } from './avro-type.js';
import { isEntry } from './columns-of-avro.js';
import { logicalOf } from './logical-type.js';
import { matchFields } from './match-fields.js';
import { signedBytes } from './put-bytes.js';

/** How well a type takes a column's values: 0 is best, null is not at all. Of the branches of a union the best one is written. */
export function writeRank(type: AvroType, sql: SqlType): number | null {
  switch (sql.kind) {
    case 'BOOLEAN':
      return type.kind === 'boolean' ? 0 : null;
    case 'INTEGER':
      return rankOf(type, ['int', 'long', 'double', 'float']);
    case 'BIGINT':
      return rankOf(type, ['long', 'double', 'float']);
    case 'DOUBLE':
      return rankOf(type, ['double', 'float']);
    case 'STRING':
      return rankOf(type, ['string', 'enum']);
    case 'BYTES':
      return logicalOf(type) === null ? rankOf(type, ['bytes', 'fixed']) : null;
    case 'DECIMAL':
      return logicalOf(type)?.kind === 'decimal' ? 0 : null;
    case 'DATE':
      return temporalRank(type, 'date', ['int', 'long']);
    case 'TIME':
      return temporalRank(type, 'time', ['int', 'long']);
    case 'TIMESTAMP':
      return temporalRank(type, 'timestamp', ['long']);
    case 'ARRAY':
      return type.kind === 'array' ? 0 : null;
    case 'MAP':
      return type.kind === 'map' || (type.kind === 'array' && type.items.kind === 'record' && isEntry(type.items))
        ? 0
        : null;
    case 'STRUCT': {
      if (type.kind !== 'record') return null;
      const names = type.fields.map((field) => field.name);
      return matchFields(
        sql.fields.map((field) => field.name),
        names,
      ).filter((field) => field < 0).length;
    }
    case 'NULL':
      return null;
  }
}

function rankOf(type: AvroType, kinds: readonly AvroType['kind'][]): number | null {
  const rank = kinds.indexOf(type.kind);
  return rank < 0 ? null : rank;
}

/** Numbers without a meaning of their own also do. */
function temporalRank(
  type: AvroType,
  kind: 'date' | 'time' | 'timestamp',
  plain: readonly AvroType['kind'][],
): number | null {
  const logical = logicalOf(type);
  if (logical !== null) return logical.kind === kind ? 0 : null;
  const rank = rankOf(type, plain);
  return rank === null ? null : rank + 1;
}

/** The position of the branch that values of the column are written as; -1 when there is none. */
export function bestBranch(union: AvroUnion, sql: SqlType): number {
  let best = -1;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const [i, branch] of union.branches.entries()) {
    const rank = writeRank(branch, sql);
    if (rank === null || rank >= bestRank) continue;
    best = i;
    bestRank = rank;
  }
  return best;
}

/** How a value without parts is written. */
export interface LeafWriting {
  /** The writing function, by its name in `put-bytes.ts`. */
  readonly put:
    | 'putInt'
    | 'putLong'
    | 'putFloat'
    | 'putDouble'
    | 'putText'
    | 'putBytes'
    | 'putRaw'
    | 'putDecimal'
    | 'putFixedDecimal';
  /** What is written instead of the value; null for the value itself. Throws a ValueProblem. */
  readonly convert: ((value: never) => SqlValue) | null;
  /** Bytes that it takes at most; for texts and bytes those besides their length. */
  readonly bytes: number;
}

/** For pairs that {@link writeRank} admits, other than BOOLEAN and those with parts. */
export function leafWriting(type: AvroType, sql: SqlType): LeafWriting {
  switch (type.kind) {
    case 'int':
      return as('putInt', 5);
    case 'long': {
      const logical = logicalOf(type);
      const isMicros = (logical?.kind === 'time' || logical?.kind === 'timestamp') && logical.micros;
      return as('putLong', 10, isMicros && (sql.kind === 'TIME' || sql.kind === 'TIMESTAMP') ? microsOf : null);
    }
    case 'float':
      return as('putFloat', 4, sql.kind === 'BIGINT' ? Number : null);
    case 'double':
      return as('putDouble', 8, sql.kind === 'BIGINT' ? Number : null);
    case 'string':
      return as('putText', 5);
    case 'enum': {
      const indexes = new Map(type.symbols.map((symbol, i) => [symbol, i]));
      return as('putInt', 5, (value: string) => {
        const index = indexes.get(value);
        if (index === undefined)
          throw new ValueProblem(`Cannot serialize a text that is no symbol of enum ${type.name}`);
        return index;
      });
    }
    case 'bytes': {
      const logical = logicalOf(type);
      if (logical?.kind !== 'decimal' || sql.kind !== 'DECIMAL') return as('putBytes', 5);
      const fits = logical.scale === sql.scale && logical.precision >= sql.precision;
      const bytes = Math.ceil(logical.precision * BYTES_A_DIGIT) + 8;
      return as('putDecimal', bytes, fits ? null : (value: bigint) => rescaled(value, sql, logical));
    }
    case 'fixed': {
      const { size } = type;
      const logical = logicalOf(type);
      if (logical?.kind !== 'decimal' || sql.kind !== 'DECIMAL') {
        return as('putRaw', size, (value: Buffer) => {
          if (value.length === size) return value;
          throw new ValueProblem(`Cannot serialize ${value.length} bytes as ${describeAvro(type)} of ${size} bytes`);
        });
      }
      return as('putFixedDecimal', size, (value: bigint) => {
        const unscaled = rescaled(value, sql, logical);
        if (signedBytes(unscaled) <= size) return unscaled;
        throw new ValueProblem(`Cannot fit ${formatType(sql)} into ${describeAvro(type)} of ${size} bytes`);
      });
    }
    default:
      throw new ValueProblem(`Cannot serialize type ${formatType(sql)} as type ${type.kind}`);
  }
}

interface Decimal {
  readonly precision: number;
  readonly scale: number;
}

const BYTES_A_DIGIT = Math.log2(10) / 8;

function as<T>(put: LeafWriting['put'], bytes: number, convert: ((value: T) => SqlValue) | null = null): LeafWriting {
  return { put, bytes, convert };
}

function rescaled(value: bigint, from: Decimal, to: Decimal): bigint {
  const unscaled = rescale(value, from.scale, to.scale, 'UNNECESSARY');
  if (unscaled !== null && fitsPrecision(unscaled, to.precision)) return unscaled;
  throw new ValueProblem(
    `Cannot fit DECIMAL(${from.precision}, ${from.scale}) into DECIMAL(${to.precision}, ${to.scale}) without rounding`,
  );
}

/** Milliseconds as microseconds. */
function microsOf(ms: number): number | bigint {
  const value = ms * 1000;
  return Number.isSafeInteger(value) ? value : BigInt(ms) * 1000n;
}
