import type { Session } from '../engine/engine.js';
import type { Entity } from '../engine/entities.js';
import { StatementError } from '../model/errors.js';
import type { Statement } from '../parser/ast.js';
import { parse } from '../parser/parse.js';
import type { Backend, LinesResult, RowsResult } from './backend/backend.js';
import { runCommand } from './client-commands.js';
import { Interrupted } from './exit.js';
import { splitInput } from './input.js';
import { entitiesText } from './render/entities.js';
import { errorText } from './render/error-text.js';
import { LocatedError, type Source } from './render/located-error.js';
import type { OutputFormat } from './render/output-format.js';
import { printableLines } from './render/printable.js';
import { rowPrinter } from './render/rows.js';
import type { TableStyle } from './render/table.js';
import { Spool } from './spool.js';
import type { Terminal } from './terminal.js';

export interface ShellOptions {
  readonly output: OutputFormat;
  readonly session: Session;
  /** Connects to another server or file, for the command `server`. */
  readonly open: (target: string) => Promise<Backend>;
  /** Somebody watches: results are timed and say how to stop them. */
  readonly interactive?: boolean;
  /** Statements that only confirm say nothing. */
  readonly quiet?: boolean;
  /** Queries read what there is and end; they wait for what was inserted before them. */
  readonly bounded?: boolean;
}

/** Where a text comes from. */
export interface Origin {
  readonly name: string | null;
  readonly firstLine: number;
}

type Kind = Statement['kind'];

/** A statement with its text as it is sent. */
interface Sendable {
  readonly statement: Statement;
  readonly text: string;
}

/** Statements of one request, at most so many characters: servers limit the size of a request. */
const REQUEST_CHARACTERS_MAX = 250_000;

/**
 * Runs statements and the prompt's own commands against a backend and shows what they answer. SET, UNSET, DEFINE and UNDEFINE
 * stay here; SELECT and PRINT go one by one; statements between them go together, in one request.
 */
export class Shell {
  readonly session: Session;
  /** Whole inputs, oldest first. */
  readonly inputs: string[] = [];
  readonly spool = new Spool();
  output: OutputFormat;
  style: { wrap: boolean; columnWidth: number } = { wrap: true, columnWidth: 0 };
  backend: Backend;
  readonly terminal: Terminal;
  readonly #options: ShellOptions;
  #active: { close(): Promise<void> } | null = null;
  #interrupt: (() => void) | null = null;

  constructor(backend: Backend, terminal: Terminal, options: ShellOptions) {
    this.backend = backend;
    this.terminal = terminal;
    this.session = options.session;
    this.output = options.output;
    this.#options = options;
  }

  /**
   * Runs a text to its end.
   * @returns false when it asked to leave
   * @throws LocatedError for the first statement that fails, `Interrupted` after {@link interrupt}
   */
  async run(text: string, origin: Origin = { name: null, firstLine: 1 }): Promise<boolean> {
    this.inputs.push(text.trim());
    this.spool.input(text);
    const interrupted = new Promise<never>((_, reject) => {
      this.#interrupt = () => reject(new Interrupted());
    });
    interrupted.catch(() => {});
    try {
      return await this.#runItems(text, origin, interrupted);
    } finally {
      this.#interrupt = null;
    }
  }

  /** Stops what runs; false when nothing does. */
  interrupt(): boolean {
    if (this.#interrupt === null) return false;
    this.#interrupt();
    void this.#active?.close();
    return true;
  }

  async write(text: string): Promise<void> {
    this.spool.output(text);
    await this.terminal.write(text);
  }

  writeError(text: string): void {
    this.spool.output(text);
    this.terminal.writeError(text);
  }

  /** Connects to another server or file and leaves the present one. */
  async connect(target: string): Promise<void> {
    const next = await this.#options.open(target);
    await this.backend.close();
    this.backend = next;
  }

  async close(): Promise<void> {
    this.spool.stop();
    await this.backend.close();
  }

  async #runItems(text: string, origin: Origin, interrupted: Promise<never>): Promise<boolean> {
    for (const item of splitInput(text)) {
      if (item.kind === 'sql') await this.#runSql(item.text, text, item.start, item.line, origin, interrupted);
      else if (!(await runCommand(item.call, this))) return false;
    }
    return true;
  }

  /** @param whole the text that `sql` stands in, at `start`, on the line `line` */
  async #runSql(
    sql: string,
    whole: string,
    start: number,
    line: number,
    origin: Origin,
    interrupted: Promise<never>,
  ): Promise<void> {
    const lineStart = whole.lastIndexOf('\n', start - 1) + 1;
    const padding = ' '.repeat(start - lineStart);
    const terminated = sql.trimEnd().endsWith(';') ? sql : `${sql}\n;`;
    const text = padding + terminated;
    const source: Source = {
      name: origin.name,
      text: whole.slice(lineStart),
      firstLine: origin.firstLine + line - 1,
    };
    const waiting: Sendable[] = [];
    const flush = async (): Promise<void> => {
      const batch = waiting.splice(0);
      if (batch.length > 0) await this.#execute(batch, text, source, interrupted);
    };
    for (const { statement, text: own } of this.#parse(text, source)) {
      const handle = LOCAL[statement.kind] as ((statement: Statement, shell: Shell) => Promise<void>) | undefined;
      if (handle !== undefined) {
        await flush();
        await handle(statement, this).catch((error) => {
          throw new LocatedError(error, source);
        });
      } else if (statement.kind === 'select' || statement.kind === 'printTopic') {
        await flush();
        await this.#query({ statement, text: own }, text, source, interrupted);
      } else {
        const size = waiting.reduce((sum, sendable) => sum + sendable.text.length, 0);
        if (size + own.length > REQUEST_CHARACTERS_MAX) await flush();
        waiting.push({ statement, text: own });
      }
    }
    await flush();
  }

  /** All statements of a text. Nothing has been run when one of them does not parse. */
  #parse(text: string, source: Source): readonly Sendable[] {
    const { session } = this;
    const substitutes = session.properties.get('ksql.variable.substitution.enable')?.toLowerCase() !== 'false';
    const { statements, diagnostics } = parse(text, substitutes ? { variables: session.variables } : {});
    if (diagnostics.length === 0) return statements;
    const errors = diagnostics.map(
      ({ code, message, span, hint }) =>
        new LocatedError(
          new StatementError(message, { code, problem: 'syntax', span, hint: hint ?? undefined }),
          source,
        ),
    );
    const last = errors.pop()!;
    for (const error of errors) this.writeError(errorText(error, this.terminal.err, this.terminal.columns));
    throw last;
  }

  async #execute(batch: readonly Sendable[], text: string, source: Source, interrupted: Promise<never>): Promise<void> {
    const sent = place(batch, text, source);
    let entities: readonly Entity[];
    try {
      entities = await Promise.race([this.backend.execute(sent.text, this.session), interrupted]);
    } catch (error) {
      throw error instanceof StatementError ? new LocatedError(error, sent.source) : error;
    }
    const shown = this.#options.quiet ? entities.filter((entity) => entity['@type'] !== 'currentStatus') : entities;
    await this.write(entitiesText(this.output, shown, this.#tableStyle(), this.terminal.out.bold));
  }

  async #query(one: Sendable, text: string, source: Source, interrupted: Promise<never>): Promise<void> {
    const { bounded, interactive } = this.#options;
    const sent = place([one], text, source);
    const started = performance.now();
    const live = one.statement.kind !== 'select' || (one.statement.query.emit !== null && bounded !== true);
    try {
      if (bounded) await Promise.race([this.backend.settle(), interrupted]);
      const starting = this.backend.query(sent.text, this.session);
      const result = await Promise.race([starting, interrupted]).catch((error) => {
        if (error instanceof Interrupted) void starting.then((late) => late.close()).catch(() => {});
        throw error;
      });
      this.#active = result;
      if (live && interactive) this.terminal.writeError(this.terminal.err.dim('Press Ctrl-C to stop.\n'));
      try {
        const count = result.kind === 'rows' ? await this.#rows(result, live) : await this.#lines(result);
        if (interactive) this.terminal.writeError(this.terminal.err.dim(timing(result.kind, count, started, live)));
      } finally {
        this.#active = null;
        await result.close();
      }
      // An interruption ends the rows without an error: it is told here.
      await Promise.race([interrupted, Promise.resolve()]);
    } catch (error) {
      throw error instanceof StatementError ? new LocatedError(error, sent.source) : error;
    }
  }

  async #rows(result: RowsResult, live: boolean): Promise<number> {
    const printer = rowPrinter(this.output, {
      columns: result.columns,
      style: this.#tableStyle(),
      live,
      emphasis: this.terminal.out.bold,
    });
    let count = 0;
    if (live) await this.write(printer.rows([]));
    for await (const batch of result.batches) {
      count += batch.length;
      await this.write(printer.rows(batch));
    }
    await this.write(printer.end());
    const message = result.finalMessage();
    if (message !== null && this.output === 'table') await this.write(`${printableLines(message)}\n`);
    return count;
  }

  async #lines(result: LinesResult): Promise<number> {
    let count = 0;
    for await (const lines of result.lines) {
      count += lines.length;
      await this.write(lines.map((line) => `${printableLines(line)}\n`).join(''));
    }
    return count;
  }

  #tableStyle(): TableStyle {
    return { ...this.style, columns: this.terminal.columns };
  }
}

/** Statements that change the session, which stays on this side. */
const LOCAL: {
  readonly [K in Kind]?: (statement: Extract<Statement, { readonly kind: K }>, shell: Shell) => Promise<void>;
} = {
  async setProperty({ name, value }, shell) {
    const full = await shell.backend.checkProperty(name, value);
    const old = shell.session.properties.get(full);
    shell.session.properties.set(full, value);
    const change =
      old === undefined
        ? `to '${value}'. Use the UNSET command to revert your change.`
        : `from '${old}' to '${value}'.`;
    await confirm(shell, `Successfully changed local property '${name}' ${change}`);
  },
  async unsetProperty({ name }, shell) {
    const { properties } = shell.session;
    const full = properties.has(name) ? name : await shell.backend.checkProperty(name, '').catch(() => name);
    const old = properties.get(full);
    if (old === undefined) {
      throw new StatementError(`Cannot unset local property '${name}' which was never set in the first place`);
    }
    properties.delete(full);
    await confirm(shell, `Successfully unset local property '${name}' (value was '${old}').`);
  },
  async defineVariable({ name, value }, shell) {
    shell.session.variables.set(name, value);
  },
  async undefineVariable({ name }, shell) {
    if (shell.session.variables.delete(name)) return;
    await confirm(shell, `Cannot undefine variable '${name}' which was never defined.`);
  },
  async listVariables(_, shell) {
    const variables = [...shell.session.variables].map(([name, value]) => ({ name, value }));
    const entity: Entity = { '@type': 'variables', statementText: 'LIST VARIABLES;', warnings: [], variables };
    await shell.write(
      entitiesText(
        shell.output,
        [entity],
        { ...shell.style, columns: shell.terminal.columns },
        shell.terminal.out.bold,
      ),
    );
  },
};

/** A sentence for people: where programs read the output it goes to standard error. */
async function confirm(shell: Shell, text: string): Promise<void> {
  if (shell.output === 'table') await shell.write(`${printableLines(text)}\n`);
  else shell.writeError(`${printableLines(text)}\n`);
}

/**
 * The text to send for some statements, and what positions in it mean. As they were written, positions stay those of the source;
 * after substitution of variables they count in what was sent.
 */
function place(
  batch: readonly Sendable[],
  text: string,
  source: Source,
): { readonly text: string; readonly source: Source } {
  const asWritten = batch.every(({ statement: { span }, text: own }) => text.startsWith(own, span.start));
  if (!asWritten) {
    const sent = batch.map(({ text: own }) => own).join('\n');
    return { text: sent, source: { name: null, text: sent, firstLine: 1 } };
  }
  const first = batch[0]!.statement.span;
  const last = batch.at(-1)!;
  const lineStart = text.lastIndexOf('\n', first.start - 1) + 1;
  const sent = text.slice(first.start, last.statement.span.start + last.text.length);
  return {
    text: ' '.repeat(first.start - lineStart) + sent,
    source: {
      name: source.name,
      text: source.text
        .split('\n')
        .slice(first.line - 1)
        .join('\n'),
      firstLine: source.firstLine + first.line - 1,
    },
  };
}

function timing(kind: 'rows' | 'lines', count: number, started: number, live: boolean): string {
  const seconds = (performance.now() - started) / 1000;
  const noun = kind === 'rows' ? 'row' : 'line';
  const rate = live && seconds >= 1 && count > 0 ? `, ${Math.round(count / seconds)} ${noun}s/s` : '';
  return `${count} ${noun}${count === 1 ? '' : 's'} in ${seconds.toFixed(2)} s${rate}\n`;
}
