import type { SourceSpan } from '../../model/source-span.js';

/**
 * Thrown while the tree is built: the text fits the grammar and yet means nothing, such as a number that fits no
 * type. `parse` turns it into a diagnostic; the message follows ksqlDB's `Failed to prepare statement: `.
 */
export class BuildError extends Error {
  override readonly name = 'BuildError';
  readonly code: string;
  readonly span: SourceSpan;
  readonly hint: string | null;

  constructor(code: string, message: string, span: SourceSpan, hint: string | null = null) {
    super(message);
    this.code = code;
    this.span = span;
    this.hint = hint;
  }
}

/** ksqlDB counts columns from 2 where its tree builder complains about a number. */
export function positionOfLiteral(span: SourceSpan): string {
  return `line ${span.line}:${span.column + 1}: `;
}

export function illegalArgument(span: SourceSpan, detail: string): BuildError {
  return new BuildError(
    'illegal-argument',
    `Illegal argument at Line: ${span.line}, Col: ${span.column}. ${detail}`,
    span,
  );
}
