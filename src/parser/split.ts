import type { SourceSpan } from '../model/source-span.js';
import { Scanner, type ScanProblem, spanOfToken, type Token } from './scanner.js';
import { LBracket, LParen, RBracket, RParen, Semicolon, type TokenKind, tokenKind, Unknown } from './tokens.js';

/** A statement as text, before parsing. */
export interface StatementText {
  /** From the first token to the `;`, both included. */
  readonly text: string;
  readonly span: SourceSpan;
  /** Whether a `;` ends it; only the last one may lack it. */
  readonly terminated: boolean;
}

/** Cuts a script at each `;` outside quotes and comments. Comments before the first token of a statement are left out. */
export function splitStatements(text: string): StatementText[] {
  const statements: StatementText[] = [];
  const scanner = new Scanner(text);
  let first: Token | null = null;
  let last: Token | null = null;
  const finish = (terminated: boolean): void => {
    const start = spanOfToken(first!);
    const span = { ...start, end: last!.endOffset + 1 };
    statements.push({ text: text.slice(span.start, span.end), span, terminated });
    first = null;
  };
  for (let token = scanner.next(); token !== null; token = scanner.next()) {
    const isEnd = token.tokenType === Semicolon;
    if (first === null && isEnd) continue;
    first ??= token;
    last = token;
    if (isEnd) finish(true);
  }
  if (first !== null) finish(false);
  return statements;
}

/** What a text that is not complete waits for. */
export type Awaited = 'string' | 'quotedIdentifier' | 'comment' | 'bracket' | 'semicolon';

/**
 * Whether a prompt may run what was typed: the last token is a `;` outside quotes and comments, or there is no token
 * at all. Otherwise `awaits` says what is still open.
 */
export function isComplete(text: string): { readonly complete: boolean; readonly awaits: Awaited | null } {
  const scanner = new Scanner(text);
  let last: Token | null = null;
  let open = 0;
  for (let token = scanner.next(); token !== null; token = scanner.next()) {
    last = token;
    const type = token.tokenType;
    if (type === LParen || type === LBracket) open++;
    else if (type === RParen || type === RBracket) open--;
    else if (type === Semicolon) open = 0;
  }
  if (last === null || last.tokenType === Semicolon) return { complete: true, awaits: null };
  const problem: ScanProblem | null = last.tokenType === Unknown ? last.problem : null;
  if (problem !== null && problem !== 'character') return { complete: false, awaits: problem };
  return { complete: false, awaits: open > 0 ? 'bracket' : 'semicolon' };
}

/** A run of text with its kind; white space between runs is left out. */
export interface Lexeme {
  readonly kind: TokenKind;
  readonly span: SourceSpan;
}

/** All tokens and comments of a text, in order: what a highlighter colours. */
export function tokenize(text: string): Lexeme[] {
  const lexemes: Lexeme[] = [];
  const scanner = new Scanner(text, (trivia) => lexemes.push({ kind: trivia.kind, span: trivia.span }));
  for (let token = scanner.next(); token !== null; token = scanner.next()) {
    lexemes.push({ kind: kindOf(token), span: spanOfToken(token) });
  }
  return lexemes;
}

/** An open quote or comment keeps the colour of what it will be. */
function kindOf(token: Token): TokenKind {
  if (token.problem === null || token.problem === 'character') return tokenKind(token.tokenType);
  return token.problem;
}
