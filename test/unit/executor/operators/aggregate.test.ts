import { describe, expect, it } from 'vitest';
import { BIGINT, STRING } from '../../../../src/model/sql-type.js';
import type { PhysicalStep, WindowPlan } from '../../../../src/planner/physical/physical-plan.js';
import { MemoryTaskStores } from '../../../../src/state/memory/memory-task-stores.js';
import {
  aggregate,
  column,
  compare,
  filter,
  keyColumn,
  literal,
  PipelineHarness,
  planOf,
  project,
  rekey,
  repartition,
  storeOf,
  streamSource,
  tableSource,
  valueColumn,
} from './pipeline-harness.js';

const CLICKS = streamSource('clicks', { columns: [keyColumn('USER'), valueColumn('N')], pseudo: ['rowtime'] });

/** USER, COUNT and SUM(N), with window bounds if there are any. */
function counted(input: PhysicalStep, options: Parameters<typeof aggregate>[2] = {}): PhysicalStep {
  const step = aggregate(
    input,
    [
      ['COUNT', 'COUNT', column(input, 'ROWTIME')],
      ['SUM', 'SUM', column(input, 'N')],
    ],
    options,
  );
  return project(step, ['USER', column(step, 'USER')], ['COUNT', column(step, 'COUNT')], ['SUM', column(step, 'SUM')]);
}

const tumbling = (sizeMs: number, graceMs: number): WindowPlan => ({
  kind: 'TUMBLING',
  sizeMs,
  advanceMs: sizeMs,
  graceMs,
  retentionMs: sizeMs + graceMs,
});

function windowedPlan(window: WindowPlan, options: { final?: boolean; settings?: Record<string, string> } = {}) {
  const step = aggregate(CLICKS, [['COUNT', 'COUNT', column(CLICKS, 'ROWTIME')]], {
    window,
    final: options.final === true,
  });
  const root = project(
    step,
    ['USER', column(step, 'USER')],
    ['S', column(step, 'WINDOWSTART')],
    ['E', column(step, 'WINDOWEND')],
    ['COUNT', column(step, 'COUNT')],
  );
  const keyWindow = window.kind === 'SESSION' ? { kind: window.kind } : { kind: window.kind, sizeMs: window.sizeMs };
  return planOf(root, { sink: { keyWindow }, settings: options.settings ?? {} });
}

/** `S..E count @timestamp` a result; a tombstone shows the bounds of its key. */
function windowsOf(harness: PipelineHarness): string[] {
  return harness.take().map(({ value, at, keyBytes }) => {
    if (value !== null) {
      const { S, E, COUNT } = value as { S: number; E: number; COUNT: number };
      return `${S}..${E} ${COUNT} @${at}`;
    }
    const end = Number(keyBytes!.readBigInt64BE(keyBytes!.length - 16));
    return `${Number(keyBytes!.readBigInt64BE(keyBytes!.length - 8))}..${end} gone @${at}`;
  });
}

const clicks = (...times: number[]) => times.map((at) => ({ key: 'u', value: { N: 1 }, at }));

describe.each([{ fuse: false }, { fuse: true }])('aggregates by key (fuse: $fuse)', ({ fuse }) => {
  it('emits each update with the greatest timestamp so far', () => {
    const harness = new PipelineHarness(planOf(counted(CLICKS)), { fuse });
    harness.send(
      'clicks',
      { key: 'a', value: { N: 2 }, at: 5 },
      { key: 'a', value: { N: 3 }, at: 3 },
      { key: 'b', value: {} },
    );
    expect(harness.results()).toEqual([
      ['a', { COUNT: 1, SUM: 2 }, 5],
      ['a', { COUNT: 2, SUM: 5 }, 5],
      ['b', { COUNT: 1, SUM: 0 }, 0],
    ]);
  });

  it('leaves out null keys and null rows', () => {
    const harness = new PipelineHarness(planOf(counted(CLICKS)), { fuse });
    harness.send('clicks', { key: null, value: { N: 1 } }, { key: 'a' });
    expect(harness.results()).toEqual([]);
    expect(harness.errors).toMatchObject([{ reason: 'null-key', step: 'Aggregate' }]);
  });

  it('with caching emits each key once a commit', () => {
    const harness = new PipelineHarness(planOf(counted(CLICKS)), { fuse, caching: true });
    harness.send('clicks', ...clicks(1, 2, 3), { key: 'b', value: { N: 7 }, at: 9 });
    expect(harness.results()).toEqual([]);
    expect(harness.commit().results()).toEqual([
      ['u', { COUNT: 3, SUM: 3 }, 3],
      ['b', { COUNT: 1, SUM: 7 }, 9],
    ]);
    expect(harness.commit().results()).toEqual([]);
    expect(
      harness
        .send('clicks', ...clicks(4))
        .commit()
        .results(),
    ).toEqual([['u', { COUNT: 4, SUM: 4 }, 4]]);
  });

  it.each([false, true])('a row that stops to pass HAVING becomes a tombstone (caching %s)', (caching) => {
    const step = aggregate(CLICKS, [['SUM', 'SUM', column(CLICKS, 'N')]]);
    const having = filter(step, compare(column(step, 'SUM'), '>', literal(100)));
    const root = project(having, ['USER', column(having, 'USER')], ['SUM', column(having, 'SUM')]);
    const harness = new PipelineHarness(planOf(root), { fuse, caching });
    for (const n of [50, 60, -20, -1]) harness.send('clicks', { key: 'u', value: { N: n } }).commit();
    expect(harness.results()).toEqual([
      ['u', { SUM: 110 }, 0],
      ['u', null, 0],
    ]);
  });

  it('does not let later records change what was emitted', () => {
    const step = aggregate(CLICKS, [['ALL', 'COLLECT_LIST', column(CLICKS, 'N')]]);
    const root: PhysicalStep = {
      kind: 'materialize',
      id: 'M',
      schema: step.schema,
      input: step,
      store: storeOf('M', step.schema),
    };
    const stores = new MemoryTaskStores();
    const harness = new PipelineHarness(planOf(root), { fuse, stores });
    harness.send('clicks', ...clicks(1));
    const kept = stores.open({ ...root.store, kind: 'key-value' }, 0).get(['u'])!.row;
    harness.send('clicks', ...clicks(2));
    expect(kept).toEqual([1, [1]]);
  });
});

describe.each([{ fuse: false }, { fuse: true }])('windows (fuse: $fuse)', ({ fuse }) => {
  it('TUMBLING: start is inclusive, end is not', () => {
    const harness = new PipelineHarness(windowedPlan(tumbling(10, 1000)), { fuse });
    harness.send('clicks', ...clicks(0, 9, 10, 5));
    expect(windowsOf(harness)).toEqual(['0..10 1 @0', '0..10 2 @9', '10..20 1 @10', '0..10 3 @9']);
  });

  it('HOPPING: a record counts in each window over it, in ascending order', () => {
    const window = { kind: 'HOPPING', sizeMs: 30, advanceMs: 15, graceMs: 1000, retentionMs: 1030 } as const;
    const harness = new PipelineHarness(windowedPlan(window), { fuse });
    harness.send('clicks', ...clicks(10, 90));
    expect(windowsOf(harness)).toEqual(['0..30 1 @10', '75..105 1 @90', '90..120 1 @90']);
  });

  it('reports a record as late window by window', () => {
    const harness = new PipelineHarness(windowedPlan(tumbling(30, 60)), { fuse });
    harness.send('clicks', ...clicks(89, 9, 90, 10));
    expect(windowsOf(harness)).toEqual(['60..90 1 @89', '0..30 1 @9', '90..120 1 @90']);
    expect(harness.errors).toMatchObject([{ reason: 'late', offset: 3, message: 'the window [0, 30) is closed' }]);
  });

  it('remembers stream time across a restart', () => {
    const stores = new MemoryTaskStores();
    const before = new PipelineHarness(windowedPlan(tumbling(30, 0)), { fuse, stores });
    before.send('clicks', ...clicks(100)).commit();
    const after = new PipelineHarness(windowedPlan(tumbling(30, 0)), { fuse, stores });
    after.send('clicks', ...clicks(10, 101));
    expect(windowsOf(after)).toEqual(['90..120 2 @101']);
    expect(after.errors).toMatchObject([{ reason: 'late' }]);
  });

  it('SESSION: merging and growing replace sessions, a tombstone first', () => {
    const window = { kind: 'SESSION', gapMs: 5, graceMs: 1000, retentionMs: 1005 } as const;
    const harness = new PipelineHarness(windowedPlan(window), { fuse });
    harness.send('clicks', ...clicks(0, 0, 5, 11, 8));
    expect(windowsOf(harness)).toEqual([
      '0..0 1 @0',
      '0..0 2 @0',
      '0..0 gone @0',
      '0..5 3 @5',
      '11..11 1 @11',
      '0..5 gone @5',
      '11..11 gone @11',
      '0..11 5 @11',
    ]);
  });

  it('SESSION: does not merge with what has expired', () => {
    const window = { kind: 'SESSION', gapMs: 30, graceMs: 60, retentionMs: 90 } as const;
    const harness = new PipelineHarness(windowedPlan(window), { fuse });
    harness.send('clicks', ...clicks(0, 110, 19, 20));
    expect(windowsOf(harness)).toEqual(['0..0 1 @0', '110..110 1 @110', '20..20 1 @20']);
    expect(harness.errors).toMatchObject([{ reason: 'late', offset: 2 }]);
  });

  it('SESSION with caching shows a merged session only when it had been shown', () => {
    const window = { kind: 'SESSION', gapMs: 5, graceMs: 1000, retentionMs: 1005 } as const;
    const harness = new PipelineHarness(windowedPlan(window), { fuse, caching: true });
    harness.send('clicks', ...clicks(0, 3)).commit();
    expect(windowsOf(harness)).toEqual(['0..3 2 @3']);
    harness.send('clicks', ...clicks(6, 7)).commit();
    expect(windowsOf(harness)).toEqual(['0..3 gone @3', '0..7 4 @7']);
  });
});

describe.each([{ fuse: false }, { fuse: true }])('EMIT FINAL (fuse: $fuse)', ({ fuse }) => {
  const hopping = { kind: 'HOPPING', sizeMs: 5, advanceMs: 2, graceMs: 1, retentionMs: 6 } as const;
  const ksqldb = { 'millrace.dialect': 'ksqldb' };

  it('emits a window once, when stream time reaches its end and grace', () => {
    const harness = new PipelineHarness(windowedPlan(tumbling(2, 0), { final: true }), { fuse });
    expect(windowsOf(harness.send('clicks', ...clicks(0, 1)))).toEqual([]);
    expect(windowsOf(harness.send('clicks', ...clicks(2)))).toEqual(['0..2 2 @1']);
    expect(windowsOf(harness.send('clicks', ...clicks(3)))).toEqual([]);
  });

  it('emits all windows that a jump of stream time closes', () => {
    const harness = new PipelineHarness(windowedPlan(tumbling(2, 1), { final: true }), { fuse });
    expect(windowsOf(harness.send('clicks', ...clicks(0, 1, 2, 1, 0, 5)))).toEqual(['0..2 4 @1', '2..4 1 @2']);
    const hops = new PipelineHarness(windowedPlan(hopping, { final: true }), { fuse });
    expect(windowsOf(hops.send('clicks', ...clicks(0, 1, 2, 1, 6, 5, 10)))).toEqual([
      '0..5 4 @2',
      '2..7 3 @6',
      '4..9 2 @6',
    ]);
  });

  it('in the dialect of ksqlDB loses the windows that have left the store', () => {
    const harness = new PipelineHarness(windowedPlan(tumbling(2, 1), { final: true, settings: ksqldb }), { fuse });
    expect(windowsOf(harness.send('clicks', ...clicks(0, 1, 2, 1, 0, 5)))).toEqual(['2..4 1 @2']);
    const jump = new PipelineHarness(windowedPlan(tumbling(2, 2), { final: true, settings: ksqldb }), { fuse });
    expect(windowsOf(jump.send('clicks', ...clicks(0, 1, 2, 0, 3, 0, 10, 0, 30)))).toEqual([]);
    const hops = new PipelineHarness(windowedPlan(hopping, { final: true, settings: ksqldb }), { fuse });
    expect(windowsOf(hops.send('clicks', ...clicks(0, 1, 2, 1, 6, 5, 10)))).toEqual(['0..5 4 @2', '4..9 2 @6']);
  });

  it('emits sessions without tombstones', () => {
    const window = { kind: 'SESSION', gapMs: 5, graceMs: 6, retentionMs: 11 } as const;
    const harness = new PipelineHarness(windowedPlan(window, { final: true }), { fuse });
    harness.send('clicks', ...clicks(0, 4, 8, 12, 14, 30, 29, 17, 42));
    expect(windowsOf(harness)).toEqual(['0..14 5 @14', '29..30 2 @30']);
  });

  it('emits nothing twice after a restart', () => {
    const stores = new MemoryTaskStores();
    new PipelineHarness(windowedPlan(tumbling(2, 0), { final: true }), { fuse, stores })
      .send('clicks', ...clicks(0, 2))
      .commit();
    const after = new PipelineHarness(windowedPlan(tumbling(2, 0), { final: true }), { fuse, stores });
    expect(windowsOf(after.send('clicks', ...clicks(3, 4)))).toEqual(['2..4 2 @3']);
  });
});

describe.each(['direct', 'topic'] as const)('aggregates over a table (%s)', (mode) => {
  const USERS = tableSource('users', {
    columns: [keyColumn('ID'), valueColumn('NAME', STRING), valueColumn('N', BIGINT)],
  });
  const grouped = repartition(rekey(USERS, [['NAME', column(USERS, 'NAME')]]));
  const step = aggregate(grouped, [
    ['COUNT', 'COUNT', column(grouped, 'ID')],
    ['SUM', 'SUM', column(grouped, 'N')],
  ]);
  const root = project(
    step,
    ['NAME', column(step, 'NAME')],
    ['COUNT', column(step, 'COUNT')],
    ['SUM', column(step, 'SUM')],
  );

  it('takes the old row out of its group and puts the new one into its own', () => {
    const harness = new PipelineHarness(planOf(root), { repartition: mode });
    harness.send('users', { key: '0', value: { NAME: 'bob', N: 1 } });
    harness.send('users', { key: '0', value: { NAME: 'john', N: 2 }, at: 3 });
    harness.send('users', { key: '1', value: { NAME: 'john', N: 5 } });
    harness.send('users', { key: '1', value: { NAME: 'john', N: 7 } });
    harness.send('users', { key: '1', value: null, at: 9 });
    harness.send('users', { key: '2', value: { NAME: null, N: 1 } }, { key: null, value: { NAME: 'x' } }, { key: '9' });
    expect(harness.results()).toEqual([
      ['bob', { COUNT: 1, SUM: 1 }, 0],
      ['bob', { COUNT: 0, SUM: 0 }, 3],
      ['john', { COUNT: 1, SUM: 2 }, 3],
      ['john', { COUNT: 2, SUM: 7 }, 3],
      ['john', { COUNT: 2, SUM: 9 }, 3],
      ['john', { COUNT: 1, SUM: 2 }, 9],
    ]);
  });

  it('with caching undoes what it had shown, not what lay between', () => {
    const harness = new PipelineHarness(planOf(root), { repartition: mode, caching: true });
    harness.send('users', { key: '0', value: { NAME: 'bob', N: 1 } }).commit();
    expect(harness.commit().results()).toEqual([['bob', { COUNT: 1, SUM: 1 }, 0]]);
    harness
      .send('users', { key: '0', value: { NAME: 'eve', N: 1 } }, { key: '0', value: { NAME: 'bob', N: 4 } })
      .commit();
    expect(harness.commit().results()).toEqual([['bob', { COUNT: 1, SUM: 4 }, 0]]);
  });
});
