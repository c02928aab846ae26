/** A JavaScript expression under construction, and what is known of it. */
export interface Piece {
  readonly code: string;
  /** Whether it may be null. */
  readonly nullable: boolean;
  /** Whether evaluating it may throw. */
  readonly throws: boolean;
  /** Known to be a JavaScript number (or null), so that BIGINT arithmetic need not look. */
  readonly plain?: boolean;
}

/**
 * What a null (or false) result means to the surrounding code.
 *
 * - `value`: null ends in null at the boundary where errors become null, so failing and being null are the same;
 * - `predicate`: the result is a JavaScript boolean of a filter, where failing, null and false are the same;
 * - `inner`: somebody looks at the value, so a failure must be thrown.
 *
 * A null operand of arithmetic is a failure in ksqlDB. Knowing the mode, nearly all of them cost a comparison instead of
 * an exception.
 */
export type Mode = 'value' | 'predicate' | 'inner';

const SIMPLE = /^(?:[$\w.]+|\(-[\d.e+]+\))$/;

/** Whether the code may be repeated: a variable or a number. */
export function isSimple(code: string): boolean {
  return SIMPLE.test(code);
}
