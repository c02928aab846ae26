import { BOOLEAN, formatType, isNumeric, type SqlType, sameType, TIMESTAMP } from '../../model/sql-type.js';
import type { ComparisonOperator } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';
import { castTo } from './cast-to.js';
import { asDecimal, commonType, widerDecimal } from './common-type.js';

/** An operand, and how messages print it. */
export interface Operand {
  readonly expression: BoundExpression;
  readonly text: () => string;
}

const OPERATOR_NAMES: Readonly<Record<ComparisonOperator, string>> = {
  '=': 'EQUAL',
  '<>': 'NOT_EQUAL',
  '<': 'LESS_THAN',
  '<=': 'LESS_THAN_OR_EQUAL',
  '>': 'GREATER_THAN',
  '>=': 'GREATER_THAN_OR_EQUAL',
  'IS DISTINCT FROM': 'IS_DISTINCT_FROM',
  'IS NOT DISTINCT FROM': 'IS_NOT_DISTINCT_FROM',
};

/**
 * `left op right` with both sides converted to something comparable, or what is wrong with it in ksqlDB's words.
 */
export function bindComparison(
  operator: ComparisonOperator,
  left: Operand,
  right: Operand,
): { readonly bound: BoundExpression } | { readonly complaint: string } {
  const a = left.expression.type;
  const b = right.expression.type;
  if (a.kind === 'NULL' || b.kind === 'NULL') {
    const name = (type: SqlType): string => (type.kind === 'NULL' ? 'NULL' : formatType(type));
    return {
      complaint:
        `Comparison with NULL not supported: ${name(a)} ${operator} ${name(b)}\n` +
        "Use 'IS NULL' or 'IS NOT NULL' instead.",
    };
  }
  const target = comparable(a, b, operator);
  if (target === null) {
    return {
      complaint:
        `Cannot compare ${left.text()} (${formatType(a)}) to ${right.text()} (${formatType(b)}) ` +
        `with ${OPERATOR_NAMES[operator]}.`,
    };
  }
  const convert = (e: BoundExpression): BoundExpression => (target === 'asTheyAre' ? e : castTo(e, target, 'implicit'));
  return {
    bound: {
      kind: 'comparison',
      type: BOOLEAN,
      operator,
      left: convert(left.expression),
      right: convert(right.expression),
    },
  };
}

/** The type in which the two are compared; null when they do not compare with this operator. */
function comparable(a: SqlType, b: SqlType, operator: ComparisonOperator): SqlType | 'asTheyAre' | null {
  if (isNumeric(a) && isNumeric(b)) return comparableNumbers(a, b);
  if (a.kind === 'STRING' && isTemporal(b)) return b;
  if (b.kind === 'STRING' && isTemporal(a)) return a;
  if ((a.kind === 'DATE' && b.kind === 'TIMESTAMP') || (a.kind === 'TIMESTAMP' && b.kind === 'DATE')) return TIMESTAMP;
  if (a.kind !== b.kind) return null;
  switch (a.kind) {
    case 'BOOLEAN':
      return isEquality(operator) ? a : null;
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
      return isEquality(operator) ? (commonType(a, b) ?? 'asTheyAre') : null;
    default:
      return a;
  }
}

function comparableNumbers(a: SqlType, b: SqlType): SqlType | 'asTheyAre' {
  if (sameType(a, b)) return a;
  const decimal = a.kind === 'DECIMAL' || b.kind === 'DECIMAL';
  if (!decimal || a.kind === 'DOUBLE' || b.kind === 'DOUBLE') return 'asTheyAre';
  return widerDecimal(asDecimal(a), asDecimal(b));
}

function isEquality(operator: ComparisonOperator): boolean {
  return (
    operator === '=' || operator === '<>' || operator === 'IS DISTINCT FROM' || operator === 'IS NOT DISTINCT FROM'
  );
}

function isTemporal(type: SqlType): boolean {
  return type.kind === 'DATE' || type.kind === 'TIME' || type.kind === 'TIMESTAMP';
}
