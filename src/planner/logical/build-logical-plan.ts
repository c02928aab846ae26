import { StatementError } from '../../model/errors.js';
import { type Column, keyColumns } from '../../model/schema.js';
import { INTEGER, type SqlType } from '../../model/sql-type.js';
import type { Expression, Query } from '../../parser/ast.js';
import {
  AggregateCollector,
  aggregateLeadingColumns,
  aggregatesIn,
  isGrouped,
  tableFunctionsIn,
  windowPlan,
} from '../analysis/aggregation.js';
import { type BindContext, bindCall, bindExpression, bindPredicate } from '../analysis/bind-expression.js';
import { untypedNull } from '../analysis/bind-problem.js';
import { bindingIn } from '../analysis/binding.js';
import { expressionText } from '../analysis/expression-text.js';
import { relationOf } from '../analysis/joins.js';
import { checkResultColumns, keyPlacement } from '../analysis/key-projection.js';
import { qualify, type Relation, type RelationKey, relationKey, scopeOf, unqualify } from '../analysis/relation.js';
import { keyColumnsOf, sameAsKey, synthetics } from '../analysis/relation-keys.js';
import { visitExpression } from '../analysis/rewrite-ast.js';
import { NameGenerator, type ProjectionItem, projectionItems } from '../analysis/select-items.js';
import { allowed } from '../dialect.js';
import type { BoundExpression } from '../expression.js';
import type { OutputColumn } from '../physical/physical-plan.js';
import type { PlanningContext } from '../planning-context.js';
import { type AggregateNode, keyWindowOf, type LogicalPlan, type ProjectNode, resultKind } from './logical-plan.js';

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

/** @throws StatementError in ksqlDB's words for everything that the query may not do. */
export function buildLogicalPlan(query: Query, target: QueryTarget, context: PlanningContext): LogicalQuery {
  return new QueryBuilder(query, target, context).build();
}

class QueryBuilder {
  readonly #query: Query;
  readonly #target: QueryTarget;
  readonly #context: PlanningContext;
  #relation: Relation;

  constructor(query: Query, target: QueryTarget, context: PlanningContext) {
    this.#query = query;
    this.#target = target;
    this.#context = context;
    this.#relation = relationOf(query.from, context);
  }

  build(): LogicalQuery {
    const sources = this.#relation;
    this.#checkValueFormats();
    this.#where();
    const partitionedBy = this.#partitionBy();
    const windowed = this.#query.window !== null;
    const boundsVisible = windowed && (!this.#isJoined || allowed(this.#context, 'windowBoundsOfJoins'));
    const extraNames = new Set<string>(boundsVisible ? ['WINDOWSTART', 'WINDOWEND'] : []);
    const synthetic = this.#relation.keys[0];
    if (synthetic?.origin === 'syntheticJoin') {
      const [column] = synthetic.expressions;
      if (column?.kind === 'column') extraNames.add(column.name.name);
    }
    const items = projectionItems(this.#query.select, {
      relation: this.#relation,
      persistent: this.#target.kind === 'persistent',
      extraNames,
      partitionedBy,
      bindContext: this.#binding(this.#relation, 'SELECT'),
    });
    const isAggregate =
      this.#query.groupBy !== null ||
      items.some((item) => aggregatesIn(item.expression, this.#context).length > 0) ||
      (this.#query.having !== null && aggregatesIn(this.#query.having, this.#context).length > 0);
    if (this.#query.emit === 'FINAL' && !(isAggregate && windowed)) {
      throw new StatementError('EMIT FINAL is only supported for windowed aggregations.', { code: 'invalid-emit' });
    }
    if (windowed && !isAggregate) {
      throw new StatementError('WINDOW clause requires a GROUP BY clause.', {
        code: 'window-without-group-by',
        span: this.#query.window!.span,
      });
    }
    const projected = isAggregate ? this.#aggregate(items, extraNames) : this.#project(items);
    return { ...projected, relation: sources };
  }

  #binding(relation: Relation, clause: string): BindContext {
    return bindingIn(scopeOf(relation), clause, this.#context);
  }

  #checkValueFormats(): void {
    const reason = this.#query.from.kind === 'join' ? 'JOIN' : this.#query.groupBy !== null ? 'GROUP BY' : null;
    if (reason === null) return;
    const names = this.#relation.sources.filter((s) => s.entry.valueFormat.name === 'KAFKA').map((s) => s.entry.name);
    if (names.length === 0) return;
    throw new StatementError(
      `Source(s) ${names.join(', ')} are using the 'KAFKA' value format. This format does not yet support ${reason}.\n` +
        'See https://github.com/confluentinc/ksql/issues/4385.',
      { code: 'kafka-value-format' },
    );
  }

  #where(): void {
    const { where } = this.#query;
    if (where === null) return;
    const bound = this.#ownWindowBound(where);
    if (bound !== null) {
      throw new StatementError(`Error in WHERE expression: Unknown column ${bound}.`, {
        code: 'unknown-column',
        span: where.span,
        hint: 'The windows of an aggregation are known after it: filter where its result is read.',
      });
    }
    const aggregate = aggregatesIn(where, this.#context)[0];
    if (aggregate !== undefined) {
      throw new StatementError(`Aggregate functions can not be used in WHERE: ${expressionText(aggregate)}`, {
        code: 'aggregate-in-where',
        span: aggregate.span,
        hint: 'Use HAVING to filter on the result of an aggregate.',
      });
    }
    const predicate = bindPredicate(qualify(where, scopeOf(this.#relation), 'WHERE', synthetics(this.#relation)), {
      ...this.#binding(this.#relation, 'WHERE'),
      replace: keyColumnsOf(this.#relation),
    });
    this.#relation = {
      ...this.#relation,
      plan: {
        kind: 'filter',
        input: this.#relation.plan,
        predicate,
        purpose: 'where',
        schema: this.#relation.plan.schema,
      },
    };
  }

  /** A bound of the query's own windows that the expression mentions: there are none before the aggregation. */
  #ownWindowBound(expression: Expression): string | null {
    if (this.#query.window === null) return null;
    const scope = scopeOf(this.#relation);
    return ['WINDOWSTART', 'WINDOWEND'].find((name) => !scope.has(name) && mentions(expression, name)) ?? null;
  }

  #checkWindowBounds(expression: Expression): void {
    const bound = this.#ownWindowBound(expression);
    if (bound !== null) throw windowBoundsError(bound, expression);
  }

  get #isJoined(): boolean {
    return this.#relation.sources.length > 1;
  }

  /** Re-keys for PARTITION BY; returns the new key columns, null when the key stays as it is. */
  #partitionBy(): readonly { readonly expression: Expression; readonly name: string }[] | null {
    const { partitionBy } = this.#query;
    if (partitionBy === null) return null;
    const relation = this.#relation;
    if (resultKind(relation.plan) === 'TABLE') {
      throw new StatementError(
        'Cannot repartition a TABLE source. If this is a join, joins on tables can only be done on their primary key.',
        { code: 'partition-by-table' },
      );
    }
    const scope = scopeOf(relation);
    const expressions = partitionBy.map((e) => qualify(e, scope, 'PARTITION BY', synthetics(relation)));
    if (expressions.length > 1 && expressions.some((e) => e.kind === 'null')) {
      throw new StatementError('Cannot PARTITION BY multiple columns including NULL', { code: 'invalid-partition-by' });
    }
    const texts = expressions.map((e) => expressionText(e));
    const twice = texts.find((text, i) => texts.indexOf(text) !== i);
    if (twice !== undefined) {
      throw new StatementError(`Duplicate PARTITION BY expression: ${twice}`, { code: 'duplicate-expression' });
    }
    if (keyWindowOf(relation.plan) !== null) {
      throw new StatementError(
        'Implicit repartitioning of windowed sources is not supported. See https://github.com/confluentinc/ksql/issues/4385.',
        { code: 'windowed-rekey' },
      );
    }
    if (sameAsKey(texts, relation.keys)) {
      this.#relation = { ...relation, keys: expressions.map((e) => relationKey([e], 'partitionBy')) };
      return null;
    }
    const isNull = expressions[0]!.kind === 'null';
    const keys = isNull
      ? []
      : expressions.map((e) => {
          for (const call of aggregatesIn(e, this.#context)) throw aggregateIn('PARTITION BY', call);
          return bindExpression(e, {
            ...this.#binding(relation, 'PARTITION BY'),
            replace: keyColumnsOf(relation),
          });
        });
    this.#rekey('partitionBy', isNull ? [] : expressions, keys);
    const columns = keyColumns(this.#relation.plan.schema);
    return columns.map((column, i) => ({ expression: expressions[i]!, name: column.name }));
  }

  /** The relation under new key columns, everything else carried along as values. */
  #rekey(
    purpose: 'partitionBy' | 'groupBy',
    expressions: readonly Expression[],
    keys: readonly BoundExpression[],
  ): void {
    const { plan, sources } = this.#relation;
    const names = this.#keyNames(expressions);
    const columns: Column[] = [
      ...keys.map((key, i): Column => ({ name: names[i]!, type: key.type, role: 'key' })),
      ...plan.schema.columns.map((c): Column => ({ ...c, role: 'value' })),
    ];
    this.#relation = {
      plan: {
        kind: 'rekey',
        input: plan,
        purpose,
        keys,
        carried: plan.schema.columns.map((_, i) => i),
        schema: { columns },
      },
      sources: sources.map((s) => ({ ...s, firstIndex: s.firstIndex + keys.length })),
      keys: expressions.map((e) => relationKey([e], purpose)),
    };
  }

  /** Names of GROUP BY and PARTITION BY keys: the alias that the projection gives them, else the usual ones. */
  #keyNames(expressions: readonly Expression[]): string[] {
    const names = new NameGenerator(this.#relation);
    const scope = scopeOf(this.#relation);
    return expressions.map((expression) => {
      const text = expressionText(expression);
      for (const item of this.#query.select) {
        if (item.kind !== 'single' || item.alias === null) continue;
        const qualified = tryQualify(item.expression, scope);
        if (qualified !== null && expressionText(qualified) === text) return item.alias.name;
      }
      return names.nameOf(expression);
    });
  }

  // ------------------------------------------------------------ without aggregation

  #project(items: readonly ProjectionItem[]): Omit<LogicalQuery, 'relation'> {
    if (this.#query.having !== null) {
      throw new StatementError('HAVING clause requires a GROUP BY clause.', {
        code: 'having-without-group-by',
        span: this.#query.having.span,
      });
    }
    const relation = this.#relation;
    const functions = this.#tableFunctions(items);
    const input = functions.plan ?? relation.plan;
    const replace = (e: Expression): BoundExpression | null =>
      functions.columns.get(expressionText(e)) ?? keyColumnsOf(relation)(e);
    const context: BindContext = { ...this.#binding(relation, 'SELECT'), replace };
    return this.#finish(items, input, relation.keys, (item) => bindExpression(item.expression, context));
  }

  /** A flatMap under the projection when it calls table functions. */
  #tableFunctions(items: readonly ProjectionItem[]): {
    plan: LogicalPlan | null;
    columns: ReadonlyMap<string, BoundExpression>;
  } {
    const columns = new Map<string, BoundExpression>();
    const calls = items.flatMap((item) => tableFunctionsIn(item.expression, this.#context));
    if (calls.length === 0) return { plan: null, columns };
    const relation = this.#relation;
    if (resultKind(relation.plan) === 'TABLE') {
      throw new StatementError('Table source is not supported with table functions', { code: 'table-function' });
    }
    const width = relation.plan.schema.columns.length;
    const functions: { name: string; signature: string; arguments: BoundExpression[]; type: SqlType }[] = [];
    for (const call of calls) {
      const text = expressionText(call);
      if (columns.has(text)) continue;
      for (const argument of call.arguments) {
        if (argument.kind === 'lambda' || argument.kind === 'intervalUnit') continue;
        if (tableFunctionsIn(argument, this.#context).length > 0) {
          throw new StatementError(`Table functions cannot be nested: ${text}`, { code: 'table-function' });
        }
      }
      const { resolved, arguments: args } = bindCall(call, {
        ...this.#binding(relation, 'SELECT'),
        replace: keyColumnsOf(relation),
      });
      const index = width + functions.length;
      functions.push({
        name: resolved.definition.name,
        signature: resolved.signature,
        arguments: args.filter((a) => a.kind !== 'lambda' && a.kind !== 'intervalUnit'),
        type: resolved.returnType,
      });
      columns.set(text, {
        kind: 'column',
        type: resolved.returnType,
        index,
        name: `KSQL_SYNTH_${functions.length - 1}`,
      });
    }
    return {
      columns,
      plan: {
        kind: 'flatMap',
        input: relation.plan,
        functions,
        schema: {
          columns: [
            ...relation.plan.schema.columns,
            ...functions.map((f, i): Column => ({ name: `KSQL_SYNTH_${i}`, type: f.type, role: 'value' })),
          ],
        },
      },
    };
  }

  // ------------------------------------------------------------ with aggregation

  #aggregate(items: readonly ProjectionItem[], extraNames: ReadonlySet<string>): Omit<LogicalQuery, 'relation'> {
    const { having, window, emit } = this.#query;
    if (this.#query.partitionBy !== null) {
      throw new StatementError('PARTITION BY and GROUP BY cannot be used together.', { code: 'invalid-partition-by' });
    }
    for (const item of items) {
      if (tableFunctionsIn(item.expression, this.#context).length > 0) {
        throw new StatementError('Table functions cannot be used with aggregations.', { code: 'table-function' });
      }
    }
    const windowed = window !== null;
    const overTable = resultKind(this.#relation.plan) === 'TABLE';
    if (windowed && overTable) {
      throw new StatementError('WINDOW clause is not supported on a TABLE source.', {
        code: 'windowed-table-aggregate',
      });
    }
    const isJoined = this.#isJoined;
    this.#checkFunctions(items);
    this.#checkAggregates(items);
    const groups = this.#groupExpressions();
    const groupTexts = new Set(groups.map((g) => expressionText(g)));
    const ungrouped = items.filter((item) => !isGrouped(item.expression, groupTexts, windowed, this.#context));
    if (ungrouped.length > 0) {
      throw new StatementError(
        `Non-aggregate SELECT expression(s) not part of GROUP BY: ${ungrouped
          .map((item) => expressionText(unqualify(item.expression, isJoined)))
          .join(', ')}\nEither add the column(s) to the GROUP BY or remove them from the SELECT.`,
        { code: 'not-grouped', span: ungrouped[0]!.span },
      );
    }
    if (this.#query.groupBy === null && this.#target.kind === 'persistent') throw this.#missingGroupBy(items);
    const keyed = this.#groupRelation(groups);
    const keys = keyColumns(keyed.plan.schema);
    const leading = aggregateLeadingColumns(keys, windowed);
    const input: BindContext = {
      ...this.#binding(keyed, 'SELECT'),
    };
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
    let predicate: BoundExpression | null = null;
    if (having !== null) {
      this.#checkHavingBounds(having);
      const qualified = qualify(having, scopeOf(keyed), 'HAVING');
      if (!isGrouped(qualified, groupTexts, false, this.#context)) {
        throw new StatementError(
          `Non-aggregate HAVING expression not part of GROUP BY: ${expressionText(unqualify(qualified, isJoined))}`,
          { code: 'not-grouped', span: having.span },
        );
      }
      predicate = bindPredicate(qualified, { ...select, clause: 'HAVING' });
    }
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
    return this.#finish(items, filtered, relationKeys, (_, i) => bound[i]!);
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

  #missingGroupBy(items: readonly ProjectionItem[]): StatementError {
    const calls = items.flatMap((item) => aggregatesIn(item.expression, this.#context));
    const written = (call: Expression & { kind: 'call' }): Expression =>
      unqualify(call.star ? { ...call, star: false, arguments: [rowtime(call)] } : call, this.#isJoined);
    const texts = [...new Set(calls.map((call) => expressionText(written(call))))];
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
    const twice = texts.find((text, i) => texts.indexOf(text) !== i);
    if (twice !== undefined) {
      throw new StatementError(`Duplicate GROUP BY expression: ${twice}`, { code: 'duplicate-expression' });
    }
    return expressions;
  }

  /** The input of the aggregate under its grouping key. */
  #groupRelation(groups: readonly Expression[]): Relation {
    const relation = this.#relation;
    const texts = groups.map((g) => expressionText(g));
    if (groups.length > 0 && resultKind(relation.plan) === 'STREAM' && sameAsKey(texts, relation.keys)) return relation;
    if (keyWindowOf(relation.plan) !== null) {
      throw new StatementError(
        'Implicit repartitioning of windowed sources is not supported. See https://github.com/confluentinc/ksql/issues/4385.',
        { code: 'windowed-rekey' },
      );
    }
    if (groups.length === 0) {
      this.#rekey('groupBy', [GLOBAL_KEY], [{ kind: 'literal', type: INTEGER, value: '1' }]);
    } else {
      const keys = groups.map((g) =>
        bindExpression(g, { ...this.#binding(relation, 'GROUP BY'), replace: keyColumnsOf(relation) }),
      );
      this.#rekey('groupBy', groups, keys);
    }
    return this.#relation;
  }

  #checkAggregateArguments(call: Expression & { kind: 'call' }): void {
    for (const argument of call.arguments) {
      if (argument.kind === 'lambda' || argument.kind === 'intervalUnit') continue;
      this.#checkWindowBounds(argument);
    }
  }

  #checkHavingBounds(having: Expression): void {
    this.#checkWindowBounds(having);
  }

  // ------------------------------------------------------------ projection

  /** The final projection: key columns placed for persistent queries, listed columns for transient ones. */
  #finish(
    items: readonly ProjectionItem[],
    input: LogicalPlan,
    keys: readonly RelationKey[],
    bind: (item: ProjectionItem, index: number) => BoundExpression,
  ): Omit<LogicalQuery, 'relation'> {
    const inputKeys = keyColumns(input.schema);
    const keyExpression = (i: number): BoundExpression => ({
      kind: 'column',
      type: inputKeys[i]!.type,
      index: i,
      name: inputKeys[i]!.name,
    });
    const expressions: BoundExpression[] = [];
    const columns: Column[] = [];
    if (this.#target.kind === 'persistent') {
      const bound = items.map(bind);
      const placed = keyPlacement(items, keys, this.#target.sink);
      placed.forEach((itemIndex, keyIndex) => {
        expressions.push(keyExpression(keyIndex));
        columns.push({ name: items[itemIndex]!.name, type: inputKeys[keyIndex]!.type, role: 'key' });
      });
      items.forEach((item, i) => {
        if (placed.includes(i)) return;
        const { type } = bound[i]!;
        if (type.kind === 'NULL') throw untypedNull(item.span);
        expressions.push(bound[i]!);
        columns.push({ name: item.name, type, role: 'value' });
      });
      checkResultColumns(columns);
      return { plan: project(input, expressions, columns), output: null };
    }

    inputKeys.forEach((key, i) => {
      expressions.push(keyExpression(i));
      columns.push(key);
    });
    const output: OutputColumn[] = items.map((item, i) => {
      const bound = bind(item, i);
      const type = bound.type.kind === 'NULL' ? INTEGER : bound.type;
      if (bound.kind === 'column' && bound.index < inputKeys.length) {
        return { name: item.name, type, from: { column: bound.index } };
      }
      expressions.push(bound.type.kind === 'NULL' ? { kind: 'literal', type, value: null } : bound);
      columns.push({ name: item.name, type, role: 'value' });
      return { name: item.name, type, from: { column: columns.length - 1 } };
    });
    return { plan: project(input, expressions, columns), output };
  }
}

const GLOBAL_KEY: Expression = {
  kind: 'integer',
  value: 1n,
  span: { start: 0, end: 0, line: 0, column: 0 },
};

function project(input: LogicalPlan, expressions: BoundExpression[], columns: Column[]): ProjectNode {
  return { kind: 'project', input, expressions, schema: { columns } };
}

function tryQualify(expression: Expression, scope: ReturnType<typeof scopeOf>): Expression | null {
  try {
    return qualify(expression, scope, 'SELECT');
  } catch (error) {
    if (error instanceof StatementError) return null;
    throw error;
  }
}

function mentions(expression: Expression, column: string): boolean {
  return expressionText(expression, (c) => `\u0001${c.name.name}\u0001`).includes(`\u0001${column}\u0001`);
}

function rowtime(call: Expression & { kind: 'call' }): Expression {
  return { kind: 'column', source: null, name: { ...call.name, name: 'ROWTIME' }, span: call.span };
}

function aggregateIn(clause: string, call: Expression & { kind: 'call' }): StatementError {
  const name = call.name.name.toUpperCase();
  return new StatementError(`${clause} does not support aggregate functions: ${name} is an aggregate function.`, {
    code: 'aggregate-in-key',
    span: call.span,
  });
}

function windowBoundsError(name: string, expression: Expression): StatementError {
  return new StatementError(
    `Window bounds column ${name} can only be used in the SELECT clause of windowed aggregations and can not be passed to aggregate functions.\n` +
      'See https://github.com/confluentinc/ksql/issues/4397',
    { code: 'window-bounds', span: expression.span },
  );
}
