import { QUERY_STATES } from '../../engine/engine.js';

/** One family of metrics: `/metrics` and the page that lists them say of it what is said here. */
export interface Metric {
  /** With its unit at the end, before `_total` of a counter. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary' | 'histogram';
  /** Names of the labels, in the order in which samples give their values. */
  readonly labels: readonly string[];
  readonly help: string;
}

function define(type: Metric['type'], name: string, labels: readonly string[], help: string): Metric {
  return { name: `millrace_${name}`, type, labels, help };
}

const QUERY = ['query_id'];

/** Everything that `/metrics` tells, in its order. */
export const METRICS = {
  info: define('gauge', 'info', ['version', 'service_id'], 'Always 1; the labels say who answers.'),
  healthy: define(
    'gauge',
    'healthy',
    ['check'],
    'Whether a check of /healthcheck is well: 1 or 0. When a check fails because the engine does not work any more, figures of queries are missing.',
  ),
  uptime: define('gauge', 'uptime_seconds', [], 'How long the process has run.'),
  residentMemory: define(
    'gauge',
    'resident_memory_bytes',
    [],
    'Memory of the process that is in RAM, all threads together.',
  ),
  eventLoopDelay: define(
    'histogram',
    'event_loop_delay_seconds',
    [],
    'How late timers of the main thread are, looked at 20 times a second: what requests wait before anything is done about them.',
  ),
  httpConnections: define('gauge', 'http_connections', [], 'Connections of clients that are open, idle ones included.'),
  httpStreams: define(
    'gauge',
    'http_streams',
    [],
    'Responses that are under way and have no known end: queries, PRINT, /inserts-stream.',
  ),
  httpRequests: define(
    'counter',
    'http_requests_total',
    ['route', 'status'],
    'Requests by the endpoint and the status of the answer, counted when the answer begins. Route other: no endpoint was reached.',
  ),
  pushQueries: define('gauge', 'push_queries', [], 'Push queries that are open, and pull queries over streams.'),
  queryState: define(
    'gauge',
    'query_state',
    ['query_id', 'state'],
    `1 for the state that a persistent query is in, 0 for the others: ${QUERY_STATES.join(', ')}.`,
  ),
  queryTasks: define('gauge', 'query_tasks', QUERY, 'Tasks of the query that run on this node.'),
  queryRowsIn: define('counter', 'query_rows_in_total', QUERY, 'Records that the query has processed.'),
  queryRowsOut: define('counter', 'query_rows_out_total', QUERY, 'Records that the query has written to its sink.'),
  queryDropped: define(
    'counter',
    'query_dropped_records_total',
    ['query_id', 'reason'],
    'Records that were given up, by reason; each is in KSQL_PROCESSING_LOG.',
  ),
  queryLagRecords: define(
    'gauge',
    'query_lag_records',
    QUERY,
    'Offsets in the inputs that are not yet processed and committed.',
  ),
  queryLagSeconds: define(
    'gauge',
    'query_lag_seconds',
    QUERY,
    'How far stream time, the greatest event time that was read, is behind the clock while there are unread records; 0 when there are none. It is not the age of the oldest unread record: with old data it is great although the query keeps up with the input. Missing before the first record.',
  ),
  queryStreamTime: define(
    'gauge',
    'query_stream_time_seconds',
    QUERY,
    'The greatest event time that the query has read, in seconds since 1970. Missing before the first record.',
  ),
  queryCommit: define(
    'summary',
    'query_commit_seconds',
    QUERY,
    'Commits that held effects of the query, and how long they took. Queries that share a commit are each told all of its time.',
  ),
  queryCommitMax: define(
    'gauge',
    'query_commit_max_seconds',
    QUERY,
    'The longest commit of the last 30 to 60 seconds; 0 when there was none.',
  ),
  queryRestoreTarget: define(
    'gauge',
    'query_restore_target_records',
    QUERY,
    'Records of the changelog that have to be applied before the tasks on this node can run. Missing where state is never restored.',
  ),
  queryRestored: define(
    'gauge',
    'query_restored_records',
    QUERY,
    'Those of query_restore_target_records that have been applied.',
  ),
  queryChangelogRecords: define(
    'counter',
    'query_changelog_records_total',
    QUERY,
    'Records written to the changelog of the query. Missing where there is no changelog.',
  ),
  queryChangelogBytes: define(
    'counter',
    'query_changelog_bytes_total',
    QUERY,
    'Bytes written to the changelog of the query. Missing where there is no changelog.',
  ),
} as const satisfies Readonly<Record<string, Metric>>;
