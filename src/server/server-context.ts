import type { Http2Bindings, HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Engine } from '../engine/engine.js';
import type { Clock } from '../model/time.js';
import type { ErrorLog } from './error-response.js';
import type { ServerFigures } from './metrics/server-figures.js';
import type { OpenStreams } from './open-streams.js';

/** Limits of requests, in bytes. */
export interface ServerLimits {
  /** Body of a request that brings statements. */
  readonly statementBytesMax: number;
  /** One row of `/inserts-stream`; its body has no limit. */
  readonly insertLineBytesMax: number;
}

export const DEFAULT_LIMITS: ServerLimits = { statementBytesMax: 1_048_576, insertLineBytesMax: 16 * 1_048_576 };

/** What every route works with. */
export interface ServerContext {
  readonly engine: Engine;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly log: ErrorLog;
  readonly streams: OpenStreams;
  readonly figures: ServerFigures;
}

export interface ServerEnv {
  /** Node's request and response, absent when the app is called with a bare `Request`. */
  Bindings: HttpBindings | Http2Bindings;
  Variables: {
    /** The path of the endpoint, once it is known. */
    route?: string;
  };
}

export type ServerRequest = Context<ServerEnv>;

/** One endpoint: `/path/:parameter`, the methods it answers, and what it does. */
export interface Route {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[];
  readonly handle: (request: ServerRequest, server: ServerContext) => Response | Promise<Response>;
}
