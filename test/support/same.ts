import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** Quicker than an expectation, which is left to print the difference. */
export function same(actual: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(actual, wanted)) expect(actual).toEqual(wanted);
}
