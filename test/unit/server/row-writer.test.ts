import { describe, expect, it } from 'vitest';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../../../src/model/sql-type.js';
import type { SqlValue } from '../../../src/model/value.js';
import { compileRowWriter } from '../../../src/server/row-writer.js';

const nested = structType([
  { name: 'D', type: DATE },
  { name: 't"m', type: TIME },
  { name: 'TS', type: TIMESTAMP },
  { name: 'P', type: decimalType(6, 2) },
  { name: 'B', type: BYTES },
  { name: 'M', type: mapType(INTEGER, STRING) },
  { name: 'A', type: arrayType(DATE) },
]);

describe('compileRowWriter', () => {
  it.each<[string, SqlType, SqlValue, string]>([
    ['a boolean', BOOLEAN, true, 'true'],
    ['an integer', INTEGER, -7, '-7'],
    ['all digits of a BIGINT', BIGINT, -9223372036854775808n, '-9223372036854775808'],
    ['a whole DOUBLE', DOUBLE, 1, '1.0'],
    ['a large DOUBLE', DOUBLE, 1e10, '1.0E10'],
    ['a negative zero', DOUBLE, -0, '-0.0'],
    ['NaN', DOUBLE, Number.NaN, '"NaN"'],
    ['infinity', DOUBLE, Number.NEGATIVE_INFINITY, '"-Infinity"'],
    ['a DECIMAL with its scale', decimalType(4, 2), 110n, '1.10'],
    ['a tiny DECIMAL', decimalType(20, 10), -1n, '-0.0000000001'],
    ['a string', STRING, 'a"\\\n\u0001é😀', '"a\\"\\\\\\n\\u0001é😀"'],
    ['a lone surrogate', STRING, '\ud800', '"\\ud800"'],
    ['bytes', BYTES, Buffer.from([0, 255]), '"AP8="'],
    ['a date', DATE, 0, '"1970-01-01"'],
    ['a time', TIME, 3_600_000, '"01:00:00"'],
    ['a time with milliseconds', TIME, 45_296_007, '"12:34:56.007"'],
    ['a timestamp', TIMESTAMP, 1, '"1970-01-01T00:00:00.001"'],
    ['an array', arrayType(DOUBLE), [1, null, 0.5], '[1.0,null,0.5]'],
    ['an array of dates', arrayType(DATE), [1], '["1970-01-02"]'],
    [
      'a map',
      mapType(STRING, BIGINT),
      new Map([
        ['b', 1],
        ['__proto__', 2],
      ]),
      '{"b":1,"__proto__":2}',
    ],
    ['a map with numbers for keys', mapType(DOUBLE, STRING), new Map([[1, 'x']]), '{"1.0":"x"}'],
    ['null', structType([]), null, 'null'],
  ])('writes %s', (_, type, value, text) => {
    expect(compileRowWriter([type])([value])).toBe(`[${text}]`);
  });

  it('writes what is inside a STRUCT as Kafka Connect does', () => {
    const value = [1, 2, 3, 150n, Buffer.from('x'), new Map([[1, 'a']]), [5, null]];
    const text = '{"D":1,"t\\"m":2,"TS":3,"P":1.50,"B":"eA==","M":[[1,"a"]],"A":[5,null]}';
    expect(compileRowWriter([nested])([value])).toBe(`[${text}]`);
    expect(compileRowWriter([arrayType(nested)])([[value]])).toBe(`[[${text}]]`);
  });

  it('shows every field of a STRUCT, null or not', () => {
    const type = structType([
      { name: 'A', type: INTEGER },
      { name: 'B', type: nested },
    ]);
    expect(compileRowWriter([type])([[null, null]])).toBe('[{"A":null,"B":null}]');
  });

  it('keeps the order of the columns', () => {
    const write = compileRowWriter([STRING, BIGINT, DOUBLE, STRING]);
    expect(write(['a', 1, 2, null])).toBe('["a",1,2.0,null]');
    expect(write([null, null, null, 'b'])).toBe('[null,null,null,"b"]');
  });

  it('writes a row of no columns', () => {
    expect(compileRowWriter([])([])).toBe('[]');
  });
});
