import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PrintHandle, QueryEnd, QueryHandle, ResultRow } from '../engine/engine.js';
import { inBandError } from './error-response.js';
import type { PreparedResult, ResultFormat } from './result-format.js';
import type { ServerContext } from './server-context.js';

/**
 * The rows of a query as a response body. The query ends with the body, and when the client goes away.
 * @throws StatementError when the format cannot carry the columns; the query goes on then
 */
export function resultStream(
  query: QueryHandle,
  format: ResultFormat,
  server: ServerContext,
): ReadableStream<Uint8Array> {
  const { begin, write } = format.prepare(query);
  return bodyStream(server, {
    begin,
    batches: query.batches,
    write: (rows) => (query.kind === 'push' ? eachRow(rows, write, format) : [allRows(rows, write, format)]),
    end: () => format.end(finalMessage(query.end, query.announcesCompletion)),
    error: (error) => format.error(inBandError(error, server.log)),
    close: () => query.close(),
  });
}

/** The lines of PRINT as a response body. */
export function printStream(print: PrintHandle, server: ServerContext): ReadableStream<Uint8Array> {
  return bodyStream(server, {
    begin: '',
    batches: print.lines,
    write: (lines) => lines.map((line) => `${line}\n`),
    end: () => '',
    error: (error) => `${JSON.stringify(inBandError(error, server.log))}\n`,
    close: () => print.close(),
  });
}

type RowWrite = PreparedResult['write'];

function finalMessage(end: QueryEnd | null, announcesCompletion: boolean): string | null {
  if (end === 'limit') return 'Limit Reached';
  return end === 'completed' && announcesCompletion ? 'Query Completed' : null;
}

/** One text a row, so that each is written, and arrives, by itself. */
function eachRow(rows: readonly ResultRow[], write: RowWrite, format: ResultFormat): string[] {
  return rows.map((row) => rowText(row, write, format));
}

function allRows(rows: readonly ResultRow[], write: RowWrite, format: ResultFormat): string {
  let text = '';
  for (const row of rows) text += rowText(row, write, format);
  return text;
}

function rowText(row: ResultRow, write: RowWrite, format: ResultFormat): string {
  const values = write(row.values);
  return row.tombstone ? format.tombstone(values) : format.row(values);
}

/** What {@link bodyStream} turns into a body. */
interface BodySource<T> {
  readonly begin: string;
  readonly batches: AsyncIterable<readonly T[]>;
  /** The pieces to send, each as a chunk of its own. */
  write(batch: readonly T[]): readonly string[];
  end(): string;
  error(error: unknown): string;
  close(): Promise<void>;
}

/** Batches are taken as the client reads: a slow client holds its own query back, and nothing piles up here. */
function bodyStream<T>(server: ServerContext, source: BodySource<T>): ReadableStream<Uint8Array> {
  const batches = source.batches[Symbol.asyncIterator]();
  const ended = server.streams.add(() => source.close());
  let position: 'start' | 'begun' | 'rows' = 'start';
  let cancelled = false;

  const leave = async (): Promise<void> => {
    await source.close();
    await batches.return?.();
  };

  /** The pieces of the next batch; null at the end. */
  const next = async (): Promise<readonly string[] | null> => {
    const { done, value } = await batches.next();
    return done ? null : source.write(value);
  };

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const enqueue = (text: string): void => {
        if (text !== '' && !cancelled) controller.enqueue(Buffer.from(text, 'utf8'));
      };
      const finish = (text: string): void => {
        ended();
        enqueue(text);
        if (!cancelled) controller.close();
      };
      if (position === 'start') {
        position = 'begun';
        enqueue(source.begin);
        if (source.begin !== '') return;
      }
      if (position === 'begun') {
        position = 'rows';
        // Some clients take the first chunk for the header: it must not share one with rows.
        await nextTurn();
      }
      let pieces: readonly string[] | null;
      try {
        do pieces = await next();
        while (pieces?.every((piece) => piece === ''));
      } catch (error) {
        finish(source.error(error));
        // It may be a row that could not be written, while the query itself goes on.
        await leave();
        return;
      }
      if (pieces === null) finish(source.end());
      else pieces.forEach(enqueue);
    },
    async cancel() {
      cancelled = true;
      ended();
      await leave();
    },
  });
}
