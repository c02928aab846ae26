import type { QueryStatus } from '../executor/thread/stream-thread.js';
import type { QueryStatistics } from './engine.js';

/** @param now in ms */
export function queryStatistics(status: QueryStatus, now: number): QueryStatistics {
  const { queryId, state, error, rowsIn, rowsOut, dropped, streamTime, positions, figures } = status;
  const lag = positions.reduce((sum, { end, offset }) => sum + Math.max(0, end - offset), 0);
  return {
    id: queryId,
    isPersistent: figures !== undefined,
    state,
    error,
    rowsIn,
    rowsOut,
    dropped,
    streamTime,
    lag,
    lagMs: lag === 0 ? 0 : streamTime === null ? null : Math.max(0, now - streamTime),
    figures: figures ?? null,
  };
}
