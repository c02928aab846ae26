import { CATEGORY, defineScalar, type ScalarDefinition } from '../define.js';
import { checkTextLength } from '../limits.js';
import { compilePattern, parseReplacement } from './java-regex.js';

const category = CATEGORY.regex;
const DIALECT =
  'Patterns are those of java.util.regex that match in linear time: no look-around and no back references.';

function extract(pattern: string, text: string, group: number): string | null {
  const matcher = compilePattern(pattern).matcher(text);
  if (group > matcher.groupCount()) return null;
  return matcher.find() ? matcher.group(group) : null;
}

const REGEXP_EXTRACT = defineScalar({
  name: 'REGEXP_EXTRACT',
  category,
  description: `The first part of a text that a pattern matches, or a group of it; null when there is none. ${DIALECT}`,
  examples: [{ sql: "REGEXP_EXTRACT('(.*) (.*)', 'hello there', 2)", result: '"there"' }],
  variants: [
    {
      signature: '(pattern STRING, input STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (pattern: string, text: string) => extract(pattern, text, 0),
    },
    {
      signature: '(pattern STRING, input STRING, group INT) -> STRING',
      nulls: 'propagate',
      evaluate: extract,
    },
  ],
});

function extractAll(pattern: string, text: string, group: number): (string | null)[] | null {
  const matcher = compilePattern(pattern).matcher(text);
  if (group > matcher.groupCount()) return null;
  const found: (string | null)[] = [];
  while (matcher.find()) found.push(matcher.group(group));
  return found;
}

const REGEXP_EXTRACT_ALL = defineScalar({
  name: 'REGEXP_EXTRACT_ALL',
  displayName: 'regexp_extract_all',
  category,
  description: `All parts of a text that a pattern matches, or a group of each. ${DIALECT}`,
  examples: [{ sql: "REGEXP_EXTRACT_ALL('[0-9]+', 'a1b22')", result: '["1","22"]' }],
  variants: [
    {
      signature: '(pattern STRING, input STRING) -> ARRAY<STRING>',
      nulls: 'propagate',
      evaluate: (pattern: string, text: string) => extractAll(pattern, text, 0),
    },
    {
      signature: '(pattern STRING, input STRING, group INT) -> ARRAY<STRING>',
      nulls: 'propagate',
      evaluate: extractAll,
    },
  ],
});

function replaceAll(text: string, pattern: string, replacement: string): string {
  const matcher = compilePattern(pattern).matcher(text);
  if (!matcher.find()) return text;
  const parts = parseReplacement(replacement, matcher.groupCount());
  let out = '';
  let end = 0;
  do {
    out += text.slice(end, matcher.start());
    for (const part of parts) out += typeof part === 'string' ? part : (matcher.group(part.group) ?? '');
    end = matcher.end();
    checkTextLength('REGEXP_REPLACE', out.length);
  } while (matcher.find());
  return out + text.slice(end);
}

const REGEXP_REPLACE = defineScalar({
  name: 'REGEXP_REPLACE',
  displayName: 'regexp_replace',
  category,
  description: `Replaces all parts of a text that a pattern matches; $1 in the replacement stands for the first group. ${DIALECT}`,
  examples: [{ sql: "REGEXP_REPLACE('foo bar', '(\\w+) (\\w+)', '$2 $1')", result: '"bar foo"' }],
  variants: [
    {
      signature: '(str STRING, regexp STRING, newStr STRING) -> STRING',
      nulls: 'propagate',
      evaluate: replaceAll,
    },
  ],
});

/** All pieces between the matches, empty ones included. */
function splitKeepingAll(text: string, pattern: string): string[] {
  const matcher = compilePattern(pattern).matcher(text);
  const pieces: string[] = [];
  let start = 0;
  while (matcher.find()) {
    pieces.push(text.slice(start, matcher.start()));
    start = matcher.end();
  }
  pieces.push(text.slice(start));
  return pieces;
}

/** Java's `Pattern.split`: no empty piece before a match of no width at the start, none at the end. */
function splitLikeJava(text: string, pattern: string): string[] {
  const matcher = compilePattern(pattern).matcher(text);
  const pieces: string[] = [];
  let start = 0;
  while (matcher.find()) {
    if (start === 0 && matcher.start() === 0 && matcher.end() === 0) continue;
    pieces.push(text.slice(start, matcher.start()));
    start = matcher.end();
  }
  if (start === 0) return [text];
  pieces.push(text.slice(start));
  while (pieces.length > 0 && pieces[pieces.length - 1] === '') pieces.pop();
  return pieces;
}

const REGEXP_SPLIT_TO_ARRAY = defineScalar({
  name: 'REGEXP_SPLIT_TO_ARRAY',
  displayName: 'regexp_split_to_array',
  category,
  description: `Splits a text where a pattern matches. Empty pieces are kept; a pattern that matches the empty text splits into characters. ${DIALECT}`,
  examples: [{ sql: "REGEXP_SPLIT_TO_ARRAY('a1b22c', '[0-9]+')", result: '["a","b","c"]' }],
  variants: [
    {
      signature: '(string STRING, regexp STRING) -> ARRAY<STRING>',
      nulls: 'propagate',
      evaluate: (text: string, pattern: string) =>
        compilePattern(pattern).matches('') ? splitLikeJava(text, pattern) : splitKeepingAll(text, pattern),
    },
  ],
});

export const regexFunctions: readonly ScalarDefinition[] = [
  REGEXP_EXTRACT,
  REGEXP_EXTRACT_ALL,
  REGEXP_REPLACE,
  REGEXP_SPLIT_TO_ARRAY,
];
