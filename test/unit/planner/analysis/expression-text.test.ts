import { describe, expect, test } from 'vitest';
import { expressionText } from '../../../../src/planner/analysis/expression-text.js';
import { sameExpression } from '../../../../src/planner/analysis/same-expression.js';
import { expression } from '../../../support/expressions.js';

describe('expression text', () => {
  test.each([
    ['a + b * 2', '(A + (B * 2))'],
    ['F1 * SUM(f2)', '(F1 * SUM(F2))'],
    ['substring(x.source, 0, 1)', 'SUBSTRING(X.SOURCE, 0, 1)'],
    ['count(*)', 'COUNT(*)'],
    ["not a = 'it''s' or b is null", "((NOT (A = 'it''s')) OR (B IS NULL))"],
    ['a not between 1 and 2', '(NOT (A BETWEEN 1 AND 2))'],
    ['a in (1, 2.50, true)', '(A IN (1, 2.50, true))'],
    ["a like '%x' escape '!'", "(A LIKE '%x' ESCAPE '!')"],
    ['case when a then 1 else null end', '(CASE WHEN A THEN 1 ELSE null END)'],
    ['cast(a as array<varchar>)', 'CAST(A AS ARRAY<STRING>)'],
    ["a->b['c']->`d`", "A->B['c']->`d`"],
    ['transform(a, (x, y) => x, x => -x)', 'TRANSFORM(A, (X, Y) => X, X => -X)'],
    ["map('a' := array[1], 'b' := null)", "MAP('a':=ARRAY[1], 'b':=null)"],
    ['1e3', '1.0E3'],
  ])('%s prints %s', (sql, text) => {
    expect(expressionText(expression(sql))).toBe(text);
  });
});

describe('sameExpression', () => {
  test.each([
    ['a + 1', 'A+1', true],
    ['a + b', 'b + a', false],
    ['abs(a)', 'ABS(`A`)', true],
    ['substring(a, 1)', 'substring(a, 2)', false],
    ['cast(a as int)', 'cast(a as bigint)', false],
    ['cast(a as int)', 'CAST(A AS INT)', true],
    ['a in (1, 2)', 'a in (1, 2)', true],
    ['a in (1, 2)', 'a not in (1, 2)', false],
    ['a->b[1]', 'a->b[1]', true],
    ['transform(a, x => x + 1)', 'transform(a, x => x + 1)', true],
    ['transform(a, x => x + 1)', 'transform(a, y => y + 1)', false],
    ['struct(a := 1)', 'struct(b := 1)', false],
    ['case when a then 1 end', 'case when a then 1 else 2 end', false],
    ['x.a', 'a', false],
    ['1', '1.0', false],
  ])('%s and %s: %s', (a, b, same) => {
    expect(sameExpression(expression(a), expression(b))).toBe(same);
  });

  test('columns may be compared by what they mean', () => {
    expect(sameExpression(expression('x.a + 1'), expression('a + 1'), (p, q) => p.name.name === q.name.name)).toBe(
      true,
    );
  });
});
