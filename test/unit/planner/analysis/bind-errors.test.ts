import { describe, expect, test } from 'vitest';
import { Scope } from '../../../../src/planner/analysis/scope.js';
import { bind, schema } from '../../../support/expressions.js';
import { failure } from '../../../support/failure.js';

const COLUMNS =
  'I INT, L BIGINT, D DOUBLE, N DECIMAL(4,2), S STRING, B BOOLEAN, DT DATE, TS TIMESTAMP, ' +
  'AI ARRAY<INT>, AL ARRAY<BIGINT>, M MAP<STRING, BIGINT>, ST STRUCT<F0 BIGINT>';

const message = (sql: string, clause = 'SELECT'): string => failure(() => bind(sql, COLUMNS, { clause })).message;

describe('messages', () => {
  test.each([
    // arithmetic
    ['TRUE + 1.5', 'Error processing expression: (true + 1.5). Unsupported arithmetic types. BOOLEAN DECIMAL'],
    ['S + 1', 'Error processing expression: (S + 1). Unsupported arithmetic types. STRING INTEGER'],
    ['S - S', 'Error processing expression: (S - S). Unsupported arithmetic types. STRING STRING'],
    [
      '5.0 / NULL',
      'Error processing expression: (5.0 / null). Arithmetic on types DECIMAL(2, 1) and null are not supported.',
    ],
    ['NULL * NULL', 'Error processing expression: (null * null). Arithmetic on types null and null are not supported.'],
    [
      "MAP(1 := 'cat') + NULL",
      "Error processing expression: (MAP(1:='cat') + null). Arithmetic on types MAP<INTEGER, STRING> and null are not supported.",
    ],
    ['-S', 'Error processing expression: -S. Unsupported arithmetic types. STRING'],
    // comparison
    ["I = '10'", "Cannot compare I (INTEGER) to '10' (STRING) with EQUAL."],
    ['AI < AI', 'Cannot compare AI (ARRAY<INTEGER>) to AI (ARRAY<INTEGER>) with LESS_THAN.'],
    ['B > B', 'Cannot compare B (BOOLEAN) to B (BOOLEAN) with GREATER_THAN.'],
    ['I + 1 BETWEEN S AND 3', 'Cannot compare (I + 1) (INTEGER) to S (STRING) with GREATER_THAN_OR_EQUAL.'],
    [
      'ST IS DISTINCT FROM M',
      'Cannot compare ST (STRUCT<`F0` BIGINT>) to M (MAP<STRING, BIGINT>) with IS_DISTINCT_FROM.',
    ],
    ['NULL <> NULL', "Comparison with NULL not supported: NULL <> NULL\nUse 'IS NULL' or 'IS NOT NULL' instead."],
    ['I = NULL', "Comparison with NULL not supported: INTEGER = NULL\nUse 'IS NULL' or 'IS NOT NULL' instead."],
    ["TS > 'soon'", ''],
    // lists
    ["ARRAY[1, 'not a number']", 'invalid input syntax for type INTEGER: "not a number".'],
    ["MAP('k' := I, 'l' := 'hello')", 'invalid input syntax for type INTEGER: "hello".'],
    ['ARRAY[S, D]', 'operator does not exist: STRING = DOUBLE (D)\nHint: You might need to add explicit type casts.'],
    [
      'ARRAY[]',
      'Array constructor cannot be empty. Please supply at least one element (see https://github.com/confluentinc/ksql/issues/4239).',
    ],
    [
      'ARRAY[NULL]',
      'Cannot construct an array with all NULL elements (see https://github.com/confluentinc/ksql/issues/4239). As a workaround, you may cast a NULL value to the desired type.',
    ],
    [
      'MAP()',
      'Map constructor cannot be empty. Please supply at least one key value pair (see https://github.com/confluentinc/ksql/issues/4239).',
    ],
    ['MAP(NULL := 1)', /^Cannot construct a map with all NULL keys /],
    ['MAP(1 := NULL)', /^Cannot construct a map with all NULL values /],
    ['STRUCT(A := 1, A := 2)', "Duplicate field names found in STRUCT: 'A'"],
    // CASE
    ['CASE WHEN B THEN NULL ELSE NULL END', 'Invalid Case expression. All case branches have NULL type'],
    [
      "CASE WHEN B THEN 1 WHEN B THEN 'x' END",
      "Invalid Case expression. Type for all 'THEN' clauses should be the same.\nTHEN expression '1' has type: INTEGER.\nTHEN expression ''x'' has type: STRING.",
    ],
    [
      'CASE WHEN B THEN 1.0 ELSE 1.00 END',
      "Invalid Case expression. Type for the default clause should be the same as for 'THEN' clauses.\nTHEN type: DECIMAL(2, 1).\nDEFAULT type: DECIMAL(3, 2).",
    ],
    ['CASE WHEN I THEN 1 END', "WHEN operand type should be boolean.\nType for 'I' is INTEGER"],
    // access
    ['ST->F1', "Could not find field 'F1' in 'ST'."],
    ['S->F1', 'Expected STRUCT type, got: STRING'],
    ['S[1]', 'Subscript expression (S[1]) do not apply to STRING.'],
    ["AI['a']", "Array subscript 'a' must be INTEGER or BIGINT, not STRING."],
    // casts and types
    ['CAST(S AS MAP<STRING, INT>)', 'Invalid Select: Cast of STRING to MAP<STRING, INTEGER> is not supported'],
    ['CAST(S AS FOO)', 'Cannot resolve unknown type: FOO'],
    // predicates
    ["S LIKE 'x' ESCAPE 'ab'", 'Expected single character escape but got: ab'],
    ['I LIKE 12', 'The column type for Like condition must be VARCHAR. The column type is INTEGER'],
    // calls
    ['NO_SUCH(1)', "Can't find any functions with the name 'NO_SUCH'"],
    ['GREATEST(S, I)', /^Function 'greatest' does not accept parameters \(STRING, INTEGER\)\./],
    ['GREATEST(*)', /^Function 'greatest' does not accept parameters \(\)\./],
    ['SUM(I)', 'SELECT does not support aggregate functions: SUM is an aggregate function.'],
    ['TRANSFORM(AI, i => i + 1)', "Lambda function argument can't be a column name: I"],
    ['TRANSFORM(AI, x => TRANSFORM(AI, x => x)[1])', 'Reusing lambda arguments in nested lambda is not allowed'],
  ])('%s', (sql, expected) => {
    if (expected === '') return expect(() => bind(sql, COLUMNS)).not.toThrow();
    if (typeof expected === 'string') return expect(message(sql)).toBe(expected);
    expect(message(sql)).toMatch(expected);
  });

  test.each([
    [
      "S = 'abc' AND I >= 'not an int'",
      "Error in WHERE expression: Cannot compare I (INTEGER) to 'not an int' (STRING) with GREATER_THAN_OR_EQUAL.",
    ],
    [
      'RANDOM() + 1.5',
      'Type error in WHERE expression: Should evaluate to boolean but is (RANDOM() + 1.5) (DOUBLE) instead.',
    ],
    ['B AND I', 'Type error in WHERE expression: Should evaluate to boolean but is I (INTEGER) instead.'],
    [
      'TRUE + 1.5',
      'Error in WHERE expression: Error processing expression: (true + 1.5). Unsupported arithmetic types. BOOLEAN DECIMAL',
    ],
    ["B IN (true, 'Not a boolean')", 'Invalid Predicate: invalid input syntax for type BOOLEAN: "Not a boolean".'],
    [
      'B IN (true, 10)',
      'Invalid Predicate: operator does not exist: BOOLEAN = INTEGER (10)\nHint: You might need to add explicit type casts.',
    ],
    ["I IN (10, '10 - no')", 'Invalid Predicate: invalid input syntax for type INTEGER: "10 - no".'],
    ['I IN (10, S)', /^Invalid Predicate: operator does not exist: INTEGER = STRING \(S\)/],
    ['L IN (10, true)', /^Invalid Predicate: operator does not exist: BIGINT = BOOLEAN \(true\)/],
    ['N IN (10, true)', /^Invalid Predicate: operator does not exist: DECIMAL\(12, 2\) = BOOLEAN \(true\)/],
    [
      'AL IN (AL, ARRAY[B])',
      /^Invalid Predicate: operator does not exist: ARRAY<BIGINT> = ARRAY<BOOLEAN> \(ARRAY\[B\]\)/,
    ],
    ["AL IN (AL, ARRAY['10', 'not 10'])", /^Invalid Predicate: invalid input syntax for type BIGINT: "not 10"/],
    [
      "M IN (M, MAP('a' := B))",
      /^Invalid Predicate: operator does not exist: MAP<STRING, BIGINT> = MAP<STRING, BOOLEAN> \(MAP\('a':=B\)\)/,
    ],
    [
      'ST IN (ST, STRUCT(F0 := B))',
      /^Invalid Predicate: operator does not exist: STRUCT<`F0` BIGINT> = STRUCT<`F0` BOOLEAN> \(STRUCT\(F0:=B\)\)/,
    ],
    ['ST IN (STRUCT(F0 := 10), ARRAY[10])', /STRUCT<`F0` BIGINT> = ARRAY<INTEGER> \(ARRAY\[10\]\)/],
    ['CAST(I AS DATE) IS NULL', 'Invalid Predicate: Cast of INTEGER to DATE is not supported'],
    ['ABS(BOB) < 10', "Line: 1, Col: 12: WHERE column 'BOB' cannot be resolved."],
  ])('WHERE %s', (sql, expected) => {
    if (typeof expected === 'string') expect(message(sql, 'WHERE')).toBe(expected);
    else expect(message(sql, 'WHERE')).toMatch(expected);
  });

  test('a type error of a filter carries the condition as its statement', () => {
    expect(failure(() => bind("I = '10'", COLUMNS, { clause: 'WHERE' })).statementText).toBe("(I = '10')");
  });

  test('a point in time that is none', () => {
    const error = failure(() => bind("ROWTIME > 'yesterday'", '`ROWTIME` BIGINT'));
    expect(error.message).toBe("Failed to parse timestamp 'yesterday'");
    expect(error.hint).toContain('2020-05');
  });

  test('columns of joined sources print with their alias', () => {
    const scope = new Scope([
      { alias: 'I1', name: 'A', schema: schema('BAR INT'), firstIndex: 0 },
      { alias: 'I2', name: 'B', schema: schema('BAR STRING'), firstIndex: 1 },
    ]);
    expect(failure(() => bind('I1.BAR > I2.BAR', '', { scope, clause: 'WHERE' })).message).toBe(
      'Error in WHERE expression: Cannot compare I1_BAR (INTEGER) to I2_BAR (STRING) with GREATER_THAN.',
    );
  });

  test('the simple CASE can be switched off', () => {
    expect(() => bind('CASE I WHEN 1 THEN 2 END', COLUMNS, { simpleCase: false })).toThrow('Simple CASE');
  });

  test('errors say where: code, span, hint', () => {
    const error = failure(() => bind('1 + ABS(LENN(S))', COLUMNS));
    expect(error).toMatchObject({
      code: 'unknown-function',
      span: { line: 1, column: 16 },
      hint: "Did you mean 'LEN'?",
    });
    expect(failure(() => bind('ST->F00', COLUMNS))).toMatchObject({
      code: 'unknown-field',
      hint: "Did you mean 'F0'?",
    });
  });
});
