import type { SourceSpan } from '../../model/source-span.js';
import type { Source } from './located-error.js';
import type { Palette } from './palette.js';
import { graphemes, printable, width } from './printable.js';

/** Columns that are shown before the caret when a line does not fit. */
const CONTEXT_COLUMNS = 20;
const LINE_COLUMNS_MAX = 200;

/**
 * The line that a span begins in, marked below where the span is:
 * ```
 *   --> flights.sql:3:30
 *   |
 * 3 | CREATE STREAM O AS SELECT K, W FROM S;
 *   |                              ^
 * ```
 * A span without extent marks the word at its place. Nothing when the text has no such line.
 */
export function caretBlock(source: Source, span: SourceSpan, palette: Palette, columns: number | null): string[] {
  const line = source.text.split('\n')[span.line - 1]?.replace(/\r$/, '');
  if (line === undefined) return [];
  const from = Math.min(span.column - 1, line.length);
  const length = span.end > span.start ? span.end - span.start : wordLength(line, from);
  const to = Math.min(from + Math.max(1, length), Math.max(line.length, from + 1));

  const number = String(source.firstLine + span.line - 1);
  const gutter = ' '.repeat(number.length);
  const room = Math.max(40, (columns ?? LINE_COLUMNS_MAX) - gutter.length - 3);
  const shown = windowOf(line, from, to, Math.min(room, LINE_COLUMNS_MAX));
  const bar = palette.blue('|');
  const place = `${source.name ?? 'line'}${source.name === null ? ' ' : ':'}${number}:${span.column}`;
  return [
    `${gutter} ${palette.blue('-->')} ${printable(place)}`,
    `${gutter} ${bar}`,
    `${palette.blue(number)} ${bar} ${shown.text}`,
    `${gutter} ${bar} ${' '.repeat(shown.before)}${palette.red('^'.repeat(shown.marked))}`,
  ];
}

function wordLength(line: string, from: number): number {
  return /^[\p{L}\p{N}_]+/u.exec(line.slice(from))?.[0].length ?? 1;
}

/** The part of a line around a range, with the columns before the range and in it. */
function windowOf(
  line: string,
  from: number,
  to: number,
  room: number,
): { readonly text: string; readonly before: number; readonly marked: number } {
  const before = spelt(line.slice(0, from));
  const within = spelt(line.slice(from, to));
  const after = spelt(line.slice(to));
  const fits = width(before) + width(within) + width(after) <= room;
  const head = fits || width(before) <= CONTEXT_COLUMNS ? before : `...${last(before, CONTEXT_COLUMNS - 3)}`;
  const middle = first(within, room - width(head));
  const left = room - width(head) - width(middle);
  const tail = width(after) <= left ? after : first(after, Math.max(0, left - 3)) + '...'.slice(0, left);
  return { text: head + middle + tail, before: width(head), marked: Math.max(1, width(middle)) };
}

function spelt(text: string): string {
  return printable(text.replaceAll('\t', '  '));
}

function first(text: string, columns: number): string {
  let kept = '';
  let used = 0;
  for (const character of graphemes(text)) {
    used += width(character);
    if (used > columns) break;
    kept += character;
  }
  return kept;
}

function last(text: string, columns: number): string {
  const all = graphemes(text);
  let used = 0;
  let at = all.length;
  while (at > 0 && used + width(all[at - 1]!) <= columns) used += width(all[--at]!);
  return all.slice(at).join('');
}
