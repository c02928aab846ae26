import type { EvaluationContext } from '../../functions/define.js';
import type { FunctionRegistry } from '../../functions/registry.js';

/** What compiled expressions need from their surroundings. */
export interface ExpressionContext {
  readonly functions: FunctionRegistry;
  readonly evaluation: EvaluationContext;
  /**
   * `ksql.nested.error.set.null`, default true: a failing argument, cast or constructor element becomes null by itself;
   * otherwise the whole expression becomes null.
   */
  readonly nestedErrorsAsNull?: boolean;
  /**
   * Called for each evaluation that failed and became null (false for a condition).
   * @param message what failed, without data of the row
   * @param cause what was thrown; its text may quote the row
   */
  onError(message: string, cause: unknown): void;
}
