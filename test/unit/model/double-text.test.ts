import { describe, expect, it } from 'vitest';
import { formatDouble, parseDouble } from '../../../src/model/double-text.js';

describe('formatDouble', () => {
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-100, '-100.0'],
    [0.001, '0.001'],
    [9.999e-4, '9.999E-4'],
    [9999999, '9999999.0'],
    [1e7, '1.0E7'],
    [12345678.9, '1.23456789E7'],
    [1e10, '1.0E10'],
    [-1e-5, '-1.0E-5'],
    [1e23, '1.0E23'],
    [2e23, '2.0E23'],
    [5e-324, '4.9E-324'],
    [1e-323, '9.9E-324'],
    [2.2250738585072014e-308, '2.2250738585072014E-308'],
    [1.7976931348623157e308, '1.7976931348623157E308'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('%s is %s', (value, text) => {
    expect(formatDouble(value)).toBe(text);
  });
});

describe('parseDouble', () => {
  it.each([
    ['1', 1],
    [' 1.5\t\n', 1.5],
    ['\u00011', 1],
    ['+1', 1],
    ['-0', -0],
    ['1.', 1],
    ['.5', 0.5],
    ['1d', 1],
    ['2F', 2],
    ['1E+5', 100000],
    ['1e400', Infinity],
    ['NaN', Number.NaN],
    ['-Infinity', -Infinity],
    ['0x1p3', 8],
    ['0x.8p1d', 1],
    ['-0x1.8P-1F', -0.75],
    ['0x1p-1074', 5e-324],
    ['0x1.8p-1075', 5e-324],
    ['0x1p-1075', 0],
    ['0x1.fffffffffffff8p1023', Infinity],
    ['0x20000000000001p0', 2 ** 53],
    ['0x20000000000003p0', 2 ** 53 + 4],
    ['0x0p5', 0],
  ])('reads %j', (text, value) => {
    expect(parseDouble(text)).toBe(value);
  });

  it.each([
    '',
    '.',
    '1e',
    '\u00a01',
    '1_000',
    'infinity',
    '1L',
    '1ff',
    '0x1',
    '0x.p1',
    '1 2',
    'e5',
    '0b1',
  ])('refuses %j', (text) => {
    expect(parseDouble(text)).toBeNull();
  });

  it('refuses NaN and infinities when asked', () => {
    expect(parseDouble('NaN', 'reject')).toBeNull();
    expect(parseDouble(' -Infinity', 'reject')).toBeNull();
    expect(parseDouble('1.5', 'reject')).toBe(1.5);
  });
});
