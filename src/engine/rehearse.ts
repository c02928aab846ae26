import type { MemoryCatalog } from '../catalog/memory-catalog.js';
import type { SubjectVersion } from '../formats/schema-registry/schema-registry.js';
import type { Statement } from '../parser/ast.js';
import { formatStatement } from '../parser/format.js';
import { planStatement } from '../planner/plan-statement.js';
import { schemaRequests } from '../planner/schema-registration.js';
import type { SchemaView } from '../planner/schema-view.js';
import type { StatementPlan } from '../planner/statement-plan.js';
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
  const registered = new RehearsedSchemas();
  let number = core.statements;
  for (const { statement, text } of statements) {
    try {
      number += await core.schemas.plan((schemas) =>
        rehearseOne(statement, core, catalog, copy, number, registered.over(schemas), registered),
      );
    } catch (error) {
      throw asErrorOf(error, text);
    }
  }
}

/** The schemas that earlier statements would register. */
class RehearsedSchemas {
  readonly #subjects = new Map<string, SubjectVersion>();

  over(schemas: SchemaView): SchemaView {
    return {
      latest: (subject) => this.#subjects.get(subject) ?? schemas.latest(subject),
      byId: (id) => schemas.byId(id),
    };
  }

  add(plan: StatementPlan, schemas: SchemaView): void {
    const added = schemaRequests(plan).filter(({ subject, ifAbsent }) => !ifAbsent || schemas.latest(subject) === null);
    for (const { subject, schema } of added) {
      // Ids are given when it is done.
      this.#subjects.set(subject, { subject, version: 1, schema: { ...schema, id: 0 } });
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
  schemas: SchemaView,
  registered: RehearsedSchemas,
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
      const context = core.planningContext(session, { catalog, schemas, nextQueryNumber: number });
      const plan = planStatement(statement, formatStatement(statement), context);
      const effects = effectsOf(plan);
      if (effects === null) return 0;
      registered.add(plan, schemas);
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
