import { describe, expect, test } from 'vitest';
import { compileExpression, ExpressionCode } from '../../../../src/executor/expressions/compile.js';
import { AssertionError } from '../../../../src/model/errors.js';
import type { Row, SqlValue } from '../../../../src/model/value.js';
import { bind, runContext } from '../../../support/expressions.js';

const COLUMNS = 'ID INT, PRICE DOUBLE, NAME STRING, TAGS ARRAY<STRING>';

describe('splicing expressions into one function', () => {
  const build = (context = runContext()): ((row: Row) => Row | null) => {
    const code = new ExpressionCode(context);
    const column = (index: number): string => `c${index}`;
    const keep = code.emitPredicate(bind('PRICE * 2 > 10 AND ID % 2 = 0', COLUMNS, { clause: 'WHERE' }), column);
    const values = ['UCASE(NAME)', '100 / ID', 'TRANSFORM(TAGS, t => NAME + t)'].map((sql) =>
      code.emitValue(bind(sql, COLUMNS), column, sql),
    );
    return code.build(`function (row) {
      const c0 = row[0], c1 = row[1], c2 = row[2], c3 = row[3];
      ${code.declarations()}
      return ${keep} ? [${values.join(', ')}] : null;
    }`) as (row: Row) => Row | null;
  };

  test('filters and projects', () => {
    const step = build();
    expect(step([4, 6, 'a', ['x', 'y']])).toEqual(['A', 25, ['ax', 'ay']]);
    expect(step([3, 6, 'a', []])).toBeNull();
    expect(step([4, null, 'a', []])).toBeNull();
  });

  test('a failing part is null and reported under its label', () => {
    const context = runContext();
    expect(build(context)([0, 6, null, null])).toEqual([null, null, null]);
    expect(context.reports).toEqual([{ message: 'Error computing expression 100 / ID', cause: 'division by zero' }]);
  });
});

describe('the generated text', () => {
  const text = (sql: string): string => new ExpressionCode(runContext()).emitValue(bind(sql, COLUMNS), (i) => `c${i}`);

  test('holds no text of the user', () => {
    const source = text("NAME = 'x''); process.exit(); (''' OR `NAME` LIKE '%injected%'");
    expect(source).not.toMatch(/process|injected/);
  });

  test.each<[string, object]>([
    ['an operator', { kind: 'arithmetic', operator: '+ evil() +' }],
    ['a column', { kind: 'column', index: '0]; evil(); [0' }],
    ['a field', { kind: 'field', index: '0]; evil(); [0' }],
  ])('holds no text of a forged plan: %s', (_what, changes) => {
    const column = bind('ID', COLUMNS);
    const forged = { ...bind('D * 2', 'D DOUBLE'), operand: column, ...changes } as typeof column;
    expect(() => compileExpression(forged, runContext())).toThrow(AssertionError);
  });

  test.each([
    ['ID + 1', '(c0 === null ? null : c0 + 1 | 0)'],
    ['ID', 'c0'],
    ['1 + 2 * 3', '7'],
    ['-5', '(-5)'],
  ])('of %s is %s', (sql, expected) => {
    expect(text(sql)).toBe(expected);
  });

  test('computes constants once', () => {
    let calls = 0;
    const context = runContext();
    const counting = { ...context, functions: { ...bindFunctions(context), scalar: count } };
    function count(...args: Parameters<typeof context.functions.scalar>): ReturnType<typeof context.functions.scalar> {
      const bound = context.functions.scalar(...args);
      return {
        ...bound,
        code: (...values: never[]) => {
          calls++;
          return bound.code(...values);
        },
      };
    }
    const code = new ExpressionCode(counting);
    const run = code.build(
      `function () { return ${code.emitValue(bind("LEN('abc') + 1"), () => 'c')}; }`,
    ) as () => SqlValue;
    expect([run(), run(), calls]).toEqual([4, 4, 1]);
  });

  test('calls a non-deterministic function for each row', () => {
    let calls = 0;
    const context = runContext();
    const code = new ExpressionCode({ ...context, evaluation: { now: () => 0, random: () => ++calls } });
    const run = code.build(`function () { return ${code.emitValue(bind('RANDOM()'), () => 'c')}; }`) as () => SqlValue;
    run();
    run();
    expect(calls).toBe(2);
  });
});

/** The methods of a registry as plain properties, so that one can be replaced. */
function bindFunctions(context: ReturnType<typeof runContext>): typeof context.functions {
  const f = context.functions;
  return {
    find: (name) => f.find(name),
    all: () => f.all(),
    resolve: (name, args) => f.resolve(name, args),
    scalar: (...args) => f.scalar(...args),
    aggregate: (...args) => f.aggregate(...args),
    tableFunction: (...args) => f.tableFunction(...args),
  };
}
