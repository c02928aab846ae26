import type { LookupRow } from '../executor/lookup.js';
import type { PullTablePlan } from '../planner/pull/pull-plan.js';
import type { QueryEnd, QueryHandle, ResultColumn, ResultRow } from './engine.js';

/** Rows that are read and handed over at a time. */
const ROWS_PER_BATCH = 500;

/** A pull query over a table: reads a batch whenever one is taken, so that other work gets its turn between. */
export class TableRead implements QueryHandle {
  readonly kind = 'pull';
  readonly queryId: string;
  readonly columns: readonly ResultColumn[];
  readonly announcesCompletion = false;
  end: QueryEnd | null = null;
  readonly #rows: IterableIterator<LookupRow>;
  readonly #first: IteratorResult<LookupRow>;

  /** Reads the first row, so that a query which cannot run fails here. */
  constructor(queryId: string, plan: PullTablePlan, rows: IterableIterator<LookupRow>) {
    this.queryId = queryId;
    this.columns = resultColumns(plan);
    this.#rows = rows;
    this.#first = rows.next();
  }

  get batches(): AsyncIterable<readonly ResultRow[]> {
    return this.#batches();
  }

  async *#batches(): AsyncIterable<readonly ResultRow[]> {
    try {
      let next = this.#first;
      while (!next.done && this.end === null) {
        const batch: ResultRow[] = [];
        for (; !next.done && batch.length < ROWS_PER_BATCH; next = this.#rows.next()) {
          batch.push({ values: next.value.values, tombstone: false, rowtime: next.value.timestamp });
        }
        yield batch;
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.end ??= 'completed';
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.end ??= 'closed';
    this.#rows.return?.();
  }
}

export function resultColumns(plan: PullTablePlan): readonly ResultColumn[] {
  return plan.schema.columns.map((c) => ({ name: c.name, type: c.type, isKey: c.role === 'key' }));
}

/** Rows a batch at a time, so that other work gets its turn between. */
export async function* rowBatches(rows: IterableIterator<LookupRow>): AsyncIterable<readonly LookupRow[]> {
  for (let next = rows.next(); !next.done; ) {
    const batch: LookupRow[] = [];
    for (; !next.done && batch.length < ROWS_PER_BATCH; next = rows.next()) batch.push(next.value);
    yield batch;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
