import { evaluateConstant } from '../../../src/executor/expressions/compile.js';
import { sqlJsonWriter } from '../../../src/functions/scalar/json-writer.js';
import { bind, runContext } from '../../support/expressions.js';

/** The value of an expression without columns, as JSON text; failures of arguments become null as in a query. */
export function json(sql: string): string {
  const bound = bind(sql);
  return sqlJsonWriter(bound.type)(evaluateConstant(bound, runContext()));
}

/** What a failing expression says. */
export function failure(sql: string): string {
  try {
    evaluateConstant(bind(sql), { ...runContext(), nestedErrorsAsNull: false });
  } catch (error) {
    const { cause, message } = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
  return 'nothing was thrown';
}
