import { describe, expect, it } from 'vitest';
import { delimitedFormat } from '../../../src/formats/delimited.js';
import type { FormatSpec } from '../../../src/formats/format.js';
import { decodeRow, encodeRow } from '../../../src/formats/row-codec.js';
import { RecordError } from '../../../src/model/errors.js';
import type { Column } from '../../../src/model/schema.js';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  INTEGER,
  type SqlType,
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../../../src/model/sql-type.js';
import type { SqlValue } from '../../../src/model/value.js';
import { column } from '../../support/columns.js';

const spec = (delimiter?: string): FormatSpec => ({
  name: 'DELIMITED',
  properties: delimiter === undefined ? {} : { delimiter },
  unwrapped: true,
});
const texts = (count: number): Column[] => Array.from({ length: count }, (_, i) => column(`C${i}`, STRING));
const decode = (columns: readonly Column[], text: string, delimiter?: string) =>
  decodeRow(delimitedFormat, spec(delimiter), columns, Buffer.from(text));
const encode = (columns: readonly Column[], row: SqlValue[], delimiter?: string) =>
  encodeRow(delimitedFormat, spec(delimiter), columns, row)!.toString();

describe('reading', () => {
  it.each<[string, SqlType, string, SqlValue]>([
    ['BOOLEAN', BOOLEAN, 'TRUE', true],
    ['BOOLEAN anything else', BOOLEAN, 'yes', false],
    ['INTEGER', INTEGER, '-12', -12],
    ['INTEGER quoted', INTEGER, '"22"', 22],
    ['BIGINT', BIGINT, '998877665544332211', 998877665544332211n],
    ['DOUBLE', DOUBLE, '1.5E3', 1500],
    ['DECIMAL', decimalType(6, 4), '12.3650', 123650n],
    ['STRING not ASCII', STRING, 'Zürich', 'Zürich'],
    ['BYTES', BYTES, 'aGk=', Buffer.from('hi')],
    ['DATE', DATE, '10', 10],
    ['TIME', TIME, '1000', 1000],
    ['TIMESTAMP', TIMESTAMP, '1700000000000', 1700000000000],
    ['an empty field', STRING, '', null],
    ['an empty quoted field', STRING, '""', null],
  ])('%s', (_, type, text, value) => {
    expect(decode([column('X', STRING), column('V', type)], `x,${text}`)).toEqual(['x', value]);
  });

  it.each<[string, string, SqlValue[]]>([
    ['quotes', '"a,b","c""d""",e"f', ['a,b', 'c"d"', 'e"f']],
    ['line ends in quotes', '"a\nb",c,d', ['a\nb', 'c', 'd']],
    ['the first record only', 'a,b,c\nd', ['a', 'b', 'c']],
    ['a carriage return', 'a,b,c\r\n', ['a', 'b', 'c']],
    ['blank lines before', '\r\n\na,b,c', ['a', 'b', 'c']],
    ['blanks as they are', ' a, b ,c ', [' a', ' b ', 'c ']],
    ['blanks after quotes', '"a" ,b,"c"\t', ['a', 'b', 'c']],
    ['empty fields at the ends', ',b,', [null, 'b', null]],
  ])('takes %s', (_, text, row) => {
    expect(decode(texts(3), text)).toEqual(row);
  });

  it.each([
    ['SPACE', 'a b'],
    ['TAB', 'a\tb'],
    ['\t', 'a\tb'],
    ['|', 'a|b'],
    ['\\', 'a\\b'],
    ['§', 'a§b'],
    ['-', 'a-b'],
    [']', 'a]b'],
  ])('splits at %j', (delimiter, text) => {
    expect(decode(texts(2), text, delimiter)).toEqual(['a', 'b']);
    expect(encode(texts(2), ['a', 'b'], delimiter)).toBe(text);
    const awkward = [`x${text}y`, `"${text}\n`];
    expect(decode(texts(2), encode(texts(2), awkward, delimiter), delimiter)).toEqual(awkward);
  });

  it.each([
    ['a,b', 'Unexpected field count, csvFields:2 schemaFields:3'],
    ['a,b,c,', 'Unexpected field count, csvFields:4 schemaFields:3'],
    ['', 'No fields in record'],
    ['\n\n', 'No fields in record'],
    ['a,"b', 'the record ends inside a quoted field'],
    ['a,"b"c,d', 'invalid character between a quoted field and the delimiter'],
  ])('refuses %j', (text, message) => {
    expect(() => decode(texts(3), text)).toThrow(new RecordError('deserialization', message, 'value'));
  });

  it.each<[SqlType, string, string]>([
    [INTEGER, '1.5', "Can't coerce string to type. targetType: INTEGER, path: V"],
    [INTEGER, ' 1', "Can't coerce string to type. targetType: INTEGER, path: V"],
    [decimalType(3, 1), '1.25', 'Cannot fit decimal into DECIMAL(3, 1) without rounding, path: V'],
    [TIME, '-1', 'Time values must use a number of milliseconds from 0 to 86400000, path: V'],
  ])('%j refuses %j', (type, text, message) => {
    expect(() => decode([column('V', type)], text)).toThrow(new RecordError('deserialization', message, 'value'));
  });

  it('converts only what is read', () => {
    const columns = [column('A', INTEGER), column('B', INTEGER)];
    const deserializer = delimitedFormat.deserializer(spec(), columns, [1], 'value');
    const bytes = Buffer.from('__none,5__');
    deserializer.scan(bytes, 2, 8);
    expect(deserializer.read.map((read) => read())).toEqual([5]);
  });
});

describe('writing', () => {
  it.each<[string, SqlType, SqlValue, string]>([
    ['null', STRING, null, ''],
    ['BOOLEAN', BOOLEAN, true, 'true'],
    ['BIGINT', BIGINT, 9223372036854775807n, '9223372036854775807'],
    ['DOUBLE', DOUBLE, 1, '1.0'],
    ['DECIMAL', decimalType(6, 4), 120000n, '12.0000'],
    ['BYTES', BYTES, Buffer.from('hi'), 'aGk='],
    ['STRING with a delimiter', STRING, 'a,b', '"a,b"'],
    ['STRING with a quote', STRING, 'a"b', '"a""b"'],
    ['STRING with a line end', STRING, 'a\nb', '"a\nb"'],
    ['STRING with blanks outside', STRING, ' a ', '" a "'],
    ['STRING empty', STRING, '', ''],
  ])('%s', (_, type, value, text) => {
    expect(encode([column('X', INTEGER), column('V', type)], [7, value])).toBe(`7,${text}`);
  });

  it('tells an empty text from no field at all', () => {
    expect(encode(texts(1), [''])).toBe('""');
    expect(encode(texts(2), [null, null])).toBe(',');
    expect(encode(texts(1), [null])).toBe('');
    expect(encodeRow(delimitedFormat, spec(), texts(1), [null], 'key')).toBeNull();
  });
});

describe('what it carries', () => {
  it('refuses nested types', () => {
    expect(delimitedFormat.refuses([column('A', STRING), column('X`Y', structType([]))], 'value')).toBe(
      "The 'DELIMITED' format does not support type 'STRUCT', column: `X``Y`",
    );
    expect(delimitedFormat.refuses([column('A', arrayType(STRING))], 'key')).toBe(
      "The 'DELIMITED' format does not support type 'ARRAY', column: `A`",
    );
    expect(delimitedFormat.refuses([column('A', DATE)], 'key')).toBeNull();
  });

  it('judges delimiters', () => {
    for (const fine of [',', '|', 'TAB', 'SPACE', '§']) {
      expect(delimitedFormat.refusesProperty('delimiter', fine)).toBeNull();
    }
    for (const blank of ['', ' ', '\t']) {
      expect(delimitedFormat.refusesProperty('delimiter', blank)).toContain('Delimiter cannot be empty');
    }
    for (const bad of ['<~>', 'tab', '"', '😀', 'toString']) {
      expect(delimitedFormat.refusesProperty('delimiter', bad)).toBe(
        `Invalid delimiter value: '${bad}'. Delimiter must be a single character or TAB,SPACE\nExample valid value: ';'`,
      );
    }
    expect(delimitedFormat.refusesProperty('fullSchemaName', 'x')).toBe(
      'DELIMITED does not support the following configs: [fullSchemaName]',
    );
  });
});
