import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { grammarFiles } from '../../../scripts/grammar/index.js';
import { ALL_TOKENS, tokenKind } from '../../../src/parser/tokens.js';

const files = grammarFiles();

test.each([...files.keys()])('grammar/%s is up to date', (name) => {
  const message = 'run node scripts/generate-grammar.mjs';
  expect(readFileSync(`grammar/${name}`, 'utf8') === files.get(name), message).toBe(true);
});

test('every rule that is used is defined, in the text and on the page', () => {
  const text = files.get('sql.ebnf')!.replace(/\(\*[\s\S]*?\*\)/, '');
  const defined = new Set([...text.matchAll(/^(\w+) =/gm)].map((match) => match[1]));
  const lexical = text.indexOf('\nSTRING_VALUE =');
  const used = [
    ...text
      .slice(0, lexical)
      .replaceAll(/'[^']*'/g, '')
      .matchAll(/\w+/g),
  ].map((match) => match[0]);
  expect([...new Set(used)].filter((name) => !defined.has(name))).toEqual([]);

  const page = files.get('diagrams.html')!;
  const ids = new Set([...page.matchAll(/ id="(\w+)"/g)].map((match) => match[1]));
  const links = [...page.matchAll(/ href="#(\w+)"/g)].map((match) => match[1]);
  expect(links.filter((link) => !ids.has(link!))).toEqual([]);
  expect(page).not.toMatch(/(src|href)="http/);
});

test('the grammar uses every operator and punctuation mark', () => {
  const text = files.get('sql.ebnf')!;
  const symbols = ALL_TOKENS.filter((type) => ['operator', 'punctuation'].includes(tokenKind(type)));
  expect(symbols.filter((type) => !text.includes(type.LABEL!)).map((type) => type.name)).toEqual([]);
});
