import type { Row } from './value.js';

/** A header of a Kafka record. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** A window of event time in ms: `end` is exclusive for TUMBLING and HOPPING, inclusive (last record) for SESSION. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/**
 * What flows through stream operators. Instances are reused by their producer: a receiver that keeps one copies it.
 * `row` holds all columns by position, key columns first; null is a record whose value is null,
 * and then `key` still holds the key columns.
 */
export interface StreamRecord {
  key: Row;
  row: Row | null;
  /** Event time in ms. */
  timestamp: number;
  window: Window | null;
  headers: readonly RecordHeader[];
}

/**
 * What flows through table operators: the row of one key before and after. Null means absent.
 * Rows hold all columns by position, key columns first.
 */
export interface TableChange {
  key: Row;
  before: Row | null;
  after: Row | null;
  timestamp: number;
  window: Window | null;
  headers: readonly RecordHeader[];
}
