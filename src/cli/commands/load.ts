import { StatementError } from '../../model/errors.js';
import { DEFAULT_SERVER, serverUrl } from '../backend/open-backend.js';
import { ServerBackend } from '../backend/server-backend.js';
import { openEmbedded } from '../embedded.js';
import { EXIT, type ExitCode, Interrupted, UsageError } from '../exit.js';
import type { LoadColumn } from '../load/csv-row.js';
import { ProgressBar } from '../load/progress-bar.js';
import { RowError, RowFile } from '../load/row-file.js';
import { EngineSink, type RowSink, ServerSink } from '../load/row-sink.js';
import { errorText, exitCodeOf } from '../render/error-text.js';
import type { Terminal } from '../terminal.js';

export interface LoadOptions {
  readonly data?: string;
  readonly server?: string;
}

/** `millrace load`: appends the rows of a file to a stream or table. */
export async function runLoad(
  target: string,
  path: string,
  options: LoadOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  if (options.data !== undefined && options.server !== undefined) {
    throw new UsageError('rows go to a file or to a server, not to both', 'Give one of --data and --server.');
  }
  const file = new RowFile(path);
  const sink = await openSink(target, options);
  const bar = new ProgressBar(terminal);
  const startedAt = performance.now();
  let stopped = false;
  const stop = (): void => {
    stopped = true;
  };
  process.once('SIGINT', stop);
  try {
    for await (const rows of file.rows(await sink.columns())) {
      await sink.write(rows);
      bar.update(file.size === 0 ? 1 : file.bytesRead / file.size, sink.written);
      if (stopped) throw new Interrupted();
    }
    await sink.end();
    bar.clear();
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = Math.round(sink.written / Math.max(seconds, 0.001));
    await terminal.write(`${sink.written} rows into ${target} in ${seconds.toFixed(2)} s, ${rate} rows/s\n`);
    return EXIT.ok;
  } catch (error) {
    // Rows on their way when a row is found to be bad arrive all the same, or one of them is worse.
    const stops = error instanceof RowError || error instanceof Interrupted;
    const first = stops
      ? await sink.end().then(
          () => error,
          (earlier: unknown) => earlier,
        )
      : error;
    bar.clear();
    terminal.writeError(errorText(located(first, path), terminal.err));
    terminal.writeError(`${sink.written} rows of ${path} were written to ${target}\n`);
    return exitCodeOf(located(first, path));
  } finally {
    process.off('SIGINT', stop);
    await sink.close();
  }
}

function located(error: unknown, path: string): unknown {
  if (!(error instanceof RowError)) return error;
  return new StatementError(`${path} line ${error.line}: ${error.message}`, { code: 'bad-row' });
}

async function openSink(target: string, { data, server }: LoadOptions): Promise<RowSink> {
  if (data !== undefined) return new EngineSink(await openEmbedded(data), target);
  const url = serverUrl(server ?? DEFAULT_SERVER);
  if (url === null) throw new UsageError(`"${server}" is no address of a server`, 'Write http://HOST:PORT.');
  return new ServerSink(url, target, () => describeTarget(url, target));
}

/** The columns of a stream or table, from the server that has it. */
async function describeTarget(url: URL, target: string): Promise<readonly LoadColumn[]> {
  const backend = new ServerBackend(url);
  try {
    const entities = await backend.execute(`DESCRIBE ${target};`, { properties: new Map(), variables: new Map() });
    return entities.flatMap((entity) =>
      entity['@type'] === 'sourceDescription'
        ? entity.sourceDescription.fields
            .filter((field) => field.type !== 'HEADER')
            .map(({ name, schema }) => ({ name, type: schema.type }))
        : [],
    );
  } finally {
    await backend.close();
  }
}
