import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import { formatSchema, type Schema } from '../../model/schema.js';
import { type SqlType, sameType } from '../../model/sql-type.js';
import type { InsertInto } from '../../parser/ast.js';
import { WithProperties } from '../analysis/with-properties.js';
import type { BoundExpression } from '../expression.js';
import { buildLogicalPlan } from '../logical/build-logical-plan.js';
import { type LogicalPlan, resultKind } from '../logical/logical-plan.js';
import { pruneColumns } from '../logical/rewrites/prune-columns.js';
import { buildPhysicalPlan, timestampColumn } from '../physical/build-physical-plan.js';
import { defaultKeyFormat, type PlanningContext, serviceId } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';
import { capturedSettings } from './captured-settings.js';
import { checkWindowedTables } from './create-as-select.js';
import { sourceHint } from './existing-source.js';

const RESERVED_PREFIXES = ['INSERTQUERY_', 'CTAS_', 'CSAS_', 'CST_'];

export function planInsertInto(statement: InsertInto, text: string, context: PlanningContext): StatementPlan {
  const target = targetOf(statement, context);
  const properties = WithProperties.read(statement.properties, 'insertInto');
  const id = queryId(properties.text('QUERY_ID'), context);
  if (statement.query.limit !== null) {
    throw new StatementError("INSERT INTO statements don't support LIMIT clause.", { code: 'limit-in-create' });
  }
  const logical = buildLogicalPlan(statement.query, { kind: 'persistent', sink: target.name }, context);
  if (resultKind(logical.plan) === 'TABLE') {
    throw new StatementError(
      `Incompatible data sink and query result. Data sink (${target.name}) type is KSTREAM but select query result is KTABLE.`,
      { code: 'wrong-result-kind' },
    );
  }
  checkWindowedTables(logical.relation.sources.map((s) => s.entry));
  const plan = pruneColumns(fitted(logical.plan, target.schema));
  const physical = buildPhysicalPlan(plan, {
    queryId: id,
    serviceId: serviceId(context),
    defaultKeyFormat: defaultKeyFormat(context),
    sink: {
      source: target.name,
      topic: target.topic,
      keyFormat: target.keyFormat,
      valueFormat: target.valueFormat,
      keyWindow: target.keyWindow,
      timestamp: timestampColumn(target.timestamp, target.schema),
    },
    output: null,
    limit: null,
    settings: capturedSettings(context),
    materialize: false,
  });
  return {
    kind: 'insertInto',
    query: {
      plan: physical,
      replaces: null,
      entry: {
        id,
        origin: 'INSERT_INTO',
        statementText: text,
        sink: target.name,
        sinkTopic: target.topic,
        sources: logical.relation.sources.map((s) => s.entry.name),
        plan: JSON.stringify(physical),
        paused: false,
      },
    },
  };
}

function targetOf(statement: InsertInto, context: PlanningContext): SourceEntry {
  const name = statement.target.name;
  const target = context.catalog.source(name);
  const refuse = (message: string, code: string): StatementError =>
    new StatementError(message, { code, span: statement.target.span });
  if (target === null) {
    throw new StatementError(`Source \`${name}\` does not exist.`, {
      code: 'unknown-source',
      span: statement.target.span,
      hint: sourceHint(name, context),
    });
  }
  if (target.kind === 'TABLE') {
    throw refuse(`INSERT INTO can only be used to insert into a stream. ${name} is a table.`, 'insert-into-table');
  }
  if (target.isReadOnly) throw refuse(`Cannot insert into read-only stream: ${name}`, 'read-only-source');
  if (target.schema.columns.some((c) => c.role === 'headers')) {
    throw refuse(`Cannot insert into ${name} because it has header columns`, 'header-columns');
  }
  return target;
}

function queryId(said: string | null, context: PlanningContext): string {
  if (said === null) return `INSERTQUERY_${context.nextQueryNumber}`;
  const id = said.toUpperCase();
  if (!/^[A-Z0-9_]+$/.test(id)) {
    throw new StatementError(`Query IDs may contain only alphanumeric characters and '_'. Got: '${said}'`, {
      code: 'invalid-query-id',
    });
  }
  if (RESERVED_PREFIXES.some((prefix) => id.startsWith(prefix))) {
    throw new StatementError(
      `Query IDs must not start with a reserved query ID prefix (${RESERVED_PREFIXES.join(', ')}). Got '${id}'.`,
      { code: 'invalid-query-id' },
    );
  }
  if (context.catalog.query(id) !== null) {
    throw new StatementError(`Query ID '${id}' already exists.`, { code: 'query-exists' });
  }
  return id;
}

/** The result with exactly the sink's columns; number literals become DECIMAL where the column is one. */
function fitted(plan: LogicalPlan, sink: Schema): LogicalPlan {
  const columns = plan.schema.columns;
  const mismatch = (): StatementError =>
    new StatementError(
      `Incompatible schema between results and sink.\nResult schema is ${formatSchema(plan.schema)}\nSink schema is ${formatSchema(sink)}`,
      { code: 'schema-mismatch' },
    );
  if (plan.kind !== 'project' || columns.length !== sink.columns.length) throw mismatch();
  const expressions = plan.expressions.map((expression, i): BoundExpression => {
    const wanted = sink.columns[i]!;
    const got = columns[i]!;
    if (wanted.role !== got.role || wanted.name !== got.name) throw mismatch();
    if (sameType(wanted.type, got.type)) return expression;
    if (isNumericLiteral(expression) && wanted.type.kind === 'DECIMAL') {
      if (digitsFit(expression.value!, wanted.type)) return { kind: 'cast', type: wanted.type, operand: expression };
    }
    throw mismatch();
  });
  return { ...plan, expressions, schema: { columns: sink.columns.map((c) => ({ ...c })) } };
}

function isNumericLiteral(e: BoundExpression): e is BoundExpression & { kind: 'literal' } {
  return e.kind === 'literal' && e.value !== null && ['INTEGER', 'BIGINT', 'DECIMAL'].includes(e.type.kind);
}

function digitsFit(text: string, type: SqlType & { kind: 'DECIMAL' }): boolean {
  const [whole = '', fraction = ''] = text.replace(/^-/, '').split('.');
  return whole.replace(/^0+/, '').length <= type.precision - type.scale && fraction.length <= type.scale;
}
