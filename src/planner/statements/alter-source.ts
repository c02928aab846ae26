import { StatementError } from '../../model/errors.js';
import { type Column, schemaOf, valueColumns } from '../../model/schema.js';
import type { AlterSource } from '../../parser/ast.js';
import { requireFormat } from '../analysis/source-formats.js';
import { resolveType } from '../analysis/types.js';
import type { PlanningContext } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';

export function planAlterSource(statement: AlterSource, text: string, context: PlanningContext): StatementPlan {
  const name = statement.name.name;
  const entry = context.catalog.source(name);
  if (entry === null) {
    throw new StatementError(`Source ${name} does not exist.`, { code: 'unknown-source', span: statement.name.span });
  }
  if (entry.kind !== statement.sourceKind) {
    throw new StatementError(
      `Incompatible data source type is ${entry.kind}, but statement was ALTER ${statement.sourceKind}`,
      { code: 'wrong-kind', span: statement.name.span },
    );
  }
  if (entry.createdBy !== null) {
    throw new StatementError('ALTER command is not supported for CREATE ... AS statements.', { code: 'alter-query' });
  }
  if (entry.isReadOnly) {
    const kind = entry.kind.toLowerCase();
    throw new StatementError(`Cannot alter ${kind} '${name}': ALTER operations are not supported on source ${kind}s.`, {
      code: 'read-only-source',
    });
  }
  const columns: Column[] = [...entry.schema.columns];
  for (const addition of statement.additions) {
    const added = addition.name.name;
    if (columns.some((c) => c.name === added)) {
      throw new StatementError(
        `Cannot add column \`${added}\` to schema. A column with the same name already exists.`,
        { code: 'duplicate-column', span: addition.span },
      );
    }
    const type = resolveType(addition.type, (n) => context.catalog.type(n));
    columns.push({ name: added, type, role: 'value' });
  }
  const schema = schemaOf(columns);
  const complaint = requireFormat(entry.valueFormat.name).refuses(valueColumns(schema), 'value');
  if (complaint !== null) throw new StatementError(complaint, { code: 'format-schema-mismatch' });
  const isBare = valueColumns(entry.schema).length === 1 && entry.valueFormat.unwrapped;
  if (isBare && requireFormat(entry.valueFormat.name).support.singleColumn.allowed.length > 1) {
    throw new StatementError("'WRAP_SINGLE_VALUE' is only valid for single-field value schemas", {
      code: 'format-schema-mismatch',
      hint: `The values of '${entry.topic}' are not records, so they have no room for a second column.`,
    });
  }
  return {
    kind: 'alterSource',
    entry: {
      ...entry,
      schema,
      valueFormat: { ...entry.valueFormat, unwrapped: false },
      statementText: `${entry.statementText}\n${text}`,
    },
  };
}
