import type { QueryEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import type { ControlQuery } from '../../parser/ast.js';
import { nearest } from '../../planner/analysis/scope.js';
import type { CatalogEffect } from '../command-log.js';
import { type Entity, withWarnings } from '../entities.js';
import type { StatementContext } from './handler.js';

const MESSAGES = { terminate: 'Query terminated.', pause: 'Query paused.', resume: 'Query resumed.' } as const;

/** TERMINATE, PAUSE, RESUME: one query or ALL. */
export async function controlQuery(statement: ControlQuery, context: StatementContext): Promise<Entity> {
  const { core } = context;
  const id = statement.queryId?.name ?? null;
  if (id !== null && statement.kind === 'terminate' && (await context.pushQueries.close(id))) {
    return { '@type': 'terminate_query', statementText: context.text, warnings: [], queryId: id, wasTerminated: true };
  }
  let ownedTopics: readonly string[] = [];
  const entity = await core.exclusive(async (): Promise<Entity> => {
    const queries =
      id === null
        ? core.catalog.queries().filter((q) => q.origin !== 'SOURCE_TABLE')
        : [queryNamed(id, statement, context)];
    const effects = queries.map((query) => effectOf(statement.kind, query));
    if (statement.kind === 'terminate') {
      ownedTopics = core.ownedTopics(queries.map(({ id: queryId }) => queryId));
      await core.change(context.text, effects, { drop: queries.map((q) => q.id) });
    } else {
      for (const query of queries) {
        if (statement.kind === 'pause') await core.parts.thread.pause(query.id);
        else await core.parts.thread.resume(query.id);
      }
      await core.change(context.text, effects, {});
    }
    const commandId = `${statement.kind}/${id ?? 'ALL'}/execute`;
    const status = { status: 'SUCCESS' as const, message: MESSAGES[statement.kind], queryId: null };
    context.recordStatus(commandId, status);
    return {
      '@type': 'currentStatus',
      statementText: context.text,
      warnings: [],
      commandId,
      commandStatus: status,
      commandSequenceNumber: core.sequence,
    };
  });
  return withWarnings(entity, await core.schemas.forgetTopics(ownedTopics));
}

function effectOf(kind: ControlQuery['kind'], query: QueryEntry): CatalogEffect {
  return kind === 'terminate'
    ? { kind: 'removeQuery', id: query.id }
    : { kind: 'putQuery', query: { ...query, paused: kind === 'pause' } };
}

/** @throws StatementError `Unknown queryId: X` */
export function queryNamed(
  id: string,
  statement: { readonly kind: string; readonly span: ControlQuery['span'] },
  context: StatementContext,
): QueryEntry {
  const { catalog } = context.core;
  const query = catalog.query(id) ?? catalog.query(id.toUpperCase());
  if (query === null) {
    const near = nearest(
      id,
      catalog.queries().map((q) => q.id),
    );
    throw new StatementError(`Unknown queryId: ${id}`, {
      code: 'unknown-query',
      span: statement.span,
      hint: near === null ? 'SHOW QUERIES lists the running queries.' : `Did you mean ${near}?`,
    });
  }
  if (query.origin === 'SOURCE_TABLE') {
    throw new StatementError(`Cannot ${statement.kind} query '${query.id}' because it is linked to a source table.`, {
      code: 'source-table-query',
      span: statement.span,
      hint: `DROP TABLE ${query.sink} ends it.`,
    });
  }
  return query;
}
