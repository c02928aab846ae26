import type { Appended, PendingBatch } from '../../broker/broker.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import type { Database } from '../../storage/database.js';
import type {
  DeployOptions,
  HealthCheck,
  QueryStatus,
  StreamThread,
  ThreadChange,
  ThreadEvent,
} from './stream-thread.js';
import type { StreamThreadCore } from './stream-thread-core.js';

/** The stream thread on the event loop of its caller: for databases in memory, tests and simulation. */
export class InlineStreamThread implements StreamThread {
  /** The writer's connection; a database in memory has no other, so that readers share it. */
  readonly database: Database;
  readonly #core: StreamThreadCore;

  constructor(core: StreamThreadCore, database: Database) {
    this.#core = core;
    this.database = database;
  }

  /** There is no other writer. */
  async claim(): Promise<void> {}

  /** Queries are deployed and dropped by `apply`. */
  follow(): void {}

  async apply(change: ThreadChange): Promise<void> {
    this.#core.apply(change);
  }

  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    return this.#core.append(batches);
  }

  async pause(queryId: string): Promise<void> {
    this.#core.pause(queryId);
  }

  async resume(queryId: string): Promise<void> {
    this.#core.resume(queryId);
  }

  async startTransient(plan: PhysicalPlan, options: DeployOptions): Promise<void> {
    this.#core.startTransient(plan, options);
  }

  async stopTransient(queryId: string): Promise<void> {
    this.#core.stopTransient(queryId);
  }

  async status(): Promise<readonly QueryStatus[]> {
    return this.#core.status();
  }

  drain(): Promise<void> {
    return this.#core.drain();
  }

  /** Everything there is to say is told as events. */
  health(): readonly HealthCheck[] {
    return [];
  }

  subscribe(listener: (event: ThreadEvent) => void): () => void {
    return this.#core.subscribe(listener);
  }

  async close(): Promise<void> {
    this.#core.close();
  }
}
