import { describe, expect, test } from 'vitest';
import type { SqlValue } from '../../../../src/model/value.js';
import { evaluate, passes } from '../../../support/expressions.js';

const MAX_LONG = 9223372036854775807n;
const MIN_LONG = -9223372036854775808n;

type Case = [sql: string, columns: string, row: SqlValue[], expected: SqlValue];

const table = (cases: Case[]) => {
  test.each(cases)('%s over (%s) %o is %o', (sql, columns, row, expected) => {
    expect(evaluate(sql, columns, row)).toEqual(expected);
  });
};

describe('arithmetic', () => {
  table([
    ['6 % 4 / 2 * 6', '', [], 6],
    ['A + B', 'A INT, B INT', [2147483647, 1], -2147483648],
    ['A * B', 'A INT, B INT', [65536, 65537], 65536],
    ['A / B', 'A INT, B INT', [-7, 2], -3],
    ['A / B', 'A INT, B INT', [-2147483648, -1], -2147483648],
    ['A % B', 'A INT, B INT', [-7, 2], -1],
    ['A % B', 'A INT, B INT', [-4, 2], 0],
    ['-A', 'A INT', [-2147483648], -2147483648],
    ['A + B', 'A BIGINT, B INT', [9007199254740991, 2], 9007199254740993n],
    ['A + B', 'A BIGINT, B INT', [MAX_LONG, 1], MIN_LONG],
    ['A - B', 'A BIGINT, B BIGINT', [9007199254740993n, 9007199254740992n], 1],
    ['A * B', 'A BIGINT, B BIGINT', [3037000500, 3037000500], -9223372036709301616n],
    ['A * 0', 'A BIGINT', [-5], 0],
    ['A / B', 'A BIGINT, B BIGINT', [MIN_LONG, -1], MIN_LONG],
    ['A / 10', 'A BIGINT', [-9007199254740991], -900719925474099],
    ['A % B', 'A BIGINT, B BIGINT', [MAX_LONG, 10], 7],
    ['-A', 'A BIGINT', [MIN_LONG], MIN_LONG],
    ['A / B', 'A DOUBLE, B DOUBLE', [1, 0], Infinity],
    ['A % B', 'A DOUBLE, B DOUBLE', [-5.5, 2], -1.5],
    ['A + B', 'A INT, B DOUBLE', [1, 0.5], 1.5],
    ['A + B', 'A BIGINT, B DOUBLE', [9007199254740993n, 0.5], 9007199254740992],
    ['A + B', 'A DECIMAL(4,2), B DECIMAL(5,3)', [1001n, 5100n], 15110n],
    ['A - B', 'A DECIMAL(4,2), B INT', [1001n, 5], 501n],
    ['A * B', 'A DECIMAL(4,2), B DECIMAL(4,2)', [1010n, -200n], -202000n],
    ['A / B', 'A DECIMAL(4,2), B DECIMAL(4,2)', [1010n, 200n], 50500000n],
    ['A % B', 'A DECIMAL(4,2), B INT', [1055n, 3], 155n],
    ['A + B', 'A DECIMAL(4,2), B DOUBLE', [1001n, 5.1], 15.11],
    ['A + B', 'A STRING, B STRING', ['a', 'b'], 'ab'],
    ['A || B', 'A STRING, B STRING', ['a', null], 'a'],
  ]);

  test.each<[string, string, SqlValue[]]>([
    ['A + 1', 'A INT', [null]],
    ['A + B', 'A STRING, B STRING', ['a', null]],
    ['A / B', 'A INT, B INT', [1, 0]],
    ['A % B', 'A BIGINT, B BIGINT', [1, 0]],
    ['A / B', 'A BIGINT, B BIGINT', [MAX_LONG, 0]],
    ['A / B', 'A DECIMAL(4,2), B DECIMAL(4,2)', [100n, 0n]],
    ['A / B', 'A DECIMAL(4,2), B DECIMAL(4,2)', [100n, 300n]],
    ['-A', 'A DOUBLE', [null]],
  ])('%s over (%s) %o is null', (sql, columns, row) => {
    expect(evaluate(sql, columns, row)).toBeNull();
  });
});

describe('comparison is two-valued', () => {
  table([
    ['A = B', 'A INT, B INT', [null, null], false],
    ['A <> B', 'A INT, B INT', [1, null], false],
    ['NOT (A = B)', 'A INT, B INT', [1, null], true],
    ['A IS DISTINCT FROM B', 'A INT, B INT', [null, null], false],
    ['A IS DISTINCT FROM B', 'A INT, B INT', [1, null], true],
    ['A IS NOT DISTINCT FROM B', 'A INT, B INT', [1, 1], true],
    ['A IS DISTINCT FROM B', 'A STRUCT<X INT>, B STRUCT<X INT>', [[1], [1]], false],
    ['A < B', 'A BIGINT, B DOUBLE', [MAX_LONG, 1e19], true],
    ['A = B', 'A BIGINT, B DOUBLE', [5, 5], true],
    ['A = B', 'A DECIMAL(4,2), B DECIMAL(5,3)', [150n, 1500n], true],
    ['A < B', 'A DECIMAL(4,2), B DOUBLE', [10n, 0.11], true],
    ['B <= A', 'A DECIMAL(4,2), B DOUBLE', [10n, 0.1], true],
    ['A = 0.1', 'A DOUBLE', [0.1], true],
    ['A = A', 'A DOUBLE', [Number.NaN], false],
    ['A < B', 'A STRING, B STRING', ['Z', 'a'], true],
    ['A < B', 'A BYTES, B BYTES', [Buffer.from([0x80]), Buffer.from([1])], true],
    ['A = B', 'A BYTES, B BYTES', [Buffer.from('x'), Buffer.from('x')], true],
    [
      'A = B',
      'A ARRAY<INT>, B ARRAY<BIGINT>',
      [
        [1, 2],
        [1, 2],
      ],
      true,
    ],
    ['A <> B', 'A ARRAY<INT>, B ARRAY<BOOLEAN>', [[1], [true]], true],
    ["A = MAP('k' := 1)", 'A MAP<STRING, INT>', [new Map([['k', 1]])], true],
    ["A = '2020-01-02'", 'A DATE', [18263], true],
    ['A = B', 'A DATE, B STRING', [18263, '2020-01-02'], true],
    ['A = B', 'A DATE, B TIMESTAMP', [1, 86_400_000], true],
    ['A BETWEEN 2 AND 4', 'A INT', [4], true],
    ['A BETWEEN 2 AND 4', 'A INT', [null], false],
    ['A NOT BETWEEN 2 AND 4', 'A INT', [null], true],
    ['A IS NULL', 'A INT', [null], true],
    ['A IS NOT NULL', 'A INT', [null], false],
  ]);
});

describe('IN and LIKE', () => {
  table([
    ['A IN (11, NULL, B)', 'A INT, B INT', [11, null], true],
    ['A IN (11, NULL, B)', 'A INT, B INT', [null, null], false],
    ['A NOT IN (1, 2)', 'A INT', [null], true],
    ['A NOT IN (1, 2)', 'A INT', [2], false],
    ["A IN (1, '4.000', B)", 'A INT, B DOUBLE', [4, 0], true],
    ["A IN (1, '2147483648')", 'A INT', [-2147483648], false],
    ['A IN (ARRAY[1], ARRAY[2])', 'A ARRAY<BIGINT>', [[2]], true],
    ["A IN ('x', 'y')", 'A STRING', ['y'], true],
    ['A IN (1.5, B)', 'A DECIMAL(4,2), B BIGINT', [300n, 3], true],
    ["A LIKE '%b_'", 'A STRING', ['abc'], true],
    ["A NOT LIKE '%b_'", 'A STRING', ['abc'], false],
    ['A LIKE B', 'A STRING, B STRING', ['foo', 'f_o'], true],
    ["A LIKE B ESCAPE '!'", 'A STRING, B STRING', ['%', '!%'], true],
    ["A LIKE '%'", 'A STRING', [null], null],
    ["A NOT LIKE '%'", 'A STRING', [null], null],
    ["A LIKE B ESCAPE '!'", 'A STRING, B STRING', ['x', 'x!'], null],
  ]);
});

describe('logic', () => {
  table([
    ['A AND B', 'A BOOLEAN, B BOOLEAN', [false, null], false],
    ['A AND B', 'A BOOLEAN, B BOOLEAN', [null, false], null],
    ['A OR B', 'A BOOLEAN, B BOOLEAN', [true, null], true],
    ['A OR B', 'A BOOLEAN, B BOOLEAN', [null, true], null],
    ['NOT A', 'A BOOLEAN', [null], null],
    ['(A AND B) IS NULL', 'A BOOLEAN, B BOOLEAN', [null, true], null],
  ]);
});

describe('CASE', () => {
  table([
    ["CASE WHEN A > 2.0 THEN 'big' ELSE 'small' END", 'A DOUBLE', [null], 'small'],
    ["CASE WHEN A < 2 THEN NULL WHEN A < 4 THEN 'medium' ELSE 'large' END", 'A INT', [1], null],
    ["CASE WHEN A < 2 THEN NULL WHEN A < 4 THEN 'medium' ELSE 'large' END", 'A INT', [3], 'medium'],
    ['CASE WHEN A THEN 1 END', 'A BOOLEAN', [false], null],
    ['CASE WHEN A THEN 1 ELSE 2 END', 'A BOOLEAN', [null], null],
    ['CASE WHEN A = 0 THEN -1 ELSE 10 / A END', 'A INT', [0], -1],
    ["CASE A WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", 'A INT', [2], 'two'],
  ]);
});

describe('access and constructors', () => {
  table([
    ['A[1]', 'A ARRAY<STRING>', [['x', 'y']], 'x'],
    ['A[-1]', 'A ARRAY<STRING>', [['x', 'y']], 'y'],
    ['A[0]', 'A ARRAY<STRING>', [['x']], null],
    ['A[-2]', 'A ARRAY<STRING>', [['x']], null],
    ['A[B]', 'A ARRAY<STRING>, B BIGINT', [['x'], 4294967297], 'x'],
    ['A[1]', 'A ARRAY<STRING>', [null], null],
    ["A['k']", 'A MAP<STRING, INT>', [new Map([['k', 1]])], 1],
    ["A['z']", 'A MAP<STRING, INT>', [new Map([['k', 1]])], null],
    ['A[B]', 'A MAP<INT, STRING>, B INT', [new Map([[7, 'x']]), 7], 'x'],
    ['A->F->G', 'A STRUCT<E INT, F STRUCT<G INT>>', [[1, [2]]], 2],
    ['A->F->G', 'A STRUCT<E INT, F STRUCT<G INT>>', [[1, null]], null],
    ['A->F->G', 'A STRUCT<E INT, F STRUCT<G INT>>', [null], null],
    ["ARRAY[NULL, 10, '2e1', A]", 'A INT', [30], [null, 10n, 20n, 30n]],
    ['STRUCT(X := A, Y := A + 1)', 'A INT', [1], [1, 2]],
    ['STRUCT()', '', [], []],
    [
      "MAP('a' := A, 'b' := NULL)",
      'A INT',
      [1],
      new Map<SqlValue, SqlValue>([
        ['a', 1],
        ['b', null],
      ]),
    ],
    ['MAP(CAST(NULL AS STRING) := A)', 'A INT', [10], new Map([[null, 10]])],
    ['MAP(ARRAY[A] := 1, ARRAY[B] := 2)', 'A INT, B INT', [5, 5], new Map([[[5], 2]])],
    [
      'ARRAY[STRUCT(X := A), STRUCT(Y := A)]',
      'A INT',
      [1],
      [
        [1, null],
        [null, 1],
      ],
    ],
    ['CAST(A AS STRING)', 'A STRUCT<F0 INT, `f1` INT>', [[1, 3]], 'Struct{F0=1,f1=3}'],
  ]);
});

describe('functions and lambdas', () => {
  table([
    ['ABS(A)', 'A INT', [null], null],
    ['COALESCE(A, B, 3)', 'A INT, B INT', [null, null], 3],
    ['SQRT(A)', 'A DECIMAL(4,2)', [2500n], 5],
    ['TRANSFORM(A, x => x + 5)', 'A ARRAY<INT>', [[3, 6]], [8, 11]],
    ['TRANSFORM(A, x => x + 5)', 'A ARRAY<INT>', [[5, null]], null],
    ['TRANSFORM(A, x => x + B)', 'A ARRAY<INT>, B INT', [[1, 2], 10], [11, 12]],
    ['REDUCE(A, 2, (s, k) => ABS(ABS(k) - s))', 'A ARRAY<INT>', [[-5, 7]], 4],
    ['TRANSFORM(A, x => REDUCE(A, B, (s, y) => s + x * y))', 'A ARRAY<INT>, B INT', [[1, 2], 1], [4, 7]],
    [
      'TRANSFORM(A, (k, v) => UCASE(k), (k, v) => v + 1)',
      'A MAP<STRING, INT>',
      [new Map([['a', 1]])],
      new Map([['A', 2]]),
    ],
  ]);
});

describe('filters', () => {
  test.each<[string, string, SqlValue[], boolean]>([
    ['A > 1', 'A INT', [2], true],
    ['A > 1', 'A INT', [null], false],
    ['A + 1 > 1', 'A INT', [null], false],
    ['NOT (A + 1 > 1)', 'A INT', [null], false],
    ['NOT (A > 1)', 'A INT', [null], true],
    ['A + 1 > 1 OR B', 'A INT, B BOOLEAN', [null, true], false],
    ['B OR A + 1 > 1', 'A INT, B BOOLEAN', [null, true], true],
    ['B OR A > 1', 'A INT, B BOOLEAN', [5, null], false],
    ['NOT B', 'B BOOLEAN', [null], false],
    ['NOT B', 'B BOOLEAN', [false], true],
    ['B', 'B BOOLEAN', [null], false],
    ["S LIKE 'a%' AND A IN (1, 2)", 'S STRING, A INT', ['ab', 2], true],
    ["S NOT LIKE 'a%'", 'S STRING', [null], false],
    ['A NOT IN (1, 2)', 'A INT', [null], true],
    ['A + 1 NOT IN (1, 2)', 'A INT', [null], false],
    ['CASE WHEN A > 1 THEN B ELSE true END', 'A INT, B BOOLEAN', [2, null], false],
    ['1 / A > 0', 'A INT', [0], false],
    ['true', '', [], true],
  ])('%s over (%s) %o passes: %s', (sql, columns, row, expected) => {
    expect(passes(sql, columns, row)).toBe(expected);
  });
});
