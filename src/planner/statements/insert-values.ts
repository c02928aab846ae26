import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import type { Expression, Identifier, InsertValues } from '../../parser/ast.js';
import { bindExpression } from '../analysis/bind-expression.js';
import { bindingIn } from '../analysis/binding.js';
import { expressionText } from '../analysis/expression-text.js';
import { visitExpression } from '../analysis/rewrite-ast.js';
import { Scope } from '../analysis/scope.js';
import { requireExtension } from '../dialect.js';
import type { BoundExpression } from '../expression.js';
import { flag, type PlanningContext } from '../planning-context.js';
import type { InsertRow, StatementPlan } from '../statement-plan.js';
import { caseHint, sourceHint } from './existing-source.js';

export function planInsertValues(statement: InsertValues, context: PlanningContext): StatementPlan {
  if (!flag(context, 'ksql.insert.into.values.enabled', true)) {
    throw new StatementError(
      "The server has disabled INSERT INTO ... VALUES functionality. To enable it, restart your ksqlDB server with 'ksql.insert.into.values.enabled'=true",
      { code: 'disabled', problem: 'engine' },
    );
  }
  if (statement.rows.length > 1) requireExtension(context, 'multiRowInsert', '', statement.span);
  const target = insertTarget(statement.target, context);
  try {
    return {
      kind: 'insertValues',
      target,
      rows: statement.rows.map((row) => insertRow(statement, row, target, context)),
    };
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    throw new StatementError(`Failed to insert values into '${target.name}'. ${error.message}`, {
      code: error.code,
      span: error.span,
      hint: error.hint,
      cause: error,
    });
  }
}

/** The stream or table that rows may be inserted into. @throws StatementError in ksqlDB's words */
export function insertTarget(name: Identifier, context: PlanningContext): SourceEntry {
  const target = context.catalog.source(name.name);
  const refuse = (message: string, code: string): StatementError =>
    new StatementError(message, { code, span: name.span });
  if (target === null) {
    const otherCase = caseHint(name.name, context);
    throw new StatementError(`Cannot insert values into an unknown stream/table: \`${name.name}\`${otherCase}`, {
      code: 'unknown-source',
      span: name.span,
      hint: otherCase === '' ? sourceHint(name.name, context) : undefined,
    });
  }
  const kind = target.kind.toLowerCase();
  if (target.isReadOnly)
    throw refuse(`Cannot insert values into read-only ${kind}: ${target.name}`, 'read-only-source');
  if (target.keyWindow !== null) {
    throw refuse('Cannot insert values into windowed stream/table!', 'windowed-target');
  }
  if (target.topic.startsWith('_confluent')) {
    throw refuse(`Cannot insert values into read-only topic: ${target.topic}`, 'read-only-topic');
  }
  return target;
}

function insertRow(
  statement: InsertValues,
  row: readonly Expression[],
  target: SourceEntry,
  context: PlanningContext,
): InsertRow {
  const { columns } = target.schema;
  const named = statement.columns.map((c) => c.name);
  const headers = columns.filter((c) => c.role === 'headers').map((c) => c.name);
  const listed = named.length > 0 ? named : columns.filter((c) => c.role !== 'headers').map((c) => c.name);
  for (const name of named) {
    if (name === 'ROWPARTITION' || name === 'ROWOFFSET') {
      throw new StatementError(`Inserting into column \`${name}\` is not allowed.`, { code: 'pseudo-column' });
    }
  }
  const misplaced = named.filter((name) => headers.includes(name));
  if (misplaced.length > 0) {
    throw new StatementError(`Cannot insert into HEADER columns: ${misplaced.join(', ')}`, { code: 'header-columns' });
  }
  if (named.length > 0 && named.length !== row.length) {
    throw new StatementError(`Expected number columns and values to match: ${named.length}, ${row.length}`, {
      code: 'column-count',
    });
  }
  if (named.length === 0 && listed.length !== row.length) {
    throw new StatementError(
      `Expected a value for each column. Expected Columns: [${listed.join(', ')}]. Got [${row.map((e) => expressionText(e)).join(', ')}]`,
      { code: 'column-count' },
    );
  }
  const values: (BoundExpression | null)[] = columns.map(() => null);
  let rowtime: BoundExpression | null = null;
  listed.forEach((name, i) => {
    const bound = bindValue(row[i]!, context);
    if (name === 'ROWTIME') {
      rowtime = bound;
      return;
    }
    const index = columns.findIndex((c) => c.name === name);
    if (index < 0) {
      throw new StatementError(`Column name \`${name}\` does not exist.`, {
        code: 'unknown-column',
        hint: `Columns: ${columns.map((c) => c.name).join(', ')}`,
      });
    }
    values[index] = bound;
  });
  if (target.kind === 'TABLE') {
    const missing = columns.filter((c, i) => c.role === 'key' && (values[i] === null || isNull(values[i]!)));
    if (missing.length > 0) {
      throw new StatementError(
        `Value for primary key column(s) ${missing.map((c) => c.name).join(', ')} is required for tables`,
        { code: 'missing-key' },
      );
    }
  }
  return { values, rowtime };
}

function isNull(e: BoundExpression): boolean {
  return e.kind === 'literal' && e.value === null;
}

function bindValue(expression: Expression, context: PlanningContext): BoundExpression {
  visitExpression(expression, (e, bound) => {
    if (e.kind === 'column' && e.source !== null) {
      throw new StatementError(
        `Failed to prepare statement: '${e.source.name}' is not a valid stream/table name or alias.`,
        { code: 'column-in-values', span: e.span },
      );
    }
    if (e.kind === 'column' && !bound.has(e.name.name)) {
      throw new StatementError(`Unsupported column reference in insert value: ${expressionText(e)}`, {
        code: 'column-in-values',
        span: e.span,
      });
    }
  });
  return bindExpression(expression, bindingIn(new Scope([]), 'INSERT VALUES', context));
}
