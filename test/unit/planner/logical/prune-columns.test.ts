import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_CHANGE } from '../../../../src/engine/engine-core.js';
import { buildLogicalPlan } from '../../../../src/planner/logical/build-logical-plan.js';
import { type LogicalPlan, scansOf } from '../../../../src/planner/logical/logical-plan.js';
import { pruneColumns } from '../../../../src/planner/logical/rewrites/prune-columns.js';
import { buildPhysicalPlan } from '../../../../src/planner/physical/build-physical-plan.js';
import { pendingRecords, topicLines } from '../../../support/case-records.js';
import { open } from '../../engine/engine-fixture.js';
import { Planning, queryOf } from '../planning.js';

const SOURCES = [
  "CREATE STREAM S (K STRING KEY, A INT, B INT, C STRING, D STRUCT<X INT, Y STRING>, E ARRAY<INT>) WITH (KAFKA_TOPIC='s', FORMAT='JSON', PARTITIONS=1);",
  "CREATE STREAM S2 (K STRING KEY, F INT, G STRING) WITH (KAFKA_TOPIC='s2', FORMAT='JSON', PARTITIONS=1);",
  "CREATE TABLE T (ID STRING PRIMARY KEY, M INT, N STRING) WITH (KAFKA_TOPIC='t', FORMAT='JSON', PARTITIONS=1);",
];

/** What may be asked of S. */
const ITEMS = ['A', 'B + 1', 'C', 'D->X', 'UCASE(D->Y)', 'E[1]', 'ROWTIME', 'CASE WHEN A > B THEN C ELSE D->Y END'];
const CONDITIONS = ['A > 1', "C LIKE 'x%'", 'D->X IS NULL', 'A + B < 5', "K <> 'k1'"];
const CALLS = ['COUNT(*)', 'SUM(A)', 'MAX(B)', 'COLLECT_LIST(C)', 'LATEST_BY_OFFSET(D->X)', 'COUNT(E)'];

const listed = (from: readonly string[]) => fc.subarray([...from], { minLength: 1 });
const condition = fc.option(fc.subarray(CONDITIONS, { minLength: 1, maxLength: 2 }), { nil: [] });
const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' OR ')}`;
const named = (items: readonly string[]): string => items.map((item, i) => `${item} AS C${i}`).join(', ');

const queries = fc.oneof(
  fc.record({ items: listed(ITEMS), condition }).map((q) => `SELECT ${named(q.items)}, K FROM S ${where(q.condition)}`),
  fc
    .record({ items: listed(ITEMS), condition, by: fc.constantFrom('A', 'C', 'D->X') })
    .map(
      (q) =>
        `SELECT ${[`${q.by} AS P`, ...q.items.filter((i) => i !== q.by).map((item, i) => `${item} AS C${i}`), 'K'].join(', ')} FROM S ${where(q.condition)} PARTITION BY ${q.by}`,
    ),
  fc
    .record({ items: listed(ITEMS), condition })
    .map((q) => `SELECT K, EXPLODE(E) AS X, ${named(q.items)} FROM S ${where(q.condition)}`),
  fc
    .record({ calls: listed(CALLS), condition, by: fc.constantFrom('K', 'C', 'A % 2', 'D->X'), having: fc.boolean() })
    .map(
      (q) =>
        `SELECT ${q.by} AS P, ${named(q.calls)} FROM S ${where(q.condition)} GROUP BY ${q.by} ${q.having ? 'HAVING COUNT(B) > 0' : ''}`,
    ),
  fc
    .record({
      items: listed([...ITEMS.map((i) => i.replace('ROWTIME', 'S.ROWTIME')), 'M', 'N', 'T.ROWTIME']),
      left: fc.boolean(),
      on: fc.constantFrom('S.K', 'C'),
    })
    .map((q) => `SELECT T.ID, ${named(q.items)} FROM S ${q.left ? 'LEFT' : ''} JOIN T ON ${q.on} = T.ID`),
  fc
    .record({ items: listed(['A', 'D->X', 'F', 'G', 'S2.ROWTIME']), form: fc.constantFrom('', 'LEFT', 'RIGHT') })
    .map((q) => `SELECT S.K, S2.K AS K2, ${named(q.items)} FROM S ${q.form} JOIN S2 WITHIN 1 HOUR ON S.K = S2.K`),
  fc
    .record({ items: listed(['A', 'F', 'M', 'UCASE(N)', 'D->X']) })
    .map((q) => `SELECT S.K, ${named(q.items)} FROM S JOIN S2 WITHIN 1 HOUR ON S.K = S2.K JOIN T ON S.K = T.ID`),
);

const RECORDS: readonly [string, readonly string[]][] = [
  ['t', ['0 | "k1" | {"M": 1, "N": "one"}', '0 | "x1" | {"M": 2}']],
  [
    's',
    [
      '1 | "k1" | {"A": 1, "B": 2, "C": "x1", "D": {"X": 1, "Y": "y"}, "E": [1, 2]}',
      '2 | "k2" | {"A": 5, "B": 0, "C": "z", "D": null, "E": []}',
      '3 | "k1" | {"A": null, "B": 3, "D": {"X": 1}}',
      '4 | null | {"A": 2, "E": [7]}',
      '5 | "k3" | <null>',
    ],
  ],
  ['s2', ['6 | "k1" | {"F": 6, "G": "g"}', '7 | "k9" | {"F": 7}']],
];

describe('pruning columns', () => {
  it('changes no result', async () => {
    let withResults = 0;
    await fc.assert(
      fc.asyncProperty(queries, async (text) => {
        const engine = await open();
        await engine.execute(SOURCES.join(' '));
        const { thread, log } = engine.core.parts;
        const logical = buildLogicalPlan(
          queryOf(`${text} EMIT CHANGES;`),
          { kind: 'persistent', sink: 'R' },
          engine.core.planningContext(engine.session()),
        ).plan;
        const variants = { whole: logical, pruned: pruneColumns(logical) };
        for (const [name, plan] of Object.entries(variants)) {
          await thread.apply({
            ...NO_CHANGE,
            createTopics: [
              { name, config: { partitions: 1, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1 } },
            ],
            deploy: [{ plan: physical(plan, name), options: engine.core.deployOptions('earliest', null) }],
          });
        }
        for (const [topic, lines] of RECORDS) {
          for (const batch of pendingRecords(topic, lines, 1)) await thread.append([batch]);
          await engine.drain();
        }
        const results = await topicLines(log, 'whole');
        expect(await topicLines(log, 'pruned'), text).toEqual(results);
        if (results.length > 0) withResults++;
        await engine.close();
      }),
      { numRuns: 60 },
    );
    expect(withResults).toBeGreaterThan(20);
  });

  it('reads what is used, and the key', () => {
    const planning = new Planning(...SOURCES);
    const read = (text: string): string[][] => {
      const { plan } = buildLogicalPlan(queryOf(text), { kind: 'transient' }, planning.context);
      return scansOf(pruneColumns(plan)).map((scan) => scan.schema.columns.map((c) => c.name));
    };
    expect(read('SELECT A FROM S EMIT CHANGES;')).toEqual([['K', 'A']]);
    expect(read('SELECT A FROM S WHERE B > 1 EMIT CHANGES;')).toEqual([['K', 'A', 'B']]);
    expect(read('SELECT COUNT(*) FROM S EMIT CHANGES;')).toEqual([['K']]);
    expect(read('SELECT ROWTIME, D->X FROM S EMIT CHANGES;')).toEqual([['K', 'D', 'ROWTIME']]);
    expect(read('SELECT M FROM S JOIN T ON C = T.ID EMIT CHANGES;')).toEqual([
      ['K', 'C'],
      ['ID', 'M'],
    ]);
  });
});

function physical(plan: LogicalPlan, name: string): ReturnType<typeof buildPhysicalPlan> {
  const json = { name: 'JSON', properties: {}, unwrapped: false };
  const keys = plan.schema.columns.filter((c) => c.role === 'key').length;
  return buildPhysicalPlan(plan, {
    queryId: name,
    serviceId: 'default_',
    sink: {
      source: name,
      topic: name,
      keyFormat: { ...json, unwrapped: keys === 1 },
      valueFormat: json,
      keyWindow: null,
      timestamp: null,
    },
    output: null,
    limit: null,
    settings: {},
    defaultKeyFormat: 'KAFKA',
    materialize: false,
  });
}
