import { allowed } from '../dialect.js';
import type { PlanningContext } from '../planning-context.js';
import type { BindContext } from './bind-context.js';
import type { Scope } from './scope.js';

/** What expressions of a statement may look at: the names of `scope`, all functions, the custom types, the dialect's forms. */
export function bindingIn(scope: Scope, clause: string, context: PlanningContext): BindContext {
  return {
    scope,
    clause,
    functions: context.functions,
    types: (name) => context.catalog.type(name),
    simpleCase: allowed(context, 'simpleCase'),
  };
}
