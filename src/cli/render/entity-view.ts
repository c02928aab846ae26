import type {
  Entity,
  EntityType,
  FieldInfo,
  QueryDescription,
  RunningQuery,
  SchemaInfo,
  SourceDescription,
} from '../../engine/entities.js';

/** What a person is shown of an answer: tables and texts, in this order. */
export type ViewBlock =
  | { readonly kind: 'table'; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'text'; readonly text: string };

type EntityOf<T extends EntityType> = Extract<Entity, { readonly '@type': T }>;

type Views = { readonly [T in EntityType]: (entity: EntityOf<T>) => readonly ViewBlock[] };

/** An answer as tables and texts, ksqlDB's columns and words. An answer of a kind that is not known here is shown as JSON. */
export function entityView(entity: Entity): readonly ViewBlock[] {
  const view = VIEWS[entity['@type']] as ((entity: Entity) => readonly ViewBlock[]) | undefined;
  const blocks = view === undefined ? [text(JSON.stringify(entity, null, 2))] : view(entity);
  const warnings = (entity.warnings ?? []).map((warning) => text(`WARNING: ${warning.message}`));
  return [...blocks, ...warnings];
}

const VIEWS: Views = {
  currentStatus: (entity) => [message(entity.commandStatus.message.split('\n')[0]!)],
  streams: (entity) => [sourceTable('Stream Name', entity.streams)],
  tables: (entity) => [sourceTable('Table Name', entity.tables)],
  queries: (entity) => [
    table(
      ['Query ID', 'Query Type', 'Status', 'Sink Name', 'Sink Kafka Topic', 'Query String'],
      entity.queries.map((query) => [
        query.id,
        query.queryType,
        statusText(query),
        query.sinks.join(','),
        query.sinkKafkaTopics.join(','),
        oneLine(query.queryString),
      ]),
    ),
    text('For detailed information on a Query run: EXPLAIN <Query ID>;'),
  ],
  query_descriptions: (entity) => entity.queryDescriptions.flatMap(queryBlocks),
  queryDescription: (entity) => queryBlocks(entity.queryDescription),
  sourceDescription: (entity) => sourceBlocks(entity.sourceDescription),
  source_descriptions: (entity) => entity.sourceDescriptions.flatMap(sourceBlocks),
  properties: (entity) => [
    table(
      ['Property', 'Scope', 'Default override', 'Effective Value'],
      entity.properties.map(({ name, scope, value }) => [
        name,
        scope ?? '',
        entity.overwrittenProperties.includes(name)
          ? 'SESSION'
          : entity.defaultProperties.includes(name)
            ? ''
            : 'SERVER',
        value ?? 'NULL',
      ]),
    ),
  ],
  kafka_topics: (entity) => [
    table(
      ['Kafka Topic', 'Partitions', 'Partition Replicas'],
      entity.topics.map(({ name, replicaInfo }) => [name, String(replicaInfo.length), replicas(replicaInfo)]),
    ),
  ],
  kafka_topics_extended: (entity) => [
    table(
      ['Kafka Topic', 'Partitions', 'Partition Replicas', 'Consumers', 'ConsumerGroups'],
      entity.topics.map(({ name, replicaInfo, consumerCount, consumerGroupCount }) => [
        name,
        String(replicaInfo.length),
        replicas(replicaInfo),
        String(consumerCount),
        String(consumerGroupCount),
      ]),
    ),
  ],
  function_names: (entity) => [
    table(
      ['Function Name', 'Category'],
      [...entity.functions]
        .sort((a, b) => compare(a.category, b.category) || compare(a.name, b.name))
        .map(({ name, category }) => [name, category]),
    ),
    text('For detailed information about a function, run: DESCRIBE FUNCTION <Function Name>;'),
  ],
  describe_function: functionBlocks,
  type_list: (entity) => [
    table(
      ['Type Name', 'Schema'],
      Object.entries(entity.types).map(([name, schema]) => [name, schemaText(schema)]),
    ),
  ],
  variables: (entity) => [
    table(
      ['Variable Name', 'Value'],
      entity.variables.map(({ name, value }) => [name, value]),
    ),
  ],
  warning_entity: (entity) => [message(entity.message)],
  terminate_query: (entity) => [
    message(entity.wasTerminated ? `Terminated query "${entity.queryId}"` : `Query "${entity.queryId}" does not run`),
  ],
  assert_schema: ({ subject, id, exists }) => {
    const named = [subject === null ? '' : ` subject name ${subject}`, id === null ? '' : ` id ${id}`].join('');
    return [text(`Schema with${named} ${exists ? 'exists' : 'does not exist'}.`)];
  },
  assert_topic: (entity) => [text(`Topic ${entity.topicName} ${entity.exists ? 'exists' : 'does not exist'}.`)],
};

function table(columns: readonly string[], rows: readonly (readonly string[])[]): ViewBlock {
  return { kind: 'table', columns, rows };
}

function text(value: string): ViewBlock {
  return { kind: 'text', text: value };
}

function message(value: string): ViewBlock {
  return table(['Message'], [[value]]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function oneLine(value: string): string {
  return value.replace(/\s*\n\s*/g, ' ');
}

function replicas(info: readonly number[]): string {
  return new Set(info).size <= 1 ? String(info[0] ?? 0) : info.join(',');
}

/** A state that ksqlDB has no word for stands in the place of the nearest that it has. */
function statusText({ statusCount, state, millraceState }: RunningQuery): string {
  if (millraceState !== undefined) return millraceState;
  const counts = Object.entries(statusCount ?? {}).map(([name, count]) => `${name}:${count}`);
  return counts.length === 0 ? state : counts.join(',');
}

function sourceTable(title: string, sources: EntityOf<'streams'>['streams'] | EntityOf<'tables'>['tables']): ViewBlock {
  return table(
    [title, 'Kafka Topic', 'Key Format', 'Value Format', 'Windowed'],
    sources.map((s) => [s.name, s.topic, s.keyFormat, s.valueFormat, String(s.isWindowed)]),
  );
}

const WRITTEN_TYPES: Readonly<Record<string, string>> = { STRING: 'VARCHAR(STRING)' };

/** A column's type as DESCRIBE shows it: `VARCHAR(STRING)`, `MAP<STRING, BIGINT>`, `STRUCT<a INTEGER, b DOUBLE>`. */
function schemaText(schema: SchemaInfo, nested = false): string {
  switch (schema.type) {
    case 'ARRAY':
      return `ARRAY<${schemaText(schema.memberSchema!, true)}>`;
    case 'MAP':
      return `MAP<STRING, ${schemaText(schema.memberSchema!, true)}>`;
    case 'STRUCT':
      return `STRUCT<${(schema.fields ?? []).map((f) => `${f.name} ${schemaText(f.schema, true)}`).join(', ')}>`;
    case 'DECIMAL': {
      const { precision, scale } = schema.parameters ?? {};
      return precision === undefined ? 'DECIMAL' : `DECIMAL(${precision}, ${scale})`;
    }
    default:
      return (nested ? undefined : WRITTEN_TYPES[schema.type]) ?? schema.type;
  }
}

function fieldRow({ name, schema, type, headerKey }: FieldInfo, source: SourceDescription | null): readonly string[] {
  const written = schemaText(schema);
  if (type === 'HEADER')
    return [name, `${written} ${headerKey === undefined ? '(headers)' : `(header('${headerKey}'))`}`];
  if (type !== 'KEY') return [name, written];
  const window = source?.windowType == null ? '' : ` (Window type: ${source.windowType})`;
  return [name, `${written} ${source?.type === 'TABLE' ? '(primary key)' : '(key)'}${window}`];
}

function fieldTable(fields: readonly FieldInfo[], source: SourceDescription | null): ViewBlock {
  return table(
    ['Field', 'Type'],
    fields.map((field) => fieldRow(field, source)),
  );
}

function labelled(pairs: readonly (readonly [label: string, value: string])[]): ViewBlock {
  return text(pairs.map(([label, value]) => `${label.padEnd(20)} : ${value}`).join('\n'));
}

function sourceBlocks(source: SourceDescription): ViewBlock[] {
  const fields = fieldTable(source.fields, source);
  if (!source.extended) {
    const hint = 'For runtime statistics and query details run: DESCRIBE <Stream,Table> EXTENDED;';
    return [labelled([['Name', source.name]]), fields, text(hint)];
  }
  const partitions = `(partitions: ${source.partitions}, replication: ${source.replication})`;
  const blocks: ViewBlock[] = [
    labelled([
      ['Name', source.name],
      ['Type', source.type],
      ['Timestamp field', source.timestamp === '' ? 'Not set - using <ROWTIME>' : source.timestamp],
      ['Key format', source.keyFormat],
      ['Value format', source.valueFormat],
      ['Kafka topic', `${source.topic} ${partitions}`],
      ['Statement', source.statement],
    ]),
    fields,
  ];
  if (source.sourceConstraints.length > 0) {
    blocks.push(text(`Sources that have a DROP constraint on this source:\n${source.sourceConstraints.join('\n')}`));
  }
  blocks.push(...queriesText(`Queries that read from this ${source.type}`, source.readQueries));
  blocks.push(...queriesText(`Queries that write from this ${source.type}`, source.writeQueries));
  const statistics = [source.statistics, source.errorStats].filter((part) => part !== '').join('\n');
  blocks.push(text(`Local runtime statistics\n------------------------\n${statistics}`));
  for (const { groupId, topicSummaries } of source.queryOffsetSummaries) {
    blocks.push(text(`Consumer group : ${groupId}`));
    for (const { kafkaTopic, offsets } of topicSummaries) {
      const lags = offsets.map((o) => o.logEndOffset - o.consumerOffset);
      blocks.push(
        text(`Kafka topic    : ${kafkaTopic}\nMax lag        : ${Math.max(0, ...lags)}`),
        table(
          ['Partition', 'Start Offset', 'End Offset', 'Offset', 'Lag'],
          offsets.map((o, i) =>
            [o.partition, o.logStartOffset, o.logEndOffset, o.consumerOffset, lags[i]!].map(String),
          ),
        ),
      );
    }
  }
  return blocks;
}

function queriesText(title: string, queries: readonly RunningQuery[]): ViewBlock[] {
  if (queries.length === 0) return [];
  const lines = queries.map(
    (query) => `${query.id} (${query.millraceState ?? query.state}) : ${oneLine(query.queryString)}`,
  );
  return [text(`${title}\n${'-'.repeat(title.length)}\n${lines.join('\n')}`)];
}

function queryBlocks(query: QueryDescription): ViewBlock[] {
  const state = query.millraceState ?? query.state;
  const blocks: ViewBlock[] = [
    labelled([
      ['ID', query.id],
      ['Query Type', query.queryType],
      ['SQL', oneLine(query.statementText)],
      ['Host Query Status', mapText(query.ksqlHostQueryStatus)],
      // A query that is only explained runs nowhere.
      ...(state === null ? [] : [['State', state] as const]),
    ]),
  ];
  if (query.fields.length > 0) blocks.push(fieldTable(query.fields, null));
  const lists = [
    ['Sources that this query reads from', query.sources],
    ['Sinks that this query writes to', query.sinks],
  ] as const;
  for (const [title, names] of lists) {
    if (names.length > 0) blocks.push(text(`${title}:\n${names.map((name) => `  ${name}`).join('\n')}`));
  }
  if (query.executionPlan !== '') blocks.push(text(`Execution plan\n--------------\n${query.executionPlan}`));
  if (query.topology !== '' && query.topology !== query.executionPlan) {
    blocks.push(text(`Processing topology\n-------------------\n${query.topology}`));
  }
  const overrides = Object.entries(query.overriddenProperties);
  if (overrides.length > 0) {
    blocks.push(
      text('Overridden Properties'),
      table(
        ['Property', 'Value'],
        overrides.map(([name, value]) => [name, String(value)]),
      ),
    );
  }
  for (const { timestamp, errorMessage, type } of query.queryErrors) {
    blocks.push(
      labelled([
        ['Error Date', new Date(timestamp).toISOString()],
        ['Error Details', errorMessage],
        ['Error Type', type],
      ]),
    );
  }
  return blocks;
}

function mapText(map: Readonly<Record<string, string>>): string {
  return `{${Object.entries(map)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}}`;
}

function functionBlocks(entity: EntityOf<'describe_function'>): ViewBlock[] {
  const pairs: [string, string][] = [
    ['Name', entity.name],
    ['Author', entity.author],
  ];
  if (entity.version !== '') pairs.push(['Version', entity.version]);
  pairs.push(['Overview', oneLine(entity.description)], ['Type', entity.type.toLowerCase()], ['Jar', entity.path]);
  const variations = entity.functions.map((variant) => {
    const given = variant.arguments.map(
      ({ name, type, isVariadic }) => `${name === '' ? '' : `${name} `}${type}${isVariadic ? '[]' : ''}`,
    );
    const lines = [`  Variation   : ${entity.name}(${given.join(', ')})`, `  Returns     : ${variant.returnType}`];
    if (variant.description !== '') lines.push(`  Description : ${oneLine(variant.description)}`);
    for (const { name, description } of variant.arguments) {
      if (description !== '') lines.push(`  ${name.padEnd(11)} : ${oneLine(description)}`);
    }
    return lines.join('\n');
  });
  return [labelled(pairs), text(`Variations :\n\n${variations.join('\n\n')}`)];
}
