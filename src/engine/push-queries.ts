import type { DeployOptions, StreamThread, ThreadEvent, TransientRow } from '../executor/thread/stream-thread.js';
import { StatementError, SystemError } from '../model/errors.js';
import type { PhysicalPlan } from '../planner/physical/physical-plan.js';
import type { QueryEnd, QueryHandle, ResultColumn, ResultRow } from './engine.js';

/** Rows that wait for a slow reader: above the first the query pauses, below the second it goes on. */
const WAITING_MAX = 10_000;
const WAITING_RESUME = 1_000;

/** The transient queries of one engine: push queries, and pull queries over streams. */
export class PushQueries {
  readonly #thread: StreamThread;
  readonly #running = new Map<string, TransientQuery>();

  constructor(thread: StreamThread) {
    this.#thread = thread;
    thread.subscribe((event) => this.#route(event));
  }

  /** Open push queries with the text that started them. */
  list(): readonly { readonly queryId: string; readonly text: string }[] {
    return [...this.#running.values()].map(({ queryId, text }) => ({ queryId, text }));
  }

  async start(
    plan: PhysicalPlan,
    columns: readonly ResultColumn[],
    options: DeployOptions,
    text: string,
    limitMax: number,
  ): Promise<QueryHandle> {
    if (!options.bounded && this.#running.size >= limitMax) {
      throw new StatementError(
        `Maximum number of push queries exceeded. The limit is ${limitMax} and ${this.#running.size} are running (ksql.max.push.queries).`,
        { code: 'too-many-push-queries' },
      );
    }
    const query = new TransientQuery(plan, columns, this.#thread, options.bounded, text, () =>
      this.#running.delete(plan.queryId),
    );
    this.#running.set(plan.queryId, query);
    try {
      await this.#thread.startTransient(plan, { ...options, transient: true });
    } catch (error) {
      this.#running.delete(plan.queryId);
      throw error;
    }
    return query;
  }

  async close(queryId: string): Promise<boolean> {
    const query = this.#running.get(queryId) ?? this.#running.get(queryId.toUpperCase());
    if (query === undefined) return false;
    await query.close();
    return true;
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#running.values()].map((query) => query.close()));
  }

  #route(event: ThreadEvent): void {
    if (event.kind === 'rows') this.#running.get(event.queryId)?.receive(event.rows);
    else if (event.kind === 'ended') this.#running.get(event.queryId)?.finish(event.reason, event.error);
    else if (event.kind === 'threadFailed') {
      for (const query of [...this.#running.values()]) query.finish('error', event.error);
    }
  }
}

class TransientQuery implements QueryHandle {
  readonly kind: 'push' | 'pull';
  readonly queryId: string;
  readonly columns: readonly ResultColumn[];
  readonly announcesCompletion: boolean;
  readonly text: string;
  end: QueryEnd | null = null;
  readonly #thread: StreamThread;
  readonly #onEnd: () => void;
  #waiting: ResultRow[] = [];
  #failure: Error | null = null;
  #paused = false;
  #wake: (() => void) | null = null;

  constructor(
    plan: PhysicalPlan,
    columns: readonly ResultColumn[],
    thread: StreamThread,
    bounded: boolean,
    text: string,
    onEnd: () => void,
  ) {
    this.kind = bounded ? 'pull' : 'push';
    this.queryId = plan.queryId;
    this.columns = columns;
    this.announcesCompletion = true;
    this.text = text;
    this.#thread = thread;
    this.#onEnd = onEnd;
  }

  get batches(): AsyncIterable<readonly ResultRow[]> {
    return this.#batches();
  }

  receive(rows: readonly TransientRow[]): void {
    if (this.end !== null) return;
    for (const { values, tombstone, timestamp } of rows) {
      this.#waiting.push({ values, tombstone, rowtime: timestamp });
    }
    if (this.#waiting.length > WAITING_MAX && !this.#paused) {
      this.#paused = true;
      this.#thread.pause(this.queryId).catch(() => {});
    }
    this.#notify();
  }

  finish(reason: QueryEnd, error: string | null): void {
    if (this.end !== null) return;
    this.end = reason;
    if (error !== null) this.#failure = new SystemError(error, { code: 'query-failed' });
    this.#onEnd();
    this.#notify();
  }

  async close(): Promise<void> {
    if (this.end !== null) return;
    this.finish('closed', null);
    await this.#thread.stopTransient(this.queryId).catch(() => {});
  }

  async *#batches(): AsyncIterable<readonly ResultRow[]> {
    try {
      for (;;) {
        if (this.#waiting.length > 0) {
          const rows = this.#waiting;
          this.#waiting = [];
          yield rows;
          if (this.#paused && this.#waiting.length < WAITING_RESUME) {
            this.#paused = false;
            this.#thread.resume(this.queryId).catch(() => {});
          }
          continue;
        }
        if (this.end !== null) break;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      if (this.#failure !== null) throw this.#failure;
    } finally {
      await this.close();
    }
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
