import type { EmbeddedRegistry } from '../formats/schema-registry/embedded-registry.js';
import { StatementError, SystemError } from '../model/errors.js';
import { NO_SPAN } from '../model/source-span.js';
import type { SqlValue } from '../model/value.js';
import type { PrintTopic, Statement } from '../parser/ast.js';
import { formatStatement } from '../parser/format.js';
import { type Diagnostic, parse } from '../parser/parse.js';
import { splitStatements } from '../parser/split.js';
import { sourcesOf } from '../planner/physical/physical-plan.js';
import { planStatement } from '../planner/plan-statement.js';
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
  type RowObject,
  type Session,
  type SubscribedRow,
  type Subscription,
} from './engine.js';
import { EngineCore, type EngineParts } from './engine-core.js';
import type { CommandStatus, Entity } from './entities.js';
import { healthDetail, withHealthChecks } from './health.js';
import { InsertService } from './insert-service.js';
import { keyQuery } from './key-query.js';
import { encodeShardRows, type ShardRowsRequest, unavailable } from './peer-reads.js';
import { printSchemas } from './print-formats.js';
import { printTopic } from './print-topic.js';
import { PushQueries } from './push-queries.js';
import { applyQueryFile } from './query-file.js';
import { queryStatistics } from './query-statistics.js';
import { rehearse } from './rehearse.js';
import { rowObject } from './row-object.js';
import { createSession } from './session.js';
import { checkSettable } from './settings.js';
import { asErrorOf } from './statement-error.js';
import type { StatementContext, StatementHandler } from './statements/handler.js';
import { STATEMENT_HANDLERS } from './statements/index.js';
import { TablePulls } from './table-pulls.js';
import { rowBatches } from './table-read.js';

/** The ksqlDB version whose API is spoken: its clients check it. */
const KSQL_VERSION = '8.0.0';
/** Statuses of statements that `/status` can tell. */
const STATUSES_MAX = 10_000;

/** The engine over its parts; see {@link Engine}. */
export class MillraceEngine implements Engine {
  readonly #parts: EngineParts;
  readonly #core: EngineCore;
  readonly #inserts: InsertService;
  readonly #pushQueries: PushQueries;
  readonly #tablePulls: TablePulls;
  readonly #statuses = new Map<string, CommandStatus>();
  readonly #prints = new Set<PrintHandle>();
  #state: EngineHealth['serverState'] = 'INITIALIZING';
  #storageError: string | null = null;
  #threadError: string | null = null;
  #closing: Promise<void> | null = null;
  #ready: Promise<void> = Promise.resolve();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#core = new EngineCore(parts);
    this.#inserts = new InsertService(this.#core);
    this.#pushQueries = new PushQueries(parts.thread);
    this.#tablePulls = new TablePulls(this.#core);
    parts.thread.subscribe((event) => {
      if (event.kind === 'storage') this.#storageError = event.error;
      else if (event.kind === 'threadFailed') this.#threadError = event.error;
    });
  }

  /**
   * Prepares the catalog and deploys its persistent queries; called once, before anything else.
   * @returns what `ready` returns from then on
   */
  begin(prepare: () => Promise<void>): Promise<void> {
    const begun = (async () => {
      await prepare();
      await this.#core.startQueries();
      if (this.#state === 'INITIALIZING') this.#state = 'READY';
    })();
    begun.catch((error: Error) => {
      if (this.#closing === null) this.#threadError = error.message;
    });
    this.#ready = begun;
    return begun;
  }

  ready(): Promise<void> {
    return this.#ready;
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
    await rehearse(statements, this.#core, session);
    const entities: Entity[] = [];
    for (const { statement, text: statementText } of statements) {
      const context: StatementContext = {
        core: this.#core,
        session,
        inserts: this.#inserts,
        pushQueries: this.#pushQueries,
        text: statementText,
        recordStatus: (id, status) => this.#recordStatus(id, status),
      };
      const handler = STATEMENT_HANDLERS[statement.kind] as StatementHandler<Statement>;
      try {
        const entity = await handler(statement, context);
        if (entity !== null) entities.push(entity);
      } catch (error) {
        const located = asErrorOf(error, statementText);
        const interrupted = located instanceof StatementError && entities.length > 0;
        throw interrupted ? new InterruptedRequest(located, entities) : located;
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
      (pending, own) => rehearse(pending, this.#core, own),
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
    if (statement.kind === 'printTopic') return this.#print(statement);
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
      throw asErrorOf(error, statementText);
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
    const select = { kind: 'select', query: keyQuery(entry, key), span: NO_SPAN } as const;
    // Other nodes are asked in words.
    const text = this.#parts.placement === null ? '' : `${formatStatement(select)};`;
    const handle = await this.#runSelect(select, text, createSession());
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

  get schemaRegistry(): EmbeddedRegistry | null {
    return this.#core.embeddedRegistry;
  }

  get schemaRegistryUrl(): string | null {
    return this.#parts.registry?.url ?? null;
  }

  async shardRows(request: ShardRowsRequest): Promise<AsyncIterable<Uint8Array>> {
    this.#assertOpen();
    const session = createSession(request.properties);
    const statement = this.#wellFormed(request.sql, session)[0]?.statement;
    const placement = this.#parts.placement?.(request.queryId) ?? null;
    if (statement?.kind !== 'select' || placement === null) throw unavailable(['The query is not known here yet.']);
    await this.#parts.log.refresh();
    const planned = planStatement(statement, request.sql, this.#core.planningContext(session));
    if (planned.kind !== 'pullQuery' || planned.plan.kind !== 'table' || planned.plan.queryId !== request.queryId) {
      throw unavailable(['The catalog of this node is not that of the node that asks.']);
    }
    const elsewhere = new Set([...placement.missing, ...placement.others.flatMap((other) => other.shards)]);
    const absent = request.shards.filter((index) => elsewhere.has(index));
    if (absent.length > 0) throw unavailable(absent.map((index) => `Shard ${index} cannot be read here now.`));
    return encodeShardRows(rowBatches(this.#tablePulls.ownRows(planned.plan)));
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
    const now = this.#parts.clock.now();
    return {
      queries: statuses.map((status) => queryStatistics(status, now)),
      pushQueries: this.#pushQueries.list().length,
    };
  }

  info(): EngineInfo {
    return {
      version: KSQL_VERSION,
      millraceVersion: this.#parts.millraceVersion,
      clusterId: this.#parts.clusterId(),
      serviceId: this.#core.serviceId,
      status: this.#threadError !== null ? 'ERROR' : this.#isHealthy ? 'RUNNING' : 'DEGRADED',
    };
  }

  async health(): Promise<EngineHealth> {
    return { isHealthy: this.#isHealthy, details: this.#healthDetails(), serverState: this.#state };
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
    for (const print of this.#prints) await print.close();
    await this.#core.settled();
    this.#core.schemas.close();
    // Readers first: the writer folds its log into the file when it is the last to go.
    this.#parts.release();
    try {
      await this.#parts.thread.close();
    } finally {
      this.#state = 'TERMINATED';
    }
  }

  get #isHealthy(): boolean {
    return Object.values(this.#healthDetails()).every((detail) => detail.isHealthy);
  }

  #healthDetails(): EngineHealth['details'] {
    const quarantined = this.#core.quarantined[0];
    const details = {
      metastore: healthDetail(
        quarantined === undefined ? null : `command ${quarantined.sequence} is set aside: ${quarantined.reason}`,
      ),
      kafka: healthDetail(this.#threadError ?? this.#storageError),
      commandRunner: healthDetail(this.#threadError),
    };
    const trouble = this.#core.schemas.trouble;
    const registry = { name: 'schemaRegistry', isHealthy: trouble === null, reason: trouble };
    const checks = this.#core.embeddedRegistry === null ? [registry] : [];
    return withHealthChecks(details, [...this.#parts.thread.health(), ...checks]);
  }

  /** The newest statuses are kept, by when they were last set. */
  #recordStatus(commandId: string, status: CommandStatus): void {
    this.#statuses.delete(commandId);
    this.#statuses.set(commandId, status);
    if (this.#statuses.size <= STATUSES_MAX) return;
    const [oldest] = this.#statuses.keys();
    this.#statuses.delete(oldest!);
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new SystemError('the engine is closed', { code: 'closed' });
    if (this.#state === 'INITIALIZING') {
      throw new SystemError('KSQL is not yet ready to serve requests.', {
        code: 'not-ready',
        retriable: true,
        hint: this.#parts.thread.health().find(({ reason }) => reason !== null)?.reason ?? 'the catalog is being read',
      });
    }
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

  async #print(statement: PrintTopic): Promise<PrintHandle> {
    const { log, thread, clock } = this.#parts;
    const id = `print_${statement.topic}_${clock.now()}`;
    const keyWindow = this.#core.catalog.sources().find((s) => s.topic === statement.topic)?.keyWindow ?? null;
    let print: PrintHandle | null = null;
    let ended = false;
    const onEnd = (): void => {
      ended = true;
      if (print !== null) this.#prints.delete(print);
    };
    print = await printTopic(statement, id, log, thread, keyWindow, onEnd, printSchemas(this.#core.schemas));
    if (this.#closing !== null) await print.close();
    this.#assertOpen();
    if (!ended) this.#prints.add(print);
    return print;
  }

  async #runSelect(
    statement: Extract<Statement, { kind: 'select' }>,
    text: string,
    session: Session,
    options: QueryOptions = {},
  ): Promise<QueryHandle> {
    await this.#parts.log.refresh();
    const plan = planStatement(statement, text, this.#core.planningContext(session));
    if (plan.kind === 'pullQuery') {
      if (plan.plan.kind === 'table') return this.#tablePulls.start(plan.plan, text, session.properties);
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
}
