import { describe, expect, it } from 'vitest';
import { windowPlan } from '../../../../src/planner/analysis/aggregation.js';
import { queryOf } from '../planning.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;

function plan(window: string, emit: 'CHANGES' | 'FINAL' = 'CHANGES'): unknown {
  return windowPlan(queryOf(`SELECT COUNT(*) FROM S WINDOW ${window} GROUP BY K EMIT CHANGES`).window!, emit);
}

describe('what a WINDOW clause leaves out', () => {
  it.each([
    [
      'TUMBLING (SIZE 1 HOUR)',
      { kind: 'TUMBLING', sizeMs: HOUR, advanceMs: HOUR, graceMs: DAY - HOUR, retentionMs: DAY },
    ],
    ['TUMBLING (SIZE 2 DAYS)', { sizeMs: 2 * DAY, graceMs: 0, retentionMs: 2 * DAY }],
    ['TUMBLING (SIZE 1 HOUR, GRACE PERIOD 0 SECONDS)', { graceMs: 0, retentionMs: HOUR }],
    ['TUMBLING (SIZE 1 HOUR, RETENTION 7 DAYS)', { graceMs: DAY - HOUR, retentionMs: 7 * DAY }],
    ['TUMBLING (SIZE 1 HOUR, RETENTION 2 HOURS)', { graceMs: HOUR, retentionMs: 2 * HOUR }],
    [
      'HOPPING (SIZE 1 HOUR, ADVANCE BY 10 MINUTES)',
      { kind: 'HOPPING', sizeMs: HOUR, advanceMs: HOUR / 6, graceMs: DAY - HOUR, retentionMs: DAY },
    ],
    ['SESSION (1 HOUR)', { kind: 'SESSION', gapMs: HOUR, graceMs: DAY - HOUR, retentionMs: DAY }],
    ['SESSION (1 HOUR, GRACE PERIOD 1 HOUR)', { gapMs: HOUR, graceMs: HOUR, retentionMs: 2 * HOUR }],
  ])('%s', (window, expected) => {
    expect(plan(window)).toMatchObject(expected);
  });

  it('EMIT FINAL waits for nothing unless told to', () => {
    expect(plan('TUMBLING (SIZE 1 HOUR)', 'FINAL')).toMatchObject({ graceMs: 0, retentionMs: HOUR });
    expect(plan('TUMBLING (SIZE 1 HOUR, GRACE PERIOD 5 MINUTES)', 'FINAL')).toMatchObject({ graceMs: HOUR / 12 });
  });

  it.each([
    'TUMBLING (SIZE 0 HOURS)',
    'HOPPING (SIZE 1 HOUR, ADVANCE BY 2 HOURS)',
    'HOPPING (SIZE 1 HOUR, ADVANCE BY 0 HOURS)',
    'SESSION (0 SECONDS)',
    'TUMBLING (SIZE 1 HOUR, RETENTION 1 HOUR, GRACE PERIOD 1 SECOND)',
  ])('%s is refused', (window) => {
    expect(() => plan(window)).toThrow(expect.objectContaining({ code: 'invalid-window' }));
  });
});
