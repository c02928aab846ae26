import { describe, expect, it } from 'vitest';
import type { FormatSpec } from '../../../src/formats/format.js';
import { protobufFormat, protobufNosrFormat } from '../../../src/formats/protobuf/protobuf.js';
import type { SchemaText } from '../../../src/formats/schema-registry/schema-registry.js';
import { StatementError } from '../../../src/model/errors.js';
import type { Column } from '../../../src/model/schema.js';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  formatType,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../../../src/model/sql-type.js';
import { column } from '../../support/columns.js';

const proto = (text: string, imports: SchemaText['imports'] = []): SchemaText => ({ type: 'PROTOBUF', text, imports });
const proto3 = (body: string): SchemaText => proto(`syntax = "proto3"; ${body}`);
const specOf = (properties: FormatSpec['properties'] = {}): FormatSpec => ({
  name: 'PROTOBUF',
  properties,
  unwrapped: false,
});
const schemaFor = (columns: readonly Column[], properties: FormatSpec['properties'] = {}): string =>
  protobufFormat.schemaFor(specOf(properties), columns).text;

const contentOf = (schema: SchemaText, fullName: string | null = null): string =>
  formatType(protobufFormat.contentOf(schema, fullName).type);

const everyScalar = [
  column('A', INTEGER),
  column('B', BIGINT),
  column('C', DOUBLE),
  column('D', BOOLEAN),
  column('E', STRING),
  column('F', BYTES),
];

describe('the schema of columns', () => {
  it('is one message with its fields in order', () => {
    expect(schemaFor(everyScalar)).toBe(`syntax = "proto3";

message ConnectDefault1 {
  int32 A = 1;
  int64 B = 2;
  double C = 3;
  bool D = 4;
  string E = 5;
  bytes F = 6;
}
`);
  });

  it('tells nulls by optional fields, but not in the entries of maps', () => {
    const columns = [
      column('A', INTEGER),
      column('S', structType([{ name: 'X', type: TIMESTAMP }])),
      column('L', arrayType(STRING)),
      column('M', mapType(STRING, BIGINT)),
    ];
    expect(schemaFor(columns, { nullableRepresentation: 'optional' })).toBe(`syntax = "proto3";

import "google/protobuf/timestamp.proto";

message ConnectDefault1 {
  optional int32 A = 1;
  optional ConnectDefault2 S = 2;
  repeated string L = 3;
  repeated ConnectDefault3Entry M = 4;

  message ConnectDefault2 {
    optional google.protobuf.Timestamp X = 1;
  }
  message ConnectDefault3Entry {
    string key = 1;
    int64 value = 2;
  }
}
`);
  });

  it('tells nulls by wrappers', () => {
    expect(
      schemaFor([...everyScalar, column('M', mapType(STRING, INTEGER))], { nullableRepresentation: 'WRAPPER' }),
    ).toBe(
      `syntax = "proto3";

import "google/protobuf/wrappers.proto";

message ConnectDefault1 {
  google.protobuf.Int32Value A = 1;
  google.protobuf.Int64Value B = 2;
  google.protobuf.DoubleValue C = 3;
  google.protobuf.BoolValue D = 4;
  google.protobuf.StringValue E = 5;
  google.protobuf.BytesValue F = 6;
  repeated ConnectDefault2Entry M = 7;

  message ConnectDefault2Entry {
    google.protobuf.StringValue key = 1;
    google.protobuf.Int32Value value = 2;
  }
}
`,
    );
  });

  it('has messages within messages, and the precision of decimals', () => {
    const columns = [
      column('WHEN', TIME),
      column('DAY', DATE),
      column('OUTER', structType([{ name: 'INNER', type: structType([{ name: 'COST', type: decimalType(9, 2) }]) }])),
      column('ITEMS', arrayType(structType([{ name: 'N', type: INTEGER }]))),
      column('LISTS', mapType(STRING, arrayType(DOUBLE))),
    ];
    // Blank lines within messages within messages have the blanks of the message around them.
    expect(schemaFor(columns)).toBe(`syntax = "proto3";

import "google/type/timeofday.proto";
import "google/type/date.proto";
import "confluent/meta.proto";
import "confluent/type/decimal.proto";

message ConnectDefault1 {
  google.type.TimeOfDay WHEN = 1;
  google.type.Date DAY = 2;
  ConnectDefault2 OUTER = 3;
  repeated ConnectDefault4 ITEMS = 4;
  repeated ConnectDefault5Entry LISTS = 5;

  message ConnectDefault2 {
    ConnectDefault3 INNER = 1;
  ${''}
    message ConnectDefault3 {
      confluent.type.Decimal COST = 1 [(confluent.field_meta) = {
        params: [
          {
            value: "9",
            key: "precision"
          },
          {
            value: "2",
            key: "scale"
          }
        ]
      }];
    }
  }
  message ConnectDefault4 {
    int32 N = 1;
  }
  message ConnectDefault5Entry {
    string key = 1;
    repeated double value = 2;
  }
}
`);
  });

  it('has the name that is asked for', () => {
    const columns = [column('S', structType([{ name: 'X', type: INTEGER }])), column('ConnectDefault1', INTEGER)];
    expect(schemaFor(columns, { fullSchemaName: 'org.acme.Order' })).toBe(`syntax = "proto3";
package org.acme;

message Order {
  ConnectDefault1Message S = 1;
  int32 ConnectDefault1 = 2;

  message ConnectDefault1Message {
    int32 X = 1;
  }
}
`);
  });

  it('is what its own content says', () => {
    const columns = [
      ...everyScalar,
      column('G', decimalType(20, 5)),
      column('H', mapType(STRING, mapType(STRING, arrayType(structType([{ name: 'X', type: DATE }]))))),
      column('I', arrayType(TIME)),
      column('J', mapType(STRING, TIMESTAMP)),
    ];
    for (const nullableRepresentation of ['', 'optional', 'wrapper']) {
      const text = schemaFor(columns, { nullableRepresentation });
      const { type, skipped } = protobufFormat.contentOf(proto(text), null);
      expect(type).toEqual(structType(columns.map(({ name, type: columnType }) => ({ name, type: columnType }))));
      expect(skipped).toEqual([]);
    }
  });
});

describe('the content of a schema', () => {
  it('has the types of Connect', () => {
    const schema = proto(
      `syntax = "proto3";
      package shop;
      import "google/protobuf/wrappers.proto"; import "google/protobuf/timestamp.proto";
      import "google/type/date.proto"; import "google/type/timeofday.proto"; import "confluent/type/decimal.proto";
      /* a comment */ enum Size { SMALL = 0; LARGE = 1; }
      message Order { // another
        float a = 1; uint32 b = 2; uint64 c = 3; sint32 d = 4; sint64 e = 5; fixed32 f = 6; fixed64 g = 7; sfixed32 h = 8; sfixed64 i = 9;
        Size j = 10; google.protobuf.UInt32Value k = 11; google.protobuf.FloatValue l = 12; google.protobuf.BytesValue m = 13;
        google.protobuf.Timestamp n = 14; google.type.Date o = 15; .google.type.TimeOfDay p = 16;
        confluent.type.Decimal q = 17 [deprecated = true, (confluent.field_meta) = { doc: "x" params: [{key: "scale", value: "3"}, {key: "precision" value: "7"}] }];
        confluent.type.Decimal r = 18;
        map<string, Line> s = 19; repeated Size t = 20; repeated Line u = 21; optional int32 v = 22;
        message Line { shop.Order.Line.Note note = 1; message Note { string text = 1; } }
      }`,
    );
    expect(contentOf(schema)).toBe(
      'STRUCT<`a` DOUBLE, `b` BIGINT, `c` BIGINT, `d` INTEGER, `e` BIGINT, `f` BIGINT, `g` BIGINT, `h` INTEGER, `i` BIGINT, `j` STRING, ' +
        '`k` BIGINT, `l` DOUBLE, `m` BYTES, `n` TIMESTAMP, `o` DATE, `p` TIME, `q` DECIMAL(7, 3), `r` DECIMAL(64, 0), ' +
        '`s` MAP<STRING, STRUCT<`note` STRUCT<`text` STRING>>>, `t` ARRAY<STRING>, `u` ARRAY<STRUCT<`note` STRUCT<`text` STRING>>>, `v` INTEGER>',
    );
  });

  it('has oneofs as structs before the other fields', () => {
    const schema = proto3(
      'message A { int32 x = 1; oneof one { string s = 2; B b = 3; } oneof two { int32 t = 4; } } message B { bool y = 1; }',
    );
    expect(contentOf(schema)).toBe(
      'STRUCT<`one_0` STRUCT<`s` STRING, `b` STRUCT<`y` BOOLEAN>>, `two_1` STRUCT<`t` INTEGER>, `x` INTEGER>',
    );
  });

  it('leaves out what SQL has no type for, and says why', () => {
    const schema = proto(
      `syntax = "proto2";
      import "google/protobuf/struct.proto"; import "google/protobuf/empty.proto"; import "confluent/type/decimal.proto";
      message A {
        optional A self = 1; optional B b = 2; map<int32, string> m = 3; optional group G = 4 { optional int32 y = 1; }
        optional google.protobuf.Empty nothing = 5; required int32 kept = 6; optional google.protobuf.Struct json = 7;
        optional confluent.type.Decimal d = 8 [(confluent.field_meta).params = { key: "scale", value: "70" }];
      }
      message B { repeated A back = 1; optional string s = 2; }`,
    );
    const { type, skipped } = protobufFormat.contentOf(schema, null);
    expect(formatType(type)).toBe(
      'STRUCT<`b` STRUCT<`s` STRING>, `kept` INTEGER, `json` STRUCT<`fields` MAP<STRING, STRUCT<`kind_0` ' +
        'STRUCT<`null_value` STRING, `number_value` DOUBLE, `string_value` STRING, `bool_value` BOOLEAN>>>>>',
    );
    expect(skipped).toEqual([
      'self: A contains itself',
      'b.back: A contains itself',
      'm: the keys of a MAP must be of type STRING',
      'g: groups have no type',
      'nothing: google.protobuf.Empty has no fields',
      'json.fields.value.kind_0.struct_value: google.protobuf.Struct contains itself',
      'json.fields.value.kind_0.list_value.values: google.protobuf.Value contains itself',
      'json.fields.value.kind_0.list_value: google.protobuf.ListValue has no fields',
      'd: DECIMAL(64, 70) is no type',
    ]);
  });

  it('is that of the message that is named', () => {
    const schema = proto3(
      'package p; message A { message In { int32 i = 1; } string a = 1; } message B { bool b = 1; }',
    );
    expect(contentOf(schema)).toBe('STRUCT<`a` STRING>');
    expect(contentOf(schema, 'p.B')).toBe('STRUCT<`b` BOOLEAN>');
    expect(contentOf(schema, 'p.A.In')).toBe('STRUCT<`i` INTEGER>');
    expect(() => contentOf(schema, 'B')).toThrow('it has no message "B", only p.A, p.A.In, p.B');
    expect(() => contentOf(proto3('enum E { X = 0; }'))).toThrow('it has no message');
  });

  it('takes types from imports, and names from the innermost scope', () => {
    const schema = proto(
      'syntax = "proto3"; package a.b; import "one.proto"; message M { T outer = 1; x.Far far = 2; message T { string mine = 1; } }',
      [
        { name: 'two.proto', text: 'syntax = "proto3"; package a.x; message Far { int64 n = 1; }' },
        {
          name: 'one.proto',
          text: 'syntax = "proto3"; package a.b; import public "two.proto"; message T { int32 theirs = 1; }',
        },
      ],
    );
    expect(contentOf(schema)).toBe('STRUCT<`outer` STRUCT<`mine` STRING>, `far` STRUCT<`n` BIGINT>>');
    const lacking = proto(schema.text, []);
    expect(() => contentOf(lacking)).toThrow('unknown type x.Far; imports that were not given: one.proto');
  });

  it('knows the presence of fields by edition and features', () => {
    const schema = proto(
      'edition = "2023"; option features.field_presence = IMPLICIT; message A { int32 a = 1; int32 b = 2 [features.field_presence = EXPLICIT]; B c = 3 [features.message_encoding = DELIMITED]; } message B { int32 d = 1; }',
    );
    const { type, skipped } = protobufFormat.contentOf(schema, null);
    expect([formatType(type), skipped]).toEqual(['STRUCT<`a` INTEGER, `b` INTEGER>', ['c: groups have no type']]);
  });

  it.each([
    ['no schema', 'this is no schema', 'illegal token'],
    ['an end too early', 'syntax = "proto3"; message A { int32 a = 1;', 'illegal'],
    ['another syntax', 'syntax = "proto4"; message A { }', 'the syntax "proto4" is not known'],
    ['field number 0', 'syntax = "proto3"; message A { int32 a = 0; }', 'field "a" of A has the number 0'],
    ['a field number too great', 'syntax = "proto3"; message A { int32 a = 536870912; }', 'has the number 536870912'],
    ['one number twice', 'syntax = "proto3"; message A { int32 a = 1; int32 b = 1; }', 'duplicate id 1'],
    ['one name twice', 'syntax = "proto3"; message A { } message A { }', 'duplicate name'],
    ['a name that JavaScript keeps for itself', 'syntax = "proto3"; message A { int32 __proto__ = 1; }', '__proto__'],
    ['messages too deep', `syntax = "proto3"; ${'message A { '.repeat(40)}${'}'.repeat(40)}`, 'max depth exceeded'],
    ['too long a text', `syntax = "proto3"; // ${'x'.repeat(1_000_000)}`, 'longer than 1000000 characters'],
    ['a type from nowhere', 'syntax = "proto3"; message A { B b = 1; }', 'field "b" of A has the unknown type B'],
  ])('refuses %s', (_, text, problem) => {
    for (const read of [() => contentOf(proto(text)), () => protobufFormat.canonical(proto(text))]) {
      try {
        read();
        expect.fail('it was read');
      } catch (error) {
        expect(error).toBeInstanceOf(StatementError);
        expect(error).toMatchObject({ code: 'invalid-schema', message: expect.stringContaining(problem) });
      }
    }
  });

  it('stays small where messages multiply', () => {
    const levels = Array.from({ length: 40 }, (_, i) => `message M${i} { M${i + 1} a = 1; M${i + 1} b = 2; }`);
    const schema = proto3(`${levels.join(' ')} message M40 { int32 x = 1; }`);
    expect(() => contentOf(schema)).toThrow('it has more than 20000 fields');
    const chain = Array.from({ length: 5000 }, (_, i) => `message C${i} { C${i + 1} c = 1; int32 n = 2; }`);
    const { skipped } = protobufFormat.contentOf(proto3(`${chain.join(' ')} message C5000 { }`), null);
    expect(skipped).toEqual([`${'c.'.repeat(63)}c: it is more than 64 messages deep`]);
  });
});

describe('the canonical text', () => {
  it('has one layout and order', () => {
    const loose = proto(`
      // Comments go,
      syntax='proto3'  ; package  a.b;
      import "google/type/date.proto"; /* of any kind */ import "confluent/meta.proto";
      option java_package = "x"; option (foo).bar = {a:1,b:[X,"y\\n"]};
      enum E { A = 0 [deprecated=true, (x).y = 2]; option allow_alias = true; reserved 4 to 7; }
      message M { oneof u { int32 a = 1; string s = 2; } message In { }
        map < string , In> m = 5; repeated int32 r = 3 [packed=false]; reserved "q"; google . type.Date d = 4; }`);
    expect(protobufFormat.canonical(loose)).toBe(`syntax = "proto3";
package a.b;

import "confluent/meta.proto";
import "google/type/date.proto";

option (foo).bar = { a: 1, b: [X, "y\\012"] };
option java_package = "x";

message M {
  reserved "q";

  map<string, In> m = 5;
  repeated int32 r = 3 [packed = false];
  google.type.Date d = 4;

  oneof u {
    int32 a = 1;
    string s = 2;
  }

  message In {}
}
enum E {
  reserved 4 to 7;

  option allow_alias = true;

  A = 0 [
    (x).y = 2,
    deprecated = true
  ];
}
`);
  });

  it('keeps the orders that columns and records follow', () => {
    const one = proto3('message A { int32 a = 1; int32 b = 2; } message B { }');
    for (const other of [
      'message A { int32 b = 2; int32 a = 1; } message B { }',
      'message B { } message A { int32 a = 1; int32 b = 2; }',
      'message A { int32 a = 1; int64 b = 2; } message B { }',
    ]) {
      expect(protobufFormat.canonical(proto3(other))).not.toBe(protobufFormat.canonical(one));
    }
  });

  it('is its own canonical text, and means the same', () => {
    const columns = [...everyScalar, column('D2', decimalType(5, 1)), column('M', mapType(STRING, TIME))];
    const written = schemaFor(columns);
    const texts = [
      written,
      'message Old { required string a = 1 [default = "\\"x\\\\"]; optional group G = 2 { optional int32 n = 1; } extensions 100 to max; }',
      'syntax = "proto3"; service S { rpc Go (stream A) returns (A) { option (http) = { get: "/a" }; } } message A { optional int32 a = 1; }',
    ];
    for (const text of texts) {
      const canonical = protobufFormat.canonical(proto(text));
      expect(protobufFormat.canonical(proto(canonical))).toBe(canonical);
      expect(protobufFormat.contentOf(proto(canonical), null)).toEqual(protobufFormat.contentOf(proto(text), null));
      expect(protobufFormat.incompatibilities(proto(canonical), proto(text))).toEqual([]);
    }
    expect(protobufFormat.canonical(proto(texts[1]!))).toMatch(/^syntax = "proto2";/);
  });
});

describe('incompatibilities', () => {
  const problems = (reader: string, writer: string): readonly string[] =>
    protobufFormat.incompatibilities(proto3(reader), proto3(writer));

  it.each([
    ['nothing changed', 'message A { int32 a = 1; }', 'message A { int32 a = 1; }'],
    ['a field added', 'message A { int32 a = 1; string b = 2; }', 'message A { int32 a = 1; }'],
    ['a field removed', 'message A { int32 a = 1; }', 'message A { int32 a = 1; string b = 2; }'],
    ['a field renamed', 'message A { int32 b = 1; }', 'message A { int32 a = 1; }'],
    [
      'a number widened',
      'message A { int64 a = 1; bool b = 2; }',
      'message A { uint32 a = 1; E b = 2; } enum E { X = 0; }',
    ],
    ['bytes for text', 'message A { bytes a = 1; }', 'message A { string a = 1; }'],
    ['a text repeated', 'message A { repeated string a = 1; }', 'message A { string a = 1; }'],
    ['a message added', 'message A { } message B { }', 'message A { }'],
    [
      'another package',
      'package q; message A { B b = 1; } message B { }',
      'package p; message A { B b = 1; } message B { }',
    ],
    ['enums changed', 'message A { E e = 1; } enum E { Y = 0; }', 'message A { E e = 1; } enum E { X = 0; Z = 4; }'],
    ['a oneof added', 'message A { oneof u { int32 a = 1; } }', 'message A { int32 a = 1; }'],
    ['a oneof removed', 'message A { int32 a = 1; }', 'message A { oneof u { int32 a = 1; } }'],
    ['a message that contains itself', 'message A { A a = 1; int32 n = 2; }', 'message A { A a = 1; }'],
  ])('there are none for %s', (_, reader, writer) => {
    expect(problems(reader, writer)).toEqual([]);
  });

  it.each([
    [
      'message A { string a = 1; }',
      'message A { int32 a = 1; }',
      'field 1 "a" of message "A" of type int32 became string',
    ],
    [
      'message A { sint32 a = 1; }',
      'message A { int32 a = 1; }',
      'field 1 "a" of message "A" of type int32 became sint32',
    ],
    [
      'message A { float a = 1; }',
      'message A { double a = 1; }',
      'field 1 "a" of message "A" of type double became float',
    ],
    [
      'message A { repeated int32 a = 1; }',
      'message A { int32 a = 1; }',
      'field 1 "a" of message "A" of type int32 became repeated int32',
    ],
    [
      'message A { B a = 1; } message B { }',
      'message A { bytes a = 1; }',
      'field 1 "a" of message "A" of type bytes became B',
    ],
    [
      'message A { B a = 1; } message B { } message C { }',
      'message A { C a = 1; } message C { }',
      'field 1 "a" of message "A" of type C became B',
    ],
    [
      'message A { map<string, int32> a = 1; }',
      'message A { map<string, string> a = 1; }',
      'field 1 "a" of message "A" of type string became int32',
    ],
    ['message A { }', 'message A { message In { } }', 'message "A.In" is missing'],
    [
      'message A { oneof u { int32 a = 1; } }',
      'message A { oneof u { int32 a = 1; int32 b = 2; } }',
      'field 2 "b" in oneof "u" of message "A" is missing',
    ],
    [
      'message A { oneof u { int32 a = 1; int32 b = 2; } }',
      'message A { int32 a = 1; int32 b = 2; }',
      'oneof "u" of message "A" is new and takes 2 fields that exist',
    ],
    [
      'message A { oneof u { int32 a = 1; int32 b = 2; } }',
      'message A { oneof u { int32 a = 1; } int32 b = 2; }',
      'field 2 "b" of message "A" moved into the oneof "u", which exists',
    ],
    [
      'message A { B b = 1; message B { string x = 1; } }',
      'message A { B b = 1; message B { int32 x = 1; } }',
      'field 1 "x" of message "A.B" of type int32 became string',
    ],
  ])('%s cannot read %s', (reader, writer, problem) => {
    expect(problems(reader, writer)).toEqual([problem]);
  });

  it('look at required fields and at imported messages', () => {
    const old = proto('message A { required int32 a = 1; optional int32 b = 2; }');
    const young = proto('message A { required int32 b = 2; required int32 c = 3; }');
    expect(protobufFormat.incompatibilities(young, old)).toEqual([
      'field 1 "a" of message "A" is required and missing',
      'field 2 "b" of message "A" became required',
      'field 3 "c" of message "A" is required and new',
    ]);
    const importing = (type: string): SchemaText =>
      proto('syntax = "proto3"; import "b.proto"; message A { p.B b = 1; }', [
        { name: 'b.proto', text: `syntax = "proto3"; package p; message B { ${type} x = 1; }` },
      ]);
    expect(protobufFormat.incompatibilities(importing('string'), importing('int32'))).toEqual([
      'field 1 "x" of message "p.B" of type int32 became string',
    ]);
  });
});

describe('refusals', () => {
  const refused = (type: SqlType): string | null => protobufFormat.refuses([column('V', type)], 'value');

  it('name what Protobuf has no form for', () => {
    expect(refused(mapType(STRING, arrayType(structType([{ name: 'X', type: DATE }]))))).toBeNull();
    expect(refused(arrayType(structType([{ name: 'X', type: mapType(INTEGER, STRING) }])))).toBe(
      'PROTOBUF format only supports MAP types with STRING keys',
    );
    for (const format of [protobufFormat, protobufNosrFormat]) {
      expect(format.refuses([column('V', arrayType(arrayType(INTEGER)))], 'value')).toBe(
        `${format.name} format does not support ARRAY or MAP types within ARRAY types`,
      );
      expect(format.refuses([column('a-b', INTEGER)], 'value')).toContain('does not support the name `a-b`');
    }
    expect(refused(structType([{ name: 'a b', type: INTEGER }]))).toContain('does not support the name `a b`');
    let deep: SqlType = INTEGER;
    for (let i = 0; i < 29; i++) deep = structType([{ name: 'X', type: deep }]);
    expect(refused(deep)).toBeNull();
    expect(contentOf(proto(schemaFor([column('V', deep)])))).toContain('STRUCT');
    expect(refused(structType([{ name: 'X', type: structType([{ name: 'X', type: deep }]) }]))).toContain('at most 30');
  });

  it('know no syntax but those that there are', () => {
    const text = 'syntax = "constructor"; message M { int32 a = 1; }';
    expect(() => protobufFormat.canonical(proto(text))).toThrow('the syntax "constructor" is not known');
  });

  it('look at properties', () => {
    expect(protobufFormat.refusesProperty('fullSchemaName', 'a.b.C')).toBeNull();
    expect(protobufFormat.refusesProperty('fullSchemaName', '')).toBe(
      'fullSchemaName cannot be empty. Format configuration: {fullSchemaName=}',
    );
    expect(protobufFormat.refusesProperty('fullSchemaName', 'a..C')).toContain("'a..C'");
    expect(protobufFormat.refusesProperty('nullableRepresentation', 'optional')).toBeNull();
    expect(protobufFormat.refusesProperty('nullableRepresentation', 'maybe')).toContain('OPTIONAL, WRAPPER');
    expect(protobufFormat.refusesProperty('delimiter', ',')).toBe(
      'PROTOBUF does not support the following configs: [delimiter]',
    );
    expect(protobufNosrFormat.refusesProperty('fullSchemaName', 'a')).toBe(
      'PROTOBUF_NOSR does not support the following configs: [fullSchemaName]',
    );
  });
});
