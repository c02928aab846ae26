import { describe, expect, it } from 'vitest';
import { call, resolve } from '../call.js';
import { failure, json } from '../sql.js';

const D = (text: string) => `CAST(${text} AS DOUBLE)`;
const N = (text: string, type: string) => `CAST('${text}' AS DECIMAL(${type}))`;

describe('numeric functions', () => {
  it.each([
    ['ABS(-7)', '7'],
    [`ABS(${N('-1.50', '4, 2')})`, '1.50'],
    ['ABS(CAST(NULL AS INT))', 'null'],
    [`CEIL(${N('1.23', '4, 2')})`, '2.00'],
    [`FLOOR(${N('-1.23', '4, 2')})`, '-2.00'],
    [`CEIL(${D('-0.5')})`, '-0.0'],
    [`ROUND(${D('1.5')})`, '2'],
    [`ROUND(${D('-1.5')})`, '-1'],
    [`ROUND(${D('-2.5')})`, '-2'],
    ['ROUND(SQRT(-1))', '0'],
    [`ROUND(${D("'1e300'")})`, '9223372036854775807'],
    [`ROUND(${D("'1e17'")})`, '100000000000000000'],
    [`ROUND(${D('1.005')}, 2)`, '1.01'],
    [`ROUND(${D('-1.005')}, 2)`, '-1.0'],
    [`ROUND(${D('1234.5')}, -2)`, '1200.0'],
    [`ROUND(${N('12.345', '5, 3')}, 2)`, '12.350'],
    [`ROUND(${N('12.345', '5, 3')})`, '12'],
    [`ROUND(${N('-12.5', '3, 1')})`, '-12'],
    [`ROUND(${N('155.5', '4, 1')}, -1)`, '160.0'],
    [`TRUNC(${D('-1.9')})`, '-1'],
    [`TRUNC(${N('12.349', '5, 3')}, 2)`, '12.340'],
    [`TRUNC(${D('1.29')}, 1)`, '1.2'],
    ['SIGN(-0.0)', '0'],
    ['SIGN(SQRT(-1))', '0'],
    ['SQRT(-1)', '"NaN"'],
    ['ACOS(2)', '"NaN"'],
    ['LN(0)', '"-Infinity"'],
    ['LOG(1, 5)', '"NaN"'],
    ['LOG(-2, 5)', '"NaN"'],
    ['LOG(2, 8)', '3.0'],
    ['COT(0)', '"Infinity"'],
    ['CBRT(-27)', '-3.0'],
    ['EXP(1000)', '"Infinity"'],
    ['POWER(2, 0.5)', '1.4142135623730951'],
    ['GREATEST(1, NULL, 3)', '3'],
    ['GREATEST(1.5, 2.25)', '2.25'],
    ["LEAST('b', 'B', 'a')", '"B"'],
    [`GREATEST(SQRT(-1), ${D('1')})`, '"NaN"'],
    ['GREATEST(CAST(NULL AS INT), NULL)', 'null'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it('lets the smallest whole numbers be their own absolute value', () => {
    expect(call('ABS', 'INT', -2147483648)).toBe(-2147483648);
    expect(call('ABS', 'BIGINT', -(2n ** 63n))).toBe(-(2n ** 63n));
    expect(call('ABS', 'BIGINT', -(2n ** 60n))).toBe(2n ** 60n);
  });

  it('rounds what is just below a half down', () => {
    expect(call('ROUND', 'DOUBLE', 0.49999999999999994)).toBe(0);
    expect(Object.is(call('ROUND', 'DOUBLE', -0.2), 0)).toBe(true);
  });

  it('gives DECIMAL results their precision and scale', () => {
    expect(resolve('GREATEST', 'DECIMAL(4,2), DECIMAL(5,1)').returnType).toEqual({
      kind: 'DECIMAL',
      precision: 6,
      scale: 2,
    });
    expect(() => resolve('ROUND', 'DECIMAL(2,2)')).toThrow('DECIMAL precision must be >= 1: DECIMAL(0,0)');
  });

  it('finds calls with mixed whole numbers ambiguous', () => {
    expect(() => resolve('LEAST', 'INT, BIGINT')).toThrow("Function 'least' cannot be resolved due to ambiguous");
    expect(() => resolve('GREATEST', '')).toThrow("Function 'greatest' does not accept parameters ().");
    expect(() => resolve('GREATEST', 'STRING, INT')).toThrow('does not accept parameters (STRING, INTEGER).');
  });

  it('measures distances', () => {
    expect(call('GEO_DISTANCE', 'DOUBLE, DOUBLE, DOUBLE, DOUBLE', 37.4439, -122.1663, 51.5257, -0.1122)).toBeCloseTo(
      8634.6,
      0,
    );
    expect(call('GEO_DISTANCE', 'DOUBLE, DOUBLE, DOUBLE, DOUBLE, STRING', 0, 0, 0, 90, ' Miles ')).toBeCloseTo(
      6218.8,
      1,
    );
    expect(failure('GEO_DISTANCE(91, 0, 0, 0)')).toBe(
      'valid latitude values for GeoDistance function are in the range of -90 to 90 decimal degrees',
    );
    expect(failure("GEO_DISTANCE(1, 0, 0, 0, 'feet')")).toContain("'feet'");
  });
});
