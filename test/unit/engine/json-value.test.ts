import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson } from '../../../src/engine/json-value.js';
import { parseJsonLossless } from '../../../src/model/json-text.js';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../../../src/model/sql-type.js';

const read = (type: SqlType, json: string): unknown => fromJson(type, parseJsonLossless(json));

describe('JSON as values of a column', () => {
  it.each<[SqlType, string, unknown]>([
    [BOOLEAN, 'true', true],
    [INTEGER, '-2147483648', -2147483648],
    [INTEGER, '1e0', null],
    [BIGINT, '9007199254740991', 9007199254740991],
    [BIGINT, '9007199254740993', 9007199254740993n],
    [BIGINT, '-9223372036854775808', -9223372036854775808n],
    [DOUBLE, '3', 3],
    [DOUBLE, '1e-3', 0.001],
    [decimalType(6, 2), '1.255', 126n],
    [decimalType(6, 2), '"-1.255"', -126n],
    [decimalType(30, 2), '1234567890123456789012345678.12', 123456789012345678901234567812n],
    [STRING, '"x"', 'x'],
    [BYTES, '"AAEC"', Buffer.from([0, 1, 2])],
    [DATE, '"1970-01-02"', 1],
    [TIME, '"00:00:01"', 1000],
    [TIMESTAMP, '"1970-01-01T00:00:01"', 1000],
    [arrayType(INTEGER), '[1, null]', [1, null]],
    [mapType(STRING, BIGINT), '{"a": 9007199254740993}', new Map([['a', 9007199254740993n]])],
    [
      structType([
        { name: 'A', type: INTEGER },
        { name: 'b', type: STRING },
      ]),
      '{"a": 1, "b": "x", "more": 2}',
      [1, 'x'],
    ],
    [structType([{ name: 'A', type: INTEGER }]), '{}', [null]],
    [INTEGER, 'null', null],
  ])('%j takes %s', (type, json, expected) => {
    if (expected === null && json !== 'null') expect(() => read(type, json)).toThrow("Can't coerce");
    else expect(read(type, json)).toEqual(expected);
  });

  it.each<[SqlType, string]>([
    [BOOLEAN, '"true"'],
    [INTEGER, '2147483648'],
    [INTEGER, '1.5'],
    [INTEGER, '"1"'],
    [BIGINT, '9223372036854775808'],
    [DOUBLE, '"1"'],
    [decimalType(4, 2), '99.995'],
    [decimalType(4, 2), '"much"'],
    [STRING, '1'],
    [BYTES, '"*"'],
    [DATE, '1'],
    [TIMESTAMP, '"yesterday"'],
    [arrayType(INTEGER), '{}'],
    [arrayType(INTEGER), '["x"]'],
    [mapType(STRING, INTEGER), '[1]'],
    [structType([{ name: 'A', type: INTEGER }]), '7'],
  ])('%j refuses %s', (type, json) => {
    expect(() => read(type, json)).toThrow(expect.objectContaining({ code: 'insert-coercion' }));
  });

  it('keeps every BIGINT', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
        expect(BigInt(read(BIGINT, String(n)) as number | bigint)).toBe(n);
      }),
    );
  });

  it('shows no more than the beginning of a long value', () => {
    try {
      read(INTEGER, `"${'x'.repeat(10_000)}"`);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(200);
    }
  });
});
