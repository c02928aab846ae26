import type { StatementPlan } from '../planner/statement-plan.js';
import type { CatalogEffect } from './command-log.js';

/** What a plan changes in the catalog; null for plans that change nothing. */
export function effectsOf(plan: StatementPlan): readonly CatalogEffect[] | null {
  switch (plan.kind) {
    case 'createSource':
      return [
        { kind: 'putSource', source: plan.entry },
        ...(plan.query === null ? [] : [{ kind: 'putQuery', query: plan.query.entry } as const]),
      ];
    case 'createAsSelect':
      return [
        { kind: 'putSource', source: plan.entry },
        { kind: 'putQuery', query: plan.query.entry },
      ];
    case 'insertInto':
      return [{ kind: 'putQuery', query: plan.query.entry }];
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
