import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GrowableSink } from '../../src/formats/byte-sink.js';
import { jsonSerializer } from '../../src/formats/json-serializer.js';
import { formatDouble } from '../../src/model/double-text.js';
import { DOUBLE } from '../../src/model/sql-type.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 20_000);

const serializer = jsonSerializer([{ name: 'V', type: DOUBLE, role: 'value' }], true);
const sink = new GrowableSink();

function written(value: number): string {
  sink.reset();
  serializer.write(sink, value);
  return sink.bytes.toString('latin1', 0, sink.position);
}

const decimals = fc
  .tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 9 }))
  .map(([digits, scale]) => (digits % 10 ** 13) / 10 ** scale);
const around = fc
  .tuple(decimals, fc.integer({ min: -3, max: 3 }))
  .map(([value, ulps]) => value + ulps * Number.EPSILON * Math.abs(value));

it('doubles in JSON have the digits that Java prints, however they are found', () => {
  fc.assert(
    fc.property(fc.oneof(decimals, around, fc.double({ noNaN: true, noDefaultInfinity: true })), (value) => {
      expect(written(value)).toBe(formatDouble(value));
    }),
    { numRuns: RUNS, verbose: true },
  );
});

it('decimals at the edges', () => {
  for (const value of [
    0.001, 0.0010001, 9999999.999999, 9999999.5, 1e7, 0.1, -0.1, 1.005, 2.675, 1e-3, 0.000999, -0, 0, 5e-324,
  ]) {
    expect(written(value)).toBe(formatDouble(value));
  }
});
