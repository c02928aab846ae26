import { openBackend, serverUrl } from '../backend/open-backend.js';
import { assignment, readText, withFunctions } from '../config/server-config.js';
import { EXIT, type ExitCode, Interrupted } from '../exit.js';
import { completeLength } from '../input.js';
import { errorText, exitCodeOf } from '../render/error-text.js';
import type { OutputFormat } from '../render/output-format.js';
import { Shell } from '../shell.js';
import { type Terminal, warnings } from '../terminal.js';

export interface SqlOptions {
  readonly execute: readonly string[];
  readonly file: readonly string[];
  readonly output: OutputFormat;
  readonly define: readonly string[];
  readonly set: readonly string[];
  readonly functionsDir?: string;
}

/** `millrace sql`: a prompt, or statements from the command line, from files or from a pipe. */
export async function runSql(target: string | undefined, options: SqlOptions, terminal: Terminal): Promise<ExitCode> {
  const files = options.file.map((path) => ({ path, text: readText(path, 'script') }));
  const scripted = options.execute.length > 0 || files.length > 0;
  const prompt = !scripted && terminal.interactive;
  const settings = withFunctions({}, options.functionsDir);
  const log = warnings(terminal);
  const backend = await openBackend(target, settings, log);
  const shell = new Shell(backend, terminal, {
    output: options.output,
    session: { properties: new Map(), variables: new Map() },
    open: (next) => openBackend(next, serverUrl(next) === null ? settings : {}, log),
    interactive: prompt,
  });
  try {
    await configure(shell, options);
    if (prompt) {
      const { runRepl } = await import('../repl.js');
      return await runRepl(shell);
    }
    return await runToEnd(shell, async () => {
      for (const text of options.execute) if (!(await shell.run(text))) return;
      for (const { path, text } of files) if (!(await shell.run(text, { name: path, firstLine: 1 }))) return;
      if (!scripted) await runPipe(shell);
    });
  } finally {
    await shell.close();
  }
}

/** Variables and settings of the command line. */
async function configure(shell: Shell, { define, set }: SqlOptions): Promise<void> {
  for (const text of define) {
    const { name, value } = assignment(text, '--define');
    shell.session.variables.set(name, value);
  }
  for (const text of set) {
    const { name, value } = assignment(text, '--set');
    shell.session.properties.set(await shell.backend.checkProperty(name, value), value);
  }
}

/** Runs without a prompt: the first error ends it, Ctrl-C stops it. */
export async function runToEnd(shell: Shell, work: () => Promise<void>): Promise<ExitCode> {
  const stop = (): void => {
    if (!shell.interrupt()) process.exit(EXIT.interrupted);
  };
  process.on('SIGINT', stop);
  try {
    await work();
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Interrupted)) {
      shell.writeError(errorText(error, shell.terminal.err, shell.terminal.columns));
    }
    return exitCodeOf(error);
  } finally {
    process.off('SIGINT', stop);
  }
}

/** Runs statements of standard input as they arrive. */
async function runPipe(shell: Shell): Promise<void> {
  let rest = '';
  let line = 1;
  // What of the line is done with: blanks in its place keep the columns of errors right.
  let column = 0;
  process.stdin.setEncoding('utf8');
  const run = async (text: string): Promise<boolean> => {
    const goesOn = await shell.run(' '.repeat(column) + text, { name: null, firstLine: line });
    const ends = text.split('\n');
    line += ends.length - 1;
    column = ends.at(-1)!.length + (ends.length === 1 ? column : 0);
    return goesOn;
  };
  for await (const chunk of process.stdin) {
    rest += chunk as string;
    if (!(chunk as string).includes('\n')) continue;
    const length = completeLength(rest);
    if (length === 0) continue;
    if (!(await run(rest.slice(0, length)))) return;
    rest = rest.slice(length);
  }
  if (rest.trim() !== '') await run(rest);
}
