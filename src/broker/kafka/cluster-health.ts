import { LogError } from '../cluster-log.js';
import { inFull } from './kafka-errors.js';
import type { KafkaLog } from './kafka-options.js';

/** Whether the cluster can be used, as far as is known. */
export type KafkaState =
  | { readonly kind: 'connected' }
  /** @property since when, in ms since 1970 */
  | { readonly kind: 'unreachable'; readonly since: number; readonly error: LogError }
  /** The cluster answers, and does not let us in: trying again helps once somebody has mended credentials or certificates. */
  | { readonly kind: 'rejected'; readonly error: LogError };

/** What all connections to a cluster have found out about it together. Logs when that changes. */
export class ClusterHealth {
  readonly #log: KafkaLog;
  readonly #now: () => number;
  #state: KafkaState;

  constructor(log: KafkaLog, now: () => number) {
    this.#log = log;
    this.#now = now;
    this.#state = { kind: 'unreachable', since: now(), error: notYetConnected() };
  }

  get state(): KafkaState {
    return this.#state;
  }

  /** A broker has answered a request. */
  answered(): void {
    if (this.#state.kind === 'connected') return;
    this.#state = { kind: 'connected' };
    this.#log('info', 'connected to the Kafka cluster');
  }

  /** No broker can be reached, or none lets us in. */
  failed(error: LogError): void {
    if (error.failure === 'refused') {
      const known = this.#state.kind === 'rejected' && this.#state.error.code === error.code;
      if (!known) this.#log('error', inFull(error));
      this.#state = { kind: 'rejected', error };
      return;
    }
    const before = this.#state;
    if (before.kind === 'unreachable') {
      if (before.error.code === NOT_YET) this.#log('warn', inFull(error));
      this.#state = { kind: 'unreachable', since: before.since, error };
      return;
    }
    this.#log('warn', inFull(error));
    this.#state = { kind: 'unreachable', since: this.#now(), error };
  }
}

const NOT_YET = 'kafka-not-yet-connected';

function notYetConnected(): LogError {
  return new LogError('unavailable', 'the Kafka cluster has not answered yet', { code: NOT_YET });
}
