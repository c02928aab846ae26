import type { PipelineSink } from '../operators/operator.js';

/** A result row of a transient query: values in JSON-safe form are made by the receiver. */
export interface TransientRow {
  readonly values: readonly unknown[];
  readonly tombstone: boolean;
  readonly timestamp: number;
}

/** Collects the result of a transient query, up to its LIMIT. */
export class TransientRows implements PipelineSink {
  #rows: TransientRow[] = [];
  #left: number;

  /** @param limit null: as many as there are */
  constructor(limit: number | null) {
    this.#left = limit ?? Number.POSITIVE_INFINITY;
  }

  row(record: { readonly row: readonly unknown[]; readonly tombstone: boolean; readonly timestamp: number }): void {
    if (this.#left <= 0) return;
    this.#left--;
    this.#rows.push({
      values: record.row.slice(),
      tombstone: record.tombstone,
      timestamp: record.timestamp,
    });
  }

  /** Whether the LIMIT has been reached. */
  get full(): boolean {
    return this.#left <= 0;
  }

  get waiting(): number {
    return this.#rows.length;
  }

  take(): readonly TransientRow[] {
    const taken = this.#rows;
    this.#rows = [];
    return taken;
  }
}
