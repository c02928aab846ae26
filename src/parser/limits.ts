import type { SourceSpan } from '../model/source-span.js';
import type { Statement } from './ast.js';

/** How large a text may be before work is spent on it. Each limit is the greatest value allowed. */
export interface ParseLimits {
  /** UTF-16 code units of the whole text. */
  readonly characters: number;
  /** Statements of one text. */
  readonly statements: number;
  /** Tokens of one statement. */
  readonly tokens: number;
  /** Nesting of brackets, calls, CASE and types, counted while parsing. */
  readonly depth: number;
  /** Height of the syntax tree of one statement: long chains of operators nest too. */
  readonly treeDepth: number;
  /** UTF-16 code units of one string literal. */
  readonly literalCharacters: number;
  /** Items of one IN list. */
  readonly inItems: number;
  /** Joins of one query. */
  readonly joins: number;
  /** Columns of one definition, items of one SELECT list. */
  readonly columns: number;
}

/** What holds when the caller says nothing. How many statements a request may hold is for the server to say. */
export const DEFAULT_LIMITS: ParseLimits = {
  characters: 1_000_000,
  statements: Number.POSITIVE_INFINITY,
  tokens: 50_000,
  depth: 200,
  treeDepth: 1_000,
  literalCharacters: 1_000_000,
  inItems: 10_000,
  joins: 16,
  columns: 2_000,
};

/** ksqlDB's words for a statement that is too deep. */
export const TOO_LARGE =
  'Statement is too large to parse. This may be caused by having too many nested expressions in the statement.';

/** Thrown inside the parser when a limit is passed; `parse` turns it into a diagnostic. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
  readonly span: SourceSpan;
  readonly hint: string;

  constructor(message: string, span: SourceSpan, hint: string) {
    super(message);
    this.span = span;
    this.hint = hint;
  }
}

/** The error for one list that is too long. */
export function tooMany(what: string, count: number, limit: number, span: SourceSpan): LimitError {
  return new LimitError(
    `Statement is too large to parse. It has ${count} ${what}, at most ${limit} are allowed.`,
    span,
    'split the statement',
  );
}

/**
 * Whether some node of the tree lies more than `limit` levels below the statement. Walks without recursion, because
 * it runs before anything that recurses may see the tree.
 */
export function isDeeperThan(statement: Statement, limit: number): boolean {
  const nodes: object[] = [statement];
  const depths: number[] = [0];
  while (nodes.length > 0) {
    const node = nodes.pop()!;
    const depth = depths.pop()!;
    if (depth > limit) return true;
    const next = 'kind' in node ? depth + 1 : depth;
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === 'object' && value !== null && key !== 'span') {
        nodes.push(value);
        depths.push(next);
      }
    }
  }
  return false;
}
