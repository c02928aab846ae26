import { expect, test } from 'vitest';
import { coerceValue } from '../../../src/model/coerce-value.js';
import { literalText, literalValue } from '../../../src/model/literal-text.js';
import type { SqlValue } from '../../../src/model/value.js';
import { type } from '../../support/expressions.js';

test.each<[SqlValue, string, string, SqlValue | undefined]>([
  [null, 'INT', 'ARRAY<INT>', null],
  [5, 'INT', 'BIGINT', 5],
  [5, 'INT', 'DOUBLE', 5],
  [5, 'BIGINT', 'INT', undefined],
  [5, 'INT', 'DECIMAL(3,2)', 500n],
  [50, 'INT', 'DECIMAL(3,2)', undefined],
  [150n, 'DECIMAL(3,2)', 'DECIMAL(3,1)', 15n],
  [155n, 'DECIMAL(3,2)', 'DECIMAL(3,1)', undefined],
  [150n, 'DECIMAL(3,2)', 'DOUBLE', 1.5],
  [1.5, 'DOUBLE', 'DECIMAL(3,1)', undefined],
  ['10', 'STRING', 'INT', undefined],
  [10, 'INT', 'STRING', undefined],
  ['2020-01-02', 'STRING', 'DATE', 18263],
  ['soon', 'STRING', 'DATE', undefined],
  [[1, null], 'ARRAY<INT>', 'ARRAY<BIGINT>', [1, null]],
  [['a'], 'ARRAY<STRING>', 'ARRAY<INT>', undefined],
  [new Map([['a', 1]]), 'MAP<STRING, INT>', 'MAP<STRING, DECIMAL(2,1)>', new Map([['a', 10n]])],
  [[1], 'STRUCT<A INT>', 'STRUCT<B STRING, A BIGINT>', [null, 1]],
  [[1], 'STRUCT<C INT>', 'STRUCT<A BIGINT>', [null]],
])('%o as %s into %s', (value, from, to, expected) => {
  expect(coerceValue(value, type(from), type(to))).toEqual(expected);
});

test.each<[string, SqlValue, string | null]>([
  ['INT', null, null],
  ['BOOLEAN', true, 'true'],
  ['BIGINT', 9223372036854775807n, '9223372036854775807'],
  ['DOUBLE', -0, '-0'],
  ['DOUBLE', Number.NaN, 'NaN'],
  ['DECIMAL(4,2)', -5n, '-0.05'],
  ['STRING', "it's", "it's"],
  ['BYTES', Buffer.from('!'), 'IQ=='],
  ['TIMESTAMP', -1, '-1'],
  ['ARRAY<STRING>', ['a', null], '["a",null]'],
  ['MAP<STRING, INT>', new Map([['k', 1]]), '[["k","1"]]'],
  ['STRUCT<A INT, B ARRAY<INT>>', [1, [2]], '["1","[\\"2\\"]"]'],
])('a literal of %s: %o is %s in a plan', (typeText, value, text) => {
  expect(literalText(type(typeText), value)).toBe(text);
  expect(literalValue(type(typeText), text)).toEqual(value);
});
