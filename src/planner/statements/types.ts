import { StatementError } from '../../model/errors.js';
import { formatType } from '../../model/sql-type.js';
import type { CreateType, DropType } from '../../parser/ast.js';
import { resolveType } from '../analysis/types.js';
import type { PlanningContext } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';

export function planCreateType(statement: CreateType, context: PlanningContext): StatementPlan {
  const name = statement.name.name.toUpperCase();
  const existing = context.catalog.type(name);
  if (existing !== null) {
    if (statement.ifNotExists) {
      return { kind: 'unchanged', message: `${name} is already registered with type ${formatType(existing)}` };
    }
    throw new StatementError(
      `Cannot register custom type '${name}' since it is already registered with type: ${formatType(existing)}`,
      { code: 'type-exists', span: statement.name.span },
    );
  }
  return { kind: 'createType', name, type: resolveType(statement.type, (n) => context.catalog.type(n)) };
}

export function planDropType(statement: DropType, context: PlanningContext): StatementPlan {
  const name = statement.name.name.toUpperCase();
  if (context.catalog.type(name) !== null) return { kind: 'dropType', name };
  if (statement.ifExists) return { kind: 'unchanged', message: `Type '${name}' does not exist` };
  throw new StatementError(`Type ${name} does not exist.`, { code: 'unknown-type', span: statement.name.span });
}
