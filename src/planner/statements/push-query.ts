import type { SourceEntry } from '../../catalog/catalog.js';
import type { Schema } from '../../model/schema.js';
import { BOOLEAN } from '../../model/sql-type.js';
import type { Query, SelectStatement } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';
import { buildLogicalPlan } from '../logical/build-logical-plan.js';
import { type FilterNode, keyWindowOf, type LogicalPlan } from '../logical/logical-plan.js';
import type { LogicalQuery } from '../logical/logical-query.js';
import { pruneColumns } from '../logical/rewrites/prune-columns.js';
import { buildPhysicalPlan } from '../physical/build-physical-plan.js';
import type { OutputColumn } from '../physical/physical-plan.js';
import { defaultKeyFormat, flag, type PlanningContext, serviceId } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';
import { capturedSettings } from './captured-settings.js';

export function planPushQuery(statement: SelectStatement, context: PlanningContext): StatementPlan {
  const { query } = statement;
  const logical = buildLogicalPlan(query, { kind: 'transient' }, context);
  const leftmost = logical.relation.sources[0]!.entry;
  const scalable = isScalable(query, leftmost, context);
  const plan = buildPhysicalPlan(
    pruneColumns(scalable && leftmost.kind === 'STREAM' ? withKey(logical.plan) : logical.plan),
    {
      queryId: `${scalable ? 'SCALABLE_PUSH_QUERY' : 'transient'}_${leftmost.name}_${context.transientSuffix}`,
      serviceId: serviceId(context),
      defaultKeyFormat: defaultKeyFormat(context),
      sink: null,
      output: withWindowBounds(logical),
      limit: query.limit === null ? null : Number(query.limit),
      settings: capturedSettings(context),
      materialize: false,
    },
  );
  return { kind: 'pushQuery', plan };
}

/** Whether ksqlDB would serve the query from the one that writes its source: clients know such a query by its id. */
function isScalable(query: Query, source: SourceEntry, context: PlanningContext): boolean {
  if (!flag(context, 'ksql.query.push.v2.enabled', false)) return false;
  const { from, window, groupBy, partitionBy, having, emit } = query;
  const plain = from.kind === 'table' && window === null && groupBy === null && partitionBy === null && having === null;
  const reset = context.setting('ksql.streams.auto.offset.reset');
  return plain && emit === 'CHANGES' && reset === 'latest' && context.catalog.writersOf(source.name).length === 1;
}

/** The plan of a scalable push query over a stream: in ksqlDB it shows no records without a key, unless the stream has no key column. */
function withKey(plan: LogicalPlan): LogicalPlan {
  if (plan.kind === 'join') return plan;
  if (plan.kind !== 'scan' && !isWhere(plan)) return { ...plan, input: withKey(plan.input) };
  const predicate = hasKey(plan.schema);
  if (predicate === null) return plan;
  if (plan.kind === 'scan') return { kind: 'filter', purpose: 'where', input: plan, predicate, schema: plan.schema };
  return {
    ...plan,
    predicate: { kind: 'logical', type: BOOLEAN, operator: 'AND', left: predicate, right: plan.predicate },
  };
}

function isWhere(plan: LogicalPlan): plan is FilterNode {
  return plan.kind === 'filter' && plan.input.kind === 'scan';
}

/** That not all key columns are null; null when there are none. */
function hasKey({ columns }: Schema): BoundExpression | null {
  const isThere = columns.flatMap(({ name, type, role }, index): BoundExpression[] => {
    const operand: BoundExpression = { kind: 'column', type, index, name };
    return role === 'key' ? [{ kind: 'isNull', type: BOOLEAN, operand, negated: true }] : [];
  });
  if (isThere.length === 0) return null;
  return isThere.reduce((left, right) => ({ kind: 'logical', type: BOOLEAN, operator: 'OR', left, right }));
}

/** Bounds of the row's window come from its key, so that deletions show them too. */
function withWindowBounds({ plan, output }: LogicalQuery): readonly OutputColumn[] {
  const windowed = plan.kind === 'project' && keyWindowOf(plan) !== null;
  return output!.map((column) => {
    const source = windowed && 'column' in column.from ? plan.expressions[column.from.column]! : null;
    if (source?.kind !== 'column') return column;
    if (source.name === 'WINDOWSTART') return { ...column, from: { window: 'start' } };
    return source.name === 'WINDOWEND' ? { ...column, from: { window: 'end' } } : column;
  });
}
