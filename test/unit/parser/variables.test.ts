import { describe, expect, test } from 'vitest';
import { parse } from '../../../src/parser/parse.js';
import { substituteInString } from '../../../src/parser/variables.js';
import { diagnosticOf, statementOf } from './helpers.js';

const variables = new Map([
  ['name', 'abc'],
  ['quotedName', '`a-b`'],
  ['number', '-12'],
  ['text', "'it''s'"],
  ['raw', "a'; DROP STREAM s; --"],
  ['word', 'select'],
  ['expression', '1 + 2'],
  ['padded', ' abc'],
  ['flag', 'true'],
]);

function textOf(text: string): string | undefined {
  return parse(text, { variables }).statements[0]?.text;
}

describe('where a reference may stand', () => {
  test.each([
    ['DROP STREAM ${name};', 'DROP STREAM abc;'],
    ['DROP STREAM ${quotedName};', 'DROP STREAM `a-b`;'],
    ['CREATE STREAM s (${name} INT);', 'CREATE STREAM s (abc INT);'],
    ['CREATE TYPE t AS ${name};', 'CREATE TYPE t AS abc;'],
    ['SELECT ${number}, ${text}, ${flag} FROM ${name} LIMIT 1;', "SELECT -12, 'it''s', true FROM abc LIMIT 1;"],
    ['SELECT ${name} FROM s;', 'SELECT abc FROM s;'],
    [
      "CREATE STREAM s WITH (kafka_topic=${text}, ${name}='${name}');",
      "CREATE STREAM s WITH (kafka_topic='it''s', abc='abc');",
    ],
    ['PRINT ${text};', "PRINT 'it''s';"],
    ["SET 'p-${name}' = '${number}';", "SET 'p-abc' = '-12';"],
  ])('%s', (text, replaced) => {
    expect(textOf(text)).toBe(replaced);
  });

  test.each([
    ['SELECT ${expression} FROM s;', "Failed to prepare statement: Illegal argument at Line: 1, Col: 8. Got: '1 + 2'"],
    [
      'SELECT ${missing} FROM s;',
      "Failed to prepare statement: Illegal argument at Line: 1, Col: 8. Got: '${missing}'",
    ],
    [
      'DROP STREAM ${raw};',
      "Illegal argument at Line: 1, Col: 13. Identifier names cannot start with '@' and may only contain alphanumeric values and '_'. Got: 'a'; DROP STREAM s; --'",
    ],
    ['DROP STREAM ${padded};', "Got: ' abc'"],
    ['DROP STREAM ${word};', '"select" is a reserved keyword'],
    ['${word} * FROM s;', "Unknown statement '${word}'"],
    ['SELECT 1 ${expression} 2 FROM s;', 'Got: '],
  ])('%s is refused', (text, message) => {
    expect(diagnosticOf(text, { variables }).message).toContain(message);
  });

  test('without variables nothing is replaced', () => {
    expect(statementOf("SET 'a' = '${name}';")).toMatchObject({ value: '${name}' });
    expect(diagnosticOf('DROP STREAM ${name};').message).toContain("Got: '${name}'");
  });
});

test('a value cannot leave the string it stands in', () => {
  const { statements } = parse("SET 'a' = '${raw}';", { variables });
  expect(statements).toHaveLength(1);
  expect(statements[0]!.statement).toMatchObject({ value: "a'; DROP STREAM s; --" });
  expect(statements[0]!.text).toBe("SET 'a' = 'a''; DROP STREAM s; --';");
});

test('definitions hold for the statements after them', () => {
  const script = "DEFINE a = 'x'; DEFINE b = '${a}y'; DROP STREAM ${b}; UNDEFINE b; DROP STREAM ${b};";
  const { statements, diagnostics } = parse(script, { variables: new Map() });
  expect(statements[2]!.text).toBe('DROP STREAM xy;');
  expect(diagnostics).toHaveLength(1);
});

describe('inside strings', () => {
  test.each([
    ['${a}', '1'],
    ['x${a}y${b}z', 'x1y2z'],
    ['${c}', '${c}'],
    ['${c:-d}', 'd'],
    ['${a:-d}', '1'],
    ['$${a}', '${a}'],
    ['${a', '${a'],
    ['$a', '$a'],
    ['${self}', '${self}'],
  ])('%s', (text, expected) => {
    expect(
      substituteInString(
        text,
        new Map([
          ['a', '1'],
          ['b', '2'],
          ['self', '${self}'],
        ]),
      ),
    ).toBe(expected);
  });
});
