import type { TokenType } from 'chevrotain';
import { distance } from 'fastest-levenshtein';
import type { SourceSpan } from '../model/source-span.js';
import { BuildError } from './build/build-error.js';
import { LimitError } from './limits.js';
import type { Diagnostic } from './parse.js';
import type { Failure } from './rules/base-rules.js';
import { type ScanProblem, spanOfToken, type Token } from './scanner.js';
import {
  Comma,
  displayToken,
  isReserved,
  LBracket,
  LParen,
  Name,
  PlainIdentifier,
  RBracket,
  RParen,
  Semicolon,
  TextOrName,
  tokenInWords,
  tokenKind,
} from './tokens.js';

/** Words that may begin a statement. */
export const STATEMENT_WORDS: readonly string[] = [
  ...['SELECT', 'CREATE', 'INSERT', 'DROP', 'ALTER', 'TERMINATE', 'PAUSE', 'RESUME', 'LIST', 'SHOW', 'DESCRIBE'],
  ...['EXPLAIN', 'PRINT', 'SET', 'UNSET', 'DEFINE', 'UNDEFINE', 'ASSERT'],
];

/** Words that may begin a statement where the statements of the test runner are accepted. */
export const TEST_STATEMENT_WORDS: readonly string[] = [...STATEMENT_WORDS, 'RUN'];

/** Where a statement failed to parse, and what the parser wanted there. */
export interface SyntaxProblem {
  /** The tokens of the statement, without its `;` if it has none. */
  readonly tokens: readonly Token[];
  /** The token where it went wrong; null at the end of the text. */
  readonly token: Token | null;
  /** The end of the text, for errors there. */
  readonly end: SourceSpan;
  readonly failure: Failure;
  /** Whether a comma would have continued a list here. */
  readonly endsList: boolean;
}

/** A statement whose first word begins none. */
export function unknownStatement(token: Token, words: readonly string[]): Diagnostic {
  const span = spanOfToken(token);
  const nearest = nearestWord(token.image, words);
  const question = nearest === null ? '' : `\nDid you mean '${nearest}'?`;
  return {
    code: 'unknown-statement',
    message: `${syntaxError(span)}Unknown statement '${shorten(token.image)}'${question}`,
    span,
    expected: [...words],
    hint: nearest === null ? 'statements begin with a word such as SELECT, CREATE or LIST' : `did you mean ${nearest}?`,
  };
}

/** The one place where the parser's view of a failure becomes ksqlDB's words. */
export function syntaxDiagnostic(problem: SyntaxProblem): Diagnostic {
  const { token, failure } = problem;
  const span = token === null ? problem.end : spanOfToken(token);
  const expected = expectedTypes(problem);
  return {
    code: token === null ? 'unexpected-end' : isReservedName(problem) ? 'reserved-word' : 'unexpected-token',
    message: syntaxError(span) + detailOf(problem, span),
    span,
    expected: [...new Set(expected.map(tokenInWords))],
    hint: hintOf(problem, failure),
  };
}

/** Text that is no token. */
export function scanDiagnostic(token: Token): Diagnostic {
  const span = spanOfToken(token);
  const problem = token.problem ?? 'character';
  const shown = problem === 'character' ? token.image : token.image.slice(0, problem === 'comment' ? 2 : 1);
  return {
    code: SCAN_CODES[problem],
    message: `${syntaxError(span)}${atOrNear(shown, span)}`,
    span,
    expected: [],
    hint: SCAN_HINTS[problem],
  };
}

const SCAN_CODES: Readonly<Record<ScanProblem, string>> = {
  string: 'unclosed-string',
  quotedIdentifier: 'unclosed-identifier',
  comment: 'unclosed-comment',
  character: 'unknown-character',
};

const SCAN_HINTS: Readonly<Record<ScanProblem, string>> = {
  string: "the string that begins here is not closed; write '' for a quote inside a string",
  quotedIdentifier: 'the quoted name that begins here is not closed',
  comment: 'the comment that begins here is not closed; end it with */',
  character: 'this character has no meaning outside quotes',
};

/** Errors thrown while the tree was built; null for what is no error of the text. */
export function diagnosticOf(error: unknown): Diagnostic | null {
  if (error instanceof BuildError) {
    const message = `Failed to prepare statement: ${error.message}`;
    return { code: error.code, message, span: error.span, expected: [], hint: error.hint };
  }
  if (error instanceof LimitError) return limitDiagnostic(error);
  return null;
}

export function limitDiagnostic(error: LimitError): Diagnostic {
  return { code: 'statement-too-large', message: error.message, span: error.span, expected: [], hint: error.hint };
}

/** The word nearest to a misspelt one, in upper case; null when none is near. */
export function nearestWord(word: string, candidates: readonly string[]): string | null {
  const upper = word.toUpperCase();
  if (upper.length > 40) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(upper.length / 3)) + 1;
  for (const candidate of candidates) {
    const d = isTransposed(upper, candidate) ? 1 : distance(upper, candidate);
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

/** Whether two neighbouring letters changed places, the commonest slip, which edit distance counts twice. */
function isTransposed(word: string, candidate: string): boolean {
  if (word.length !== candidate.length) return false;
  let at = 0;
  while (at < word.length && word[at] === candidate[at]) at++;
  if (word[at] !== candidate[at + 1] || word[at + 1] !== candidate[at]) return false;
  return word.slice(at + 2) === candidate.slice(at + 2);
}

function syntaxError(span: SourceSpan): string {
  return `line ${span.line}:${span.column}: Syntax Error\n`;
}

function atOrNear(text: string, span: SourceSpan): string {
  return `Syntax error at or near '${shorten(text)}' at line ${span.line}:${span.column}`;
}

/** A token may be a megabyte of string; a message shows its beginning. */
function shorten(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`;
}

function detailOf(problem: SyntaxProblem, span: SourceSpan): string {
  const { token, failure } = problem;
  if (token === null) {
    const open = hasOpenBracket(problem.tokens) ? "\n'}', ']', or ')' is missing" : '';
    return `${atOrNear('<EOF>', span)}${open}`;
  }
  const wanted = failure.expected[0];
  if (failure.kind === 'tokenSet') return `Expecting ${displaySet(failure.expected)}`;
  if (failure.kind === 'mismatch' && wanted !== undefined && wanted !== Semicolon) {
    if (problem.endsList) return `Expecting ${displaySet([Comma, wanted])}`;
    if (wanted === RParen || wanted === RBracket) return `missing ${displayToken(wanted)} at '${shorten(token.image)}'`;
  }
  const near = atOrNear(token.image, span);
  if (!isReservedName(problem)) return near;
  const reserved = reservedWord(token.image);
  return failure.kind === 'mismatch' ? `${reserved}\n${near}` : `${near}\n${reserved}`;
}

/** The trailing blank is ksqlDB's. */
function reservedWord(word: string): string {
  return `"${word}" is a reserved keyword and it can't be used as an identifier. You can use it as an identifier by escaping it as '${word}' `;
}

/** Whether a reserved word stands where a name was wanted. */
function isReservedName(problem: SyntaxProblem): boolean {
  if (problem.token === null || !problem.failure.expected.some(isName)) return false;
  return isReserved(problem.token.image.toUpperCase());
}

function isName(type: TokenType): boolean {
  return type === Name || type === TextOrName || (type.CATEGORIES?.includes(Name) ?? false);
}

function expectedTypes(problem: SyntaxProblem): readonly TokenType[] {
  return problem.endsList ? [Comma, ...problem.failure.expected] : problem.failure.expected;
}

function displaySet(types: readonly TokenType[]): string {
  const sorted = [...new Set(types)].sort((a, b) => a.tokenTypeIdx! - b.tokenTypeIdx!);
  return `{${sorted.map(displayToken).join(', ')}}`;
}

function hasOpenBracket(tokens: readonly Token[]): boolean {
  let open = 0;
  for (const { tokenType } of tokens) {
    if (tokenType === LParen || tokenType === LBracket) open++;
    else if (tokenType === RParen || tokenType === RBracket) open--;
  }
  return open > 0;
}

function hintOf(problem: SyntaxProblem, failure: Failure): string | null {
  const { token, tokens } = problem;
  if (token !== null && isReservedName(problem))
    return `write \`${token.image.toUpperCase()}\` to use the word as a name`;
  const keywords = failure.expected.filter((type) => tokenKind(type) === 'keyword').map((type) => type.name);
  const at = token === null ? tokens.length : tokens.indexOf(token);
  for (const candidate of [token, at > 0 ? tokens[at - 1] : undefined]) {
    if (candidate?.tokenType !== PlainIdentifier) continue;
    const nearest = nearestWord(candidate.image, [...keywords, ...CLAUSE_WORDS]);
    if (nearest !== null) return `'${shorten(candidate.image)}' was read as a name: did you mean ${nearest}?`;
  }
  if (token === null) {
    return failure.expected.includes(Semicolon) ? "end the statement with ';'" : 'the statement is not complete';
  }
  return null;
}

const CLAUSE_WORDS = ['FROM', 'WHERE', 'WINDOW', 'GROUP', 'HAVING', 'LIMIT', 'EMIT', 'PARTITION', 'JOIN', 'VALUES'];
