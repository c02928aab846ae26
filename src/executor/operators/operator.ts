import type { RecordErrorReason } from '../../model/errors.js';
import type { RecordHeader, StreamRecord, TableChange, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';

/**
 * Takes stream records. Everything is borrowed for the length of the call: the record, its key and its row arrays. A
 * receiver that keeps one copies it. The values in a row are never changed by anyone.
 */
export interface StreamOutput {
  stream(record: StreamRecord): void;
}

/** Takes table changes. The change, its key and its rows are borrowed as those of {@link StreamOutput} are. */
export interface TableOutput {
  change(change: TableChange): void;
}

/**
 * What a receiver of table changes wants to know of the row before, in ascending order: nothing (`before` may be anything);
 * whether there was one (`before` is null or not, its columns mean nothing); the row itself. Nobody computes more than is wanted.
 */
export type BeforeImage = 'none' | 'presence' | 'row';

/** One row of a table as it stands. Borrowed until the next call. */
export interface TableRow {
  readonly row: Row;
  /** Event time in ms of the row's latest contribution. */
  readonly timestamp: number;
}

/** The content of a table, for those who join with it. Keys are complete: none of their columns is missing. */
export interface TableView {
  /** The row of a key as it stands, or null. Sees updates that caching still holds back. */
  lookup(key: Row, window: Window | null): TableRow | null;
  /**
   * The row of a key as the table's changes have told it so far, or null: without what caching holds back. Two tables that are joined see
   * each other like this, or a change would be counted twice, once in the row it meets and once by itself. Asks for the
   * before image `row`. The timestamp may be that of an update held back.
   */
  shown(key: Row, window: Window | null): TableRow | null;
}

/** The view of changes on their way into an aggregate, re-keyed or repartitioned: they are no table that anybody joins with. */
export const NO_VIEW: TableView = {
  lookup: () => null,
  shown: () => null,
};

/** Stands for a row whose columns nobody reads. */
export const SOME_ROW: Row = [];

/** Where one record went wrong. */
export interface RecordErrorReport {
  readonly reason: RecordErrorReason;
  /** Path of the step: `KsqlTopic/Source`, `Project`. */
  readonly step: string;
  readonly message: string;
  readonly target: 'key' | 'value' | null;
  readonly topic: string | null;
  readonly partition: number;
  readonly offset: number;
}

/** One result of a transient query: a row, or a tombstone (table results) with the key columns set. Borrowed for the call. */
export interface TransientResult {
  readonly row: Row;
  readonly tombstone: boolean;
  /** Event time in ms. */
  readonly timestamp: number;
}

export const NO_HEADERS: readonly RecordHeader[] = [];

/** Whether a record has no key: it has key columns and all of them are null. */
export function isNullKey(key: Row): boolean {
  if (key.length === 0) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== null) return false;
  return true;
}
