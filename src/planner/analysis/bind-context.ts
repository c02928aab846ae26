import type { FunctionDefinition } from '../../functions/define.js';
import type { FunctionRegistry, ResolvedFunction } from '../../functions/registry.js';
import type { SourceSpan } from '../../model/source-span.js';
import type { SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import type { CallArgument, ComparisonOperator, Expression, Identifier } from '../../parser/ast.js';
import type { BoundArgument, BoundExpression } from '../expression.js';
import type { Scope } from './scope.js';
import type { CustomTypes } from './types.js';

export type CallExpression = Expression & { readonly kind: 'call' };

/** What binding an expression may look at, and who is asked about the nodes that only a query knows how to treat. */
export interface BindContext {
  readonly scope: Scope;
  readonly functions: FunctionRegistry;
  readonly types: CustomTypes;
  /** Where the expression stands, as messages call it: SELECT, WHERE, GROUP BY, PARTITION BY, HAVING, JOIN ON. */
  readonly clause: string;
  /** Asked first for every node; its answer stands and nothing below is bound. */
  readonly replace?: (e: Expression) => BoundExpression | null;
  /** Binds calls of aggregate functions; without it they are refused. */
  readonly onAggregate?: CallHook;
  /** Binds calls of table functions; without it they are refused. */
  readonly onTableFunction?: CallHook;
  /** What `F()` and `F(*)` of an aggregate take as their argument; default is the column ROWTIME of the scope. */
  readonly rowtime?: () => BoundExpression;
  /** Whether `CASE x WHEN v ...` is accepted; default true. */
  readonly simpleCase?: boolean;
}

/**
 * @param bindArguments binds the arguments and chooses the overload, in the context of the call with `changes`
 */
export type CallHook = (
  call: CallExpression,
  definition: FunctionDefinition,
  bindArguments: (changes?: Partial<BindContext>) => BoundCall,
) => BoundExpression;

/** A call whose overload is chosen and whose arguments have the types it wants. */
export interface BoundCall {
  readonly definition: FunctionDefinition;
  readonly resolved: ResolvedFunction;
  readonly arguments: readonly BoundArgument[];
  /** The value of each argument that is a literal; undefined for others. */
  readonly literals: readonly (SqlValue | undefined)[];
}

/** What the parts of the analyser ask of each other while they bind one expression. Problems are thrown as `Problem`. */
export interface Binder {
  readonly context: BindContext;
  /** The types of the parameters of the lambdas around, by name. */
  readonly parameters: ReadonlyMap<string, SqlType>;
  bind(e: Expression): BoundExpression;
  comparison(operator: ComparisonOperator, left: Expression, right: Expression, span: SourceSpan): BoundExpression;
  column(source: Identifier | null, name: Identifier): BoundExpression;
  /** The expression as messages print it. */
  text(e: CallArgument): string;
  with(changes: { context?: Partial<BindContext>; parameters?: ReadonlyMap<string, SqlType> }): Binder;
}
