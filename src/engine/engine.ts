import type { QueryFigures, QueryState } from '../executor/thread/stream-thread.js';
import type { EmbeddedRegistry } from '../formats/schema-registry/embedded-registry.js';
import { StatementError } from '../model/errors.js';
import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import type { Statement } from '../parser/ast.js';
import type { Diagnostic } from '../parser/parse.js';
import type { CommandStatus, Entity } from './entities.js';
import type { ShardRowsRequest } from './peer-reads.js';

export { QUERY_STATES } from '../executor/thread/stream-thread.js';

/** A statement of a request has failed after others of it had run. */
export class InterruptedRequest extends StatementError {
  /** What the statements before it answered. */
  readonly entities: readonly Entity[];

  constructor(error: StatementError, entities: readonly Entity[]) {
    super(error.message, {
      code: error.code,
      problem: error.problem,
      span: error.span,
      hint: error.hint,
      statementText: error.statementText,
      cause: error.cause,
    });
    this.entities = entities;
  }
}

/** What a caller brings to a request: overrides as by SET, variables as by DEFINE. Changed by SET, UNSET, DEFINE and UNDEFINE in it. */
export interface Session {
  /** By name as given; prefixes `ksql.streams.` and the like are understood. Values are coerced to the setting's type. */
  readonly properties: Map<string, string>;
  readonly variables: Map<string, string>;
}

export interface ResultColumn {
  readonly name: string;
  readonly type: SqlType;
  /** Pull queries: whether it is a key column of the table. Always false for push queries. */
  readonly isKey: boolean;
}

/** One row of a result: values by position of the columns. */
export interface ResultRow {
  readonly values: readonly SqlValue[];
  /** A deleted row of a table: key columns have their values, all others are null. */
  readonly tombstone: boolean;
  /** Event time in ms. */
  readonly rowtime: number;
}

/**
 * A value for embedding programs: BIGINT is a bigint past 2^53 and a number below, DECIMAL a text that keeps its scale, DATE, TIME and
 * TIMESTAMP are ISO texts, BYTES a Buffer, MAP and STRUCT plain objects.
 */
export type RowValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | readonly RowValue[]
  | { readonly [name: string]: RowValue };

/** A row by column name. */
export type RowObject = { readonly [column: string]: RowValue };

/** What a subscriber hears of each row. */
export interface SubscribedRow {
  readonly row: RowObject;
  /** The row of this key has been deleted; only the key columns have values. */
  readonly tombstone: boolean;
  /** Event time in ms. */
  readonly rowtime: number;
}

export interface Subscription {
  readonly queryId: string;
  readonly columns: readonly ResultColumn[];
  /** Resolves when the query ends; rejects when it, or the listener, fails. */
  readonly ended: Promise<QueryEnd>;
  close(): Promise<void>;
}

/** Why a query's rows ended. */
export type QueryEnd = 'limit' | 'completed' | 'closed' | 'error';

/** A SELECT that runs: rows arrive in batches until it ends. Iterate `batches` once. */
export interface QueryHandle {
  readonly queryId: string;
  readonly kind: 'push' | 'pull';
  readonly columns: readonly ResultColumn[];
  /** Ends when the query does. Throws when it fails. The engine stops producing while nobody takes rows. */
  readonly batches: AsyncIterable<readonly ResultRow[]>;
  /** How it ended; null while it runs. */
  readonly end: QueryEnd | null;
  /** Whether "Query Completed" is due at the end: queries that stop by themselves, but not reads of tables. */
  readonly announcesCompletion: boolean;
  close(): Promise<void>;
}

/** PRINT: lines of text until closed or LIMIT. */
export interface PrintHandle {
  readonly kind: 'print';
  readonly queryId: string;
  readonly lines: AsyncIterable<readonly string[]>;
  close(): Promise<void>;
}

/** A statement of a text as a client would send it: for callers that treat statements one by one. */
export interface PreparedStatement {
  readonly statement: Statement;
  /** After variable substitution. */
  readonly text: string;
}

export interface InsertTarget {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: SqlType; readonly isKey: boolean }[];
}

export interface EngineInfo {
  /** The ksqlDB version whose API is spoken. */
  readonly version: string;
  readonly millraceVersion: string;
  readonly clusterId: string;
  readonly serviceId: string;
  readonly status: 'RUNNING' | 'ERROR' | 'DEGRADED';
}

export interface HealthDetail {
  readonly isHealthy: boolean;
  /** What is wrong, when something is. */
  readonly reason?: string;
}

export interface EngineHealth {
  readonly isHealthy: boolean;
  /** What ksqlDB tells of, and what the runtime adds under names of its own. */
  readonly details: Readonly<Record<'metastore' | 'kafka' | 'commandRunner', HealthDetail>> &
    Readonly<Record<string, HealthDetail>>;
  readonly serverState: 'INITIALIZING' | 'READY' | 'TERMINATING' | 'TERMINATED';
}

/** What a query file changed. */
export interface QueryFileResult {
  /** Names of what its statements made. */
  readonly applied: readonly string[];
  /** Names of what was in force already. */
  readonly unchanged: readonly string[];
}

/** How a SELECT is run. */
export interface QueryOptions {
  /**
   * A push query reads from the earliest record (unless the session says otherwise) and ends when everything that its inputs hold at
   * this moment has been processed.
   */
  readonly bounded?: boolean;
}

/** Figures of one query since it was started in this process. */
export interface QueryStatistics {
  readonly id: string;
  /** False for push queries, and pull queries over streams. */
  readonly isPersistent: boolean;
  readonly state: QueryState;
  readonly error: string | null;
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** Records given up, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Greatest event time seen, in ms; null before the first record. */
  readonly streamTime: number | null;
  /** Records in inputs that are not yet processed and committed. */
  readonly lag: number;
  /** How far stream time is behind the clock while there is a lag, in ms: 0 without one, null when there is no stream time yet. */
  readonly lagMs: number | null;
  /** Null for queries that are not persistent. */
  readonly figures: QueryFigures | null;
}

/** Figures of the engine for progress displays and monitoring. */
export interface EngineStatistics {
  readonly queries: readonly QueryStatistics[];
  /** Open push queries, and pull queries over streams. */
  readonly pushQueries: number;
}

/**
 * The whole, in one process: every door (HTTP, REPL, query files, tests, library) calls this and holds no logic of its own.
 * Errors are StatementError (the SQL), SystemError (the service).
 */
export interface Engine {
  /** Resolves once statements can be run. @throws SystemError when that will never be */
  ready(): Promise<void>;
  /** A session with the given overrides and variables. @throws StatementError for an unknown or prohibited property */
  session(properties?: Readonly<Record<string, unknown>>, variables?: Readonly<Record<string, unknown>>): Session;
  /** Parses a text without running it; never throws. */
  parse(
    text: string,
    session?: Session,
  ): { readonly statements: readonly PreparedStatement[]; readonly diagnostics: readonly Diagnostic[] };
  /**
   * Runs all statements of a text but SELECT and PRINT, in order, as one request: everything is checked before anything runs.
   * Statements without an answer (SET, INSERT ... VALUES) add nothing to the result.
   * @throws StatementError with `code` `query-endpoint` for SELECT and PRINT; InterruptedRequest when others had run before
   */
  execute(text: string, session?: Session): Promise<readonly Entity[]>;
  /** Starts the one SELECT or PRINT of a text. @throws StatementError when the text is anything else */
  query(text: string, session?: Session, options?: QueryOptions): Promise<QueryHandle | PrintHandle>;
  /**
   * Runs the statements of a query file that are not in force yet; an unchanged file changes nothing.
   * @throws StatementError for what does not belong there, and for definitions that differ from what exists
   */
  applyQueryFile(text: string, session?: Session): Promise<QueryFileResult>;
  /** Ends a push query by id; false when there is none. */
  closeQuery(queryId: string): Promise<boolean>;
  /**
   * Looks rows of a materialised table up by key; `key` holds one value a key column. All windows of a windowed table.
   * @throws StatementError when the table cannot be read
   */
  lookup(table: string, key: readonly SqlValue[]): Promise<readonly RowObject[]>;
  /**
   * Starts a SELECT and calls `listener` with each row, one after the other; an async listener is awaited, and the query waits with it.
   * @throws StatementError when the text is anything else
   */
  subscribe(
    text: string,
    listener: (row: SubscribedRow) => void | Promise<void>,
    session?: Session,
  ): Promise<Subscription>;
  /**
   * For other nodes of the service: the rows of a pull query that lie in these shards, in the frames of `peer-reads.ts`.
   * @throws SystemError `shard-unavailable`
   */
  shardRows(request: ShardRowsRequest): Promise<AsyncIterable<Uint8Array>>;
  /** The registry that the engine keeps; null when settings name somebody else's. */
  readonly schemaRegistry: EmbeddedRegistry | null;
  /** Where somebody else's registry is, without credentials; null when the engine keeps its own. */
  readonly schemaRegistryUrl: string | null;
  /** The stream or table that rows can be inserted into. @throws StatementError in ksqlDB's words */
  insertTarget(name: string): InsertTarget;
  /**
   * Appends rows given as JSON objects (numbers may be `JsonNumber`s of `model/json-text`, so that no digit is lost) to a stream or table.
   * Resolves when all are durable. Names match without regard to case unless in back-ticks. `ROWTIME` may be given.
   * @throws StatementError for the first row that does not fit; no row of the call is written then
   */
  insert(target: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /** Resolves when everything inserted before the call has been processed and committed by every running query. */
  drain(): Promise<void>;
  statistics(): Promise<EngineStatistics>;
  info(): EngineInfo;
  health(): Promise<EngineHealth>;
  /** Status of statements this process ran, by command id. */
  commandStatuses(): ReadonlyMap<string, CommandStatus>;
  /** Whether a property exists and may be set. @throws StatementError that says why not */
  checkProperty(name: string): void;
  /** Tells other processes that meet the locked file where this one can be reached. */
  announceUrl(url: string): void;
  /** Stops queries, commits what they have done, closes the file. Idempotent. */
  close(): Promise<void>;
}
