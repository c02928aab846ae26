import { describe, expect, test } from 'vitest';
import { CsvReader } from '../../../../src/cli/load/csv-reader.js';
import { CsvRowWriter } from '../../../../src/cli/load/csv-row.js';

function read(text: string, pieceLength = text.length): (string | number | null)[][] {
  const reader = new CsvReader();
  const records: (string | number | null)[][] = [];
  for (let at = 0; at < text.length; at += pieceLength) {
    for (const { line, cells } of reader.push(text.slice(at, at + pieceLength))) records.push([line, ...cells]);
  }
  for (const { line, cells } of reader.end()) records.push([line, ...cells]);
  return records;
}

describe('records', () => {
  const text = 'a,b\r\n1,"x, ""y"""\n\n2,"two\nlines"\n3,\n"",4';
  const records = [
    [1, 'a', 'b'],
    [2, '1', 'x, "y"'],
    [4, '2', 'two\nlines'],
    [6, '3', null],
    [7, '', '4'],
  ];

  test('quotes hold commas, quotes and line ends; nothing is not the empty text', () => {
    expect(read(text)).toEqual(records);
  });

  test('however the text is cut into pieces', () => {
    for (let length = 1; length < 12; length++) expect(read(text, length), `pieces of ${length}`).toEqual(records);
  });

  test('a bad record comes after the good ones, with its line', () => {
    const reader = new CsvReader();
    const lines: number[] = [];
    expect(() => {
      for (const { line } of reader.push('a\n"b"c\nd\n')) lines.push(line);
    }).toThrow(expect.objectContaining({ message: 'text follows a closing quote', line: 2 }));
    expect(lines).toEqual([1]);
    expect(() => read('a\n"b')).toThrow('a quote is not closed');
  });
});

describe('rows', () => {
  const columns = [
    { name: 'ID', type: 'BIGINT' },
    { name: 'amount', type: 'DECIMAL' },
    { name: 'OK', type: 'BOOLEAN' },
    { name: 'TAGS', type: 'ARRAY' },
    { name: 'NAME', type: 'STRING' },
  ];
  const writer = new CsvRowWriter(['id', 'amount', 'ok', 'tags', 'name', 'rowtime'], columns);

  test('cells become JSON by the type of their column, no digit lost', () => {
    expect(writer.row(['9007199254740993', '+007.10', 'TRUE', '["a"]', 'x"y', '5'])).toBe(
      '{"`ID`":9007199254740993,"`amount`":7.10,"`OK`":true,"`TAGS`":["a"],"`NAME`":"x\\"y","`ROWTIME`":5}',
    );
    expect(writer.row(['-.5e3', null, null, null, '', null])).toContain('"`ID`":-0.5e3,"`amount`":null');
  });

  test('a cell that does not fit is named', () => {
    expect(() => writer.row(['x', null, null, null, null, null])).toThrow('ID is "x", which is no BIGINT');
    expect(() => writer.row([null, null, 'maybe', null, null, null])).toThrow('OK is "maybe", which is no BOOLEAN');
    expect(() => writer.row(['1'])).toThrow('the record has 1 cells, the header 6');
  });

  test('the header must name columns, each once', () => {
    expect(() => new CsvRowWriter(['id', 'nam'], columns)).toThrow('the header names "nam", which is no column');
    expect(() => new CsvRowWriter(['id', 'ID'], columns)).toThrow('the header names ID twice');
  });
});
