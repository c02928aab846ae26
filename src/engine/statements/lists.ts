import type { ListQueries, ListSources, ListTopics } from '../../parser/ast.js';
import { queryDescription, queryStatuses, runningQuery, sourceDescription, sourceListItem } from '../describe.js';
import { type Entity, type PropertyItem, type RunningQuery, schemaInfo } from '../entities.js';
import { SETTINGS, type SettingDefinition } from '../settings.js';
import type { StatementContext } from './handler.js';

const INTERNAL_TOPIC = /^(_confluent|__)/;

export async function listSources(statement: ListSources, context: StatementContext): Promise<Entity> {
  const { core } = context;
  const base = { statementText: context.text, warnings: [] };
  const sources = core.catalog
    .sources()
    .filter((s) => s.kind === statement.sourceKind)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (statement.extended) {
    await core.parts.log.refresh();
    const statuses = await queryStatuses(core);
    return {
      '@type': 'source_descriptions',
      ...base,
      sourceDescriptions: await Promise.all(sources.map((s) => sourceDescription(s, true, core, statuses))),
    };
  }
  const items = sources.map(sourceListItem);
  return statement.sourceKind === 'STREAM'
    ? { '@type': 'streams', ...base, streams: items }
    : { '@type': 'tables', ...base, tables: items };
}

export async function listTopics(statement: ListTopics, context: StatementContext): Promise<Entity> {
  const { core } = context;
  await core.parts.log.refresh();
  const topics = core.parts.log
    .listTopics()
    .filter((t) => statement.all || !INTERNAL_TOPIC.test(t.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const base = { statementText: context.text, warnings: [] };
  const replicaInfo = (t: (typeof topics)[number]): number[] => new Array<number>(t.partitions).fill(t.replicas);
  if (!statement.extended) {
    return {
      '@type': 'kafka_topics',
      ...base,
      topics: topics.map((t) => ({ name: t.name, replicaInfo: replicaInfo(t) })),
    };
  }
  const readers = (topic: string): number =>
    core.catalog.queries().filter((q) => q.sources.some((s) => core.catalog.source(s)?.topic === topic)).length;
  return {
    '@type': 'kafka_topics_extended',
    ...base,
    topics: topics.map((t) => ({
      name: t.name,
      replicaInfo: replicaInfo(t),
      consumerCount: readers(t.name) * t.partitions,
      consumerGroupCount: readers(t.name),
    })),
  };
}

export async function listQueries(statement: ListQueries, context: StatementContext): Promise<Entity> {
  const { core } = context;
  const statuses = await queryStatuses(core);
  const queries = core.catalog.queries();
  const base = { statementText: context.text, warnings: [] };
  if (statement.extended) {
    return {
      '@type': 'query_descriptions',
      ...base,
      queryDescriptions: queries.map((q) => queryDescription(q, core, statuses)),
    };
  }
  const push = context.pushQueries.list().map(
    ({ queryId, text }): RunningQuery => ({
      queryString: text,
      sinks: [],
      sinkKafkaTopics: [],
      id: queryId,
      statusCount: { RUNNING: 1 },
      queryType: 'PUSH',
      state: 'RUNNING',
    }),
  );
  return { '@type': 'queries', ...base, queries: [...queries.map((q) => runningQuery(q, statuses)), ...push] };
}

export function listFunctions(context: StatementContext): Entity {
  return {
    '@type': 'function_names',
    statementText: context.text,
    warnings: [],
    functions: context.core.parts.functions.all().map((f) => ({
      name: f.name,
      type: f.kind.toUpperCase(),
      category: f.category.toUpperCase(),
    })),
  };
}

export function listTypes(context: StatementContext): Entity {
  const types = [...context.core.catalog.types()].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    '@type': 'type_list',
    statementText: context.text,
    warnings: [],
    types: Object.fromEntries(types.map(([name, type]) => [name, schemaInfo(type)])),
  };
}

export function listProperties(context: StatementContext): Entity {
  const { settings } = context.core.parts;
  const overrides = context.session.properties;
  const properties = SETTINGS.map(
    (s): PropertyItem => ({
      name: s.name,
      scope: 'KSQL',
      value: shown(s, settings.get(s.name, overrides)),
      editable: s.level === 'QUERY',
      level: s.level,
    }),
  );
  return {
    '@type': 'properties',
    statementText: context.text,
    warnings: [],
    properties,
    overwrittenProperties: [...overrides.keys()],
    defaultProperties: SETTINGS.filter((s) => !overrides.has(s.name) && !settings.configured.has(s.name)).map(
      (s) => s.name,
    ),
  };
}

/** Secrets are not: Kafka's word for them stands there. */
function shown({ secret }: SettingDefinition, value: string | null): string | null {
  return secret && value !== null && value !== '' ? '[hidden]' : value;
}

export function listVariables(context: StatementContext): Entity {
  return {
    '@type': 'variables',
    statementText: context.text,
    warnings: [],
    variables: [...context.session.variables].map(([name, value]) => ({ name, value })),
  };
}
