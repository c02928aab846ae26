import { describe, expect, test } from 'vitest';
import { parse } from '../../../src/parser/parse.js';
import { StatementRules } from '../../../src/parser/rules/statement-rules.js';
import { diagnosticOf, expressionOf, shapeOf, statementOf } from './helpers.js';

test('the grammar passes the checks that are left out at run time', () => {
  expect(() => new StatementRules(true)).not.toThrow();
});

describe('scripts', () => {
  test('several statements keep their own text and place', () => {
    const { statements, diagnostics } = parse('-- first\nLIST STREAMS;\n  LIST TABLES ; ');
    expect(diagnostics).toEqual([]);
    expect(statements.map((s) => s.text)).toEqual(['LIST STREAMS;', 'LIST TABLES ;']);
    expect(statements[1]!.statement.span).toEqual({ start: 25, end: 36, line: 3, column: 3 });
  });

  test('every bad statement is reported and good ones are kept', () => {
    const { statements, diagnostics } = parse("LIST STREAMS;\nFOO BAR;\nSELECT FROM x;\nSET 'a'='b';\nDROP;");
    expect(statements.map((s) => s.statement.kind)).toEqual(['listSources', 'setProperty']);
    expect(diagnostics.map((d) => [d.span.line, d.code])).toEqual([
      [2, 'unknown-statement'],
      [3, 'reserved-word'],
      [5, 'unexpected-token'],
    ]);
  });

  test('a semicolon inside quotes or comments ends nothing', () => {
    const { statements } = parse("SELECT ';' AS `a;b` /* ; */ FROM s -- ;\n;");
    expect(statements).toHaveLength(1);
  });

  test('empty statements and empty texts hold nothing', () => {
    expect(parse(' ;; -- nothing\n;')).toEqual({ statements: [], diagnostics: [] });
    expect(parse('')).toEqual({ statements: [], diagnostics: [] });
  });

  test('the last statement needs its semicolon', () => {
    const diagnostic = diagnosticOf('LIST STREAMS');
    expect(diagnostic.code).toBe('unexpected-end');
    expect(diagnostic.message).toBe("line 1:13: Syntax Error\nSyntax error at or near '<EOF>' at line 1:13");
    expect(diagnostic.hint).toBe("end the statement with ';'");
  });
});

describe('lexical rules', () => {
  test('names fold to upper case unless quoted, and a doubled quote is one', () => {
    const names = ['abc', '`abc`', '"a""b"', '`a``b`', '1abc', 'a@1', 'day'].map((text) => {
      const e = expressionOf(text);
      return e.kind === 'column' ? e.name.name : null;
    });
    expect(names).toEqual(['ABC', 'abc', 'a"b', 'a`b', '1ABC', 'A@1', 'DAY']);
  });

  test.each([
    ['1', { kind: 'integer', value: '1n' }],
    ['9223372036854775807', { kind: 'integer', value: '9223372036854775807n' }],
    ['-9223372036854775808', { kind: 'integer', value: '-9223372036854775808n' }],
    ['- 5', { kind: 'integer', value: '-5n' }],
    ['1.', { kind: 'decimal', text: '1.' }],
    ['.50', { kind: 'decimal', text: '.50' }],
    ['-1.50', { kind: 'decimal', text: '-1.50' }],
    ['1e3', { kind: 'double', value: 1000 }],
    ['1.5E-2', { kind: 'double', value: 0.015 }],
    ["DECIMAL '1.23'", { kind: 'decimal', text: '1.23' }],
    ["'it''s\n'", { kind: 'string', value: "it's\n" }],
    ['true', { kind: 'boolean', value: true }],
    ['NULL', { kind: 'null' }],
  ])('%s is one literal', (text, expected) => {
    expect(JSON.parse(shapeOf(expressionOf(text)))).toEqual(expected);
  });

  test.each([
    ['9223372036854775808', 'Failed to prepare statement: line 1:9: Invalid numeric literal: 9223372036854775808'],
    ['-1e999', 'Failed to prepare statement: line 1:9: Number overflows DOUBLE: -1e999'],
    ["DATE '2020-01-01'", 'Failed to prepare statement: Unknown type: DATE'],
  ])('%s is refused', (text, message) => {
    expect(diagnosticOf(`SELECT ${text} FROM s;`).message).toBe(message);
  });

  test('a megabyte of digits is refused at once', () => {
    const began = performance.now();
    expect(diagnosticOf(`SELECT ${'9'.repeat(900_000)} FROM s;`).message).toContain('Invalid numeric literal');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test.each([
    ["SELECT 'abc FROM s;", 'unclosed-string', 8],
    ['SELECT `abc FROM s;', 'unclosed-identifier', 8],
    ['SELECT a /* FROM s;', 'unclosed-comment', 10],
    ['SELECT a # b FROM s;', 'unknown-character', 10],
    ['SELECT 😀 FROM s;', 'unknown-character', 8],
  ])('%s', (text, code, column) => {
    const diagnostic = diagnosticOf(text);
    expect([diagnostic.code, diagnostic.span.line, diagnostic.span.column]).toEqual([code, 1, column]);
  });

  test('source names hold letters, digits, underscore and minus only', () => {
    expect(diagnosticOf('DROP STREAM `a b`;').message).toBe(
      "Failed to prepare statement: Illegal argument at Line: 1, Col: 13. Source names may only contain alphanumeric values, '_' or '-'. Got: 'a b'",
    );
    expect(statementOf('DROP STREAM `a-b`;').kind).toBe('dropSource');
  });
});

describe('precedence', () => {
  test.each([
    ['a + b * c', 'a + (b * c)'],
    ['a - b - c', '(a - b) - c'],
    ['a || b + c || d', '(a || (b + c)) || d'],
    ['-a * b', '(-a) * b'],
    ['NOT a AND b OR c', '((NOT a) AND b) OR c'],
    ['a OR b AND NOT c = d', 'a OR (b AND (NOT (c = d)))'],
    ['a BETWEEN 1 AND 2 AND b', '(a BETWEEN 1 AND 2) AND b'],
    ['-a[1]', '-(a[1])'],
    ['a % b / c', '(a % b) / c'],
    ['a = b || c', 'a = (b || c)'],
  ])('%s reads as %s', (text, same) => {
    expect(shapeOf(expressionOf(text))).toBe(shapeOf(expressionOf(same)));
  });

  test('predicates do not chain', () => {
    const diagnostic = diagnosticOf('SELECT * FROM s WHERE a = b = c;');
    expect(diagnostic.message).toBe("line 1:29: Syntax Error\nSyntax error at or near '=' at line 1:29");
  });
});

describe('words that are names in one place and keywords in another', () => {
  test('a table may be followed by EMIT or PARTITION BY or have such an alias', () => {
    const aliases = ['EMIT CHANGES', 'PARTITION BY a', 'emit', 'partition', 'AS emit EMIT CHANGES'].map((tail) => {
      const s = statementOf(`SELECT * FROM s ${tail};`);
      return s.kind === 'select' && s.query.from.kind === 'table' ? (s.query.from.alias?.name ?? null) : undefined;
    });
    expect(aliases).toEqual([null, null, 'EMIT', 'PARTITION', 'EMIT']);
  });

  test('ARRAY, MAP and STRUCT are constructors only before their bracket', () => {
    const kinds = ['ARRAY[1]', 'array', 'MAP(1:=2)', 'map', 'STRUCT(a:=1)', 'struct', '`ARRAY`[1]'];
    expect(kinds.map((text) => expressionOf(text).kind)).toEqual([
      ...['arrayConstructor', 'column', 'mapConstructor', 'column', 'structConstructor', 'column', 'subscript'],
    ]);
  });

  test('a bare unit is a unit as an argument and a column elsewhere', () => {
    const call = expressionOf('DATEADD(DAY, 1, day + 1)');
    if (call.kind !== 'call') throw new Error('not a call');
    expect(call.arguments.map((argument) => argument.kind)).toEqual(['intervalUnit', 'integer', 'arithmetic']);
    expect(expressionOf('day').kind).toBe('column');
  });

  test('COLUMN may be left out, and may be the name of a column', () => {
    const names = ['ADD COLUMN a INT', 'ADD a INT', 'ADD COLUMN INT', 'ADD COLUMN column INT'].map((tail) => {
      const s = statementOf(`ALTER STREAM s ${tail};`);
      return s.kind === 'alterSource' ? s.additions[0]!.name.name : null;
    });
    expect(names).toEqual(['A', 'A', 'COLUMN', 'COLUMN']);
  });

  test('DESCRIBE tells all tables from one source', () => {
    const kinds = ['TABLES', 'TABLES EXTENDED', 'FUNCTION', 'FUNCTION f', 'STREAMS', '`TABLES`'].map(
      (tail) => statementOf(`DESCRIBE ${tail};`).kind,
    );
    expect(kinds).toEqual([
      ...['describeSources', 'describeSources', 'describeSource', 'describeFunction', 'describeSources'],
      'describeSource',
    ]);
  });

  test('STRUCT may have no fields', () => {
    const s = statementOf('CREATE TYPE t AS STRUCT<>;');
    expect(s.kind === 'createType' && s.type.kind === 'structType' && s.type.fields).toEqual([]);
  });

  test('a grouping list may stand in brackets', () => {
    const counts = ['a, b', '(a, b)', '(a)', '()', '(a) + 1, b', '(a, b) EMIT CHANGES'].map((tail) => {
      const s = statementOf(`SELECT 1 FROM s GROUP BY ${tail};`);
      return s.kind === 'select' ? s.query.groupBy!.length : null;
    });
    expect(counts).toEqual([2, 2, 1, 0, 2, 2]);
  });

  test('the case of topics and variables is kept', () => {
    expect(statementOf('PRINT MyTopic;')).toMatchObject({ topic: 'MyTopic' });
    expect(statementOf("DEFINE myVar = 'x';")).toMatchObject({ name: 'myVar' });
    expect(statementOf("CREATE SINK CONNECTOR c WITH ('Some.Name'='x');")).toMatchObject({
      properties: [{ name: 'Some.Name' }],
    });
  });
});

describe('statements of the test runner', () => {
  test.each([
    ["RUN SCRIPT 'a';"],
    ['ASSERT VALUES s VALUES (1);'],
    ["ASSERT STREAM s (a INT) WITH (kafka_topic='t');"],
  ])('%s needs the test dialect', (text) => {
    expect(parse(text).statements).toEqual([]);
    expect(parse(text, { testDialect: true }).statements).toHaveLength(1);
  });
});
