import { StatementError } from '../model/errors.js';

/**
 * What was thrown while a statement was worked on, as an error of this statement. An expression that a StatementError names goes into the
 * message, where ksqlDB has it; other errors stay as they are.
 */
export function asErrorOf(error: unknown, statementText: string): unknown {
  if (!(error instanceof StatementError)) return error;
  const { message, code, problem, span, hint, cause, statementText: expression } = error;
  if (expression === undefined || expression === statementText) return error.with({ statementText });
  const options = { code, problem, span, hint, cause, statementText };
  return new StatementError(`${message}\nStatement: ${expression}`, options);
}
