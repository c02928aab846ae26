import { StatementError } from '../model/errors.js';
import { formatType, sameType } from '../model/sql-type.js';
import type { Statement } from '../parser/ast.js';
import { formatStatement } from '../parser/format.js';
import { resolveType } from '../planner/analysis/types.js';
import type { PreparedStatement, QueryFileResult, Session } from './engine.js';
import type { EngineCore } from './engine-core.js';

/** Statements that may stand in a query file: those whose effect is there or is not. */
const ALLOWED: ReadonlySet<Statement['kind']> = new Set([
  'createSource',
  'createAsSelect',
  'insertInto',
  'createType',
  'setProperty',
  'unsetProperty',
  'defineVariable',
  'undefineVariable',
]);

/**
 * Runs the statements of a query file that are not in force yet, after all of them have been checked. A statement is in force when
 * what it makes exists with the same canonical text, so an unchanged file changes nothing.
 *
 * @param validate checks statements as they would run one after the other
 * @param execute runs one statement
 * @throws StatementError for statements that do not belong in a query file, and for definitions that differ from what exists
 */
export async function applyQueryFile(
  statements: readonly PreparedStatement[],
  core: EngineCore,
  session: Session,
  validate: (statements: readonly PreparedStatement[], session: Session) => Promise<void>,
  execute: (text: string, session: Session) => Promise<unknown>,
): Promise<QueryFileResult> {
  const applied: string[] = [];
  const unchanged: string[] = [];
  const pending: PreparedStatement[] = [];
  for (const prepared of statements) {
    const { statement, text } = prepared;
    if (!ALLOWED.has(statement.kind)) throw misplaced(statement, text);
    const name = nameOf(statement);
    if (name !== null && isInForce(statement, text, core)) unchanged.push(name);
    else pending.push(prepared);
  }
  await validate(pending, session);
  for (const { statement, text } of pending) {
    await execute(text, session);
    const name = nameOf(statement);
    if (name !== null) applied.push(name);
  }
  return { applied, unchanged };
}

function nameOf(statement: Statement): string | null {
  switch (statement.kind) {
    case 'createSource':
    case 'createAsSelect':
    case 'createType':
      return statement.name.name;
    case 'insertInto':
      return `INSERT INTO ${statement.target.name}`;
    default:
      return null;
  }
}

function isInForce(statement: Statement, text: string, core: EngineCore): boolean {
  const canonical = formatStatement(statement);
  switch (statement.kind) {
    case 'createSource':
    case 'createAsSelect': {
      const existing = core.catalog.source(statement.name.name);
      if (existing === null) return false;
      if (existing.statementText === canonical) return true;
      if (statement.orReplace || statement.ifNotExists) return false;
      throw new StatementError(
        `${existing.kind === 'STREAM' ? 'Stream' : 'Table'} ${existing.name} exists with another definition:\n${existing.statementText}`,
        {
          code: 'query-file-differs',
          span: statement.span,
          statementText: text,
          hint: `Write CREATE OR REPLACE where the change is one that a running query can take, or drop ${existing.name} first.`,
        },
      );
    }
    case 'insertInto':
      return core.catalog.queries().some((query) => query.statementText === canonical);
    case 'createType': {
      const existing = core.catalog.type(statement.name.name);
      if (existing === null) return false;
      if (
        sameType(
          existing,
          resolveType(statement.type, (n) => core.catalog.type(n)),
        )
      )
        return true;
      throw new StatementError(`Type ${statement.name.name} exists as ${formatType(existing)}`, {
        code: 'query-file-differs',
        span: statement.span,
        statementText: text,
        hint: `DROP TYPE ${statement.name.name} first.`,
      });
    }
    default:
      return false;
  }
}

function misplaced(statement: Statement, text: string): StatementError {
  const insert = statement.kind === 'insertValues';
  return new StatementError(
    insert
      ? 'INSERT INTO ... VALUES does not belong in a query file: it would insert again at every start.'
      : 'Unsupported statement. Only the following statements are supporting in standalone mode: CREATE STREAM AS SELECT, CREATE TABLE AS SELECT, CREATE STREAM, CREATE TABLE, CREATE TYPE, INSERT INTO ... SELECT, SET, UNSET, DEFINE, UNDEFINE',
    {
      code: 'query-file-statement',
      span: statement.span,
      statementText: text,
      hint: insert ? 'Insert rows with millrace load, or millrace sql.' : undefined,
    },
  );
}
