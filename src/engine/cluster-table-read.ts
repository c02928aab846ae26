import type { LookupRow } from '../executor/lookup.js';
import type { PullTablePlan } from '../planner/pull/pull-plan.js';
import type { QueryEnd, QueryHandle, ResultColumn, ResultRow } from './engine.js';
import { resultColumns, rowBatches } from './table-read.js';

/** A pull query over a table whose shards lie on several nodes: the rows of this one first, then those of the others as they come. */
export class ClusterTableRead implements QueryHandle {
  readonly kind = 'pull';
  readonly queryId: string;
  readonly columns: readonly ResultColumn[];
  readonly announcesCompletion = false;
  end: QueryEnd | null = null;
  readonly #limit: number;
  readonly #own: IterableIterator<LookupRow>;
  readonly #first: IteratorResult<LookupRow>;
  readonly #peers: readonly AsyncIterable<readonly LookupRow[]>[];
  readonly #abort: AbortController;

  /**
   * Reads the first row, so that a query which cannot run fails here.
   * @param abort ends the answers of the others
   */
  constructor(
    queryId: string,
    plan: PullTablePlan,
    own: IterableIterator<LookupRow>,
    peers: readonly AsyncIterable<readonly LookupRow[]>[],
    abort: AbortController,
  ) {
    this.queryId = queryId;
    this.columns = resultColumns(plan);
    this.#limit = plan.limit ?? Number.POSITIVE_INFINITY;
    this.#own = own;
    this.#peers = peers;
    this.#abort = abort;
    try {
      this.#first = own.next();
    } catch (error) {
      abort.abort();
      throw error;
    }
  }

  get batches(): AsyncIterable<readonly ResultRow[]> {
    return this.#batches();
  }

  async *#batches(): AsyncIterable<readonly ResultRow[]> {
    let left = this.#limit;
    try {
      for await (const rows of this.#all()) {
        if (this.end !== null) return;
        const batch = rows.slice(0, left);
        left -= batch.length;
        if (batch.length > 0)
          yield batch.map(({ values, timestamp }) => ({ values, tombstone: false, rowtime: timestamp }));
        if (left === 0) break;
      }
      this.end ??= 'completed';
    } catch (error) {
      if (this.end === null) throw error;
    } finally {
      await this.close();
    }
  }

  async *#all(): AsyncIterable<readonly LookupRow[]> {
    yield* rowBatches(beginningWith(this.#first, this.#own));
    for (const peer of this.#peers) yield* peer;
  }

  async close(): Promise<void> {
    this.end ??= 'closed';
    this.#own.return?.();
    this.#abort.abort();
  }
}

/** An iterator whose first result was taken already. */
export function* beginningWith(
  first: IteratorResult<LookupRow>,
  rest: IterableIterator<LookupRow>,
): IterableIterator<LookupRow> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}
