import type { Query } from '../../parser/ast.js';
import type { BindContext } from '../analysis/bind-expression.js';
import { bindingIn } from '../analysis/binding.js';
import { type Relation, scopeOf } from '../analysis/relation.js';
import type { OutputColumn } from '../physical/physical-plan.js';
import type { PlanningContext } from '../planning-context.js';
import type { LogicalPlan } from './logical-plan.js';

/** What the query is for: a persistent one has key rules and a sink; a transient one returns its columns as listed. */
export type QueryTarget = { readonly kind: 'persistent'; readonly sink: string } | { readonly kind: 'transient' };

/** A query with all names and types known. */
export interface LogicalQuery {
  readonly plan: LogicalPlan;
  /** The sources read, left to right. */
  readonly relation: Relation;
  /** For transient queries: the listed columns. */
  readonly output: readonly OutputColumn[] | null;
}

/** A query whose projection is planned. */
export type ProjectedQuery = Omit<LogicalQuery, 'relation'>;

/** The query that is being planned: what the parts of planning share. */
export interface QueryInHand {
  readonly query: Query;
  readonly target: QueryTarget;
  readonly context: PlanningContext;
}

/** How the clauses of a query bind over a relation. */
export function bindingOver(relation: Relation, clause: string, context: PlanningContext): BindContext {
  return bindingIn(scopeOf(relation), clause, context);
}
