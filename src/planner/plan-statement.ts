import { StatementError, unreachable } from '../model/errors.js';
import type {
  AlterSource,
  CreateAsSelect,
  CreateSource,
  CreateType,
  DropSource,
  DropType,
  InsertInto,
  InsertValues,
  SelectStatement,
} from '../parser/ast.js';
import type { PlanningContext } from './planning-context.js';
import { planPullQuery } from './pull/plan-pull-query.js';
import type { StatementPlan } from './statement-plan.js';
import { planAlterSource } from './statements/alter-source.js';
import { planCreateAsSelect } from './statements/create-as-select.js';
import { planCreateSource } from './statements/create-source.js';
import { planDropSource } from './statements/drop-source.js';
import { planInsertInto } from './statements/insert-into.js';
import { planInsertValues } from './statements/insert-values.js';
import { planPushQuery } from './statements/push-query.js';
import { planCreateType, planDropType } from './statements/types.js';

/** Statements that need planning; all others are answered by the engine as they stand. */
export type PlannedStatement =
  | CreateSource
  | CreateAsSelect
  | InsertInto
  | InsertValues
  | SelectStatement
  | DropSource
  | AlterSource
  | CreateType
  | DropType;

/**
 * What a statement will do, given a catalog snapshot: pure, no I/O, no clock.
 * @param text the statement's canonical text, kept in the catalog
 * @throws StatementError in ksqlDB's words
 */
export function planStatement(statement: PlannedStatement, text: string, context: PlanningContext): StatementPlan {
  try {
    return dispatch(statement, text, context);
  } catch (error) {
    if (error instanceof StatementError) throw error.with({ span: statement.span });
    throw error;
  }
}

function dispatch(statement: PlannedStatement, text: string, context: PlanningContext): StatementPlan {
  switch (statement.kind) {
    case 'createSource':
      return planCreateSource(statement, text, context);
    case 'createAsSelect':
      return planCreateAsSelect(statement, text, context);
    case 'insertInto':
      return planInsertInto(statement, text, context);
    case 'insertValues':
      return planInsertValues(statement, context);
    case 'select':
      return statement.query.emit === null
        ? { kind: 'pullQuery', plan: planPullQuery(statement.query, context) }
        : planPushQuery(statement, context);
    case 'dropSource':
      return planDropSource(statement, context);
    case 'alterSource':
      return planAlterSource(statement, text, context);
    case 'createType':
      return planCreateType(statement, context);
    case 'dropType':
      return planDropType(statement, context);
    default:
      return unreachable(statement);
  }
}
