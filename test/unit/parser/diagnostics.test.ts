import { describe, expect, test } from 'vitest';
import { diagnosticOf } from './helpers.js';

describe("ksqlDB's words", () => {
  test.each([
    [
      'what begins no statement',
      'SELEC 1;',
      "line 1:1: Syntax Error\nUnknown statement 'SELEC'\nDid you mean 'SELECT'?",
    ],
    ['and is near to none', 'BANANA;', "line 1:1: Syntax Error\nUnknown statement 'BANANA'"],
    ['an unexpected word', 'LIST STREAMS NOW;', "line 1:14: Syntax Error\nSyntax error at or near 'NOW' at line 1:14"],
    ['a bracket that is missing', 'SELECT (a, b) FROM s;', "line 1:10: Syntax Error\nmissing ')' at ','"],
    ['a list that goes on wrongly', 'CREATE STREAM s (a INT b INT);', "line 1:24: Syntax Error\nExpecting {',', ')'}"],
    [
      'a parameter of a type',
      'CREATE STREAM s (a STRING (b));',
      "line 1:28: Syntax Error\nExpecting {'STRING', INTEGER_VALUE}",
    ],
    [
      'a reserved word for a name',
      'CREATE STREAM s (size INT);',
      "\"size\" is a reserved keyword and it can't be used as an identifier. You can use it as an identifier by escaping it as 'size' ",
    ],
    ['a call that is not closed', 'SELECT f(a FROM s;', "line 1:12: Syntax Error\nExpecting {',', ')'}"],
    ['an open bracket at the end', 'SELECT f(a', "'}', ']', or ')' is missing"],
    [
      'a KEY of a table',
      'CREATE TABLE t (a INT KEY);',
      "Failed to prepare statement: Line: 1, Col: 17: Column `A` is a 'KEY' column: please use 'PRIMARY KEY' for tables.",
    ],
    [
      'a LIMIT that is no integer',
      'SELECT * FROM s LIMIT 1.5;',
      'Failed to prepare statement: Value must be integer for command: LIMIT',
    ],
    [
      'a DECIMAL without digits',
      'CREATE TYPE t AS DECIMAL(0, 0);',
      'Failed to prepare statement: DECIMAL precision must be >= 1: DECIMAL(0,0)',
    ],
    [
      'a DECIMAL with a scale too large',
      'CREATE TYPE t AS DECIMAL(2, 3);',
      'Failed to prepare statement: DECIMAL precision must be >= scale: DECIMAL(2,3)',
    ],
    [
      'an ASSERT SCHEMA about nothing',
      'ASSERT SCHEMA TIMEOUT 1 SECOND;',
      'Failed to prepare statement: ASSERT SCHEMA statements much include a subject name or an id',
    ],
  ])('%s', (_, text, message) => {
    expect(diagnosticOf(text).message).toContain(message);
  });
});

describe('hints', () => {
  test.each([
    ['SELECT * FORM s;', "'FORM' was read as a name: did you mean FROM?"],
    ['SELECT a FORM s;', "'FORM' was read as a name: did you mean FROM?"],
    ['SELECT * FROM s WHRE a = 1;', "'WHRE' was read as a name: did you mean WHERE?"],
    ['SELECT limit FROM s;', 'write `LIMIT` to use the word as a name'],
    ['DESCRIB s;', 'did you mean DESCRIBE?'],
  ])('%s', (text, hint) => {
    expect(diagnosticOf(text).hint).toBe(hint);
  });

  test('what would have fitted is said in words', () => {
    expect(diagnosticOf('DROP s;').expected).toEqual(['STREAM or TABLE', 'TYPE', 'CONNECTOR']);
    expect(diagnosticOf('CREATE STREAM s (a INT b INT);').expected).toEqual(["','", "')'"]);
  });

  test('the span covers the token, wherever it stands', () => {
    const text = 'LIST STREAMS;\n\n  SELECT *\n  FROM s WHERE ) ;';
    const { span } = diagnosticOf(text);
    expect(span).toEqual({ start: text.indexOf(')'), end: text.indexOf(')') + 1, line: 4, column: 16 });
  });

  test('a very long token is not repeated in full', () => {
    expect(diagnosticOf(`LIST STREAMS ${'x'.repeat(10_000)};`).message.length).toBeLessThan(300);
  });
});
