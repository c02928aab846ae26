import { expect, test } from 'vitest';
import { serverUrl } from '../../../../src/cli/backend/open-backend.js';
import { parseSchemaText } from '../../../../src/cli/backend/schema-text.js';
import { UsageError } from '../../../../src/cli/exit.js';

test('columns of a header', () => {
  expect(
    parseSchemaText('`K` STRING KEY, `a``b, c` DECIMAL(4, 2), `S` STRUCT<`X` INTEGER, `Y` MAP<STRING, BIGINT>>'),
  ).toEqual([
    { name: 'K', type: 'STRING' },
    { name: 'a`b, c', type: 'DECIMAL(4, 2)' },
    { name: 'S', type: 'STRUCT<`X` INTEGER, `Y` MAP<STRING, BIGINT>>' },
  ]);
  expect(parseSchemaText('')).toEqual([]);
});

test('what an argument means', () => {
  expect(serverUrl('http://host:1')?.host).toBe('host:1');
  expect(serverUrl('host:8088')?.href).toBe('http://host:8088/');
  expect([serverUrl('data.db'), serverUrl(':memory:'), serverUrl('./a/b')]).toEqual([null, null, null]);
  expect(() => serverUrl('ftp://host')).toThrow(UsageError);
});
