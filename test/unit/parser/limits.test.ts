import { describe, expect, test } from 'vitest';
import { TOO_LARGE } from '../../../src/parser/limits.js';
import { parse } from '../../../src/parser/parse.js';
import { diagnosticOf } from './helpers.js';

function nested(before: string, inner: string, after: string, levels: number): string {
  return `SELECT ${before.repeat(levels)}${inner}${after.repeat(levels)} FROM s;`;
}

const SHAPES: readonly (readonly [string, (levels: number) => string])[] = [
  ['brackets', (n) => nested('(', '1', ')', n)],
  ['NOT', (n) => nested('NOT ', 'a', '', n)],
  ['minus', (n) => nested('- ', 'a', '', n)],
  ['CASE', (n) => nested('CASE WHEN ', 'a', ' THEN 1 END', n)],
  ['arrays', (n) => nested('ARRAY[', '1', ']', n)],
  ['calls', (n) => nested('f(', '1', ')', n)],
  ['lambdas', (n) => nested('f(a, x => ', '1', ')', n)],
  ['casts', (n) => nested('CAST(', '1', ' AS INT)', n)],
  ['subscripts inside', (n) => nested('a[', '1', ']', n)],
  ['subscripts after', (n) => nested('', 'a', '[1]', n)],
  ['fields', (n) => nested('', 'a', '->b', n)],
  ['sums', (n) => nested('', '1', '+1', n)],
  ['conjunctions', (n) => nested('', 'a', ' AND b', n)],
  ['array types', (n) => `CREATE TYPE t AS ${'ARRAY<'.repeat(n)}INT${'>'.repeat(n)};`],
  ['struct types', (n) => `CREATE TYPE t AS ${'STRUCT<a '.repeat(n)}INT${'>'.repeat(n)};`],
  ['postfix array types', (n) => `CREATE TYPE t AS INT${' ARRAY'.repeat(n)};`],
  ['explanations', (n) => `${'EXPLAIN '.repeat(n)}LIST STREAMS;`],
];

describe('nesting', () => {
  test.each(SHAPES)('%s: some is fine, 20,000 levels are refused at once', (_, text) => {
    expect(parse(text(100)).diagnostics).toEqual([]);
    const limits = { tokens: 1_000_000 };
    const began = performance.now();
    expect(diagnosticOf(text(20_000), { limits }).message).toBe(TOO_LARGE);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('the depth counts exactly', () => {
    const limits = { depth: 10 };
    expect(parse(nested('(', '1', ')', 9), { limits }).diagnostics).toEqual([]);
    expect(parse(nested('(', '1', ')', 10), { limits }).diagnostics).toHaveLength(1);
  });

  test('a stack that ends early is an error like any other', () => {
    const limits = { depth: 1_000_000, treeDepth: 1_000_000, tokens: 1_000_000 };
    expect(diagnosticOf(nested('(', '1', ')', 20_000), { limits }).message).toBe(TOO_LARGE);
    expect(parse('LIST STREAMS;').diagnostics).toEqual([]);
  });
});

describe('sizes', () => {
  test.each([
    ['characters', 'LIST STREAMS;', 13],
    ['tokens', 'LIST STREAMS;', 2],
    ['statements', 'LIST STREAMS; LIST TABLES;', 2],
    ['literalCharacters', "SET 'a'='bc';", 4],
    ['inItems', 'SELECT 1 FROM s WHERE a IN (1, 2, 3);', 3],
    ['joins', 'SELECT 1 FROM s JOIN t ON s.a = t.a JOIN u ON s.a = u.a;', 2],
    ['columns', 'CREATE STREAM s (a INT, b INT);', 2],
    ['columns', 'SELECT a, b FROM s;', 2],
  ])('%s: %s fits %i and not one less', (name, text, size) => {
    expect(parse(text, { limits: { [name]: size } }).diagnostics).toEqual([]);
    expect(diagnosticOf(text, { limits: { [name]: size - 1 } }).code).toBe('statement-too-large');
  });

  test('a text above the limit is refused unread', () => {
    const began = performance.now();
    expect(parse('x'.repeat(10_000_000)).diagnostics).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('many small statements parse when the limit allows', () => {
    const script = "INSERT INTO s VALUES (1, 'x');\n".repeat(5_000);
    expect(parse(script, { limits: { characters: script.length } }).statements).toHaveLength(5_000);
  });
});
