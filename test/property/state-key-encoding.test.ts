import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SqlType } from '../../src/model/sql-type.js';
import { compareValues, equalValues, type Row, type SqlValue } from '../../src/model/value.js';
import { compileKeyId, KeyCodec, keyOrder } from '../../src/state/key-encoding.js';
import { copyValue, rowsOf, sqlTypes } from '../support/sql-values.js';

const keyTypes = fc.array(sqlTypes(), { minLength: 1, maxLength: 3 });
const keyPairs = keyTypes.chain((types) =>
  fc.record({
    types: fc.constant(types),
    // Half of the pairs are equal or differ in one column, where mistakes hide.
    pair: rowsOf(types).chain((a) =>
      fc.tuple(
        fc.constant(a),
        rowsOf(types).chain((b) =>
          fc.constantFrom(
            b,
            a.map(copyValue),
            a.map((value, i) => (i === 0 ? b[0]! : value)),
            a.map((value, i) => (i === a.length - 1 ? b[i]! : value)),
          ),
        ),
      ),
    ),
  }),
);

function hasMap(type: SqlType): boolean {
  if (type.kind === 'ARRAY') return hasMap(type.element);
  if (type.kind === 'STRUCT') return type.fields.some((field) => hasMap(field.type));
  return type.kind === 'MAP';
}

function compareRows(types: readonly SqlType[], a: Row, b: Row): number {
  for (let i = 0; i < types.length; i++) {
    const order = compareNullable(types[i]!, a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

function compareNullable(type: SqlType, a: SqlValue, b: SqlValue): number {
  if (a === null) return b === null ? 0 : -1;
  return b === null ? 1 : compareValues(type, a, b);
}

function equalRows(types: readonly SqlType[], a: Row, b: Row): boolean {
  return types.every((type, i) => equalValues(type, a[i]!, b[i]!));
}

describe('encoded keys', () => {
  test('sort like the values', () => {
    fc.assert(
      fc.property(keyPairs, ({ types, pair: [a, b] }) => {
        const codec = new KeyCodec(types);
        const encoded = Buffer.compare(codec.encode(a), codec.encode(b));
        expect(Math.sign(keyOrder(types)(a, b))).toBe(encoded);
        expect(encoded === 0).toBe(equalRows(types, a, b));
        if (!types.some(hasMap)) expect(Math.sign(compareRows(types, a, b))).toBe(encoded);
      }),
      { numRuns: 500 },
    );
  });

  test('decode to the values', () => {
    fc.assert(
      fc.property(
        keyTypes.chain((types) => fc.tuple(fc.constant(types), rowsOf(types))),
        ([types, row]) => {
          const codec = new KeyCodec(types);
          const decoded = codec.decode(codec.encode(row));
          expect(equalRows(types, decoded, row)).toBe(true);
          types.forEach((type, i) => {
            if (type.kind === 'BIGINT') expect(typeof decoded[i]).toBe(typeof row[i]);
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('begin with the encoding of their first columns', () => {
    fc.assert(
      fc.property(
        keyTypes.chain((types) => fc.tuple(fc.constant(types), rowsOf(types))),
        ([types, row]) => {
          const prefix = new KeyCodec(types.slice(0, 1)).encode(row.slice(0, 1));
          expect(new KeyCodec(types).encode(row).subarray(0, prefix.length).equals(prefix)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('key identities', () => {
  test('are the same exactly when the rows are equal', () => {
    fc.assert(
      fc.property(keyPairs, ({ types, pair: [a, b] }) => {
        const id = compileKeyId(types);
        const map = new Map([[id(a), 'a']]);
        expect(map.has(id(b))).toBe(equalRows(types, a, b));
      }),
      { numRuns: 500 },
    );
  });
});
