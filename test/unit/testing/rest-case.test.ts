import { expect, test } from 'vitest';
import { reasonOf } from './cases.js';

const CASE = {
  id: 'counts',
  kind: 'rest',
  statements: [
    "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');",
    'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;',
    "SELECT * FROM T WHERE K = 'a';",
  ],
  queriesFrom: 2,
  inputs: [
    { topic: 's', key: 'a', value: { v: 1 }, timestamp: 5 },
    { topic: 's', key: 'a', value: { v: 2 }, timestamp: 6 },
  ],
  outputs: [{ topic: 'T', key: 'a', value: { N: 1 }, timestamp: 5 }],
  responses: [
    { admin: { '@type': 'currentStatus' } },
    { admin: { '@type': 'currentStatus' } },
    { query: [{ header: { schema: '`K` STRING KEY, `N` BIGINT' } }, { row: { columns: ['a', 2] } }] },
  ],
};

const run = (members: object): Promise<string | null> => reasonOf(JSON.stringify({ ...CASE, ...members }));

test('requests are sent and their responses compared', async () => {
  expect(await run({})).toBeNull();
  expect(await run({ outputs: [{ topic: 'T', key: 'a', value: { N: 2 } }] })).toMatch(/^topic T, record 0/);
  expect(await run({ responses: [{ admin: { '@type': 'other' } }] })).toMatch(/^response 0/);
});

test('a push query is running when the inputs come', async () => {
  const statements = [...CASE.statements.slice(0, 2), 'SELECT K, V FROM S EMIT CHANGES LIMIT 1;'];
  const responses = [
    {},
    {},
    { query: [{ header: {} }, { row: { columns: ['a', 1] } }, { finalMessage: 'Limit Reached' }] },
  ];
  const admin = CASE.responses.slice(0, 2);
  expect(
    await run({
      statements,
      properties: { 'auto.offset.reset': 'latest' },
      inputConditions: { waitForActivePushQuery: true },
      outputs: [],
      responses: [...admin, responses[2]],
    }),
  ).toBeNull();
});

test('queries are sent again for rows in Protobuf', async () => {
  const message = 'message ConnectDefault1 {\n  string K = 1;\n  int64 N = 2;\n}\n';
  const queryProto = (row: string) => [
    ...CASE.responses,
    { queryProto: [{ header: { protoSchema: `syntax = "proto3";\n\n${message}` } }, { row }] },
  ];
  const testPullWithProtoFormat = true;
  expect(await run({ testPullWithProtoFormat, responses: queryProto('K: "a"\nN: 2\n') })).toBeNull();
  expect(await run({ testPullWithProtoFormat, responses: queryProto('K: "a"\nN: 3\n') })).toMatch(/^response 3/);
  expect(await run({ responses: queryProto('K: "a"\nN: 2\n') })).toBe('expected 4 responses, got 3');
});

test('errors are expected, or they fail the case', async () => {
  const statements = [...CASE.statements.slice(0, 2), 'SELECT X FROM T;'];
  expect(await run({ statements, inputs: [] })).toMatch(/^the server answered 400/);
  const expectedError = { status: 400, type: 'KsqlStatementErrorMessage', message: 'cannot be resolved' };
  expect(await run({ statements, inputs: [], expectedError })).toBeNull();
  expect(await run({ inputs: [], outputs: [], responses: [], expectedError })).toBe(
    'expected an error, but the query succeeded',
  );
});
