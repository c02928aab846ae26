import { describe, expect, it } from 'vitest';
import { Planning } from '../planning.js';

const SOURCES = [
  "CREATE STREAM S (K STRING KEY, V INT, W STRING) WITH (KAFKA_TOPIC='s', FORMAT='JSON');",
  "CREATE STREAM S2 (K STRING KEY, V INT, W STRING) WITH (KAFKA_TOPIC='s2', FORMAT='JSON');",
  "CREATE TABLE T (ID STRING PRIMARY KEY, M INT) WITH (KAFKA_TOPIC='t', FORMAT='JSON');",
];

/** Plans the second statement where the first is in force. */
function replace(first: string, second: string): unknown {
  return new Planning(...SOURCES, first).plan(second.replace('CREATE', 'CREATE OR REPLACE'));
}

describe('CREATE OR REPLACE', () => {
  it.each([
    ['CREATE STREAM R AS SELECT K, V FROM S', 'CREATE STREAM R AS SELECT K, V FROM S WHERE V > 1'],
    ['CREATE STREAM R AS SELECT K, V FROM S WHERE V > 1', 'CREATE STREAM R AS SELECT K, V * 2 AS V FROM S'],
    ['CREATE STREAM R AS SELECT K, V FROM S', 'CREATE STREAM R AS SELECT K, V, W FROM S'],
    [
      'CREATE TABLE R AS SELECT W, COUNT(*) AS N FROM S GROUP BY W',
      'CREATE TABLE R AS SELECT W, COUNT(*) AS N, COUNT(*) * 2 AS T FROM S WHERE V > 1 GROUP BY W HAVING COUNT(*) > 1',
    ],
    ['CREATE TABLE R AS SELECT ID, M FROM T', 'CREATE TABLE R AS SELECT ID, M FROM T WHERE M > 1'],
    [
      'CREATE STREAM R AS SELECT V, K FROM S PARTITION BY V',
      'CREATE STREAM R AS SELECT V, K, W FROM S WHERE W IS NULL PARTITION BY V',
    ],
  ])('%s may become %s, under the same id', (first, second) => {
    const id = /STREAM/.test(first) ? 'CSAS_R_3' : 'CTAS_R_3';
    expect(replace(first, second)).toMatchObject({
      kind: 'createAsSelect',
      query: { replaces: id, plan: { queryId: id } },
    });
  });

  it.each([
    ['CREATE STREAM R AS SELECT K, V FROM S', 'CREATE STREAM R AS SELECT K, V FROM S2', 'topicName'],
    [
      'CREATE TABLE R AS SELECT W, TOPK(V, 2) AS N FROM S GROUP BY W',
      'CREATE TABLE R AS SELECT W, TOPK(V, 3) AS N FROM S GROUP BY W',
      "Values differ: 'TOPK(V, 2)' vs. 'TOPK(V, 3)'",
    ],
    [
      'CREATE TABLE R AS SELECT W, SUM(V) AS N FROM S GROUP BY W',
      'CREATE TABLE R AS SELECT W, SUM(V + 1) AS N FROM S GROUP BY W',
      'aggregationFunctions',
    ],
    [
      'CREATE TABLE R AS SELECT W AS G, COUNT(*) AS N FROM S GROUP BY W',
      'CREATE TABLE R AS SELECT K AS G, COUNT(*) AS N FROM S GROUP BY K',
      'structure',
    ],
    [
      'CREATE TABLE R AS SELECT UCASE(W) AS G, COUNT(*) AS N FROM S GROUP BY UCASE(W)',
      'CREATE TABLE R AS SELECT LCASE(W) AS G, COUNT(*) AS N FROM S GROUP BY LCASE(W)',
      'keyExpression',
    ],
    [
      'CREATE STREAM R AS SELECT K, V FROM S',
      'CREATE STREAM R AS SELECT S.K, S.V AS V FROM S JOIN T ON S.K = T.ID',
      'Upgrades not yet supported for StreamTableJoin',
    ],
    [
      'CREATE STREAM R AS SELECT K, V FROM S',
      'CREATE STREAM R AS SELECT K, EXPLODE(ARRAY[V]) AS V FROM S',
      'Upgrades not yet supported for StreamFlatMap',
    ],
    ['CREATE STREAM R AS SELECT K, V FROM S', 'CREATE STREAM R AS SELECT K, CAST(V AS BIGINT) AS V FROM S', 'schema'],
    [
      'CREATE STREAM R AS SELECT K, V FROM S',
      'CREATE STREAM R AS SELECT K AS X, V FROM S',
      'Key columns must be identical',
    ],
    [
      'CREATE STREAM R AS SELECT K, V FROM S',
      "CREATE STREAM R WITH (TIMESTAMP='T0') AS SELECT K, V, CAST(V AS BIGINT) AS T0 FROM S",
      'timestamp column',
    ],
  ])('%s may not become %s', (first, second, message) => {
    expect(() => replace(first, second)).toThrow(
      expect.objectContaining({ code: 'not-upgradeable', message: expect.stringContaining(message) }),
    );
  });
});
