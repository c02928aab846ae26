import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LikePattern } from '../../../src/model/like.js';

const like = (text: string, pattern: string, escapeCharacter: string | null = null): boolean =>
  LikePattern.compile(pattern, escapeCharacter).matches(text);

describe('LIKE', () => {
  test.each([
    ['', '', true],
    ['', '%', true],
    ['a', '', false],
    ['barfoobaz', '%foo%', true],
    ['foo', 'f_o', true],
    ['fo', 'f_o', false],
    ['foobar', 'foo', false],
    ['foobar', 'foo%', true],
    ['foobar', '%bar', true],
    ['foobar', 'f%o%r', true],
    ['aXbXc', 'a_b_c', true],
    ['Foo', 'foo', false],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
    ['aab', '%a_', true],
    ['abab', '%ab', true],
    ['ab', '%ab%ab%', false],
    ['one\ntwo', 'one%', false],
    ['one\ntwo', 'one\ntwo', true],
    ['a\nb', 'a_b', false],
    ['😀', '_', true],
    ['😀x', '%_x', true],
  ])('%j LIKE %j is %s', (text, pattern, expected) => {
    expect(like(text, pattern)).toBe(expected);
  });

  test.each([
    ['%', '!%', true],
    ['x', '!%', false],
    ['a_b', 'a!_b', true],
    ['axb', 'a!_b', false],
    ['!', '!!', true],
    ['x', '!x', true],
  ])('%j LIKE %j ESCAPE ! is %s', (text, pattern, expected) => {
    expect(like(text, pattern, '!')).toBe(expected);
  });

  test('refuses a pattern that ends with the escape character', () => {
    expect(() => LikePattern.compile('ab!', '!')).toThrow('LIKE pattern must not end with escape character');
  });

  test('agrees with the regular expression that ksqlDB makes of the pattern', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '😀'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '%', '_', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(text, pattern, (t, p) => {
        const dot = '[^\\n\\r\\u0085\\u2028\\u2029]';
        const regex = new RegExp(`^${p.replaceAll('%', `${dot}*`).replaceAll('_', dot)}$`, 'u');
        expect(like(t, p)).toBe(regex.test(t));
      }),
      { numRuns: 2000 },
    );
  });

  test('a pattern of many wildcards over a long text does not blow up', () => {
    const started = performance.now();
    expect(like('a'.repeat(20_000), `${'%a_'.repeat(15)}%b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
