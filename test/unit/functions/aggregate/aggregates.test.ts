import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AggregateCode } from '../../../../src/functions/define.js';
import { formatType } from '../../../../src/model/sql-type.js';
import type { SqlValue } from '../../../../src/model/value.js';
import { aggregate, fold, registry } from '../call.js';

describe('results', () => {
  it.each<[string, string, SqlValue[], SqlValue[], SqlValue]>([
    ['COUNT', 'STRING', [], ['a', null, 'b'], 2],
    ['COUNT', 'STRING', [], [], 0],
    ['SUM', 'INT', [], [2_147_483_647, null, 1], -2_147_483_648],
    ['SUM', 'BIGINT', [], [Number.MAX_SAFE_INTEGER, 2], 9_007_199_254_740_993n],
    ['SUM', 'BIGINT', [], [2n ** 63n - 1n, 1], -(2n ** 63n)],
    ['SUM', 'DOUBLE', [], [], 0],
    ['SUM', 'DECIMAL(4,2)', [], [150n, null, 225n], 375n],
    ['MIN', 'STRING', [], ['b', null, 'B'], 'B'],
    ['MAX', 'STRING', [], ['b', null, 'B'], 'b'],
    ['MAX', 'BIGINT', [], [5, 2n ** 60n, 7], 2n ** 60n],
    ['MAX', 'DOUBLE', [], [1, Number.NaN, 2], Number.NaN],
    ['MIN', 'INT', [], [null], null],
    ['AVG', 'INT', [], [], 0],
    ['AVG', 'INT', [], [1, null, 2], 1.5],
    ['AVG', 'INT', [], [2_147_483_647, 1], -1_073_741_824],
    ['COLLECT_LIST', 'INT', [], [1, null, 1], [1, null, 1]],
    ['COLLECT_SET', 'INT', [], [2, null, 2, 1, null], [2, null, 1]],
    ['LATEST_BY_OFFSET', 'INT', [], [1, 2, null], 2],
    ['LATEST_BY_OFFSET', 'INT', [false], [1, 2, null], null],
    ['LATEST_BY_OFFSET', 'INT', [2], [1, null, 2, 3], [2, 3]],
    ['LATEST_BY_OFFSET', 'INT', [2, false], [1, 2, null], [2, null]],
    ['EARLIEST_BY_OFFSET', 'INT', [], [null, 1, 2], 1],
    ['EARLIEST_BY_OFFSET', 'INT', [false], [null, 1, 2], null],
    ['EARLIEST_BY_OFFSET', 'INT', [2], [1, null, 2, 3], [1, 2]],
    ['ATTR', 'INT', [], [1, 1], 1],
    ['ATTR', 'INT', [], [1, null], null],
    [
      'HISTOGRAM',
      'STRING',
      [],
      ['a', null, 'a'],
      new Map([
        ['a', 2],
        [null, 1],
      ]) as SqlValue,
    ],
    ['TOPK', 'INT', [2], [1, null, 5, 3, 5], [5, 5]],
    ['TOPKDISTINCT', 'INT', [2], [1, 5, null, 3, 5], [5, 3]],
    ['TOPKDISTINCT', 'STRING', [3], ['b', 'a'], ['b', 'a']],
    ['COUNT_DISTINCT', 'STRING', [], ['a', 'b', null, 'a'], 2],
    ['STDDEV_SAMP', 'INT', [], [1, 2, 3, 4, null], 5 / 3],
    ['STDDEV_SAMPLE', 'INT', [], [1, 2, 3, 4], Math.sqrt(5 / 3)],
    ['STDDEV_SAMPLE', 'DOUBLE', [], [7], 0],
    ['SUM_LIST', 'ARRAY<BIGINT>', [], [[1, null], null, [2]], 3],
  ])('%s over %s (%#)', (name, types, literals, rows, expected) => {
    const code = aggregate(name, types, literals);
    const state = rows.reduce((held, row) => code.add(held, row), code.initial());
    expect(code.result(state)).toEqual(expected);
  });

  it('SUM of DECIMAL stays within its type', () => {
    const code = aggregate('SUM', 'DECIMAL(4,2)');
    expect(() => code.add(9_999n, 1n)).toThrow(
      'Numeric field overflow: A field with precision 4 and scale 2 must round to an absolute value less than 10^2. Got 100.00',
    );
  });

  it('TOPK keeps further columns beside the value', () => {
    const code = aggregate('TOPK', 'INT, STRING, DATE', [2]);
    expect(formatType(code.resultType)).toBe('ARRAY<STRUCT<`sort_col` INTEGER, `col0` STRING, `col1` DATE>>');
    let state = code.initial();
    for (const [value, name, day] of [
      [1, 'a', 1],
      [3, 'b', 2],
      [3, 'c', null],
      [3, 'd', 4],
    ] as [number, string, number | null][]) {
      state = code.add(state, value, name, day);
    }
    expect(code.result(state)).toEqual([
      [3, 'b', 2],
      [3, 'c', null],
    ]);
  });

  it('limits collections by setting', () => {
    const settings = {
      'ksql.functions.collect_list.limit': '2',
      'ksql.functions.collect_set.limit': '0',
    };
    expect(fold(aggregate('COLLECT_LIST', 'INT', [], settings), [1, 2, 3])).toEqual([1, 2]);
    expect(fold(aggregate('COLLECT_SET', 'INT', [], settings), [1, 2, 3])).toEqual([]);
    expect(fold(aggregate('COLLECT_LIST', 'INT', [], { 'ksql.functions.collect_list.limit': '-1' }), [1, 2])).toEqual([
      1, 2,
    ]);
  });

  it('HISTOGRAM counts at most 1000 texts', () => {
    const texts = Array.from({ length: 1200 }, (_, i) => `t${i}`);
    const counts = fold(aggregate('HISTOGRAM', 'STRING'), [...texts, 't0']) as Map<string, number>;
    expect(counts.size).toBe(1000);
    expect(counts.get('t0')).toBe(2);
  });

  it('results do not change with the state', () => {
    for (const [name, literals] of [
      ['COLLECT_LIST', []],
      ['COLLECT_SET', []],
      ['TOPK', [5]],
      ['TOPKDISTINCT', [5]],
    ] as const) {
      const code = aggregate(name, 'INT', [...literals]);
      const state = code.add(code.initial(), 1);
      const before = code.result(state);
      code.add(state, 2);
      expect(before, name).toEqual([1]);
    }
  });
});

describe('states', () => {
  it.each([
    ['COUNT', 'STRING', 'BIGINT'],
    ['AVG', 'INT', 'STRUCT<`SUM` INTEGER, `COUNT` BIGINT>'],
    ['STDDEV_SAMP', 'BIGINT', 'STRUCT<`SUM` BIGINT, `COUNT` BIGINT, `M2` DOUBLE>'],
    ['LATEST_BY_OFFSET', 'STRING', 'STRUCT<`SEQ` BIGINT, `VAL` STRING>'],
    ['ATTR', 'STRING', 'ARRAY<STRUCT<`VALUE` STRING, `COUNT` INTEGER>>'],
    ['COUNT_DISTINCT', 'STRING', 'ARRAY<INTEGER>'],
    ['HISTOGRAM', 'STRING', 'MAP<STRING, BIGINT>'],
    ['COLLECT_LIST', 'DATE', 'ARRAY<DATE>'],
  ])('%s of %s keeps %s', (name, type, state) => {
    expect(formatType(aggregate(name, type).stateType)).toBe(state);
  });

  it('table-capable aggregates can undo, others cannot', () => {
    for (const definition of registry.all()) {
      if (definition.kind !== 'aggregate') continue;
      const type = definition.name === 'SUM_LIST' ? 'ARRAY<INT>' : definition.name === 'HISTOGRAM' ? 'STRING' : 'INT';
      const types = definition.name === 'CORRELATION' ? 'INT, INT' : type;
      const code = aggregate(definition.name, types, definition.name.startsWith('TOPK') ? [2] : []);
      expect(code.undo !== undefined, definition.name).toBe(definition.variants[0]!.tableCapable);
      expect(code.merge, definition.name).toBeDefined();
    }
  });

  it('the later value wins a merge, also after a restart', () => {
    const code = aggregate('LATEST_BY_OFFSET', 'STRING');
    const early = code.add(code.initial(), 'first');
    const late = code.add(code.initial(), 'second');
    expect(code.result(code.merge!(late, early))).toBe('second');
    const environment = { setting: () => undefined, firstSequence: 1000 };
    const restarted = registry.aggregate(
      'LATEST_BY_OFFSET',
      'LATEST_BY_OFFSET(T)',
      [{ kind: 'STRING' }],
      [],
      environment,
    );
    const third = restarted.add(restarted.initial(), 'third');
    expect(restarted.result(restarted.merge!(third, late))).toBe('third');
  });
});

/** Type of the column, and values that a run is made of. */
const UNDOABLE: readonly [name: string, types: string, value: fc.Arbitrary<SqlValue>][] = [
  ['COUNT', 'INT', fc.option(fc.integer())],
  ['SUM', 'INT', fc.option(fc.integer())],
  ['SUM', 'BIGINT', fc.option(fc.oneof(fc.integer(), fc.bigInt(2n ** 53n, 2n ** 63n - 1n)))],
  ['AVG', 'BIGINT', fc.option(fc.integer())],
  ['ATTR', 'INT', fc.option(fc.integer({ min: 0, max: 2 }))],
  ['HISTOGRAM', 'STRING', fc.option(fc.constantFrom('a', 'b', 'c'))],
  ['STDDEV_SAMP', 'INT', fc.option(fc.integer({ min: -50, max: 50 }))],
];

describe.each(UNDOABLE)('%s of %s', (name, types, value) => {
  const run = (code: AggregateCode, values: readonly SqlValue[], state = code.initial()): SqlValue =>
    values.reduce<SqlValue>((held, v) => code.add(held, v), state);
  const close = (a: SqlValue, b: SqlValue): void => {
    if (typeof a === 'number' && typeof b === 'number') expect(a).toBeCloseTo(b, 6);
    else expect(a).toEqual(b);
  };

  it('undoes what it added', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), fc.array(value, { maxLength: 8 }), (kept, taken) => {
        const code = aggregate(name, types);
        const state = run(code, taken, run(code, kept));
        const undone = taken.reduceRight<SqlValue>((held, v) => code.undo!(held, v), state);
        close(code.result(undone), code.result(run(code, kept)));
      }),
      { numRuns: 60 },
    );
  });

  it('merges as if all had come to one', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), fc.array(value, { maxLength: 8 }), (left, right) => {
        const code = aggregate(name, types);
        const merged = code.merge!(run(code, left), run(code, right));
        close(code.result(merged), code.result(run(code, [...left, ...right])));
      }),
      { numRuns: 60 },
    );
  });
});

describe('COUNT_DISTINCT', () => {
  it.each([
    ['BIGINT', 1000, (i: number): SqlValue => i],
    ['BIGINT', 50_000, (i: number): SqlValue => i],
    ['STRING', 200_000, (i: number): SqlValue => `user-${i}`],
    ['DOUBLE', 20_000, (i: number): SqlValue => i / 7],
  ])('%s: %i values', (type, count, make) => {
    const code = aggregate('COUNT_DISTINCT', type);
    let state = code.initial();
    for (let i = 0; i < count; i++) state = code.add(state, make(i));
    for (let i = 0; i < count; i += 3) state = code.add(state, make(i));
    const estimate = code.result(state) as number;
    if (count <= 1000) expect(estimate).toBe(count);
    else expect(Math.abs(estimate - count) / count).toBeLessThan(0.025);
  });

  it('merges sparse and dense states', () => {
    const code = aggregate('COUNT_DISTINCT', 'BIGINT');
    const state = (from: number, to: number): SqlValue => {
      let held = code.initial();
      for (let i = from; i < to; i++) held = code.add(held, i);
      return held;
    };
    expect(code.result(code.merge!(state(0, 300), state(200, 500)))).toBe(500);
    for (const merged of [
      code.merge!(state(0, 20_000), state(19_900, 20_500)),
      code.merge!(state(19_900, 20_500), state(0, 20_000)),
      code.merge!(state(0, 15_000), state(10_000, 20_500)),
    ]) {
      expect(Math.abs((code.result(merged) as number) - 20_500) / 20_500).toBeLessThan(0.025);
    }
  });
});

describe('CORRELATION', () => {
  it.each<[string, [number | null, number | null][], number]>([
    [
      'a line',
      [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
      1,
    ],
    [
      'a falling line',
      [
        [1, 3],
        [2, 2],
        [null, 9],
        [3, 1],
      ],
      -1,
    ],
    ['one row', [[1, 2]], Number.NaN],
    [
      'a constant',
      [
        [1, 2],
        [2, 2],
      ],
      Number.NaN,
    ],
  ])('of %s', (_, rows, expected) => {
    const code = aggregate('CORRELATION', 'INT, INT');
    let state = code.initial();
    for (const [x, y] of rows) state = code.add(state, x, y);
    state = code.undo!(code.add(state, 5, 5), 5, 5);
    const result = code.result(state) as number;
    if (Number.isNaN(expected)) expect(result).toBeNaN();
    else expect(result).toBeCloseTo(expected, 10);
  });
});
