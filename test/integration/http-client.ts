import { execFile } from 'node:child_process';
import http from 'node:http';
import http2 from 'node:http2';

/** A response that was read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One request over HTTP/1.1, on a connection of its own. */
export function request1(url: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${url}${path}`,
      {
        method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
        headers: options.headers,
        agent: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

/** A request over HTTP/2 whose body and response are open at the same time. */
export class Exchange {
  readonly chunks: string[] = [];
  readonly ended: Promise<void>;
  readonly responded: Promise<number>;
  readonly #stream: http2.ClientHttp2Stream;
  #changed: (() => void)[] = [];

  constructor(session: http2.ClientHttp2Session, path: string, headers: Readonly<Record<string, string>> = {}) {
    this.#stream = session.request({ ':method': 'POST', ':path': path, ...headers });
    this.#stream.setEncoding('utf8');
    this.responded = new Promise((resolve, reject) => {
      this.#stream.once('response', (received) => resolve(received[':status']!));
      this.#stream.once('error', reject);
    });
    this.ended = new Promise((resolve, reject) => {
      this.#stream.once('end', resolve);
      this.#stream.once('error', reject);
    });
    this.responded.catch(() => {});
    this.ended.catch(() => {});
    this.#stream.on('data', (chunk: string) => {
      this.chunks.push(chunk);
      const waiting = this.#changed;
      this.#changed = [];
      for (const wake of waiting) wake();
    });
  }

  get text(): string {
    return this.chunks.join('');
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '');
  }

  write(text: string): this {
    this.#stream.write(text);
    return this;
  }

  end(text = ''): this {
    this.#stream.end(text);
    return this;
  }

  abort(): void {
    this.#stream.close(http2.constants.NGHTTP2_CANCEL);
  }

  /** Resolves when so many whole lines have arrived. */
  async linesReach(count: number): Promise<string[]> {
    while (this.text.split('\n').length - 1 < count) await new Promise<void>((resolve) => this.#changed.push(resolve));
    return this.lines;
  }
}

export async function request2(
  session: http2.ClientHttp2Session,
  path: string,
  body: string,
  headers = {},
): Promise<Answer> {
  const exchange = new Exchange(session, path, headers).end(body);
  const status = await exchange.responded;
  await exchange.ended;
  return { status, headers: {}, text: exchange.text };
}

/** What curl prints for these arguments. */
export function curl(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('curl', ['-sS', '--max-time', '10', ...args], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}
