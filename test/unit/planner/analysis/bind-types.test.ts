import { describe, expect, test } from 'vitest';
import { formatType } from '../../../../src/model/sql-type.js';
import { walkExpression } from '../../../../src/planner/expression.js';
import { bind } from '../../../support/expressions.js';

const COLUMNS =
  'I INT, L BIGINT, D DOUBLE, N DECIMAL(4,2), S STRING, B BOOLEAN, Y BYTES, DT DATE, TM TIME, TS TIMESTAMP, ' +
  'AI ARRAY<INT>, AL ARRAY<BIGINT>, M MAP<STRING, BIGINT>, ST STRUCT<F0 BIGINT, G STRUCT<H STRING>>';

const typeOf = (sql: string): string => formatType(bind(sql, COLUMNS).type);

describe('result types', () => {
  test.each([
    // literals
    ['1', 'INTEGER'],
    ['-2147483648', 'INTEGER'],
    ['2147483648', 'BIGINT'],
    ['5.0', 'DECIMAL(2, 1)'],
    ['0.05', 'DECIMAL(3, 2)'],
    ['.5', 'DECIMAL(2, 1)'],
    ['10.30', 'DECIMAL(4, 2)'],
    ['1e3', 'DOUBLE'],
    ["'x'", 'STRING'],
    ['true', 'BOOLEAN'],
    ['NULL', 'null'],
    // arithmetic
    ['I + I', 'INTEGER'],
    ['I / I', 'INTEGER'],
    ['I * L', 'BIGINT'],
    ['L % I', 'BIGINT'],
    ['I + D', 'DOUBLE'],
    ['N + D', 'DOUBLE'],
    ['N + N', 'DECIMAL(5, 2)'],
    ['N - I', 'DECIMAL(13, 2)'],
    ['N * N', 'DECIMAL(9, 4)'],
    ['N / N', 'DECIMAL(11, 7)'],
    ['N % I', 'DECIMAL(4, 2)'],
    ['L + N', 'DECIMAL(22, 2)'],
    ['-N', 'DECIMAL(4, 2)'],
    ['S + S', 'STRING'],
    ['S || S', 'STRING'],
    // predicates
    ['I < D', 'BOOLEAN'],
    ['S = DT', 'BOOLEAN'],
    ["TS > '2020'", 'BOOLEAN'],
    ['DT <= TS', 'BOOLEAN'],
    ['I BETWEEN L AND N', 'BOOLEAN'],
    ['I IN (1, L, D)', 'BOOLEAN'],
    ["S LIKE 'a%'", 'BOOLEAN'],
    ['S IS NULL', 'BOOLEAN'],
    ['AI = AL', 'BOOLEAN'],
    ['ST IS DISTINCT FROM ST', 'BOOLEAN'],
    // access
    ['AI[1]', 'INTEGER'],
    ["M['a']", 'BIGINT'],
    ['ST->F0', 'BIGINT'],
    ['ST->G->H', 'STRING'],
    // CASE
    ["CASE WHEN B THEN 'x' ELSE NULL END", 'STRING'],
    ['CASE WHEN B THEN NULL WHEN I > 1 THEN N END', 'DECIMAL(4, 2)'],
    ["CASE I WHEN 1 THEN 'one' END", 'STRING'],
    // constructors
    ['ARRAY[1, 2147483648]', 'ARRAY<BIGINT>'],
    ["ARRAY[NULL, 10, '2e1', I, L]", 'ARRAY<DECIMAL(19, 0)>'],
    ["ARRAY['a', 1, true]", 'ARRAY<STRING>'],
    ['ARRAY[I, D]', 'ARRAY<DOUBLE>'],
    ['ARRAY[DT, S]', 'ARRAY<DATE>'],
    ['ARRAY[AI, AL]', 'ARRAY<ARRAY<BIGINT>>'],
    ["MAP('a' := I, S := L)", 'MAP<STRING, BIGINT>'],
    ["MAP('k' := NULL, 'l' := I)", 'MAP<STRING, INTEGER>'],
    ['STRUCT(X := I, `y` := S)', 'STRUCT<`X` INTEGER, `y` STRING>'],
    ['STRUCT()', 'STRUCT<>'],
    ['ARRAY[STRUCT(X := I), STRUCT(X := L, Y := S)]', 'ARRAY<STRUCT<`X` BIGINT, `Y` STRING>>'],
    // casts, calls, lambdas
    ['CAST(NULL AS MAP<STRING, INT>)', 'MAP<STRING, INTEGER>'],
    ['ABS(I)', 'INTEGER'],
    ['SQRT(N)', 'DOUBLE'],
    ['TRANSFORM(AI, x => x + L)', 'ARRAY<BIGINT>'],
    ["REDUCE(AI, '', (acc, x) => acc + CAST(x AS STRING))", 'STRING'],
    ['FILTER(M, (k, v) => LEN(k) > v)', 'MAP<STRING, BIGINT>'],
  ])('%s is %s', (sql, expected) => {
    expect(typeOf(sql)).toBe(expected);
  });
});

describe('what becomes of an expression', () => {
  test('a string literal beside a temporal type is converted at once', () => {
    const bound = bind("DT = '2020-01-02'", COLUMNS);
    expect(bound).toMatchObject({ right: { kind: 'literal', type: { kind: 'DATE' }, value: '18263' } });
  });

  test('a string column beside a temporal type gets an implicit cast', () => {
    expect(bind('DT = S', COLUMNS)).toMatchObject({ right: { kind: 'cast', implicit: true, type: { kind: 'DATE' } } });
  });

  test.each(['ROWTIME', 'WINDOWSTART', 'WINDOWEND'])('%s beside a string literal means a point in time', (name) => {
    const columns = `${name} BIGINT`.replace('ROWTIME', '`ROWTIME`');
    const bound = bind(`${name} >= '1970-01-02'`, columns);
    expect(bound).toMatchObject({ right: { kind: 'literal', type: { kind: 'BIGINT' }, value: '86400000' } });
    expect(bind(`'1970' < ${name}`, columns)).toMatchObject({ left: { value: '0' } });
    expect(bind(`${name} BETWEEN '1970' AND '1971'`, columns)).toMatchObject({
      left: { right: { value: '0' } },
      right: { right: { value: '31536000000' } },
    });
  });

  test('BETWEEN becomes two comparisons', () => {
    expect(bind('I NOT BETWEEN 1 AND 2', COLUMNS)).toMatchObject({
      kind: 'not',
      operand: { kind: 'logical', operator: 'AND', left: { operator: '>=' }, right: { operator: '<=' } },
    });
  });

  test('list literals take the common type, written casts stay', () => {
    expect(bind("I IN ('2147483648', CAST(S AS INT))", COLUMNS)).toMatchObject({
      operand: { kind: 'cast', type: { kind: 'BIGINT' } },
      items: [
        { kind: 'literal', type: { kind: 'BIGINT' }, value: '2147483648' },
        { kind: 'cast', type: { kind: 'BIGINT' } },
      ],
    });
    expect(bind('S IN (true, 10, 10.30)', COLUMNS)).toMatchObject({
      items: [{ value: 'true' }, { value: '10' }, { value: '10.30' }],
    });
    expect(bind("B IN ('TrUe', 'n')", COLUMNS)).toMatchObject({ items: [{ value: 'true' }, { value: 'false' }] });
  });

  test('a hook may replace any node', () => {
    const bound = bind('ABS(I) + 1', COLUMNS, {
      replace: (e) =>
        e.kind === 'call' ? { kind: 'column', type: { kind: 'INTEGER' }, index: 99, name: 'GROUP' } : null,
    });
    expect(bound).toMatchObject({ left: { kind: 'column', index: 99 } });
  });

  test('aggregates go to their hook; without an argument they take ROWTIME', () => {
    const seen: unknown[] = [];
    bind('COUNT(*) + SUM(I)', `${COLUMNS}, \`ROWTIME\` BIGINT`, {
      onAggregate: (call, definition, bindArguments) => {
        const bound = bindArguments({ clause: 'SELECT' });
        seen.push(definition.name, bound.arguments);
        return { kind: 'column', type: bound.resolved.returnType, index: 0, name: call.name.name };
      },
    });
    expect(seen).toMatchObject([
      'COUNT',
      [{ kind: 'column', name: 'ROWTIME' }],
      'SUM',
      [{ kind: 'column', name: 'I' }],
    ]);
  });

  test('a bound expression is plain JSON', () => {
    const bound = bind(
      "CASE WHEN I IN (1, 2) THEN TRANSFORM(AI, x => x + I) ELSE ARRAY[ST->F0, '7'] END[1] IS NULL".replace(
        'ST->F0',
        'I',
      ),
      COLUMNS,
    );
    expect(JSON.parse(JSON.stringify(bound))).toEqual(bound);
    const kinds = new Set<string>();
    walkExpression(bound, (e) => kinds.add(e.kind));
    expect([...kinds].sort()).toEqual([
      'arithmetic',
      'array',
      'call',
      'case',
      'column',
      'in',
      'isNull',
      'literal',
      'parameter',
      'subscript',
    ]);
  });
});
