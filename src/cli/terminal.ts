import { formatWithOptions } from 'node:util';
import { EXIT } from './exit.js';
import { type Palette, palette } from './render/palette.js';

/** Where a command writes, and what the place can show. */
export interface Terminal {
  /** Resolves when there is room for more: awaiting it keeps a slow reader from filling the memory. */
  write(text: string): Promise<void>;
  /** Writes to standard error. */
  writeError(text: string): void;
  /** Characters in a line; null where lines have no end: files and pipes. */
  readonly columns: number | null;
  readonly rows: number;
  /** Whether somebody sits at both ends: keys come in, output is on a screen. */
  readonly interactive: boolean;
  /** Whether the screen understands cursor movements. */
  readonly repaints: boolean;
  readonly out: Palette;
  readonly err: Palette;
}

/** A log of an engine that says what is wrong, or soon will be, and nothing else. */
export function warnings(terminal: Terminal): (level: string, message: string) => void {
  return (level, message) => {
    if (level === 'error') terminal.writeError(`${terminal.err.red('error')}: ${message}\n`);
    else if (level === 'warn') terminal.writeError(`${terminal.err.yellow('warning')}: ${message}\n`);
  };
}

const DEFAULT_ROWS = 24;

/** The process's own streams. Install it once: it ends the process quietly when the reader of a pipe goes away. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const screen = stdout.isTTY === true;
  const dumb = env['TERM'] === 'dumb';
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.ok);
      if (stream === stdout)
        writeSafely(formatWithOptions({}, 'millrace: cannot write the output: %s\n', error.message));
      process.exit(EXIT.service);
    });
  }
  return {
    write(text) {
      if (text === '' || stdout.write(text)) return Promise.resolve();
      return new Promise((resolve) => stdout.once('drain', resolve));
    },
    writeError: writeSafely,
    get columns() {
      return screen ? (stdout.columns ?? null) : null;
    },
    get rows() {
      return stdout.rows ?? DEFAULT_ROWS;
    },
    interactive: screen && stdin.isTTY === true,
    repaints: screen && !dumb,
    out: palette(hasColours(screen, env)),
    err: palette(hasColours(stderr.isTTY === true, env)),
  };
}

/** `NO_COLOR` and `FORCE_COLOR` decide; else a terminal that is not dumb has colours. */
export function hasColours(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

function writeSafely(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // Nobody is left to be told.
  }
}
