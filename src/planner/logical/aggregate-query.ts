import { StatementError } from '../../model/errors.js';
import { type Column, keyColumns } from '../../model/schema.js';
import { NO_SPAN } from '../../model/source-span.js';
import { INTEGER } from '../../model/sql-type.js';
import type { Expression, Query } from '../../parser/ast.js';
import {
  AggregateCollector,
  aggregateLeadingColumns,
  aggregatesIn,
  isGrouped,
  tableFunctionsIn,
  windowPlan,
} from '../analysis/aggregation.js';
import { type BindContext, bindExpression, bindPredicate } from '../analysis/bind-expression.js';
import { expressionText } from '../analysis/expression-text.js';
import { qualify, type Relation, type RelationKey, relationKey, scopeOf, unqualify } from '../analysis/relation.js';
import { keyColumnsOf, sameAsKey, synthetics } from '../analysis/relation-keys.js';
import { visitExpression } from '../analysis/rewrite-ast.js';
import type { ProjectionItem } from '../analysis/select-items.js';
import type { BoundExpression } from '../expression.js';
import type { PlanningContext } from '../planning-context.js';
import { type AggregateNode, type LogicalPlan, resultKind } from './logical-plan.js';
import { bindingOver, type ProjectedQuery, type QueryInHand, type QueryTarget } from './logical-query.js';
import { projection } from './projection.js';
import { aggregateIn, checkDistinct, checkNoWindow, rekey } from './rekey.js';
import { checkWindowBounds } from './window-bounds.js';

/** GROUP BY, WINDOW, HAVING and aggregate functions over a relation, and the projection of what they give. */
export class AggregateQuery {
  readonly #query: Query;
  readonly #target: QueryTarget;
  readonly #context: PlanningContext;
  readonly #relation: Relation;

  constructor({ query, target, context }: QueryInHand, relation: Relation) {
    this.#query = query;
    this.#target = target;
    this.#context = context;
    this.#relation = relation;
  }

  build(items: readonly ProjectionItem[], extraNames: ReadonlySet<string>): ProjectedQuery {
    const { groupBy, window, emit } = this.#query;
    const windowed = window !== null;
    const overTable = resultKind(this.#relation.plan) === 'TABLE';
    this.#checkClauses(items, overTable);
    this.#checkFunctions(items);
    this.#checkAggregates(items);
    const groups = this.#groupExpressions();
    const groupTexts = new Set(groups.map((g) => expressionText(g)));
    this.#checkGrouped(items, groupTexts);
    if (groupBy === null && this.#target.kind === 'persistent') throw this.#missingGroupBy(items);
    const keyed = this.#groupRelation(groups);
    const keys = keyColumns(keyed.plan.schema);
    const leading = aggregateLeadingColumns(keys, windowed);
    const input = bindingOver(keyed, 'SELECT', this.#context);
    const collector = new AggregateCollector(input, this.#context, overTable, leading.length);
    const replace = (e: Expression): BoundExpression | null => {
      const text = expressionText(e);
      const key = groups.findIndex((g) => expressionText(g) === text);
      if (key >= 0) return { kind: 'column', type: keys[key]!.type, index: key, name: keys[key]!.name };
      if (e.kind === 'call' && this.#context.functions.find(e.name.name)?.kind === 'aggregate') {
        this.#checkAggregateArguments(e);
        return collector.bind(e);
      }
      if (windowed && e.kind === 'column' && e.source === null && extraNames.has(e.name.name)) {
        const index = leading.findIndex((c) => c.name === e.name.name);
        return { kind: 'column', type: leading[index]!.type, index, name: e.name.name };
      }
      return null;
    };
    const select: BindContext = { ...input, replace };
    const bound = items.map((item) => bindExpression(item.expression, select));
    const predicate = this.#having(keyed, groupTexts, select);
    collector.checkTableSource();
    const aggregate: AggregateNode = {
      kind: 'aggregate',
      input: keyed.plan,
      calls: collector.calls,
      window: window === null ? null : windowPlan(window, emit ?? 'CHANGES'),
      emit: emit ?? 'CHANGES',
      schema: {
        columns: [
          ...leading,
          ...collector.calls.map(
            (call, i): Column => ({ name: `KSQL_AGG_VARIABLE_${i}`, type: call.resultType, role: 'value' }),
          ),
        ],
      },
    };
    const filtered: LogicalPlan =
      predicate === null
        ? aggregate
        : { kind: 'filter', input: aggregate, predicate, purpose: 'having', schema: aggregate.schema };
    const relationKeys: RelationKey[] = groups.map((g) => relationKey([g], 'groupBy'));
    return projection(items, filtered, relationKeys, this.#target, (_, i) => bound[i]!);
  }

  #checkClauses(items: readonly ProjectionItem[], overTable: boolean): void {
    if (this.#query.partitionBy !== null) {
      throw new StatementError('PARTITION BY and GROUP BY cannot be used together.', { code: 'invalid-partition-by' });
    }
    for (const item of items) {
      if (tableFunctionsIn(item.expression, this.#context).length > 0) {
        throw new StatementError('Table functions cannot be used with aggregations.', { code: 'table-function' });
      }
    }
    if (this.#query.window !== null && overTable) {
      throw new StatementError('WINDOW clause is not supported on a TABLE source.', {
        code: 'windowed-table-aggregate',
      });
    }
  }

  /** @throws StatementError for the first function that does not exist: before anything is said about groups */
  #checkFunctions(items: readonly ProjectionItem[]): void {
    for (const item of items) {
      visitExpression(item.expression, (e) => {
        if (e.kind === 'call' && this.#context.functions.find(e.name.name) === null) {
          this.#context.functions.resolve(e.name.name, []);
        }
        return undefined;
      });
    }
  }

  #checkAggregates(items: readonly ProjectionItem[]): void {
    const { having } = this.#query;
    const expressions = [...items.map((item) => item.expression), ...(having === null ? [] : [having])];
    if (expressions.some((e) => aggregatesIn(e, this.#context).length > 0)) return;
    throw new StatementError('GROUP BY requires aggregate functions in either the SELECT or HAVING clause.', {
      code: 'group-by-without-aggregate',
    });
  }

  #checkGrouped(items: readonly ProjectionItem[], groupTexts: ReadonlySet<string>): void {
    const windowed = this.#query.window !== null;
    const ungrouped = items.filter((item) => !isGrouped(item.expression, groupTexts, windowed, this.#context));
    if (ungrouped.length === 0) return;
    const texts = ungrouped.map((item) => this.#text(item.expression));
    throw new StatementError(
      `Non-aggregate SELECT expression(s) not part of GROUP BY: ${texts.join(', ')}\nEither add the column(s) to the GROUP BY or remove them from the SELECT.`,
      { code: 'not-grouped', span: ungrouped[0]!.span },
    );
  }

  #missingGroupBy(items: readonly ProjectionItem[]): StatementError {
    const calls = items.flatMap((item) => aggregatesIn(item.expression, this.#context));
    const written = (call: Expression & { kind: 'call' }): Expression =>
      call.star ? { ...call, star: false, arguments: [rowtime(call)] } : call;
    const texts = [...new Set(calls.map((call) => this.#text(written(call))))];
    return new StatementError(
      `CREATE TABLE AS SELECT statement does not support aggregate function [${texts.join(', ')}] without a GROUP BY clause.`,
      { code: 'aggregate-without-group-by' },
    );
  }

  /** Qualified GROUP BY expressions; none where an aggregation without the clause has one group. */
  #groupExpressions(): Expression[] {
    const { groupBy } = this.#query;
    if (groupBy === null) return [];
    if (groupBy.length === 0) {
      throw new StatementError('GROUP BY requires at least one expression', { code: 'empty-group-by' });
    }
    const scope = scopeOf(this.#relation);
    const expressions = groupBy.map((e) => {
      this.#checkWindowBounds(e);
      for (const call of aggregatesIn(e, this.#context)) throw aggregateIn('GROUP BY', call);
      return qualify(e, scope, 'GROUP BY', synthetics(this.#relation));
    });
    const texts = expressions.map((e) => expressionText(e));
    checkDistinct('GROUP BY', texts);
    return expressions;
  }

  /** The input of the aggregate under its grouping key. */
  #groupRelation(groups: readonly Expression[]): Relation {
    const relation = this.#relation;
    const texts = groups.map((g) => expressionText(g));
    if (groups.length > 0 && resultKind(relation.plan) === 'STREAM' && sameAsKey(texts, relation.keys)) return relation;
    checkNoWindow(relation);
    const { select } = this.#query;
    if (groups.length === 0) {
      return rekey(relation, 'groupBy', [GLOBAL_KEY], [{ kind: 'literal', type: INTEGER, value: '1' }], select);
    }
    const binding = { ...bindingOver(relation, 'GROUP BY', this.#context), replace: keyColumnsOf(relation) };
    const keys = groups.map((g) => bindExpression(g, binding));
    return rekey(relation, 'groupBy', groups, keys, select);
  }

  #having(keyed: Relation, groupTexts: ReadonlySet<string>, select: BindContext): BoundExpression | null {
    const { having } = this.#query;
    if (having === null) return null;
    this.#checkWindowBounds(having);
    const qualified = qualify(having, scopeOf(keyed), 'HAVING');
    if (!isGrouped(qualified, groupTexts, false, this.#context)) {
      throw new StatementError(`Non-aggregate HAVING expression not part of GROUP BY: ${this.#text(qualified)}`, {
        code: 'not-grouped',
        span: having.span,
      });
    }
    return bindPredicate(qualified, { ...select, clause: 'HAVING' });
  }

  #checkAggregateArguments(call: Expression & { kind: 'call' }): void {
    for (const argument of call.arguments) {
      if (argument.kind === 'lambda' || argument.kind === 'intervalUnit') continue;
      this.#checkWindowBounds(argument);
    }
  }

  /** The expression as messages print it: with the names of sources where there are several. */
  #text(expression: Expression): string {
    return expressionText(unqualify(expression, this.#relation.sources.length > 1));
  }

  #checkWindowBounds(expression: Expression): void {
    checkWindowBounds(expression, this.#query, this.#relation);
  }
}

/** The key of an aggregation without GROUP BY: all rows are one group. */
const GLOBAL_KEY: Expression = { kind: 'integer', value: 1n, span: NO_SPAN };

function rowtime(call: Expression & { kind: 'call' }): Expression {
  return { kind: 'column', source: null, name: { ...call.name, name: 'ROWTIME' }, span: call.span };
}
