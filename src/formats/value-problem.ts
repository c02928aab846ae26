import { RecordError } from '../model/errors.js';

/**
 * A value does not fit its SQL type. Collects, on its way out of nested values, where that was;
 * holds types and places, never data.
 */
export class ValueProblem extends Error {
  override readonly name = 'ValueProblem';
  /** Steps from the column down to the value, such as `.B[0]`. */
  path = '';

  /** The same problem seen from the value around it. */
  inside(step: string): this {
    this.path = step + this.path;
    return this;
  }
}

/** What was thrown, seen from the value around it; other errors than a ValueProblem pass unchanged. */
export function inside(problem: unknown, step: string): unknown {
  return problem instanceof ValueProblem ? problem.inside(step) : problem;
}

/** A conversion whose problems say where the value is. */
export function located<From, To>(convert: (value: From) => To, path: string): (value: From) => To {
  if (path === '') return convert;
  return (value) => {
    try {
      return convert(value);
    } catch (problem) {
      throw inside(problem, path);
    }
  };
}

/** The error of a record whose value at `root` (`$.A`) could not be converted; other errors pass unchanged. */
export function valueError(
  problem: unknown,
  root: string,
  target: 'key' | 'value',
  reason: 'deserialization' | 'serialization' = 'deserialization',
): unknown {
  if (!(problem instanceof ValueProblem)) return problem;
  return new RecordError(reason, `${problem.message}, path: ${root}${problem.path}`, target);
}
