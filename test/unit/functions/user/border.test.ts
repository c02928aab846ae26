import { describe, expect, it } from 'vitest';
import { borderOf, copyingBorderOf } from '../../../../src/functions/user/border.js';
import { type } from '../call.js';

function refusal(sqlType: string, value: unknown): string {
  try {
    borderOf(type(sqlType))(value);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

describe('values that are not of their type', () => {
  it.each([
    ['BOOLEAN', 1, 'a number where BOOLEAN is declared'],
    ['INT', 2 ** 31, 'a number out of range where INTEGER is declared'],
    ['INT', 1.5, 'a number that is not whole where INTEGER is declared'],
    ['INT', Number.NaN, 'a number that is not whole where INTEGER is declared'],
    ['INT', 1n, 'a bigint where INTEGER is declared'],
    ['INT', '1', 'a string where INTEGER is declared'],
    ['BIGINT', '12', 'a string where BIGINT is declared'],
    ['BIGINT', 2 ** 53, 'a number beyond 2^53 that is no bigint where BIGINT is declared'],
    ['BIGINT', 2n ** 63n, 'a bigint out of range where BIGINT is declared'],
    ['DOUBLE', 1n, 'a bigint where DOUBLE is declared'],
    ['DECIMAL(4,2)', 1.5, 'a number where DECIMAL(4, 2) as an unscaled bigint is declared'],
    ['DECIMAL(4,2)', 10_000n, 'a bigint of too many digits where DECIMAL(4, 2) is declared'],
    ['STRING', undefined, 'undefined where STRING is declared'],
    ['STRING', new Date(0), 'an object of class Date where STRING is declared'],
    ['STRING', 'x'.repeat(16 * 1024 * 1024 + 1), 'a text of length 16777217 where STRING is declared'],
    ['BYTES', 'abc', 'a string where BYTES is declared'],
    ['TIME', 86_400_000, 'a number out of range where TIME is declared'],
    ['TIMESTAMP', 1e300, 'a number out of range where TIMESTAMP is declared'],
    ['ARRAY<INT>', new Set([1]), 'an object of class Set where ARRAY is declared'],
    ['ARRAY<INT>', [1, null, '3'], 'a string at [2] where INTEGER is declared'],
    // biome-ignore lint/suspicious/noSparseArray: what is meant
    ['ARRAY<INT>', [1, , 3], 'undefined at [1] where INTEGER is declared'],
    ['MAP<STRING,INT>', { a: 1 }, 'an object where MAP as a JavaScript Map is declared'],
    ['MAP<STRING,INT>', new Map<unknown, unknown>([[1, 1]]), 'a number at {key 0} where STRING is declared'],
    ['MAP<STRING,INT>', new Map<unknown, unknown>([[null, 1]]), 'null at {key 0} where STRING is declared'],
    ['STRUCT<A INT, B STRING>', { A: 1 }, 'an object where STRUCT as an array of its fields is declared'],
    ['STRUCT<A INT, B STRING>', [1], 'an array of 1 elements where STRUCT of 2 fields is declared'],
    [
      'ARRAY<MAP<STRING,STRUCT<A INT, B STRING>>>',
      [new Map([['k', [1, 2]]])],
      'a number at [0]{value 0}.B where STRING is declared',
    ],
  ] as [string, unknown, string][])('%#: %s', (sqlType, value, message) => {
    expect(refusal(sqlType, value)).toBe(message);
  });

  it('are never quoted', () => {
    expect(refusal('INT', 'secret')).not.toContain('secret');
    expect(refusal('ARRAY<INT>', [{ secret: 1 }])).not.toContain('secret');
  });
});

describe('values that are', () => {
  it('have the one form that the engine knows', () => {
    const bigint = borderOf(type('BIGINT'));
    expect([bigint(5n), bigint(2n ** 53n), bigint(-0)]).toEqual([5, 2n ** 53n, 0]);
    expect(Object.is(borderOf(type('INT'))(-0), 0)).toBe(true);
    expect(Object.is(borderOf(type('DOUBLE'))(-0), -0)).toBe(true);
    expect(borderOf(type('BYTES'))(new Uint8Array([1, 2]))).toEqual(Buffer.from([1, 2]));
  });

  it('are copied where they can change', () => {
    const inner = [1];
    const map = new Map([['a', inner]]);
    const copy = borderOf(type('MAP<STRING,ARRAY<INT>>'))(map);
    inner.push(2);
    map.clear();
    expect(copy).toEqual(new Map([['a', [1]]]));
  });

  it('need no copy where they cannot', () => {
    expect(copyingBorderOf(type('STRING'))).toBeNull();
    expect(copyingBorderOf(type('ARRAY<STRING>'))).not.toBeNull();
    expect(copyingBorderOf(type('BYTES'))).not.toBeNull();
  });
});
