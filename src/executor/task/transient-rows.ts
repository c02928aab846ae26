import type { SqlValue } from '../../model/value.js';
import type { TransientResult } from '../operators/operator.js';

/** A row of a transient query's result, kept. */
export interface TransientRow {
  readonly values: readonly SqlValue[];
  readonly tombstone: boolean;
  readonly timestamp: number;
}

/** Collects the result of a transient query, up to its LIMIT. */
export class TransientRows {
  #rows: TransientRow[] = [];
  #left: number;

  /** @param limit null: as many as there are */
  constructor(limit: number | null) {
    this.#left = limit ?? Number.POSITIVE_INFINITY;
  }

  add({ row, tombstone, timestamp }: TransientResult): void {
    if (this.#left <= 0) return;
    this.#left--;
    this.#rows.push({ values: row.slice(), tombstone, timestamp });
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
