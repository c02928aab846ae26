import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileExpression, compilePredicate } from '../../src/executor/expressions/compile.js';
import { BIGINT, BOOLEAN, decimalType, INTEGER, type SqlType, sameType } from '../../src/model/sql-type.js';
import { type SqlValue, toBigintValue } from '../../src/model/value.js';
import type { ArithmeticOperator, ComparisonOperator } from '../../src/parser/ast.js';
import { arithmeticType } from '../../src/planner/analysis/arithmetic-type.js';
import { castTo } from '../../src/planner/analysis/cast-to.js';
import { asDecimal } from '../../src/planner/analysis/common-type.js';
import { boundLiteral } from '../../src/planner/analysis/literals.js';
import type { BoundExpression } from '../../src/planner/expression.js';
import { runContext } from '../support/expressions.js';

/*
 * Random trees of arithmetic are compiled and compared with a model that knows nothing but exact fractions of bigints:
 * the meaning of SQL's integers and decimals without any of the shortcuts of generated code.
 */

const TYPES: readonly SqlType[] = [INTEGER, BIGINT, decimalType(4, 2), decimalType(18, 6)];
const OPERATORS: readonly ArithmeticOperator[] = ['+', '-', '*', '/', '%'];
const COMPARISONS: readonly ComparisonOperator[] = ['=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM'];

const integers = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer(), fc.constantFrom(-2147483648, 2147483647));
const longs = fc.oneof(
  fc.bigInt({ min: -3n, max: 3n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)),
);

function values(type: SqlType): fc.Arbitrary<SqlValue> {
  if (type.kind === 'INTEGER') return integers;
  if (type.kind === 'BIGINT') return longs.map(toBigintValue);
  const limit = 10n ** BigInt((type as SqlType & { kind: 'DECIMAL' }).precision) - 1n;
  return fc.oneof(fc.bigInt({ min: -limit, max: limit }), fc.bigInt({ min: -300n, max: 300n }));
}

const rows = fc.tuple(...TYPES.map((type) => fc.option(values(type), { freq: 8, nil: null })));

const leaves: fc.Arbitrary<BoundExpression> = fc.oneof(
  fc
    .nat(TYPES.length - 1)
    .map((index): BoundExpression => ({ kind: 'column', type: TYPES[index]!, index, name: `C${index}` })),
  fc.constantFrom(...TYPES).chain((type) => values(type).map((v) => boundLiteral(type, v))),
);

const trees = (depth: number): fc.Arbitrary<BoundExpression> =>
  depth === 0
    ? leaves
    : fc.oneof(
        { weight: 1, arbitrary: leaves },
        {
          weight: 3,
          arbitrary: fc
            .tuple(fc.constantFrom(...OPERATORS), trees(depth - 1), trees(depth - 1))
            .map(([operator, left, right]) => arithmetic(operator, left, right)),
        },
        {
          weight: 1,
          arbitrary: trees(depth - 1).map(
            (operand): BoundExpression => ({ kind: 'negate', type: operand.type, operand }),
          ),
        },
      );

function arithmetic(operator: ArithmeticOperator, left: BoundExpression, right: BoundExpression): BoundExpression {
  const { type } = arithmeticType(operator, left.type, right.type);
  const convert = (e: BoundExpression): BoundExpression =>
    castTo(e, type!.kind === 'DECIMAL' ? asDecimal(e.type) : type!, 'implicit');
  return { kind: 'arithmetic', type: type!, operator, left: convert(left), right: convert(right) };
}

/** The unscaled value, or null where the expression has none. */
function model(e: BoundExpression, row: readonly SqlValue[]): bigint | null {
  switch (e.kind) {
    case 'literal':
      return e.value === null ? null : BigInt(e.value.replace('.', ''));
    case 'column': {
      const value = row[e.index]!;
      return value === null ? null : BigInt(value as bigint);
    }
    case 'negate': {
      const operand = model(e.operand, row);
      return operand === null ? null : wrap(e.type, -operand);
    }
    case 'cast': {
      const operand = model(e.operand, row);
      return operand === null ? null : operand * 10n ** BigInt(scaleOf(e.type) - scaleOf(e.operand.type));
    }
    case 'arithmetic': {
      const left = model(e.left, row);
      const right = model(e.right, row);
      if (left === null || right === null) return null;
      return operate(e.operator, e.type, left, scaleOf(e.left.type), right, scaleOf(e.right.type));
    }
    default:
      throw new Error(`not in this model: ${e.kind}`);
  }
}

function operate(
  operator: ArithmeticOperator,
  type: SqlType,
  left: bigint,
  leftScale: number,
  right: bigint,
  rightScale: number,
): bigint | null {
  const scale = scaleOf(type);
  const l = left * 10n ** BigInt(Math.max(0, scale - leftScale));
  const r = right * 10n ** BigInt(Math.max(0, scale - rightScale));
  switch (operator) {
    case '+':
      return wrap(type, l + r);
    case '-':
      return wrap(type, l - r);
    case '*':
      return wrap(type, left * right);
    case '%':
      return right === 0n ? null : wrap(type, l % r);
    case '/': {
      if (right === 0n) return null;
      if (type.kind !== 'DECIMAL') return wrap(type, left / right);
      const numerator = left * 10n ** BigInt(scale + rightScale - leftScale);
      return numerator % right === 0n ? numerator / right : null;
    }
  }
}

function wrap(type: SqlType, value: bigint): bigint {
  return type.kind === 'INTEGER' ? BigInt.asIntN(32, value) : type.kind === 'BIGINT' ? BigInt.asIntN(64, value) : value;
}

function scaleOf(type: SqlType): number {
  return type.kind === 'DECIMAL' ? type.scale : 0;
}

function asValue(type: SqlType, unscaled: bigint | null): SqlValue {
  if (unscaled === null || type.kind === 'DECIMAL') return unscaled;
  return type.kind === 'BIGINT' ? toBigintValue(unscaled) : Number(unscaled);
}

describe('compiled arithmetic and exact arithmetic agree', () => {
  test('in value', () => {
    fc.assert(
      fc.property(trees(3), rows, (e, row) => {
        const actual = compileExpression(e, runContext())(row as SqlValue[]);
        expect(actual).toBe(asValue(e.type, model(e, row)));
        expect(Object.is(actual, -0)).toBe(false);
      }),
      { numRuns: 1500 },
    );
  });

  test('in conditions, where a failure is null, and a filter passes just the rows for which the value is true', () => {
    fc.assert(
      fc.property(conditions(3), rows, fc.option(fc.boolean(), { nil: null }), (e, numbers, flag) => {
        const row = [...numbers, flag] as SqlValue[];
        const expected = condition(e, row);
        expect(compileExpression(e, runContext())(row)).toBe(expected);
        expect(compilePredicate(e, runContext())(row)).toBe(expected === true);
      }),
      { numRuns: 2000 },
    );
  });
});

const flagColumn: BoundExpression = { kind: 'column', type: BOOLEAN, index: TYPES.length, name: 'FLAG' };

function conditions(depth: number): fc.Arbitrary<BoundExpression> {
  const side = fc.constantFrom(...TYPES).chain((type) => fc.tuple(of(type), of(type)));
  const comparisons = fc
    .tuple(fc.constantFrom(...COMPARISONS), side)
    .map(
      ([operator, [left, right]]): BoundExpression => ({ kind: 'comparison', type: BOOLEAN, operator, left, right }),
    );
  const nullTests = fc
    .tuple(side, fc.boolean())
    .map(([[operand], negated]): BoundExpression => ({ kind: 'isNull', type: BOOLEAN, operand, negated }));
  const lists = fc
    .tuple(side, side, fc.boolean())
    .filter(([[a], [b]]) => sameType(a.type, b.type))
    .map(
      ([[operand, first], [second], negated]): BoundExpression => ({
        kind: 'in',
        type: BOOLEAN,
        operand,
        items: [first, second],
        negated,
      }),
    );
  const leaf = fc.oneof(comparisons, nullTests, lists, fc.constant(flagColumn));
  if (depth === 0) return leaf;
  const inner = conditions(depth - 1);
  return fc.oneof(
    leaf,
    fc
      .tuple(fc.constantFrom('AND' as const, 'OR' as const), inner, inner)
      .map(([operator, left, right]): BoundExpression => ({ kind: 'logical', type: BOOLEAN, operator, left, right })),
    inner.map((operand): BoundExpression => ({ kind: 'not', type: BOOLEAN, operand })),
    fc.tuple(inner, inner, inner).map(
      ([when, then, otherwise]): BoundExpression => ({
        kind: 'case',
        type: BOOLEAN,
        branches: [{ when, then }],
        otherwise,
      }),
    ),
  );
}

/** The value of a condition in ksqlDB's two-valued logic; null where it fails. */
function condition(e: BoundExpression, row: readonly SqlValue[]): boolean | null {
  try {
    return strictCondition(e, row);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

class Failure extends Error {}

/** @throws Failure */
function strictCondition(e: BoundExpression, row: readonly SqlValue[]): boolean | null {
  const truth = (x: BoundExpression): boolean => {
    const value = strictCondition(x, row);
    if (value === null) throw new Failure();
    return value;
  };
  switch (e.kind) {
    case 'column':
      return row[e.index] as boolean | null;
    case 'comparison':
      return compareModel(e.operator, strictModel(e.left, row), strictModel(e.right, row));
    case 'isNull':
      return (strictModel(e.operand, row) === null) !== e.negated;
    case 'in': {
      const operand = strictModel(e.operand, row);
      const found = operand !== null && e.items.some((item) => strictModel(item, row) === operand);
      return found !== e.negated;
    }
    case 'logical':
      if (e.operator === 'AND') return truth(e.left) ? truth(e.right) : false;
      return truth(e.left) ? true : truth(e.right);
    case 'not':
      return !truth(e.operand);
    case 'case':
      return strictCondition(truth(e.branches[0]!.when) ? e.branches[0]!.then : e.otherwise!, row);
    default:
      throw new Error(`not in this model: ${e.kind}`);
  }
}

/** As `model`; a column may be null, an operation without a value fails. */
function strictModel(e: BoundExpression, row: readonly SqlValue[]): bigint | null {
  const value = model(e, row);
  if (value === null && e.kind !== 'column' && e.kind !== 'literal') throw new Failure();
  return value;
}

/** A tree of this type: a column, a literal, or an operation on such. */
function of(type: SqlType): fc.Arbitrary<BoundExpression> {
  const column: BoundExpression = { kind: 'column', type, index: TYPES.indexOf(type), name: 'C' };
  const leaf = fc.oneof(
    fc.constant(column),
    values(type).map((v): BoundExpression => boundLiteral(type, v)),
  );
  if (type.kind === 'DECIMAL') return leaf;
  const operation = fc
    .tuple(fc.constantFrom(...OPERATORS), leaf, leaf)
    .map(([operator, left, right]) => arithmetic(operator, left, right));
  return fc.oneof(leaf, operation);
}

function compareModel(operator: ComparisonOperator, a: bigint | null, b: bigint | null): boolean {
  if (operator === 'IS DISTINCT FROM') return a !== b;
  if (a === null || b === null) return false;
  switch (operator) {
    case '=':
      return a === b;
    case '<>':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}
