import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  constants,
  createServer as createHttp2Server,
  type ServerOptions as Http2Options,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;
export type NodeListener = (request: NodeRequest, response: NodeResponse) => void;

/** Request line and headers must be there by then; so must the first bytes of a connection. */
const HEADERS_TIMEOUT_MS = 15_000;
/** An HTTP/1.1 request, body included. Bodies without end go over HTTP/2. */
const REQUEST_TIMEOUT_MS = 300_000;
/** How long a connection may stay without a request. While a response is open nothing is timed. */
const IDLE_TIMEOUT_MS = 75_000;
const HTTP2_IDLE_TIMEOUT_MS = 600_000;
const HEADER_BYTES_MAX = 16_384;
const CONNECTIONS_MAX = 20_000;
const STREAMS_PER_CONNECTION_MAX = 1_000;
/** How much a client may send ahead: in one request, and in all of a connection. */
const HTTP2_WINDOW_BYTES = 262_144;
const HTTP2_CONNECTION_WINDOW_BYTES = 1_048_576;
/** How long a body that nobody wants is still read, so that its sender gets to see the answer. */
const UNREAD_BODY_MS = 500;
const CLOSE_POLL_MS = 20;

/** Node's types do not know the first two. */
const HTTP2_OPTIONS: Http2Options & {
  readonly maxSessionInvalidFrames: number;
  readonly maxSessionRejectedStreams: number;
} = {
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  settings: {
    maxConcurrentStreams: STREAMS_PER_CONNECTION_MAX,
    maxHeaderListSize: HEADER_BYTES_MAX,
    initialWindowSize: HTTP2_WINDOW_BYTES,
    enablePush: false,
  },
};

/**
 * One port for HTTP/1.1 and for HTTP/2 without TLS: ksqlDB's clients open HTTP/2 directly ("prior knowledge"), and its first
 * bytes are unlike any request of HTTP/1.1.
 */
export class DualServer {
  readonly #http: Server;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(listener: NodeListener) {
    this.#http = createServer(
      {
        noDelay: true,
        keepAlive: true,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: IDLE_TIMEOUT_MS,
        connectionsCheckingInterval: 5_000,
        maxHeaderSize: HEADER_BYTES_MAX,
      },
      (request, response) => {
        response.once('finish', () => discardBody(request));
        listener(request, response);
      },
    );
    this.#http.timeout = 0;
    this.#http.maxRequestsPerSocket = 0;
    this.#http.maxConnections = CONNECTIONS_MAX;
    this.#http2 = createHttp2Server(HTTP2_OPTIONS, (request, response) => {
      response.once('finish', () => discardHttp2Body(request));
      listener(request, response);
    });
    this.#http2.on('session', (session) => this.#watch(session));
    this.#sniffConnections();
  }

  /** @throws Node's error when the address cannot be had. @returns the port, which the system chose when it was 0 */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen({ host, port }, () => {
        this.#http.off('error', reject);
        resolve((this.#http.address() as AddressInfo).port);
      });
    });
  }

  /** Open connections, idle ones included. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Takes no more connections, lets open responses end, and cuts what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    const idle = setInterval(() => this.#http.closeIdleConnections(), CLOSE_POLL_MS);
    const cut = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearInterval(idle);
    clearTimeout(cut);
  }

  /** The HTTP/1.1 server listens for both, so that its timeouts and limits hold; connections of HTTP/2 go to the other one. */
  #sniffConnections(): void {
    const asHttp1 = this.#http.listeners('connection');
    this.#http.removeAllListeners('connection');
    this.#http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      const drop = (): void => {
        socket.destroy();
      };
      socket.once('error', drop);
      socket.setTimeout(HEADERS_TIMEOUT_MS, drop);
      const decide = (http2: boolean): void => {
        socket.off('error', drop);
        socket.off('timeout', drop);
        socket.setTimeout(0);
        if (http2) this.#http2.emit('connection', socket);
        else for (const handle of asHttp1) handle.call(this.#http, socket);
      };
      sniff(socket, decide);
    });
  }

  /** Ends connections that have carried no request for a while. */
  #watch(session: ServerHttp2Session): void {
    let open = 0;
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
    session.on('error', () => session.destroy());
    session.setLocalWindowSize(HTTP2_CONNECTION_WINDOW_BYTES);
    session.on('stream', (stream) => {
      open++;
      stream.once('close', () => open--);
    });
    session.setTimeout(HTTP2_IDLE_TIMEOUT_MS, () => {
      if (open === 0) session.close();
    });
  }
}

/** What a connection of HTTP/2 begins with; no method of HTTP/1.1 does. */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Looks at the first bytes of a connection and puts them back. */
function sniff(socket: Socket, decide: (http2: boolean) => void): void {
  const seen = socket.read() as Buffer | null;
  if (seen === null) {
    socket.once('readable', () => sniff(socket, decide));
    return;
  }
  const length = Math.min(seen.length, HTTP2_PREFACE.length);
  const matches = seen.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
  socket.unshift(seen);
  if (!matches) decide(false);
  else if (length === HTTP2_PREFACE.length) decide(true);
  else awaitMore(socket, seen.length, decide);
}

/** The beginning fits so far: waits until there is more than `known` bytes. */
function awaitMore(socket: Socket, known: number, decide: (http2: boolean) => void): void {
  socket.once('readable', () => {
    if (socket.readableLength > known) sniff(socket, decide);
    else if (!socket.readableEnded && !socket.destroyed) awaitMore(socket, known, decide);
  });
}

/** Reads what is left of a body after its answer, then gives the connection up. */
function discardBody(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  const giveUp = setTimeout(() => request.socket.destroy(), UNREAD_BODY_MS);
  request.once('end', () => clearTimeout(giveUp));
  request.once('close', () => clearTimeout(giveUp));
  request.resume();
}

function discardHttp2Body({ stream }: Http2ServerRequest): void {
  if (!stream.closed && !stream.destroyed && !stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}
