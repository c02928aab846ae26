import { unreachable } from '../../model/errors.js';
import { asBuffer, errorToData, type Reply, type Request } from './messages.js';
import type { ThreadEvent } from './stream-thread.js';
import type { StreamThreadCore } from './stream-thread-core.js';

/** Rows of one transient query on their way to the main thread: above the first it waits, below the second it goes on. */
const ROWS_UNDERWAY_MAX = 20_000;
const ROWS_UNDERWAY_RESUME = 5_000;

/** Serves the calls that reach a stream thread in a worker, and reports its events. */
export class WorkerHost {
  readonly #core: StreamThreadCore;
  readonly #send: (reply: Reply) => void;
  readonly #rowsUnderway = new Map<string, number>();

  constructor(core: StreamThreadCore, send: (reply: Reply) => void) {
    this.#core = core;
    this.#send = send;
    core.subscribe((event) => this.#report(event));
  }

  handle(request: Exclude<Request, { readonly call: 'schema' }>): void {
    if (request.call === 'received') {
      this.#received(request.queryId, request.rows);
      return;
    }
    const { id } = request;
    const fail = (error: unknown): void => this.#send({ kind: 'failure', id, error: errorToData(error) });
    try {
      const result = this.#serve(request);
      if (result instanceof Promise) result.then((value) => this.#send({ kind: 'result', id, result: value }), fail);
      else this.#send({ kind: 'result', id, result });
    } catch (error) {
      fail(error);
    }
  }

  #serve(request: Exclude<Request, { readonly call: 'received' | 'schema' }>): unknown {
    const core = this.#core;
    switch (request.call) {
      case 'apply':
        return core.apply(request.change);
      case 'append':
        return core.append(request.batches.map((batch) => ({ ...batch, bytes: asBuffer(batch.bytes) })));
      case 'pause':
        return core.pause(request.queryId);
      case 'resume':
        return core.resume(request.queryId);
      case 'startTransient':
        return core.startTransient(request.plan, request.options);
      case 'stopTransient':
        return core.stopTransient(request.queryId);
      case 'status':
        return core.status();
      case 'drain':
        return core.drain();
      case 'close':
        return core.close();
      default:
        return unreachable(request);
    }
  }

  #report(event: ThreadEvent): void {
    if (event.kind === 'rows') {
      const underway = (this.#rowsUnderway.get(event.queryId) ?? 0) + event.rows.length;
      this.#rowsUnderway.set(event.queryId, underway);
      if (underway > ROWS_UNDERWAY_MAX) this.#core.hold(event.queryId, true);
    } else if (event.kind === 'ended') {
      this.#rowsUnderway.delete(event.queryId);
    }
    this.#send({ kind: 'event', event });
  }

  #received(queryId: string, rows: number): void {
    const underway = this.#rowsUnderway.get(queryId);
    if (underway === undefined) return;
    this.#rowsUnderway.set(queryId, underway - rows);
    if (underway - rows < ROWS_UNDERWAY_RESUME) this.#core.hold(queryId, false);
  }
}
