import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BIGINT, INTEGER, STRING } from '../../../../src/model/sql-type.js';
import type { BoundExpression } from '../../../../src/planner/expression.js';
import type { PhysicalStep } from '../../../../src/planner/physical/physical-plan.js';
import {
  aggregate,
  call,
  column,
  compare,
  filter,
  type InputRecord,
  JSON_FORMAT,
  KAFKA_FORMAT,
  keyColumn,
  literal,
  PipelineHarness,
  planOf,
  plus,
  project,
  rekey,
  streamSource,
  valueColumn,
} from './pipeline-harness.js';

const SCHEMA = [keyColumn('ID'), valueColumn('A'), valueColumn('B', BIGINT), valueColumn('S', STRING)];

/** A chain of steps above a source, each described by a few numbers. */
type Shape = readonly { readonly kind: 'filter' | 'project' | 'rekey' | 'group'; readonly n: number }[];

function numbersOf(step: PhysicalStep): BoundExpression[] {
  return step.schema.columns.flatMap((c) => (c.type.kind === 'INTEGER' ? [column(step, c.name)] : []));
}

function build(source: PhysicalStep, shape: Shape): PhysicalStep {
  let step = source;
  shape.forEach(({ kind, n }, depth) => {
    const numbers = numbersOf(step);
    const number = numbers[n % Math.max(1, numbers.length)] ?? literal(n);
    const key = column(step, step.schema.columns[0]!.name);
    if (kind === 'filter') {
      step = filter(step, compare(number, '>', literal((n % 7) - 3)));
    } else if (kind === 'project') {
      const rest = step.schema.columns.slice(1).map((c) => [`${c.name}_${depth}`, column(step, c.name)] as const);
      step = project(step, ['K', key], ...rest.slice(n % 2), [`SUM_${depth}`, plus(number, literal(n % 5))]);
    } else {
      const expressions = [number, key, call('UCASE', { kind: 'cast', type: STRING, operand: key })];
      step = rekey(step, [[`G_${depth}`, expressions[n % 3]!]], kind === 'rekey' ? 'nullKey' : 'drop');
    }
  });
  return step;
}

const shapes: fc.Arbitrary<Shape> = fc.array(
  fc.record({ kind: fc.constantFrom('filter', 'project', 'project', 'rekey', 'group'), n: fc.nat(20) }),
  { maxLength: 4 },
);

const values = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      { A: fc.option(fc.integer({ min: -5, max: 5 })), B: fc.option(fc.maxSafeInteger()), S: fc.option(fc.string()) },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('null', '{', '{"A":"x"}', '{"A":2.5}', '[]', '') },
  { weight: 1, arbitrary: fc.constant(null) },
);
const records: fc.Arbitrary<InputRecord[]> = fc.array(
  fc.record({
    key: fc.option(fc.constantFrom('a', 'b', 'ü', '7', ''), { freq: 6 }),
    value: values,
    at: fc.integer({ min: -1, max: 50 }),
    headers: fc.constantFrom([], [{ key: 'h', value: Buffer.from([1]) }]),
  }),
  { maxLength: 12 },
);

/** Everything that can be seen from outside; of what a dropped record did wrong only as much as both ways look at. */
function outcome(root: PhysicalStep, input: readonly InputRecord[], fuse: boolean, keyFormat = KAFKA_FORMAT) {
  const harness = new PipelineHarness(planOf(root, { sink: { keyFormat } }), { fuse, partitions: 3 });
  if (input.length > 0) harness.send('in', ...input);
  const { rowsIn, rowsOut, streamTime } = harness.task;
  return { records: harness.take(), rowsIn, rowsOut, streamTime, position: harness.task.positions() };
}

describe('fused and ordinary operators', () => {
  it('give the same records', () => {
    fc.assert(
      fc.property(shapes, records, fc.constantFrom(KAFKA_FORMAT, JSON_FORMAT), (shape, input, format) => {
        const unwrapped = { ...format, unwrapped: true };
        const source = streamSource('in', { columns: SCHEMA, keyFormat: KAFKA_FORMAT });
        const root = build(source, shape);
        expect(outcome(root, input, true, unwrapped)).toEqual(outcome(root, input, false, unwrapped));
      }),
      { numRuns: 150 },
    );
  });

  it('give the same aggregates', () => {
    fc.assert(
      fc.property(shapes, records, (shape, input) => {
        const step = build(streamSource('in', { columns: SCHEMA, pseudo: ['rowtime'] }), shape);
        const window = { kind: 'HOPPING', sizeMs: 10, advanceMs: 5, graceMs: 10, retentionMs: 20 } as const;
        const [number = literal(1)] = numbersOf(step);
        const counts = aggregate(
          step,
          [
            ['N', 'COUNT', number],
            ['SUM', 'SUM', number],
          ],
          { window },
        );
        expect(outcome(counts, input, true)).toEqual(outcome(counts, input, false));
      }),
      { numRuns: 100 },
    );
  });

  it('copy the bytes of a key that stays as it is', () => {
    const source = streamSource('in', { columns: [keyColumn('ID', STRING), valueColumn('A')] });
    const invalid = Buffer.from([0x61, 0xff]);
    const [record] = new PipelineHarness(planOf(source), { fuse: true })
      .send('in', { key: invalid, value: { A: 1 } })
      .take();
    expect(record!.keyBytes).toEqual(invalid);
  });

  it('read a key whose length is fixed, so that a wrong one is found', () => {
    const source = streamSource('in', { columns: [keyColumn('ID', INTEGER), valueColumn('A')] });
    const harness = new PipelineHarness(planOf(source), { fuse: true });
    harness.send('in', { key: 'abc', value: { A: 1 } }, { key: 'abcd', value: { A: 2 } });
    expect(harness.take()).toMatchObject([{ key: 'abcd' }]);
    expect(harness.errors).toMatchObject([{ reason: 'deserialization', target: 'key' }]);
  });

  it('do not decode what a filter drops', () => {
    const source = streamSource('in', { columns: SCHEMA });
    const root = filter(source, compare(column(source, 'A'), '>', literal(0)));
    const harness = new PipelineHarness(planOf(root), { fuse: true });
    harness.send('in', { key: 'a', value: '{"A":0,"B":"no number"}' });
    expect(harness.errors).toEqual([]);
  });

  it.each([true, false])('leave no half record behind when a result cannot be written (fuse %s)', (fuse) => {
    const source = streamSource('in', {
      columns: [keyColumn('ID'), valueColumn('A', { kind: 'ARRAY', element: INTEGER })],
    });
    const plan = planOf(source, { sink: { valueFormat: JSON_FORMAT } });
    const harness = new PipelineHarness(plan, { fuse });
    harness.send(
      'in',
      { key: 'a', value: { A: [1] } },
      { key: 'b', value: { A: 'x' } },
      { key: 'c', value: { A: [2] } },
    );
    expect(harness.results().map(([key]) => key)).toEqual(['a', 'c']);
    expect(harness.errors).toMatchObject([{ reason: 'deserialization', offset: 1 }]);
  });
});
