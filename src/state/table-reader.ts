import type { Row, SqlValue } from '../model/value.js';
import type { StoreSpec } from './state-store.js';

/** A range of one number: both ends inclusive; null is open. */
export interface NumberRange {
  readonly from: number | null;
  readonly to: number | null;
}

/** What to read of one committed store. */
export interface TableRead {
  readonly queryId: string;
  readonly store: StoreSpec;
  /** Look these keys up, in this order; null means all keys. */
  readonly keys: readonly Row[] | null;
  /** For a scan: bounds on a single-column key's value; ends inclusive or not. */
  readonly keyRange: {
    readonly from: { readonly value: SqlValue; readonly inclusive: boolean } | null;
    readonly to: { readonly value: SqlValue; readonly inclusive: boolean } | null;
  } | null;
  readonly windowStart: NumberRange | null;
  readonly windowEnd: NumberRange | null;
  /** Which value columns are needed, by position; others come back as null. Null means all. */
  readonly columns: readonly number[] | null;
  /** Only rows for which this holds; called once a row inside SQLite, so that a scan can be stopped. */
  readonly where: ((row: TableRow) => boolean) | null;
  /** At most this many rows that pass `where`. */
  readonly limit: number | null;
}

export interface TableRow {
  readonly key: Row;
  /** Zero when the store has no windows. */
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly row: Row;
  readonly timestamp: number;
}

/** Reads of committed tables, for pull queries: never goes through a task. */
export interface TableReader {
  /** Rows in key-lookup order, or by window start and key for scans. A store that does not exist yet has no rows. */
  read(request: TableRead): IterableIterator<TableRow>;
  close(): void;
}
