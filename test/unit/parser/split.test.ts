import { describe, expect, test } from 'vitest';
import { isComplete, splitStatements, tokenize } from '../../../src/parser/split.js';
import { KEYWORDS, RESERVED_WORDS } from '../../../src/parser/tokens.js';

test('a script is cut at semicolons outside quotes and comments', () => {
  const parts = splitStatements("-- a;\nSET 'x;'='y'; /* ; */\nSELECT `;` FROM s;; LIST");
  expect(parts.map((part) => [part.text, part.terminated, part.span.line])).toEqual([
    ["SET 'x;'='y';", true, 2],
    ['SELECT `;` FROM s;', true, 3],
    ['LIST', false, 3],
  ]);
});

describe('what a prompt waits for', () => {
  test.each([
    ['SELECT 1;', null],
    ['', null],
    ['-- only a comment', null],
    ['SELECT 1; -- done', null],
    ['SELECT 1', 'semicolon'],
    ['SELECT 1; SELECT', 'semicolon'],
    ['SELECT (1', 'bracket'],
    ["SELECT 'a;", 'string'],
    ['SELECT `a;', 'quotedIdentifier'],
    ['SELECT 1; /* ;', 'comment'],
    ['SELECT 1 -- ;', 'semicolon'],
  ])('%s', (text, awaits) => {
    expect(isComplete(text)).toEqual({ complete: awaits === null, awaits });
  });
});

test('directives do not disturb statements, and have a colour of their own', () => {
  const text = '--@test: a name\nLIST STREAMS;\n-- no directive\n';
  expect(splitStatements(text)).toHaveLength(1);
  expect(tokenize(text).map((lexeme) => lexeme.kind)).toEqual([
    'directive',
    'keyword',
    'keyword',
    'punctuation',
    'comment',
  ]);
});

test('a highlighter gets every token and comment in order', () => {
  const text = "SELECT a, `b`, 'c', 1.5, ${d} -- e\nFROM # /*";
  expect(tokenize(text).map((lexeme) => [lexeme.kind, text.slice(lexeme.span.start, lexeme.span.end)])).toEqual([
    ['keyword', 'SELECT'],
    ['identifier', 'a'],
    ['punctuation', ','],
    ['quotedIdentifier', '`b`'],
    ['punctuation', ','],
    ['string', "'c'"],
    ['punctuation', ','],
    ['number', '1.5'],
    ['punctuation', ','],
    ['variable', '${d}'],
    ['comment', '-- e'],
    ['keyword', 'FROM'],
    ['unknown', '#'],
    ['comment', '/*'],
  ]);
});

test('keywords are listed once each', () => {
  expect(new Set(KEYWORDS.map((keyword) => keyword.word)).size).toBe(KEYWORDS.length);
  expect(KEYWORDS.filter((keyword) => keyword.reserved)).toHaveLength(RESERVED_WORDS.length);
});
