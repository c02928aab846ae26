import { StatementError } from '../../src/model/errors.js';

/** The StatementError that the work throws; another error is thrown on. */
export const failure = (work: () => unknown): StatementError => failureOf(StatementError, work);

/** The error of that class that the work throws; another one is thrown on. */
export function failureOf<Kind extends Error>(kind: new (...args: never[]) => Kind, work: () => unknown): Kind {
  try {
    work();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
