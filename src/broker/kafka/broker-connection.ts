import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { LogError } from '../cluster-log.js';
import { FrameReader } from './frame-reader.js';
import {
  type Address,
  CONNECT_TIMEOUT_MS,
  formatAddress,
  type KafkaOptions,
  REQUEST_TIMEOUT_MS,
} from './kafka-options.js';
import { deliverFrame, type KafkaJsConnection, loadConnectionClass, SILENT_LOGGER } from './kafkajs.js';
import { openingError, wordsOf } from './opening-error.js';
import type { Api } from './wire/api.js';
import { API_VERSIONS } from './wire/api-versions.js';
import { Decoder } from './wire/decoder.js';
import { Encoder } from './wire/encoder.js';
import { FETCH } from './wire/fetch.js';
import { JOIN_GROUP } from './wire/group.js';

const SASL_AUTHENTICATE_KEY = 36;
/** Brokers close what nobody uses for ten minutes; a request on such a connection would be lost. */
const IDLE_MS_MAX = 4 * 60_000;
const KEEP_ALIVE_DELAY_MS = 60_000;
/** The part of its life that a session with credentials is used for: once it is over the broker hangs up at the next request, and whether that was done is not known. */
const SESSION_SHARE = 0.75;

/** One connection to one broker. It answers in the order of the requests. Once it is lost it stays so: open another. */
export class BrokerConnection {
  readonly address: Address;
  readonly #connection: KafkaJsConnection;
  readonly #clientId: string;
  readonly #requestTimeoutMs: number;
  /** When the credentials have to be presented again, by `performance.now()`. */
  #sessionEndsAt = Number.POSITIVE_INFINITY;
  #usedAt = performance.now();
  #waiting = 0;
  #hasAnswered = false;
  #lost: LogError | null = null;
  #retired = false;

  private constructor(address: Address, options: KafkaOptions, connection: KafkaJsConnection) {
    this.address = address;
    this.#connection = connection;
    this.#clientId = options.clientId;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  }

  /**
   * Connects, presents the credentials, and asks what the broker understands.
   * @throws LogError `unavailable` when the broker cannot be reached, `refused` when it does not let us in or is too old
   */
  static async open(address: Address, options: KafkaOptions): Promise<BrokerConnection> {
    const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const Connection = await loadConnectionClass();
    let opened: BrokerConnection | null = null;
    let socket: Socket | null = null;
    let broken: Error | null = null;
    const connection = new Connection({
      host: address.host,
      port: address.port,
      clientId: options.clientId,
      ssl: options.ssl ?? null,
      // The library writes into it.
      sasl: options.sasl === undefined ? null : { ...options.sasl },
      logger: SILENT_LOGGER,
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      enforceRequestTimeout: false,
      socketFactory: ({ host, port, onConnect }) => {
        const frames = new FrameReader((frame) => deliverFrame(connection, frame));
        // Received where it stays: the stream's own way is a buffer for every 64 KiB, and a copy of all of them.
        const place = {
          host,
          port,
          onread: {
            buffer: () => frames.room(),
            callback: (count: number) => {
              try {
                frames.received(count);
              } catch (error) {
                socket?.destroy(error as Error);
              }
              return true;
            },
          },
        };
        const servername = isIP(host) === 0 ? { servername: host } : {};
        socket =
          options.ssl === undefined
            ? connectTcp(place, onConnect)
            : connectTls({ ...place, ...servername, ...options.ssl }, onConnect);
        socket.setNoDelay(true);
        socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
        socket.once('error', (error) => {
          broken = error;
        });
        socket.once('close', () => opened?.fail('the broker has closed the connection'));
        return socket;
      },
    });
    // Nothing is ever held back: throttling is between the broker and its socket. The timer would run for ever, beside each connection.
    connection.requestQueue.scheduleCheckPendingRequests = () => {};
    const self = new BrokerConnection(address, options, connection);
    opened = self;
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      await Promise.race([self.#begin(timeoutMs), expiry]);
    } catch (error) {
      self.fail('it could not be opened');
      (socket as Socket | null)?.destroy();
      throw openingError(address, options, error, broken);
    } finally {
      clearTimeout(timer);
    }
    self.#hasAnswered = false;
    return self;
  }

  get isLost(): boolean {
    return this.#lost !== null || !this.#connection.isConnected();
  }

  /** Whether a request has been answered since it was opened: before that a broker may still turn out to want something else of us. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Whether the next request should go over a new connection, though this one works: the credentials expire, or nobody has used it for long. */
  get isStale(): boolean {
    const now = performance.now();
    return now > this.#sessionEndsAt || (this.#waiting === 0 && now - this.#usedAt > IDLE_MS_MAX);
  }

  /**
   * Sends a request.
   * @param waitMs how long the broker may take by the request itself
   * @throws LogError `uncertain` when the request may have arrived and was not answered, SystemError `damaged-answer`
   */
  request<Request, Answer>(api: Api<Request, Answer>, request: Request, waitMs = 0): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.isLost) {
        reject(this.#lost ?? this.#lostError('it is closed'));
        return;
      }
      const connection = this.#connection;
      const correlationId = connection.nextCorrelationId();
      const frame = this.#frame(api, request, correlationId);
      const timeoutMs = waitMs + this.#requestTimeoutMs;
      const timer = setTimeout(() => this.fail(`no answer to ${api.name} within ${timeoutMs} ms`), timeoutMs);
      this.#waiting++;
      connection.requestQueue.push({
        entry: {
          apiKey: api.key,
          apiName: api.name,
          apiVersion: api.version,
          correlationId,
          resolve: ({ payload }) => {
            clearTimeout(timer);
            this.#hasAnswered = true;
            this.#settled();
            try {
              const from = new Decoder(payload);
              if (api.flexible) from.skipTags();
              resolve(api.decode(from));
            } catch (error) {
              reject(error);
            }
          },
          reject: (error) => {
            clearTimeout(timer);
            this.#settled();
            reject(this.#lost ?? this.#lostError(wordsOf(error), error));
          },
        },
        expectResponse: true,
        requestTimeout: null,
        sendRequest: () => writeAll(connection.socket, frame),
      });
    });
  }

  /** Closes once the requests on their way are answered. */
  retire(): void {
    this.#retired = true;
    if (this.#waiting === 0) this.fail('it is closed');
  }

  /** Closes at once: whoever waits for an answer is told that it is lost. */
  fail(reason: string): void {
    if (this.#lost !== null) return;
    this.#lost = this.#lostError(reason);
    this.#connection.requestQueue.rejectAll(this.#lost);
    this.#connection.requestQueue.destroy();
    this.#connection.socket?.destroy();
  }

  async #begin(timeoutMs: number): Promise<void> {
    const connection = this.#connection;
    await connection.connect();
    const { error, versions } = await this.request(API_VERSIONS, null, timeoutMs);
    const known: Record<number, { minVersion: number; maxVersion: number }> = {};
    for (const { key, min, max } of versions) known[key] = { minVersion: min, maxVersion: max };
    connection.setVersions(known);
    connection.setSupportAuthenticationProtocol(known[SASL_AUTHENTICATE_KEY] !== undefined);
    const askedAt = performance.now();
    await connection.authenticate();
    const sessionMs = connection.sessionLifetime.toNumber();
    if (sessionMs > 0) this.#sessionEndsAt = askedAt + sessionMs * SESSION_SHARE;
    for (const api of [FETCH, JOIN_GROUP]) {
      const range = known[api.key];
      if (error !== 0 || range === undefined || range.maxVersion < api.version) {
        throw new LogError(
          'refused',
          `the broker at ${formatAddress(this.address)} does not know version ${api.version} of ${api.name}`,
          { code: 'kafka-too-old', ofConnection: true, hint: 'Apache Kafka 3.2 or later is needed' },
        );
      }
    }
  }

  #frame<Request, Answer>(api: Api<Request, Answer>, request: Request, correlationId: number): readonly Buffer[] {
    const body = new Encoder();
    if (api.flexible) body.noTags();
    api.encode(body, request);
    const head = new Encoder(64);
    head.int16(api.key);
    head.int16(api.version);
    head.int32(correlationId);
    head.nullableString(this.#clientId);
    const size = Buffer.allocUnsafe(4);
    size.writeInt32BE(head.byteLength + body.byteLength);
    const [first, ...rest] = body.finish();
    return [Buffer.concat([size, ...head.finish(), ...(first === undefined ? [] : [first])]), ...rest];
  }

  #settled(): void {
    this.#waiting--;
    this.#usedAt = performance.now();
    if (this.#retired && this.#waiting === 0) this.fail('it is closed');
  }

  #lostError(reason: string, cause?: Error): LogError {
    const message = `the connection to the broker at ${formatAddress(this.address)} is lost: ${reason}`;
    return new LogError('uncertain', message, {
      code: 'connection-lost',
      ...(this.#hasAnswered ? {} : { hint: 'if it happens again and again, check security.protocol' }),
      cause,
    });
  }
}

function writeAll(socket: Socket, pieces: readonly Buffer[]): void {
  if (pieces.length === 1) {
    socket.write(pieces[0]!);
    return;
  }
  socket.cork();
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
}
