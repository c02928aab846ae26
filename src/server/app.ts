import { Hono } from 'hono';
import type { Engine } from '../engine/engine.js';
import { type Clock, systemClock } from '../model/time.js';
import { type BrowserGuard, refusal } from './browser-guard.js';
import { type ErrorLog, errorReply, errorResponse, RequestError } from './error-response.js';
import { ServerFigures } from './metrics/server-figures.js';
import { OpenStreams } from './open-streams.js';
import { ROUTES } from './routes/index.js';
import { DEFAULT_LIMITS, type ServerContext, type ServerEnv, type ServerLimits } from './server-context.js';

export interface AppOptions {
  /** What differs from the defaults: 1 MB a request, 16 MB a row of `/inserts-stream`. */
  readonly limits?: Partial<ServerLimits>;
  /** Told of errors nobody foresaw; standard error by default. */
  readonly log?: ErrorLog;
  readonly clock?: Clock;
  /** Shared with whoever has to end the streams when the server shuts down. */
  readonly streams?: OpenStreams;
  /** Shared with whoever knows of connections and measures the event loop. */
  readonly figures?: ServerFigures;
  /** Which `Host` headers are answered: `loopback` for servers that only this machine can reach. Default `any`. */
  readonly hosts?: BrowserGuard['hosts'];
}

/** ksqlDB's HTTP API over an engine. Works on bare requests too: `createApp(engine).fetch(new Request('http://x/info'))`. */
export function createApp(engine: Engine, options: AppOptions = {}): Hono<ServerEnv> {
  const log = options.log ?? console.error;
  const streams = options.streams ?? new OpenStreams();
  const figures = options.figures ?? new ServerFigures();
  const guard: BrowserGuard = { hosts: options.hosts ?? 'any' };
  const server: ServerContext = {
    engine,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    clock: options.clock ?? systemClock,
    log,
    streams,
    figures,
  };
  const app = new Hono<ServerEnv>();
  app.use(async (request, next) => {
    await next();
    figures.answered(request.get('route') ?? 'other', request.res.status);
  });
  app.use(async (request, next) => {
    const reason = refusal(request.req, guard);
    if (reason !== null) throw new RequestError(403, 40300, reason);
    if (streams.closing && !request.req.path.startsWith('/chc/')) {
      throw new RequestError(503, 50303, 'The server is shutting down');
    }
    await next();
  });
  for (const { path, methods, handle } of ROUTES) {
    app.on([...methods], path, (request) => {
      request.set('route', path);
      return handle(request, server);
    });
    app.all(path, (request) => {
      request.set('route', path);
      return new Response(null, { status: 405, headers: { allow: methods.join(', ') } });
    });
  }
  app.notFound(() => new Response('Not Found', { status: 404, headers: { 'content-type': 'text/plain' } }));
  app.onError((error) => errorResponse(errorReply(error, log)));
  return app;
}
