import { StatementError } from '../../model/errors.js';
import type { Row, SqlValue } from '../../model/value.js';
import { type BoundExpression, columnsOf } from '../../planner/expression.js';
import { computeOnce, ExpressionCode } from './expression-code.js';
import type { ExpressionContext } from './expression-context.js';

export { type ColumnVariable, ExpressionCode } from './expression-code.js';
export type { ExpressionContext } from './expression-context.js';

/*
 * Expressions become JavaScript functions once, when a query starts. The rules of evaluation, ksqlDB's:
 *
 * - Comparisons, IN and BETWEEN with a null operand are false; AND, OR and NOT know two values only, and a null operand
 *   of theirs is a failure. IS [NOT] NULL and IS [NOT] DISTINCT FROM take null for a value.
 * - A null operand of arithmetic is a failure, as are integer and DECIMAL division by zero and a null for a parameter
 *   that takes none.
 * - A failure makes the whole expression null and is reported. If `nestedErrorsAsNull` is set, it stops at the innermost
 *   CAST, constructor element, or function call or field access that is an argument of a function.
 *   Null operands of arithmetic that end in null anyway are not reported.
 * - CASE, AND and OR evaluate only what they need.
 */

/** The value of `e` for a row; null where it fails, which is reported under `label`. */
export function compileExpression(
  e: BoundExpression,
  context: ExpressionContext,
  label?: string,
): (row: Row) => SqlValue {
  const code = new ExpressionCode(context);
  return rowFunction(code, e, code.emitValue(e, variableOf, label)) as (row: Row) => SqlValue;
}

/** Whether the condition `e` is TRUE for a row; false where it fails, which is reported under `label`. */
export function compilePredicate(
  e: BoundExpression,
  context: ExpressionContext,
  label?: string,
): (row: Row) => boolean {
  const code = new ExpressionCode(context);
  return rowFunction(code, e, code.emitPredicate(e, variableOf, label)) as (row: Row) => boolean;
}

/**
 * The value of an expression without columns, as a statement gives it: there is no record to blame, so any failure is the statement's.
 * @throws StatementError where it, or a part of it, fails
 */
export function evaluateConstant(e: BoundExpression, context: ExpressionContext): SqlValue {
  try {
    return computeOnce(e, context);
  } catch (error) {
    if (error instanceof StatementError || !(error instanceof Error)) throw error;
    throw new StatementError(`Failed to evaluate expression: ${error.message}`, {
      code: 'failed-expression',
      cause: error,
    });
  }
}

function variableOf(index: number): string {
  return `c${index}`;
}

function rowFunction(code: ExpressionCode, e: BoundExpression, text: string): unknown {
  const columns = columnsOf(e).map((index) => `${variableOf(index)} = row[${index}]`);
  const declared = columns.length === 0 ? '' : `const ${columns.join(', ')}; `;
  return code.build(`function (row) { ${declared}${code.declarations()}return ${text}; }`);
}
