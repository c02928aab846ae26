import { describe, expect, test } from 'vitest';
import { clip, printable, width, wrap } from '../../../../src/cli/render/printable.js';
import { columnWidths, tableText } from '../../../../src/cli/render/table.js';

const style = (columns: number | null, more = {}) => ({ wrap: true, columnWidth: 0, columns, ...more });
const COLUMNS = [
  { name: 'NAME', right: false },
  { name: 'N', right: true },
];

describe('texts on a terminal', () => {
  test('control characters are spelt out', () => {
    expect(printable('a\u001b[31m\n\t\u0000\u0085')).toBe('a\\x1b[31m\\n\\t\\x00\\x85');
  });

  test('width counts columns, not characters', () => {
    expect([width('abc'), width('日本'), width('👩‍👩‍👧'), width('é')]).toEqual([3, 4, 2, 1]);
  });

  test('wrapping keeps words and loses nothing', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
    expect(wrap('日本語', 4)).toEqual(['日本', '語']);
    expect(wrap('', 4)).toEqual(['']);
  });

  test('clipping says that something is missing', () => {
    expect([clip('abcdef', 5), clip('abcde', 5), clip('abc', 2)]).toEqual(['ab...', 'abcde', '..']);
  });
});

describe('widths', () => {
  test('what fits is left alone; without a terminal everything fits', () => {
    expect(columnWidths([5, 6], style(16))).toEqual([5, 6]);
    expect(columnWidths([500, 6], style(null))).toEqual([500, 6]);
  });

  test('the widest columns give way first', () => {
    expect(columnWidths([5, 40, 30], style(50))).toEqual([5, 19, 18]);
  });

  test('when columns would become too narrow there is no table', () => {
    expect(columnWidths([20, 20, 20, 20], style(30))).toBeNull();
    expect(columnWidths([5, 10, 200], style(50))).toEqual([5, 10, 27]);
    expect(columnWidths([5, 10, 200], style(40))).toBeNull();
  });

  test('a set width holds for all', () => {
    expect(columnWidths([5, 40], style(10, { columnWidth: 7 }))).toEqual([7, 7]);
  });
});

describe('a table', () => {
  test('texts stand left, numbers right', () => {
    expect(
      tableText(
        COLUMNS,
        [
          ['a', '1'],
          ['日本', '200'],
        ],
        style(null),
      ),
    ).toBe([' NAME |   N', '------+-----', ' a    |   1', ' 日本 | 200', ''].join('\n'));
  });

  test('long values wrap, or are cut', () => {
    const rows = [['one two three', '1']];
    expect(tableText(COLUMNS, rows, style(14))).toBe(
      [' NAME     | N', '----------+---', ' one two  | 1', ' three    |', ''].join('\n'),
    );
    expect(tableText(COLUMNS, rows, style(14, { wrap: false }))).toContain(' one t... | 1');
  });

  test('where it does not fit each value has a line', () => {
    const columns = ['A', 'BB', 'C', 'D'].map((name) => ({ name, right: false }));
    const text = tableText(columns, [['a'.repeat(30), 'b', 'c'.repeat(30), 'd'.repeat(30)]], style(30));
    expect(text.split('\n').slice(0, 3)).toEqual([
      `-[ 1 ]${'-'.repeat(24)}`,
      `A  | ${'a'.repeat(25)}`,
      `   | ${'a'.repeat(5)}`,
    ]);
  });
});
