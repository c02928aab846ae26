import { describe, expect, it } from 'vitest';
import { call, callShapes, resolve } from '../call.js';
import { failure, json } from '../sql.js';

const NONE = 'CAST(NULL AS ARRAY<INT>)';

describe('arrays', () => {
  it.each([
    [`ARRAY_CONCAT(${NONE}, ARRAY[1])`, '[1]'],
    [`ARRAY_CONCAT(${NONE}, ${NONE})`, 'null'],
    [`ARRAY_CONTAINS(${NONE}, 1)`, 'false'],
    ['ARRAY_CONTAINS(ARRAY[1, NULL], CAST(NULL AS INT))', 'true'],
    ['ARRAY_CONTAINS(ARRAY[ARRAY[1], ARRAY[2]], ARRAY[2])', 'true'],
    ['ARRAY_DISTINCT(ARRAY[2, NULL, 1, 2, NULL])', '[2,null,1]'],
    ['ARRAY_DISTINCT(ARRAY[ARRAY[1], ARRAY[2], ARRAY[1]])', '[[1],[2]]'],
    ['ARRAY_EXCEPT(ARRAY[1, 2, NULL, 1, 3], ARRAY[3, NULL])', '[1,2]'],
    ['ARRAY_INTERSECT(ARRAY[3, 1, 1, 2], ARRAY[1, 3])', '[3,1]'],
    ['ARRAY_UNION(ARRAY[3, 1, 3], ARRAY[2, 1])', '[3,1,2]'],
    [`ARRAY_UNION(ARRAY[3], ${NONE})`, 'null'],
    ['ARRAY_JOIN(ARRAY[1, NULL, 2])', '"1,null,2"'],
    ["ARRAY_JOIN(ARRAY['a', 'b'], CAST(NULL AS STRING))", '"ab"'],
    ["ARRAY_JOIN(ARRAY[CAST(1 AS DOUBLE), 1e10], '|')", '"1.0|1.0E10"'],
    ['ARRAY_JOIN(ARRAY[1.50, 2.25])', '"1.50,2.25"'],
    ['ARRAY_MAX(ARRAY[1, NULL, 3])', '3'],
    ['ARRAY_MIN(ARRAY[true, false])', 'false'],
    ['ARRAY_MAX(ARRAY[CAST(NULL AS INT)])', 'null'],
    ['ARRAY_REMOVE(ARRAY[1, NULL, 2], CAST(NULL AS INT))', '[1,2]'],
    ["ARRAY_SORT(ARRAY['b', NULL, 'A', 'a'])", '["A","a","b",null]'],
    ["ARRAY_SORT(ARRAY[1, NULL, 3, 2], 'descending')", '[3,2,1,null]'],
    ["ARRAY_SORT(ARRAY[1, 2], 'sideways')", 'null'],
    ['SLICE(ARRAY[1, 2, 3], NULL, 2)', '[1,2]'],
    ['SLICE(ARRAY[1, 2, 3], 2, NULL)', '[2,3]'],
    ['SLICE(ARRAY[1, 2, 3], 0, 2)', 'null'],
    ['SLICE(ARRAY[1, 2, 3], 1, 4)', 'null'],
    ['SLICE(ARRAY[1, 2, 3], 3, 2)', '[]'],
    ['GENERATE_SERIES(3, 1)', '[3,2,1]'],
    ['GENERATE_SERIES(0, 5, 2)', '[0,2,4]'],
    ['GENERATE_SERIES(1, 1, -7)', '[1]'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    ['SLICE(ARRAY[1, 2, 3], 3, 1)', 'fromIndex(2) > toIndex(1)'],
    ['GENERATE_SERIES(1, 2, 0)', 'GENERATE_SERIES step cannot be zero'],
    ['GENERATE_SERIES(1, 2, -1)', 'GENERATE_SERIES step has wrong sign'],
    [
      'GENERATE_SERIES(0, 2000000000)',
      'GENERATE_SERIES would make an array of 2000000001 elements; the limit is 1000000',
    ],
    ['ARRAY_JOIN(ARRAY[ARRAY[1]])', 'error: hit element of type ARRAY<INTEGER> which is currently not supported'],
  ])('%s fails: %s', (sql, message) => {
    expect(failure(sql)).toBe(message);
  });

  it('counts past 2^53', () => {
    const start = 9_007_199_254_740_990;
    expect(call('GENERATE_SERIES', 'BIGINT, BIGINT', start, 9_007_199_254_740_993n)).toEqual([
      start,
      9_007_199_254_740_991,
      9_007_199_254_740_992n,
      9_007_199_254_740_993n,
    ]);
  });

  it('tells -0.0 from 0.0 and one NaN from none, as Java does', () => {
    expect(call('ARRAY_DISTINCT', 'ARRAY<DOUBLE>', [0, -0, Number.NaN, Number.NaN])).toEqual([0, -0, Number.NaN]);
  });

  it('needs an order to sort by', () => {
    expect(() => resolve('ARRAY_SORT', 'ARRAY<MAP<STRING,INT>>')).toThrow('needs values that can be compared');
  });

  it('leaves the array it sorts as it is', () => {
    const array = [2, 1];
    call('ARRAY_SORT', 'ARRAY<INT>', array);
    expect(array).toEqual([2, 1]);
  });
});

describe('maps', () => {
  it.each([
    ["AS_MAP(ARRAY['a', 'b', 'a'], ARRAY[1, 2])", '{"a":null,"b":2}'],
    ["MAP_UNION(MAP('a' := 1, 'b' := 2), MAP('b' := 3))", '{"a":1,"b":3}'],
    ["MAP_UNION(CAST(NULL AS MAP<STRING, INT>), MAP('b' := 3))", '{"b":3}'],
    ['MAP_KEYS(CAST(NULL AS MAP<STRING, INT>))', 'null'],
    ["ENTRIES(MAP('b' := 'x', 'a' := 'y'), true)", '[{"K":"a","V":"y"},{"K":"b","V":"x"}]'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });
});

describe('lambda functions', () => {
  it.each([
    ['FILTER(ARRAY[1, 4, 2], x => x > 1)', '[4,2]'],
    ["FILTER(MAP('a' := 1, 'b' := 2), (k, v) => v = 2)", '{"b":2}'],
    [`FILTER(${NONE}, x => true)`, 'null'],
    ["REDUCE(ARRAY['a', 'b'], '', (s, x) => CONCAT(x, s))", '"ba"'],
    ["REDUCE(MAP('a' := 1, 'b' := 2), 10, (s, k, v) => s + v)", '13'],
    [`REDUCE(${NONE}, 5, (s, x) => s + x)`, '5'],
    ['REDUCE(ARRAY[1], CAST(NULL AS INT), (s, x) => s + x)', 'null'],
    ['TRANSFORM(ARRAY[1, 2], x => CAST(x AS STRING))', '["1","2"]'],
    ["TRANSFORM(MAP('a' := 1), (k, v) => UCASE(k), (k, v) => v * 2)", '{"A":2}'],
    ['TRANSFORM(ARRAY[ARRAY[1, 2], ARRAY[3]], x => REDUCE(x, 0, (s, y) => s + y))', '[3,3]'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    [
      "TRANSFORM(MAP('a' := 1, 'b' := 2), (k, v) => 'x', (k, v) => v)",
      'TRANSFORM made two map entries with the same key',
    ],
    ["FILTER(MAP('a' := CAST(NULL AS INT)), (k, v) => true)", 'FILTER cannot keep a map entry whose value is null'],
  ])('%s fails: %s', (sql, message) => {
    expect(failure(sql)).toBe(message);
  });

  it('checks the type of the body', () => {
    const int = { kind: 'INTEGER' } as const;
    expect(() =>
      callShapes('REDUCE', [
        { kind: 'value', type: { kind: 'ARRAY', element: int } },
        { kind: 'value', type: int },
        { kind: 'lambda', parameters: 2, resultType: () => ({ kind: 'STRING' }) },
      ]),
    ).toThrow(
      "Function 'reduce' does not accept parameters (ARRAY<INTEGER>, INTEGER, LAMBDA (INTEGER, INTEGER) => STRING)",
    );
    expect(() =>
      callShapes('FILTER', [
        { kind: 'value', type: { kind: 'ARRAY', element: int } },
        { kind: 'lambda', parameters: 2, resultType: () => ({ kind: 'BOOLEAN' }) },
      ]),
    ).toThrow('does not accept parameters (ARRAY<INTEGER>, LAMBDA)');
  });
});

it('folds a map in the order of its keys’ hashes, however it was put together', () => {
  const parts = ["'yes' := '1'", "'nope' := '2'", "'sure' := '3'"];
  const fold = (members: string[]) => json(`REDUCE(MAP(${members.join(', ')}), '', (s, k, v) => CONCAT(s, v))`);
  expect(fold(parts)).toBe(fold([...parts].reverse()));
});

describe('nulls', () => {
  it.each([
    ['COALESCE(CAST(NULL AS INT), 2, 3)', '2'],
    ['NULLIF(1.0, 1.0)', 'null'],
    ["NULLIF('a', 'b')", '"a"'],
    ['NULLIF(ARRAY[1], ARRAY[1])', 'null'],
    ['IFNULL(CAST(NULL AS INT), 4)', '4'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });
});
