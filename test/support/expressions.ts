import { compileExpression, compilePredicate, type ExpressionContext } from '../../src/executor/expressions/compile.js';
import { createFunctionRegistry } from '../../src/functions/registry.js';
import { literalValue } from '../../src/model/literal-text.js';
import type { Schema } from '../../src/model/schema.js';
import type { SqlType } from '../../src/model/sql-type.js';
import type { SqlValue } from '../../src/model/value.js';
import type { Expression, TypeName } from '../../src/parser/ast.js';
import { parse } from '../../src/parser/parse.js';
import { type BindContext, bindExpression, bindPredicate } from '../../src/planner/analysis/bind-expression.js';
import { literalToValue } from '../../src/planner/analysis/literals.js';
import { Scope } from '../../src/planner/analysis/scope.js';
import { resolveType } from '../../src/planner/analysis/types.js';
import type { BoundExpression } from '../../src/planner/expression.js';

const registry = createFunctionRegistry();

/** The expression that `sql` is in a SELECT list. */
export function expression(sql: string): Expression {
  const { statements, diagnostics } = parse(`SELECT ${sql} FROM X;`);
  const statement = statements[0]?.statement;
  const item = statement?.kind === 'select' ? statement.query.select[0] : undefined;
  if (item?.kind !== 'single') throw new Error(`no expression: ${sql}: ${diagnostics[0]?.message}`);
  return item.expression;
}

/** A type as written in a CAST. */
export function typeName(sql: string): TypeName {
  const cast = expression(`CAST(1 AS ${sql})`);
  if (cast.kind !== 'cast') throw new Error(`no type: ${sql}`);
  return cast.type;
}

export function type(sql: string): SqlType {
  return resolveType(typeName(sql), () => null);
}

/** A schema of value columns: `schema('A INT, B ARRAY<INT>')`. */
export function schema(columns: string): Schema {
  const { statements, diagnostics } = parse(
    `CREATE STREAM X (${columns}) WITH (KAFKA_TOPIC='x', VALUE_FORMAT='JSON');`,
  );
  const statement = statements[0]?.statement;
  if (statement?.kind !== 'createSource') throw new Error(`no columns: ${columns}: ${diagnostics[0]?.message}`);
  return {
    columns: statement.columns.map((c) => ({
      name: c.name.name,
      type: resolveType(c.type, () => null),
      role: 'value',
    })),
  };
}

/** A context over one source X with these columns. */
export function contextOf(columns: string, changes: Partial<BindContext> = {}): BindContext {
  return {
    scope: new Scope(columns === '' ? [] : [{ alias: 'X', name: 'X', schema: schema(columns), firstIndex: 0 }]),
    functions: registry,
    types: () => null,
    clause: 'SELECT',
    ...changes,
  };
}

export function bind(sql: string, columns = '', changes: Partial<BindContext> = {}): BoundExpression {
  const context = contextOf(columns, changes);
  const isFilter = context.clause === 'WHERE' || context.clause === 'HAVING';
  return isFilter ? bindPredicate(expression(sql), context) : bindExpression(expression(sql), context);
}

/** What went wrong while an expression ran. */
export interface Report {
  readonly message: string;
  readonly cause: string;
}

/** A context that collects error reports. */
export function runContext(
  options: { nestedErrorsAsNull?: boolean } = {},
): ExpressionContext & { readonly reports: Report[] } {
  const reports: Report[] = [];
  return {
    ...options,
    functions: registry,
    evaluation: { now: () => 0, random: () => 0.5 },
    reports,
    onError: (message, cause) => reports.push({ message, cause: (cause as Error).message }),
  };
}

/** A value written in SQL, as a value of `to`. */
export function value(sql: string, to: SqlType): SqlValue {
  const bound = bind(`CAST(${sql} AS ${typeSql(to)})`);
  if (bound.kind === 'literal') return literalValue(bound.type, bound.value);
  return compileExpression(bound, runContext())([]);
}

function typeSql(t: SqlType): string {
  switch (t.kind) {
    case 'DECIMAL':
      return `DECIMAL(${t.precision}, ${t.scale})`;
    case 'ARRAY':
      return `ARRAY<${typeSql(t.element)}>`;
    case 'MAP':
      return `MAP<${typeSql(t.key)}, ${typeSql(t.value)}>`;
    case 'STRUCT':
      return `STRUCT<${t.fields.map((f) => `\`${f.name}\` ${typeSql(f.type)}`).join(', ')}>`;
    default:
      return t.kind;
  }
}

/** The value of an expression over one row. */
export function evaluate(
  sql: string,
  columns = '',
  row: SqlValue[] = [],
  context: ExpressionContext = runContext(),
): SqlValue {
  return compileExpression(bind(sql, columns), context)(row);
}

/** Whether a row passes a filter. */
export function passes(
  sql: string,
  columns: string,
  row: SqlValue[],
  context: ExpressionContext = runContext(),
): boolean {
  return compilePredicate(bind(sql, columns, { clause: 'WHERE' }), context)(row);
}

/** The value of a literal. */
export function literal(sql: string): SqlValue {
  return literalToValue(expression(sql) as Parameters<typeof literalToValue>[0]).value;
}
