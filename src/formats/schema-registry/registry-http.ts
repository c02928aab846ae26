import http from 'node:http';
import https from 'node:https';
import { createSecureContext } from 'node:tls';
import { SystemError } from '../../model/errors.js';
import type { HttpRegistryOptions, RegistryEndpoint, RegistryTls } from './registry-settings.js';

export interface RegistryAnswer {
  readonly status: number;
  readonly text: string;
  /** Who has answered. */
  readonly url: string;
}

/** Time as requests need it. */
export interface RegistryTime {
  /** Milliseconds that only grow. */
  elapsed(): number;
  sleep(ms: number): Promise<void>;
}

export const REAL_TIME: RegistryTime = {
  elapsed: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Bytes of an answer. */
const ANSWER_BYTES_MAX = 16 * 1_048_576;
const CONNECTIONS_MAX = 8;
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';
const ACCEPT = `${CONTENT_TYPE}, application/vnd.schemaregistry+json, application/json`;

/** An endpoint was of no use. */
interface Trouble {
  readonly text: string;
  /** Whether it is worth another try soon: not after a timeout, which has taken its time. */
  readonly passing: boolean;
  readonly retryAfterMs: number;
}

/** Sends requests to the endpoints of a registry until one answers. Redirections are not followed. */
export class RegistryHttp {
  readonly #options: HttpRegistryOptions;
  readonly #time: RegistryTime;
  readonly #agents: { readonly http: http.Agent; readonly https: https.Agent };
  /** Index of the endpoint to ask first. */
  #first = 0;
  #closed = false;

  /** @throws SystemError `invalid-setting` for certificates or a key that cannot be read: every request would fail */
  constructor(options: HttpRegistryOptions, time: RegistryTime) {
    this.#options = options;
    this.#time = time;
    const agent = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
    const tls = tlsOptions(options.tls);
    checkReadable(tls);
    this.#agents = { http: new http.Agent(agent), https: new https.Agent({ ...agent, ...tls }) };
  }

  /** Addresses without credentials. */
  get urls(): string {
    return this.#options.endpoints.map(({ url }) => url).join(', ');
  }

  /**
   * Sends a request that may safely be sent twice.
   * @returns any answer but those that say that the endpoint has a problem (5xx, 429)
   * @throws SystemError `registry-unavailable` when no endpoint has such an answer
   */
  async request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<RegistryAnswer> {
    const text = body === undefined ? null : JSON.stringify(body);
    for (let round = 0; ; round++) {
      const troubles: Trouble[] = [];
      const { endpoints } = this.#options;
      const first = this.#first;
      for (let i = 0; i < endpoints.length && !this.#closed; i++) {
        const index = (first + i) % endpoints.length;
        const outcome = await this.#ask(endpoints[index]!, method, path, text);
        if ('status' in outcome) {
          this.#first = index;
          return outcome;
        }
        troubles.push(outcome);
      }
      const hopeless = round >= this.#options.retriesMax || !troubles.some(({ passing }) => passing);
      if (this.#closed || hopeless) throw unavailable(troubles);
      await this.#time.sleep(this.#pauseMs(round, troubles));
    }
  }

  /** Requests in flight fail. */
  close(): void {
    this.#closed = true;
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async #ask(
    endpoint: RegistryEndpoint,
    method: string,
    path: string,
    body: string | null,
  ): Promise<RegistryAnswer | Trouble> {
    const { url } = endpoint;
    const outcome = await this.#send(endpoint, method, path, body);
    if ('passing' in outcome) return { ...outcome, text: `the schema registry at ${url} ${outcome.text}` };
    const { status, text, retryAfterMs } = outcome;
    if (status < 500 && status !== 429) return { status, text, url };
    const words = wordsOf(text);
    return {
      text: `the schema registry at ${url} answered ${status}${words === null ? '' : `: ${words}`}`,
      passing: true,
      retryAfterMs,
    };
  }

  #send(
    { url, authorization }: RegistryEndpoint,
    method: string,
    path: string,
    body: string | null,
  ): Promise<{ readonly status: number; readonly text: string; readonly retryAfterMs: number } | Trouble> {
    const secure = url.startsWith('https:');
    const { requestTimeoutMs } = this.#options;
    return new Promise((resolve) => {
      const request = (secure ? https : http).request(`${url}${path}`, {
        method,
        agent: secure ? this.#agents.https : this.#agents.http,
        headers: {
          accept: ACCEPT,
          'confluent-accept-unknown-properties': 'true',
          ...(authorization === null ? {} : { authorization }),
          ...(body === null ? {} : { 'content-type': CONTENT_TYPE, 'content-length': Buffer.byteLength(body) }),
        },
      });
      const give = (text: string, passing: boolean): void => {
        clearTimeout(timer);
        resolve({ text, passing, retryAfterMs: 0 });
        request.destroy();
      };
      const timer = setTimeout(() => give(`did not answer within ${requestTimeoutMs} ms`, false), requestTimeoutMs);
      request.on('error', (error: NodeJS.ErrnoException) => give(`cannot be reached: ${reasonOf(error)}`, true));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > ANSWER_BYTES_MAX) give(`sent an answer of more than ${ANSWER_BYTES_MAX} bytes`, false);
        });
        response.on('error', (error) => give(`broke off its answer: ${reasonOf(error)}`, true));
        response.on('end', () => {
          clearTimeout(timer);
          const retryAfterMs = 1000 * (Number(response.headers['retry-after']) || 0);
          resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString('utf8'), retryAfterMs });
        });
      });
      request.end(body);
    });
  }

  #pauseMs(round: number, troubles: readonly Trouble[]): number {
    const { retryWaitMs, retryWaitMaxMs } = this.#options;
    const asked = Math.max(0, ...troubles.map(({ retryAfterMs }) => retryAfterMs));
    return Math.min(Math.max(retryWaitMs * 2 ** round, asked), retryWaitMaxMs);
  }
}

/** What an answer says of its problem, in the registry's words; null where it says nothing. */
export function wordsOf(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text);
    const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : null;
    return typeof message === 'string' && message !== '' ? message : null;
  } catch {
    return null;
  }
}

/** Errors of connections name hosts and ports, never what was sent. */
function reasonOf(error: NodeJS.ErrnoException): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0] as NodeJS.ErrnoException);
  return error.message || error.code || 'unknown reason';
}

function unavailable(troubles: readonly Trouble[]): SystemError {
  const texts = troubles.map(({ text }) => text);
  return new SystemError(texts.length === 0 ? 'the connection to the schema registry is closed' : texts.join('; '), {
    code: 'registry-unavailable',
    retriable: true,
  });
}

function checkReadable({ ca, cert, key, passphrase }: https.AgentOptions): void {
  if (ca === undefined && cert === undefined && key === undefined) return;
  try {
    createSecureContext({ ca, cert, key, passphrase });
  } catch (error) {
    throw new SystemError(
      `the certificates or the key of the settings ksql.schema.registry.ssl.* cannot be read: ${(error as Error).message}`,
      { code: 'invalid-setting' },
    );
  }
}

function tlsOptions({ ca, cert, key, passphrase, checksHost }: RegistryTls): https.AgentOptions {
  return {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(passphrase === null ? {} : { passphrase }),
    ...(checksHost ? {} : { checkServerIdentity: () => undefined }),
  };
}
