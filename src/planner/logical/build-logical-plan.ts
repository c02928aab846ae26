import { StatementError } from '../../model/errors.js';
import type { Expression, Query } from '../../parser/ast.js';
import { aggregatesIn } from '../analysis/aggregation.js';
import { bindExpression, bindPredicate } from '../analysis/bind-expression.js';
import { expressionText } from '../analysis/expression-text.js';
import { relationOf } from '../analysis/joins.js';
import { qualify, type Relation, scopeOf } from '../analysis/relation.js';
import { keyColumnsOf, synthetics } from '../analysis/relation-keys.js';
import { type ProjectionItem, projectionItems } from '../analysis/select-items.js';
import { allowed } from '../dialect.js';
import type { BoundExpression } from '../expression.js';
import type { PlanningContext } from '../planning-context.js';
import { AggregateQuery } from './aggregate-query.js';
import {
  bindingOver,
  type LogicalQuery,
  type ProjectedQuery,
  type QueryInHand,
  type QueryTarget,
} from './logical-query.js';
import { partitionBy } from './partition-by.js';
import { projection } from './projection.js';
import { flatten } from './table-functions.js';
import { ownWindowBound } from './window-bounds.js';

/**
 * Clause by clause, each over the relation that the one before leaves: FROM, WHERE, PARTITION BY, then the projection, with or without
 * aggregation.
 * @throws StatementError in ksqlDB's words for everything that the query may not do.
 */
export function buildLogicalPlan(query: Query, target: QueryTarget, context: PlanningContext): LogicalQuery {
  const hand: QueryInHand = { query, target, context };
  const sources = relationOf(query.from, context);
  checkValueFormats(query, sources);
  const { relation, columns: partitionedBy } = partitionBy(hand, filtered(hand, sources));
  const extraNames = namesBeyondColumns(hand, relation);
  const items = projectionItems(query.select, {
    relation,
    persistent: target.kind === 'persistent',
    extraNames,
    partitionedBy,
    bindContext: bindingOver(relation, 'SELECT', context),
  });
  const isAggregate =
    query.groupBy !== null ||
    items.some((item) => aggregatesIn(item.expression, context).length > 0) ||
    (query.having !== null && aggregatesIn(query.having, context).length > 0);
  if (!isAggregate) checkNoAggregateClauses(query);
  else if (query.emit === 'FINAL' && query.window === null) throw finalWithoutWindow();
  const projected = isAggregate
    ? new AggregateQuery(hand, relation).build(items, extraNames)
    : project(hand, relation, items);
  return { ...projected, relation: sources };
}

function checkValueFormats({ from, groupBy }: Query, sources: Relation): void {
  const reason = from.kind === 'join' ? 'JOIN' : groupBy !== null ? 'GROUP BY' : null;
  if (reason === null) return;
  const names = sources.sources.filter((s) => s.entry.valueFormat.name === 'KAFKA').map((s) => s.entry.name);
  if (names.length === 0) return;
  throw new StatementError(
    `Source(s) ${names.join(', ')} are using the 'KAFKA' value format. This format does not yet support ${reason}.\n` +
      'See https://github.com/confluentinc/ksql/issues/4385.',
    { code: 'kafka-value-format' },
  );
}

/** The relation under the WHERE of a query, if it has one. */
function filtered({ query, context }: QueryInHand, relation: Relation): Relation {
  const { where } = query;
  if (where === null) return relation;
  const bound = ownWindowBound(where, query, relation);
  if (bound !== null) {
    throw new StatementError(`Error in WHERE expression: Unknown column ${bound}.`, {
      code: 'unknown-column',
      span: where.span,
      hint: 'The windows of an aggregation are known after it: filter where its result is read.',
    });
  }
  const aggregate = aggregatesIn(where, context)[0];
  if (aggregate !== undefined) {
    throw new StatementError(`Aggregate functions can not be used in WHERE: ${expressionText(aggregate)}`, {
      code: 'aggregate-in-where',
      span: aggregate.span,
      hint: 'Use HAVING to filter on the result of an aggregate.',
    });
  }
  const predicate = bindPredicate(qualify(where, scopeOf(relation), 'WHERE', synthetics(relation)), {
    ...bindingOver(relation, 'WHERE', context),
    replace: keyColumnsOf(relation),
  });
  const { plan } = relation;
  return { ...relation, plan: { kind: 'filter', input: plan, predicate, purpose: 'where', schema: plan.schema } };
}

/** What the projection may name besides the sources' columns: the bounds of the query's windows, the key that a join makes. */
function namesBeyondColumns({ query, context }: QueryInHand, relation: Relation): ReadonlySet<string> {
  const names = new Set<string>();
  const joined = relation.sources.length > 1;
  if (query.window !== null && (!joined || allowed(context, 'windowBoundsOfJoins'))) {
    names.add('WINDOWSTART').add('WINDOWEND');
  }
  const key = relation.keys[0];
  if (key?.origin === 'syntheticJoin') {
    const [column] = key.expressions;
    if (column?.kind === 'column') names.add(column.name.name);
  }
  return names;
}

/** @throws StatementError for clauses that only an aggregation may have */
function checkNoAggregateClauses({ emit, window, having }: Query): void {
  if (emit === 'FINAL') throw finalWithoutWindow();
  if (window !== null) {
    throw new StatementError('WINDOW clause requires a GROUP BY clause.', {
      code: 'window-without-group-by',
      span: window.span,
    });
  }
  if (having !== null) {
    throw new StatementError('HAVING clause requires a GROUP BY clause.', {
      code: 'having-without-group-by',
      span: having.span,
    });
  }
}

function finalWithoutWindow(): StatementError {
  return new StatementError('EMIT FINAL is only supported for windowed aggregations.', { code: 'invalid-emit' });
}

function project(
  { target, context }: QueryInHand,
  relation: Relation,
  items: readonly ProjectionItem[],
): ProjectedQuery {
  const { plan, columns } = flatten(items, relation, context);
  const ofKeys = keyColumnsOf(relation);
  const replace = (e: Expression): BoundExpression | null => columns.get(expressionText(e)) ?? ofKeys(e);
  const binding = { ...bindingOver(relation, 'SELECT', context), replace };
  return projection(items, plan, relation.keys, target, (item) => bindExpression(item.expression, binding));
}
