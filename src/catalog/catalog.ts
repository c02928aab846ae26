import type { Schema } from '../model/schema.js';
import type { SqlType } from '../model/sql-type.js';

/** A format with its settings, as a source declares it. Same shape as `FormatSpec` of `formats/`. */
export interface SourceFormat {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly unwrapped: boolean;
  /** The registered schema that a statement named by its id: it is written as it is. */
  readonly schema?: {
    readonly id: number;
    readonly type: 'AVRO' | 'JSON' | 'PROTOBUF';
    readonly text: string;
    readonly imports: readonly { readonly name: string; readonly text: string }[];
  };
}

export type SourceWindow =
  | { readonly kind: 'TUMBLING' | 'HOPPING'; readonly sizeMs: number }
  | { readonly kind: 'SESSION' };

/** A stream or table. */
export interface SourceEntry {
  readonly kind: 'STREAM' | 'TABLE';
  readonly name: string;
  readonly schema: Schema;
  readonly topic: string;
  readonly keyFormat: SourceFormat;
  readonly valueFormat: SourceFormat;
  /** WRAP_SINGLE_VALUE as given, or null: shown as a feature. */
  readonly wrapSingleValue: boolean | null;
  /** Set when the key is windowed. */
  readonly keyWindow: SourceWindow | null;
  /** Column that gives event time, with its pattern for STRING columns. */
  readonly timestamp: { readonly column: string; readonly format: string | null } | null;
  /** `CREATE SOURCE ...`: read-only. */
  readonly isReadOnly: boolean;
  /** The persistent query that made it (CREATE ... AS), or null. */
  readonly createdBy: string | null;
  /** Canonical text of the statement that made it. */
  readonly statementText: string;
}

/** What a persistent query is there for. */
export type QueryOrigin = 'CREATE_AS' | 'INSERT_INTO' | 'SOURCE_TABLE';

/** A persistent query. `plan` is opaque here: the JSON text of a physical plan. */
export interface QueryEntry {
  readonly id: string;
  readonly origin: QueryOrigin;
  readonly statementText: string;
  /** The stream or table it writes to, or (SOURCE_TABLE) keeps. */
  readonly sink: string;
  readonly sinkTopic: string | null;
  /** Names of the streams and tables it reads. */
  readonly sources: readonly string[];
  readonly plan: string;
  readonly paused: boolean;
  /** Where it begins on partitions that it has no position for. Absent in entries of release 0.1.0, whose positions are written down. */
  readonly start?: 'earliest' | 'latest';
  /** Bytes of its write-behind cache as the session wished that made it; absent: as the configuration says. */
  readonly cacheBytes?: number;
}

/** The read side, for planning. A snapshot never changes. */
export interface Catalog {
  source(name: string): SourceEntry | null;
  sources(): readonly SourceEntry[];
  /** A custom type by its upper-cased name. */
  type(name: string): SqlType | null;
  types(): ReadonlyMap<string, SqlType>;
  query(id: string): QueryEntry | null;
  queries(): readonly QueryEntry[];
  /** Queries that read the source. */
  readersOf(name: string): readonly QueryEntry[];
  /** Queries that write to the source. */
  writersOf(name: string): readonly QueryEntry[];
}

/** The write side, for statement handlers only. Each call makes the next snapshot. */
export interface MutableCatalog extends Catalog {
  /** The present state; later changes do not show in it. */
  snapshot(): Catalog;
  /** Adds or replaces. */
  putSource(source: SourceEntry): void;
  removeSource(name: string): void;
  putType(name: string, type: SqlType): void;
  removeType(name: string): void;
  /** Adds or replaces. */
  putQuery(query: QueryEntry): void;
  removeQuery(id: string): void;
}
