import type { SourceSpan } from '../../model/source-span.js';
import type { Expression, ExpressionKind, Query, Relation, SelectItem } from '../ast.js';
import { type ParseLimits, tooMany } from '../limits.js';
import { BuildError } from './build-error.js';

/** Checks the lengths of a query's lists. */
export function query(clauses: Omit<Query, 'kind' | 'span'>, span: SourceSpan, limits: ParseLimits): Query {
  if (clauses.select.length > limits.columns) {
    throw tooMany('items in a SELECT list', clauses.select.length, limits.columns, span);
  }
  const joins = countJoins(clauses.from);
  if (joins > limits.joins) throw tooMany('joins', joins, limits.joins, span);
  return { kind: 'query', ...clauses, span };
}

function countJoins(relation: Relation): number {
  let count = 0;
  for (let at = relation; at.kind === 'join'; at = at.left) count++;
  return count;
}

/** What can never be a struct; the grammar asks for a primary expression before `->*`. */
const NEVER_STRUCT: ReadonlySet<ExpressionKind> = new Set<ExpressionKind>([
  ...(['null', 'boolean', 'integer', 'decimal', 'double', 'string', 'sign', 'arithmetic', 'concat'] as const),
  ...(['comparison', 'logical', 'not', 'isNull', 'between', 'in', 'like'] as const),
]);

/** `operand->*`. */
export function structStar(operand: Expression, span: SourceSpan): SelectItem {
  if (NEVER_STRUCT.has(operand.kind)) {
    throw new BuildError(
      'not-a-struct',
      `Line: ${span.line}, Col: ${span.column}: '->*' must follow a STRUCT, such as a column.`,
      span,
    );
  }
  return { kind: 'structStar', operand, span };
}
