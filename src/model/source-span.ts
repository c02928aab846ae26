/** Where in a text something was said: offsets count UTF-16 code units from 0, `end` exclusive; line and column count from 1. */
export interface SourceSpan {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
}

/** The span of things that no text said (generated expressions, API calls). */
export const NO_SPAN: SourceSpan = { start: 0, end: 0, line: 0, column: 0 };

/** The smallest span that covers both; `a` must begin first. */
export function spanning(a: SourceSpan, b: SourceSpan): SourceSpan {
  return { start: a.start, end: b.end, line: a.line, column: a.column };
}
