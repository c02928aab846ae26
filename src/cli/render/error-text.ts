import { RecordError, StatementError, SystemError } from '../../model/errors.js';
import type { SourceSpan } from '../../model/source-span.js';
import { EXIT, type ExitCode, Interrupted, UsageError } from '../exit.js';
import { caretBlock } from './caret.js';
import { LocatedError, type Source } from './located-error.js';
import type { Palette } from './palette.js';
import { printableLines } from './printable.js';

/**
 * What is told of an error: what is wrong, where, and what to do about it; never a stack trace. Ends with a line end.
 *
 * @param columns width of the terminal, null where lines have no end
 */
export function errorText(error: unknown, palette: Palette, columns: number | null = null): string {
  if (error instanceof LocatedError) return statementText(error.cause, error.source, palette, columns);
  return statementText(error, null, palette, columns);
}

export function exitCodeOf(error: unknown): ExitCode {
  const actual = error instanceof LocatedError ? error.cause : error;
  if (actual instanceof StatementError || actual instanceof RecordError) return EXIT.statement;
  if (actual instanceof UsageError) return EXIT.usage;
  if (actual instanceof Interrupted) return EXIT.interrupted;
  return EXIT.service;
}

function statementText(error: unknown, source: Source | null, palette: Palette, columns: number | null): string {
  const label = palette.red(palette.bold('error'));
  if (error instanceof StatementError) {
    const span = source === null ? null : spanOf(error);
    const message = span === null ? error.message : withoutPosition(error.message);
    const parts = [`${label}: ${printableLines(message.trimEnd())}`];
    if (source !== null && span !== null) parts.push(...caretBlock(source, span, palette, columns));
    const repeated = /did you mean/i.test(message) && /^did you mean/i.test(error.hint ?? '');
    if (error.hint !== undefined && !repeated) parts.push(`${palette.cyan('hint')}: ${printableLines(error.hint)}`);
    return `${parts.join('\n')}\n`;
  }
  if (error instanceof SystemError || error instanceof UsageError) {
    const remedy = error.hint === undefined ? '' : ` ${sentence(error.hint)}`;
    return `${label}: ${printableLines(error.message + (remedy === '' ? '' : closed(error.message)) + remedy)}\n`;
  }
  if (error instanceof Interrupted) return '';
  return internalError(error, label);
}

/** A fault of ours: the message, and how to learn more. */
function internalError(error: unknown, label: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const stack = process.env['MILLRACE_DEBUG'] === undefined ? '' : `${(error as Error)?.stack ?? ''}\n`;
  const more = stack === '' ? ' Set MILLRACE_DEBUG=1 to see where it arose.' : '';
  return `${label}: internal error: ${printableLines(message)}${closed(message)}${more}\n${stack}`;
}

function closed(text: string): string {
  return /[.!?]$/.test(text) ? '' : '.';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${closed(text)}`;
}

const SYNTAX_POSITION = /^line (\d+):(\d+): (?:Syntax Error\n)?/;
const STATEMENT_POSITION = /Line: (\d+), Col: (\d+): ?/;

/** Where the error is; from its words when a server told it. */
function spanOf(error: StatementError): SourceSpan | null {
  if (error.span !== undefined && error.span.line > 0) return error.span;
  const found = SYNTAX_POSITION.exec(error.message) ?? STATEMENT_POSITION.exec(error.message);
  if (found === null) return null;
  // Offsets are unknown: 0 and 0 stand for the word at that place.
  return { start: 0, end: 0, line: Number(found[1]), column: Number(found[2]) };
}

/** The message without what the caret shows better. */
function withoutPosition(message: string): string {
  return message
    .replace(SYNTAX_POSITION, '')
    .replace(STATEMENT_POSITION, '')
    .replace(/ at line \d+:\d+$/m, '');
}
