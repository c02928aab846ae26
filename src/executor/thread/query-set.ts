import type { Clock } from '../../model/time.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import type { TaskStores } from '../../state/state-store.js';
import { ProcessingLog } from '../task/processing-log.js';
import type { QueryRunner } from '../task/runner.js';
import { TransientRows } from '../task/transient-rows.js';
import type { DeployOptions, QueryStatus, ThreadEvent } from './stream-thread.js';

/** Waits before a broken query is tried again: ksqlDB's, doubling from the first to the second. */
export const RETRY_MS_FIRST = 15_000;
const RETRY_MS_MAX = 15 * 60_000;

/** Makes the tasks of queries. */
export interface RunnerFactory {
  /**
   * Opens tasks and stores where the last commit left them; a query without one gets its beginnings written down. In one transaction,
   * or in the caller's. @throws when the plan cannot be run here
   */
  open(query: ManagedQuery): QueryRunner;
  /** The stores of a query that is not running, to delete them. */
  stores(queryId: string): TaskStores;
}

/** A query of the thread and what is known of it. */
export class ManagedQuery {
  readonly id: string;
  readonly plan: PhysicalPlan;
  readonly options: DeployOptions;
  readonly errors: ProcessingLog;
  /** Set for transient queries. */
  readonly rows: TransientRows | null;
  paused: boolean;
  /** The receiver of a transient query's rows asks to wait. */
  held = false;
  /** Null while the query is in error. */
  runner: QueryRunner | null = null;
  error: string | null = null;
  attempts = 0;
  retry: NodeJS.Timeout | null = null;
  rowsInBefore = 0;
  rowsOutBefore = 0;

  constructor(plan: PhysicalPlan, options: DeployOptions, clock: Clock) {
    this.id = plan.queryId;
    this.plan = plan;
    this.options = options;
    this.paused = options.paused;
    this.errors = new ProcessingLog(plan.queryId, () => clock.now());
    this.rows = options.transient ? new TransientRows(plan.limit) : null;
  }

  get status(): Omit<QueryStatus, 'positions'> {
    const { runner } = this;
    const progress = runner?.progress() ?? [];
    let streamTime: number | null = null;
    for (const { streamTime: time } of progress) if (time !== null && time > (streamTime ?? -1)) streamTime = time;
    return {
      queryId: this.id,
      state: this.error !== null ? 'ERROR' : this.paused ? 'PAUSED' : 'RUNNING',
      error: this.error,
      rowsIn: this.rowsInBefore + (runner?.rowsIn ?? 0),
      rowsOut: this.rowsOutBefore + (runner?.rowsOut ?? 0),
      dropped: this.errors.dropped(),
      streamTime,
    };
  }

  /** Lets go of tasks and stores; what was not committed will be processed again. */
  stop(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    const { runner } = this;
    if (runner === null) return;
    this.runner = null;
    this.rowsInBefore += runner.committedRows.rowsIn;
    this.rowsOutBefore += runner.committedRows.rowsOut;
    this.errors.discard();
    runner.close();
  }
}

export interface QuerySetParts {
  readonly factory: RunnerFactory;
  readonly clock: Clock;
  readonly emit: (event: ThreadEvent) => void;
  /** Called when there may be work. */
  readonly wake: () => void;
  readonly retryMs: number;
}

/** The queries of the thread: those that run, those that wait, those that failed. One that fails does not touch the others. */
export class QuerySet {
  readonly #parts: QuerySetParts;
  readonly #queries = new Map<string, ManagedQuery>();
  #running: ManagedQuery[] | null = null;

  constructor(parts: QuerySetParts) {
    this.#parts = parts;
  }

  get(queryId: string): ManagedQuery | undefined {
    return this.#queries.get(queryId);
  }

  all(): IterableIterator<ManagedQuery> {
    return this.#queries.values();
  }

  /** Queries with open tasks that are not paused. */
  running(): readonly ManagedQuery[] {
    this.#running ??= [...this.#queries.values()].filter((query) => query.runner !== null && !query.paused);
    return this.#running;
  }

  create(plan: PhysicalPlan, options: DeployOptions): ManagedQuery {
    return new ManagedQuery(plan, options, this.#parts.clock);
  }

  /** Opens the tasks of a query. @throws what the factory throws; the query has none then */
  open(query: ManagedQuery): void {
    query.runner = this.#parts.factory.open(query);
    query.error = null;
    this.#running = null;
  }

  add(query: ManagedQuery): void {
    this.#queries.set(query.id, query);
    this.#running = null;
  }

  remove(query: ManagedQuery): void {
    query.stop();
    if (this.#queries.get(query.id) === query) this.#queries.delete(query.id);
    this.#running = null;
  }

  setPaused(query: ManagedQuery, paused: boolean): void {
    query.paused = paused;
    this.#running = null;
  }

  /** Stops a query's tasks for a while, to be opened again where the last commit left them. */
  suspend(query: ManagedQuery): void {
    query.stop();
    this.#running = null;
  }

  /** A query has thrown: its effects since the last commit are dropped; it is tried again later, ever later. */
  fail(query: ManagedQuery, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.suspend(query);
    query.error = message;
    const { retryMs, emit } = this.#parts;
    if (query.options.transient) {
      this.remove(query);
      emit({ kind: 'ended', queryId: query.id, reason: 'error', error: message });
      return;
    }
    query.errors.failed(message, 'stream-thread');
    query.retry = setTimeout(() => this.#tryAgain(query), Math.min(retryMs * 2 ** query.attempts, RETRY_MS_MAX));
    query.retry.unref();
    query.attempts++;
    emit({ kind: 'queryFailed', queryId: query.id, error: message });
    this.#parts.wake();
  }

  /** The query's effects were committed: what broke it is over. */
  succeeded(query: ManagedQuery): void {
    query.attempts = 0;
  }

  close(): void {
    for (const query of this.#queries.values()) query.stop();
    this.#queries.clear();
    this.#running = null;
  }

  #tryAgain(query: ManagedQuery): void {
    query.retry = null;
    if (this.#queries.get(query.id) !== query || query.runner !== null) return;
    try {
      this.open(query);
      this.#parts.wake();
    } catch (error) {
      this.fail(query, error);
    }
  }
}
