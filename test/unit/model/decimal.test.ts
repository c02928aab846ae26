import { describe, expect, it } from 'vitest';
import {
  compareDecimals,
  decimalFromDouble,
  decimalToDouble,
  digitCount,
  divideRounded,
  fitsPrecision,
  formatDecimal,
  formatDecimalScientific,
  MAX_DECIMAL_SCALE,
  parseDecimal,
  type Rounding,
  rescale,
  roundToPrecision,
  shortestDecimalFromDouble,
} from '../../../src/model/decimal.js';

describe('parseDecimal', () => {
  it.each([
    ['1', 1n, 0],
    ['1.50', 150n, 2],
    ['-1.5E-3', -15n, 4],
    ['+5', 5n, 0],
    ['1.', 1n, 0],
    ['.5', 5n, 1],
    ['1e3', 1n, -3],
    ['-.5e2', -5n, -1],
    ['-0.00', 0n, 2],
    ['123456789012345678901234567890.12', 12345678901234567890123456789012n, 2],
  ])('reads %s', (text, unscaled, scale) => {
    expect(parseDecimal(text)).toEqual({ unscaled, scale });
  });

  it.each([
    '',
    '.',
    '-.',
    'e5',
    '1e',
    '1e99999999999',
    ' 1',
    '1 ',
    '1d',
    '0x1',
    'NaN',
    '1_0',
    '--1',
  ])('refuses %j', (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  it('refuses more digits or a larger scale than its limit', () => {
    expect(parseDecimal('1'.repeat(MAX_DECIMAL_SCALE + 1))).toBeNull();
    expect(parseDecimal(`1e-${MAX_DECIMAL_SCALE + 1}`)).toBeNull();
    expect(parseDecimal(`1e${MAX_DECIMAL_SCALE}`)).toEqual({ unscaled: 1n, scale: -MAX_DECIMAL_SCALE });
  });
});

describe('formatDecimal', () => {
  it.each([
    [150n, 2, '1.50'],
    [-5n, 3, '-0.005'],
    [0n, 2, '0.00'],
    [7n, 0, '7'],
    [12n, -3, '12000'],
    [0n, -3, '0'],
    [-100n, 2, '-1.00'],
  ])('prints %s at scale %s', (unscaled, scale, text) => {
    expect(formatDecimal(unscaled, scale)).toBe(text);
  });
});

describe('formatDecimalScientific', () => {
  it.each([
    '1.50',
    '0',
    '0.00',
    '1E+3',
    '-1.5E-8',
    '0.000001',
    '1E-7',
    '1.2E+4',
    '0E+3',
    '0E-7',
    '-12.5',
  ])('prints %s', (text) => {
    const decimal = parseDecimal(text)!;
    expect(formatDecimalScientific(decimal.unscaled, decimal.scale)).toBe(text);
  });
});

describe('rounding', () => {
  // The table of Java's RoundingMode.
  const inputs = [55n, 25n, 16n, 11n, 10n, -10n, -11n, -16n, -25n, -55n];
  const table: Record<Rounding, bigint[]> = {
    UP: [6n, 3n, 2n, 2n, 1n, -1n, -2n, -2n, -3n, -6n],
    DOWN: [5n, 2n, 1n, 1n, 1n, -1n, -1n, -1n, -2n, -5n],
    CEILING: [6n, 3n, 2n, 2n, 1n, -1n, -1n, -1n, -2n, -5n],
    FLOOR: [5n, 2n, 1n, 1n, 1n, -1n, -2n, -2n, -3n, -6n],
    HALF_UP: [6n, 3n, 2n, 1n, 1n, -1n, -1n, -2n, -3n, -6n],
    HALF_DOWN: [5n, 2n, 2n, 1n, 1n, -1n, -1n, -2n, -2n, -5n],
    HALF_EVEN: [6n, 2n, 2n, 1n, 1n, -1n, -1n, -2n, -2n, -6n],
  };

  it.each(Object.entries(table) as [Rounding, bigint[]][])('%s', (rounding, expected) => {
    expect(inputs.map((n) => rescale(n, 1, 0, rounding))).toEqual(expected);
  });

  it('divides by negative numbers', () => {
    expect(divideRounded(7n, -2n, 'HALF_UP')).toBe(-4n);
    expect(divideRounded(-7n, -2n, 'FLOOR')).toBe(3n);
    expect(divideRounded(-7n, 2n, 'CEILING')).toBe(-3n);
  });

  it('rescales without loss or not at all', () => {
    expect(rescale(150n, 2, 1, 'UNNECESSARY')).toBe(15n);
    expect(rescale(155n, 2, 1, 'UNNECESSARY')).toBeNull();
    expect(rescale(15n, 1, 3, 'UNNECESSARY')).toBe(1500n);
    expect(rescale(1n, -3, 0, 'UNNECESSARY')).toBe(1000n);
  });

  it('rounds to significant digits', () => {
    expect(roundToPrecision({ unscaled: 9996n, scale: 3 }, 3, 'HALF_UP')).toEqual({ unscaled: 100n, scale: 1 });
    expect(roundToPrecision({ unscaled: 12345n, scale: 1 }, 2, 'HALF_UP')).toEqual({ unscaled: 12n, scale: -2 });
    expect(roundToPrecision({ unscaled: 12n, scale: 1 }, 5, 'HALF_UP')).toEqual({ unscaled: 12n, scale: 1 });
  });

  it('knows what fits', () => {
    expect(fitsPrecision(999n, 3)).toBe(true);
    expect(fitsPrecision(-1000n, 3)).toBe(false);
    expect(digitCount(0n)).toBe(1);
    expect(digitCount(-120n)).toBe(3);
  });
});

describe('doubles', () => {
  it('are exact or shortest, as asked', () => {
    expect(decimalFromDouble(0.1)).toEqual(parseDecimal('0.1000000000000000055511151231257827021181583404541015625'));
    expect(shortestDecimalFromDouble(0.1)).toEqual({ unscaled: 1n, scale: 1 });
    expect(decimalFromDouble(-2.5)).toEqual({ unscaled: -25n, scale: 1 });
    expect(decimalFromDouble(1e23)?.unscaled).toBe(99999999999999991611392n);
    expect(decimalFromDouble(-0)).toEqual({ unscaled: 0n, scale: 0 });
    expect(decimalFromDouble(Number.NaN)).toBeNull();
    expect(shortestDecimalFromDouble(Infinity)).toBeNull();
  });

  it.each([0.1, -123.456, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, 1e-7])('come back: %s', (value) => {
    for (const decimal of [decimalFromDouble(value)!, shortestDecimalFromDouble(value)!])
      expect(decimalToDouble(decimal.unscaled, decimal.scale)).toBe(value);
  });

  it('compare across scales', () => {
    expect(compareDecimals({ unscaled: 15n, scale: 1 }, { unscaled: 150n, scale: 2 })).toBe(0);
    expect(compareDecimals({ unscaled: -1n, scale: 0 }, { unscaled: 1n, scale: 5 })).toBe(-1);
    expect(compareDecimals({ unscaled: 1n, scale: -3 }, { unscaled: 9999n, scale: 1 })).toBe(1);
  });
});
