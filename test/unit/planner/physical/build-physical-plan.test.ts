import { describe, expect, it } from 'vitest';
import { type PhysicalPlan, storesOf, walkSteps } from '../../../../src/planner/physical/physical-plan.js';
import { Planning } from '../planning.js';

const planning = new Planning(
  "CREATE STREAM S (K STRING KEY, V INT, W STRING) WITH (KAFKA_TOPIC='s', FORMAT='JSON');",
  "CREATE STREAM S2 (K STRING KEY, X INT) WITH (KAFKA_TOPIC='s2', FORMAT='JSON');",
  "CREATE STREAM D (K STRING KEY, XS STRING) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='DELIMITED');",
  "CREATE TABLE T (ID STRING PRIMARY KEY, M INT, F STRING) WITH (KAFKA_TOPIC='t', FORMAT='JSON');",
  "CREATE TABLE U (ID STRING PRIMARY KEY, N INT) WITH (KAFKA_TOPIC='u', FORMAT='JSON');",
  "CREATE TABLE KT (ID STRING PRIMARY KEY, N INT) WITH (KAFKA_TOPIC='kt', VALUE_FORMAT='JSON');",
);

function planOf(text: string): PhysicalPlan {
  const plan = planning.plan(text);
  if (plan.kind !== 'createAsSelect') throw new Error(plan.kind);
  return plan.query.plan;
}

function names(plan: PhysicalPlan): string[] {
  const found = storesOf(plan).map((store) => store.name);
  walkSteps(plan.root, (step) => {
    if (step.kind === 'repartition') found.push(step.topic.replace(/^.*query_/, ''));
  });
  return found;
}

describe('physical plans', () => {
  it.each([
    ['CREATE STREAM R AS SELECT * FROM S;', []],
    ['CREATE TABLE R AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;', ['Aggregate-Aggregate-Materialize']],
    [
      'CREATE TABLE R AS SELECT W, COUNT(*) AS N FROM S GROUP BY W;',
      ['Aggregate-Aggregate-Materialize', 'CTAS_R_6-Aggregate-GroupBy-repartition'],
    ],
    ['CREATE TABLE R AS SELECT * FROM T;', ['KsqlTopic-Reduce', 'Project-Last-Materialize']],
    [
      'CREATE TABLE R AS SELECT F, COUNT(*) AS N FROM T GROUP BY F;',
      ['KsqlTopic-Reduce', 'Aggregate-Aggregate-Materialize', 'CTAS_R_6-Aggregate-GroupBy-repartition'],
    ],
    [
      'CREATE STREAM R AS SELECT T.ID, V, M FROM S JOIN T ON S.W = T.ID;',
      ['KafkaTopic_Right-Reduce', 'CSAS_R_6-Join-repartition'],
    ],
    [
      'CREATE STREAM R AS SELECT S.K, V, X FROM S JOIN S2 WITHIN 1 HOUR ON S.K = S2.K;',
      ['KSTREAM-JOINTHIS-0000000008-store', 'KSTREAM-JOINOTHER-0000000009-store'],
    ],
    [
      'CREATE STREAM R AS SELECT S.K, V, X FROM S LEFT JOIN S2 WITHIN 1 HOUR ON S.K = S2.K;',
      ['KSTREAM-JOINTHIS-0000000008-store', 'KSTREAM-OUTEROTHER-0000000009-store'],
    ],
    [
      'CREATE STREAM R AS SELECT ROWKEY, V, X FROM S FULL JOIN S2 WITHIN 1 HOUR ON S.W = S2.K;',
      ['KSTREAM-OUTERTHIS-0000000012-store', 'KSTREAM-OUTEROTHER-0000000013-store', 'CSAS_R_6-Join-left-repartition'],
    ],
    [
      'CREATE TABLE R AS SELECT T.ID, M, N FROM T JOIN U ON T.ID = U.ID;',
      ['KafkaTopic_Left-Reduce', 'KafkaTopic_Right-Reduce', 'Project-Last-Materialize'],
    ],
    [
      'CREATE TABLE R AS SELECT T.ID, M, N FROM T JOIN U ON T.F = U.ID;',
      [
        'KafkaTopic_Left-Reduce',
        'KafkaTopic_Right-Reduce',
        'KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-0000000000',
        'Project-Last-Materialize',
      ],
    ],
    [
      'CREATE STREAM R AS SELECT S.K, V, KT.N FROM S JOIN KT ON S.K = KT.ID;',
      ['RightSourceKeyed-Materialize', 'CSAS_R_6-RightSourceKeyed-SelectKey-repartition'],
    ],
  ])('%s names its stores and topics as ksqlDB does', (text, expected) => {
    expect(names(planOf(text))).toEqual(expected);
  });

  it('are plain JSON', () => {
    for (const text of [
      "CREATE STREAM R AS SELECT K, TRANSFORM(ARRAY[V], X => X + 1) AS A, CASE WHEN V > 1.5 THEN 'x' END AS C FROM S WHERE W LIKE 'a%';",
      'CREATE TABLE R AS SELECT W, COUNT(*) AS N FROM S WINDOW SESSION (1 HOUR) GROUP BY W;',
      'CREATE STREAM R AS SELECT S.K, V, M FROM S LEFT JOIN T ON S.K = T.ID;',
    ]) {
      const plan = planOf(text);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    }
  });

  it('have a step id for each step, once', () => {
    const ids: string[] = [];
    walkSteps(
      planOf(
        'CREATE TABLE R AS SELECT T.ID, COUNT(*) AS N FROM S JOIN S2 WITHIN 1 HOUR ON S.K = S2.K JOIN T ON S.W = T.ID WHERE V > 1 GROUP BY T.ID HAVING COUNT(*) > 1;',
      ).root,
      (step) => ids.push(step.id),
    );
    expect(new Set(ids).size, ids.join()).toBe(ids.length);
  });

  it('send states only through formats that hold them', () => {
    expect(() => planOf('CREATE TABLE R AS SELECT K, COLLECT_LIST(XS) AS L FROM D GROUP BY K;')).toThrow(
      expect.objectContaining({ code: 'intermediate-type' }),
    );
    expect(names(planOf('CREATE TABLE R AS SELECT XS, COUNT(*) AS N FROM D GROUP BY XS;'))).toHaveLength(2);
  });

  it.each([
    ['PT', 'PROTOBUF_NOSR', 'PROTOBUF_NOSR'],
    ['PT', 'JSON', undefined],
    ['T', 'PROTOBUF_NOSR', undefined],
    ['T', 'JSON', undefined],
  ])('from %s into %s keep the rows of a table as %s', (source, format, expected) => {
    planning.define(
      "CREATE OR REPLACE TABLE PT (ID STRING PRIMARY KEY, M INT) WITH (KAFKA_TOPIC='pt', VALUE_FORMAT='PROTOBUF_NOSR');",
    );
    const { root } = planOf(`CREATE TABLE R WITH (VALUE_FORMAT='${format}') AS SELECT * FROM ${source};`);
    expect(root).toMatchObject({ kind: 'materialize' });
    expect(root.kind === 'materialize' && root.rowFormat?.name).toBe(expected);
  });

  it('keep the settings that they depend on', () => {
    planning.settings.set('ksql.nested.error.set.null', 'false');
    const plan = planOf('CREATE STREAM R AS SELECT * FROM S;');
    planning.settings.clear();
    expect(plan.settings).toEqual({ 'ksql.nested.error.set.null': 'false' });
  });
});
