import type { DefineVariable, SetProperty, UndefineVariable, UnsetProperty } from '../../parser/ast.js';
import type { Session } from '../engine.js';
import type { Entity } from '../entities.js';
import { checkSettable, checkValue } from '../settings.js';
import type { StatementContext } from './handler.js';

/** Statements that change the session only. They act at once, also while a request is being checked. */

export function setProperty(statement: SetProperty, session: Session): null {
  const name = checkSettable(statement.name);
  session.properties.set(name, checkValue(statement.name, statement.value));
  return null;
}

export function unsetProperty(statement: UnsetProperty, session: Session): null {
  session.properties.delete(checkSettable(statement.name));
  return null;
}

export function defineVariable(statement: DefineVariable, session: Session): null {
  session.variables.set(statement.name, statement.value);
  return null;
}

export function undefineVariable(statement: UndefineVariable, context: StatementContext): Entity | null {
  if (context.session.variables.delete(statement.name)) return null;
  return {
    '@type': 'warning_entity',
    statementText: context.text,
    warnings: [],
    message: `Cannot undefine variable '${statement.name}' which was never defined`,
  };
}
