import { expect, test } from 'vitest';
import type { RowInfo } from '../../../../src/cli/backend/backend.js';
import type { OutputFormat } from '../../../../src/cli/render/output-format.js';
import { PLAIN } from '../../../../src/cli/render/palette.js';
import { rowPrinter } from '../../../../src/cli/render/rows.js';
import { type JsonValue, parseJsonLossless } from '../../../../src/model/json-text.js';

const COLUMNS = [
  { name: 'ID', type: 'BIGINT' },
  { name: 'S', type: 'STRUCT<`A` INTEGER>' },
  { name: 'T', type: 'STRING' },
];

function row(json: string, tombstone = false): RowInfo {
  return { values: parseJsonLossless(json) as JsonValue[], tombstone };
}

function print(format: OutputFormat, rows: readonly RowInfo[], live = false): string {
  const style = { wrap: true, columnWidth: 0, columns: null };
  const printer = rowPrinter(format, { columns: COLUMNS, style, live, emphasis: PLAIN.bold });
  return rows.map((one) => printer.rows([one])).join('') + printer.end();
}

const ROWS = [row('[9007199254740993, {"A":1}, "a,\\"b\\""]'), row('[1, null, ""]')];

test('a table has the words of ksqlDB', () => {
  expect(print('table', ROWS)).toBe(
    [
      '               ID | S     | T',
      '------------------+-------+-------',
      ' 9007199254740993 | {A=1} | a,"b"',
      '                1 | null  |',
      '',
    ].join('\n'),
  );
});

test('a deleted row of a table says so', () => {
  const deleted = row('[1, null, null]', true);
  expect(print('table', [deleted])).toContain('1 | <TOMBSTONE> | <TOMBSTONE>');
  expect(print('ndjson', [deleted])).toBe('{"ID":1,"S":null,"T":null,"@tombstone":true}\n');
});

test('json is an array, ndjson an object a line, no digit is lost', () => {
  const first = '{"ID":9007199254740993,"S":{"A":1},"T":"a,\\"b\\""}';
  const second = '{"ID":1,"S":null,"T":""}';
  expect(print('json', ROWS)).toBe(`[\n${first},\n${second}\n]\n`);
  expect(print('ndjson', ROWS)).toBe(`${first}\n${second}\n`);
  expect(print('json', [])).toBe('[]\n');
});

test('csv tells null from the empty text', () => {
  expect(print('csv', ROWS)).toBe('ID,S,T\n9007199254740993,"{""A"":1}","a,""b"""\n1,,""\n');
  expect(print('csv', [])).toBe('ID,S,T\n');
});

test('rows that trickle in leave room for longer ones', () => {
  const lines = print('table', [row('[1, null, "a"]'), row('[123456, null, "abcdef"]')], true).split('\n');
  expect(
    new Set(
      lines
        .slice(0, -1)
        .map((line) => line.indexOf('|'))
        .filter((at) => at > 0),
    ).size,
  ).toBe(1);
});

test('rows that trickle in fit the terminal, or have a line for each value', () => {
  const begin = (columns: number): string[] => {
    const style = { wrap: true, columnWidth: 0, columns };
    const printer = rowPrinter('table', { columns: COLUMNS, style, live: true, emphasis: PLAIN.bold });
    return (printer.rows([]) + printer.rows([row('[1, null, "a text that is longer than its column"]')])).split('\n');
  };
  expect(begin(50).every((line) => line.length <= 50)).toBe(true);
  expect(begin(50)[0]).toMatch(/^ +ID \| S +\| T$/);
  expect(begin(30)[0]).toMatch(/^-\[ 1 \]-+$/);
});
