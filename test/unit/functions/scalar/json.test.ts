import { describe, expect, it } from 'vitest';
import { call } from '../call.js';
import { failure } from '../sql.js';

const DOCUMENT =
  '{"a": {"b": [10, {"c": "x"}], "n": null, "t": true, "big": 9007199254740993, "d": 1.50, "e": 1e3}, "x y": 1}';

describe('EXTRACTJSONFIELD', () => {
  it.each([
    ['$.a.b[0]', '10'],
    ['$.a.b.0', '10'],
    ['$.a.b[1].c', 'x'],
    ['$.a.b', '[10,{"c":"x"}]'],
    ['$.a.n', 'null'],
    ['$.a.t', 'true'],
    ['$.a.big', '9007199254740993'],
    ['$.a.d', '1.50'],
    ['$.a.e', '1000'],
    ['$["x y"]', '1'],
    ['$[a][b][1][c]', 'x'],
    ['$.a.b.c', null],
    ['$.a.b[7]', null],
    ['$.missing.deeper', null],
  ])('%s is %s', (path, expected) => {
    expect(call('EXTRACTJSONFIELD', 'STRING, STRING', DOCUMENT, path)).toBe(expected);
  });

  it.each(['a', '$a', '$.', '$.a[', '$[""', '$.a b', "$['a']"])('refuses the path %s', (path) => {
    expect(() => call('EXTRACTJSONFIELD', 'STRING, STRING', '{}', path)).toThrow(`Invalid JSON path: '${path}'`);
  });

  it('refuses what is no JSON', () => {
    expect(() => call('EXTRACTJSONFIELD', 'STRING, STRING', '{"a"', '$')).toThrow('Invalid JSON format:{"a"');
    expect(call('EXTRACTJSONFIELD', 'STRING, STRING', '', '$.a')).toBeNull();
  });
});

describe('other JSON functions', () => {
  it.each([
    ['IS_JSON_STRING', ['[1, 2]'], true],
    ['IS_JSON_STRING', ['null'], true],
    ['IS_JSON_STRING', ['1 and more'], true],
    ['IS_JSON_STRING', ['abc'], false],
    ['IS_JSON_STRING', [''], false],
    ['IS_JSON_STRING', [null], false],
    ['JSON_ARRAY_LENGTH', ['[1, [2], null]'], 3],
    ['JSON_ARRAY_LENGTH', ['{}'], null],
    ['JSON_ARRAY_LENGTH', [''], null],
    ['JSON_CONCAT', ['{"a": 1, "b": 2}', '{"a": 3}'], '{"a":3,"b":2}'],
    ['JSON_CONCAT', ['[1]', '{"a": 1}', 'null'], '[1,{"a":1},null]'],
    ['JSON_CONCAT', ['[1]', null], null],
    ['JSON_CONCAT', ['[1]', ''], null],
    ['JSON_ITEMS', ['["a", {"b": 1.0}, null]'], ['"a"', '{"b":1.0}', 'null']],
    ['JSON_KEYS', ['{"b": 1, "a": 2}'], ['b', 'a']],
    ['JSON_KEYS', ['[1]'], null],
    [
      'JSON_RECORDS',
      ['{"a": "x", "b": [1]}'],
      new Map([
        ['a', 'x'],
        ['b', '[1]'],
      ]),
    ],
    ['JSON_RECORDS', ['1'], null],
  ])('%s of %j is %j', (name, values, expected) => {
    expect(call(name, values.map(() => 'STRING').join(', '), ...values)).toEqual(expected);
  });

  it.each([
    ['INT', 1, '[1, 2]', true],
    ['INT', 1, '[1.0]', false],
    ['INT', 1, '["1"]', false],
    ['BIGINT', 9_007_199_254_740_993n, '[9007199254740993]', true],
    ['BIGINT', 9_007_199_254_740_992n, '[9007199254740993]', false],
    ['DOUBLE', 1, '[1]', false],
    ['DOUBLE', 1, '[1.0]', true],
    ['STRING', 'a', '["a"]', true],
    ['STRING', 'a', '[["a"]]', false],
    ['STRING', null, '[null]', true],
    ['BOOLEAN', true, '[true]', true],
    ['STRING', 'a', '{"a": "a"}', false],
    ['STRING', 'a', 'broken', false],
  ])('JSON_ARRAY_CONTAINS: %s %s in %s is %s', (type, value, json, expected) => {
    expect(call('JSON_ARRAY_CONTAINS', `STRING, ${type}`, json, value)).toBe(expected);
  });

  it('fails where a value is needed', () => {
    expect(failure("JSON_ITEMS('{}')")).toBe('JSON_ITEMS needs a JSON array');
    expect(failure('JSON_ARRAY_CONTAINS(CAST(NULL AS STRING), 1)')).toContain('null');
    expect(failure("JSON_KEYS('{')")).toBe('Invalid JSON format:{');
  });
});

describe('TO_JSON_STRING', () => {
  it.each([
    ['STRING', null, 'null'],
    ['STRING', 'a"\n\u001b', '"a\\"\\n\\u001B"'],
    ['DOUBLE', 1, '1.0'],
    ['DOUBLE', Number.NaN, '"NaN"'],
    ['BIGINT', 9_223_372_036_854_775_807n, '9223372036854775807'],
    ['DECIMAL(5,2)', 150n, '1.50'],
    ['DATE', 18_263, '"2020-01-02"'],
    ['TIME', 36_671_000, '"10:11:11"'],
    ['TIMESTAMP', 1, '"1970-01-01T00:00:00.001"'],
    ['BYTES', Buffer.from('hi'), '"aGk="'],
    ['STRUCT<b INT, a STRING>', [1, null], '{"a":null,"b":1}'],
    [
      'MAP<STRING,INT>',
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
      '{"a":2,"b":1}',
    ],
    ['ARRAY<MAP<STRING,INT>>', [null, new Map()], '[null,{}]'],
  ])('%s %s is %s', (type, value, expected) => {
    expect(call('TO_JSON_STRING', type, value)).toBe(expected);
  });
});
