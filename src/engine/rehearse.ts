import type { MemoryCatalog } from '../catalog/memory-catalog.js';
import type { Statement } from '../parser/ast.js';
import { formatStatement } from '../parser/format.js';
import { planStatement } from '../planner/plan-statement.js';
import { applyEffects } from './command-log.js';
import type { PreparedStatement, Session } from './engine.js';
import type { EngineCore } from './engine-core.js';
import { effectsOf } from './plan-effects.js';
import { copySession } from './session.js';
import { asErrorOf } from './statement-error.js';
import { wrongEndpoint } from './statements/definitions.js';
import { setProperty, unsetProperty } from './statements/session-statements.js';

/**
 * Checks statements against a copy of the catalog and of the session, each as the ones before it would leave them, so that a request
 * fails before any of it has run.
 * @throws StatementError for the first statement that would fail
 */
export async function rehearse(
  statements: readonly PreparedStatement[],
  core: EngineCore,
  session: Session,
): Promise<void> {
  if (statements.length < 2) return;
  await core.parts.log.refresh();
  const catalog = core.catalog.fork();
  const copy = copySession(session);
  let number = core.sequence;
  for (const { statement, text } of statements) {
    try {
      number += rehearseOne(statement, core, catalog, copy, number);
    } catch (error) {
      throw asErrorOf(error, text);
    }
  }
}

/** @returns how many commands the statement would add to the log */
function rehearseOne(
  statement: Statement,
  core: EngineCore,
  catalog: MemoryCatalog,
  session: Session,
  number: number,
): 0 | 1 {
  switch (statement.kind) {
    case 'setProperty':
      setProperty(statement, session);
      return 0;
    case 'unsetProperty':
      unsetProperty(statement, session);
      return 0;
    case 'select':
    case 'printTopic':
      throw wrongEndpoint(statement);
    case 'createSource':
    case 'createAsSelect':
    case 'insertInto':
    case 'insertValues':
    case 'dropSource':
    case 'alterSource':
    case 'createType':
    case 'dropType': {
      const context = core.planningContext(session, catalog, number);
      const effects = effectsOf(planStatement(statement, formatStatement(statement), context));
      if (effects === null) return 0;
      applyEffects(catalog, effects);
      return 1;
    }
    case 'terminate': {
      const ids = statement.queryId === null ? catalog.queries().map((q) => q.id) : [statement.queryId.name];
      for (const id of ids) catalog.removeQuery(id);
      return 1;
    }
    case 'pause':
    case 'resume':
      return 1;
    default:
      // The rest leaves no trace in the catalog.
      return 0;
  }
}
