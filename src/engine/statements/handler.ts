import type { Statement, StatementKind } from '../../parser/ast.js';
import type { Session } from '../engine.js';
import type { EngineCore } from '../engine-core.js';
import type { Entity } from '../entities.js';
import type { InsertService } from '../insert-service.js';
import type { PushQueries } from '../push-queries.js';

/** What a handler works with. */
export interface StatementContext {
  readonly core: EngineCore;
  readonly session: Session;
  readonly inserts: InsertService;
  readonly pushQueries: PushQueries;
  /** The statement as written, after variable substitution. */
  readonly text: string;
  /** Records the status of a statement under its command id. */
  recordStatus(
    commandId: string,
    status: { status: 'SUCCESS' | 'ERROR'; message: string; queryId: string | null },
  ): void;
}

/** Runs one statement; null when it has no answer. */
export type StatementHandler<S extends Statement> = (
  statement: S,
  context: StatementContext,
) => Promise<Entity | null> | Entity | null;

/** One handler for each kind of statement. */
export type StatementHandlers = {
  readonly [K in StatementKind]: StatementHandler<Extract<Statement, { readonly kind: K }>>;
};
