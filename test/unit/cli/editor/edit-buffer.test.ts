import { expect, test } from 'vitest';
import { EditBuffer } from '../../../../src/cli/editor/edit-buffer.js';

/** The text with `|` at the cursor, after some edits. */
function edited(text: string, ...steps: ((buffer: EditBuffer) => unknown)[]): string {
  const buffer = new EditBuffer();
  buffer.set(text.replace('|', ''), text.indexOf('|'));
  for (const step of steps) step(buffer);
  return `${buffer.text.slice(0, buffer.cursor)}|${buffer.text.slice(buffer.cursor)}`;
}

test('characters go and come at the cursor', () => {
  expect(edited('ab|c', (b) => b.insert('xy'))).toBe('abxy|c');
  expect(edited('ab|c', (b) => b.backspace())).toBe('a|c');
  expect(edited('ab|c', (b) => b.delete())).toBe('ab|');
  expect(edited('|', (b) => b.backspace())).toBe('|');
});

test('a character is what a reader takes for one', () => {
  expect(edited('a👩‍👩‍👧|b', (b) => b.left())).toBe('a|👩‍👩‍👧b');
  expect(edited('a👩‍👩‍👧|b', (b) => b.backspace())).toBe('a|b');
  expect(edited('a|\nb', (b) => b.right())).toBe('a\n|b');
  expect(edited('a\n|b', (b) => b.backspace())).toBe('a|b');
});

test('words and lines', () => {
  expect(edited('select a_b|', (b) => b.wordLeft())).toBe('select |a_b');
  expect(edited('|select a', (b) => b.wordRight())).toBe('select| a');
  expect(edited('one\ntw|o\nthree', (b) => b.lineStart())).toBe('one\n|two\nthree');
  expect(edited('one\ntw|o\nthree', (b) => b.lineEnd())).toBe('one\ntwo|\nthree');
});

test('up and down keep the column, and tell when there is no line', () => {
  expect(edited('one\nthr|ee', (b) => b.up())).toBe('one|\nthree');
  expect(edited('one\nx\nthree|', (b) => b.up())).toBe('one\nx|\nthree');
  expect(edited('tw|o\nfour\n', (b) => b.down())).toBe('two\nfo|ur\n');
  const buffer = new EditBuffer();
  buffer.set('one');
  expect([buffer.up(), buffer.down()]).toEqual([false, false]);
});

test('what is taken away can be put back', () => {
  expect(edited('select |a from b', (b) => b.killToLineEnd())).toBe('select |');
  expect(
    edited(
      'select |a',
      (b) => b.killToLineStart(),
      (b) => b.lineEnd(),
      (b) => b.yank(),
    ),
  ).toBe('aselect |');
  expect(edited('a b| c', (b) => b.killWordLeft())).toBe('a | c');
  expect(edited('a |b c', (b) => b.killWordRight())).toBe('a | c');
  expect(edited('a|\nb', (b) => b.killToLineEnd())).toBe('a|b');
});
