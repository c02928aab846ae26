import { EventLoopDelay } from './event-loop-delay.js';

/** What a server counts of itself. */
export class ServerFigures {
  readonly eventLoopDelay = new EventLoopDelay();
  /** Connections of clients; null where nobody listens. */
  readonly connections: () => number | null;
  /** By route, then status. */
  readonly #requests = new Map<string, Map<number, number>>();

  constructor(connections: () => number | null = () => null) {
    this.connections = connections;
  }

  /** @param route the path of the endpoint, with its parameters as names */
  answered(route: string, status: number): void {
    let statuses = this.#requests.get(route);
    if (statuses === undefined) {
      statuses = new Map();
      this.#requests.set(route, statuses);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  /** How many requests were answered. */
  requests(): readonly { readonly route: string; readonly status: number; readonly count: number }[] {
    return [...this.#requests].flatMap(([route, statuses]) =>
      [...statuses].map(([status, count]) => ({ route, status, count })),
    );
  }
}
