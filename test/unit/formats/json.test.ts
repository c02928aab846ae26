import { describe, expect, it } from 'vitest';
import type { FormatSpec } from '../../../src/formats/format.js';
import { jsonFormat } from '../../../src/formats/json.js';
import { decodeRow, encodeRow } from '../../../src/formats/row-codec.js';
import { RecordError } from '../../../src/model/errors.js';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../../../src/model/sql-type.js';
import type { SqlValue } from '../../../src/model/value.js';
import { column } from '../../support/columns.js';

const wrapped: FormatSpec = { name: 'JSON', properties: {}, unwrapped: false };
const bare: FormatSpec = { name: 'JSON', properties: {}, unwrapped: true };

const decodeColumn = (type: SqlType, json: string): SqlValue =>
  decodeRow(jsonFormat, wrapped, [column('V', type)], Buffer.from(`{"V":${json}}`))![0]!;
const decodeBare = (type: SqlType, json: string) => decodeRow(jsonFormat, bare, [column('V', type)], Buffer.from(json));
const encodeColumn = (type: SqlType, value: SqlValue): string => {
  const text = encodeRow(jsonFormat, wrapped, [column('V', type)], [value])!.toString();
  return text.slice('{"V":'.length, -1);
};
const person = structType([
  { name: 'A', type: INTEGER },
  { name: 'B', type: arrayType(DOUBLE) },
]);

describe('reading', () => {
  it.each<[string, SqlType, string, SqlValue]>([
    ['INTEGER', INTEGER, '-7', -7],
    ['INTEGER from a numeric string', INTEGER, '"12"', 12],
    ['INTEGER cuts the fraction', INTEGER, '1.7', 1],
    ['INTEGER cuts the fraction of negatives', INTEGER, '-1.7', -1],
    ['INTEGER cuts exactly', INTEGER, '1.99999999999999999999', 1],
    ['INTEGER keeps the low bits', INTEGER, '4294967297', 1],
    ['INTEGER from an exponent', INTEGER, '12e2', 1200],
    ['BIGINT', BIGINT, '9007199254740991', 9007199254740991],
    ['BIGINT past 2^53', BIGINT, '9007199254740993', 9007199254740993n],
    ['BIGINT least', BIGINT, '-9223372036854775808', -9223372036854775808n],
    ['BIGINT from a long string', BIGINT, '"9223372036854775807"', 9223372036854775807n],
    ['BIGINT with no sign on zero', BIGINT, '-0', 0],
    ['DOUBLE', DOUBLE, '12.34', 12.34],
    ['DOUBLE from whole', DOUBLE, '-5', -5],
    ['DOUBLE from exponent', DOUBLE, '1.5e-7', 1.5e-7],
    ['DOUBLE with many digits', DOUBLE, '0.1234567890123456789', 0.12345678901234568],
    ['DOUBLE from a string', DOUBLE, '"1e3"', 1000],
    ['DOUBLE not a number', DOUBLE, '"NaN"', Number.NaN],
    ['BOOLEAN', BOOLEAN, 'false', false],
    ['DECIMAL', decimalType(6, 4), '12.3650', 123650n],
    ['DECIMAL from whole', decimalType(6, 4), '12', 120000n],
    ['DECIMAL from a string', decimalType(6, 4), '"12.0"', 120000n],
    ['DECIMAL with zeros too many', decimalType(4, 2), '1.5000', 150n],
    [
      'DECIMAL of many digits',
      decimalType(30, 2),
      '-1234567890123456789012345678.90',
      -123456789012345678901234567890n,
    ],
    ['STRING', STRING, '"a\\u00e9\\n"', 'aé\n'],
    ['STRING not ASCII', STRING, '"Zürich 😀"', 'Zürich 😀'],
    ['STRING from a number', STRING, '10.10', '10.10'],
    ['STRING from an exponent', STRING, '1e3', '1E+3'],
    ['STRING from a boolean', STRING, 'true', 'true'],
    ['STRING from an object', STRING, '{ "a" : [1, 2.50], "b": null }', '{"a":[1,2.50],"b":null}'],
    ['STRING from an array', STRING, '["x",1,null,{"a":"b"}]', '[x, 1, null, {"a":"b"}]'],
    ['BYTES', BYTES, '"aGk="', Buffer.from('hi')],
    ['DATE', DATE, '-3', -3],
    ['TIME', TIME, '86400000', 86400000],
    ['TIMESTAMP from a string', TIMESTAMP, '"1700000000000"', 1700000000000],
    ['ARRAY with coercion', arrayType(STRING), '[1, null, "a"]', ['1', null, 'a']],
    [
      'MAP',
      mapType(STRING, INTEGER),
      '{"a":1,"b":null}',
      new Map([
        ['a', 1],
        ['b', null],
      ]),
    ],
    ['STRUCT', person, '{"b":[1,null],"a":"5","c":0}', [5, [1, null]]],
    ['null', person, 'null', null],
  ])('%s', (_, type, json, value) => {
    expect(decodeColumn(type, json)).toEqual(value);
    expect(decodeBare(type, json)).toEqual(value === null ? null : [value]);
  });

  it.each<[SqlType, string, string]>([
    [INTEGER, 'true', "Can't convert type. sourceType: boolean, requiredType: INTEGER, path: $.V"],
    [INTEGER, '"1.5"', "Can't coerce string to type. targetType: INTEGER, path: $.V"],
    [INTEGER, '"2147483648"', "Can't coerce string to type. targetType: INTEGER, path: $.V"],
    [BIGINT, '"9223372036854775808"', "Can't coerce string to type. targetType: BIGINT, path: $.V"],
    [BOOLEAN, '"true"', "Can't convert type. sourceType: string, requiredType: BOOLEAN, path: $.V"],
    [DOUBLE, '[]', "Can't convert type. sourceType: array, requiredType: DOUBLE, path: $.V"],
    [decimalType(4, 2), '1.234', 'Cannot fit decimal into DECIMAL(4, 2) without rounding, path: $.V'],
    [decimalType(4, 2), '100', 'Cannot fit decimal into DECIMAL(4, 2) without rounding, path: $.V'],
    [decimalType(4, 2), '1e20000', 'Cannot fit decimal into DECIMAL(4, 2) without rounding, path: $.V'],
    [decimalType(4, 2), '"x"', "Can't coerce string to type. targetType: DECIMAL(4, 2), path: $.V"],
    [BYTES, '"a"', 'BYTES must be base64 text, path: $.V'],
    [BYTES, '1', "Can't convert type. sourceType: number, requiredType: BYTES, path: $.V"],
    [TIME, '86400001', 'Time values must use a number of milliseconds from 0 to 86400000, path: $.V'],
    [TIME, '-1', 'Time values must use a number of milliseconds from 0 to 86400000, path: $.V'],
    [DATE, '3000000000', 'Date values must use a 32-bit number of days since 1970-01-01, path: $.V'],
    [TIMESTAMP, '9007199254740993', 'Timestamp values must use a number of milliseconds below 2^53, path: $.V'],
    [arrayType(INTEGER), '{}', "Can't convert type. sourceType: object, requiredType: ARRAY<INTEGER>, path: $.V"],
    [
      mapType(STRING, INTEGER),
      '{"secret":[]}',
      "Can't convert type. sourceType: array, requiredType: INTEGER, path: $.V.*",
    ],
    [person, '{"B":[1,"x"]}', "Can't coerce string to type. targetType: DOUBLE, path: $.V.B[1]"],
  ])('%j refuses %s', (type, json, message) => {
    expect(() => decodeColumn(type, json)).toThrow(new RecordError('deserialization', message, 'value'));
  });

  const two = [column('A', INTEGER), column('b', INTEGER)];
  it.each<[string, string, SqlValue[]]>([
    ['members in any case', '{"a":1,"b":2}', [1, 2]],
    ['quoted names only as they are', '{"A":1,"B":2}', [1, null]],
    ['the exact name before another case', '{"A":1,"a":2}', [1, null]],
    ['the exact name also when it is null', '{"A":null,"a":2}', [null, null]],
    ['the last of equal names', '{"A":1,"A":2,"b":3,"b":null}', [2, null]],
    ['the last of names equal in upper case', '{"b":1,"\\u0061":5,"a":7}', [7, 1]],
    ['members that nobody asked for', '{"x":[{"A":9}],"A":1,"y":"\\"","b":2}', [1, 2]],
    ['missing members', '{}', [null, null]],
  ])('finds %s', (_, json, row) => {
    expect(decodeRow(jsonFormat, wrapped, two, Buffer.from(json))).toEqual(row);
  });

  it('tells columns apart that differ in case only', () => {
    const columns = [column('ID', INTEGER), column('id', INTEGER)];
    expect(decodeRow(jsonFormat, wrapped, columns, Buffer.from('{"id":1}'))).toEqual([1, 1]);
    expect(decodeRow(jsonFormat, wrapped, columns, Buffer.from('{"id":1,"ID":2}'))).toEqual([2, 1]);
  });

  it('takes the text null for a null record', () => {
    const deserializer = jsonFormat.deserializer(wrapped, two, [0, 1], 'value');
    const bytes = Buffer.from(' null ');
    expect(deserializer.scan(bytes, 0, bytes.length)).toBe(false);
    expect(deserializer.read.map((read) => read())).toEqual([null, null]);
  });

  it('skips a byte order mark', () => {
    expect(decodeRow(jsonFormat, wrapped, two, Buffer.from('\ufeff{"A":1}'))).toEqual([1, null]);
  });

  it.each<[string, Buffer, string]>([
    ['no object', Buffer.from('[1]'), "Can't convert type. sourceType: array, requiredType: object, path: $"],
    ['nothing', Buffer.alloc(0), 'invalid JSON at character 1: a value is expected (the text ends here)'],
    ['more than one value', Buffer.from('{} {}'), 'invalid JSON at character 4: unexpected text after the JSON value'],
    [
      'a record cut short',
      Buffer.from('{"A":1'),
      "invalid JSON at character 7: ',' or '}' is expected (the text ends here)",
    ],
    [
      'bytes that are no UTF-8',
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      'invalid JSON: malformed UTF-8',
    ],
    [
      'a schema registry header',
      Buffer.from('\0\0\0\0\u0001{"A":1}'),
      'not JSON: the bytes begin like those of a schema registry format, such as JSON_SR',
    ],
    [
      'a member nobody reads but malformed',
      Buffer.from('{"A":1,"z":01}'),
      'invalid JSON at character 12: malformed number',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeRow(jsonFormat, wrapped, two, bytes, 'key')).toThrow(
      new RecordError('deserialization', message, 'key'),
    );
  });

  it('reads only what is wanted, from the middle of a batch', () => {
    const deserializer = jsonFormat.deserializer(wrapped, two, [1], 'value');
    const bytes = Buffer.from('xx{"A":"no number","b":2}"b":3}');
    deserializer.scan(bytes, 2, 25);
    expect(deserializer.read.map((read) => read())).toEqual([2]);
  });

  it('ignores the bytes of a key without columns', () => {
    expect(decodeRow(jsonFormat, bare, [], Buffer.from('whatever'), 'key')).toEqual([]);
  });
});

describe('writing', () => {
  it.each<[string, SqlType, SqlValue, string]>([
    ['INTEGER', INTEGER, -2147483648, '-2147483648'],
    ['INTEGER zero', INTEGER, 0, '0'],
    ['BIGINT', BIGINT, 9007199254740991, '9007199254740991'],
    ['BIGINT of ten digits', BIGINT, -1000000001, '-1000000001'],
    ['BIGINT past 2^53', BIGINT, -9223372036854775808n, '-9223372036854775808'],
    ['DOUBLE', DOUBLE, 12.5, '12.5'],
    ['DOUBLE whole', DOUBLE, -42, '-42.0'],
    ['DOUBLE great', DOUBLE, 1e10, '1.0E10'],
    ['DOUBLE negative zero', DOUBLE, -0, '-0.0'],
    ['DOUBLE not a number', DOUBLE, Number.NaN, '"NaN"'],
    ['BOOLEAN', BOOLEAN, true, 'true'],
    ['DECIMAL', decimalType(9, 2), -5n, '-0.05'],
    ['STRING', STRING, 'plain', '"plain"'],
    ['STRING with escapes', STRING, 'a"\\\n\u0001', '"a\\"\\\\\\n\\u0001"'],
    ['STRING not ASCII', STRING, 'Zürich 😀 \u007f', '"Zürich 😀 \u007f"'],
    ['STRING with half a pair', STRING, '\ud800', '"\\ud800"'],
    ['BYTES', BYTES, Buffer.from('hi'), '"aGk="'],
    ['DATE', DATE, -3, '-3'],
    ['TIME', TIME, 1000, '1000'],
    ['TIMESTAMP', TIMESTAMP, 1700000000000, '1700000000000'],
    ['ARRAY', arrayType(INTEGER), [1, null, 3], '[1,null,3]'],
    ['ARRAY empty', arrayType(INTEGER), [], '[]'],
    [
      'MAP',
      mapType(STRING, DOUBLE),
      new Map<SqlValue, SqlValue>([
        ['a"', 1],
        ['b', null],
      ]),
      '{"a\\"":1.0,"b":null}',
    ],
    ['MAP empty', mapType(STRING, DOUBLE), new Map(), '{}'],
    ['STRUCT', person, [1, [2.5]], '{"A":1,"B":[2.5]}'],
    ['STRUCT with nulls', person, [null, null], '{"A":null,"B":null}'],
    ['null', STRING, null, 'null'],
  ])('%s', (_, type, value, json) => {
    expect(encodeColumn(type, value)).toBe(json);
    expect(decodeColumn(type, json)).toEqual(value);
  });

  it('writes every column under its stored name', () => {
    const columns = [column('A', INTEGER), column('b "é\\', STRING), column('C', BOOLEAN)];
    expect(encodeRow(jsonFormat, wrapped, columns, [1, null, false])!.toString()).toBe(
      '{"A":1,"b \\"é\\\\":null,"C":false}',
    );
    expect(encodeRow(jsonFormat, wrapped, [], [])!.toString()).toBe('{}');
  });

  it('writes bare values, and null as nothing', () => {
    expect(encodeRow(jsonFormat, bare, [column('V', STRING)], ['a'], 'key')!.toString()).toBe('"a"');
    expect(encodeRow(jsonFormat, bare, [column('V', STRING)], [null], 'key')).toBeNull();
    expect(encodeRow(jsonFormat, bare, [], [], 'key')).toBeNull();
  });

  it('grows the sink for long texts', () => {
    const long = 'long and plain '.repeat(1000);
    expect(encodeColumn(STRING, `${long}é`)).toBe(`"${long}é"`);
    expect(encodeColumn(STRING, long)).toBe(`"${long}"`);
  });
});

it('carries maps with STRING keys only', () => {
  const refusal = 'JSON only supports MAP types with STRING keys';
  expect(jsonFormat.refuses([column('M', mapType(STRING, arrayType(person)))], 'value')).toBeNull();
  expect(jsonFormat.refuses([column('M', mapType(INTEGER, DOUBLE))], 'value')).toBe(refusal);
  expect(jsonFormat.refuses([column('M', arrayType(mapType(INTEGER, DOUBLE)))], 'value')).toBe(refusal);
  expect(jsonFormat.refusesProperty('delimiter', '|')).toBe('JSON does not support the following configs: [delimiter]');
});
