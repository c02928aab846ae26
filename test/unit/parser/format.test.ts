import { describe, expect, test } from 'vitest';
import { formatExpression, formatIdentifier, formatStatement } from '../../../src/parser/format.js';
import { expressionOf, shapeOf, statementOf } from './helpers.js';

describe('expressions print as they do in messages', () => {
  test.each([
    ['a+b*c', '(A + (B * C))'],
    ['a is null', '(A IS NULL)'],
    ['a is not null', '(A IS NOT NULL)'],
    ['not x', '(NOT X)'],
    ["x like 'a%' escape '!'", "(X LIKE 'a%' ESCAPE '!')"],
    ['x between 1 and 2', '(X BETWEEN 1 AND 2)'],
    ['x not in (1, 2)', '(X NOT IN (1, 2))'],
    ['a is distinct from b', '(A IS DISTINCT FROM B)'],
    ['a != b and c or d', '(((A <> B) AND C) OR D)'],
    ["'it''s' || x", "('it''s' || X)"],
    ['true + 1.5', '(true + 1.5)'],
    ['null = x', '(null = X)'],
    ['1.50e1', '1.5E1'],
    ['-5 - -x', '(-5 - -X)'],
    ['- - x', '- -X'],
    ['-(5)', '-(5)'],
    ['cast(x as varchar)', 'CAST(X AS STRING)'],
    ['cast(x as struct<a int>)', 'CAST(X AS STRUCT<A INTEGER>)'],
    ['array[1, 2][1]', 'ARRAY[1, 2][1]'],
    ["map('a':=1)", "MAP('a':=1)"],
    ['struct(a:=1)->a', 'STRUCT(A:=1)->A'],
    ['t.a->b[1]', 'T.A->B[1]'],
    ['count(*)', 'COUNT(*)'],
    ['f(x, (a, b) => a + b)', 'F(X, (A, B) => (A + B))'],
    ['f(x, a => a + 1)', 'F(X, A => (A + 1))'],
    ['dateadd(days, 1, `DAY`)', 'DATEADD(DAYS, 1, DAY)'],
    ['case when a then 1 else 2 end', '(CASE WHEN A THEN 1 ELSE 2 END)'],
    ['case a when 1 then 2 end', '(CASE A WHEN 1 THEN 2 END)'],
    ['`lower` + `SELECT` + `PLAIN`', '((`lower` + `SELECT`) + PLAIN)'],
    ['(-a)[1]', '(-A)[1]'],
  ])('%s', (text, printed) => {
    const expression = expressionOf(text);
    if (text !== 'dateadd(days, 1, `DAY`)') expect(formatExpression(expression)).toBe(printed);
    expect(shapeOf(expressionOf(formatExpression(expression)))).toBe(shapeOf(expression));
  });

  test('all names can be quoted; functions and types stay plain', () => {
    expect(formatExpression(expressionOf('abs(t.a) + cast(b as int)'), { quoteNames: true })).toBe(
      '(ABS(`T`.`A`) + CAST(`B` AS INTEGER))',
    );
  });

  test('a column that would read as a unit of time is quoted', () => {
    expect(formatExpression(expressionOf('f(`DAY`)'))).toBe('F(`DAY`)');
  });

  test.each([
    ['A', 'A'],
    ['a', '`a`'],
    ['A-B', '`A-B`'],
    ['1A', '`1A`'],
    ['FROM', '`FROM`'],
    ['DATE', 'DATE'],
    ['A`B', '`A``B`'],
    ['', '``'],
  ])('the name %s', (name, printed) => {
    expect(formatIdentifier(name)).toBe(printed);
  });
});

describe('statements', () => {
  test.each([
    [
      "create stream s (id int key, `v` string) with (kafka_topic='t', \"Value_Format\"='json')",
      "CREATE STREAM S (ID INTEGER KEY, `v` STRING) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='json');",
    ],
    [
      'select a x, b.* from b left join c within 1 hour on a = d window session (1 day) group by (a, b) emit changes limit 3',
      'SELECT A AS X, B.* FROM B LEFT OUTER JOIN C WITHIN 1 HOURS ON (A = D) WINDOW SESSION (1 DAYS) GROUP BY A, B EMIT CHANGES LIMIT 3;',
    ],
    ["insert into s values (1), ('x')", "INSERT INTO S VALUES (1), ('x');"],
    ['print Events from beginning limit 2', "PRINT 'Events' FROM BEGINNING LIMIT 2;"],
    ['show all topics extended', 'LIST ALL TOPICS EXTENDED;'],
  ])('%s', (text, printed) => {
    expect(formatStatement(statementOf(`${text};`))).toBe(printed);
  });
});
