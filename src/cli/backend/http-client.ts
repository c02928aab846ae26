import http from 'node:http';
import https from 'node:https';
import { SystemError } from '../../model/errors.js';

export interface HttpAnswer {
  readonly status: number;
  readonly body: http.IncomingMessage;
}

/** Requests to one server, without time limits: a push query may be silent for hours. */
export class HttpClient {
  /** The address without user and password. */
  readonly url: string;
  readonly #base: URL;
  readonly #agent: http.Agent;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param url may name a user and a password */
  constructor(url: URL) {
    this.#base = url;
    const bare = new URL(url);
    bare.username = '';
    bare.password = '';
    this.url = bare.href.replace(/\/$/, '');
    this.#agent =
      url.protocol === 'https:' ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
    const user = decodeURIComponent(url.username);
    const credentials = Buffer.from(`${user}:${decodeURIComponent(url.password)}`).toString('base64');
    this.#headers = user === '' ? {} : { authorization: `Basic ${credentials}` };
  }

  /**
   * Resolves with the head of the answer; the caller reads or destroys its body.
   * @throws SystemError when nobody answers
   */
  request(path: string, options: { readonly body?: object; readonly accept: string }): Promise<HttpAnswer> {
    const send = this.#base.protocol === 'https:' ? https.request : http.request;
    const body = options.body === undefined ? null : JSON.stringify(options.body);
    return new Promise((resolve, reject) => {
      const request = send(new URL(this.#base.pathname.replace(/\/$/, '') + path, this.#base), {
        method: body === null ? 'GET' : 'POST',
        agent: this.#agent,
        headers: {
          ...this.#headers,
          accept: options.accept,
          ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      });
      request.on('response', (response) => resolve({ status: response.statusCode ?? 0, body: response }));
      request.on('error', (error) => reject(connectionError(this.url, error)));
      request.end(body ?? undefined);
    });
  }

  /** The whole answer as text. */
  async text(path: string, options: { readonly body?: object; readonly accept: string }): Promise<TextAnswer> {
    const { status, body } = await this.request(path, options);
    let text = '';
    try {
      body.setEncoding('utf8');
      for await (const chunk of body) text += chunk as string;
    } catch (error) {
      throw connectionError(this.url, error);
    }
    return { status, text };
  }

  close(): void {
    this.#agent.destroy();
  }
}

export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

/** Why a server could not be reached, in a sentence with the remedy. */
export function connectionError(url: string, error: unknown): SystemError {
  if (error instanceof SystemError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const problem = PROBLEMS[code ?? ''];
  if (problem !== undefined) {
    return new SystemError(`${problem.text} ${url}`, { code: 'no-connection', hint: problem.hint, cause: error });
  }
  return new SystemError(`the connection to ${url} failed: ${message === '' ? code : message}`, {
    code: 'no-connection',
    cause: error,
  });
}

const START = 'Start one with "millrace server", or name another address or a file.';

const PROBLEMS: Readonly<Record<string, { readonly text: string; readonly hint: string }>> = {
  ECONNREFUSED: { text: 'no server answers at', hint: START },
  ENOTFOUND: { text: 'nobody knows the host of', hint: 'Check the address.' },
  EAI_AGAIN: { text: 'nobody knows the host of', hint: 'Check the address and the network.' },
  ECONNRESET: { text: 'the connection was cut by', hint: 'See whether the server still runs.' },
  EPROTO: { text: 'no TLS is spoken at', hint: 'Try http:// instead of https://.' },
};
