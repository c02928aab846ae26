import { Worker } from 'node:worker_threads';
import type { Appended, PendingBatch } from '../../broker/broker.js';
import type { SchemaLoader } from '../../formats/schema-registry/schema-cache.js';
import { SystemError, unreachable } from '../../model/errors.js';
import type { SqlType } from '../../model/sql-type.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import { type Call, errorFromData, type Reply, type Request, transferable, withBuffers } from './messages.js';
import type { StreamThreadSettings } from './open-core.js';
import type {
  DeployOptions,
  HealthCheck,
  QueryStatus,
  StreamThread,
  ThreadChange,
  ThreadEvent,
} from './stream-thread.js';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The stream thread in a worker of its own, so that no batch of records keeps the main thread from its clients. When the worker dies,
 * every call fails with SystemError `stream-thread-failed` and listeners hear `threadFailed`; the file holds what was acknowledged.
 */
export class WorkerStreamThread implements StreamThread {
  readonly #worker: Worker;
  readonly #loadSchema: SchemaLoader;
  readonly #listeners = new Set<(event: ThreadEvent) => void>();
  readonly #waiting = new Map<number, Waiting>();
  /** Transient queries with BYTES among their columns. */
  readonly #withBytes = new Set<string>();
  #lastId = 0;
  #failure: SystemError | null = null;
  #closing = false;
  #started: Waiting | null = null;

  private constructor(worker: Worker, loadSchema: SchemaLoader) {
    this.#worker = worker;
    this.#loadSchema = loadSchema;
    worker.on('message', (reply: Reply) => this.#receive(reply));
    worker.on('messageerror', (error) => this.#die(error));
    worker.on('error', (error) => this.#die(error));
    worker.on('exit', (code) => {
      if (this.#closing && code === 0) this.#die(null);
      else this.#die(new Error(`its thread ended with code ${code}`));
    });
  }

  /**
   * @param url the bundled entry, `dist/stream-thread.js`
   * @throws SystemError when the file cannot be opened
   */
  static async start(settings: StreamThreadSettings, url: URL, loadSchema: SchemaLoader): Promise<WorkerStreamThread> {
    const worker = new Worker(url, { workerData: settings, name: 'stream-thread' });
    const thread = new WorkerStreamThread(worker, loadSchema);
    await new Promise<unknown>((resolve, reject) => {
      thread.#started = { resolve, reject };
    });
    return thread;
  }

  /** There is no other writer. */
  async claim(): Promise<void> {}

  /** Queries are deployed and dropped by `apply`. */
  follow(): void {}

  async apply(change: ThreadChange): Promise<void> {
    await this.#call({ call: 'apply', change });
  }

  async append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    return (await this.#call({ call: 'append', batches }, transferable(batches))) as readonly Appended[];
  }

  async pause(queryId: string): Promise<void> {
    await this.#call({ call: 'pause', queryId });
  }

  async resume(queryId: string): Promise<void> {
    await this.#call({ call: 'resume', queryId });
  }

  async startTransient(plan: PhysicalPlan, options: DeployOptions): Promise<void> {
    // Set before the answer comes: rows may come with it.
    if (hasBytes(plan)) this.#withBytes.add(plan.queryId);
    try {
      await this.#call({ call: 'startTransient', plan, options });
    } catch (error) {
      this.#withBytes.delete(plan.queryId);
      throw error;
    }
  }

  async stopTransient(queryId: string): Promise<void> {
    await this.#call({ call: 'stopTransient', queryId });
    this.#withBytes.delete(queryId);
  }

  async status(): Promise<readonly QueryStatus[]> {
    return (await this.#call({ call: 'status' })) as readonly QueryStatus[];
  }

  async drain(): Promise<void> {
    await this.#call({ call: 'drain' });
  }

  /** Everything there is to say is told as events. */
  health(): readonly HealthCheck[] {
    return [];
  }

  subscribe(listener: (event: ThreadEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#failure !== null) return;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#closing = true;
    try {
      await this.#call({ call: 'close' });
    } finally {
      await ended;
    }
  }

  #call(call: Call, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#post({ ...call, id }, transfer);
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #post(request: Request, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  #receive(reply: Reply): void {
    switch (reply.kind) {
      case 'ready':
        this.#started?.resolve(undefined);
        this.#started = null;
        return;
      case 'refused':
        this.#closing = true;
        this.#started?.reject(errorFromData(reply.error));
        this.#started = null;
        return;
      case 'result':
        this.#answered(reply.id)?.resolve(reply.result);
        return;
      case 'failure':
        this.#answered(reply.id)?.reject(errorFromData(reply.error));
        return;
      case 'event':
        this.#hear(reply.event);
        return;
      case 'wantSchema':
        void this.#sendSchema(reply.schemaId);
        return;
      default:
        unreachable(reply);
    }
  }

  async #sendSchema(schemaId: number): Promise<void> {
    try {
      const schema = await this.#loadSchema(schemaId);
      if (this.#failure === null) this.#post({ call: 'schema', schemaId, schema });
    } catch {
      // The engine closes.
    }
  }

  #answered(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #hear(event: ThreadEvent): void {
    if (event.kind === 'rows') {
      const { queryId, rows } = event;
      const received = this.#withBytes.has(queryId)
        ? rows.map((row) => ({ ...row, values: row.values.map(withBuffers) }))
        : rows;
      this.#emit({ ...event, rows: received });
      this.#post({ call: 'received', queryId, rows: rows.length });
      return;
    }
    if (event.kind === 'ended') this.#withBytes.delete(event.queryId);
    this.#emit(event);
  }

  #emit(event: ThreadEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The worker is gone. @param cause null after a close */
  #die(cause: Error | null): void {
    if (this.#failure !== null) return;
    this.#failure =
      cause === null
        ? new SystemError('the engine is closed', { code: 'closed' })
        : new SystemError(`the stream thread has failed: ${cause.message}`, {
            code: 'stream-thread-failed',
            hint: 'start the engine again; it goes on from the last commit',
            cause,
          });
    this.#started?.reject(this.#failure);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
    if (cause !== null) this.#emit({ kind: 'threadFailed', error: this.#failure.message });
    this.#listeners.clear();
    void this.#worker.terminate();
  }
}

function hasBytes(plan: PhysicalPlan): boolean {
  return plan.root.schema.columns.some(({ type }) => holdsBytes(type));
}

function holdsBytes(type: SqlType): boolean {
  switch (type.kind) {
    case 'BYTES':
      return true;
    case 'ARRAY':
      return holdsBytes(type.element);
    case 'MAP':
      return holdsBytes(type.key) || holdsBytes(type.value);
    case 'STRUCT':
      return type.fields.some((field) => holdsBytes(field.type));
    default:
      return false;
  }
}
