import { isUtf8 } from 'node:buffer';
import type { Engine } from '../engine/engine.js';
import { StatementError } from '../model/errors.js';
import { badRequest, inBandError, RequestError } from './error-response.js';
import { LineQueue } from './line-queue.js';
import { bodyLines } from './request-body.js';
import type { ServerContext } from './server-context.js';
import { parseInsertRow, parseInsertsRequest } from './wire.js';

/** How acknowledgements are written: one a line, or as the elements of an array. */
export type AcknowledgementForm = 'lines' | 'array';

/** Acknowledgements that wait for a client that sends everything before it reads anything. */
const WAITING_BYTES_MAX = 4_194_304;

type Row = Readonly<Record<string, unknown>>;

/**
 * The rows of one `/inserts-stream` request: what arrives while a batch is being made durable is the next batch. Rows are
 * acknowledged in order, when they are durable; the first bad one ends the stream, and later ones are ignored.
 */
export class InsertStream {
  readonly #server: ServerContext;
  readonly #engine: Engine;
  readonly #target: string;
  readonly #lines: LineQueue;
  #sequence = 0;

  private constructor(server: ServerContext, target: string, lines: LineQueue) {
    this.#server = server;
    this.#engine = server.engine;
    this.#target = target;
    this.#lines = lines;
  }

  /**
   * Reads the first line and finds its target.
   * @throws RequestError, StatementError when the line is wrong or nothing can be inserted there
   */
  static async open(body: AsyncGenerator<Uint8Array>, server: ServerContext): Promise<InsertStream> {
    const groups = bodyLines(body, server.limits.insertLineBytesMax);
    const first = await groups.next();
    if (first.done) throw badRequest('The body is empty: its first line must name the target');
    const [header, ...rows] = first.value;
    const { target, properties } = parseInsertsRequest(textOf(header!));
    server.engine.session(properties);
    server.engine.insertTarget(target);
    return new InsertStream(server, target, new LineQueue(preceded(rows, groups)));
  }

  /** The response body. Call once. */
  acknowledgements(form: AcknowledgementForm): ReadableStream<Uint8Array> {
    const array = form === 'array';
    const release = this.#server.streams.add(async () => this.#lines.stop());
    let cancelled = false;
    const write = (controller: ReadableStreamDefaultController<Uint8Array>, text: string): void => {
      if (!cancelled && text !== '') controller.enqueue(Buffer.from(text, 'utf8'));
    };
    const finish = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      release();
      this.#lines.stop();
      write(controller, array ? ']' : '');
      if (!cancelled) controller.close();
    };
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => write(controller, array ? '[' : ''),
        pull: async (controller) => {
          const first = this.#sequence;
          const { count, error } = await this.#insertNext();
          const texts: string[] = [];
          for (let i = 0; i < count; i++) texts.push(`{"seq":${first + i},"status":"ok"}`);
          if (error !== null) texts.push(this.#errorText(error, first + count));
          const separator = array && first > 0 && texts.length > 0 ? ',' : '';
          write(controller, array ? separator + texts.join(',') : texts.map((text) => `${text}\n`).join(''));
          if (count === 0 || error !== null) finish(controller);
        },
        cancel: () => {
          cancelled = true;
          release();
          this.#lines.stop();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: WAITING_BYTES_MAX }),
    );
  }

  /** How many rows were made durable, and what was wrong with the one after them. No row and no error: the end. */
  async #insertNext(): Promise<{ readonly count: number; readonly error: unknown }> {
    const rows: Row[] = [];
    let error: unknown = null;
    try {
      for (const line of (await this.#lines.take()) ?? []) rows.push(parseInsertRow(textOf(line)));
    } catch (problem) {
      error = problem;
    }
    const inserted = await this.#insert(rows);
    this.#sequence += inserted.count;
    return inserted.error === null ? { count: inserted.count, error } : inserted;
  }

  async #insert(rows: readonly Row[]): Promise<{ readonly count: number; readonly error: unknown }> {
    if (rows.length === 0) return { count: 0, error: null };
    try {
      await this.#engine.insert(this.#target, rows);
      return { count: rows.length, error: null };
    } catch (error) {
      if (!(error instanceof StatementError) || rows.length === 1) return { count: 0, error };
    }
    // One of the rows does not fit and none was written: the ones before it are good.
    const half = Math.ceil(rows.length / 2);
    const front = await this.#insert(rows.slice(0, half));
    if (front.error !== null) return front;
    const back = await this.#insert(rows.slice(half));
    return { count: half + back.count, error: back.error };
  }

  #errorText(error: unknown, sequence: number): string {
    const { error_code, message } =
      error instanceof RequestError
        ? { error_code: error.errorCode, message: error.message }
        : inBandError(error, this.#server.log);
    return JSON.stringify({ '@type': 'InsertError', error_code, message, status: 'error', seq: sequence });
  }
}

function textOf(line: Buffer): string {
  if (!isUtf8(line)) throw badRequest('Invalid JSON in request: the row is not UTF-8');
  return line.toString('utf8');
}

async function* preceded<T>(first: readonly T[], rest: AsyncIterable<readonly T[]>): AsyncGenerator<readonly T[]> {
  if (first.length > 0) yield first;
  yield* rest;
}
