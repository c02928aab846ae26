import { isComplete, splitStatements } from '../parser/split.js';

/** Commands of the prompt itself, which no server sees. */
export const COMMAND_NAMES = [
  'clear',
  'exit',
  'help',
  'history',
  'output',
  'quit',
  'request-pipelining',
  'run script',
  'server',
  'set cli',
  'spool',
  'version',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export interface CommandCall {
  readonly name: CommandName;
  /** What follows the name, without quotes around it. */
  readonly argument: string;
}

/** A part of what was typed or of a script. */
export type InputItem =
  | { readonly kind: 'command'; readonly call: CommandCall }
  /** Whole statements, with the offset of the first in the text and its line, counting from 1. */
  | { readonly kind: 'sql'; readonly text: string; readonly start: number; readonly line: number };

const COMMAND = new RegExp(
  `^(${COMMAND_NAMES.map((name) => name.replace(' ', '\\s+')).join('|')})(?:\\s+(.*?))?\\s*;?\\s*$`,
  'i',
);

/** A line as a command of the prompt; null when it is none. */
export function parseCommand(line: string): CommandCall | null {
  const found = COMMAND.exec(line.trim());
  if (found === null) return null;
  const name = found[1]!.toLowerCase().replace(/\s+/, ' ') as CommandName;
  return { name, argument: (found[2] ?? '').trim().replace(/^(['"])(.*)\1$/, '$2') };
}

/** Statements up to so many characters go through the parser together. */
const SQL_CHARACTERS_MAX = 250_000;

/**
 * Cuts a text into commands and statements. A command takes one line and stands where a statement could begin; the last
 * statement may lack its `;`.
 */
export function splitInput(text: string): InputItem[] {
  const items: InputItem[] = [];
  let open: { start: number; end: number; line: number } | null = null;
  const flush = (): void => {
    if (open === null) return;
    items.push({ kind: 'sql', text: text.slice(open.start, open.end), start: open.start, line: open.line });
    open = null;
  };
  for (const { span } of splitStatements(text)) {
    let at = span.start;
    let line = span.line;
    while (at < span.end) {
      const lineEnd = Math.min(endOfLine(text, at), span.end);
      const written = text.slice(at, lineEnd);
      const call = parseCommand(written);
      if (call === null && !isBlank(written)) break;
      if (call !== null) {
        flush();
        items.push({ kind: 'command', call });
      }
      at = lineEnd + 1;
      line++;
    }
    if (at >= span.end) continue;
    if (open !== null && span.end - (open as { start: number }).start > SQL_CHARACTERS_MAX) flush();
    open =
      open === null
        ? { start: at, end: span.end, line }
        : { ...(open as { start: number; line: number }), end: span.end };
  }
  flush();
  return items;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

function isBlank(line: string): boolean {
  return /^\s*(?:--.*)?$/.test(line);
}

/** Where the part of a growing text ends that can be run without waiting for more: 0 when nothing can. */
export function completeLength(text: string): number {
  const end = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, end);
  const last = splitStatements(lines).at(-1);
  if (last === undefined) return isComplete(lines).complete ? end : 0;
  if (last.terminated) return last.span.end;
  // Commands need no semicolon, and several may precede a statement that has just begun.
  let at = last.span.start;
  for (;;) {
    const next = Math.min(endOfLine(lines, at), last.span.end);
    if (at >= last.span.end) return end;
    const line = lines.slice(at, next);
    if (parseCommand(line) === null && !isBlank(line)) return at;
    at = next + 1;
  }
}
