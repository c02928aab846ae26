import { expect, it } from 'vitest';
import { CommitMeter } from '../../../../src/executor/thread/commit-meter.js';

it('counts and adds up', () => {
  const meter = new CommitMeter();
  expect(meter.figures(1_000_000)).toEqual({ count: 0, seconds: 0, secondsGreatest: 0 });
  meter.add(1_000_000, 10);
  meter.add(1_000_010, 30);
  expect(meter.figures(1_000_020)).toEqual({ count: 2, seconds: 0.04, secondsGreatest: 0.03 });
});

it('tells the longest commit for 30 to 60 seconds', () => {
  const meter = new CommitMeter();
  meter.add(25_000, 90);
  expect(meter.figures(29_999).secondsGreatest).toBe(0.09);
  meter.add(31_000, 20);
  expect(meter.figures(59_999).secondsGreatest).toBe(0.09);
  expect(meter.figures(60_000).secondsGreatest).toBe(0.02);
  expect(meter.figures(90_000).secondsGreatest).toBe(0);
});

it('forgets the longest one when nobody asks for a long time', () => {
  const meter = new CommitMeter();
  meter.add(1_000, 90);
  expect(meter.figures(200_000)).toEqual({ count: 1, seconds: 0.09, secondsGreatest: 0 });
});
