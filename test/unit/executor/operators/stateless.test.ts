import { describe, expect, it } from 'vitest';
import { BIGINT, STRING } from '../../../../src/model/sql-type.js';
import type { PhysicalStep } from '../../../../src/planner/physical/physical-plan.js';
import {
  call,
  column,
  compare,
  filter,
  keyColumn,
  literal,
  PipelineHarness,
  planOf,
  plus,
  project,
  rekey,
  repartition,
  streamSource,
  valueColumn,
} from './pipeline-harness.js';
import { ARRAY_OF_INT, explode } from './stateless-steps.js';

const ORDERS = streamSource('orders', {
  columns: [keyColumn('ID'), valueColumn('ITEM', STRING), valueColumn('PRICE')],
});

/** The rekey step below a repartition, carrying only these columns. */
function rekeyCarrying(step: PhysicalStep, carried: readonly number[]): PhysicalStep {
  if (step.kind !== 'repartition' || step.input.kind !== 'streamRekey') throw new Error('no rekey below');
  const [key] = step.schema.columns;
  return { ...step.input, carried, schema: { columns: [key!, ...carried.map((i) => ORDERS.schema.columns[i]!)] } };
}

describe.each([{ fuse: false }, { fuse: true }])('stateless steps with $fuse', ({ fuse }) => {
  it('carries key, headers and timestamp through filter and projection', () => {
    const where = filter(ORDERS, compare(column(ORDERS, 'PRICE'), '>', literal(10)));
    const root = project(
      where,
      ['ID', column(where, 'ID')],
      ['DOUBLED', plus(column(where, 'PRICE'), column(where, 'PRICE'))],
    );
    const harness = new PipelineHarness(planOf(root), { fuse });
    const headers = [{ key: 'trace', value: Buffer.from('x') }];
    harness.send(
      'orders',
      { key: 'a', value: { ITEM: 'tea', PRICE: 20 }, at: 5, headers },
      { key: 'b', value: { ITEM: 'jam', PRICE: 3 }, at: 6 },
      { key: null, value: { ITEM: 'oil', PRICE: 30 }, at: 7 },
    );
    const [first, second] = harness.take();
    expect(first).toMatchObject({ key: 'a', value: { DOUBLED: 40 }, at: 5, headers });
    expect(second).toMatchObject({ key: null, value: { DOUBLED: 60 }, at: 7, headers: [] });
    expect(harness.task).toMatchObject({ rowsIn: 3, rowsOut: 2, streamTime: 7 });
    expect(harness.task.positions()).toEqual([{ topic: 'orders', partition: 0, offset: 3 }]);
  });

  it('passes null rows through a projection and drops them in a filter', () => {
    const root = project(ORDERS, ['ID', column(ORDERS, 'ID')], ['P', column(ORDERS, 'PRICE')]);
    expect(new PipelineHarness(planOf(root), { fuse }).send('orders', { key: 'a' }).results()).toEqual([
      ['a', null, 0],
    ]);
    const isNull = {
      kind: 'isNull',
      type: { kind: 'BOOLEAN' },
      operand: column(ORDERS, 'PRICE'),
      negated: false,
    } as const;
    const where = filter(ORDERS, isNull);
    expect(new PipelineHarness(planOf(where), { fuse }).send('orders', { key: 'a' }).results()).toEqual([]);
  });

  it('reports what cannot be read, and goes on', () => {
    const harness = new PipelineHarness(planOf(ORDERS), { fuse });
    harness.send('orders', { key: 'a', value: '{' }, { key: 'b', value: { ITEM: 'x', PRICE: 1 }, at: 1 });
    expect(harness.results()).toEqual([['b', { ITEM: 'x', PRICE: 1 }, 1]]);
    expect(harness.errors).toMatchObject([
      { reason: 'deserialization', step: 'orders/Source', target: 'value', topic: 'orders', partition: 0, offset: 0 },
    ]);
  });

  it('makes a failing expression null and reports it', () => {
    const divided = {
      kind: 'arithmetic',
      type: ORDERS.schema.columns[2]!.type,
      operator: '/',
      left: literal(1),
      right: column(ORDERS, 'PRICE'),
    } as const;
    const root = project(ORDERS, ['ID', column(ORDERS, 'ID')], ['Q', divided]);
    const harness = new PipelineHarness(planOf(root), { fuse });
    harness.send('orders', { key: 'a', value: { PRICE: 0 } }, { key: 'b', value: { PRICE: 1 } });
    expect(harness.results()).toEqual([
      ['a', { Q: null }, 0],
      ['b', { Q: 1 }, 0],
    ]);
    expect(harness.errors).toMatchObject([{ reason: 'expression', step: 'Project', offset: 0 }]);
  });

  it('drops negative timestamps', () => {
    const harness = new PipelineHarness(planOf(ORDERS), { fuse });
    harness.send('orders', { key: 'a', value: {}, at: -1 });
    expect(harness.results()).toEqual([]);
    expect(harness.errors).toMatchObject([{ reason: 'timestamp' }]);
  });

  it('takes event time from a column', () => {
    const source = streamSource('orders', {
      columns: [keyColumn('ID'), valueColumn('TS', BIGINT)],
      timestamp: { column: 1, type: BIGINT, format: null },
      pseudo: ['rowtime'],
      read: [],
    });
    const harness = new PipelineHarness(planOf(source), { fuse });
    harness.send(
      'orders',
      { key: 'a', value: { TS: 77 }, at: 5 },
      { key: 'b', value: { TS: -7 } },
      { key: 'c', value: {} },
    );
    expect(harness.results()).toEqual([['a', { ROWTIME: 77 }, 77]]);
    expect(harness.errors.map((e) => e.reason)).toEqual(['timestamp', 'timestamp']);
  });

  it('writes event time from a column of the result', () => {
    const plan = planOf(ORDERS, { sink: { timestamp: { column: 2, type: BIGINT, format: null } } });
    const harness = new PipelineHarness(plan, { fuse });
    harness.send(
      'orders',
      { key: 'a', value: { PRICE: 9 }, at: 5 },
      { key: 'b', value: {}, at: 6 },
      { key: 'c', value: null, at: 4 },
    );
    expect(harness.results()).toEqual([
      ['a', { ITEM: null, PRICE: 9 }, 9],
      ['c', null, 6],
    ]);
  });

  it('shows pseudo columns and headers', () => {
    const source = streamSource('orders', {
      columns: [keyColumn('ID'), { name: 'H', type: { kind: 'BYTES' }, role: 'headers', headerKey: 'h' }],
      pseudo: ['rowtime', 'rowpartition', 'rowoffset'],
    });
    const root = project(
      source,
      ['ID', column(source, 'ID')],
      ...['H', 'ROWTIME', 'ROWPARTITION', 'ROWOFFSET'].map((name) => [`X_${name}`, column(source, name)] as const),
    );
    const harness = new PipelineHarness(planOf(root), { fuse });
    const headers = [
      { key: 'h', value: Buffer.from('1') },
      { key: 'h', value: Buffer.from('2') },
    ];
    harness.send('orders', { key: 'a', value: {} }, { key: 'b', value: {}, at: 3, headers });
    expect(harness.results()).toEqual([
      ['a', { X_H: null, X_ROWTIME: 0, X_ROWPARTITION: 0, X_ROWOFFSET: 0 }, 0],
      ['b', { X_H: Buffer.from('2').toString('base64'), X_ROWTIME: 3, X_ROWPARTITION: 0, X_ROWOFFSET: 1 }, 3],
    ]);
  });

  it('decodes and encodes windowed keys', () => {
    const keyWindow = { kind: 'TUMBLING', sizeMs: 10 } as const;
    const source = streamSource('orders', {
      columns: [keyColumn('ID')],
      keyWindow,
      pseudo: ['windowstart', 'windowend'],
    });
    const root = project(
      source,
      ['ID', column(source, 'ID')],
      ['S', column(source, 'WINDOWSTART')],
      ['E', column(source, 'WINDOWEND')],
    );
    const key = Buffer.concat([Buffer.from('a'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 20])]);
    const harness = new PipelineHarness(planOf(root, { sink: { keyWindow } }), { fuse });
    harness.send('orders', { key, value: {} }, { key: 'short', value: {} });
    expect(harness.take()).toMatchObject([{ keyBytes: key, value: { S: 20, E: 30 } }]);
    expect(harness.errors).toMatchObject([{ reason: 'deserialization', target: 'key' }]);
  });

  it('repartitions by an expression, keeping records whose key is null', () => {
    const rekeyed = rekey(ORDERS, [['ITEM', column(ORDERS, 'ITEM')]], 'nullKey');
    const harness = new PipelineHarness(planOf(rekeyed), { fuse });
    harness.send(
      'orders',
      { key: 'a', value: { ITEM: 'tea', PRICE: 1 } },
      { key: 'b', value: { PRICE: 2 } },
      { key: 'c' },
    );
    expect(harness.results()).toEqual([
      ['tea', { ID: 'a', ITEM_V: 'tea', PRICE: 1 }, 0],
      [null, { ID: 'b', ITEM_V: null, PRICE: 2 }, 0],
      [null, null, 0],
    ]);
  });

  it('computes key expressions over the old key for null rows', () => {
    const rekeyed = rekey(ORDERS, [['K', call('UCASE', column(ORDERS, 'ID'))]], 'nullKey');
    const harness = new PipelineHarness(planOf(rekeyed), { fuse });
    expect(harness.send('orders', { key: 'a' }).results()).toEqual([['A', null, 0]]);
  });

  it('drops records whose grouping expression is null', () => {
    const rekeyed = rekey(ORDERS, [['ITEM', column(ORDERS, 'ITEM')]], 'drop');
    const harness = new PipelineHarness(planOf(rekeyed), { fuse });
    harness.send('orders', { key: 'a', value: { PRICE: 1 } }, { key: 'c' });
    expect(harness.results()).toEqual([]);
    expect(harness.errors).toMatchObject([{ reason: 'null-key', step: 'GroupBy' }]);
  });

  it.each(['direct', 'topic'] as const)('sends records through a repartition step (%s)', (mode) => {
    const root = repartition(rekey(ORDERS, [['ITEM', column(ORDERS, 'ITEM')]], 'nullKey'));
    const harness = new PipelineHarness(planOf(root), { fuse, repartition: mode });
    const headers = [{ key: 'h', value: null }];
    harness.send('orders', { key: 'a', value: { ITEM: 'tea', PRICE: 1 }, at: 4, headers }, { key: 'b' });
    expect(harness.take()).toMatchObject([
      { key: 'tea', value: { ID: 'a', ITEM_V: 'tea', PRICE: 1 }, at: 4, headers },
      { key: null, value: null },
    ]);
    expect(harness.task.inputs).toEqual(mode === 'direct' ? ['orders'] : ['orders', 'query-repartition']);
  });

  it('tells a row that its format writes as nothing from a null row', () => {
    const step = repartition(rekey(ORDERS, [['ITEM', column(ORDERS, 'ITEM')]], 'nullKey'));
    const [, , , price] = step.schema.columns;
    const bare = {
      ...step,
      schema: { columns: [...step.schema.columns.slice(0, 1), price!] },
      valueFormat: { name: 'KAFKA', properties: {}, unwrapped: true },
      input: rekeyCarrying(step, [2]),
    } as PhysicalStep;
    const harness = new PipelineHarness(planOf(bare), { fuse, repartition: 'topic' });
    harness.send(
      'orders',
      { key: 'a', value: { ITEM: 'tea' } },
      { key: 'b', value: { ITEM: 'tea', PRICE: 3 } },
      { key: 'c' },
    );
    expect(harness.results().map(([, value]) => value)).toEqual([{ PRICE: null }, { PRICE: 3 }, null]);
  });

  it('carries large rows through a repartition topic', () => {
    const root = repartition(rekey(ORDERS, [['ID', column(ORDERS, 'ID')]], 'nullKey'));
    const harness = new PipelineHarness(planOf(root), { fuse, repartition: 'topic' });
    const item = 'x'.repeat(100_000);
    harness.send('orders', { key: 'a', value: { ITEM: item, PRICE: 1 } });
    expect(harness.results().map(([, value]) => value)).toMatchObject([{ ITEM: item, PRICE: 1 }]);
  });

  it('flattens table functions side by side', () => {
    const source = streamSource('orders', {
      columns: [keyColumn('ID'), valueColumn('A', ARRAY_OF_INT), valueColumn('B', ARRAY_OF_INT)],
    });
    const harness = new PipelineHarness(planOf(explode(source, ['A', 'B'])), { fuse });
    harness.send(
      'orders',
      { key: 'k', value: { A: [1, 2], B: [3] } },
      { key: 'k', value: { A: [], B: [] } },
      { key: 'n' },
    );
    expect(harness.results().map(([, value]) => value)).toEqual([
      { A: [1, 2], B: [3], EX_A: 1, EX_B: 3 },
      { A: [1, 2], B: [3], EX_A: 2, EX_B: null },
    ]);
  });

  it('hands the rows of a transient query to its reader, up to the limit', () => {
    const harness = new PipelineHarness({ ...planOf(ORDERS, { sink: null }), limit: 1 }, { fuse });
    harness.send('orders', { key: 'a', value: { ITEM: 'x', PRICE: 1 }, at: 2 }, { key: 'b', value: {} });
    expect(harness.rows).toEqual([{ row: ['a', 'x', 1], tombstone: false, timestamp: 2 }]);
    expect(harness.task.complete).toBe(true);
  });
});
