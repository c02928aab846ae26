import { describe, expect, it } from 'vitest';
import { topologyOf } from '../../../../src/executor/task/topology.js';
import type { PhysicalStep } from '../../../../src/planner/physical/physical-plan.js';
import { join, plan, repartition, source } from '../thread/fake-tasks.js';

const PARTITIONS: Record<string, number> = { one: 1, two: 2, four: 4 };

const topology = (root: PhysicalStep) => topologyOf(plan('Q', root, null), (topic) => PARTITIONS[topic]!);

describe('topology', () => {
  it('has a task a partition of its source', () => {
    expect(topology(source('four'))).toMatchObject({ tasks: 4, repartitions: [], ordered: false, direct: false });
  });

  it('gives a repartition topic the partitions of what it comes from', () => {
    const found = topology(repartition(source('four'), 'r'));
    expect(found).toMatchObject({ tasks: 4, repartitions: [{ topic: 'r', partitions: 4 }], ordered: false });
    expect(found.inputs.map(({ topic, internal }) => [topic, internal])).toEqual([
      ['four', false],
      ['r', true],
    ]);
  });

  it('gives it the partitions of what it is joined with, and keeps both in order', () => {
    const found = topology(join(repartition(source('four'), 'r'), source('two')));
    expect(found).toMatchObject({ tasks: 4, repartitions: [{ topic: 'r', partitions: 2 }], ordered: true });
  });

  it('gives two that are joined the larger count', () => {
    const found = topology(join(repartition(source('two'), 'l'), repartition(source('four'), 'r')));
    expect(found.repartitions).toEqual([
      { topic: 'l', partitions: 4 },
      { topic: 'r', partitions: 4 },
    ]);
    expect(found.ordered).toBe(true);
  });

  it('reads a table that is joined from its beginning, behind a repartition topic too', () => {
    const table = (topic: string) => ({ ...source(topic), kind: 'tableSource' }) as PhysicalStep;
    const late = ({ inputs }: ReturnType<typeof topology>) => inputs.map((input) => [input.topic, input.mayStartLate]);
    expect(late(topology(join(source('four'), repartition(table('two'), 'r'))))).toEqual([
      ['four', true],
      ['two', false],
      ['r', false],
    ]);
    expect(late(topology(repartition(table('two'), 'r')))).toEqual([
      ['two', true],
      ['r', false],
    ]);
  });

  it('needs no topics when every source has one partition', () => {
    const found = topology(join(repartition(source('one'), 'r'), source('one')));
    expect(found).toMatchObject({ tasks: 1, repartitions: [], direct: true, ordered: false });
    expect(found.inputs).toEqual([{ topic: 'one', partitions: 1, internal: false, mayStartLate: true }]);
  });
});
