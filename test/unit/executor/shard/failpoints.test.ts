import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import {
  FAILPOINTS,
  type Failpoints,
  NO_FAILPOINTS,
  parseFailpoints,
} from '../../../../src/executor/shard/failpoints.js';

/** How often a step goes well until it does not, of so many. */
function passes(failpoints: Failpoints, times: number): number[] {
  const failed: number[] = [];
  for (let i = 1; i <= times; i++) {
    try {
      failpoints.hit('afterEnd');
    } catch (error) {
      expect(error).toMatchObject({ code: 'failpoint', message: expect.stringContaining('afterEnd') });
      failed.push(i);
    }
  }
  return failed;
}

describe('failpoints', () => {
  it.each([undefined, '', '  '])('%j are none', (text) => {
    expect(parseFailpoints(text)).toBe(NO_FAILPOINTS);
    for (const name of FAILPOINTS) {
      NO_FAILPOINTS.hit(name);
      expect(NO_FAILPOINTS.armed(name)).toBe(false);
    }
  });

  it('strike once, at the first pass', () => {
    expect(passes(parseFailpoints('afterEnd=throw'), 4)).toEqual([1]);
  });

  it('strike at the pass that was said', () => {
    const failpoints = parseFailpoints('afterEnd=throw@3');
    expect(failpoints.armed('afterEnd')).toBe(true);
    expect(passes(failpoints, 5)).toEqual([3]);
    expect(failpoints.armed('afterEnd')).toBe(false);
  });

  it('strike nowhere else', () => {
    const failpoints = parseFailpoints('afterAdd=throw');
    expect(failpoints.armed('afterEnd')).toBe(false);
    expect(passes(failpoints, 3)).toEqual([]);
    expect(failpoints.armed('afterAdd')).toBe(true);
  });

  it('can be several, of one step too', () => {
    const failpoints = parseFailpoints(' afterEnd=throw@2 , midProduce=throw, afterEnd=throw@4');
    expect(passes(failpoints, 5)).toEqual([2, 4]);
    expect(failpoints.armed('midProduce')).toBe(true);
  });

  it('can hold a thread up', () => {
    const failpoints = parseFailpoints('afterEnd=stall:60@2');
    const took = [1, 2, 3].map(() => {
      const before = performance.now();
      failpoints.hit('afterEnd');
      return performance.now() - before;
    });
    expect(took[1]).toBeGreaterThan(55);
  });

  it.each([
    'afterend=kill',
    'afterEnd',
    'afterEnd=',
    'afterEnd=die',
    'afterEnd=stall',
    'afterEnd=throw@',
    'afterEnd=throw@-1',
    'afterEnd=throw@0',
    'afterEnd=throw,',
    'nowhere=throw',
  ])('%s is none', (text) => {
    expect(() => parseFailpoints(text)).toThrow(
      expect.objectContaining({ code: 'unknown-failpoint', hint: expect.stringContaining('afterCommit') }),
    );
  });
});
