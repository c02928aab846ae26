import type { QueryEntry } from '../catalog/catalog.js';
import type { StatementPlan } from '../planner/statement-plan.js';
import type { CatalogEffect } from './command-log.js';

/** What a query's entry keeps of how it was deployed. */
export type KeptOptions = Pick<QueryEntry, 'start' | 'cacheBytes'>;

/**
 * What a plan changes in the catalog; null for plans that change nothing.
 * @param kept of the query that the plan starts, if it starts one
 */
export function effectsOf(plan: StatementPlan, kept: KeptOptions = {}): readonly CatalogEffect[] | null {
  switch (plan.kind) {
    case 'createSource':
      return [
        { kind: 'putSource', source: plan.entry },
        ...(plan.query === null ? [] : [putQuery(plan.query.entry, kept)]),
      ];
    case 'createAsSelect':
      return [{ kind: 'putSource', source: plan.entry }, putQuery(plan.query.entry, kept)];
    case 'insertInto':
      return [putQuery(plan.query.entry, kept)];
    case 'dropSource':
      return [
        ...plan.queries.map((id) => ({ kind: 'removeQuery', id }) as const),
        { kind: 'removeSource', name: plan.entry.name },
      ];
    case 'alterSource':
      return [{ kind: 'putSource', source: plan.entry }];
    case 'createType':
      return [{ kind: 'putType', name: plan.name, type: plan.type }];
    case 'dropType':
      return [{ kind: 'removeType', name: plan.name }];
    case 'insertValues':
    case 'pushQuery':
    case 'pullQuery':
    case 'unchanged':
      return null;
  }
}

function putQuery(entry: QueryEntry, kept: KeptOptions): CatalogEffect {
  return { kind: 'putQuery', query: { ...entry, ...kept } };
}
