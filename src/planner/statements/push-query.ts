import type { SourceEntry } from '../../catalog/catalog.js';
import type { Query, SelectStatement } from '../../parser/ast.js';
import { buildLogicalPlan } from '../logical/build-logical-plan.js';
import { keyWindowOf } from '../logical/logical-plan.js';
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
  const plan = buildPhysicalPlan(pruneColumns(logical.plan), {
    queryId: `${isScalable(query, leftmost, context) ? 'SCALABLE_PUSH_QUERY' : 'transient'}_${leftmost.name}_${context.transientSuffix}`,
    serviceId: serviceId(context),
    defaultKeyFormat: defaultKeyFormat(context),
    sink: null,
    output: withWindowBounds(logical),
    limit: query.limit === null ? null : Number(query.limit),
    settings: capturedSettings(context),
    materialize: false,
  });
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
