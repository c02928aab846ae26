import type { Socket } from 'node:net';

/* The only file that names kafkajs 2.2.4. Of the library the engine uses one connection: its framing and its SASL; never its clients. */

interface QueuedRequest {
  readonly entry: {
    readonly apiKey: number;
    readonly apiName: string;
    readonly apiVersion: number;
    readonly correlationId: number;
    resolve(answer: { readonly payload: Buffer }): void;
    reject(error: Error): void;
  };
  readonly expectResponse: boolean;
  readonly requestTimeout: number | null;
  sendRequest(): void;
}

/** The requests of a connection, in the library's hands. */
export interface RequestQueue {
  push(request: QueuedRequest): void;
  rejectAll(error: Error): void;
  destroy(): void;
  /** A timer of a few ms that looks for requests held back by throttling. */
  scheduleCheckPendingRequests: () => void;
}

/** `kafkajs/src/network/connection.js`, as far as it is used. */
export interface KafkaJsConnection {
  readonly socket: Socket;
  readonly requestQueue: RequestQueue;
  /** What has come and is not a whole frame yet, and how many bytes that are. */
  chunks: Buffer[];
  bytesBuffered: number;
  processData(data: Buffer): void;
  connect(): Promise<unknown>;
  /** Presents the credentials, if there are any. */
  authenticate(): Promise<void>;
  /** For how long the credentials that were presented hold, in ms; 0 for ever. */
  readonly sessionLifetime: { toNumber(): number };
  isConnected(): boolean;
  setVersions(versions: Readonly<Record<number, { minVersion: number; maxVersion: number }>>): void;
  setSupportAuthenticationProtocol(supported: boolean): void;
  nextCorrelationId(): number;
}

export interface KafkaJsLogger {
  namespace(): KafkaJsLogger;
  debug(): void;
  info(): void;
  warn(): void;
  error(): void;
}

export interface KafkaJsConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly ssl: object | null;
  readonly sasl: object | null;
  readonly logger: KafkaJsLogger;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  /** Its timeouts go by the wall clock: ours are used. */
  readonly enforceRequestTimeout: boolean;
  readonly socketFactory: (options: {
    readonly host: string;
    readonly port: number;
    readonly ssl: object | null;
    readonly onConnect: () => void;
  }) => Socket;
}

type ConnectionClass = new (options: KafkaJsConnectionOptions) => KafkaJsConnection;

/** Loads the library at the first use, so that an engine without Kafka never pays for it. */
export async function loadConnectionClass(): Promise<ConnectionClass> {
  // @ts-expect-error the library has no types for its inner files
  const module: { readonly default: ConnectionClass } = await import('kafkajs/src/network/connection.js');
  return module.default;
}

/** Hands a whole frame to the connection. Left to itself it would copy it, to put it behind the nothing that is left of the frame before. */
export function deliverFrame(connection: KafkaJsConnection, frame: Buffer): void {
  connection.chunks = [];
  connection.bytesBuffered = 0;
  connection.processData(frame);
}

export const SILENT_LOGGER: KafkaJsLogger = {
  namespace: () => SILENT_LOGGER,
  debug() {},
  info() {},
  warn() {},
  error() {},
};
