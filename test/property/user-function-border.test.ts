import fc from 'fast-check';
import { expect, test } from 'vitest';
import { borderOf, WrongValue } from '../../src/functions/user/border.js';
import type { SqlType } from '../../src/model/sql-type.js';
import { equalValues, type SqlValue } from '../../src/model/value.js';
import { sqlTypes, sqlValues } from '../support/sql-values.js';

const typed = sqlTypes(3).chain((type) => fc.tuple(fc.constant(type), sqlValues(type)));

/** Whether any collection or byte string of one value is the very same object in the other. */
function shares(a: SqlValue, b: SqlValue): boolean {
  if (Buffer.isBuffer(a))
    return a === b || (a.length > 0 && Buffer.isBuffer(b) && a.buffer === b.buffer && a.byteOffset === b.byteOffset);
  if (Array.isArray(a)) return a === b || a.some((element, i) => shares(element, (b as SqlValue[])[i]!));
  if (a instanceof Map) {
    const other = [...(b as Map<SqlValue, SqlValue>).values()];
    return a === b || [...a.values()].some((element, i) => shares(element, other[i]!));
  }
  return false;
}

/** What no part of a value may be, whatever its type. */
const strangers = fc.constantFrom<unknown>(undefined, Symbol('s'), () => 1, Promise.resolve(1), new Date(0), { a: 1 });

/** Puts a stranger at some place inside of a value; undefined where there is no inside. */
function spoilt(type: SqlType, value: SqlValue, stranger: unknown, at: number): unknown {
  if (type.kind === 'ARRAY' && Array.isArray(value) && value.length > 0) {
    return value.map((element, i) => (i === at % value.length ? stranger : element));
  }
  if (type.kind === 'STRUCT' && Array.isArray(value)) {
    return value.map((element, i) => (i === at % value.length ? stranger : element));
  }
  if (type.kind === 'MAP' && value instanceof Map && value.size > 0) {
    return new Map([...value].map(([k, v], i) => [k, i === at % value.size ? stranger : v]));
  }
  return undefined;
}

test('a value of its type crosses the border as an equal value that shares nothing', () => {
  fc.assert(
    fc.property(typed, ([type, value]) => {
      const crossed = borderOf(type)(value);
      expect(equalValues(type, crossed, value)).toBe(true);
      expect(shares(value, crossed)).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test('a value with a stranger in it is refused, wherever it is', () => {
  let refused = 0;
  fc.assert(
    fc.property(typed, strangers, fc.nat(10), ([type, value], stranger, at) => {
      expect(() => borderOf(type)(stranger)).toThrow(WrongValue);
      const bad = spoilt(type, value, stranger, at);
      if (bad === undefined) return;
      refused++;
      expect(() => borderOf(type)(bad)).toThrow(WrongValue);
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(20);
});
