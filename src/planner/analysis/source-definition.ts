import type { SourceEntry, SourceWindow } from '../../catalog/catalog.js';
import { formatNamed } from '../../formats/index.js';
import { datePattern } from '../../model/date-pattern.js';
import { StatementError } from '../../model/errors.js';
import {
  type Column,
  columnIndex,
  formatColumn,
  isPseudoColumn,
  keyColumns,
  type Schema,
  schemaOf,
} from '../../model/schema.js';
import { arrayType, BYTES, formatType, type SqlType, STRING, sameType, structType } from '../../model/sql-type.js';
import type { ColumnDefinition, CreateSource } from '../../parser/ast.js';
import type { PlanningContext } from '../planning-context.js';
import type { InferredColumns } from './infer-columns.js';
import { formatsOfCreate, type InferredSides, inferMissing } from './source-formats.js';
import { resolveType } from './types.js';
import { WithProperties } from './with-properties.js';

const ALL_HEADERS: SqlType = arrayType(
  structType([
    { name: 'KEY', type: STRING },
    { name: 'VALUE', type: BYTES },
  ]),
);

/** Fields that one warning lists. */
const SKIPPED_NAMED_MAX = 10;

/** A CREATE STREAM or TABLE whose columns and properties have been checked. */
export interface SourceDefinition {
  readonly entry: SourceEntry;
  readonly properties: WithProperties;
  /** What the writer of the statement should know. */
  readonly warnings: readonly string[];
}

/**
 * Checks a CREATE STREAM|TABLE with columns and gives its catalog entry.
 * @throws StatementError in ksqlDB's words.
 */
export function defineSource(statement: CreateSource, text: string, context: PlanningContext): SourceDefinition {
  const properties = WithProperties.read(statement.properties, 'create');
  const declared = schemaOfColumns(statement, context);
  const topic = properties.text('KAFKA_TOPIC');
  if (topic === null) {
    throw new StatementError('Missing required property "KAFKA_TOPIC" which has no default value.', {
      code: 'missing-property',
      span: statement.span,
    });
  }
  const keyWindow = windowOf(properties);
  if (statement.columns.length > 0) {
    for (const side of ['KEY', 'VALUE'] as const) {
      const given = declared.columns.some((c) => c.role === (side === 'KEY' ? 'key' : 'value'));
      if (properties.has(`${side}_SCHEMA_ID`) && given && formatsInfer(properties, side)) {
        throw new StatementError(`Table elements and ${side}_SCHEMA_ID cannot both exist for create statement.`, {
          code: 'invalid-property',
        });
      }
    }
  }
  const inferred = inferMissing(properties, topic, declared, context);
  const schema = withInferred(declared, inferred);
  checkKeyTypes(schema);
  const formats = formatsOfCreate(properties, statement.name.name, schema, inferred, context);
  if (schema.columns.length === 0) {
    throw new StatementError('No columns supplied.', { code: 'no-columns', span: statement.span });
  }
  if (statement.sourceKind === 'TABLE' && keyColumns(schema).length === 0) {
    throw new StatementError('Tables require a PRIMARY KEY. Please define the PRIMARY KEY.', {
      code: 'missing-primary-key',
      span: statement.span,
    });
  }
  if (keyWindow !== null && keyColumns(schema).length === 0) {
    throw new StatementError('Windowed sources require a key column.', { code: 'missing-key' });
  }
  return {
    properties,
    warnings: Object.values(inferred).flatMap((side) => (side === null ? [] : skippedWarnings(side))),
    entry: {
      kind: statement.sourceKind,
      name: statement.name.name,
      schema,
      topic,
      keyFormat: formats.key,
      valueFormat: formats.value,
      wrapSingleValue: formats.wrapSingleValue,
      keyWindow,
      timestamp: timestampOf(properties, schema),
      isReadOnly: statement.isSource,
      createdBy: null,
      statementText: text,
    },
  };
}

/** Inferred key columns come first, inferred values last. */
function withInferred(declared: Schema, { KEY, VALUE }: InferredSides): Schema {
  if (KEY === null && VALUE === null) return declared;
  const columns = [...(KEY?.columns ?? []), ...declared.columns, ...(VALUE?.columns ?? [])];
  checkNames(columns);
  return schemaOf(columns);
}

function skippedWarnings({ schema, skipped }: InferredColumns): readonly string[] {
  if (skipped.length === 0) return [];
  const named = skipped.slice(0, SKIPPED_NAMED_MAX).join('; ');
  const more = skipped.length > SKIPPED_NAMED_MAX ? `; and ${skipped.length - SKIPPED_NAMED_MAX} more` : '';
  return [`Fields of the schema with id ${schema.id} that SQL has no type for are left out: ${named}${more}`];
}

function formatsInfer(properties: WithProperties, side: 'KEY' | 'VALUE'): boolean {
  const name = (properties.text(`${side}_FORMAT`) ?? properties.text('FORMAT') ?? '').toUpperCase();
  return formatNamed(name)?.support.schemaRegistry === true;
}

/** Name, key and header rules of the column list. */
function schemaOfColumns(statement: CreateSource, context: PlanningContext): Schema {
  const columns: Column[] = [];
  for (const definition of statement.columns) {
    const { name } = definition.name;
    if (isPseudoColumn(name)) {
      throw new StatementError(`'${name}' is a reserved column name. You cannot use it as a name for a column.`, {
        code: 'reserved-name',
        span: definition.span,
      });
    }
    columns.push(columnOf(definition, statement.sourceKind, context));
  }
  checkHeaders(columns);
  checkNames(columns);
  return schemaOf(columns);
}

function checkNames(columns: readonly Column[]): void {
  const names = columns.map((c) => c.name);
  const repeated = names.filter((name, i) => names.indexOf(name) !== i);
  if (repeated.length > 0) {
    throw new StatementError(`Duplicate column names: ${[...new Set(repeated)].join(', ')}`, {
      code: 'duplicate-column',
    });
  }
}

function columnOf(definition: ColumnDefinition, kind: 'STREAM' | 'TABLE', context: PlanningContext): Column {
  const name = definition.name.name;
  const { line, column } = definition.span;
  const misuse = (used: string, wanted: string, plural: string): StatementError =>
    new StatementError(
      `Line: ${line}, Col: ${column}: Column \`${name}\` is a '${used}' column: please use '${wanted}' for ${plural}.\n` +
        `Tables have PRIMARY KEYs, which are unique and NON NULL.\nStreams have KEYs, which have no uniqueness or NON NULL constraints.`,
      { code: 'wrong-key-kind', problem: 'syntax', span: definition.span },
    );
  const type = resolveType(definition.type, (n) => context.catalog.type(n));
  switch (definition.constraint) {
    case 'PRIMARY KEY':
      if (kind === 'STREAM') throw misuse('PRIMARY KEY', 'KEY', 'streams');
      return { name, type, role: 'key' };
    case 'KEY':
      if (kind === 'TABLE') throw misuse('KEY', 'PRIMARY KEY', 'tables');
      return { name, type, role: 'key' };
    case 'HEADERS':
      if (!sameType(type, ALL_HEADERS)) {
        throw new StatementError(
          `Invalid type for HEADERS column: expected ${formatType(ALL_HEADERS)}, got ${formatType(type)}`,
          { code: 'invalid-header-type', span: definition.span },
        );
      }
      return { name, type, role: 'headers' };
    case 'HEADER':
      if (type.kind !== 'BYTES') {
        throw new StatementError(
          `Invalid type for HEADER('${definition.headerKey}') column: expected BYTES, got ${formatType(type)}`,
          { code: 'invalid-header-type', span: definition.span },
        );
      }
      return { name, type, role: 'headers', headerKey: definition.headerKey! };
    case null:
      return { name, type, role: 'value' };
  }
}

function checkHeaders(columns: readonly Column[]): void {
  const headers = columns.filter((c) => c.role === 'headers');
  if (headers.filter((c) => c.headerKey === undefined).length > 0 && headers.length > 1) {
    throw new StatementError('Schema already contains a HEADERS column.', { code: 'invalid-headers' });
  }
  const keys = headers.map((c) => c.headerKey);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) {
    throw new StatementError(`Schema already contains a HEADER('${twice}') column.`, { code: 'invalid-headers' });
  }
}

/** Keys must compare by their bytes, which maps do not. */
export function checkKeyTypes(schema: Schema): void {
  for (const column of keyColumns(schema)) {
    if (containsMap(column.type)) {
      throw new StatementError(
        'Map keys, including types that contain maps, are not supported as they may lead to unexpected behavior due to inconsistent serialization. ' +
          `Key column name: \`${column.name}\`. Column type: ${formatType(column.type)}. See https://github.com/confluentinc/ksql/issues/6621 for more.`,
        { code: 'map-key' },
      );
    }
  }
}

function containsMap(type: SqlType): boolean {
  switch (type.kind) {
    case 'MAP':
      return true;
    case 'ARRAY':
      return containsMap(type.element);
    case 'STRUCT':
      return type.fields.some((field) => containsMap(field.type));
    default:
      return false;
  }
}

const WINDOW_UNITS: Readonly<Record<string, number>> = {
  NANOSECOND: 1e-6,
  MICROSECOND: 1e-3,
  MILLISECOND: 1,
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

function windowOf(properties: WithProperties): SourceWindow | null {
  const kind = properties.text('WINDOW_TYPE')?.toUpperCase() ?? null;
  const size = properties.text('WINDOW_SIZE');
  if (kind !== null && kind !== 'SESSION' && kind !== 'HOPPING' && kind !== 'TUMBLING') {
    throw new StatementError(
      `Invalid value ${kind} for property WINDOW_TYPE: String must be one of: SESSION, HOPPING, TUMBLING, null`,
      { code: 'invalid-property' },
    );
  }
  if (kind === 'SESSION' || kind === null) {
    if (size !== null && kind === 'SESSION') {
      throw new StatementError("'WINDOW_SIZE' should not be set for SESSION windows.", {
        code: 'invalid-property',
        problem: 'syntax',
      });
    }
    return kind === null ? null : { kind };
  }
  if (size === null) {
    throw new StatementError(
      `${kind} windows require 'WINDOW_SIZE' to be provided in the WITH clause. For example: 'WINDOW_SIZE'='10 SECONDS'`,
      { code: 'missing-property' },
    );
  }
  return { kind, sizeMs: parseDuration(size) };
}

function parseDuration(text: string): number {
  const invalid = (reason: string): StatementError =>
    new StatementError(
      `Failed to prepare statement: Configuration WINDOW_SIZE is invalid: Invalid duration: '${text}'. ${reason}`,
      { code: 'invalid-property', problem: 'syntax' },
    );
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 2) throw invalid('Expected format: <size> <time unit>');
  if (!/^\d+$/.test(parts[0]!)) throw invalid(`Not a number: '${parts[0]}'`);
  const unit = parts[1]!.toUpperCase();
  const factor = WINDOW_UNITS[unit] ?? (unit.endsWith('S') ? WINDOW_UNITS[unit.slice(0, -1)] : undefined);
  if (factor === undefined) throw invalid(`Unknown time unit: '${unit}'`);
  return Math.floor(Number(parts[0]) * factor);
}

/** The TIMESTAMP property: an identifier as SQL writes it, so quotes keep the case. */
export function timestampOf(
  properties: WithProperties,
  schema: Schema,
  extent: 'name only' | 'name and type' = 'name and type',
): SourceEntry['timestamp'] {
  const written = properties.text('TIMESTAMP');
  const format = properties.text('TIMESTAMP_FORMAT');
  if (written === null) return null;
  const quoted = /^([`"])(.*)\1$/s.exec(written.trim());
  const name = quoted ? quoted[2]! : written.trim().toUpperCase();
  const index = columnIndex(schema, name);
  if (format !== null) checkPattern(format);
  if (index < 0) {
    throw new StatementError(`The TIMESTAMP column set in the WITH clause does not exist in the schema: '${name}'`, {
      code: 'unknown-column',
      hint: `Columns: ${schema.columns.map((c) => c.name).join(', ')}`,
    });
  }
  if (extent === 'name only') return null;
  const column = schema.columns[index]!;
  if (column.type.kind === 'STRING') {
    if (format === null) {
      throw new StatementError(
        'A String timestamp field has been specified without also specifying the timestamp_format',
        { code: 'missing-property' },
      );
    }
    return { column: name, format };
  }
  if (format !== null) {
    throw new StatementError(
      "'TIMESTAMP_FORMAT' set in the WITH clause can only be used when the timestamp column is of type STRING.",
      { code: 'invalid-property' },
    );
  }
  if (column.type.kind !== 'BIGINT' && column.type.kind !== 'TIMESTAMP') {
    throw new StatementError(
      `Timestamp column, ${formatColumn({ ...column, role: 'value' }).split(' ')[0]}, should be LONG(INT64), TIMESTAMP, or a String with a timestamp_format specified.`,
      { code: 'invalid-timestamp' },
    );
  }
  return { column: name, format: null };
}

function checkPattern(pattern: string): void {
  try {
    datePattern(pattern);
  } catch (error) {
    throw new StatementError(
      `Invalid datetime format for config:TIMESTAMP_FORMAT, reason:${error instanceof Error ? error.message : String(error)}`,
      { code: 'invalid-property' },
    );
  }
}
