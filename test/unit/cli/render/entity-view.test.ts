import { expect, test } from 'vitest';
import { entitiesText } from '../../../../src/cli/render/entities.js';
import { PLAIN } from '../../../../src/cli/render/palette.js';
import { openEngine } from '../../../../src/engine/create-engine.js';
import type { Entity, QueryDescription, RunningQuery } from '../../../../src/engine/entities.js';

const STYLE = { wrap: true, columnWidth: 0, columns: null };

const show = (entities: readonly Entity[], format: 'table' | 'csv' = 'table'): string =>
  entitiesText(format, entities, STYLE, PLAIN.bold);

test('answers of an engine in the layout of ksqlDB', async () => {
  const engine = await openEngine();
  try {
    const made = await engine.execute(
      `CREATE STREAM s (k STRING KEY, a ARRAY<STRING>, st STRUCT<x INT, y DECIMAL(4, 2)>, h BYTES HEADER('h'))
         WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
       CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY k EMIT CHANGES;`,
    );
    expect(show(made.slice(0, 1))).toBe(' Message\n----------------\n Stream created\n');
    expect(show(await engine.execute('DESCRIBE s;'))).toBe(
      [
        'Name                 : S',
        '',
        ' Field | Type',
        '-------+------------------------------------',
        ' K     | VARCHAR(STRING) (key)',
        ' A     | ARRAY<STRING>',
        ' ST    | STRUCT<X INTEGER, Y DECIMAL(4, 2)>',
        " H     | BYTES (header('h'))",
        '',
        'For runtime statistics and query details run: DESCRIBE <Stream,Table> EXTENDED;',
        '',
      ].join('\n'),
    );
    expect(show(await engine.execute('DESCRIBE t;'))).toContain(
      'VARCHAR(STRING) (primary key) (Window type: TUMBLING)',
    );
    const extended = show(await engine.execute('DESCRIBE t EXTENDED;'));
    for (const part of ['Queries that write from this TABLE', 'Consumer group', 'Partition | Start Offset']) {
      expect(extended).toContain(part);
    }
    expect(show(await engine.execute('SHOW QUERIES;'))).toMatch(/RUNNING:1 .* For detailed|RUNNING:1/s);
    expect(show(await engine.execute('EXPLAIN CTAS_T_2;'))).toContain('Execution plan\n--------------\n');
    expect(show(await engine.execute('SHOW TABLES;'), 'csv')).toBe(
      'Table Name,Kafka Topic,Key Format,Value Format,Windowed\nT,T,KAFKA,JSON,true\n',
    );
    expect(show(await engine.execute('DESCRIBE FUNCTION abs;'))).toContain('Variation   : ABS(');
  } finally {
    await engine.close();
  }
});

test('a query says what it does when it does not run here', () => {
  const common = { statementText: '', warnings: [] };
  const running: RunningQuery = {
    id: 'CSAS_C_2',
    queryString: 'CREATE ...;',
    queryType: 'PERSISTENT',
    state: 'RUNNING',
    statusCount: { RUNNING: 1 },
    sinks: ['C'],
    sinkKafkaTopics: ['C'],
  };
  const description: QueryDescription = {
    id: 'CSAS_C_2',
    statementText: 'CREATE ...;',
    queryType: 'PERSISTENT',
    windowType: null,
    state: 'REBALANCING',
    fields: [],
    sources: ['S'],
    sinks: ['C'],
    topology: '',
    executionPlan: '',
    overriddenProperties: {},
    ksqlHostQueryStatus: { 'localhost:0': 'RUNNING' },
    queryErrors: [],
    tasksMetadata: [],
    consumerGroupId: 'g',
  };
  const queries = (...list: readonly RunningQuery[]): Entity => ({ '@type': 'queries', ...common, queries: list });
  const explained = (queryDescription: QueryDescription): Entity => ({
    ...{ '@type': 'queryDescription', ...common },
    queryDescription,
  });

  const status = (entity: Entity): string => show([entity], 'csv').split('\n')[1]!.split(',')[2]!;
  expect(status(queries(running))).toBe('RUNNING:1');
  expect(status(queries({ ...running, millraceState: 'UNASSIGNED' }))).toBe('UNASSIGNED');

  expect(show([explained(description)])).toContain('State                : REBALANCING\n');
  expect(show([explained({ ...description, millraceState: 'RESTORING' })])).toContain(
    'State                : RESTORING\n',
  );
  expect(show([explained({ ...description, state: null })])).not.toContain('State    ');
});

test('several answers are told apart by their statements', () => {
  const topic = (name: string): Entity => ({
    '@type': 'assert_topic',
    statementText: `ASSERT TOPIC ${name};`,
    warnings: [{ message: 'careful' }],
    topicName: name,
    exists: true,
  });
  expect(show([topic('a'), topic('b')])).toBe(
    'ASSERT TOPIC a;\n\nTopic a exists.\n\nWARNING: careful\n\nASSERT TOPIC b;\n\nTopic b exists.\n\nWARNING: careful\n',
  );
});

test('an answer of a later version is shown as it is', () => {
  const unknown = { '@type': 'connector_list', statementText: 'x', connectors: ['c'] } as unknown as Entity;
  expect(show([unknown])).toContain('"connector_list"');
});
