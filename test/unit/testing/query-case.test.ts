import { describe, expect, test } from 'vitest';
import { reasonOf } from './cases.js';

/** A case that counts and sums by shop; what is given replaces its members. */
const running = (members: Readonly<Record<string, unknown>>, outputs: string): Promise<string | null> => {
  const base = {
    id: 'sums',
    kind: 'query',
    statements: [
      "CREATE STREAM PAID (SHOP STRING KEY, EURO DECIMAL(5,2)) WITH (KAFKA_TOPIC='paid', VALUE_FORMAT='JSON');",
      'CREATE TABLE TAKINGS AS SELECT SHOP, SUM(EURO) AS TOTAL FROM PAID GROUP BY SHOP;',
    ],
    inputs: [
      { topic: 'paid', key: 'a', value: { euro: 3 }, timestamp: 100 },
      { topic: 'paid', key: 'a', value: { euro: 4 } },
    ],
    ...members,
  };
  return reasonOf(`${JSON.stringify(base).slice(0, -1)},"outputs":${outputs}}`);
};

const GOOD =
  '[{"topic":"TAKINGS","key":"a","value":{"TOTAL":3.00},"timestamp":100},{"topic":"TAKINGS","key":"a","value":{"total":7.00}}]';

describe('outputs', () => {
  test('match record by record', async () => expect(await running({}, GOOD)).toBeNull());

  test.each([
    [
      'too few are expected',
      '[{"topic":"TAKINGS","key":"a","value":{"TOTAL":3.00}}]',
      'topic TAKINGS: expected 1 records, got 2',
    ],
    ['the scale differs', GOOD.replace('7.00', '7.0'), 'topic TAKINGS, record 1: value: total: expected 7.0, got 7.00'],
    ['the time differs', GOOD.replace('100', '101'), 'topic TAKINGS, record 0: timestamp: expected 101, got 100'],
    ['the key differs', GOOD.replace('"a"', '"b"'), 'topic TAKINGS, record 0: key: expected "b", got "a"'],
    [
      'headers are expected',
      GOOD.replace('"key"', '"headers":[{"KEY":"h","VALUE":"AA=="}],"key"'),
      'topic TAKINGS, record 0: headers: expected "h"=AA==, got none',
    ],
    [
      'a window is expected',
      GOOD.replace('"key"', '"window":{"start":0,"end":1,"type":"time"},"key"'),
      'topic TAKINGS, record 0: window: expected TIME 0-1, got none',
    ],
    [
      'the topic is unknown',
      '[{"topic":"NOWHERE","key":"a","value":{}}]',
      'no stream or table tells the format of the topic NOWHERE',
    ],
  ])('fail when %s', async (_, outputs, reason) => expect(await running({}, outputs)).toBe(reason));

  test('of a topic with inputs come after them', async () => {
    const inputs = [{ topic: 'paid', key: 'a', value: { euro: 3 } }];
    const outputs = '[{"topic":"paid","key":"a","value":{"euro":3}}]';
    expect(await running({ inputs }, outputs)).toBeNull();
  });
});

describe('statements', () => {
  test('must start a query', async () => {
    const [first] = ["CREATE STREAM S (A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');"];
    expect(await running({ statements: [first], inputs: [] }, '[]')).toBe('no statement started a persistent query');
  });

  test('that insert feed queries whose topic has no inputs', async () => {
    const statements = [
      "CREATE STREAM S (A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');",
      'CREATE STREAM T AS SELECT A + 1 AS B FROM S;',
      'CREATE STREAM U AS SELECT B + 1 AS C FROM T;',
      'INSERT INTO S (ROWTIME, A) VALUES (5, 1);',
    ];
    const outputs = '[{"topic":"U","key":null,"value":{"C":3},"timestamp":5}]';
    expect(await running({ statements, inputs: [] }, outputs)).toBeNull();
  });
});

describe('expected exceptions', () => {
  const failing = (statements: readonly string[], message: string) =>
    running(
      { kind: 'expected-exception', statements, inputs: [], expectedException: { type: 'KsqlException', message } },
      '[]',
    );
  const source = "CREATE STREAM S (A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');";

  test('come from the last statement, or from a text that does not parse', async () => {
    expect(await failing([source, 'CREATE STREAM T AS SELECT B FROM S;'], "'B' cannot be resolved")).toBeNull();
    expect(await failing(['CREATE STREEM S;', source], 'line 1:8')).toBeNull();
    expect(
      await failing(['CREATE STREAM T AS SELECT A + TRUE AS X FROM S;', source].reverse(), 'nothing of the kind'),
    ).toMatch(/^expected the message/);
    expect(await failing([source, 'CREATE STREAM T AS SELECT B FROM S;', source], 'cannot be resolved')).toMatch(
      /^a statement before the last one was refused/,
    );
  });

  test('must come', async () => expect(await failing([source], 'anything')).toBe('expected an exception: anything'));
});

describe('post conditions', () => {
  const post = (sources: unknown, topics: unknown = {}) => running({ post: { sources: [sources], topics } }, GOOD);
  const takings = { name: 'TAKINGS', type: 'table' };

  test('hold for schema, formats and features', async () => {
    const schema = 'SHOP STRING KEY, TOTAL DECIMAL(5, 2)';
    expect(
      await post({ ...takings, schema, keyFormat: { format: 'KAFKA' }, valueFormat: 'JSON', keyFeatures: [] }),
    ).toBeNull();
    expect(await post({ ...takings, schema: 'SHOP STRING KEY' })).toMatch(/^post: source TAKINGS: schema: expected/);
    expect(await post({ ...takings, type: 'stream' })).toBe('post: there is no STREAM TAKINGS');
    expect(await post({ ...takings, keyFormat: { windowType: 'TUMBLING' } })).toMatch(/keyFormat/);
    expect(await post({ ...takings, valueFeatures: ['WRAP_SINGLES'] })).toMatch(/valueFeatures/);
  });

  test('find topics on the blacklist', async () => {
    expect(await post(takings, { blacklist: '.*-repartition' })).toBeNull();
    expect(await post(takings, { blacklist: 'changelog' })).toMatch(
      /^post: a topic on the blacklist exists: .*-changelog$/,
    );
  });

  test('compare the formats of topics', async () => {
    const topic = { name: 'TAKINGS', keyFormat: { format: 'KAFKA' }, valueFormat: { format: 'JSON' }, partitions: 4 };
    expect(await post(takings, { topics: [topic] })).toBeNull();
    expect(await post(takings, { topics: [{ ...topic, partitions: 1 }] })).toBe(
      'post: topic TAKINGS: expected 1 partitions, got 4',
    );
    expect(await post(takings, { topics: [{ ...topic, keyFormat: { format: 'JSON' } }] })).toMatch(/keyFormat/);
  });
});
