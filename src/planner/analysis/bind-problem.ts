import { StatementError } from '../../model/errors.js';
import type { SourceSpan } from '../../model/source-span.js';

/**
 * What is wrong with an expression, not yet with the clause in front.
 * ksqlDB finds some errors while it types an expression and others (`code`) while it generates code, and says so in
 * front of the message.
 */
export class Problem extends Error {
  constructor(
    message: string,
    readonly stage: 'type' | 'code',
    readonly code: string,
    readonly span: SourceSpan,
    readonly hint?: string,
  ) {
    super(message);
  }
}

const TYPE_CODES: ReadonlySet<string> = new Set([
  'type-mismatch',
  'unsupported-arithmetic',
  'null-comparison',
  'not-boolean',
]);

/** Whether an error of this code says that types do not go together: a filter then shows its condition. */
export function isTypeCode(code: string): boolean {
  return TYPE_CODES.has(code);
}

/**
 * Runs `bind` and turns a {@link Problem} into an error with the words that ksqlDB puts in front in this clause.
 * @throws StatementError
 */
export function inClause<T>(clause: string, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new StatementError(prefix(clause, error.stage) + error.message, {
      code: error.code,
      span: error.span,
      hint: error.hint,
    });
  }
}

function prefix(clause: string, stage: 'type' | 'code'): string {
  const isFilter = clause === 'WHERE' || clause === 'HAVING';
  if (stage === 'type') return isFilter ? `Error in ${clause} expression: ` : '';
  if (isFilter) return 'Invalid Predicate: ';
  return `Invalid ${clause.toLowerCase().replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}: `;
}

/** The complaint about a NULL that nothing gives a type. */
export function untypedNull(span: SourceSpan): StatementError {
  return new StatementError(
    "Can't infer a type of null. Please explicitly cast it to a required type, e.g. CAST(null AS VARCHAR).",
    { code: 'untyped-null', span },
  );
}
