import { graphemes, printable, width } from '../render/printable.js';
import type { StyledRun } from './highlight.js';

/** A text as rows of a screen. */
export interface Layout {
  readonly rows: readonly string[];
  readonly cursorRow: number;
  readonly cursorColumn: number;
}

/** What stands before each line of the text, and how. */
export interface LayoutOptions {
  readonly columns: number;
  readonly prompt: (line: number) => string;
  readonly promptStyle: (text: string) => string;
  readonly runs: readonly StyledRun[];
}

const plain = (text: string): string => text;

/** Breaks a text with its prompts into rows, and finds the cursor in them. */
export function layout(text: string, cursor: number, options: LayoutOptions): Layout {
  const { columns, prompt, promptStyle, runs } = options;
  const rows: string[] = [];
  let row = '';
  let used = 0;
  let cursorRow = 0;
  let cursorColumn = 0;
  let pending = '';
  let style = plain;
  const flush = (): void => {
    row += style(pending);
    pending = '';
  };
  const endRow = (): void => {
    flush();
    rows.push(row);
    row = '';
    used = 0;
  };
  let nextRun = 0;
  let at = 0;
  text.split('\n').forEach((line, number) => {
    const before = prompt(number);
    row = promptStyle(before);
    used = width(before);
    style = plain;
    for (const character of [...graphemes(line), '']) {
      const shown = printable(character);
      const size = width(shown);
      if (used + size > columns || (character === '' && used >= columns)) endRow();
      if (at === cursor) {
        cursorRow = rows.length;
        cursorColumn = used;
      }
      while (nextRun < runs.length && runs[nextRun]!.end <= at) nextRun++;
      const run = runs[nextRun];
      const wanted = run !== undefined && run.start <= at ? run.style : plain;
      if (wanted !== style) {
        flush();
        style = wanted;
      }
      pending += shown;
      used += size;
      at += character.length;
    }
    endRow();
    at++;
  });
  return { rows, cursorRow, cursorColumn };
}
