import type { SourceSpan } from '../model/source-span.js';
import type { Statement } from './ast.js';

/** What is wrong with a text, and where. */
export interface Diagnostic {
  /** Stable kebab-case name. */
  readonly code: string;
  /** ksqlDB's words where it has some: `line 1:8: Syntax Error ...`. */
  readonly message: string;
  readonly span: SourceSpan;
  /** Tokens that would have fitted, in words. */
  readonly expected: readonly string[];
  readonly hint: string | null;
}

/** One statement of a script with the text it came from. */
export interface ParsedStatement {
  readonly statement: Statement;
  /** The source text of the statement, `;` included, after variable substitution. */
  readonly text: string;
}

export interface ParseResult {
  /** The statements that parsed, in order. */
  readonly statements: readonly ParsedStatement[];
  /** Sorted by position; empty when the whole text is well-formed. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface ParseOptions {
  /** Values for `${name}`; absent means no substitution takes place and a reference is an error where it stands for an identifier or literal. */
  readonly variables?: ReadonlyMap<string, string>;
  /** Accept the statements that only the test runner knows (`ASSERT VALUES`, `RUN SCRIPT`, ...). */
  readonly testDialect?: boolean;
  /** At most this many UTF-16 code units, statements and nesting levels; see `limits.ts` for the defaults. */
  readonly limits?: Partial<{ characters: number; statements: number; depth: number; tokens: number }>;
}
