import { type RestCase, TestFailure } from './test-case.js';
export function runRestCase(_test: RestCase): void {
  throw new TestFailure('not runnable yet');
}
