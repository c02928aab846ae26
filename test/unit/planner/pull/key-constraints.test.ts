import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { open, rowsOf } from '../../engine/engine-fixture.js';
import { Planning } from '../planning.js';

const STREAM = "CREATE STREAM S (K STRING KEY, L INT KEY, V INT) WITH (KAFKA_TOPIC='s', FORMAT='JSON', PARTITIONS=2);";
const ONE = 'CREATE TABLE ONE AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;';
const TWO = 'CREATE TABLE TWO AS SELECT K, L, COUNT(*) AS N FROM S GROUP BY K, L;';
const WINDOWED = 'CREATE TABLE W AS SELECT K, COUNT(*) AS N FROM S WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY K;';

const planning = new Planning(STREAM, ONE, TWO, WINDOWED);

function access(where: string, table = 'ONE'): unknown {
  const plan = planning.plan(`SELECT * FROM ${table} ${where};`);
  if (plan.kind !== 'pullQuery' || plan.plan.kind !== 'table') throw new Error(plan.kind);
  const found = plan.plan.access;
  return found.kind === 'keyLookup' ? `${found.kind} ${found.keys.length}` : found.kind;
}

describe('how a pull query finds its rows', () => {
  it.each([
    ["WHERE K = 'a'", 'keyLookup 1'],
    ["WHERE 'a' = K AND N > 1", 'keyLookup 1'],
    ["WHERE K IN ('a', 'b', 'c')", 'keyLookup 3'],
    ["WHERE K = 'a' OR K = 'b'", 'keyLookup 2'],
    ["WHERE (K = 'a' OR K = 'b') AND (N = 1 OR N = 2)", 'keyLookup 4'],
    ["WHERE K = 'a' OR N = 1", 'tableScan'],
    ["WHERE NOT (K = 'a')", 'tableScan'],
    ["WHERE K <> 'a'", 'tableScan'],
    ["WHERE K > 'a'", 'rangeScan'],
    ["WHERE 'a' <= K AND N = 1", 'rangeScan'],
    ["WHERE UCASE(K) = 'A'", 'tableScan'],
    ['WHERE N = 1', 'tableScan'],
    ['', 'tableScan'],
  ])('%s: %s', (where, expected) => {
    expect(access(where)).toBe(expected);
  });

  it.each([
    ["WHERE K = 'a' AND L = 1", 'keyLookup 1'],
    ["WHERE K IN ('a', 'b') AND L IN (1, 2, 3)", 'keyLookup 6'],
    ["WHERE K = 'a'", 'tableScan'],
    ["WHERE K > 'a'", 'tableScan'],
    ["WHERE (K = 'a' AND L = 1) OR (K = 'b' AND L = 2)", 'keyLookup 2'],
  ])('with two key columns %s: %s', (where, expected) => {
    expect(access(where, 'TWO')).toBe(expected);
  });

  it('does not multiply out without end', () => {
    const many = `K IN (${Array.from({ length: 200 }, (_, i) => `'${i}'`).join(', ')})`;
    expect(access(`WHERE (${many}) AND (${many}) AND (${many})`)).toBe('tableScan');
  });

  it('uses bounds of windows that hold for every row', () => {
    const bounds = (where: string): number => {
      const plan = planning.plan(`SELECT * FROM W WHERE ${where};`);
      return plan.kind === 'pullQuery' && plan.plan.kind === 'table' ? plan.plan.windowBounds.length : -1;
    };
    expect(bounds("K = 'a' AND WINDOWSTART >= 5 AND WINDOWEND < '2020-01-01'")).toBe(2);
    expect(bounds('WINDOWSTART BETWEEN 1 AND 5')).toBe(2);
    expect(bounds("K = 'a' OR WINDOWSTART = 5")).toBe(0);
    expect(bounds('WINDOWSTART <> 5')).toBe(0);
    expect(bounds('WINDOWSTART < N')).toBe(0);
  });
});

interface Row {
  readonly K: string;
  readonly L: number;
  readonly N: number;
}

/** A condition as SQL, and as what it means. */
interface Condition {
  readonly sql: string;
  readonly holds: (row: Row) => boolean;
}

const keys = ['a', 'b', 'c', 'd'];
const atoms: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom(...keys).map((k) => ({ sql: `K = '${k}'`, holds: (row: Row) => row.K === k })),
  fc.constantFrom(...keys).map((k) => ({ sql: `'${k}' = K`, holds: (row: Row) => row.K === k })),
  fc.constantFrom(...keys).map((k) => ({ sql: `K >= '${k}'`, holds: (row: Row) => row.K >= k })),
  fc.constantFrom(...keys).map((k) => ({ sql: `'${k}' > K`, holds: (row: Row) => k > row.K })),
  fc.subarray(keys, { minLength: 1 }).map((list) => ({
    sql: `K IN (${list.map((k) => `'${k}'`).join(', ')})`,
    holds: (row: Row) => list.includes(row.K),
  })),
  fc.integer({ min: 0, max: 3 }).map((l) => ({ sql: `L = ${l}`, holds: (row: Row) => row.L === l })),
  fc.integer({ min: 0, max: 3 }).map((l) => ({ sql: `L <> ${l}`, holds: (row: Row) => row.L !== l })),
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })).map(([low, high]) => ({
    sql: `L BETWEEN ${low} AND ${high}`,
    holds: (row: Row) => row.L >= low && row.L <= high,
  })),
  fc.integer({ min: 1, max: 3 }).map((n) => ({ sql: `N >= ${n}`, holds: (row: Row) => row.N >= n })),
);
const conditions: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    atoms,
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => ({
      sql: `(${a.sql}) AND (${b.sql})`,
      holds: (row: Row) => a.holds(row) && b.holds(row),
    })),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => ({
      sql: `(${a.sql}) OR (${b.sql})`,
      holds: (row: Row) => a.holds(row) || b.holds(row),
    })),
    tie('condition').map((a) => ({ sql: `NOT (${a.sql})`, holds: (row: Row) => !a.holds(row) })),
  ),
})).condition;

describe('rows of a pull query', () => {
  it('are those for which its condition holds, however they are found', async () => {
    const engine = await open();
    await engine.execute(STREAM + TWO);
    const rows: Row[] = [];
    for (const K of keys) for (const L of [0, 1, 2]) rows.push({ K, L, N: 1 + ((K.charCodeAt(0) + L) % 3) });
    await engine.insert(
      'S',
      rows.flatMap((row) => Array.from({ length: row.N }, () => ({ K: row.K, L: row.L, V: 1 }))),
    );
    await engine.drain();
    await fc.assert(
      fc.asyncProperty(conditions, async ({ sql, holds }) => {
        const found = (await rowsOf(engine, `SELECT * FROM TWO WHERE ${sql};`)).map((row) => row.join());
        const expected = rows.filter(holds).map(({ K, L, N }) => [K, L, N].join());
        expect(found.sort(), sql).toEqual(expected.sort());
      }),
      { numRuns: 300 },
    );
  });
});
