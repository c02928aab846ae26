import { describe, expect, test } from 'vitest';
import { castFunction, isIdentityCast, unsupportedCast } from '../../../src/model/cast.js';
import type { SqlType } from '../../../src/model/sql-type.js';
import type { SqlValue } from '../../../src/model/value.js';
import { type } from '../../support/expressions.js';

const cast = (value: SqlValue, from: SqlType, to: SqlType): SqlValue => castFunction(from, to)!(value as never);

/** The cast table of the reference: rows from, columns to; x where the cast exists. */
const TABLE = `
          BOOLEAN INT BIGINT DECIMAL(9,2) DOUBLE STRING DATE TIME TIMESTAMP BYTES
BOOLEAN      x     .    .        .          .      x     .    .      .       .
INT          .     x    x        x          x      x     .    .      .       .
BIGINT       .     x    x        x          x      x     .    .      .       .
DECIMAL(9,2) .     x    x        x          x      x     .    .      .       .
DOUBLE       .     x    x        x          x      x     .    .      .       .
STRING       x     x    x        x          x      x     x    x      x       x
DATE         .     .    .        .          .      x     x    .      x       .
TIME         .     .    .        .          .      x     .    x      .       .
TIMESTAMP    .     .    .        .          .      x     x    x      x       .
BYTES        .     .    .        .          .      .     .    .      .       x
`;

describe('which casts exist', () => {
  const [head, ...rows] = TABLE.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const cells = rows.flatMap(([from, ...marks]) => marks.map((mark, i) => [from!, head![i]!, mark === 'x'] as const));
  test.each(cells)('%s to %s: %s', (from, to, exists) => {
    expect(castFunction(type(from), type(to)) !== null).toBe(exists);
  });

  test('collections only to their own kind and to STRING', () => {
    expect(castFunction(type('ARRAY<INT>'), type('ARRAY<STRING>'))).not.toBeNull();
    expect(castFunction(type('ARRAY<INT>'), type('ARRAY<BOOLEAN>'))).toBeNull();
    expect(castFunction(type('STRING'), type('MAP<STRING, INT>'))).toBeNull();
    expect(castFunction(type('MAP<STRING, INT>'), type('STRING'))).not.toBeNull();
    expect(castFunction(type('ARRAY<BYTES>'), type('ARRAY<STRING>'))).toBeNull();
  });

  test('the message names both types', () => {
    expect(unsupportedCast(type('STRING'), type('STRUCT<F0 VARCHAR, F1 INTEGER>'))).toBe(
      'Cast of STRING to STRUCT<`F0` STRING, `F1` INTEGER> is not supported',
    );
  });
});

describe('values', () => {
  test.each<[SqlValue, string, string, SqlValue]>([
    [2147483648, 'BIGINT', 'INT', -2147483648],
    [4294967297, 'BIGINT', 'INT', 1],
    [9223372036854775807n, 'BIGINT', 'INT', -1],
    [-5, 'INT', 'BIGINT', -5],
    [12.9, 'DOUBLE', 'INT', 12],
    [-12.9, 'DOUBLE', 'INT', -12],
    [-0.5, 'DOUBLE', 'INT', 0],
    [1e10, 'DOUBLE', 'INT', 2147483647],
    [-1e10, 'DOUBLE', 'INT', -2147483648],
    [Number.NaN, 'DOUBLE', 'BIGINT', 0],
    [1e300, 'DOUBLE', 'BIGINT', 9223372036854775807n],
    [9007199254740993n, 'BIGINT', 'DOUBLE', 9007199254740992],
    [1299n, 'DECIMAL(6,2)', 'INT', 12],
    [-1299n, 'DECIMAL(6,2)', 'BIGINT', -12],
    [1255n, 'DECIMAL(6,2)', 'DECIMAL(5,1)', 126n],
    [-1255n, 'DECIMAL(6,2)', 'DECIMAL(5,1)', -126n],
    [125n, 'DECIMAL(3,2)', 'DOUBLE', 1.25],
    [7, 'INT', 'DECIMAL(4,2)', 700n],
    [0.99, 'DOUBLE', 'DECIMAL(2,1)', 10n],
    [1.005, 'DOUBLE', 'DECIMAL(4,2)', 101n],
    ['  42 ', 'STRING', 'INT', 42],
    ['+42', 'STRING', 'BIGINT', 42],
    ['-9223372036854775808', 'STRING', 'BIGINT', -9223372036854775808n],
    ['1.5e3', 'STRING', 'DOUBLE', 1500],
    ['0.99', 'STRING', 'DECIMAL(2,1)', 10n],
    ['Tr', 'STRING', 'BOOLEAN', true],
    ['YES', 'STRING', 'BOOLEAN', true],
    ['', 'STRING', 'BOOLEAN', false],
    ['truth', 'STRING', 'BOOLEAN', false],
    ['2020-01-02', 'STRING', 'DATE', 18263],
    ['00:01', 'STRING', 'TIME', 60_000],
    ['1970', 'STRING', 'TIMESTAMP', 0],
    [86_400_001, 'TIMESTAMP', 'DATE', 1],
    [86_400_001, 'TIMESTAMP', 'TIME', 1],
    [1, 'DATE', 'TIMESTAMP', 86_400_000],
    [true, 'BOOLEAN', 'STRING', 'true'],
    [1, 'DOUBLE', 'STRING', '1.0'],
    [1e10, 'DOUBLE', 'STRING', '1.0E10'],
    [150n, 'DECIMAL(4,2)', 'STRING', '1.50'],
    [9223372036854775807n, 'BIGINT', 'STRING', '9223372036854775807'],
    [18263, 'DATE', 'STRING', '2020-01-02'],
    [36_930_500, 'TIME', 'STRING', '10:15:30'],
    [0, 'TIMESTAMP', 'STRING', '1970-01-01T00:00:00.000'],
    [[1, null, 3], 'ARRAY<INT>', 'STRING', '[1, null, 3]'],
    [new Map([['a', 1]]), 'MAP<STRING, DOUBLE>', 'STRING', '{a=1.0}'],
    [[1, null, 'x'], 'STRUCT<A INT, B INT, `c` STRING>', 'STRING', 'Struct{A=1,c=x}'],
    [[1, 2147483648], 'ARRAY<BIGINT>', 'ARRAY<INT>', [1, -2147483648]],
    [new Map([['k', ['10']]]), 'MAP<STRING, ARRAY<STRING>>', 'MAP<STRING, ARRAY<INT>>', new Map([['k', [10]]])],
    [[1, 'x'], 'STRUCT<F0 BIGINT, F1 STRING>', 'STRUCT<F0 STRING, F3 STRING>', ['1', null]],
  ])('%o %s to %s', (value, from, to, expected) => {
    expect(cast(value, type(from), type(to))).toEqual(expected);
  });

  test('base64 text to BYTES', () => {
    expect(cast('IQ==', type('STRING'), type('BYTES'))).toEqual(Buffer.from('!'));
    expect(() => cast('!', type('STRING'), type('BYTES'))).toThrow('Illegal base64 text');
  });

  test.each<[SqlValue, string, string, string]>([
    ['x', 'STRING', 'INT', 'For input string: "x"'],
    ['1.0', 'STRING', 'INT', 'For input string: "1.0"'],
    ['2147483648', 'STRING', 'INT', 'For input string: "2147483648"'],
    ['9223372036854775808', 'STRING', 'BIGINT', 'For input string: "9223372036854775808"'],
    ['NaN', 'STRING', 'DOUBLE', 'For input string: "NaN"'],
    ['a day', 'STRING', 'DATE', "Failed to parse date 'a day'"],
    [
      10,
      'INT',
      'DECIMAL(2,1)',
      'Numeric field overflow: A field with precision 2 and scale 1 must round to an absolute value less than 10^1. Got 10',
    ],
    [
      1000n,
      'DECIMAL(6,2)',
      'DECIMAL(2,1)',
      'Numeric field overflow: A field with precision 2 and scale 1 must round to an absolute value less than 10^1. Got 10.00',
    ],
  ])('%o %s to %s fails', (value, from, to, message) => {
    expect(() => cast(value, type(from), type(to))).toThrow(message);
  });

  test('the range is checked before rounding', () => {
    expect(cast(999n, type('DECIMAL(3,2)'), type('DECIMAL(2,1)'))).toBe(100n);
  });
});

test('a cast that changes nothing is known to', () => {
  expect(isIdentityCast(type('INT'), type('BIGINT'))).toBe(true);
  expect(isIdentityCast(type('ARRAY<INT>'), type('ARRAY<DOUBLE>'))).toBe(true);
  expect(isIdentityCast(type('BIGINT'), type('DOUBLE'))).toBe(false);
  expect(isIdentityCast(type('STRUCT<A INT>'), type('STRUCT<B INT>'))).toBe(false);
});
