import type { MemoryCatalog } from '../catalog/memory-catalog.js';
import { type LookupRow, lookup } from '../executor/lookup.js';
import { StatementError, SystemError } from '../model/errors.js';
import { NO_SPAN } from '../model/source-span.js';
import type { SqlValue } from '../model/value.js';
import type { Expression, Query, Statement } from '../parser/ast.js';
import { formatStatement } from '../parser/format.js';
import { type Diagnostic, parse } from '../parser/parse.js';
import { splitStatements } from '../parser/split.js';
import { sourcesOf } from '../planner/physical/physical-plan.js';
import { type PlannedStatement, planStatement } from '../planner/plan-statement.js';
import type { PullTablePlan } from '../planner/pull/pull-plan.js';
import type { StatementPlan } from '../planner/statement-plan.js';
import { applyEffects } from './command-log.js';
import {
  type Engine,
  type EngineHealth,
  type EngineInfo,
  type EngineStatistics,
  type InsertTarget,
  InterruptedRequest,
  type PreparedStatement,
  type PrintHandle,
  type QueryEnd,
  type QueryFileResult,
  type QueryHandle,
  type QueryOptions,
  type ResultColumn,
  type ResultRow,
  type RowObject,
  type Session,
  type SubscribedRow,
  type Subscription,
} from './engine.js';
import { EngineCore, type EngineParts } from './engine-core.js';
import type { CommandStatus, Entity } from './entities.js';
import { InsertService } from './insert-service.js';
import { literalExpression } from './literal-expression.js';
import { effectsOf } from './plan-effects.js';
import { printTopic } from './print-topic.js';
import { PushQueries } from './push-queries.js';
import { applyQueryFile } from './query-file.js';
import { rowObject } from './row-object.js';
import { copySession, createSession } from './session.js';
import { checkSettable } from './settings.js';
import type { StatementContext, StatementHandler } from './statements/handler.js';
import { STATEMENT_HANDLERS } from './statements/index.js';
import { defineVariable, setProperty, unsetProperty } from './statements/session-statements.js';

/** The ksqlDB version whose API is spoken: its clients check it. */
const KSQL_VERSION = '8.0.0';
/** Rows of a pull query that are handed over at a time, and how long it may keep the event loop. */
const ROWS_PER_BATCH = 500;

/** The engine over its parts; see {@link Engine}. */
export class MillraceEngine implements Engine {
  readonly #parts: EngineParts;
  readonly #core: EngineCore;
  readonly #inserts: InsertService;
  readonly #pushQueries: PushQueries;
  readonly #statuses = new Map<string, CommandStatus>();
  #state: EngineHealth['serverState'] = 'INITIALIZING';
  #storageError: string | null = null;
  #threadError: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#core = new EngineCore(parts);
    this.#inserts = new InsertService(this.#core);
    this.#pushQueries = new PushQueries(parts.thread);
    parts.thread.subscribe((event) => {
      if (event.kind === 'storage') this.#storageError = event.error;
      else if (event.kind === 'threadFailed') this.#threadError = event.error;
    });
  }

  /** Deploys the persistent queries of the file; called once, before anything else. */
  async start(): Promise<void> {
    await this.#core.startQueries();
    this.#state = 'READY';
  }

  /** The catalog's core, for what the composition root adds at start. */
  get core(): EngineCore {
    return this.#core;
  }

  session(properties?: Readonly<Record<string, unknown>>, variables?: Readonly<Record<string, unknown>>): Session {
    return createSession(properties, variables);
  }

  parse(
    text: string,
    session?: Session,
  ): { statements: readonly PreparedStatement[]; diagnostics: readonly Diagnostic[] } {
    const substitutes = this.#parts.settings.flag('ksql.variable.substitution.enable', session?.properties);
    return parse(text, substitutes ? { variables: session?.variables ?? new Map() } : {});
  }

  async execute(text: string, session: Session = createSession()): Promise<readonly Entity[]> {
    this.#assertOpen();
    const statements = this.#wellFormed(text, session);
    this.#validate(statements, session);
    const entities: Entity[] = [];
    for (const { statement, text: statementText } of statements) {
      const context: StatementContext = {
        core: this.#core,
        session,
        inserts: this.#inserts,
        pushQueries: this.#pushQueries,
        text: statementText,
        recordStatus: (id, status) => this.#statuses.set(id, status),
      };
      const handler = STATEMENT_HANDLERS[statement.kind] as StatementHandler<Statement>;
      try {
        const entity = await handler(statement, context);
        if (entity !== null) entities.push(entity);
      } catch (error) {
        if (!(error instanceof StatementError)) throw error;
        const located = ofStatement(error, statementText);
        throw entities.length === 0 ? located : new InterruptedRequest(located, entities);
      }
    }
    return entities;
  }

  async applyQueryFile(text: string, session: Session = createSession()): Promise<QueryFileResult> {
    this.#assertOpen();
    const statements = this.#wellFormed(text, session);
    return applyQueryFile(
      statements,
      this.#core,
      session,
      (pending, own) => this.#validate(pending, own),
      (one, own) => this.execute(one, own),
    );
  }

  async query(
    text: string,
    session: Session = createSession(),
    options: QueryOptions = {},
  ): Promise<QueryHandle | PrintHandle> {
    this.#assertOpen();
    const statements = this.#wellFormed(text, session);
    if (statements.length !== 1) {
      throw new StatementError(`Expected exactly one KSQL statement; found ${statements.length} instead`, {
        code: 'statement-count',
        statementText: text,
      });
    }
    const { statement, text: statementText } = statements[0]!;
    if (statement.kind === 'printTopic') {
      const id = `print_${statement.topic}_${this.#parts.clock.now()}`;
      return printTopic(statement, id, this.#parts.log, this.#parts.thread);
    }
    if (statement.kind !== 'select') {
      throw new StatementError('Neither a query nor a print statement', {
        code: 'not-a-query',
        statementText,
        span: statement.span,
        hint: 'Statements that return no rows go to /ksql.',
      });
    }
    try {
      return await this.#runSelect(statement, statementText, session, options);
    } catch (error) {
      throw error instanceof StatementError ? ofStatement(error, statementText) : error;
    }
  }

  closeQuery(queryId: string): Promise<boolean> {
    return this.#pushQueries.close(queryId);
  }

  async lookup(table: string, key: readonly SqlValue[]): Promise<readonly RowObject[]> {
    this.#assertOpen();
    const entry = this.#core.catalog.source(table) ?? this.#core.catalog.source(table.toUpperCase());
    if (entry === null) {
      throw new StatementError(`Source \`${table}\` does not exist.`, { code: 'unknown-source' });
    }
    const keys = entry.schema.columns.filter((c) => c.role === 'key');
    if (keys.length !== key.length) {
      throw new StatementError(`The key of ${entry.name} has ${keys.length} columns, got ${key.length} values`, {
        code: 'key-count',
      });
    }
    const where = keys
      .map(
        (column, i): Expression => ({
          kind: 'comparison',
          operator: '=',
          left: {
            kind: 'column',
            source: null,
            name: { name: column.name, quoted: true, span: NO_SPAN },
            span: NO_SPAN,
          },
          right: literalExpression(column.type, key[i]!),
          span: NO_SPAN,
        }),
      )
      .reduce((left, right) => ({ kind: 'logical', operator: 'AND', left, right, span: NO_SPAN }));
    const query: Query = {
      kind: 'query',
      select: [{ kind: 'star', source: null, span: NO_SPAN }],
      from: { kind: 'table', name: { name: entry.name, quoted: true, span: NO_SPAN }, alias: null, span: NO_SPAN },
      window: null,
      where,
      groupBy: null,
      partitionBy: null,
      having: null,
      emit: null,
      limit: null,
      span: NO_SPAN,
    };
    const handle = await this.#runSelect({ kind: 'select', query, span: NO_SPAN }, '', createSession());
    const rows: RowObject[] = [];
    for await (const batch of handle.batches) {
      for (const row of batch) rows.push(rowObject(handle.columns, row.values));
    }
    return rows;
  }

  async subscribe(
    text: string,
    listener: (row: SubscribedRow) => void | Promise<void>,
    session: Session = createSession(),
  ): Promise<Subscription> {
    const handle = await this.query(text, session);
    if (handle.kind === 'print') {
      await handle.close();
      throw new StatementError('Only a SELECT can be subscribed to', { code: 'not-a-query', statementText: text });
    }
    const deliver = async (): Promise<QueryEnd> => {
      for await (const batch of handle.batches) {
        for (const { values, tombstone, rowtime } of batch) {
          if (handle.end === 'closed') return 'closed';
          await listener({ row: rowObject(handle.columns, values), tombstone, rowtime });
        }
      }
      return handle.end ?? 'completed';
    };
    const ended = deliver();
    ended.catch(() => {});
    return { queryId: handle.queryId, columns: handle.columns, ended, close: () => handle.close() };
  }

  insertTarget(name: string): InsertTarget {
    return this.#inserts.describe(this.#insertEntry(name));
  }

  async insert(target: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    this.#assertOpen();
    await this.#inserts.insertJson(this.#insertEntry(target), rows);
  }

  drain(): Promise<void> {
    return this.#parts.thread.drain();
  }

  async statistics(): Promise<EngineStatistics> {
    const statuses = await this.#parts.thread.status();
    return {
      queries: statuses.map((s) => ({
        id: s.queryId,
        state: s.state,
        error: s.error,
        rowsIn: s.rowsIn,
        rowsOut: s.rowsOut,
        dropped: s.dropped,
        streamTime: s.streamTime,
        lag: s.positions.reduce((sum, p) => sum + Math.max(0, p.end - p.offset), 0),
      })),
    };
  }

  info(): EngineInfo {
    return {
      version: KSQL_VERSION,
      millraceVersion: this.#parts.millraceVersion,
      clusterId: this.#parts.clusterId,
      serviceId: this.#core.serviceId,
      status: this.#threadError !== null ? 'ERROR' : this.#core.quarantined.length > 0 ? 'DEGRADED' : 'RUNNING',
    };
  }

  async health(): Promise<EngineHealth> {
    const log = this.#storageError === null && this.#threadError === null;
    const metastore = this.#core.quarantined.length === 0;
    const commandRunner = this.#threadError === null;
    return {
      isHealthy: log && metastore && commandRunner,
      details: {
        metastore: { isHealthy: metastore },
        kafka: { isHealthy: log },
        commandRunner: { isHealthy: commandRunner },
      },
      serverState: this.#state,
    };
  }

  commandStatuses(): ReadonlyMap<string, CommandStatus> {
    return this.#statuses;
  }

  checkProperty(name: string): void {
    checkSettable(name);
  }

  announceUrl(url: string): void {
    this.#parts.announceUrl(url);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = 'TERMINATING';
    await this.#pushQueries.closeAll();
    await this.#core.exclusive(async () => {});
    // Readers first: the writer folds its log into the file when it is the last to go.
    this.#parts.release();
    try {
      await this.#parts.thread.close();
    } finally {
      this.#state = 'TERMINATED';
    }
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new SystemError('the engine is closed', { code: 'closed' });
  }

  #insertEntry(name: string): ReturnType<InsertService['target']> {
    const session = createSession();
    const exact = /^([`"])(.*)\1$/s.exec(name);
    if (exact) return this.#inserts.target(exact[2]!, session);
    const known = this.#core.catalog.source(name) === null && this.#core.catalog.source(name.toUpperCase()) !== null;
    return this.#inserts.target(known ? name.toUpperCase() : name, session);
  }

  /** The statements of a text. @throws StatementError for its first error, with the statement it is in */
  #wellFormed(text: string, session: Session): readonly PreparedStatement[] {
    const { statements, diagnostics } = this.parse(text, session);
    const first = diagnostics[0];
    if (first === undefined) return statements;
    const within = splitStatements(text).find(
      (s) => first.span.start >= s.span.start && first.span.start <= s.span.end,
    );
    throw new StatementError(first.message, {
      code: first.code,
      problem: 'syntax',
      span: first.span,
      hint: first.hint ?? undefined,
      statementText: within?.text ?? text,
    });
  }

  /** Checks all statements against a copy of the catalog, each as the ones before it would leave it. */
  #validate(statements: readonly PreparedStatement[], session: Session): void {
    if (statements.length < 2) return;
    const sandbox = this.#core.catalog.fork();
    const copy = copySession(session);
    let number = this.#core.sequence;
    for (const { statement, text } of statements) {
      try {
        number += this.#validateOne(statement, sandbox, copy, number);
      } catch (error) {
        throw error instanceof StatementError ? ofStatement(error, text) : error;
      }
    }
  }

  /** @returns how many commands the statement would add to the log */
  #validateOne(statement: Statement, sandbox: MemoryCatalog, session: Session, number: number): 0 | 1 {
    switch (statement.kind) {
      case 'setProperty':
        setProperty(statement, session);
        return 0;
      case 'unsetProperty':
        unsetProperty(statement, session);
        return 0;
      case 'defineVariable':
        defineVariable(statement, session);
        return 0;
      case 'select':
      case 'printTopic':
        void (STATEMENT_HANDLERS[statement.kind] as StatementHandler<Statement>)(statement, undefined as never);
        return 0;
      case 'createSource':
      case 'createAsSelect':
      case 'insertInto':
      case 'insertValues':
      case 'dropSource':
      case 'alterSource':
      case 'createType':
      case 'dropType': {
        const plan = planIn(statement, this.#core, session, sandbox, number);
        const effects = effectsOf(plan);
        if (effects === null) return 0;
        applyEffects(sandbox, effects);
        return 1;
      }
      case 'terminate': {
        const ids = statement.queryId === null ? sandbox.queries().map((q) => q.id) : [statement.queryId.name];
        for (const id of ids) sandbox.removeQuery(id);
        return 1;
      }
      default:
        return 0;
    }
  }

  async #runSelect(
    statement: Extract<Statement, { kind: 'select' }>,
    text: string,
    session: Session,
    options: QueryOptions = {},
  ): Promise<QueryHandle> {
    const plan = planStatement(statement, text, this.#core.planningContext(session));
    if (plan.kind === 'pullQuery') {
      if (plan.plan.kind === 'table') return this.#pullTable(plan.plan);
      const columns = plan.plan.schema.columns.map(
        (c): ResultColumn => ({ name: c.name, type: c.type, isKey: c.role === 'key' }),
      );
      const options = {
        ...this.#core.deployOptions('earliest', null),
        start: 'earliest' as const,
        bounded: true,
        cacheBytes: 0,
      };
      return this.#pushQueries.start(plan.plan.plan, columns, options, text, Number.POSITIVE_INFINITY);
    }
    if (plan.kind !== 'pushQuery')
      throw new StatementError('Neither a query nor a print statement', { code: 'not-a-query' });
    const columns = plan.plan.output!.map((c): ResultColumn => ({ name: c.name, type: c.type, isKey: false }));
    const limit = this.#parts.settings.number('ksql.max.push.queries');
    const overTable = sourcesOf(plan.plan)[0]!.kind === 'tableSource';
    const bounded = options.bounded ?? false;
    const deploy = this.#core.deployOptions(overTable || bounded ? 'earliest' : 'latest', session);
    return this.#pushQueries.start(plan.plan, columns, { ...deploy, bounded }, text, limit);
  }

  #pullTable(plan: PullTablePlan): QueryHandle {
    const rows = lookup(plan, {
      reader: this.#parts.tables,
      functions: this.#parts.functions,
      evaluation: { now: () => this.#parts.clock.now(), random: this.#parts.random },
    });
    const first = rows.next();
    return new TableRead(`query_${this.#parts.clock.now()}`, plan, rows, first);
  }
}

/** The error as one of this statement. An expression that it names goes into the message, where ksqlDB has it. */
function ofStatement(error: StatementError, statementText: string): StatementError {
  const { message, code, problem, span, hint, cause, statementText: expression } = error;
  if (expression === undefined || expression === statementText) return error.with({ statementText });
  const options = { code, problem, span, hint, cause, statementText };
  return new StatementError(`${message}\nStatement: ${expression}`, options);
}

function planIn(
  statement: PlannedStatement,
  core: EngineCore,
  session: Session,
  catalog: MemoryCatalog,
  number: number,
): StatementPlan {
  return planStatement(statement, formatStatement(statement), core.planningContext(session, catalog, number));
}

/** A pull query over a table: reads a batch whenever one is taken, so that other work gets its turn between. */
class TableRead implements QueryHandle {
  readonly kind = 'pull';
  readonly queryId: string;
  readonly columns: readonly ResultColumn[];
  readonly announcesCompletion = false;
  end: QueryEnd | null = null;
  readonly #rows: IterableIterator<LookupRow>;
  readonly #first: IteratorResult<LookupRow>;

  constructor(
    queryId: string,
    plan: PullTablePlan,
    rows: IterableIterator<LookupRow>,
    first: IteratorResult<LookupRow>,
  ) {
    this.queryId = queryId;
    this.columns = plan.schema.columns.map((c) => ({ name: c.name, type: c.type, isKey: c.role === 'key' }));
    this.#rows = rows;
    this.#first = first;
  }

  get batches(): AsyncIterable<readonly ResultRow[]> {
    return this.#batches();
  }

  async *#batches(): AsyncIterable<readonly ResultRow[]> {
    try {
      let next = this.#first;
      while (!next.done && this.end === null) {
        const batch: ResultRow[] = [];
        for (; !next.done && batch.length < ROWS_PER_BATCH; next = this.#rows.next()) {
          batch.push({ values: next.value.values, tombstone: false, rowtime: next.value.timestamp });
        }
        yield batch;
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.end ??= 'completed';
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.end ??= 'closed';
    this.#rows.return?.();
  }
}
