import { getRequestListener } from '@hono/node-server';
import type { Engine } from '../engine/engine.js';
import { SystemError } from '../model/errors.js';
import { type AppOptions, createApp } from './app.js';
import { isLoopbackName } from './browser-guard.js';
import { DualServer } from './dual-server.js';
import { ServerFigures } from './metrics/server-figures.js';
import { OpenStreams } from './open-streams.js';

export interface ServeOptions extends Pick<AppOptions, 'limits' | 'log' | 'clock'> {
  /** Address to listen on; `127.0.0.1` by default. */
  readonly host?: string;
  /** 0 lets the system choose; 8088, ksqlDB's port, by default. */
  readonly port?: number;
  /** Listen on an address that other machines can reach, although nobody is asked who they are. */
  readonly insecure?: boolean;
}

export interface RunningServer {
  /** Where clients on this machine reach it. */
  readonly url: string;
  readonly port: number;
  /** Ends open queries, lets responses end, and is done within a few seconds. The engine stays open. Idempotent. */
  close(): Promise<void>;
}

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 8088;
const CLOSE_GRACE_MS = 2_000;

/**
 * Serves an engine over HTTP/1.1 and HTTP/2 on one port.
 * @throws SystemError when the address is not safe to listen on, or not to be had
 */
export async function serve(engine: Engine, options: ServeOptions = {}): Promise<RunningServer> {
  const host = options.host ?? DEFAULT_HOST;
  const port = options.port ?? DEFAULT_PORT;
  const loopback = isLoopbackName(host);
  if (!loopback && options.insecure !== true) {
    throw new SystemError(`refusing to listen on ${host}: other machines could run any statement without a password`, {
      code: 'insecure-address',
      hint: 'Listen on 127.0.0.1 behind a proxy that asks for passwords, or pass --insecure on a network you trust.',
    });
  }
  const streams = new OpenStreams();
  const figures = new ServerFigures(() => server.connections);
  const app = createApp(engine, { ...options, streams, figures, hosts: loopback ? 'loopback' : 'any' });
  const listener = getRequestListener(app.fetch, {
    hostname: 'localhost',
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  });
  const server: DualServer = new DualServer((request, response) => void listener(request, response));
  let actualPort: number;
  try {
    actualPort = await server.listen(host, port);
  } catch (error) {
    throw listenError(error, host, port);
  }
  const url = `http://${urlHost(host)}:${actualPort}`;
  engine.announceUrl(url);
  figures.eventLoopDelay.start();
  let closing: Promise<void> | null = null;
  return {
    url,
    port: actualPort,
    close() {
      closing ??= Promise.all([streams.closeAll(), server.close(CLOSE_GRACE_MS)]).then(() => {
        figures.eventLoopDelay.stop();
      });
      return closing;
    },
  };
}

/** How to write a host in a URL of this machine. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return DEFAULT_HOST;
  return host.includes(':') ? `[${host}]` : host;
}

function listenError(error: unknown, host: string, port: number): SystemError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const problem = LISTEN_PROBLEMS[code];
  if (problem !== undefined) {
    return new SystemError(`cannot listen on ${host}:${port}: ${problem.text}`, {
      code: problem.code,
      hint: problem.hint,
      cause: error,
    });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new SystemError(`cannot listen on ${host}:${port}: ${text}`, { code: 'listen-failed', cause: error });
}

const LISTEN_PROBLEMS: Readonly<
  Record<string, { readonly code: string; readonly text: string; readonly hint: string }>
> = {
  EADDRINUSE: {
    code: 'port-in-use',
    text: 'another program listens there',
    hint: 'Stop it, or choose another port with --listen HOST:PORT; port 0 takes a free one.',
  },
  EACCES: {
    code: 'port-forbidden',
    text: 'the system does not allow it',
    hint: 'Ports below 1024 are for administrators: choose a higher one with --listen HOST:PORT.',
  },
  EADDRNOTAVAIL: {
    code: 'address-unknown',
    text: 'this machine has no such address',
    hint: 'Use 127.0.0.1 for this machine alone.',
  },
  ENOTFOUND: {
    code: 'address-unknown',
    text: 'the name is unknown',
    hint: 'Use 127.0.0.1 for this machine alone.',
  },
};
