import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrowableSink } from '../../../src/formats/byte-sink.js';
import type { Deserializer, FormatSpec } from '../../../src/formats/format.js';
import { protobufFormat, protobufNosrFormat } from '../../../src/formats/protobuf/protobuf.js';
import { decodeRow, encodeRow } from '../../../src/formats/row-codec.js';
import type { RegisteredSchema, WriterSchemas } from '../../../src/formats/schema-registry/schema-registry.js';
import { RecordError, StatementError } from '../../../src/model/errors.js';
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
import type { SqlValue } from '../../../src/model/value.js';
import { column } from '../../support/columns.js';

const registered = (text: string, id = 1, imports: RegisteredSchema['imports'] = []): RegisteredSchema => ({
  type: 'PROTOBUF',
  text,
  imports,
  id,
});
const proto3 = (body: string, id = 1): RegisteredSchema => registered(`syntax = "proto3"; ${body}`, id);
const schemas = (...known: readonly RegisteredSchema[]): WriterSchemas => ({
  find: (id) => known.find((schema) => schema.id === id) ?? null,
});
const specOf = (properties: FormatSpec['properties'] = {}, schema?: RegisteredSchema): FormatSpec => ({
  name: 'PROTOBUF',
  properties,
  unwrapped: false,
  ...(schema === undefined ? {} : { schema }),
});
const bare: FormatSpec = { name: 'PROTOBUF_NOSR', properties: {}, unwrapped: true };
const plain: FormatSpec = { ...bare, unwrapped: false };

/** Hexadecimal digits, with blanks for the eye. */
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** The frame of the first message of schema 1. */
const FRAME = '00 00000001 00';

/** The columns of a message of a schema, given without its frame. */
function read(schema: RegisteredSchema, columns: readonly Column[], message: string): SqlValue[] | null {
  return decodeRow(protobufFormat, specOf(), columns, hex(FRAME + message), 'value', schemas(schema));
}

function write(schema: RegisteredSchema, columns: readonly Column[], values: readonly SqlValue[]): string {
  const bytes = encodeRow(protobufFormat, specOf({}, schema), columns, values)!;
  expect(bytes.subarray(0, 6).toString('hex')).toBe(FRAME.replaceAll(' ', ''));
  return bytes.subarray(6).toString('hex');
}

function readAll(deserializer: Deserializer, bytes: Buffer): SqlValue[] {
  expect(deserializer.scan(bytes, 0, bytes.length)).toBe(true);
  return deserializer.read.map((one) => one());
}

const SCALARS =
  'double a = 1; float b = 2; int32 c = 3; int64 d = 4; uint32 e = 5; uint64 f = 6; sint32 g = 7; sint64 h = 8; fixed32 i = 9; ' +
  'fixed64 j = 10; sfixed32 k = 11; sfixed64 l = 12; bool m = 13; string n = 14; bytes o = 15; E p = 16;';
const scalarColumns = [
  ...'AB'.split('').map((name) => column(name, DOUBLE)),
  column('C', INTEGER),
  ...'DEF'.split('').map((name) => column(name, BIGINT)),
  column('G', INTEGER),
  ...'HIJ'.split('').map((name) => column(name, BIGINT)),
  column('K', INTEGER),
  column('L', BIGINT),
  column('M', BOOLEAN),
  column('N', STRING),
  column('O', BYTES),
  column('P', STRING),
];
const scalars = proto3(`message A { ${SCALARS} } enum E { ZERO = 0; ONE = 1; }`);
const SCALAR_BYTES =
  '09 000000000000f8bf 15 0000c03f 18 feffffffffffffffff01 20 8180808080808010 28 ffffffff0f 30 ffffffffffffffffff01 38 03 40 05 ' +
  '4d ffffffff 51 0100000000000080 5d feffffff 61 feffffffffffffff 68 01 72 03 c3a962 7a 02 00ff 8001 01';
const SCALAR_VALUES = [
  -1.5,
  1.5,
  -2,
  9007199254740993n,
  4294967295,
  -1,
  -2,
  -3,
  4294967295,
  -9223372036854775807n,
  -2,
  -2,
  true,
  'éb',
  Buffer.from([0, 255]),
  'ONE',
];

describe('a message', () => {
  it('has scalars of every kind', () => {
    expect(read(scalars, scalarColumns, SCALAR_BYTES)).toEqual(SCALAR_VALUES);
    expect(write(scalars, scalarColumns, SCALAR_VALUES)).toBe(SCALAR_BYTES.replaceAll(' ', ''));
  });

  it('leaves out defaults, and reads what is absent as them', () => {
    const defaults = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, '', Buffer.alloc(0), 'ZERO'];
    expect(read(scalars, scalarColumns, '')).toEqual(defaults);
    expect(write(scalars, scalarColumns, defaults)).toBe('');
    expect(
      write(
        scalars,
        scalarColumns,
        defaults.map(() => null),
      ),
    ).toBe('');
    expect(write(scalars, scalarColumns, [-0, -0, ...defaults.slice(2)])).toBe('090000000000000080' + '1500000080');
    expect(read(scalars, scalarColumns, '09 0000000000000080')![0]).toBe(-0);
  });

  it('tells null from the default where the schema does', () => {
    for (const schema of [
      proto3('message A { optional int32 a = 1; optional string b = 2; }'),
      registered('message A { optional int32 a = 1; optional string b = 2; }'),
      registered('edition = "2023"; message A { int32 a = 1; string b = 2; }'),
    ]) {
      const columns = [column('A', INTEGER), column('B', STRING)];
      expect(read(schema, columns, '')).toEqual([null, null]);
      expect(read(schema, columns, '08 00 12 00')).toEqual([0, '']);
      expect(write(schema, columns, [0, ''])).toBe('08001200');
      expect(write(schema, columns, [null, null])).toBe('');
    }
  });

  it('has wrappers for values that may be null', () => {
    const schema = proto3(
      'import "google/protobuf/wrappers.proto"; message A { google.protobuf.Int64Value a = 1; repeated google.protobuf.StringValue b = 2; map<string, google.protobuf.BoolValue> c = 3; google.protobuf.FloatValue d = 4; }',
    );
    const columns = [
      column('A', BIGINT),
      column('B', arrayType(STRING)),
      column('C', mapType(STRING, BOOLEAN)),
      column('D', DOUBLE),
    ];
    expect(read(schema, columns, '')).toEqual([null, [], new Map(), null]);
    const values = [
      0,
      ['', 'x'],
      new Map<string, boolean | null>([
        ['t', true],
        ['n', null],
      ]),
      0.5,
    ] as SqlValue[];
    const message = '0a 00 12 00 12 03 0a 01 78 1a 07 0a 01 74 12 02 08 01 1a 03 0a 01 6e 22 05 0d 0000003f';
    expect(write(schema, columns, values)).toBe(message.replaceAll(' ', ''));
    expect(read(schema, columns, message)).toEqual(values);
  });

  it('has messages for dates, times and decimals', () => {
    const columns = [
      column('TS', TIMESTAMP),
      column('D', DATE),
      column('T', TIME),
      column('N', decimalType(30, 2)),
      column('Z', decimalType(3, 1)),
    ];
    const schema = registered(protobufFormat.schemaFor(specOf(), columns).text);
    const values = [-1, -719_529, 86_399_999, -(10n ** 29n) - 1n, 0n];
    const bytes = encodeRow(protobufFormat, specOf({}, schema), columns, values)!;
    expect(decodeRow(protobufFormat, specOf(), columns, bytes, 'value', schemas(schema))).toEqual(values);
    expect(write(schema, columns, [0, 0, 0, 12345n, -128n])).toBe(
      hex('0a00 1207 08b20f 1001 1801 1a00 2208 0a02 3039 1005 1802 2a07 0a01 80 1003 1801').toString('hex'),
    );
    expect(write(schema, columns, [1500, null, 1, null, null])).toBe(
      hex('0a08 0801 1080cab5ee01 1a04 20c0843d').toString('hex'),
    );
    expect(read(schema, columns, '')).toEqual([null, null, null, null, null]);
    expect(read(schema, columns, '22 00')![3]).toBe(0n);
  });

  it('has structs, arrays and maps', () => {
    const columns = [
      column(
        'S',
        structType([
          { name: 'X', type: INTEGER },
          { name: 'L', type: arrayType(STRING) },
        ]),
      ),
      column('A', arrayType(INTEGER)),
      column('M', mapType(STRING, arrayType(DOUBLE))),
      column('R', arrayType(structType([{ name: 'Y', type: BOOLEAN }]))),
    ];
    const schema = registered(protobufFormat.schemaFor(specOf(), columns).text);
    const values: SqlValue[] = [[7, ['a', '']], [1, -1, 300], new Map([['k', [0.5]]]), [[true], [false]]];
    const message =
      '0a 07 08 07 12 01 61 12 00 12 0d 01 ffffffffffffffffff01 ac02 1a 0d 0a 01 6b 12 08 000000000000e03f 22 02 08 01 22 00';
    expect(write(schema, columns, values)).toBe(message.replaceAll(' ', ''));
    expect(read(schema, columns, message)).toEqual(values);
    expect(read(schema, columns, '')).toEqual([null, [], new Map(), []]);
    expect(write(schema, columns, [null, null, null, null])).toBe('');
    expect(write(schema, columns, [[null, null], [], new Map(), []])).toBe('0a00');
    expect(read(schema, columns, '0a 00')![0]).toEqual([0, []]);
  });

  it('moves what follows a length of several bytes', () => {
    const columns = [column('S', structType([{ name: 'T', type: STRING }])), column('N', INTEGER)];
    const schema = registered(protobufFormat.schemaFor(specOf(), columns).text);
    for (const length of [124, 125, 126, 127, 128, 16_379, 16_380, 16_381, 16_382, 16_383, 16_384, 70_000]) {
      for (const text of ['x'.repeat(length), 'é'.repeat(length / 2), `${'x'.repeat(length - 4)}😀`]) {
        const bytes = encodeRow(protobufFormat, specOf({}, schema), columns, [[text], 5])!;
        expect(decodeRow(protobufFormat, specOf(), columns, bytes, 'value', schemas(schema))).toEqual([[text], 5]);
      }
    }
  });
});

describe('reading', () => {
  it('finds fields by their names, exactly or else in another case', () => {
    const schema = proto3('message A { int32 val = 1; int32 VAL = 2; int32 Other = 3; }');
    const columns = [column('VAL', INTEGER), column('val', INTEGER), column('OTHER', INTEGER), column('NONE', INTEGER)];
    expect(read(schema, columns, '08 01 10 02 18 03')).toEqual([2, 1, 3, null]);
  });

  it('takes the last of several scalars, and merges messages', () => {
    const schema = proto3(
      'import "google/protobuf/timestamp.proto"; message A { int32 n = 1; B b = 2; google.protobuf.Timestamp t = 3; } message B { int32 x = 1; int32 y = 2; repeated int32 l = 3; B in = 4; }',
    );
    const b = structType([
      { name: 'X', type: INTEGER },
      { name: 'Y', type: INTEGER },
      { name: 'L', type: arrayType(INTEGER) },
      {
        name: 'IN',
        type: structType([
          { name: 'X', type: INTEGER },
          { name: 'Y', type: INTEGER },
        ]),
      },
    ]);
    const message =
      '08 01 12 08 08 05 18 07 22 02 08 09 1a 02 08 02 08 02 12 09 10 06 1a 01 08 22 02 10 03 1a 04 10 c0843d';
    expect(read(schema, [column('N', INTEGER), column('B', b), column('T', TIMESTAMP)], message)).toEqual([
      2,
      [5, 6, [7, 8], [9, 3]],
      2001,
    ]);
  });

  it('takes repeated numbers one by one and in runs, whatever the schema says', () => {
    const schema = proto3('message A { repeated sint32 p = 1; repeated fixed32 u = 2 [packed = false]; }');
    const columns = [column('P', arrayType(INTEGER)), column('U', arrayType(BIGINT))];
    expect(read(schema, columns, '0a 02 01 02 08 03 12 04 01000000 15 02000000 0a 00')).toEqual([
      [-1, 1, -2],
      [1, 2],
    ]);
    expect(write(schema, columns, [[-1], [1, 2]])).toBe('0a0101' + '1501000000' + '1502000000');
  });

  it('knows the enum values that the schema names, and closed enums no others', () => {
    const columns = [column('A', STRING), column('B', arrayType(STRING))];
    const body =
      'message M { optional E a = 1; repeated E b = 2; } enum E { option allow_alias = true; X = 1; AGAIN = 1; NEG = -1; }';
    const message = '08 07 10 01 10 07 10 ffffffffffffffffff01';
    expect(read(registered(body), columns, message)).toEqual([null, ['X', 'NEG']]);
    const open = proto3(body.replace('X = 1;', 'NONE = 0; X = 1;'));
    expect(read(open, columns, message)).toEqual(['UNKNOWN_ENUM_VALUE_E_7', ['X', 'UNKNOWN_ENUM_VALUE_E_7', 'NEG']]);
    expect(write(open, columns, ['AGAIN', ['NEG']])).toBe('0801' + '120affffffffffffffffff01');
    expect(() => write(open, columns, ['OTHER', null])).toThrow('enum E has no value of that name, path: $.A');
  });

  it('shows a oneof as Connect does, or its members as columns', () => {
    const schema = proto3(
      'message A { oneof u { int32 i = 1; B b = 2; string s = 3; } int32 n = 4; } message B { int32 x = 1; int32 y = 2; }',
    );
    const b = structType([
      { name: 'X', type: INTEGER },
      { name: 'Y', type: INTEGER },
    ]);
    const members = [
      { name: 'I', type: INTEGER },
      { name: 'B', type: b },
      { name: 'S', type: STRING },
    ];
    const columns = [column('U_0', structType(members)), ...members.map(({ name, type }) => column(name, type))];
    expect(read(schema, columns, '20 01')).toEqual([null, null, null, null]);
    expect(read(schema, columns, '08 00')).toEqual([[0, null, null], 0, null, null]);
    expect(read(schema, columns, '08 01 12 02 08 05 1a 01 78')).toEqual([[null, null, 'x'], null, null, 'x']);
    // The two messages are separated by another member, or not.
    expect(read(schema, columns, '12 02 08 05 08 01 12 02 10 06')).toEqual([[null, [0, 6], null], null, [0, 6], null]);
    expect(read(schema, columns, '12 02 08 05 12 02 10 06')).toEqual([[null, [5, 6], null], null, [5, 6], null]);
    expect(read(schema, columns.slice(1, 2), '08 01 1a 01 78')).toEqual([null]);
    const nested = proto3(`message T { A a = 1; } ${schema.text.slice(18)}`);
    const inner = structType([
      { name: 'I', type: INTEGER },
      { name: 'u_0', type: structType(members) },
    ]);
    expect(read(nested, [column('A', inner)], '0a 05 08 01 1a 01 78')).toEqual([[null, [null, null, 'x']]]);
    expect(read(nested, [column('A', inner)], '0a 05 1a 01 78 08 01')).toEqual([[1, [1, null, null]]]);
    expect(write(schema, [columns[0]!, column('N', INTEGER)], [[null, [1, 2], null], 9])).toBe(
      '12040801' + '1002' + '2009',
    );
    expect(write(schema, columns.slice(0, 1), [[0, null, null]])).toBe('0800');
    expect(write(schema, columns.slice(0, 1), [[null, null, null]])).toBe('');
  });

  describe('fields that lie between each other', () => {
    const body =
      'repeated int32 l = 1; repeated string s = 2; repeated B r = 3; map<string, int32> m = 4; B b = 5; oneof u { int32 i = 6; B o = 7; string t = 8; }';
    const schema = proto3(`message A { ${body} } message B { int32 x = 1; repeated int32 y = 2; }`);
    const b = structType([
      { name: 'X', type: INTEGER },
      { name: 'Y', type: arrayType(INTEGER) },
    ]);
    const alone = [
      column('L', arrayType(INTEGER)),
      column('S', arrayType(STRING)),
      column('R', arrayType(b)),
      column('M', mapType(STRING, INTEGER)),
      column('B', b),
    ];
    const members = [column('I', INTEGER), column('O', b), column('T', STRING)];
    const columns = [...alone, ...members, column('u_0', structType(members))];
    const number = fc.integer({ min: 1, max: 9 });
    const any = (made: (n: number) => string) => number.map(made);
    /** Occurrences by field; of B either of its fields. */
    const kinds = [
      fc.oneof(
        any((n) => `08 0${n}`),
        any((n) => `0a 02 0${n} 0${n}`),
      ),
      any((n) => `12 01 3${n}`),
      any((n) => `1a 02 08 0${n}`),
      any((n) => `22 05 0a 01 3${n} 10 0${n}`),
      fc.oneof(
        any((n) => `2a 02 08 0${n}`),
        any((n) => `2a 03 12 01 0${n}`),
      ),
      any((n) => `30 0${n}`),
      fc.oneof(
        any((n) => `3a 02 08 0${n}`),
        any((n) => `3a 02 10 0${n}`),
      ),
      any((n) => `42 01 3${n}`),
      any((n) => `78 0${n}`),
    ];
    const occurrences = (fields: number) =>
      fc.array(
        fc.nat(fields - 1).chain((field) => kinds[field]!.map((bytes) => ({ field, bytes }))),
        { maxLength: 40 },
      );
    const joined = (all: readonly { readonly bytes: string }[]) => all.map(({ bytes }) => bytes).join('');

    it('are read as if those of each field were together', () => {
      expect(read(schema, alone.slice(0, 2), '08 01 12 01 31 08 02 12 01 32 08 03')).toEqual([
        [1, 2, 3],
        ['1', '2'],
      ]);
      fc.assert(
        fc.property(occurrences(alone.length), (mixed) => {
          const together = [...mixed].sort((one, other) => one.field - other.field);
          expect(read(schema, alone, joined(mixed))).toEqual(read(schema, alone, joined(together)));
        }),
      );
    });

    it('are read the same as columns and as fields of a struct', () => {
      const within = proto3(`message W { A a = 1; } ${schema.text.slice(18)}`);
      const whole = [column('A', structType(columns))];
      fc.assert(
        fc.property(occurrences(kinds.length), (mixed) => {
          const bytes = hex(joined(mixed));
          const framed = Buffer.concat([Buffer.from([10, (bytes.length & 127) | 128, bytes.length >> 7]), bytes]);
          expect(read(within, whole, framed.toString('hex'))).toEqual([read(schema, columns, bytes.toString('hex'))]);
        }),
      );
    });

    it('are read where another column is refused', () => {
      const mixed = [column('S', arrayType(BOOLEAN)), column('I', INTEGER), column('L', arrayType(INTEGER))];
      const deserializer = protobufFormat.deserializer(specOf(), mixed, [0, 1, 2], 'value', schemas(schema));
      const bytes = hex(`${FRAME} 08 01 12 01 31 08 02 12 01 32 30 05 08 03`);
      deserializer.scan(bytes, 0, bytes.length);
      expect(deserializer.read[0]).toThrow(RecordError);
      expect(deserializer.read[1]!()).toBe(5);
      expect(deserializer.read[2]!()).toEqual([1, 2, 3]);
    });

    it('leave nothing behind for the next record', () => {
      const deserializer = protobufFormat.deserializer(
        specOf(),
        columns,
        [...columns.keys()],
        'value',
        schemas(schema),
      );
      fc.assert(
        fc.property(occurrences(kinds.length), occurrences(kinds.length), (before, after) => {
          readAll(deserializer, hex(FRAME + joined(before)));
          expect(readAll(deserializer, hex(FRAME + joined(after)))).toEqual(read(schema, columns, joined(after)));
        }),
      );
    });
  });

  it('passes over what it does not know', () => {
    const schema = proto3('message A { int32 n = 15; }');
    const unknown =
      '08 ffffffffffffffffff01 11 0102030405060708 1a 02 ffff 25 01020304 2b 08 01 33 34 2c fa01 00 f8ffffff0f 01';
    expect(read(schema, [column('N', INTEGER)], `${unknown} 78 07 ${unknown}`)).toEqual([7]);
    // A field with the wire type of another kind is none that it knows.
    expect(read(schema, [column('N', INTEGER)], '7a 01 05')).toEqual([0]);
  });

  it.each<[string, SqlType, string, SqlValue]>([
    ['int32 v = 1;', BIGINT, '08 05', 5],
    ['int32 v = 1;', DOUBLE, '08 05', 5],
    ['int32 v = 1;', STRING, '08 05', '5'],
    ['int32 v = 1;', decimalType(5, 2), '08 05', 500n],
    ['int64 v = 1;', DATE, '08 05', 5],
    ['int64 v = 1;', TIME, '08 05', 5],
    ['int64 v = 1;', TIMESTAMP, '08 05', 5],
    ['int64 v = 1;', INTEGER, '08 ffffffffffffffffff01', -1],
    ['int64 v = 1;', STRING, '08 ffffffffffffffff7f', '9223372036854775807'],
    ['double v = 1;', INTEGER, '09 000000000000f83f', 1],
    ['double v = 1;', STRING, '09 000000000000f83f', '1.5'],
    ['bool v = 1;', STRING, '08 01', 'true'],
    ['string v = 1;', BIGINT, '0a 02 3432', 42],
    ['string v = 1;', BYTES, '0a 04 41514944', Buffer.from([1, 2, 3])],
    ['google.protobuf.Timestamp v = 1;', BIGINT, '0a 02 08 01', 1000],
    ['google.protobuf.Timestamp v = 1;', structType([{ name: 'SECONDS', type: BIGINT }]), '0a 02 08 01', [1]],
    ['google.protobuf.Int32Value v = 1;', STRING, '0a 02 08 01', '1'],
    ['confluent.type.Decimal v = 1;', DOUBLE, '0a 07 0a 01 0f 10 02 18 01', 1.5],
    ['confluent.type.Decimal v = 1;', STRING, '0a 07 0a 01 0f 10 02 18 01', '1.5'],
    ['confluent.type.Decimal v = 1;', decimalType(4, 3), '0a 07 0a 01 0f 10 02 18 01', 1500n],
    ['map<int32, bool> v = 1;', mapType(STRING, BOOLEAN), '0a 04 08 05 10 01', new Map([['5', true]])],
    ['google.type.TimeOfDay v = 1;', TIME, '0a 02 08 18', 86_400_000],
  ])('converts %s for %o as JSON would', (field, type, message, value) => {
    expect(read(converting(field), [column('V', type)], message)).toEqual([value]);
  });

  it('refuses a default that does not convert where it stands for an absent field', () => {
    const schema = proto3('message A { string v = 1; A a = 2; }');
    const columns = [column('V', INTEGER), column('A', structType([{ name: 'V', type: INTEGER }]))];
    expect(read(schema, columns, '0a 01 35 12 03 0a 01 36')).toEqual([5, [6]]);
    expect(() => read(schema, columns, '12 03 0a 01 36')).toThrow('targetType: INTEGER, path: $.V');
    expect(() => read(schema, columns, '0a 01 35 12 00')).toThrow('targetType: INTEGER, path: $.A.V');
    const wrapped = converting('google.protobuf.StringValue v = 1;');
    expect(read(wrapped, columns.slice(0, 1), '')).toEqual([null]);
    expect(read(wrapped, columns.slice(0, 1), '0a 03 0a 01 35')).toEqual([5]);
    expect(() => read(wrapped, columns.slice(0, 1), '0a 00')).toThrow('targetType: INTEGER, path: $.V');
  });

  it.each<[string, SqlType, string, string]>([
    ['bytes v = 1;', STRING, '0a 01 61', "Can't convert type. sourceType: bytes, requiredType: STRING, path: $.V"],
    ['bool v = 1;', INTEGER, '08 01', "Can't convert type. sourceType: bool, requiredType: INTEGER, path: $.V"],
    ['string v = 1;', INTEGER, '0a 01 61', "Can't coerce string to type. targetType: INTEGER, path: $.V"],
    [
      'repeated int32 v = 1;',
      INTEGER,
      '0a 01 01',
      "Can't convert type. sourceType: repeated int32, requiredType: INTEGER, path: $.V",
    ],
    [
      'int32 v = 1;',
      arrayType(INTEGER),
      '08 01',
      "Can't convert type. sourceType: int32, requiredType: ARRAY<INTEGER>, path: $.V",
    ],
    ['A v = 1;', STRING, '0a 00', "Can't convert type. sourceType: A, requiredType: STRING, path: $.V"],
    [
      'repeated A v = 1;',
      arrayType(STRING),
      '0a 00',
      "Can't convert type. sourceType: A, requiredType: STRING, path: $.V[0]",
    ],
    [
      'A v = 1;',
      structType([{ name: 'V', type: structType([{ name: 'V', type: DATE }]) }]),
      '0a 04 0a 02 0a 00',
      "Can't convert type. sourceType: A, requiredType: DATE, path: $.V.V.V",
    ],
    [
      'map<string, string> v = 1;',
      mapType(STRING, BIGINT),
      '0a 06 0a 01 6b 12 01 78',
      "Can't coerce string to type. targetType: BIGINT, path: $.V.*",
    ],
    [
      'confluent.type.Decimal v = 1;',
      decimalType(4, 0),
      '0a 07 0a 01 0f 10 02 18 01',
      'Cannot fit decimal into DECIMAL(4, 0) without rounding, path: $.V',
    ],
    [
      'confluent.type.Decimal v = 1;',
      decimalType(4, 0),
      '0a 09 0a 01 0f 18 ffffffff07',
      'The number has too many digits, path: $.V',
    ],
    ['google.type.Date v = 1;', DATE, '0a 07 08 e80f 10 02 18 1e', 'Date day is not one of the month, path: $.V'],
    ['google.type.Date v = 1;', DATE, '0a 03 08 e80f', 'Date month must be from 1 to 12, path: $.V'],
    [
      'google.type.TimeOfDay v = 1;',
      TIME,
      '0a 04 08 18 10 01',
      'TimeOfDay milliseconds must be from 0 to 86400000, path: $.V',
    ],
    [
      'google.protobuf.Timestamp v = 1;',
      TIMESTAMP,
      '0a 0b 10 ffffffffffffffffff01',
      'Timestamp nanos must be from 0 to 999999999, path: $.V',
    ],
    [
      'google.protobuf.Timestamp v = 1;',
      TIMESTAMP,
      '0a 0a 08 ffffffffffffffff7f',
      'Timestamp values must use a number of milliseconds below 2^53, path: $.V',
    ],
    [
      'repeated google.type.Date v = 1;',
      arrayType(DATE),
      '0a 06 08 01 10 01 18 01 0a 00',
      'Date month must be from 1 to 12, path: $.V[1]',
    ],
    [
      'A v = 1;',
      structType([{ name: 'D', type: DATE }]),
      '0a 02 12 00',
      'Date month must be from 1 to 12, path: $.V.D',
    ],
  ])('refuses %s for %o', (field, type, message, problem) => {
    expect(() => read(converting(field, 'google.type.Date d = 2;'), [column('V', type)], message)).toThrow(
      new RecordError('deserialization', problem, 'value'),
    );
  });

  it('gives values that outlive the bytes, of fields in place', () => {
    const schema = proto3('message A { bytes b = 1; string s = 2; }');
    const batch = hex(`ffff${FRAME}0a02aabb120178ffff`);
    const deserializer = protobufFormat.deserializer(
      specOf(),
      [column('B', BYTES), column('S', STRING)],
      [1, 0],
      'value',
      schemas(schema),
    );
    deserializer.scan(batch, 2, batch.length - 2);
    const values = deserializer.read.map((one) => one());
    batch.fill(0);
    expect(values).toEqual(['x', Buffer.from([0xaa, 0xbb])]);
  });
});

function converting(field: string, more = ''): RegisteredSchema {
  const files = [
    'google/protobuf/timestamp',
    'google/protobuf/wrappers',
    'google/type/date',
    'google/type/timeofday',
    'confluent/type/decimal',
  ];
  return proto3(`${files.map((file) => `import "${file}.proto";`).join(' ')} message A { ${field} ${more} }`);
}

describe('a frame', () => {
  const first = proto3(
    'message A { int32 a = 1; message In { int32 b = 1; message Deep { int32 c = 1; } } } message B { int32 d = 1; }',
    1,
  );
  const second = proto3('message A { string a = 7; }', 0x01020304);
  const columns = 'ABCD'.split('').map((name) => column(name, BIGINT));

  it('says which message of which schema the record is', () => {
    const deserializer = protobufFormat.deserializer(specOf(), columns, [0, 1, 2, 3], 'value', schemas(first, second));
    for (let round = 0; round < 2; round++) {
      expect(readAll(deserializer, hex('00 00000001 00 08 05'))).toEqual([5, null, null, null]);
      expect(readAll(deserializer, hex('00 00000001 02 00 08 05'))).toEqual([5, null, null, null]);
      expect(readAll(deserializer, hex('00 00000001 02 02 08 05'))).toEqual([null, null, null, 5]);
      expect(readAll(deserializer, hex('00 00000001 04 00 00 08 05'))).toEqual([null, 5, null, null]);
      expect(readAll(deserializer, hex('00 00000001 06 00 00 00 08 05'))).toEqual([null, null, 5, null]);
      expect(readAll(deserializer, hex('00 01020304 00 3a 02 3432'))).toEqual([42, null, null, null]);
      expect(readAll(deserializer, hex('00 00000001 00'))).toEqual([0, null, null, null]);
    }
  });

  it('is written for the first message, or the one that is named', () => {
    const named = (fullSchemaName: string, schema = first): FormatSpec => specOf({ fullSchemaName }, schema);
    const written = (spec: FormatSpec, name: string): string =>
      encodeRow(protobufFormat, spec, [column(name, BIGINT)], [5])!.toString('hex');
    expect(written(specOf({}, first), 'A')).toBe(hex('00 00000001 00 08 05').toString('hex'));
    expect(written(named('A'), 'A')).toBe(hex('00 00000001 00 08 05').toString('hex'));
    expect(written(named('B'), 'D')).toBe(hex('00 00000001 02 02 08 05').toString('hex'));
    expect(written(named('A.In.Deep'), 'C')).toBe(hex('00 00000001 06 00 00 00 08 05').toString('hex'));
    expect(() => written(named('C'), 'C')).toThrow(StatementError);
  });

  it.each([
    ['nothing', '', 'the value does not begin with the magic byte'],
    ['no magic byte', '01 00000001 00', 'the value does not begin with the magic byte'],
    ['a piece of a frame', '00 000000', 'the value does not begin with the magic byte'],
    ['no place', '00 00000001', 'it ends within a field'],
    ['a place that is cut off', '00 00000001 04 00', 'it ends within a field'],
    ['a list too long', '00 00000001 ffffffff0f', 'no list of messages within each other'],
    ['a list of negative length', '00 00000001 01', 'no list of messages within each other'],
    ['a message that is not there', '00 00000001 02 04', 'the schema with id 1 has no message at [2]'],
    ['a negative place', '00 00000001 02 01', 'the schema with id 1 has no message at [-1]'],
    ['an unknown schema', '00 00000009 00', 'the schema registry has no schema with id 9'],
    [
      'a schema of another kind',
      '00 00000002 00',
      'the schema with id 2 cannot be used: invalid Protobuf schema: it is a schema of type AVRO',
    ],
    [
      'a schema that is none',
      '00 00000003 00',
      'the schema with id 3 cannot be used: invalid Protobuf schema: illegal token',
    ],
  ])('is refused with %s', (_, bytes, problem) => {
    const avro: RegisteredSchema = { type: 'AVRO', text: '"int"', imports: [], id: 2 };
    const known = schemas(first, avro, registered('what is this', 3));
    const deserializer = protobufFormat.deserializer(specOf(), columns, [0], 'value', known);
    for (let round = 0; round < 2; round++) {
      expect(() => deserializer.scan(hex(bytes), 0, hex(bytes).length)).toThrow(RecordError);
      expect(() => deserializer.scan(hex(bytes), 0, hex(bytes).length)).toThrow(problem);
      expect(readAll(deserializer, hex('00 00000001 00 08 05'))).toEqual([5]);
    }
  });

  it('does not look past the record', () => {
    const deserializer = protobufFormat.deserializer(specOf(), columns, [0], 'value', schemas(first));
    const bytes = hex('00 00000001 00 08 05');
    expect(readAll(deserializer, bytes)).toEqual([5]);
    for (let end = 0; end < bytes.length; end++) {
      if (end === 6) expect(deserializer.scan(bytes, 0, end)).toBe(true);
      else expect(() => deserializer.scan(bytes, 0, end)).toThrow(RecordError);
    }
  });
});

describe('malformed bytes', () => {
  const schema = proto3('message A { int32 n = 1; string s = 2; A a = 3; repeated int32 l = 4; fixed64 f = 5; }');
  const inner = structType([{ name: 'S', type: STRING }]);
  const columns = [
    column('N', INTEGER),
    column('S', STRING),
    column('A', inner),
    column('L', arrayType(INTEGER)),
    column('F', BIGINT),
  ];
  const nothing = [column('NONE', INTEGER)];
  const groups = (depth: number): string => '3b'.repeat(depth) + '3c'.repeat(depth);

  it.each([
    ['a number without an end', '08 80'],
    ['a number that is missing', '08'],
    ['a number of eleven bytes', '08 80808080808080808080 01'],
    ['a tag that is cut off', '80'],
    ['a tag of six bytes', '888080808000 01'],
    ['a tag too great', '8880808010 01'],
    ['field number 0', '00 01'],
    ['field number 0 in two bytes', '8000 01'],
    ['wire type 6', '0e 01'],
    ['wire type 7', '0f 01'],
    ['a length beyond the end', '12 05 61'],
    ['a length of 2^32 - 1', '12 ffffffff0f 61'],
    ['a length of 2^63', '12 80808080808080808001 61'],
    ['eight bytes that are seven', '29 01020304050607'],
    ['four bytes that are three', '3d 010203'],
    ['the end of a group alone', '3c'],
    ['a group without an end', '3b 08 01'],
    ['the end of another group', '3b 44'],
    ['groups too deep', groups(101)],
    ['an unknown length beyond the end', '3a 05 61'],
  ])('with %s are refused', (_, message) => {
    for (const wanted of [columns, nothing]) {
      expect(() => read(schema, wanted, message)).toThrow(RecordError);
      expect(() => read(schema, wanted, message)).toThrow('not a Protobuf message: ');
    }
  });

  it.each([
    ['a text that is not UTF-8', '12 02 c328', '$.S'],
    ['a long text that is not UTF-8', `12 50 ${'61'.repeat(78)}c328`, '$.S'],
    ['a message that ends within a field', '1a 03 12 05 61', '$.A'],
    ['a text in a message that is not UTF-8', '1a 03 12 01 80', '$.A.S'],
    ['a number in a run without an end', '22 02 01 80', '$.L[1]'],
  ])('with %s are refused where they are read', (_, message, path) => {
    expect(() => read(schema, columns, message)).toThrow(`path: ${path}`);
    expect(() => read(schema, columns, message)).toThrow(RecordError);
    expect(read(schema, nothing, message)).toEqual([null]);
  });

  it('may hold groups that are not too deep, and texts with the character for what is not', () => {
    expect(read(schema, columns.slice(0, 2), `${groups(100)} 08 05 12 03 efbfbd`)).toEqual([5, '\ufffd']);
  });
});

describe('writing', () => {
  const columns = [column('A', arrayType(STRING)), column('B', mapType(STRING, arrayType(INTEGER)))];
  const schema = registered(protobufFormat.schemaFor(specOf(), columns).text);

  it('refuses nulls in arrays, says where, and leaves nothing behind', () => {
    const sink = new GrowableSink();
    const serializer = protobufFormat.serializer(specOf({}, schema), columns, 'value');
    serializer.write(sink, ['x'], null);
    const before = sink.position;
    expect(() => serializer.write(sink, ['a', null], null)).toThrow(
      new RecordError('serialization', 'null in an array, which Protobuf has no way to write, path: $.A[1]', 'value'),
    );
    expect(() => serializer.write(sink, null, new Map([['k', [1, null]]]))).toThrow('path: $.B.*[1]');
    expect(sink.position).toBe(before);
  });

  it('takes null values of maps for defaults', () => {
    expect(write(schema, columns, [null, new Map([['k', null]])])).toBe('12030a016b');
    const numbers = [column('M', mapType(STRING, INTEGER))];
    const counted = registered(protobufFormat.schemaFor(specOf(), numbers).text);
    expect(read(counted, numbers, write(counted, numbers, [new Map([['k', null]])]))).toEqual([new Map([['k', 0]])]);
  });

  it('fits numbers into fields, or refuses them', () => {
    const narrow = proto3('message A { uint32 u = 1; sint32 s = 2; float f = 3; fixed64 w = 4; }');
    const wide = 'USFW'.split('').map((name) => column(name, name === 'F' ? DOUBLE : BIGINT));
    expect(write(narrow, wide, [4294967295, -2147483648, 0.1, -1])).toBe(
      hex('08 ffffffff0f 10 ffffffff0f 1d cdcccc3d 21 ffffffffffffffff').toString('hex'),
    );
    for (const [i, value] of [
      [0, -1],
      [0, 4294967296],
      [0, 2n ** 62n],
      [1, 2147483648],
      [1, -2147483649],
    ] as const) {
      const row: SqlValue[] = [0, 0, 0, 0];
      row[i] = value;
      expect(() => write(narrow, wide, row)).toThrow(`the number does not fit ${i === 0 ? 'uint32' : 'sint32'}`);
    }
  });

  it('needs what is required', () => {
    const strict = registered(
      'message A { required int32 a = 1; optional B b = 2; } message B { required int32 x = 1; required int32 y = 2; }',
    );
    const b = (...names: readonly string[]): Column =>
      column('B', structType(names.map((name) => ({ name, type: INTEGER }))));
    expect(write(strict, [column('A', INTEGER)], [0])).toBe('0800');
    expect(() => write(strict, [column('A', INTEGER)], [null])).toThrow('null for a required field, path: $.A');
    expect(() => write(strict, [b('X', 'Y')], [null])).toThrow('nothing for the required field "a"');
    expect(() => write(strict, [column('A', INTEGER), b('X')], [1, [1]])).toThrow(
      'nothing for the required field "y", path: $.B',
    );
    expect(write(strict, [column('A', INTEGER), b('X')], [1, null])).toBe('0801');
  });

  it.each([
    ['a column without a field', [column('Z', INTEGER)], 'it has no field for `Z`'],
    [
      'a type that the field cannot hold',
      [column('A', STRING)],
      'its field "A" of type repeated string cannot hold STRING',
    ],
    ['an element that the field cannot hold', [column('A', arrayType(DATE))], 'cannot hold DATE'],
    ['a value that the map cannot hold', [column('B', mapType(STRING, INTEGER))], 'cannot hold INTEGER'],
  ])('is not begun with %s', (_, others, problem) => {
    try {
      protobufFormat.serializer(specOf({}, schema), others, 'value');
      expect.fail('it was begun');
    } catch (error) {
      expect(error).toMatchObject({ code: 'incompatible-schema', message: expect.stringContaining(problem) });
    }
  });

  it('has the greatest field number', () => {
    const far = proto3('message A { int32 a = 536870911; repeated string b = 536870910; }');
    const ab = [column('A', INTEGER), column('B', arrayType(STRING))];
    expect(write(far, ab, [5, ['x']])).toBe('f2ffffff0f0178' + 'f8ffffff0f05');
    expect(read(far, ab, 'f2ffffff0f0178 f8ffffff0f05')).toEqual([5, ['x']]);
  });

  it('writes fields by their numbers', () => {
    const mixed = proto3('message A { int32 a = 9; int32 b = 2; int32 c = 5; }');
    const abc = 'abc'.split('').map((name) => column(name, INTEGER));
    expect(write(mixed, abc, [1, 2, 3])).toBe('1002' + '2803' + '4801');
  });

  it('has nothing for a key without columns', () => {
    expect(encodeRow(protobufFormat, specOf(), [], [], 'key')).toBeNull();
    expect(decodeRow(protobufFormat, specOf(), [], hex('ff'), 'key')).toEqual([]);
  });
});

describe('PROTOBUF_NOSR', () => {
  const roundTrip = (spec: FormatSpec, columns: readonly Column[], values: readonly SqlValue[]): [string, unknown] => {
    const bytes = encodeRow(protobufNosrFormat, spec, columns, values)!;
    return [bytes.toString('hex'), decodeRow(protobufNosrFormat, spec, columns, bytes)];
  };

  it('is the message alone', () => {
    const columns = [column('A', INTEGER), column('B', STRING)];
    expect(roundTrip(plain, columns, [5, 'x'])).toEqual(['0805' + '120178', [5, 'x']]);
    expect(roundTrip(plain, columns, [null, null])).toEqual(['', [0, '']]);
    const optional = { ...plain, properties: { nullableRepresentation: 'optional' } };
    expect(roundTrip(optional, columns, [null, ''])).toEqual(['1200', [null, '']]);
    const wrapper = { ...plain, properties: { nullableRepresentation: 'wrapper' } };
    expect(roundTrip(wrapper, columns, [0, null])).toEqual(['0a00', [0, null]]);
  });

  it('unwraps a struct, and has other columns alone as field 1', () => {
    const struct = structType([
      { name: 'X', type: INTEGER },
      { name: 'D', type: DATE },
    ]);
    expect(roundTrip(bare, [column('S', struct)], [[5, 0]])).toEqual([
      hex('08 05 12 07 08b20f 10 01 18 01').toString('hex'),
      [[5, 0]],
    ]);
    expect(roundTrip(bare, [column('S', struct)], [[null, null]])).toEqual(['', [[0, null]]]);
    expect(roundTrip(bare, [column('V', STRING)], ['x'])).toEqual(['0a0178', ['x']]);
    expect(roundTrip(bare, [column('V', BIGINT)], [0])).toEqual(['', [0]]);
    expect(roundTrip(bare, [column('V', arrayType(INTEGER))], [[1, 2]])).toEqual(['0a020102', [[1, 2]]]);
    for (const type of [struct, STRING, arrayType(INTEGER)]) {
      for (const nullableRepresentation of ['none', 'optional', 'wrapper']) {
        const spec = { ...bare, properties: { nullableRepresentation } };
        expect(encodeRow(protobufNosrFormat, spec, [column('V', type)], [null])).toBeNull();
      }
    }
    expect(() => decodeRow(protobufNosrFormat, bare, [column('S', struct)], hex('12 02 08'))).toThrow(RecordError);
    expect(() => decodeRow(protobufNosrFormat, bare, [column('S', struct)], hex('12 00'))).toThrow(
      'Date month must be from 1 to 12, path: $.D',
    );
  });

  it('carries names that are no identifiers, as internal topics may have them', () => {
    const columns = [
      column('a b', INTEGER),
      column('é', structType([{ name: '1', type: INTEGER }])),
      column('A_B', STRING),
    ];
    expect(roundTrip(plain, columns, [5, [6], 'x'])[1]).toEqual([5, [6], 'x']);
  });
});
