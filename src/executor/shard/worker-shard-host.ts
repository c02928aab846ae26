import { Worker } from 'node:worker_threads';
import { SystemError } from '../../model/errors.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import { withBuffers } from '../thread/messages.js';
import type { DeployOptions } from '../thread/stream-thread.js';
import { Rpc } from './rpc.js';
import type {
  HostEvent,
  HostedQuery,
  HostedStatus,
  ShardHost,
  ShardHostOwner,
  ShardHostSettings,
} from './shard-host.js';

/** A stream thread in a worker of its own. When the worker dies, every call fails with SystemError `stream-thread-failed`. */
export class WorkerShardHost implements ShardHost {
  readonly #worker: Worker;
  readonly #rpc: Rpc<ShardHost>;
  #closing = false;

  /**
   * @param url the bundled entry, `dist/shard-thread.js`
   * @param onDeath called when the worker ends without being told
   */
  constructor(settings: ShardHostSettings, owner: ShardHostOwner, url: URL, onDeath: (error: SystemError) => void) {
    this.#worker = new Worker(url, { workerData: settings, name: 'shard-thread' });
    this.#rpc = new Rpc<ShardHost>(this.#worker, {
      event: (event: HostEvent) => owner.event(withRows(event)),
      confirmOwner: (queryId: string, index: number) => owner.confirmOwner(queryId, index),
      loadSchema: (id: number) => owner.loadSchema(id),
    });
    const die = (cause: Error): void => {
      const error = new SystemError(`a stream thread has failed: ${cause.message}`, {
        code: 'stream-thread-failed',
        hint: 'start the node again; its shards go on from the last commit',
        cause,
      });
      this.#rpc.fail(error);
      if (!this.#closing) onDeath(error);
      this.#closing = true;
    };
    this.#worker.on('error', die);
    this.#worker.on('exit', (code) => {
      if (this.#closing && code === 0) this.#rpc.fail(new SystemError('the engine is closed', { code: 'closed' }));
      else die(new Error(`its thread ended with code ${code}`));
    });
  }

  setQueries(queries: readonly HostedQuery[]): Promise<void> {
    return this.#rpc.call('setQueries', queries);
  }

  forget(queryId: string): Promise<void> {
    return this.#rpc.call('forget', queryId);
  }

  startTransient(plan: PhysicalPlan, options: DeployOptions): Promise<void> {
    return this.#rpc.call('startTransient', plan, options);
  }

  stopTransient(queryId: string): Promise<void> {
    return this.#rpc.call('stopTransient', queryId);
  }

  hold(queryId: string, held: boolean): Promise<void> {
    return this.#rpc.call('hold', queryId, held);
  }

  status(): Promise<readonly HostedStatus[]> {
    return this.#rpc.call('status');
  }

  caughtUp(): Promise<boolean> {
    return this.#rpc.call('caughtUp');
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    try {
      await this.#rpc.call('close');
    } finally {
      await ended;
    }
  }
}

/** Values are plain bytes after their way through a message. */
function withRows(event: HostEvent): HostEvent {
  if (event.kind !== 'rows') return event;
  return { ...event, rows: event.rows.map((row) => ({ ...row, values: row.values.map(withBuffers) })) };
}
