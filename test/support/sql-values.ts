import fc from 'fast-check';
import { decimalType, type SqlType } from '../../src/model/sql-type.js';
import type { Row, SqlValue } from '../../src/model/value.js';
import { toBigintValue } from '../../src/model/value.js';

const SCALARS: readonly SqlType[] = [
  { kind: 'BOOLEAN' },
  { kind: 'INTEGER' },
  { kind: 'BIGINT' },
  { kind: 'DOUBLE' },
  decimalType(5, 2),
  decimalType(18, 0),
  decimalType(38, 10),
  { kind: 'STRING' },
  { kind: 'BYTES' },
  { kind: 'DATE' },
  { kind: 'TIME' },
  { kind: 'TIMESTAMP' },
];

/** Any column type, nested ones at most `depth` deep. MAP keys are STRING or INTEGER. */
export function sqlTypes(depth = 2): fc.Arbitrary<SqlType> {
  const scalar = fc.constantFrom(...SCALARS);
  if (depth === 0) return scalar;
  const inner = sqlTypes(depth - 1);
  return fc.oneof(
    { weight: 5, arbitrary: scalar },
    { weight: 1, arbitrary: inner.map((element): SqlType => ({ kind: 'ARRAY', element })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom<SqlType>({ kind: 'STRING' }, { kind: 'INTEGER' }), inner)
        .map(([key, value]): SqlType => ({ kind: 'MAP', key, value })),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(inner, { minLength: 1, maxLength: 3 })
        .map((types): SqlType => ({ kind: 'STRUCT', fields: types.map((type, i) => ({ name: `F${i}`, type })) })),
    },
  );
}

/** Values of a type, the awkward ones often: null, ends of ranges, NaN, -0, lone surrogates, empty and nearly equal ones. */
export function sqlValues(type: SqlType, nullable = true): fc.Arbitrary<SqlValue> {
  const present = presentValues(type);
  return nullable ? fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 6, arbitrary: present }) : present;
}

export function rowsOf(types: readonly SqlType[], nullable = true): fc.Arbitrary<Row> {
  return fc.tuple(...types.map((type) => sqlValues(type, nullable)));
}

function presentValues(type: SqlType): fc.Arbitrary<SqlValue> {
  switch (type.kind) {
    case 'BOOLEAN':
      return fc.boolean();
    case 'INTEGER':
    case 'DATE':
      return fc.oneof(fc.integer(), fc.integer({ min: -2, max: 2 }));
    case 'TIME':
      return fc.integer({ min: 0, max: 86_399_999 });
    case 'TIMESTAMP':
      return fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -2, max: 2 }));
    case 'BIGINT':
      return fc
        .oneof(
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
          fc.bigInt({ min: -(2n ** 53n) - 3n, max: -(2n ** 53n) + 3n }),
          fc.bigInt({ min: -300n, max: 300n }),
        )
        .map(toBigintValue);
    case 'DOUBLE':
      return fc.oneof(
        fc.double(),
        fc.constantFrom(
          0,
          -0,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          1,
          1.5,
          Number.MIN_VALUE,
        ),
      );
    case 'DECIMAL': {
      const max = 10n ** BigInt(type.precision) - 1n;
      return fc.oneof(fc.bigInt({ min: -max, max }), fc.bigInt({ min: -300n, max: 300n }));
    }
    case 'STRING':
      return fc.oneof(
        fc.string({ unit: 'binary', maxLength: 6 }),
        fc.string({
          unit: fc.constantFrom(
            'a',
            'b',
            '\0',
            '\u0001',
            '\u007f',
            '\u0080',
            '\u07ff',
            '\u0800',
            '\ud800',
            '\udfff',
            '\ue000',
            '\uffff',
            '😀',
          ),
          maxLength: 4,
        }),
      );
    case 'BYTES':
      return fc
        .oneof(
          fc.uint8Array({ maxLength: 6 }),
          fc.array(fc.constantFrom(0, 1, 0x7f, 0x80, 0x81, 0xff), { maxLength: 3 }),
        )
        .map((bytes) => Buffer.from(bytes));
    case 'ARRAY':
      return fc.array(sqlValues(type.element), { maxLength: 3 });
    case 'STRUCT':
      return fc.tuple(...type.fields.map((field) => sqlValues(field.type)));
    case 'MAP':
      return fc
        .array(fc.tuple(sqlValues(type.key, false), sqlValues(type.value)), { maxLength: 3 })
        .map((entries) => new Map(entries.filter(([key], i) => !entries.slice(0, i).some(([k]) => sameText(k, key)))));
    case 'NULL':
      return fc.constant(null);
  }
}

/** Whether keys are the same text once lone surrogates are replaced, as UTF-8 does: not every format can hold both. */
function sameText(a: SqlValue, b: SqlValue): boolean {
  return typeof a === 'string' && typeof b === 'string' && Buffer.from(a).equals(Buffer.from(b));
}

/** An equal value that shares nothing with the given one. */
export function copyValue(value: SqlValue): SqlValue {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(copyValue);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [copyValue(k), copyValue(v)]));
  return value;
}
