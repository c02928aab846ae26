import type { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';
import type { Loaded, Query } from './workload.js';

/** Sees every committed record of an output, and knows how much of the input they account for. */
export interface OutputCheck {
  readonly show: (cursor: RecordBatchCursor) => void;
  /** Rows accounted for, of `expected`. */
  readonly found: number;
  readonly expected: number;
}

export function outputCheck(query: Query, loaded: Loaded): OutputCheck {
  return query === 'count' || query === 'recount' ? new CountCheck(loaded.rows) : new RowCheck(loaded.kept);
}

/** One record an output row. */
class RowCheck implements OutputCheck {
  found = 0;

  constructor(readonly expected: number) {}

  readonly show = (): void => {
    this.found++;
  };
}

/** The last count of each key and window; together they are the rows of the input. */
class CountCheck implements OutputCheck {
  found = 0;
  readonly #counts = new Map<string, number>();

  constructor(readonly expected: number) {}

  readonly show = ({ bytes, keyStart, keyEnd, valueStart, valueEnd }: RecordBatchCursor): void => {
    const key = bytes.toString('latin1', keyStart, keyEnd);
    const count = Number(/^\{"N":(\d+)\}$/.exec(bytes.toString('latin1', valueStart, valueEnd))?.[1]);
    if (Number.isNaN(count)) throw new Error(`no count: ${bytes.toString('latin1', valueStart, valueEnd)}`);
    this.found += count - (this.#counts.get(key) ?? 0);
    this.#counts.set(key, count);
  };
}
