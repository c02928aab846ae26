import http2 from 'node:http2';
import type { Engine } from '../../engine/engine.js';
import { StatementError, SystemError } from '../../model/errors.js';
import { JsonNumber, parseJsonLossless } from '../../model/json-text.js';
import { connectionError } from '../backend/http-client.js';
import type { LoadColumn } from './csv-row.js';
import { type FileRow, RowError } from './row-file.js';

/** Where rows go. Rows before the first bad one are written. */
export interface RowSink {
  /** Columns that a CSV header may name. @throws StatementError when nothing can be inserted there */
  columns(): Promise<readonly LoadColumn[]>;
  /** Takes rows; resolves when there is room for more. @throws RowError for a row that does not fit */
  write(rows: readonly FileRow[]): Promise<void>;
  /** Resolves when all rows are durable. @throws RowError */
  end(): Promise<void>;
  /** Rows that are durable. */
  readonly written: number;
  close(): Promise<void>;
}

/** Rows of one call of the engine. */
const ROWS_PER_INSERT = 1_000;

/** Appends to an engine in this process. */
export class EngineSink implements RowSink {
  readonly #engine: Engine;
  readonly #target: string;
  #waiting: FileRow[] = [];
  #inFlight: Promise<void> = Promise.resolve();
  #written = 0;

  constructor(engine: Engine, target: string) {
    this.#engine = engine;
    this.#target = target;
  }

  get written(): number {
    return this.#written;
  }

  async columns(): Promise<readonly LoadColumn[]> {
    return this.#engine.insertTarget(this.#target).columns.map(({ name, type }) => ({ name, type: type.kind }));
  }

  async write(rows: readonly FileRow[]): Promise<void> {
    for (const row of rows) this.#waiting.push(row);
    while (this.#waiting.length >= ROWS_PER_INSERT) await this.#insertNext();
  }

  async end(): Promise<void> {
    while (this.#waiting.length > 0) await this.#insertNext();
    await this.#settled();
  }

  /** Sends the next rows while the ones before them become durable; waits for those. */
  async #insertNext(): Promise<void> {
    const rows = this.#waiting.splice(0, ROWS_PER_INSERT);
    const values: Readonly<Record<string, unknown>>[] = [];
    let bad: RowError | null = null;
    for (const row of rows) {
      try {
        values.push(rowObject(row));
      } catch (error) {
        bad = error as RowError;
        this.#waiting = [];
        break;
      }
    }
    await this.#settled();
    this.#inFlight = this.#insert(values, rows);
    this.#inFlight.catch(() => {});
    if (bad === null) return;
    await this.#settled();
    throw bad;
  }

  /** @throws what the rows on their way met; nothing more is sent then */
  async #settled(): Promise<void> {
    const inFlight = this.#inFlight;
    this.#inFlight = Promise.resolve();
    try {
      await inFlight;
    } catch (error) {
      this.#waiting = [];
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  async #insert(values: readonly Readonly<Record<string, unknown>>[], rows: readonly FileRow[]): Promise<void> {
    if (values.length === 0) return;
    try {
      await this.#engine.insert(this.#target, values);
      this.#written += values.length;
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      if (values.length === 1) throw new RowError(error.message, rows[0]!.line);
      // One of them does not fit and none was written: the ones before it are good.
      const half = Math.ceil(values.length / 2);
      await this.#insert(values.slice(0, half), rows.slice(0, half));
      await this.#insert(values.slice(half), rows.slice(half));
    }
  }
}

/** Numbers that JavaScript would read back otherwise: fractions, exponents, many digits, a negative zero. */
const DELICATE_NUMBER = /\d[.eE]|\d{16}|-0/;

function rowObject({ line, json }: FileRow): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = DELICATE_NUMBER.test(json) ? parseJsonLossless(json) : JSON.parse(json);
  } catch (error) {
    throw new RowError((error as Error).message, line);
  }
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new RowError('the line is no JSON object', line);
}

/** Rows that are on their way without an acknowledgement, at most. */
const UNACKNOWLEDGED_MAX = 10_000;

/** Appends through `/inserts-stream` of a server. */
export class ServerSink implements RowSink {
  readonly #url: URL;
  readonly #target: string;
  readonly #describe: () => Promise<readonly LoadColumn[]>;
  #session: http2.ClientHttp2Session | null = null;
  #stream: http2.ClientHttp2Stream | null = null;
  /** Lines of the rows that are not acknowledged, oldest first, from `#firstWaiting` on. */
  #lines: number[] = [];
  #firstWaiting = 0;
  #written = 0;
  #failure: Error | null = null;
  #ended = false;
  #wake: (() => void) | null = null;

  /** @param describe asks the server for the columns of the target */
  constructor(url: URL, target: string, describe: () => Promise<readonly LoadColumn[]>) {
    this.#url = url;
    this.#target = target;
    this.#describe = describe;
  }

  get written(): number {
    return this.#written;
  }

  columns(): Promise<readonly LoadColumn[]> {
    return this.#describe();
  }

  async write(rows: readonly FileRow[]): Promise<void> {
    if (rows.length === 0) return;
    const stream = this.#stream ?? this.#open();
    let text = '';
    for (const { line, json } of rows) {
      this.#lines.push(line);
      // A line end inside JSON is white space; in this protocol it ends the row.
      text += `${json.replace(/[\r\n]+/g, ' ')}\n`;
    }
    if (!stream.write(text)) await this.#until(() => !stream.writableNeedDrain || this.#ended);
    await this.#until(() => this.#lines.length - this.#firstWaiting < UNACKNOWLEDGED_MAX || this.#ended);
    if (this.#failure !== null) throw this.#failure;
    if (this.#ended) throw this.#cut();
  }

  async end(): Promise<void> {
    this.#stream?.end();
    if (this.#stream !== null) await this.#until(() => this.#ended);
    if (this.#failure !== null) throw this.#failure;
    if (this.#lines.length > this.#firstWaiting) throw this.#cut();
  }

  async close(): Promise<void> {
    this.#stream?.destroy();
    this.#session?.destroy();
  }

  #open(): http2.ClientHttp2Stream {
    const session = http2.connect(this.#url.origin);
    this.#session = session;
    const fail = (error: Error): void => {
      this.#failure ??= connectionError(this.#url.origin, error);
      this.#finish();
    };
    session.on('error', fail);
    const user = decodeURIComponent(this.#url.username);
    const credentials = Buffer.from(`${user}:${decodeURIComponent(this.#url.password)}`).toString('base64');
    const stream = session.request({
      ':method': 'POST',
      ':path': `${this.#url.pathname.replace(/\/$/, '')}/inserts-stream`,
      accept: 'application/vnd.ksqlapi.delimited.v1',
      ...(user === '' ? {} : { authorization: `Basic ${credentials}` }),
    });
    this.#stream = stream;
    stream.setEncoding('utf8');
    let rest = '';
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#acknowledge(line);
      this.#notify();
    });
    stream.on('drain', () => this.#notify());
    stream.on('error', fail);
    stream.on('end', () => {
      this.#acknowledge(rest);
      this.#finish();
    });
    stream.on('close', () => this.#finish());
    stream.write(`${JSON.stringify({ target: this.#target })}\n`);
    return stream;
  }

  #acknowledge(line: string): void {
    if (line.trim() === '') return;
    let answer: { readonly status?: string; readonly message?: string };
    try {
      answer = JSON.parse(line);
    } catch {
      this.#failure ??= new SystemError(`what answers at ${this.#url.origin} does not speak ksqlDB's API`, {
        code: 'foreign-server',
        hint: 'Check the address.',
      });
      return;
    }
    if (answer.status === 'ok') {
      this.#written++;
      this.#firstWaiting++;
      if (this.#firstWaiting > UNACKNOWLEDGED_MAX) {
        this.#lines = this.#lines.slice(this.#firstWaiting);
        this.#firstWaiting = 0;
      }
      return;
    }
    const message = answer.message ?? line;
    this.#failure ??=
      answer.status === 'error'
        ? new RowError(message, this.#lines[this.#firstWaiting] ?? 0)
        : new StatementError(message);
  }

  #cut(): SystemError {
    return new SystemError(`${this.#url.origin} ended the connection before all rows were acknowledged`, {
      code: 'no-connection',
      hint: 'See whether the server still runs.',
    });
  }

  #finish(): void {
    this.#ended = true;
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  async #until(met: () => boolean): Promise<void> {
    while (!met()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
