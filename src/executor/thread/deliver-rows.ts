import type { ManagedQuery, QuerySet } from './query-set.js';
import type { ThreadEvent } from './stream-thread.js';

const ROWS_PER_EVENT = 500;

/** Sends the rows that transient queries have produced, and ends those that are through. */
export function deliverRows(queries: QuerySet, emit: (event: ThreadEvent) => void): void {
  for (const query of queries.running()) {
    const { rows, runner } = query;
    if (rows === null || runner === null) continue;
    let completed = false;
    if (query.options.bounded && !rows.full && runner.idle) {
      try {
        runner.flushCaches();
      } catch (error) {
        queries.fail(query, error);
        continue;
      }
      completed = runner.idle;
    }
    sendRows(query, emit);
    if (!rows.full && !completed) continue;
    queries.remove(query);
    emit({ kind: 'ended', queryId: query.id, reason: rows.full ? 'limit' : 'completed', error: null });
  }
}

/** Emits what the caches of a transient query hold back; it keeps nothing. */
export function flushTransient(query: ManagedQuery, queries: QuerySet, emit: (event: ThreadEvent) => void): void {
  try {
    query.runner!.flushCaches();
    query.runner!.committed([]);
    sendRows(query, emit);
  } catch (error) {
    queries.fail(query, error);
  }
}

function sendRows(query: ManagedQuery, emit: (event: ThreadEvent) => void): void {
  const rows = query.rows!.take();
  for (let at = 0; at < rows.length; at += ROWS_PER_EVENT) {
    emit({ kind: 'rows', queryId: query.id, rows: rows.slice(at, at + ROWS_PER_EVENT) });
  }
}
