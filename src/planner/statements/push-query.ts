import type { SelectStatement } from '../../parser/ast.js';
import { buildLogicalPlan } from '../logical/build-logical-plan.js';
import { pruneColumns } from '../logical/rewrites/prune-columns.js';
import { buildPhysicalPlan } from '../physical/build-physical-plan.js';
import type { PlanningContext } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';
import { capturedSettings, defaultKeyFormat, serviceId } from './settings.js';

export function planPushQuery(statement: SelectStatement, context: PlanningContext): StatementPlan {
  const { query } = statement;
  const logical = buildLogicalPlan(query, { kind: 'transient' }, context);
  const leftmost = logical.relation.sources[0]!.entry;
  const plan = buildPhysicalPlan(pruneColumns(logical.plan), {
    queryId: `transient_${leftmost.name}_${context.transientSuffix}`,
    serviceId: serviceId(context),
    defaultKeyFormat: defaultKeyFormat(context),
    sink: null,
    output: logical.output,
    limit: query.limit === null ? null : Number(query.limit),
    settings: capturedSettings(context),
    materialize: false,
  });
  return { kind: 'pushQuery', plan };
}
