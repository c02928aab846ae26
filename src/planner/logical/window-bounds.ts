import { StatementError } from '../../model/errors.js';
import type { Expression, Query } from '../../parser/ast.js';
import { type Relation, scopeOf } from '../analysis/relation.js';
import { visitExpression } from '../analysis/rewrite-ast.js';

/** A bound of the query's own windows that the expression mentions: there are none before the aggregation. */
export function ownWindowBound(expression: Expression, query: Query, relation: Relation): string | null {
  if (query.window === null) return null;
  const scope = scopeOf(relation);
  return ['WINDOWSTART', 'WINDOWEND'].find((name) => !scope.has(name) && mentions(expression, name)) ?? null;
}

/** @throws StatementError when the expression mentions a bound of the query's own windows */
export function checkWindowBounds(expression: Expression, query: Query, relation: Relation): void {
  const bound = ownWindowBound(expression, query, relation);
  if (bound === null) return;
  throw new StatementError(
    `Window bounds column ${bound} can only be used in the SELECT clause of windowed aggregations and can not be passed to aggregate functions.\n` +
      'See https://github.com/confluentinc/ksql/issues/4397',
    { code: 'window-bounds', span: expression.span },
  );
}

function mentions(expression: Expression, column: string): boolean {
  let found = false;
  visitExpression(expression, (e, bound) => {
    if (e.kind === 'column' && e.name.name === column && !bound.has(column)) found = true;
    return !found;
  });
  return found;
}
