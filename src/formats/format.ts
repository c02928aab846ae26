import type { Column } from '../model/schema.js';
import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import type { RegisteredSchema, SchemaText, SchemaType, WriterSchemas } from './schema-registry/schema-registry.js';

/** A format as a plan keeps it. Plain JSON. */
export interface FormatSpec {
  /** One of `FORMAT_NAMES`. */
  readonly name: string;
  /** Format properties by their WITH meaning, e.g. `{ delimiter: '\t' }`, `{ fullSchemaName: 'x' }`; empty when none. */
  readonly properties: Readonly<Record<string, string>>;
  /** Whether a single column is written bare instead of in a record. */
  readonly unwrapped: boolean;
  /** Formats with a registry: the schema that is written. Set once it is registered; readers go by the ids in the records. */
  readonly schema?: RegisteredSchema;
}

/** The property of formats with a registry that names the record or message. */
export const FULL_NAME = 'fullSchemaName';

export function fullNameOf({ properties }: Pick<FormatSpec, 'properties'>): string | null {
  return properties[FULL_NAME] ?? null;
}

/**
 * Reads the wanted columns of one half of a record, bytes in place.
 * Use: `scan` once a record, then `read[i]()` for the wanted columns, each at most once, in any order, before the next `scan`.
 * Not re-entrant; nothing it returns refers to `bytes` afterwards.
 */
export interface Deserializer {
  /**
   * Finds the columns in `bytes[start, end)`. The caller has dealt with null records.
   * @returns false when the bytes spell null as a whole (the JSON text `null`): the record is to be treated as a null
   * record, and every `read[i]()` gives null.
   * @throws RecordError with reason `deserialization` when the bytes are not of this format.
   */
  scan(bytes: Buffer, start: number, end: number): boolean;
  /**
   * One function per wanted column, in the order they were asked for: converts the value found by `scan`.
   * A missing field is null.
   * @throws RecordError when the value does not fit the column's type.
   */
  readonly read: readonly (() => SqlValue)[];
}

/** A growing byte buffer that serializers append to; owned by the caller. */
export interface ByteSink {
  bytes: Buffer;
  position: number;
  /** Makes room for `n` more bytes at `position`; may replace `bytes`. */
  reserve(n: number): void;
}

/** Writes one half of a record. `write` has one parameter a column, in schema order, so that no row array is needed. */
export interface Serializer {
  /**
   * Appends the encoded columns to `sink`.
   * @returns false when the encoding is null (an unwrapped null): then nothing was appended.
   * @throws RecordError with reason `serialization`.
   */
  write(sink: ByteSink, ...values: SqlValue[]): boolean;
}

/** What a format is able to carry; the analyser asks before anything is created. */
export interface FormatSupport {
  readonly key: boolean;
  readonly value: boolean;
  /** Whether schemas live in a registry (AVRO, PROTOBUF, JSON_SR). */
  readonly schemaRegistry: boolean;
  /** How a single column is written when nothing is said, and which ways are allowed. */
  readonly singleColumn: {
    readonly default: 'wrapped' | 'unwrapped';
    readonly allowed: readonly ('wrapped' | 'unwrapped')[];
  };
  /** Names of the properties that the format understands (`delimiter`, `fullSchemaName`, ...). */
  readonly properties: readonly string[];
}

/** How bytes become columns and back. Stateless; one instance a format. */
export interface Format {
  readonly name: string;
  readonly support: FormatSupport;
  /**
   * Why these columns cannot be carried, in ksqlDB's words, or null when they can.
   * E.g. `The 'KAFKA' format does not support type 'BOOLEAN'`.
   */
  refuses(columns: readonly Column[], target: 'key' | 'value'): string | null;
  /** Why a property's value is not acceptable, or null. */
  refusesProperty(name: string, value: string): string | null;
  /**
   * A deserializer compiled for one schema and set of wanted columns.
   * @param columns all columns of this half of the record, in schema order
   * @param wanted positions in `columns` that will be read
   * @param schemas for formats with a registry; what it does not know while a record is scanned is an error of the record
   */
  deserializer(
    spec: FormatSpec,
    columns: readonly Column[],
    wanted: readonly number[],
    target: 'key' | 'value',
    schemas?: WriterSchemas,
  ): Deserializer;
  /** Formats with a registry write `spec.schema`, which must be set. */
  serializer(spec: FormatSpec, columns: readonly Column[], target: 'key' | 'value'): Serializer;
  /**
   * For formats in which a null may read as something else: what a value of a column becomes when it is written and read.
   * Null when values of the type stay as they are; formats that keep nulls lack it.
   */
  readBack?(spec: FormatSpec, type: SqlType): ((value: SqlValue) => SqlValue) | null;
}

/** What a schema holds, in SQL's types. */
export interface SchemaContent {
  /** STRUCT for a record or message: its fields are the columns of a wrapped key or value. Names as the schema spells them. */
  readonly type: SqlType;
  /** Fields that SQL has no type for and that are left out, as paths with the reason. */
  readonly skipped: readonly string[];
}

/** A format whose schemas live in a registry. */
export interface SchemaFormat extends Format {
  readonly schemaType: SchemaType;
  /** The schema that these columns are written with when no other is named. Equal columns give equal text. */
  schemaFor(spec: FormatSpec, columns: readonly Column[]): SchemaText;
  /**
   * The type that a schema of somebody else describes.
   * @param fullName names the record or message when the schema has several; null for the first
   * @throws StatementError `invalid-schema` when it cannot be read
   */
  contentOf(schema: SchemaText, fullName: string | null): SchemaContent;
  /**
   * Why readers with one schema could not read what was written with another, in the order of the places; empty when they can.
   * @throws StatementError `invalid-schema`
   */
  incompatibilities(reader: SchemaText, writer: SchemaText): readonly string[];
  /** The schema's text without differences that mean nothing, so that equal schemas get one id. @throws StatementError `invalid-schema` */
  canonical(schema: SchemaText): string;
}
