import { describe, expect, it } from 'vitest';
import { BIGINT, STRING } from '../../../../src/model/sql-type.js';
import type { JoinKind, PhysicalStep, StorePlan } from '../../../../src/planner/physical/physical-plan.js';
import { MemoryTaskStores } from '../../../../src/state/memory/memory-task-stores.js';
import {
  aggregate,
  column,
  compare,
  filter,
  type InputRecord,
  keyColumn,
  literal,
  PipelineHarness,
  planOf,
  project,
  rekey,
  repartition,
  streamSource,
  tableSource,
  valueColumn,
} from './pipeline-harness.js';

const L = { columns: [keyColumn('ID'), valueColumn('L', STRING)] };
const R = { columns: [keyColumn('ID'), valueColumn('R', STRING)] };
const JOINED = { columns: [keyColumn('ID'), valueColumn('L', STRING), valueColumn('R', STRING)] };
const COLUMNS = [
  { from: 'key', index: 0 },
  { from: 'left', index: 1 },
  { from: 'right', index: 1 },
] as const;

/** A record of the left or right topic: `v('a', 5)` has the value `a` under key `k` at 5; null is a tombstone. */
const left = (value: string | null, at = 0, key: string | null = 'k'): InputRecord => ({
  key,
  value: value && { L: value },
  at,
});
const right = (value: string | null, at = 0, key: string | null = 'k'): InputRecord => ({
  key,
  value: value && { R: value },
  at,
});

/** `(l,r)@t` or `gone@t` a result. */
function shown(harness: PipelineHarness): string[] {
  return harness.results().map(([, value, at]) => {
    if (value === null) return `gone@${at}`;
    const { L: l, R: r } = value as { L: string | null; R: string | null };
    return `(${l ?? '-'},${r ?? '-'})@${at}`;
  });
}

describe.each([{ fuse: false }, { fuse: true }])('stream-table join (fuse: $fuse)', ({ fuse }) => {
  const plan = (join: 'INNER' | 'LEFT') =>
    planOf({
      kind: 'streamTableJoin',
      id: 'Join',
      schema: JOINED,
      left: streamSource('left', L),
      right: tableSource('right', R),
      join,
      columns: COLUMNS,
    });

  it('looks the table up as it stands; its changes emit nothing', () => {
    const harness = new PipelineHarness(plan('INNER'), { fuse });
    harness.send('left', left('early', 1));
    harness.send('right', right('a', 2));
    harness.send('left', left('x', 3), left(null, 4));
    harness.send('right', right('b', 9)).send('left', left('y', 5));
    harness.send('right', right(null)).send('left', left('z', 6));
    expect(shown(harness)).toEqual(['(x,a)@3', '(y,b)@5']);
  });

  it('LEFT keeps records without a row, null keys too', () => {
    const harness = new PipelineHarness(plan('LEFT'), { fuse });
    harness.send('left', left('x', 3), left('n', 4, null));
    expect(shown(harness)).toEqual(['(x,-)@3', '(n,-)@4']);
  });

  it('INNER reports null keys', () => {
    const harness = new PipelineHarness(plan('INNER'), { fuse });
    harness.send('left', left('n', 4, null));
    expect(harness.errors).toMatchObject([{ reason: 'null-key', step: 'Join' }]);
  });

  it('reads both by time, and the table first when times are equal', () => {
    const harness = new PipelineHarness(plan('LEFT'), { fuse });
    harness.offer('left', left('x', 3), left('y', 4), left('z', 6));
    harness.offer('right', right('a', 4), right('b', 5));
    harness.run();
    expect(shown(harness)).toEqual(['(x,-)@3', '(y,a)@4', '(z,b)@6']);
  });

  it('takes turns by event time where a column tells it', () => {
    const timed = {
      columns: [...R.columns, valueColumn('TS', BIGINT)],
      timestamp: { column: 2, type: BIGINT, format: null },
    };
    const root: PhysicalStep = { ...plan('LEFT').root, right: tableSource('right', timed) } as PhysicalStep;
    const harness = new PipelineHarness(planOf(root), { fuse });
    harness.offer(
      'right',
      { key: 'k', value: { R: 'a', TS: 10 }, at: 900 },
      { key: 'k', value: { R: 'b', TS: 20 }, at: 901 },
    );
    harness.offer('left', left('x', 9), left('y', 15), left('z', 25));
    harness.run();
    expect(shown(harness)).toEqual(['(x,-)@9', '(y,a)@15', '(z,b)@25']);
  });

  it('sees the rows that caching still holds back', () => {
    const harness = new PipelineHarness(plan('INNER'), { fuse, caching: true });
    harness.send('right', right('a')).send('left', left('x', 1));
    expect(shown(harness)).toEqual(['(x,a)@1']);
  });

  it.each(['direct', 'topic'] as const)('sees a table behind a repartition topic at once (%s)', (way) => {
    const { store, ...unkept } = tableSource('right', R);
    const behind = { kind: 'materialize', id: 'Kept', input: repartition(unkept), schema: R, store: store! } as const;
    const root = { ...plan('INNER').root, right: behind } as PhysicalStep;
    const harness = new PipelineHarness(planOf(root), { fuse, caching: true, repartition: way });
    harness.send('right', right('a')).send('left', left('x', 1));
    harness.send('right', right('b', 2)).send('left', left('y', 3));
    harness.send('right', right(null, 4), right(null, 5, 'never')).send('left', left('z', 6));
    expect(shown(harness)).toEqual(['(x,a)@1', '(y,b)@3']);
  });

  it('joins with a projected and filtered table', () => {
    const table = tableSource('right', R);
    const where = filter(table, compare(column(table, 'R'), '>', literal('m', STRING)));
    const projected = project(where, ['ID', column(where, 'ID')], ['R', column(where, 'R')]);
    const root: PhysicalStep = {
      kind: 'streamTableJoin',
      id: 'Join',
      schema: JOINED,
      left: streamSource('left', L),
      right: projected,
      join: 'LEFT',
      columns: COLUMNS,
    };
    const harness = new PipelineHarness(planOf(root), { fuse });
    harness.send('right', right('a')).send('left', left('x')).send('right', right('z')).send('left', left('y'));
    expect(shown(harness)).toEqual(['(x,-)@0', '(y,z)@0']);
  });
});

describe('table-table join', () => {
  const plan = (join: JoinKind) =>
    planOf({
      kind: 'tableTableJoin',
      id: 'Join',
      schema: JOINED,
      left: tableSource('left', L),
      right: tableSource('right', R),
      join,
      columns: COLUMNS,
    });
  /** The walk of semantics: left A, right a, left gone, right gone, left C, right c, right gone. */
  function walk(join: JoinKind): string[] {
    const harness = new PipelineHarness(plan(join));
    const steps: [string, InputRecord][] = [
      ['left', left('A', 1)],
      ['right', right('a', 2)],
      ['left', left(null, 3)],
      ['right', right(null, 4)],
      ['left', left('C', 5)],
      ['right', right('c', 6)],
      ['right', right(null, 7)],
    ];
    return steps.map(([topic, record]) => shown(harness.send(topic, record)).join(' '));
  }

  it('INNER needs both', () => {
    expect(walk('INNER')).toEqual(['', '(A,a)@2', 'gone@3', '', '', '(C,c)@6', 'gone@7']);
  });
  it('LEFT needs the left', () => {
    expect(walk('LEFT')).toEqual(['(A,-)@1', '(A,a)@2', 'gone@3', '', '(C,-)@5', '(C,c)@6', '(C,-)@7']);
  });
  it('RIGHT needs the right', () => {
    expect(walk('RIGHT')).toEqual(['', '(A,a)@2', '(-,a)@3', 'gone@4', '', '(C,c)@6', 'gone@7']);
  });
  it('FULL needs any', () => {
    expect(walk('FULL')).toEqual(['(A,-)@1', '(A,a)@2', '(-,a)@3', 'gone@4', '(C,-)@5', '(C,c)@6', '(C,-)@7']);
  });

  it('takes the greater timestamp', () => {
    const harness = new PipelineHarness(plan('INNER'));
    harness.send('left', left('A', 10)).send('right', right('a', 2));
    expect(shown(harness)).toEqual(['(A,a)@10']);
  });

  it('feeds an aggregate with what it showed before', () => {
    const join = plan('LEFT').root;
    const grouped = repartition(rekey(join, [['G', column(join, 'R')]]));
    const counts = aggregate(grouped, [['COUNT', 'COUNT', column(grouped, 'ID')]]);
    const root = project(counts, ['G', column(counts, 'G')], ['COUNT', column(counts, 'COUNT')]);
    const harness = new PipelineHarness(planOf(root));
    harness.send('right', right('a')).send('left', left('A')).send('right', right('b'));
    expect(harness.results().map(([key, value]) => [key, value])).toEqual([
      ['a', { COUNT: 1 }],
      ['a', { COUNT: 0 }],
      ['b', { COUNT: 1 }],
    ]);
  });
});

describe('table joins with caching', () => {
  const sum = (join: PhysicalStep): PhysicalStep => {
    const grouped = repartition(rekey(join, [['G', literal('all', STRING)]]));
    const step = aggregate(grouped, [['ROWS', 'COLLECT_LIST', column(grouped, 'R')]]);
    return project(step, ['G', column(step, 'G')], ['ROWS', column(step, 'ROWS')]);
  };
  const join: PhysicalStep = {
    kind: 'tableTableJoin',
    id: 'Join',
    schema: JOINED,
    left: tableSource('left', L),
    right: tableSource('right', R),
    join: 'LEFT',
    columns: COLUMNS,
  };

  it('count each change once, though both sides changed between two commits', () => {
    const harness = new PipelineHarness(planOf(sum(join)), { caching: true });
    const commit = () =>
      harness
        .commit()
        .commit()
        .commit()
        .results()
        .map(([, value]) => value);
    harness.send('left', left('A')).send('right', right('a'));
    expect(commit()).toEqual([{ ROWS: ['a'] }]);
    harness.send('left', left('B')).send('right', right('b'));
    expect(commit()).toEqual([{ ROWS: ['b'] }]);
    harness.send('right', right(null)).send('left', left('C'));
    expect(commit()).toEqual([{ ROWS: [null] }]);
    harness.send('right', right('c')).send('left', left(null));
    expect(commit()).toEqual([{ ROWS: [] }]);
  });

  it('show a deletion and what follows it as one change', () => {
    const harness = new PipelineHarness(planOf(join), { caching: true });
    harness.send('left', left('A', 1)).commit();
    harness.send('left', left(null, 2), left('B', 3)).commit();
    harness.send('left', left('C', 4), left(null, 5)).commit();
    harness.send('left', left('D', 6), left(null, 7)).commit();
    expect(shown(harness)).toEqual(['(A,-)@1', '(B,-)@3', 'gone@5']);
  });
});

describe.each([{ fuse: false }, { fuse: true }])('stream-stream join (fuse: $fuse)', ({ fuse }) => {
  const store = (name: string): StorePlan => ({
    name,
    kind: 'window',
    key: [{ name: 'ID', type: STRING }],
    value: [],
    retentionMs: null,
    windowSizeMs: null,
  });
  const plan = (join: JoinKind, options: { before?: number; after?: number; grace?: number } = {}) =>
    planOf({
      kind: 'streamStreamJoin',
      id: 'Join',
      schema: JOINED,
      left: streamSource('left', L),
      right: streamSource('right', R),
      join,
      columns: COLUMNS,
      beforeMs: options.before ?? 10,
      afterMs: options.after ?? 10,
      graceMs: options.grace ?? 86_400_000,
      graceGiven: options.grace !== undefined,
      leftStore: store('this'),
      rightStore: store('other'),
    });

  it('joins within the window, both ends included, with the greater timestamp', () => {
    const harness = new PipelineHarness(plan('INNER', { before: 5, after: 10 }), { fuse });
    harness.send('left', left('x', 100));
    harness.send('right', right('a', 94), right('b', 95), right('c', 110), right('d', 111), right('o', 100, 'other'));
    expect(shown(harness)).toEqual(['(x,b)@100', '(x,c)@110']);
    harness.send('left', left('y', 100));
    expect(shown(harness)).toEqual(['(y,b)@100', '(y,c)@110']);
  });

  it('keeps several records of one key and time', () => {
    const harness = new PipelineHarness(plan('INNER'), { fuse });
    harness.send('left', left('x', 1), left('y', 1)).send('right', right('a', 2));
    expect(shown(harness)).toEqual(['(x,a)@2', '(y,a)@2']);
  });

  it('without GRACE shows a record without partner at once', () => {
    const harness = new PipelineHarness(plan('LEFT'), { fuse });
    harness.send('left', left('x', 0)).send('right', right('a', 10)).send('right', right('lonely', 50));
    expect(shown(harness)).toEqual(['(x,-)@0', '(x,a)@10']);
    const full = new PipelineHarness(plan('FULL'), { fuse });
    full.send('left', left('x', 0)).send('right', right('a', 10)).send('right', right('lonely', 50));
    expect(shown(full)).toEqual(['(x,-)@0', '(x,a)@10', '(-,lonely)@50']);
  });

  it('with GRACE waits until no partner can come, and emits by time', () => {
    const harness = new PipelineHarness(plan('FULL', { grace: 5 }), { fuse });
    harness.send('left', left('x', 0), left('matched', 3, 'm'));
    harness.send('right', right('y', 2, 'other'), right('p', 4, 'm'));
    expect(shown(harness)).toEqual(['(matched,p)@4']);
    harness.send('left', left('z', 15, 'zz'));
    expect(shown(harness)).toEqual([]);
    harness.send('left', left('driver', 18, 'd'));
    expect(shown(harness)).toEqual(['(x,-)@0', '(-,y)@2']);
  });

  it('with GRACE shows a record at once that comes too late for partners', () => {
    const harness = new PipelineHarness(plan('LEFT', { grace: 10 }), { fuse });
    harness.send('left', left('new', 100, 'n'), left('late', 50));
    expect(shown(harness)).toEqual(['(late,-)@50']);
  });

  it('waits across a restart', () => {
    const stores = new MemoryTaskStores();
    new PipelineHarness(plan('LEFT', { grace: 5 }), { fuse, stores }).send('left', left('x', 0)).commit();
    const after = new PipelineHarness(plan('LEFT', { grace: 5 }), { fuse, stores });
    after.send('left', left('driver', 30, 'd'));
    expect(shown(after)).toEqual(['(x,-)@0']);
  });

  it('joins windowed keys by the starts of their windows, and gives results those of the left side', () => {
    const hopping = { kind: 'HOPPING', sizeMs: 50 } as const;
    const tumbling = { kind: 'TUMBLING', sizeMs: 20 } as const;
    const root = {
      ...plan('FULL', { grace: 5 }).root,
      left: streamSource('left', { ...L, keyWindow: hopping }),
      right: streamSource('right', { ...R, keyWindow: tumbling }),
    } as PhysicalStep;
    const windowed = (record: InputRecord, start: number): InputRecord => {
      const bounds = Buffer.alloc(8);
      bounds.writeBigInt64BE(BigInt(start));
      return { ...record, key: Buffer.concat([Buffer.from('k'), bounds]) };
    };
    const harness = new PipelineHarness(planOf(root, { sink: { keyWindow: hopping } }), { fuse });
    harness.send('left', windowed(left('x', 0), 0), windowed(left('y', 1), 20));
    harness.send('right', windowed(right('a', 2), 20), windowed(right('b', 3), 40));
    harness.send('left', windowed(left('driver', 30), 60));
    const found = harness.take().map(({ value, at, keyBytes }) => {
      const { L: l, R: r } = value as { L: string | null; R: string | null };
      return [l, r, at, Number(keyBytes!.readBigInt64BE(1))];
    });
    expect(found).toEqual([
      ['y', 'a', 2, 20],
      ['x', null, 0, 0],
      [null, 'b', 3, 40],
    ]);
    harness.send('right', windowed(right('c', 31), 60));
    expect(harness.take().map(({ value }) => value)).toEqual([{ L: 'driver', R: 'c' }]);
  });

  it('null keys join nothing: dropped, or shown by the kept side', () => {
    const inner = new PipelineHarness(plan('INNER'), { fuse });
    expect(shown(inner.send('left', left('x', 0, null)))).toEqual([]);
    expect(inner.errors).toMatchObject([{ reason: 'null-key' }]);
    const harness = new PipelineHarness(plan('LEFT', { grace: 5 }), { fuse });
    expect(shown(harness.send('left', left('x', 0, null)))).toEqual(['(x,-)@0']);
  });

  it('a store forgets by the time of its own side', () => {
    const harness = new PipelineHarness(plan('INNER', { grace: 0 }), { fuse });
    harness.send('left', left('old', 0), left('new', 100));
    harness.send('right', right('a', 5));
    expect(shown(harness)).toEqual([]);
    harness.send('right', right('b', 105));
    harness.send('left', left('again', 0));
    expect(shown(harness)).toEqual(['(new,b)@105']);
  });

  it('carries the headers of the record that completes the pair', () => {
    const harness = new PipelineHarness(plan('INNER'), { fuse });
    const headers = [{ key: 'h', value: Buffer.from('r') }];
    harness.send('left', { ...left('x', 0), headers: [{ key: 'l', value: null }] });
    harness.send('right', { ...right('a', 1), headers });
    expect(harness.take()).toMatchObject([{ headers }]);
  });
});

describe('foreign-key join', () => {
  const ORDERS = tableSource('left', {
    columns: [keyColumn('ID'), valueColumn('FK', STRING), valueColumn('L', STRING)],
  });
  const step = (join: 'INNER' | 'LEFT'): PhysicalStep => ({
    kind: 'foreignKeyJoin',
    id: 'Join',
    schema: JOINED,
    left: ORDERS,
    right: tableSource('right', R),
    join,
    foreignKey: column(ORDERS, 'FK'),
    columns: [
      { from: 'left', index: 0 },
      { from: 'left', index: 2 },
      { from: 'right', index: 1 },
    ],
    subscriptions: {
      name: 'Subscriptions',
      kind: 'key-value',
      key: [],
      value: [],
      retentionMs: null,
      windowSizeMs: null,
    },
  });
  const order = (id: string, fk: string | null, l: string, at = 0): InputRecord => ({
    key: id,
    value: { FK: fk, L: l },
    at,
  });
  const results = (harness: PipelineHarness): string[] =>
    harness.take().map(({ key, value, at }) => {
      const { L: l, R: r } = (value ?? {}) as { L?: string; R?: string | null };
      return value === null ? `${key}:gone@${at}` : `${key}:(${l},${r ?? '-'})@${at}`;
    });

  it('INNER: both sides update, deletes become tombstones', () => {
    const harness = new PipelineHarness(planOf(step('INNER')));
    expect(results(harness.send('left', order('1', 'a', 'x', 5)))).toEqual([]);
    expect(results(harness.send('right', right('A', 2, 'a')))).toEqual(['1:(x,A)@5']);
    expect(results(harness.send('left', order('2', 'a', 'y', 1)))).toEqual(['2:(y,A)@2']);
    expect(results(harness.send('right', right('B', 9, 'a')))).toEqual(['1:(x,B)@9', '2:(y,B)@9']);
    expect(results(harness.send('left', order('1', 'none', 'x', 10)))).toEqual(['1:gone@10']);
    expect(results(harness.send('left', { key: '2', value: null, at: 11 }))).toEqual(['2:gone@11']);
    expect(results(harness.send('right', right(null, 12, 'a')))).toEqual([]);
  });

  it('INNER: a right delete takes the rows away; a null foreign key joins nothing', () => {
    const harness = new PipelineHarness(planOf(step('INNER')));
    harness.send('right', right('A', 0, 'a')).send('left', order('1', 'a', 'x'), order('2', null, 'y'));
    expect(results(harness)).toEqual(['1:(x,A)@0']);
    expect(harness.errors).toMatchObject([{ reason: 'null-key' }]);
    expect(results(harness.send('right', right(null, 3, 'a')))).toEqual(['1:gone@3']);
  });

  it('LEFT: always shows the left row', () => {
    const harness = new PipelineHarness(planOf(step('LEFT')));
    expect(results(harness.send('left', order('1', 'a', 'x'), order('2', null, 'y')))).toEqual([
      '1:(x,-)@0',
      '2:(y,-)@0',
    ]);
    expect(results(harness.send('right', right('A', 1, 'a')))).toEqual(['1:(x,A)@1']);
    expect(results(harness.send('right', right(null, 2, 'a')))).toEqual(['1:(x,-)@2']);
  });

  it('feeds a filter with what it showed before', () => {
    const join = step('INNER');
    const root = filter(join, compare(column(join, 'R'), '>', literal('m', STRING)));
    const harness = new PipelineHarness(planOf(root));
    harness.send('left', order('1', 'a', 'x'));
    expect(results(harness.send('right', right('A', 1, 'a')))).toEqual([]);
    expect(results(harness.send('right', right('z', 2, 'a')))).toEqual(['1:(x,z)@2']);
    expect(results(harness.send('right', right('b', 3, 'a')))).toEqual(['1:gone@3']);
  });

  it('is refused on several partitions', () => {
    expect(() => new PipelineHarness(planOf(step('LEFT')), { repartition: 'topic' })).toThrow(
      /one partition|several partitions/,
    );
  });
});
