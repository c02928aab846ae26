import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { avroFormat } from '../../../src/formats/avro/avro.js';
import { GrowableSink } from '../../../src/formats/byte-sink.js';
import { encodeRow } from '../../../src/formats/row-codec.js';
import type { Column } from '../../../src/model/schema.js';
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
import type { Row, SqlValue } from '../../../src/model/value.js';
import {
  bare,
  date,
  decimal,
  decode,
  failure,
  framed,
  letters,
  recordOf,
  registered,
  timeMillis,
  timestampMicros,
  timestampMillis,
  wrapped,
} from '../../support/avro.js';
import { column } from '../../support/columns.js';

const encode = (schema: unknown, columns: readonly Column[], row: Row, spec = wrapped): Buffer | null =>
  encodeRow(avroFormat, { ...spec, schema: registered(schema) }, columns, row);
/** What another library reads of a field v that was written of a column V. */
const encodeAs = (sql: SqlType, value: SqlValue, avro: unknown): unknown => {
  const schema = recordOf({ v: avro });
  const bytes = encode(schema, [column('V', sql)], [value])!;
  return avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false }).fromBuffer(bytes.subarray(5)).v;
};

describe('writing', () => {
  it.each<[string, SqlType, SqlValue, unknown, unknown]>([
    ['BOOLEAN', BOOLEAN, true, 'boolean', true],
    ['INTEGER', INTEGER, -(2 ** 31), 'int', -(2 ** 31)],
    ['INTEGER as long', INTEGER, 70_000, 'long', 70_000],
    ['INTEGER as double', INTEGER, 7, 'double', 7],
    ['INTEGER as float', INTEGER, 7, 'float', 7],
    ['BIGINT', BIGINT, -(2 ** 45), 'long', -(2 ** 45)],
    ['DOUBLE', DOUBLE, 0.1, 'double', 0.1],
    ['DOUBLE as float', DOUBLE, 0.1, 'float', Math.fround(0.1)],
    ['STRING', STRING, 'Zürich 😀', 'string', 'Zürich 😀'],
    ['STRING of 62 bytes', STRING, 'é'.repeat(31), 'string', 'é'.repeat(31)],
    ['STRING of 64 bytes', STRING, 'é'.repeat(32), 'string', 'é'.repeat(32)],
    ['STRING of 64 letters', STRING, 'x'.repeat(64), 'string', 'x'.repeat(64)],
    ['STRING of 9000 bytes', STRING, 'é'.repeat(4500), 'string', 'é'.repeat(4500)],
    ['STRING as enum', STRING, 'B', letters, 'B'],
    ['BYTES', BYTES, Buffer.from([1, 2]), 'bytes', Buffer.from([1, 2])],
    ['BYTES as fixed', BYTES, Buffer.from([1, 2]), { type: 'fixed', name: 'F', size: 2 }, Buffer.from([1, 2])],
    ['DECIMAL', decimalType(6, 2), 150n, decimal, Buffer.from([0, 0x96])],
    ['DECIMAL zero', decimalType(6, 2), 0n, decimal, Buffer.from([0])],
    ['DECIMAL -128', decimalType(6, 2), -128n, decimal, Buffer.from([0x80])],
    ['DECIMAL of another scale', decimalType(6, 3), 1500n, decimal, Buffer.from([0, 0x96])],
    [
      'DECIMAL as fixed',
      decimalType(6, 2),
      -2n,
      { ...decimal, type: 'fixed', name: 'F', size: 4 },
      Buffer.from([0xff, 0xff, 0xff, 0xfe]),
    ],
    ['DATE', DATE, -1, date, -1],
    ['DATE as int', DATE, -1, 'int', -1],
    ['TIME', TIME, 5, timeMillis, 5],
    ['TIME in microseconds', TIME, 86_399_999, { type: 'long', logicalType: 'time-micros' }, 86_399_999_000],
    ['TIMESTAMP', TIMESTAMP, -5, timestampMillis, -5],
    ['TIMESTAMP in microseconds', TIMESTAMP, -5, timestampMicros, -5_000],
    ['TIMESTAMP as long', TIMESTAMP, -5, 'long', -5],
    ['null in a union', INTEGER, null, ['int', 'null'], null],
    ['null as null', INTEGER, null, 'null', null],
    ['ARRAY', arrayType(INTEGER), [1, null], { type: 'array', items: ['null', 'long'] }, [1, null]],
    ['ARRAY of nothing', arrayType(INTEGER), [], { type: 'array', items: 'int' }, []],
    ['MAP', mapType(STRING, INTEGER), new Map([['a', 1]]), { type: 'map', values: 'int' }, { a: 1 }],
    [
      'MAP as entries',
      mapType(STRING, INTEGER),
      new Map([['a', 1]]),
      { type: 'array', items: recordOf({ value: 'int', key: ['null', 'string'] }, 'E') },
      [{ key: 'a', value: 1 }],
    ],
    [
      'STRUCT',
      structType([
        { name: 'A', type: INTEGER },
        { name: 'b', type: STRING },
      ]),
      [1, 'x'],
      recordOf({ B: 'string', a: 'int' }, 'S'),
      { B: 'x', a: 1 },
    ],
    [
      'STRUCT as a branch',
      structType([
        { name: 'STRING', type: STRING },
        { name: 'INT', type: INTEGER },
      ]),
      [null, 4],
      ['null', 'int', 'string'],
      4,
    ],
    [
      'STRUCT as no branch',
      structType([
        { name: 'STRING', type: STRING },
        { name: 'INT', type: INTEGER },
      ]),
      [null, null],
      ['null', 'int', 'string'],
      null,
    ],
  ])('%s', (_, sql, value, avro, expected) => {
    const actual = encodeAs(sql, value, avro);
    if (actual !== null && typeof actual === 'object' && !Buffer.isBuffer(actual))
      expect(actual).toMatchObject(expected as object);
    else expect(actual).toEqual(expected);
  });

  it('the best branch', () => {
    const schema = recordOf({ v: ['string', 'double', 'int'] });
    expect(encode(schema, [column('V', INTEGER)], [5])).toEqual(framed(4, 10));
    expect(encode(schema, [column('V', DOUBLE)], [0])).toEqual(framed(2, 0, 0, 0, 0, 0, 0, 0, 0));
    expect(encode(schema, [column('V', STRING)], [''])).toEqual(framed(0, 0));
    const records = recordOf({
      v: [recordOf({ a: 'int' }, 'A'), 'null', recordOf({ a: 'int', b: ['null', 'int'] }, 'B')],
    });
    const struct = structType([
      { name: 'A', type: INTEGER },
      { name: 'B', type: INTEGER },
    ]);
    expect(encode(records, [column('V', struct)], [[1, null]])).toEqual(framed(4, 2, 0));
  });

  it('64 bits', () => {
    for (const value of [
      2n ** 63n - 1n,
      -(2n ** 63n),
      2n ** 53n,
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      2 ** 52,
      -(2 ** 52),
      2 ** 31,
      -(2 ** 31) - 1,
    ]) {
      const bytes = encode(recordOf({ V: 'long' }), [column('V', BIGINT)], [value])!;
      expect(decode(recordOf({ V: 'long' }), [column('V', BIGINT)], bytes)).toEqual([value]);
    }
    const latest = 2 ** 53 - 1;
    const bytes = encode(recordOf({ V: timestampMicros }), [column('V', TIMESTAMP)], [latest])!;
    expect(decode(recordOf({ V: timestampMicros }), [column('V', TIMESTAMP)], bytes)).toEqual([latest]);
  });

  it('decimals of all lengths', () => {
    const long = { type: 'bytes', logicalType: 'decimal', precision: 60, scale: 0 };
    const schema = recordOf({ a: long, b: { ...long, type: 'fixed', name: 'F', size: 25 } });
    const columns = [column('A', decimalType(60, 0)), column('B', decimalType(60, 0))];
    for (let bits = 0n; bits < 190n; bits++) {
      for (const value of [2n ** bits - 1n, 2n ** bits, -(2n ** bits), -(2n ** bits) - 1n]) {
        const bytes = encode(schema, columns, [value, value])!;
        expect(decode(schema, columns, bytes)).toEqual([value, value]);
        const length = bytes[5]! / 2;
        expect(BigInt.asIntN(length * 8, value)).toBe(value);
        if (length > 1) expect(BigInt.asIntN(length * 8 - 8, value)).not.toBe(value);
      }
    }
  });

  it.each<[string, SqlType, SqlValue, unknown, string]>([
    ['null', INTEGER, null, 'int', 'Cannot serialize null as type int, path: $.v'],
    [
      'null without a branch',
      INTEGER,
      null,
      ['int', 'string'],
      'Cannot serialize null as union of int, string, path: $.v',
    ],
    [
      'null inside',
      arrayType(INTEGER),
      [null],
      { type: 'array', items: 'int' },
      'Cannot serialize null as type int, path: $.v[*]',
    ],
    [
      'a null key',
      mapType(STRING, INTEGER),
      new Map([[null, 1]]),
      { type: 'map', values: 'int' },
      'Cannot serialize null as the key of a map, path: $.v',
    ],
    ['another type', STRING, 'x', 'int', 'Cannot serialize type STRING as type int, path: $.v'],
    ['a longer number', BIGINT, 1, 'int', 'Cannot serialize type BIGINT as type int, path: $.v'],
    ['no branch', STRING, 'x', ['null', 'int'], 'Cannot serialize type STRING as type union of null, int, path: $.v'],
    ['something as null', STRING, 'x', 'null', 'Cannot serialize type STRING as type null, path: $.v'],
    [
      'a decimal as bytes',
      decimalType(4, 2),
      1n,
      'bytes',
      'Cannot serialize type DECIMAL(4, 2) as type bytes, path: $.v',
    ],
    [
      'bytes as a decimal',
      BYTES,
      Buffer.from([1]),
      decimal,
      'Cannot serialize type BYTES as type bytes (decimal), path: $.v',
    ],
    ['a date as a time', DATE, 1, timeMillis, 'Cannot serialize type DATE as type int (time-millis), path: $.v'],
    ['no symbol', STRING, 'C', letters, 'Cannot serialize a text that is no symbol of enum Letters, path: $.v'],
    [
      'bytes of another size',
      BYTES,
      Buffer.from([1]),
      { type: 'fixed', name: 'F', size: 2 },
      'Cannot serialize 1 bytes as fixed F of 2 bytes, path: $.v',
    ],
    [
      'a lost digit',
      decimalType(6, 3),
      1501n,
      decimal,
      'Cannot fit DECIMAL(6, 3) into DECIMAL(6, 2) without rounding, path: $.v',
    ],
    [
      'too many digits',
      decimalType(9, 2),
      1_000_000n,
      decimal,
      'Cannot fit DECIMAL(9, 2) into DECIMAL(6, 2) without rounding, path: $.v',
    ],
    [
      'too many bytes',
      decimalType(6, 2),
      128n,
      { ...decimal, type: 'fixed', name: 'F', size: 1 },
      'Cannot fit DECIMAL(6, 2) into fixed F of 1 bytes, path: $.v',
    ],
    [
      'an unknown field',
      structType([
        { name: 'A', type: INTEGER },
        { name: 'X', type: INTEGER },
      ]),
      [1, 2],
      recordOf({ a: 'int' }, 'S'),
      'S has no such field, path: $.v.X',
    ],
  ])('%s is refused', (_, sql, value, avro, message) => {
    const error = failure(() => encodeAs(sql, value, avro));
    expect([error.message, error.reason, error.target]).toEqual([message, 'serialization', 'value']);
  });

  it('fields without a column by their defaults', () => {
    const field = (name: string, type: unknown, value: unknown) => ({ name, type, default: value });
    const schema = {
      type: 'record',
      name: 'R',
      fields: [
        field('n', ['null', 'int'], null),
        field('i', 'int', -3),
        { name: 'a', type: 'string' },
        field('l', 'long', 2 ** 40),
        field('d', 'double', 1.5),
        field('f', 'float', 2),
        field('s', 'string', 'Zürich'.repeat(20)),
        field('b', 'bytes', '\u00ff\u0001'),
        field('x', { type: 'fixed', name: 'X', size: 1 }, '\u0080'),
        field('e', letters, 'B'),
        field('o', 'boolean', true),
        field('v', { type: 'array', items: 'int' }, [1, 2]),
        field('m', { type: 'map', values: 'string' }, { k: 'v' }),
        field('r', { type: 'record', name: 'S', fields: [field('p', 'int', 7), { name: 'q', type: 'int' }] }, { q: 8 }),
        field('z', { type: 'array', items: 'int' }, []),
      ],
    };
    const bytes = encode(schema, [column('A', STRING)], ['x'])!;
    const value = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false }).fromBuffer(bytes.subarray(5));
    expect({ ...value, r: { ...value.r } }).toEqual({
      n: null,
      i: -3,
      a: 'x',
      l: 2 ** 40,
      d: 1.5,
      f: 2,
      s: 'Zürich'.repeat(20),
      b: Buffer.from([0xff, 1]),
      x: Buffer.from([0x80]),
      e: 'B',
      o: true,
      v: [1, 2],
      m: { k: 'v' },
      r: { p: 7, q: 8 },
      z: [],
    });
  });

  it.each<[string, object, string]>([
    ['no default', { name: 'b', type: 'int' }, 'the field has no column and has no default, path: $.b'],
    [
      'a wrong default',
      { name: 'b', type: 'int', default: 'x' },
      'the field has no column and has a default that is none of type int, path: $.b',
    ],
    [
      'a default without end',
      {
        name: 'b',
        type: { type: 'record', name: 'S', fields: [{ name: 'c', type: ['S', 'null'], default: {} }] },
        default: {},
      },
      'the field has no column and has a default that is none of type record S, path: $.b',
    ],
  ])('a field without a column and %s is refused', (_, field, message) => {
    const schema = { type: 'record', name: 'R', fields: [{ name: 'a', type: 'int' }, field] };
    expect(failure(() => encode(schema, [column('A', INTEGER)], [1])).message).toBe(message);
  });

  it('no columns that the schema lacks', () => {
    const error = failure(() =>
      encode(recordOf({ a: 'int' }, 'x.R'), [column('A', INTEGER), column('B', INTEGER)], [1, 2]),
    );
    expect(error.message).toBe('x.R has no such field, path: $.B');
    expect(failure(() => encode('int', [column('A', INTEGER)], [1])).message).toBe(
      'Cannot serialize columns as type int, path: $',
    );
  });

  it('bare values, and null as no bytes', () => {
    expect(encode('boolean', [column('V', BOOLEAN)], [true], bare)).toEqual(framed(1));
    expect(encode(['null', 'boolean'], [column('V', BOOLEAN)], [true], bare)).toEqual(framed(2, 1));
    expect(encode(['null', 'boolean'], [column('V', BOOLEAN)], [null], bare)).toBeNull();
    expect(encode('boolean', [column('V', BOOLEAN)], [null], bare)).toBeNull();
  });

  it('the record of a union', () => {
    const schema = ['null', recordOf({ a: 'int' }, 'First'), recordOf({ a: 'int' }, 'Second')];
    expect(encode(schema, [column('A', INTEGER)], [1])).toEqual(framed(2, 2));
    const second = { ...wrapped, properties: { fullSchemaName: 'Second' } };
    expect(encode(schema, [column('A', INTEGER)], [1], second)).toEqual(framed(4, 2));
  });

  it('a key without columns as null', () => {
    expect(avroFormat.serializer(wrapped, [], 'key').write(new GrowableSink())).toBe(false);
  });

  it('needs a schema', () => {
    expect(() => avroFormat.serializer(wrapped, [column('A', INTEGER)], 'value')).toThrow(
      'an AVRO schema is registered',
    );
  });

  it('records behind one another in a sink that is too small', () => {
    const columns = [
      column('S', STRING),
      column('L', arrayType(STRING)),
      column('N', structType([{ name: 'B', type: BYTES }])),
      column('I', BIGINT),
    ];
    const schema = { ...avroFormat.schemaFor(wrapped, columns), id: 1 };
    const serializer = avroFormat.serializer({ ...wrapped, schema }, columns, 'value');
    const sink = new GrowableSink(1);
    const rows: Row[] = [1, 10, 100, 1000].map((n) => ['é'.repeat(n), Array(n).fill('xy'), [Buffer.alloc(n, 7)], n]);
    const ends = rows.map(([s, l, n, i]) => {
      expect(serializer.write(sink, s!, l!, n!, i!)).toBe(true);
      return sink.position;
    });
    const deserializer = avroFormat.deserializer(wrapped, columns, [0, 1, 2, 3], 'value', { find: () => schema });
    for (const [i, row] of rows.entries()) {
      deserializer.scan(sink.bytes, ends[i - 1] ?? 0, ends[i]!);
      expect(deserializer.read.map((read) => read())).toEqual(row);
    }
  });
});
