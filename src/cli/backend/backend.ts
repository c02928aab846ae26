import type { Session } from '../../engine/engine.js';
import type { Entity } from '../../engine/entities.js';
import type { JsonValue } from '../../model/json-text.js';

/** A column of a result. */
export interface ColumnInfo {
  readonly name: string;
  /** The SQL type as text: `BIGINT`, `ARRAY<STRING>`. */
  readonly type: string;
}

/** A row of a result, numbers with all their digits. */
export interface RowInfo {
  readonly values: readonly JsonValue[];
  /** A deleted row of a table: all but the key is null. */
  readonly tombstone: boolean;
}

/** A SELECT that runs. Iterate `batches` once; it throws when the query fails. */
export interface RowsResult {
  readonly kind: 'rows';
  readonly columns: readonly ColumnInfo[];
  readonly batches: AsyncIterable<readonly RowInfo[]>;
  /** ksqlDB's closing words, known when `batches` has ended; null when there are none. */
  finalMessage(): string | null;
  close(): Promise<void>;
}

/** A PRINT that runs. */
export interface LinesResult {
  readonly kind: 'lines';
  readonly lines: AsyncIterable<readonly string[]>;
  close(): Promise<void>;
}

/** Names that a prompt can complete. */
export interface KnownNames {
  readonly sources: readonly string[];
  /** Columns, without the source they belong to. */
  readonly columns: readonly string[];
  readonly topics: readonly string[];
  readonly queries: readonly string[];
  readonly functions: readonly string[];
  readonly types: readonly string[];
  readonly properties: readonly string[];
}

/**
 * Where statements run: a server, or an engine in this process. The session stays with the caller: SET, UNSET, DEFINE and
 * UNDEFINE never arrive here. Errors are StatementError (the SQL) and SystemError (the service).
 */
export interface Backend {
  /** What to call it: a URL or a file. */
  readonly name: string;
  /** Who answers, in words. @throws SystemError when nobody does */
  version(): Promise<string>;
  /** Runs statements that return no rows, in order, as one request. */
  execute(text: string, session: Session): Promise<readonly Entity[]>;
  /** Starts one SELECT or PRINT. */
  query(text: string, session: Session): Promise<RowsResult | LinesResult>;
  /** The full name of a property that may be set. @throws StatementError that says why not */
  checkProperty(name: string, value: string): Promise<string>;
  names(): Promise<KnownNames>;
  /** Resolves when what was inserted so far has been processed, where that can be known. */
  settle(): Promise<void>;
  close(): Promise<void>;
}
