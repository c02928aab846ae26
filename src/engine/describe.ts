import type { QueryEntry, SourceEntry } from '../catalog/catalog.js';
import type { QueryState, QueryStatus } from '../executor/thread/stream-thread.js';
import { unreachable } from '../model/errors.js';
import type { Column } from '../model/schema.js';
import { formatTimestamp } from '../model/temporal-text.js';
import { explainPlan } from '../planner/explain.js';
import { queryPrefix } from '../planner/physical/internal-names.js';
import type { PhysicalPlan } from '../planner/physical/physical-plan.js';
import type { EngineCore } from './engine-core.js';
import {
  type ExtendedQueryState,
  type FieldInfo,
  type QueryDescription,
  type RunningQuery,
  type SourceDescription,
  type SourceListItem,
  schemaInfo,
} from './entities.js';
import { settingNamed } from './settings.js';

export function fieldInfo(column: Column): FieldInfo {
  const base = { name: column.name, schema: schemaInfo(column.type) };
  if (column.role === 'key') return { ...base, type: 'KEY' };
  if (column.role === 'headers') {
    return column.headerKey === undefined
      ? { ...base, type: 'HEADER' }
      : { ...base, type: 'HEADER', headerKey: column.headerKey };
  }
  return base;
}

export function sourceListItem(entry: SourceEntry): SourceListItem {
  return {
    type: entry.kind,
    name: entry.name,
    topic: entry.topic,
    keyFormat: entry.keyFormat.name,
    valueFormat: entry.valueFormat.name,
    isWindowed: entry.keyWindow !== null,
  };
}

/** What the engine says of its running queries, by id. */
export async function queryStatuses(core: EngineCore): Promise<ReadonlyMap<string, QueryStatus>> {
  return new Map((await core.parts.thread.status()).map((s) => [s.queryId, s]));
}

/** How a query is doing, in ksqlDB's words and where they do not do in ours. */
interface ShownState {
  /** One of those that ksqlDB's clients know: RUNNING, ERROR, PAUSED. */
  readonly status: 'RUNNING' | 'ERROR' | 'PAUSED';
  /** As EXPLAIN shows it in ksqlDB: a query that restores is REBALANCING there. */
  readonly state: string;
  readonly more: { readonly millraceState?: ExtendedQueryState };
}

function shownState(state: QueryState): ShownState {
  switch (state) {
    case 'RUNNING':
    case 'PAUSED':
    case 'ERROR':
      return { status: state, state, more: {} };
    case 'RESTORING':
      return { status: 'RUNNING', state: 'REBALANCING', more: { millraceState: state } };
    case 'UNASSIGNED':
      return { status: 'RUNNING', state: 'RUNNING', more: { millraceState: state } };
    default:
      return unreachable(state);
  }
}

export function runningQuery(query: QueryEntry, statuses: ReadonlyMap<string, QueryStatus>): RunningQuery {
  const { status, more } = shownState(statuses.get(query.id)?.state ?? 'ERROR');
  return {
    queryString: query.statementText,
    sinks: query.sinkTopic === null ? [] : [query.sink],
    sinkKafkaTopics: query.sinkTopic === null ? [] : [query.sinkTopic],
    id: query.id,
    statusCount: { [status]: 1 },
    queryType: 'PERSISTENT',
    state: status === 'ERROR' ? 'ERROR' : 'RUNNING',
    ...more,
  };
}

function consumerGroup(core: EngineCore, queryId: string): string {
  return queryPrefix(core.serviceId, queryId);
}

export function queryDescription(
  query: QueryEntry,
  core: EngineCore,
  statuses: ReadonlyMap<string, QueryStatus>,
): QueryDescription {
  const plan = JSON.parse(query.plan) as PhysicalPlan;
  const status = statuses.get(query.id);
  const shown = shownState(status?.state ?? 'ERROR');
  const sink = core.catalog.source(query.sink);
  const text = explainPlan(plan);
  const partitions = [...new Set(status?.positions.map((p) => p.partition) ?? [])].sort((a, b) => a - b);
  return {
    id: query.id,
    statementText: query.statementText,
    windowType: sink?.keyWindow?.kind ?? null,
    fields: plan.schema.columns.map(fieldInfo),
    sources: query.sources,
    sinks: query.sinkTopic === null ? [] : [query.sink],
    topology: text,
    executionPlan: text,
    overriddenProperties: Object.fromEntries(
      Object.entries(plan.settings).filter(([name, value]) => settingNamed(name)?.default !== value),
    ),
    ksqlHostQueryStatus: { 'localhost:0': shown.status },
    queryType: 'PERSISTENT',
    queryErrors:
      status === undefined || status.error === null
        ? []
        : [{ timestamp: core.parts.clock.now(), errorMessage: status.error, type: 'SYSTEM' }],
    tasksMetadata: partitions.map((partition) => ({
      taskId: `0_${partition}`,
      topicOffsets: status!.positions
        .filter((p) => p.partition === partition)
        .map((p) => ({
          topicPartitionEntity: { topic: p.topic, partition: p.partition },
          endOffset: p.end,
          committedOffset: p.offset,
        })),
      timeCurrentIdlingStarted: null,
    })),
    consumerGroupId: consumerGroup(core, query.id),
    state: shown.state,
    ...shown.more,
  };
}

/** The topic as of the last refresh of the log. */
export async function sourceDescription(
  entry: SourceEntry,
  extended: boolean,
  core: EngineCore,
  statuses: ReadonlyMap<string, QueryStatus>,
): Promise<SourceDescription> {
  const topic = core.parts.log.describeTopic(entry.topic);
  const readers = core.catalog.readersOf(entry.name);
  const writers = core.catalog.writersOf(entry.name);
  return {
    name: entry.name,
    windowType: entry.keyWindow?.kind ?? null,
    readQueries: readers.map((q) => runningQuery(q, statuses)),
    writeQueries: writers.map((q) => runningQuery(q, statuses)),
    fields: entry.schema.columns.map(fieldInfo),
    type: entry.kind,
    timestamp: entry.timestamp?.column ?? '',
    statistics: extended ? await statistics(entry, core, statuses) : '',
    errorStats: extended ? errorStatistics(readers, statuses) : '',
    extended,
    keyFormat: entry.keyFormat.name,
    valueFormat: entry.valueFormat.name,
    topic: entry.topic,
    partitions: topic?.partitions ?? 0,
    replication: topic?.replicas ?? 0,
    statement: entry.statementText,
    queryOffsetSummaries: extended ? await offsetSummaries([...readers, ...writers], core, statuses) : [],
    sourceConstraints: readers.filter((q) => q.origin === 'CREATE_AS').map((q) => q.sink),
    clusterStatistics: [],
    clusterErrorStats: [],
  };
}

async function statistics(
  entry: SourceEntry,
  core: EngineCore,
  statuses: ReadonlyMap<string, QueryStatus>,
): Promise<string> {
  const { log } = core.parts;
  const partitions = log.describeTopic(entry.topic)?.partitions ?? 0;
  const ranges = await Promise.all(Array.from({ length: partitions }, (_, p) => log.offsets(entry.topic, p)));
  const messages = ranges.reduce((sum, { end }) => sum + end, 0);
  const streamTimes = core.catalog
    .readersOf(entry.name)
    .flatMap((query) =>
      (statuses.get(query.id)?.positions ?? [])
        .filter((p) => p.topic === entry.topic && p.streamTime !== null)
        .map((p) => `${query.id} partition ${p.partition} stream time: ${formatTimestamp(p.streamTime!)}Z`),
    );
  return [`total-messages: ${String(messages).padStart(10)}`, ...streamTimes].join('\n');
}

function errorStatistics(readers: readonly QueryEntry[], statuses: ReadonlyMap<string, QueryStatus>): string {
  return readers
    .flatMap((q) => Object.entries(statuses.get(q.id)?.dropped ?? {}).map(([reason, n]) => `${q.id} ${reason}: ${n}`))
    .join('\n');
}

function offsetSummaries(
  queries: readonly QueryEntry[],
  core: EngineCore,
  statuses: ReadonlyMap<string, QueryStatus>,
): Promise<SourceDescription['queryOffsetSummaries']> {
  return Promise.all(
    queries.map(async (query) => {
      const positions = statuses.get(query.id)?.positions ?? [];
      const topics = [...new Set(positions.map((p) => p.topic))];
      return {
        groupId: consumerGroup(core, query.id),
        topicSummaries: await Promise.all(
          topics.map(async (topic) => ({
            kafkaTopic: topic,
            offsets: await Promise.all(
              positions
                .filter((p) => p.topic === topic)
                .map(async (p) => ({
                  partition: p.partition,
                  logStartOffset: (await core.parts.log.offsets(topic, p.partition)).start,
                  logEndOffset: p.end,
                  consumerOffset: p.offset,
                })),
            ),
          })),
        ),
      };
    }),
  );
}
