import { expect, test } from 'vitest';
import { linePrompts } from '../../../../src/cli/editor/continuation.js';
import { highlight } from '../../../../src/cli/editor/highlight.js';
import { layout } from '../../../../src/cli/editor/layout.js';
import { palette } from '../../../../src/cli/render/palette.js';

const plain = (text: string): string => text;

function lay(text: string, cursor: number, columns: number) {
  const prompt = (line: number): string => (line === 0 ? '> ' : '. ');
  return layout(text, cursor, { columns, prompt, promptStyle: plain, runs: [] });
}

test('lines have prompts, long ones go on in the next row', () => {
  expect(lay('abcdef\ngh', 6, 6)).toEqual({ rows: ['> abcd', 'ef', '. gh'], cursorRow: 1, cursorColumn: 2 });
});

test('behind a full row the cursor stands on the next', () => {
  expect(lay('abcd', 4, 6)).toEqual({ rows: ['> abcd', ''], cursorRow: 1, cursorColumn: 0 });
});

test('wide characters are not cut in two', () => {
  expect(lay('a日本', 3, 6)).toEqual({ rows: ['> a日', '本'], cursorRow: 1, cursorColumn: 2 });
});

test('colours are those of the lexer and change no width', () => {
  const text = "SELECT 'a' -- b";
  const runs = highlight(text, palette(true));
  const { rows } = layout(text, 0, { columns: 80, prompt: () => '', promptStyle: plain, runs });
  expect(rows).toEqual(["\u001b[36mSELECT\u001b[39m \u001b[32m'a'\u001b[39m \u001b[2m-- b\u001b[22m"]);
});

test('prompts say why they wait', () => {
  expect(linePrompts("SELECT '\n' FROM (\na) -- x\n/*\n").map((prompt) => prompt.trim())).toEqual([
    'millrace>',
    "'>",
    '(>',
    '->',
    '/*>',
  ]);
});
