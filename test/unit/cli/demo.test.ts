import { expect, test } from 'vitest';
import { groupedDigits } from '../../../src/cli/demo/airport-days.js';
import { readExample } from '../../../src/cli/demo/flights.js';
import { liveLines } from '../../../src/cli/demo/live-view.js';
import { progressLine } from '../../../src/cli/load/progress-bar.js';
import { PLAIN } from '../../../src/cli/render/palette.js';

const day = Date.UTC(2001, 0, 5);
const airport = (origin: string) => ({
  origin,
  city: 'Atlanta',
  day,
  flights: 6,
  averageDelay: 15.54,
  greatestDelay: 42,
});

test('the view fits its terminal and says what it leaves out', () => {
  const state = {
    position: 1_131,
    total: 20_000,
    rowsPerSecond: 346.4,
    processedPerSecond: 0,
    streamTime: day + 3_600_000,
    url: 'http://127.0.0.1:8088',
    rows: ['ATL', 'BNA', 'CLT', 'DTW'].map(airport),
  };
  const lines = liveLines(state, [7, 7, 10, 7, 13, 14], { columns: 100, rows: 11, out: PLAIN });
  expect(lines).toEqual([
    'US flights of 2001, replayed   stream time 2001-01-05 01:00   http://127.0.0.1:8088',
    '#....................... 1,131 of 20,000 flights, 346 rows/s in, 0 rows/s processed',
    '',
    ' AIRPORT | CITY    | DAY        | FLIGHTS | AVERAGE DELAY | GREATEST DELAY',
    '---------+---------+------------+---------+---------------+----------------',
    ' ATL     | Atlanta | 2001-01-05 |       6 |          15.5 |             42',
    ' BNA     | Atlanta | 2001-01-05 |       6 |          15.5 |             42',
    ' and 2 more airports that day',
    'Enter opens a prompt while the replay goes on. Ctrl-C ends the demo.',
  ]);
});

test('the example is there, in the order of departure', () => {
  const { flights, airports, departures, queryFiles } = readExample();
  expect([flights.length, airports.length, queryFiles.length]).toEqual([20_000, 3_376, 1]);
  expect(departures.every((ms, i) => i === 0 || ms >= departures[i - 1]!)).toBe(true);
  expect(departures[0]).toBe(Date.UTC(2001, 0, 1, 0, 47));
});

test('figures', () => {
  expect([0, 999, 1_000, 1_234_567].map(groupedDigits)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect(progressLine(0.5, 1_000, 2)).toBe(`[${'='.repeat(15)}${' '.repeat(15)}] 50% 1000 rows, 500 rows/s`);
});
