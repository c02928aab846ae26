import { expect, test } from 'vitest';
import { parseJsonLossless } from '../../../src/model/json-text.js';
import { readCase, readTest } from '../../../src/testing/read-case.js';

test('a test that lists formats is one case a format', () => {
  const json = parseJsonLossless(
    '{"name": "t", "format": ["JSON", "DELIMITED"], "statements": ["CREATE {FORMAT};"], "outputs": [{"topic": "{FORMAT}"}]}',
  );
  const cases = readTest(json, 'file');
  expect(cases.map((c) => [c.id, c.kind === 'query' && c.statements[0]])).toEqual([
    ['file/t - JSON', 'CREATE JSON;'],
    ['file/t - DELIMITED', 'CREATE DELIMITED;'],
  ]);
  expect(readTest(parseJsonLossless('{"name": "t", "enabled": false}'), 'file')).toEqual([]);
});

test.each([
  ['[]', 'a case must be an object'],
  ['{"id": "a", "kind": "other"}', 'unknown kind of case: other'],
  ['{"id": "a", "kind": "query", "inputs": [{}]}', 'topic must be a text'],
  ['{"id": "a", "kind": "query", "inputs": [{"topic": "t", "window": {"type": "x"}}]}', 'unknown type of window: X'],
  ['{"id": "a", "kind": "sql", "steps": [{"what": 1}]}', 'unknown step'],
])('%s is refused: %s', (text, message) => expect(() => readCase(parseJsonLossless(text))).toThrow(message));
