import { describe, expect, test } from 'vitest';
import { BIGINT, BYTES, DOUBLE, INTEGER, type SqlType, STRING } from '../../../src/model/sql-type.js';
import type { SqlValue } from '../../../src/model/value.js';
import { compileKeyId, KeyCodec } from '../../../src/state/key-encoding.js';

function hex(type: SqlType, value: SqlValue): string {
  return new KeyCodec([type]).encode([value]).toString('hex');
}

describe('key encoding', () => {
  test.each<[string, SqlType, SqlValue, string]>([
    ['null', STRING, null, '00'],
    ['a STRING', STRING, 'ab', '01616200'],
    ['an empty STRING', STRING, '', '0100'],
    ['NUL in a STRING', STRING, '\0', '01010100'],
    ['a lone surrogate', STRING, '\ud800', '01eda08000'],
    ['an INTEGER', INTEGER, -1, '017fffffff'],
    ['a BIGINT that is a number', BIGINT, 1, '018000000000000001'],
    ['a BIGINT that is a bigint', BIGINT, 2n ** 53n, '018020000000000000'],
    ['the least BIGINT', BIGINT, -(2n ** 63n), '010000000000000000'],
    ['NaN', DOUBLE, Number.NaN, '01fff8000000000000'],
    ['-0', DOUBLE, -0, '017fffffffffffffff'],
    ['0', DOUBLE, 0, '018000000000000000'],
    ['BYTES, signed', BYTES, Buffer.from([0x80, 0x00]), '0101018000'],
  ])('%s', (_, type, value, expected) => {
    expect(hex(type, value)).toBe(expected);
  });

  test('a shared encoding lasts until the next; an encoding of its own stays', () => {
    const codec = new KeyCodec([STRING]);
    const own = codec.encode(['a']);
    const shared = codec.encodeShared(['b']);
    expect(shared.toString('latin1')).toBe('\u0001b\0');
    codec.encodeShared(['c']);
    expect(shared.toString('latin1')).toBe('\u0001c\0');
    expect(own.toString('latin1')).toBe('\u0001a\0');
  });

  test('a key longer than the scratch space', () => {
    const codec = new KeyCodec([STRING, INTEGER]);
    const long = 'x'.repeat(10_000);
    expect(codec.decode(codec.encode([long, 7]))).toEqual([long, 7]);
    expect(codec.decode(codec.encode(['x', 7]))).toEqual(['x', 7]);
  });
});

describe('key identity', () => {
  test('a single STRING or number is itself', () => {
    expect(compileKeyId([STRING])(['7'])).toBe('7');
    expect(compileKeyId([BIGINT])([7])).toBe(7);
    expect(compileKeyId([BIGINT])([2n ** 60n])).toBe('1152921504606846976');
  });

  test('columns do not run into each other', () => {
    const id = compileKeyId([STRING, STRING]);
    expect(id(['a', 'bc'])).not.toBe(id(['ab', 'c']));
    expect(id(['1:a', ''])).not.toBe(id(['', '1:a']));
    expect(id([null, 'a'])).not.toBe(id(['~', 'a']));
  });
});
