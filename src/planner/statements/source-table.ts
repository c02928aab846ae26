import { isPseudoColumn } from '../../model/schema.js';
import type { LogicalPlan } from '../logical/logical-plan.js';

/** A scan of a source table that keeps its own columns only: what pull queries read from its store. */
export function pruneSourceTable(plan: LogicalPlan): LogicalPlan {
  if (plan.kind !== 'scan') return plan;
  const kept = plan.schema.columns.flatMap((c, i) => (isPseudoColumn(c.name) ? [] : [i]));
  return {
    ...plan,
    schema: { columns: kept.map((i) => plan.schema.columns[i]!) },
    columns: kept.map((i) => plan.columns[i]!),
  };
}
