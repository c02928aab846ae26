import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { avroFormat } from '../../../src/formats/avro/avro.js';
import type { RegisteredSchema, SchemaType } from '../../../src/formats/schema-registry/schema-registry.js';
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
import type { SqlValue } from '../../../src/model/value.js';
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

/** Bytes of another library. */
const encoded = (schema: unknown, value: unknown): Buffer =>
  Buffer.concat([framed(), avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false }).toBuffer(value)]);

/** One column named V, of a writer's field v. */
const decodeAs = (avro: unknown, value: unknown, sql: SqlType): SqlValue =>
  decode(recordOf({ v: avro }), [column('V', sql)], encoded(recordOf({ v: avro }), { v: value }))![0]!;
const decodeBytes = (avro: unknown, body: readonly number[], sql: SqlType): SqlValue =>
  decode(recordOf({ v: avro }), [column('V', sql)], framed(...body))![0]!;

describe('reading', () => {
  it.each<[string, unknown, unknown, SqlType, SqlValue]>([
    ['boolean', 'boolean', true, BOOLEAN, true],
    ['boolean as STRING', 'boolean', false, STRING, 'false'],
    ['int', 'int', -64, INTEGER, -64],
    ['int as BIGINT', 'int', 12, BIGINT, 12],
    ['int as DOUBLE', 'int', 12, DOUBLE, 12],
    ['int as DECIMAL', 'int', 12, decimalType(4, 2), 1200n],
    ['int as STRING', 'int', 10, STRING, '10'],
    ['int as DATE', 'int', 10, DATE, 10],
    ['int as TIME', 'int', 10, TIME, 10],
    ['int as TIMESTAMP', 'int', 10, TIMESTAMP, 10],
    ['long', 'long', -(2 ** 40), BIGINT, -(2 ** 40)],
    ['long as DOUBLE', 'long', 2 ** 40, DOUBLE, 2 ** 40],
    ['long as DECIMAL', 'long', 7, decimalType(4, 2), 700n],
    ['long as STRING', 'long', 2 ** 40, STRING, '1099511627776'],
    ['long as TIMESTAMP', 'long', 2 ** 40, TIMESTAMP, 2 ** 40],
    ['float', 'float', 1.5, DOUBLE, 1.5],
    ['double', 'double', 0.1, DOUBLE, 0.1],
    ['double as STRING', 'double', 1e20, STRING, '1.0E20'],
    ['string', 'string', 'Zürich', STRING, 'Zürich'],
    ['string as INTEGER', 'string', '-12', INTEGER, -12],
    ['string as BIGINT', 'string', '9007199254740993', BIGINT, 9007199254740993n],
    ['string as DOUBLE', 'string', '1e3', DOUBLE, 1000],
    ['string as DECIMAL', 'string', '1.5', decimalType(4, 2), 150n],
    ['string as DATE', 'string', '1', DATE, 1],
    ['string as TIME', 'string', '1', TIME, 1],
    ['string as TIMESTAMP', 'string', '1', TIMESTAMP, 1],
    ['enum', letters, 'B', STRING, 'B'],
    ['bytes', 'bytes', Buffer.from([1, 2]), BYTES, Buffer.from([1, 2])],
    ['fixed', { type: 'fixed', name: 'F', size: 2 }, Buffer.from([1, 2]), BYTES, Buffer.from([1, 2])],
    ['decimal', decimal, Buffer.from([0xff, 0x38]), decimalType(6, 2), -200n],
    ['decimal of another scale', decimal, Buffer.from([0x00, 0x96]), decimalType(6, 1), 15n],
    ['decimal as DOUBLE', decimal, Buffer.from([0x00, 0x96]), DOUBLE, 1.5],
    ['decimal as STRING', decimal, Buffer.from([0x00, 0x96]), STRING, '1.50'],
    [
      'fixed decimal',
      { ...decimal, type: 'fixed', name: 'F', size: 3 },
      Buffer.from([0xff, 0xff, 0xff]),
      decimalType(6, 2),
      -1n,
    ],
    ['date', date, -1, DATE, -1],
    ['date as BIGINT', date, -1, BIGINT, -1],
    ['date as STRING', date, -1, STRING, '-1'],
    ['time', timeMillis, 5, TIME, 5],
    ['time in microseconds', { type: 'long', logicalType: 'time-micros' }, 5_999, TIME, 5],
    ['timestamp', timestampMillis, -5, TIMESTAMP, -5],
    ['timestamp in microseconds', timestampMicros, -5_001, TIMESTAMP, -6],
    ['timestamp in microseconds as BIGINT', timestampMicros, -5_001, BIGINT, -5_001],
    ['null', 'null', null, INTEGER, null],
    ['null in a union', ['int', 'null'], null, INTEGER, null],
    ['one of several branches', ['null', 'string', 'int'], 5, INTEGER, 5],
    ['another of several branches', ['null', 'string', 'int'], '6', INTEGER, 6],
    [
      'a union as STRUCT',
      ['null', 'string', 'int'],
      5,
      structType([
        { name: 'INT', type: BIGINT },
        { name: 'STRING', type: STRING },
      ]),
      [5, null],
    ],
    ['array', { type: 'array', items: ['null', 'int'] }, [1, null], arrayType(BIGINT), [1, null]],
    ['array as text', { type: 'array', items: 'int' }, [1, 2], arrayType(STRING), ['1', '2']],
    [
      'map',
      { type: 'map', values: 'float' },
      { a: 1, b: 2 },
      mapType(STRING, DOUBLE),
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    ],
    [
      'entries',
      { type: 'array', items: recordOf({ value: 'int', key: 'string' }, 'E') },
      [{ key: 'a', value: 1 }],
      mapType(STRING, INTEGER),
      new Map([['a', 1]]),
    ],
    [
      'entries with whole keys',
      { type: 'array', items: recordOf({ key: 'long', value: 'int' }, 'E') },
      [{ key: 7, value: 1 }],
      mapType(STRING, INTEGER),
      new Map([['7', 1]]),
    ],
    [
      'entries as an ARRAY',
      { type: 'array', items: recordOf({ key: 'string', value: 'int' }, 'E') },
      [{ key: 'a', value: 1 }],
      arrayType(structType([{ name: 'VALUE', type: INTEGER }])),
      [[1]],
    ],
    [
      'record',
      recordOf({ a: 'int', B: 'string', c: 'int' }, 'S'),
      { a: 1, B: 'x', c: 2 },
      structType([
        { name: 'b', type: STRING },
        { name: 'A', type: INTEGER },
        { name: 'D', type: INTEGER },
      ]),
      ['x', 1, null],
    ],
  ])('%s', (_, avro, value, sql, expected) => {
    expect(decodeAs(avro, value, sql)).toEqual(expected);
  });

  it.each<[string, unknown, unknown, SqlType, string]>([
    ['long', 'long', 1, INTEGER, 'Cannot deserialize type long as type INTEGER, path: $.V'],
    ['double', 'double', 1, INTEGER, 'Cannot deserialize type double as type INTEGER, path: $.V'],
    ['double', 'double', 1, decimalType(4, 2), 'Cannot deserialize type double as type DECIMAL(4, 2), path: $.V'],
    ['string', 'string', 'true', BOOLEAN, 'Cannot deserialize type string as type BOOLEAN, path: $.V'],
    ['string', 'string', 'aGk=', BYTES, 'Cannot deserialize type string as type BYTES, path: $.V'],
    ['bytes', 'bytes', Buffer.from('x'), STRING, 'Cannot deserialize type bytes as type STRING, path: $.V'],
    ['decimal', decimal, Buffer.from([1]), BYTES, 'Cannot deserialize type bytes (decimal) as type BYTES, path: $.V'],
    ['date', date, 1, TIMESTAMP, 'Cannot deserialize type int (date) as type TIMESTAMP, path: $.V'],
    ['timestamp', timestampMillis, 1, DATE, 'Cannot deserialize type long (timestamp-millis) as type DATE, path: $.V'],
    [
      'timestamp',
      timestampMillis,
      1,
      DOUBLE,
      'Cannot deserialize type long (timestamp-millis) as type DOUBLE, path: $.V',
    ],
    ['enum', letters, 'A', INTEGER, 'Cannot deserialize type enum Letters as type INTEGER, path: $.V'],
    [
      'record',
      recordOf({ a: 'int' }, 'S'),
      { a: 1 },
      STRING,
      'Cannot deserialize type record S as type STRING, path: $.V',
    ],
    [
      'array',
      { type: 'array', items: 'int' },
      [1],
      mapType(STRING, INTEGER),
      'Cannot deserialize type array as type MAP<STRING, INTEGER>, path: $.V',
    ],
    [
      'map',
      { type: 'map', values: 'int' },
      { a: 1 },
      structType([{ name: 'a', type: INTEGER }]),
      'Cannot deserialize type map as type STRUCT<`a` INTEGER>, path: $.V',
    ],
    [
      'a branch',
      ['null', 'boolean', 'int'],
      true,
      INTEGER,
      'Cannot deserialize type boolean as type INTEGER, path: $.V',
    ],
    [
      'an element',
      { type: 'array', items: recordOf({ a: 'double' }, 'S') },
      [{ a: 1 }],
      arrayType(structType([{ name: 'A', type: INTEGER }])),
      'Cannot deserialize type double as type INTEGER, path: $.V[*].A',
    ],
    ['text', 'string', 'x', INTEGER, "Can't coerce string to type. targetType: INTEGER, path: $.V"],
    [
      'text in a map',
      { type: 'map', values: 'string' },
      { a: 'x' },
      mapType(STRING, BIGINT),
      "Can't coerce string to type. targetType: BIGINT, path: $.V.*",
    ],
    [
      'too many digits',
      decimal,
      Buffer.from([0x7f, 0xff]),
      decimalType(4, 2),
      'Cannot fit decimal into DECIMAL(4, 2) without rounding, path: $.V',
    ],
    [
      'a lost digit',
      decimal,
      Buffer.from([0x01]),
      decimalType(6, 1),
      'Cannot fit decimal into DECIMAL(6, 1) without rounding, path: $.V',
    ],
    [
      'a whole number of too many digits',
      'int',
      100,
      decimalType(4, 2),
      'Cannot fit decimal into DECIMAL(4, 2) without rounding, path: $.V',
    ],
    [
      'a time past the day',
      timeMillis,
      86_400_001,
      TIME,
      'Time values must use a number of milliseconds from 0 to 86400000, path: $.V',
    ],
    [
      'a day past 32 bits',
      'long',
      2 ** 40,
      DATE,
      'Date values must use a 32-bit number of days since 1970-01-01, path: $.V',
    ],
  ])('%s that does not fit', (_, avro, value, sql, message) => {
    const error = failure(() => decodeAs(avro, value, sql));
    expect(error.message).toBe(message);
    expect(error.reason).toBe('deserialization');
    expect(error.target).toBe('value');
  });

  it('a null is one of any type', () => {
    expect(decodeAs(['null', 'string'], null, BYTES)).toBeNull();
  });

  it('64 bits', () => {
    expect(decodeBytes('long', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], BIGINT)).toBe(
      -(2n ** 63n),
    );
    expect(decodeBytes('long', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], BIGINT)).toBe(
      2n ** 63n - 1n,
    );
    expect(decodeBytes('long', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], BIGINT)).toBe(2 ** 53 - 1);
    expect(decodeBytes('long', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20], BIGINT)).toBe(2n ** 53n);
    const micros = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    expect(failure(() => decodeBytes(timestampMicros, micros, TIMESTAMP)).message).toContain('below 2^53');
  });

  it('fields by exact name first, else in any case, each for one column', () => {
    const schema = recordOf({ a: 'int', A: 'int', b: 'int', cD: 'int', Cd: 'int' });
    const bytes = framed(2, 4, 6, 8, 10);
    const read = (...names: readonly string[]) =>
      decode(
        schema,
        names.map((name) => column(name, INTEGER)),
        bytes,
      );
    expect(read('A', 'a', 'B')).toEqual([2, 1, 3]);
    expect(read('CD')).toEqual([4]);
    expect(read('Cd', 'CD', 'cd')).toEqual([5, 4, null]);
    expect(read('X')).toEqual([null]);
  });

  it('one record in several columns, each with the fields of its own type', () => {
    const place = recordOf({ STREET: 'string', CITY: 'string' }, 'Place');
    const schema = recordOf({
      HOME: place,
      WORK: 'Place',
      PAST: { type: 'array', items: 'Place' },
      NEXT: { type: 'array', items: 'Place' },
    });
    const street = structType([{ name: 'STREET', type: STRING }]);
    const city = structType([{ name: 'CITY', type: STRING }]);
    const columns = [
      column('HOME', street),
      column('WORK', city),
      column('PAST', arrayType(city)),
      column('NEXT', arrayType(street)),
    ];
    const at = (s: string, c: string) => ({ STREET: s, CITY: c });
    const row = { HOME: at('a', 'b'), WORK: at('c', 'd'), PAST: [at('e', 'f')], NEXT: [at('g', 'h')] };
    expect(decode(schema, columns, encoded(schema, row))).toEqual([['a'], ['d'], [['f']], [['g']]]);
  });

  it('does not take another field because a column is not wanted', () => {
    const columns = [column('A', INTEGER), column('a', INTEGER)];
    const deserializer = avroFormat.deserializer(wrapped, columns, [1], 'value', {
      find: () => registered(recordOf({ A: 'int' })),
    });
    deserializer.scan(framed(2), 0, 6);
    expect(deserializer.read[0]!()).toBeNull();
  });

  it('bare values, whose null is the record', () => {
    const read = (schema: unknown, sql: SqlType, ...body: readonly number[]) =>
      decode(schema, [column('V', sql)], framed(...body), bare);
    expect(read('int', INTEGER, 2)).toEqual([1]);
    expect(read('int', STRING, 2)).toEqual(['1']);
    expect(read(['null', 'int'], INTEGER, 2, 2)).toEqual([1]);
    expect(read(['null', 'int'], INTEGER, 0)).toBeNull();
    expect(read(['int', 'null'], INTEGER, 2)).toBeNull();
    expect(read('null', INTEGER)).toBeNull();
    expect(read(['string', 'null', 'int'], STRING, 4, 2)).toEqual(['1']);
    expect(read(['string', 'null', 'int'], STRING, 2)).toBeNull();
    expect(read(recordOf({ A: 'int' }), structType([{ name: 'A', type: INTEGER }]), 2)).toEqual([[1]]);
    expect(failure(() => read('string', BOOLEAN, 0)).message).toBe(
      'Cannot deserialize type string as type BOOLEAN, path: $',
    );
  });

  it('a wrapped null as a null record, whose columns are null', () => {
    const deserializer = avroFormat.deserializer(wrapped, [column('A', INTEGER)], [0], 'value', {
      find: () => registered(['null', recordOf({ a: 'int' })]),
    });
    expect(deserializer.scan(framed(2, 2), 0, 7)).toBe(true);
    expect(deserializer.read[0]!()).toBe(1);
    expect(deserializer.scan(framed(0), 0, 6)).toBe(false);
    expect(deserializer.read[0]!()).toBeNull();
  });

  it('the record of a union that was chosen, or the first', () => {
    const schema = [recordOf({ a: 'int' }, 'x.First'), recordOf({ b: 'int' }, 'x.Second')];
    const columns = [column('A', INTEGER), column('B', INTEGER)];
    const second = { ...wrapped, properties: { fullSchemaName: 'x.Second' } };
    expect(decode(schema, columns, framed(0, 2))).toEqual([1, null]);
    expect(decode(schema, columns, framed(2, 2), second)).toEqual([null, 1]);
    expect(failure(() => decode(schema, columns, framed(2, 2))).message).toBe(
      'the record is none of type record x.First, path: $',
    );
    const third = { ...wrapped, properties: { fullSchemaName: 'x.Third' } };
    expect(failure(() => decode(schema, columns, framed(2, 2), third)).message).toContain('there is no record x.Third');
  });

  it('records whose schema is no record', () => {
    expect(failure(() => decode('int', [column('A', INTEGER)], framed(2))).message).toBe(
      'the schema with id 1: Cannot deserialize type int as a record with columns',
    );
  });

  it('a key without columns, whatever it is', () => {
    const deserializer = avroFormat.deserializer(wrapped, [], [], 'key');
    expect(deserializer.scan(Buffer.from('x'), 0, 1)).toBe(true);
  });

  it('bytes behind the record do not matter', () => {
    expect(decode(recordOf({ a: 'int' }), [column('A', INTEGER)], framed(2, 9, 9))).toEqual([1]);
  });

  it('nothing that refers to the bytes', () => {
    const columns = [column('B', BYTES), column('S', STRING)];
    const schema = recordOf({ b: 'bytes', s: 'string' });
    const deserializer = avroFormat.deserializer(wrapped, columns, [0, 1], 'value', { find: () => registered(schema) });
    const bytes = framed(4, 1, 2, 2, 0x61);
    deserializer.scan(bytes, 0, bytes.length);
    const row = deserializer.read.map((read) => read());
    bytes.fill(0);
    expect(row).toEqual([Buffer.from([1, 2]), 'a']);
  });
});

describe('the writer schemas', () => {
  const columns = [column('A', INTEGER), column('B', STRING)];
  const reader = (find: (id: number) => RegisteredSchema | null | undefined) => {
    const deserializer = avroFormat.deserializer(wrapped, columns, [1, 0], 'key', { find });
    return (id: number, ...body: readonly number[]) => {
      const bytes = Buffer.from([0, 0, 0, id >> 8, id & 255, ...body]);
      deserializer.scan(bytes, 0, bytes.length);
      return deserializer.read.map((read) => read());
    };
  };

  it('change from record to record', () => {
    const asked: number[] = [];
    const read = reader((id) => {
      asked.push(id);
      return registered(
        id === 1 ? recordOf({ a: 'int', b: 'string' }) : recordOf({ B: ['null', 'int'], c: 'long' }),
        id,
      );
    });
    expect(read(1, 2, 2, 0x61)).toEqual(['a', 1]);
    expect(read(2, 2, 4, 0)).toEqual(['2', null]);
    expect(read(1, 2, 2, 0x62)).toEqual(['b', 1]);
    expect(read(2, 0, 0)).toEqual([null, null]);
    expect(asked).toEqual([1, 2]);
  });

  it('are not all kept', () => {
    let asked = 0;
    const read = reader((id) => {
      asked++;
      return registered(recordOf({ a: 'int', [`x${id}`]: 'int' }), id);
    });
    for (let round = 0; round < 2; round++) for (let id = 0; id < 100; id++) expect(read(id, 2, 2)).toEqual([null, 1]);
    expect(asked).toBe(200);
  });

  it('may be unknown, for a while or for ever', () => {
    let known: RegisteredSchema | null | undefined;
    const read = reader(() => known);
    const error = failure(() => read(5, 2));
    expect([error.message, error.reason, error.target]).toEqual([
      'the schema registry has no schema with id 5',
      'deserialization',
      'key',
    ]);
    known = null;
    expect(failure(() => read(5, 2)).message).toBe('the schema registry has no schema with id 5');
    known = registered(recordOf({ a: 'int' }), 5);
    expect(read(5, 2)).toEqual([null, 1]);
  });

  it('may be of another kind or broken', () => {
    const of = (type: SchemaType, text: string) => reader(() => ({ type, text, imports: [], id: 1 }));
    expect(failure(() => of('PROTOBUF', 'message A {}')(1, 2)).message).toBe(
      'the schema with id 1 is of type PROTOBUF, not AVRO',
    );
    expect(failure(() => of('AVRO', '{"type":"what"}')(1, 2)).message).toBe(
      'the schema with id 1: invalid Avro schema: there is no type "what"',
    );
  });

  it('are not asked for when there is no frame', () => {
    const deserializer = avroFormat.deserializer(wrapped, columns, [0], 'value');
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 0, 0, 1]), Buffer.from('{"A":1,"B":2}')]) {
      expect(failure(() => deserializer.scan(bytes, 0, bytes.length)).message).toContain(
        'does not begin with the magic byte',
      );
    }
  });

  it('may spell what they like', () => {
    const name = 'x`); throw new Error("run"); (`';
    const schema = recordOf({ a: { type: 'int', doc: name, logicalType: name }, b: 'string' });
    expect(decode(schema, [column('A', INTEGER), column(name, STRING)], framed(2, 0))).toEqual([1, null]);
  });
});

describe('damaged bytes', () => {
  const self = { type: 'record', name: 'Self', fields: [{ name: 'next', type: ['null', 'Self'] }] };
  const ints = { type: 'array', items: 'int' };
  const nulls = { type: 'array', items: 'null' };
  const huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
  const END = 'malformed AVRO: the bytes end before the record does';

  it.each<[string, unknown, readonly number[], SqlType, string]>([
    ['nothing', 'int', [], INTEGER, END],
    ['half a number', 'long', [0x80], BIGINT, END],
    ...[...Array(9).keys()].map((n): [string, unknown, readonly number[], SqlType, string] => [
      `${n + 1} bytes of a length`,
      'bytes',
      Array(n + 1).fill(0xfe),
      BYTES,
      END,
    ]),
    ['half a double', 'double', [1, 2, 3], DOUBLE, END],
    ['half a float', 'float', [1, 2, 3], DOUBLE, END],
    ['half a text', 'string', [6, 0x61, 0x62], STRING, END],
    ['half of fixed bytes', { type: 'fixed', name: 'F', size: 3 }, [1, 2], BYTES, END],
    ['a huge text', 'string', huge, STRING, END],
    ['a long int', 'int', [0x80, 0x80, 0x80, 0x80, 0x80, 0], INTEGER, 'malformed AVRO: a number of too many bytes'],
    ['a long long', 'long', [...Array(10).fill(0x80), 0], BIGINT, 'malformed AVRO: a number of too many bytes'],
    ['a long length', 'bytes', [...Array(10).fill(0x80), 0], BYTES, 'malformed AVRO: a long of more than 10 bytes'],
    ['a negative length', 'string', [1], STRING, 'malformed AVRO: a negative length'],
    ['a negative length of bytes', 'bytes', [0xff, 1], BYTES, 'malformed AVRO: a negative length'],
    ['a branch that is none', ['null', 'int'], [4, 0], INTEGER, 'malformed AVRO: the union has no such branch'],
    ['a negative branch', ['null', 'int'], [1, 0], INTEGER, 'malformed AVRO: the union has no such branch'],
    ['a branch of many', ['null', 'int', 'string'], [0x80, 1], INTEGER, 'malformed AVRO: the union has no such branch'],
    ['no branch', ['null', 'int'], [], INTEGER, END],
    ['a symbol that is none', letters, [4], STRING, 'malformed AVRO: the enum has no such symbol'],
    ['a negative symbol', letters, [1], STRING, 'malformed AVRO: the enum has no such symbol'],
    ['an array without end', ints, [2, 2], arrayType(INTEGER), END],
    ['a huge array', ints, [...huge, 2], arrayType(INTEGER), END],
    ['a huge block', ints, [1, ...huge], arrayType(INTEGER), END],
    ['a block of a negative size', ints, [1, 1], arrayType(INTEGER), 'malformed AVRO: a negative length'],
    ['a block of another size', ints, [1, 4, 2, 0], arrayType(INTEGER), END],
    [
      'a block that is shorter',
      ints,
      [3, 2, 2, 0],
      arrayType(INTEGER),
      'malformed AVRO: the bytes end before the record does',
    ],
    [
      'a block that is longer',
      ints,
      [1, 4, 2, 0, 0],
      arrayType(INTEGER),
      'malformed AVRO: a block is not as long as it says',
    ],
    ['a map without end', { type: 'map', values: 'null' }, [2, 0], mapType(STRING, INTEGER), END],
    ['a huge map', { type: 'map', values: 'null' }, [...huge, 0], mapType(STRING, INTEGER), END],
    [
      'many nulls',
      nulls,
      [...huge, 0],
      arrayType(INTEGER),
      'malformed AVRO: arrays have more than 1000 elements that take no bytes',
    ],
    [
      'many arrays of nulls',
      { type: 'array', items: nulls },
      [6, 0xa0, 6, 0, 0xa0, 6, 0, 0xa0, 6, 0, 0],
      arrayType(arrayType(INTEGER)),
      'malformed AVRO: arrays have more than 1000 elements that take no bytes',
    ],
    [
      'many records of nothing',
      { type: 'array', items: recordOf({ a: 'null', b: { type: 'fixed', name: 'F', size: 0 } }, 'E') },
      [...huge, 0],
      arrayType(structType([{ name: 'A', type: INTEGER }])),
      'malformed AVRO: arrays have more than 1000 elements that take no bytes',
    ],
    ['a decimal of nothing', decimal, [0], decimalType(6, 2), 'malformed AVRO: a decimal of no bytes'],
    [
      'a decimal of 5000 bytes',
      decimal,
      [0x90, 0x4e, ...Array(5000).fill(1)],
      decimalType(6, 2),
      'malformed AVRO: a decimal of more than 4096 bytes',
    ],
    [
      'records in records without end',
      self,
      Array(100_000).fill(2),
      structType([{ name: 'X', type: INTEGER }]),
      'malformed AVRO: records within themselves nest too deep',
    ],
  ])('%s', (_, avro, body, sql, message) => {
    const error = failure(() => decodeBytes(avro, body, sql));
    expect(error.reason).toBe('deserialization');
    expect(error.message).toMatch(new RegExp(`^${message}, path: \\$`));
  });

  it('in columns that are not wanted', () => {
    const skipped = (avro: unknown, ...body: readonly number[]) =>
      decode(recordOf({ x: avro, v: 'int' }), [column('V', INTEGER)], framed(...body));
    expect(skipped(self, 2, 2, 0, 8)).toEqual([4]);
    expect(skipped(nulls, ...huge, 0, 8)).toEqual([4]);
    expect(skipped({ type: 'map', values: ints }, 2, 0, 2, 2, 0, 0, 8)).toEqual([4]);
    expect(skipped(ints, 3, 6, 0x80, 0x80, 0x80, 0, 8)).toEqual([4]);
    expect(failure(() => skipped(self, ...Array(1000).fill(2))).message).toContain('nest too deep');
    expect(failure(() => skipped(ints, ...huge, 1)).message).toContain('bytes end');
    expect(failure(() => skipped('string', 3, 8)).message).toContain('negative length');
    expect(failure(() => skipped(['int', 'string'], 6, 8)).message).toBe(
      'malformed AVRO: the union has no such branch, path: $.x',
    );
  });

  it('of a schema that stands for more than any bytes hold', () => {
    const levels = [...Array(90).keys()].map((i) =>
      i === 0 ? recordOf({ a: 'int' }, 'R0') : recordOf({ a: `R${i - 1}`, b: `R${i - 1}` }, `R${i}`),
    );
    const schema = {
      ...registered(recordOf({ x: 'R89', v: 'int' }, 'Root')),
      imports: levels.map((level, i) => ({ name: `R${i}`, text: JSON.stringify(level) })),
    };
    const columns = [
      column('V', INTEGER),
      column('X', structType([{ name: 'A', type: structType([{ name: 'A', type: INTEGER }]) }])),
    ];
    for (const wanted of [[0], [0, 1]]) {
      const deserializer = avroFormat.deserializer(wrapped, columns, wanted, 'value', { find: () => schema });
      expect(failure(() => deserializer.scan(framed(...Array(100).fill(2)), 0, 105)).message).toContain('bytes end');
    }
  });

  it('behind the record do not help it', () => {
    const deserializer = avroFormat.deserializer(wrapped, [column('A', arrayType(INTEGER))], [0], 'value', {
      find: () => registered(recordOf({ a: ints })),
    });
    const bytes = framed(4, 2, 4, 0);
    for (let end = 5; end < bytes.length; end++) {
      expect(failure(() => deserializer.scan(bytes, 0, end)).message).toContain('the bytes end before the record does');
    }
    expect(deserializer.scan(bytes, 0, bytes.length)).toBe(true);
    expect(deserializer.read[0]!()).toEqual([1, 2]);
  });
});

describe('a record that ends before it begins', () => {
  const around = Buffer.concat([framed(), Buffer.of(0, 0, 0, 0)]);

  it.each([
    ['a bare value that may be null', ['null', 'int'], [column('V', INTEGER)], bare],
    ['a record that may be null', ['null', recordOf({ v: 'int' })], [column('V', INTEGER)], wrapped],
  ] as const)('takes nothing of the next one: %s', (_, schema, columns, spec) => {
    const reader = avroFormat.deserializer(spec, columns, [0], 'value', { find: () => registered(schema) });
    expect(failure(() => reader.scan(around, 0, 5)).reason).toBe('deserialization');
    expect(reader.scan(around, 0, 6)).toBe(false);
  });
});
