import { type Engine, type EngineStatistics, QUERY_STATES, type QueryStatistics } from '../../engine/engine.js';
import type { OpenStreams } from '../open-streams.js';
import { METRICS } from './definitions.js';
import { MetricsText } from './metrics-text.js';
import type { ServerFigures } from './server-figures.js';

/** What a page of metrics is made of. */
export interface MetricsSources {
  readonly engine: Engine;
  readonly figures: ServerFigures;
  readonly streams: OpenStreams;
}

/** Everything in {@link METRICS} that there is something to say of, in their order. */
export async function metricsPage(sources: MetricsSources): Promise<string> {
  const text = new MetricsText();
  await nodeMetrics(text, sources);
  const statistics = await statisticsOf(sources.engine);
  if (statistics !== null) engineMetrics(text, statistics);
  return text.toString();
}

/** Null when the engine does not answer any more: why is told by its health, and the node goes on being watched. */
async function statisticsOf(engine: Engine): Promise<EngineStatistics | null> {
  try {
    return await engine.statistics();
  } catch (error) {
    if ((await engine.health()).isHealthy) throw error;
    return null;
  }
}

async function nodeMetrics(text: MetricsText, { engine, figures, streams }: MetricsSources): Promise<void> {
  const { millraceVersion, serviceId } = engine.info();
  text.sample(METRICS.info, 1, millraceVersion, serviceId);
  for (const [check, { isHealthy }] of Object.entries((await engine.health()).details)) {
    text.sample(METRICS.healthy, isHealthy ? 1 : 0, check);
  }
  text.sample(METRICS.uptime, process.uptime());
  text.sample(METRICS.residentMemory, process.memoryUsage.rss());
  const delay = figures.eventLoopDelay.histogram();
  if (delay !== null) text.histogram(METRICS.eventLoopDelay, delay);
  const connections = figures.connections();
  if (connections !== null) text.sample(METRICS.httpConnections, connections);
  text.sample(METRICS.httpStreams, streams.size);
  for (const { route, status, count } of figures.requests()) {
    text.sample(METRICS.httpRequests, count, route, String(status));
  }
}

function engineMetrics(text: MetricsText, { pushQueries, queries }: EngineStatistics): void {
  text.sample(METRICS.pushQueries, pushQueries);
  // The ids of push queries are always new: as labels they would be without end.
  const persistent = queries.filter(({ isPersistent }) => isPersistent);
  const each = (write: (query: QueryStatistics, figures: NonNullable<QueryStatistics['figures']>) => void): void => {
    for (const query of persistent) if (query.figures !== null) write(query, query.figures);
  };
  each(({ id, state }) => {
    for (const one of QUERY_STATES) text.sample(METRICS.queryState, one === state ? 1 : 0, id, one);
  });
  each(({ id }, { tasks }) => text.sample(METRICS.queryTasks, tasks, id));
  each(({ id, rowsIn }) => text.sample(METRICS.queryRowsIn, rowsIn, id));
  each(({ id, rowsOut }) => text.sample(METRICS.queryRowsOut, rowsOut, id));
  each(({ id, dropped }) => {
    for (const [reason, count] of Object.entries(dropped)) text.sample(METRICS.queryDropped, count, id, reason);
  });
  each(({ id, lag }) => text.sample(METRICS.queryLagRecords, lag, id));
  each(({ id, lagMs }) => {
    if (lagMs !== null) text.sample(METRICS.queryLagSeconds, lagMs / 1000, id);
  });
  each(({ id, streamTime }) => {
    if (streamTime !== null) text.sample(METRICS.queryStreamTime, streamTime / 1000, id);
  });
  each(({ id }, { commits: { count, seconds } }) => text.summary(METRICS.queryCommit, { sum: seconds, count }, id));
  each(({ id }, { commits }) => text.sample(METRICS.queryCommitMax, commits.secondsGreatest, id));
  each(({ id }, { restore }) => {
    if (restore !== null) text.sample(METRICS.queryRestoreTarget, restore.total, id);
  });
  each(({ id }, { restore }) => {
    if (restore !== null) text.sample(METRICS.queryRestored, restore.applied, id);
  });
  each(({ id }, { changelog }) => {
    if (changelog !== null) text.sample(METRICS.queryChangelogRecords, changelog.records, id);
  });
  each(({ id }, { changelog }) => {
    if (changelog !== null) text.sample(METRICS.queryChangelogBytes, changelog.bytes, id);
  });
}
