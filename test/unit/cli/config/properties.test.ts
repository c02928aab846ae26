import { expect, test } from 'vitest';
import { parseProperties } from '../../../../src/cli/config/properties.js';

const read = (text: string) => Object.fromEntries(parseProperties(text).map(({ name, value }) => [name, value]));

test('names end at =, : or a blank', () => {
  expect(read('a=1\nb: 2\nc 3\nd\t=\t4\ne\n  f = 5 6 ')).toEqual({ a: '1', b: '2', c: '3', d: '4', e: '', f: '5 6 ' });
});

test('comments and empty lines are no entries', () => {
  expect(read('# a=1\n! b=2\n\n   \nc=#3')).toEqual({ c: '#3' });
});

test('a backslash at the end of a line continues it, two do not', () => {
  expect(read('a=1,\\\n   2,\\\r\n\t3\nb=c:\\\\\nd=e')).toEqual({ a: '1,2,3', b: 'c:\\', d: 'e' });
});

test('a comment in a continued line is part of the value', () => {
  expect(read('a=1\\\n#2')).toEqual({ a: '1#2' });
});

test('escapes', () => {
  expect(read('a\\=b\\ c=\\t\\u00e9\\n\\q')).toEqual({ 'a=b c': '\té\nq' });
});

test('entries know their line', () => {
  expect(parseProperties('\n# x\na=1\\\n2\nb=3').map(({ name, line }) => [name, line])).toEqual([
    ['a', 3],
    ['b', 5],
  ]);
});
