import type { IncomingMessage } from 'node:http';
import type { Session } from '../../engine/engine.js';
import type { Entity } from '../../engine/entities.js';
import { StatementError, SystemError } from '../../model/errors.js';
import { type JsonValue, parseJsonLossless } from '../../model/json-text.js';
import type { Backend, KnownNames, LinesResult, RowInfo, RowsResult } from './backend.js';
import { connectionError, HttpClient, type TextAnswer } from './http-client.js';
import { readNames } from './known-names.js';
import { parseSchemaText } from './schema-text.js';

const KSQL_JSON = 'application/vnd.ksql.v1+json';
const JSON_TYPE = 'application/json';

/** A server that speaks ksqlDB's API, this engine's or another. */
export class ServerBackend implements Backend {
  readonly name: string;
  readonly #http: HttpClient;

  constructor(url: URL) {
    this.#http = new HttpClient(url);
    this.name = this.#http.url;
  }

  async version(): Promise<string> {
    const answer = await this.#http.text('/info', { accept: JSON_TYPE });
    const info = this.#object(answer)['KsqlServerInfo'] as Readonly<Record<string, string>> | undefined;
    if (info === undefined) throw this.#foreign();
    const { version, millraceVersion } = info;
    const who =
      millraceVersion === undefined ? `ksqlDB ${version}` : `millrace ${millraceVersion} (ksqlDB API ${version})`;
    return `${who} at ${this.name}`;
  }

  async execute(text: string, session: Session): Promise<readonly Entity[]> {
    const answer = await this.#http.text('/ksql', { accept: KSQL_JSON, body: requestBody(text, session) });
    if (answer.status !== 200) throw this.#failure(answer);
    // ksqlDB says nothing at all where there is nothing to say.
    if (answer.text.trim() === '') return [];
    const entities = this.#json(answer);
    return (Array.isArray(entities) ? entities : [entities]) as Entity[];
  }

  async query(text: string, session: Session): Promise<RowsResult | LinesResult> {
    const print = /^\s*print\b/i.test(text);
    const { status, body } = await this.#http.request(print ? '/query' : '/query-stream', {
      accept: print ? JSON_TYPE : KSQL_JSON,
      body: { ksql: text, sql: text, ...propertiesOf(session) },
    });
    if (status !== 200) {
      body.setEncoding('utf8');
      let reply = '';
      for await (const chunk of body) reply += chunk as string;
      throw this.#failure({ status, text: reply });
    }
    return print ? this.#lines(body) : this.#rows(body);
  }

  async checkProperty(name: string): Promise<string> {
    const answer = await this.#http.text(`/is_valid_property/${encodeURIComponent(name)}`, { accept: JSON_TYPE });
    if (answer.status !== 200) throw this.#failure(answer);
    if (this.#json(answer) === false)
      throw new StatementError(`Unknown property: ${name}`, { code: 'unknown-property' });
    return name;
  }

  names(): Promise<KnownNames> {
    const session: Session = { properties: new Map(), variables: new Map() };
    return readNames((text) => this.execute(text, session));
  }

  async settle(): Promise<void> {}

  async close(): Promise<void> {
    this.#http.close();
  }

  async #rows(body: IncomingMessage): Promise<RowsResult> {
    const groups = this.#lineGroups(body);
    const first = await groups.next();
    const [head, ...rest] = first.done === true ? [] : first.value;
    const header = head === undefined ? null : this.#member(head);
    if (header !== null && header.name === 'errorMessage') throw inBandError(header.value);
    if (header === null || header.name !== 'header') throw this.#foreign();
    const columns = parseSchemaText(String((header.value as Map<string, JsonValue>).get('schema') ?? ''));
    const queryId = String((header.value as Map<string, JsonValue>).get('queryId') ?? '');
    let finalMessage: string | null = null;
    let closed = false;

    const readGroup = (lines: readonly string[]): RowInfo[] => {
      const rows: RowInfo[] = [];
      for (const line of lines) {
        const { name, value } = this.#member(line);
        if (name === 'row') {
          const row = value as Map<string, JsonValue>;
          rows.push({ values: row.get('columns') as JsonValue[], tombstone: row.get('tombstone') === true });
        } else if (name === 'finalMessage') finalMessage = String(value);
        else if (name === 'errorMessage') throw inBandError(value);
      }
      return rows;
    };
    async function* batches(): AsyncGenerator<readonly RowInfo[]> {
      try {
        if (rest.length > 0) yield readGroup(rest);
        for await (const group of groups) yield readGroup(group);
      } catch (error) {
        if (!closed) throw error;
      }
    }
    return {
      kind: 'rows',
      columns,
      batches: batches(),
      finalMessage: () => (finalMessage === 'Query Terminated' ? null : finalMessage),
      close: async () => {
        if (closed) return;
        closed = true;
        if (!body.complete && queryId !== '') await this.#closeQuery(queryId);
        body.destroy();
      },
    };
  }

  #lines(body: IncomingMessage): LinesResult {
    const groups = this.#lineGroups(body);
    let closed = false;
    async function* lines(): AsyncGenerator<readonly string[]> {
      try {
        yield* groups;
      } catch (error) {
        if (!closed) throw error;
      }
    }
    return {
      kind: 'lines',
      lines: lines(),
      close: async () => {
        closed = true;
        body.destroy();
      },
    };
  }

  /** The connection ends with it in any case: a server that does not know the query is as good. */
  async #closeQuery(queryId: string): Promise<void> {
    await this.#http.text('/close-query', { accept: JSON_TYPE, body: { queryId } }).catch(() => {});
  }

  /** Whole lines as they arrive, empty ones left out. @throws SystemError when the connection breaks */
  async *#lineGroups(body: IncomingMessage): AsyncGenerator<string[]> {
    body.setEncoding('utf8');
    let rest = '';
    try {
      for await (const chunk of body) {
        const lines = (rest + (chunk as string)).split('\n');
        rest = lines.pop()!;
        const full = lines.filter((line) => line.trim() !== '');
        if (full.length > 0) yield full;
      }
    } catch (error) {
      throw connectionError(this.name, error);
    }
    if (rest.trim() !== '') yield [rest];
  }

  /** The one member of a line of `[{...},\n{...}]`. */
  #member(line: string): { readonly name: string; readonly value: JsonValue } {
    const text = line
      .trim()
      .replace(/^[[,]/, '')
      .replace(/[\],]+$/, '');
    if (text === '') return { name: '', value: null };
    try {
      const value = parseJsonLossless(text);
      if (value instanceof Map) {
        if (value.has('@type')) return { name: 'errorMessage', value };
        for (const [name, member] of value) return { name, value: member };
      }
    } catch {
      // Told below.
    }
    throw this.#foreign();
  }

  #object(answer: TextAnswer): Readonly<Record<string, unknown>> {
    if (answer.status !== 200) throw this.#failure(answer);
    const value = this.#json(answer);
    if (typeof value !== 'object' || value === null) throw this.#foreign();
    return value as Readonly<Record<string, unknown>>;
  }

  #json({ text }: TextAnswer): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#foreign();
    }
  }

  #failure({ status, text }: TextAnswer): Error {
    let body: ErrorBody | null = null;
    try {
      body = JSON.parse(text) as ErrorBody;
    } catch {
      // Not of the API: the status has to do.
    }
    if (status === 401 || status === 403) {
      const told = typeof body?.message === 'string' ? `: ${body.message}` : '';
      return new SystemError(`${this.name} refused access${told}`, {
        code: 'access-denied',
        hint: 'Give user and password in the address: http://user:password@host:port.',
      });
    }
    if (typeof body?.message !== 'string') return this.#foreign(status);
    return errorOf(body);
  }

  #foreign(status?: number): SystemError {
    const told = status === undefined || status === 200 ? '' : ` (status ${status})`;
    return new SystemError(`what answers at ${this.name} does not speak ksqlDB's API${told}`, {
      code: 'foreign-server',
      hint: 'Check the address.',
    });
  }
}

interface ErrorBody {
  readonly error_code?: number;
  readonly message?: string;
  readonly statementText?: string;
}

function errorOf({ error_code: code = 50000, message = '', statementText }: ErrorBody): Error {
  if (code >= 50000) return new SystemError(message, { code: 'server-error', retriable: code >= 50300 });
  return new StatementError(message, { code: 'refused-by-server', statementText });
}

function inBandError(value: JsonValue): Error {
  if (!(value instanceof Map)) return new SystemError('the query failed', { code: 'query-failed' });
  const code = Number((value.get('error_code') as { text?: string } | undefined)?.text ?? 50000);
  return errorOf({ error_code: code, message: String(value.get('message') ?? 'the query failed') });
}

function requestBody(text: string, session: Session): object {
  return { ksql: text, streamsProperties: Object.fromEntries(session.properties), sessionVariables: {} };
}

function propertiesOf({ properties }: Session): object {
  const all = Object.fromEntries(properties);
  return { streamsProperties: all, properties: all };
}
