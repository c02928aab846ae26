import { describe, expect, test } from 'vitest';
import { evaluateConstant } from '../../../../src/executor/expressions/compile.js';
import type { SqlValue } from '../../../../src/model/value.js';
import { bind, evaluate, passes, runContext } from '../../../support/expressions.js';

/** The value and the messages of its failures. */
function outcome(sql: string, columns: string, row: SqlValue[], nestedErrorsAsNull = true): [SqlValue, string[]] {
  const context = runContext({ nestedErrorsAsNull });
  const result = evaluate(sql, columns, row, context);
  return [result, context.reports.map((r) => r.message)];
}

describe('a failure becomes null at the innermost place that stops it', () => {
  test.each<[string, string, SqlValue[], SqlValue, string[]]>([
    ['1 / A', 'A INT', [0], null, ['Error computing expression']],
    ['COALESCE(1 / A, 5)', 'A INT', [0], null, ['Error computing expression']],
    ['COALESCE(ABS(1 / A), 5)', 'A INT', [0], 5, ['Error processing ABS']],
    ['COALESCE(CAST(A AS INT), 5)', 'A STRING', ['x'], 5, ['Error processing CAST']],
    ['CAST(A AS INT) IS NULL', 'A STRING', ['x'], true, ['Error processing CAST']],
    ['ARRAY[1, 10 / A]', 'A INT', [0], [1, null], ['Error processing element of constructor']],
    ['STRUCT(X := 1 / A, Y := A)', 'A INT', [0], [null, 0], ['Error processing element of constructor']],
    ["MAP('k' := 1 / A)", 'A INT', [0], new Map([['k', null]]), ['Error processing element of constructor']],
    ["A = '2020-01-01' OR B = A", 'A DATE, B STRING', [0, 'never'], null, ['Error computing expression']],
  ])('%s over (%s) %o is %o', (sql, columns, row, expected, messages) => {
    expect(outcome(sql, columns, row)).toEqual([expected, messages]);
  });

  test.each<[string, string, SqlValue[]]>([
    ['COALESCE(ABS(1 / A), 5)', 'A INT', [0]],
    ['COALESCE(CAST(B AS INT), A)', 'A INT, B STRING', [0, 'x']],
    ['ARRAY[1, 10 / A]', 'A INT', [0]],
  ])('without nested errors %s is null as a whole', (sql, columns, row) => {
    expect(outcome(sql, columns, row, false)).toEqual([null, ['Error computing expression']]);
  });
});

describe('null operands of arithmetic', () => {
  test.each([
    'A + 1',
    '-(A * 2)',
    'ABS(A + 1)',
    'CAST(A + 1 AS STRING)',
    'ARRAY[A + 1][1]',
  ])('%s is null and not worth a report', (sql) => {
    expect(outcome(sql, 'A INT', [null])).toEqual([null, []]);
  });

  test.each([
    'COALESCE(A + 1, 5)',
    'A + 1 > 5',
    '(A + 1) IS NULL',
    "CASE WHEN A + 1 > 0 THEN 'x' ELSE 'y' END",
  ])('%s is null although null alone would not make it so', (sql) => {
    expect(outcome(sql, 'A INT', [null])).toEqual([null, ['Error computing expression']]);
  });
});

test('a filter that fails drops the row and reports', () => {
  const context = runContext();
  expect(passes('1 / A > 0', 'A INT', [0], context)).toBe(false);
  expect(context.reports).toEqual([{ message: 'Error computing expression', cause: 'division by zero' }]);
});

test('a failing constant is reported for each row', () => {
  const context = runContext();
  const run = (): SqlValue => evaluate("CAST('x' AS INT)", '', [], context);
  expect([run(), run()]).toEqual([null, null]);
  expect(context.reports).toHaveLength(2);
});

describe('evaluateConstant', () => {
  test('gives the value', () => {
    expect(evaluateConstant(bind("ARRAY[1 + 1, CAST('3' AS INT)]"), runContext())).toEqual([2, 3]);
  });

  test('throws where the expression fails', () => {
    expect(() => evaluateConstant(bind('1 / 0'), runContext())).toThrow('division by zero');
  });
});
