import { describe, expect, it } from 'vitest';
import { avroFormat } from '../../../src/formats/avro/avro.js';
import type { SchemaContent } from '../../../src/formats/format.js';
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
import { bare, wrapped } from '../../support/avro.js';
import { column } from '../../support/columns.js';

const schemaText = (schema: unknown, imports: readonly unknown[] = []): SchemaText => ({
  type: 'AVRO',
  text: JSON.stringify(schema),
  imports: imports.map((text, i) => ({ name: `import-${i}`, text: JSON.stringify(text) })),
});
const written = (columns: readonly Column[], spec = wrapped): unknown =>
  JSON.parse(avroFormat.schemaFor(spec, columns).text);
const writtenType = (type: SqlType): unknown =>
  (written([column('F', type)]) as { fields: { type: unknown }[] }).fields[0]!.type;
const NAME = 'io.confluent.ksql.avro_schemas.KsqlDataSourceSchema';

describe('the schema of columns', () => {
  it('is the text that Connect writes', () => {
    expect(avroFormat.schemaFor(wrapped, [column('COUNT', BIGINT)])).toEqual({
      type: 'AVRO',
      text:
        '{"type":"record","name":"KsqlDataSourceSchema","namespace":"io.confluent.ksql.avro_schemas","fields":' +
        `[{"name":"COUNT","type":["null","long"],"default":null}],"connect.name":"${NAME}"}`,
      imports: [],
    });
  });

  it.each<[SqlType, unknown]>([
    [BOOLEAN, 'boolean'],
    [INTEGER, 'int'],
    [BIGINT, 'long'],
    [DOUBLE, 'double'],
    [STRING, 'string'],
    [BYTES, 'bytes'],
    [
      DATE,
      {
        type: 'int',
        'connect.version': 1,
        'connect.name': 'org.apache.kafka.connect.data.Date',
        logicalType: 'date',
      },
    ],
    [
      TIME,
      {
        type: 'int',
        'connect.version': 1,
        'connect.name': 'org.apache.kafka.connect.data.Time',
        logicalType: 'time-millis',
      },
    ],
    [
      TIMESTAMP,
      {
        type: 'long',
        'connect.version': 1,
        'connect.name': 'org.apache.kafka.connect.data.Timestamp',
        logicalType: 'timestamp-millis',
      },
    ],
    [
      decimalType(4, 2),
      {
        type: 'bytes',
        scale: 2,
        precision: 4,
        'connect.version': 1,
        'connect.parameters': { scale: '2', 'connect.decimal.precision': '4' },
        'connect.name': 'org.apache.kafka.connect.data.Decimal',
        logicalType: 'decimal',
      },
    ],
    [arrayType(BIGINT), { type: 'array', items: ['null', 'long'] }],
    [
      mapType(STRING, DOUBLE),
      {
        type: 'array',
        items: {
          type: 'record',
          name: 'KsqlDataSourceSchema_F',
          fields: [
            { name: 'key', type: ['null', 'string'], default: null },
            { name: 'value', type: ['null', 'double'], default: null },
          ],
          'connect.internal.type': 'MapEntry',
        },
        'connect.name': `${NAME}_F`,
      },
    ],
    [
      structType([{ name: 'A', type: arrayType(structType([{ name: 'b', type: INTEGER }])) }]),
      {
        type: 'record',
        name: 'KsqlDataSourceSchema_F',
        fields: [
          {
            name: 'A',
            type: [
              'null',
              {
                type: 'array',
                items: [
                  'null',
                  {
                    type: 'record',
                    name: 'KsqlDataSourceSchema_F_A',
                    fields: [{ name: 'b', type: ['null', 'int'], default: null }],
                    'connect.name': `${NAME}_F_A`,
                  },
                ],
              },
            ],
            default: null,
          },
        ],
        'connect.name': `${NAME}_F`,
      },
    ],
  ])('$kind', (type, expected) => {
    expect(writtenType(type)).toEqual(['null', expected]);
  });

  it('keeps the order of members that Connect has', () => {
    const { text } = avroFormat.schemaFor(wrapped, [column('D', decimalType(4, 2))]);
    expect(text).toContain(
      '{"type":"bytes","scale":2,"precision":4,"connect.version":1,' +
        '"connect.parameters":{"scale":"2","connect.decimal.precision":"4"},' +
        '"connect.name":"org.apache.kafka.connect.data.Decimal","logicalType":"decimal"}',
    );
  });

  it('calls the record of a value in a map after the way to it', () => {
    const type = writtenType(mapType(STRING, structType([{ name: 'A', type: INTEGER }])));
    expect(JSON.stringify(type)).toContain('"name":"KsqlDataSourceSchema_F_MapValue"');
  });

  it('of a bare column may be null, except for a STRUCT', () => {
    expect(written([column('V', INTEGER)], bare)).toEqual(['null', 'int']);
    expect(written([column('V', structType([{ name: 'A', type: INTEGER }]))], bare)).toMatchObject({
      type: 'record',
      name: 'KsqlDataSourceSchema',
      fields: [{ name: 'A' }],
    });
  });

  it('has the name that was chosen, and records inside too', () => {
    const spec = { ...wrapped, properties: { fullSchemaName: 'com.acme.Order' } };
    const schema = written([column('S', structType([{ name: 'A', type: INTEGER }]))], spec);
    expect(schema).toMatchObject({
      name: 'Order',
      namespace: 'com.acme',
      'connect.name': 'com.acme.Order',
      fields: [{ type: ['null', { name: 'Order_S', 'connect.name': 'com.acme.Order_S' }] }],
    });
    const plain = written([column('A', INTEGER)], { ...wrapped, properties: { fullSchemaName: 'Order' } });
    expect(plain).toMatchObject({ name: 'Order', 'connect.name': 'Order' });
    expect(plain).not.toHaveProperty('namespace');
  });

  it('mentions a record that it has already', () => {
    const a = column('A', structType([{ name: 'B_C', type: structType([{ name: 'X', type: INTEGER }]) }]));
    const b = column('A_B', structType([{ name: 'C', type: structType([{ name: 'X', type: INTEGER }]) }]));
    expect(JSON.stringify(written([a, b]))).toContain('["null","KsqlDataSourceSchema_A_B_C"]');
    const other = column('A_B', structType([{ name: 'C', type: structType([{ name: 'X', type: STRING }]) }]));
    expect(avroFormat.refuses([a, other], 'value')).toBe(
      `Schema is not compatible with Avro: Can't redefine: ${NAME}_A_B_C`,
    );
  });
});

describe('what is refused', () => {
  it.each<[string, readonly Column[], 'key' | 'value', string | null]>([
    ['nothing', [], 'key', null],
    ['columns', [column('A', INTEGER), column('b_1', mapType(STRING, DATE)), column('É', STRING)], 'value', null],
    [
      'a map with other keys',
      [column('A', mapType(INTEGER, INTEGER))],
      'value',
      'Avro only supports MAPs with STRING keys',
    ],
    [
      'such a map inside',
      [column('A', arrayType(structType([{ name: 'M', type: mapType(BIGINT, STRING) }])))],
      'key',
      'Avro only supports MAPs with STRING keys',
    ],
    [
      'a digit first',
      [column('1A', INTEGER)],
      'value',
      'Schema is not compatible with Avro: Illegal initial character: 1A',
    ],
    ['a blank', [column('A b', INTEGER)], 'value', 'Schema is not compatible with Avro: Illegal character in: A b'],
    [
      'a field',
      [column('A', structType([{ name: 'x-y', type: INTEGER }]))],
      'value',
      'Schema is not compatible with Avro: Illegal character in: x-y',
    ],
    [
      'several key columns',
      [column('A', INTEGER), column('@', INTEGER)],
      'key',
      'Schema is not compatible with Avro: Illegal initial character: @',
    ],
    ['no name of a bare key', [column('1A', INTEGER)], 'key', null],
  ])('%s', (_, columns, target, reason) => {
    expect(avroFormat.refuses(columns, target)).toBe(reason);
  });

  it('properties', () => {
    expect(avroFormat.refusesProperty('fullSchemaName', 'a.B')).toBeNull();
    expect(avroFormat.refusesProperty('fullSchemaName', ' ')).toBe(
      'fullSchemaName cannot be empty. Format configuration: {fullSchemaName= }',
    );
    expect(avroFormat.refusesProperty('fullSchemaName', 'a.1B')).toBe(
      'Schema is not compatible with Avro: Illegal initial character: 1B',
    );
    expect(avroFormat.refusesProperty('delimiter', ';')).toBe(
      'AVRO does not support the following configs: [delimiter]',
    );
  });
});

const contentOf = (schema: unknown, fullName: string | null = null): SchemaContent =>
  avroFormat.contentOf(schemaText(schema), fullName);
const record = (name: string, fields: Readonly<Record<string, unknown>>, more: object = {}) => ({
  type: 'record',
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
  ...more,
});
const entries = (key: unknown, value: unknown, more: object = { 'connect.internal.type': 'MapEntry' }) => ({
  type: 'array',
  items: record('Entry', { key, value }, more),
});

describe('the content of a schema', () => {
  it.each<[string, unknown]>([
    ['BOOLEAN', 'boolean'],
    ['INTEGER', 'int'],
    ['INTEGER', { type: 'int', 'connect.type': 'int8' }],
    ['INTEGER', { type: 'int', 'connect.type': 'int16' }],
    ['BIGINT', 'long'],
    ['BIGINT', { type: 'long', namespace: 'com.left', name: 'Left' }],
    ['BIGINT', { type: 'long', logicalType: 'local-timestamp-millis' }],
    ['DOUBLE', 'float'],
    ['DOUBLE', 'double'],
    ['STRING', 'string'],
    ['STRING', { type: 'string', logicalType: 'uuid' }],
    ['STRING', { type: 'enum', name: 'E', symbols: ['A'] }],
    ['BYTES', 'bytes'],
    ['BYTES', { type: 'fixed', name: 'F', size: 16 }],
    ['DECIMAL(10, 3)', { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 3 }],
    ['DECIMAL(10, 0)', { type: 'bytes', logicalType: 'decimal', precision: 10 }],
    ['DECIMAL(64, 1)', { type: 'bytes', logicalType: 'decimal', scale: 1 }],
    ['DECIMAL(20, 3)', { type: 'fixed', name: 'F', size: 9, logicalType: 'decimal', precision: 20, scale: 3 }],
    [
      'DECIMAL(9, 4)',
      {
        type: 'bytes',
        'connect.name': 'org.apache.kafka.connect.data.Decimal',
        'connect.parameters': { scale: '4', 'connect.decimal.precision': '9' },
      },
    ],
    ['BYTES', { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 3 }],
    ['BYTES', { type: 'bytes', logicalType: 'decimal', precision: 'many' }],
    ['DATE', { type: 'int', logicalType: 'date' }],
    ['DATE', { type: 'int', 'connect.name': 'org.apache.kafka.connect.data.Date', 'connect.version': 1 }],
    ['INTEGER', { type: 'int', logicalType: 'timestamp-millis' }],
    ['TIME', { type: 'int', logicalType: 'time-millis' }],
    ['TIME', { type: 'int', 'connect.name': 'org.apache.kafka.connect.data.Time' }],
    ['TIME', { type: 'long', logicalType: 'time-micros' }],
    ['TIMESTAMP', { type: 'long', logicalType: 'timestamp-millis' }],
    ['TIMESTAMP', { type: 'long', logicalType: 'timestamp-micros' }],
    ['TIMESTAMP', { type: 'long', 'connect.name': 'org.apache.kafka.connect.data.Timestamp' }],
    ['BIGINT', ['null', 'long']],
    ['BIGINT', ['long', 'null']],
    ['ARRAY<STRING>', { type: 'array', items: ['null', 'string'] }],
    ['MAP<STRING, DOUBLE>', { type: 'map', values: 'float' }],
    ['MAP<STRING, DOUBLE>', entries(['null', 'string'], ['null', 'double'])],
    [
      'MAP<STRING, DOUBLE>',
      {
        type: 'array',
        items: record('MapEntry', { value: 'double', key: 'long' }, { namespace: 'io.confluent.connect.avro' }),
      },
    ],
    ['ARRAY<STRUCT<`key` STRING, `value` DOUBLE>>', entries('string', 'double', {})],
    ['STRUCT<`a` INTEGER>', record('R', { a: 'int' })],
    ['STRUCT<`int` INTEGER, `string` STRING>', ['int', 'string', 'null']],
    [
      'STRUCT<`R` STRUCT<`a` INTEGER>, `array` ARRAY<BOOLEAN>>',
      [record('a.R', { a: 'int' }), { type: 'array', items: 'boolean' }],
    ],
    ['STRUCT<`string` STRING>', ['string']],
  ])('%s', (expected, type) => {
    const { type: found, skipped } = contentOf(record('Root', { F: type }));
    expect(formatType(found)).toBe(`STRUCT<\`F\` ${expected}>`);
    expect(skipped).toEqual([]);
  });

  it('is the type itself when it is no record', () => {
    expect(contentOf('int').type).toEqual(INTEGER);
    expect(contentOf({ type: 'string' }).type).toEqual(STRING);
    expect(contentOf(['null', { type: 'array', items: 'int' }]).type).toEqual(arrayType(INTEGER));
  });

  it('finds types by name, in the namespace around them and in imports', () => {
    const schema = record('a.b.R', {
      x: { type: 'fixed', name: 'F', size: 2 },
      y: 'F',
      z: ['null', 'a.b.F'],
      w: 'c.Imported',
      v: { type: 'record', name: 'Other', namespace: 'd', fields: [{ name: 'g', type: 'a.b.F' }] },
    });
    const imported = { type: 'enum', name: 'Imported', namespace: 'c', symbols: ['S'] };
    const { type } = avroFormat.contentOf(schemaText(schema, [imported]), null);
    expect(formatType(type)).toBe('STRUCT<`x` BYTES, `y` BYTES, `z` BYTES, `w` STRING, `v` STRUCT<`g` BYTES>>');
  });

  it('leaves out what SQL has no type for, and says so', () => {
    const { type, skipped } = contentOf(
      record('R', {
        a: 'int',
        n: 'null',
        m: entries('double', 'int'),
        s: record('S', { x: 'string', next: ['null', 'S'], t: { type: 'map', values: 'null' } }),
        r: ['null', 'R'],
        e: record('E', {}),
        l: { type: 'array', items: record('L', { n: 'null' }) },
        u: [
          { type: 'fixed', name: 'x.U', size: 1 },
          { type: 'fixed', name: 'y.U', size: 1 },
        ],
      }),
    );
    expect(formatType(type)).toBe('STRUCT<`a` INTEGER, `s` STRUCT<`x` STRING>>');
    expect(skipped).toEqual([
      'n: null is the only value',
      'm: the keys of the map are of type double',
      's.next: the record S holds itself',
      's.t: null is the only value',
      'r: the record R holds itself',
      'e: the record E has no fields that SQL has a type for',
      'l: the record L has no fields that SQL has a type for',
      'u: two branches of the union have the same name',
    ]);
  });

  it('is that of the record that was chosen', () => {
    const union = ['null', record('a.First', { x: 'int' }), record('a.Second', { y: 'string' })];
    expect(formatType(contentOf(union).type)).toBe('STRUCT<`x` INTEGER>');
    expect(formatType(contentOf(union, 'a.Second').type)).toBe('STRUCT<`y` STRING>');
    expect(formatType(contentOf(record('a.Only', { y: 'string' }), 'a.Second').type)).toBe('STRUCT<`y` STRING>');
    expect(() => contentOf(union, 'a.Third')).toThrow('there is no record a.Third, only a.First, a.Second');
  });

  it('is refused when it would be endless', () => {
    const levels = 40;
    const imports = [...Array(levels).keys()].map((i) =>
      i === 0 ? record('R0', { a: 'int' }) : record(`R${i}`, { a: `R${i - 1}`, b: `R${i - 1}` }),
    );
    expect(() => avroFormat.contentOf(schemaText(`R${levels - 1}`, imports), null)).toThrow('more than 20000 fields');
  });
});

describe('a schema that is none', () => {
  it.each<[string, string, string]>([
    ['no JSON', '{', 'invalid JSON at character 2'],
    ['a number', '1', 'a name, a list or an object is expected'],
    ['no type', '{"name":"A"}', 'there is no "type"'],
    ['an unknown type', '"Foo"', 'there is no type "Foo"'],
    ['a record without a name', '{"type":"record","fields":[]}', 'the record has no "name"'],
    ['a record without fields', '{"type":"record","name":"A"}', 'the record has no "fields"'],
    ['a bad name', '{"type":"record","name":"a.1","fields":[]}', 'Illegal initial character: 1'],
    [
      'a bad field',
      '{"type":"record","name":"A","fields":[{"name":"a-b","type":"int"}]}',
      'Illegal character in: a-b, path: /fields/0',
    ],
    [
      'a field without a type',
      '{"type":"record","name":"A","fields":[{"name":"a"}]}',
      'there is no "type", path: /fields/0',
    ],
    [
      'a field twice',
      '{"type":"record","name":"A","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
      'has a field "a" already',
    ],
    ['an array without items', '{"type":"array"}', 'there is no "items"'],
    ['a map without values', '{"type":"map"}', 'there is no "values"'],
    ['an enum without symbols', '{"type":"enum","name":"E"}', 'the enum has no "symbols"'],
    ['a symbol twice', '{"type":"enum","name":"E","symbols":["A","A"]}', 'the enum has a symbol twice'],
    ['a bad symbol', '{"type":"enum","name":"E","symbols":["A b"]}', 'Illegal character in: A b'],
    [
      'a bad default symbol',
      '{"type":"enum","name":"E","symbols":["A"],"default":"B"}',
      'the default of the enum is none of its symbols',
    ],
    ['a size that is none', '{"type":"fixed","name":"F","size":-1}', 'is no number of bytes'],
    ['a union in a union', '["int",["string"]]', 'a union within a union, path: /1'],
    ['a branch twice', '["int","int"]', 'int is a branch of the union already'],
    [
      'a name twice',
      '[{"type":"fixed","name":"F","size":1},{"type":"array","items":{"type":"fixed","name":"F","size":2}}]',
      "Can't redefine: F",
    ],
    [
      'a record in itself',
      '{"type":"record","name":"A","fields":[{"name":"a","type":"A"}]}',
      'the record holds itself, so that it never ends',
    ],
    [
      'a record in itself by way of another',
      '{"type":"record","name":"A","fields":[{"name":"u","type":["null",{"type":"record","name":"B","fields":[{"name":"a","type":"A"}]}]},{"name":"b","type":"B"}]}',
      'the record holds itself, so that it never ends',
    ],
    [
      'too deep',
      `${'{"type":"array","items":'.repeat(150)}"int"${'}'.repeat(150)}`,
      'it nests types deeper than 100 levels',
    ],
    ['far too deep', '['.repeat(100_000), 'nested deeper than'],
    ['too long', `"${'x'.repeat(1_000_001)}"`, 'longer than 1000000 characters'],
  ])('%s', (_, text, message) => {
    const schema: SchemaText = { type: 'AVRO', text, imports: [] };
    for (const work of [
      () => avroFormat.canonical(schema),
      () => avroFormat.contentOf(schema, null),
      () => avroFormat.incompatibilities(schema, schema),
    ]) {
      expect(work).toThrow(StatementError);
      expect(work).toThrow(message);
      try {
        work();
      } catch (error) {
        expect((error as StatementError).code).toBe('invalid-schema');
      }
    }
  });

  it('is one of another kind', () => {
    expect(() => avroFormat.canonical({ type: 'JSON', text: '{}', imports: [] })).toThrow(
      'it is a schema of type JSON',
    );
  });
});

describe('canonical text', () => {
  const canonical = (text: string): string => avroFormat.canonical({ type: 'AVRO', text, imports: [] });

  it('has no blanks and one order', () => {
    const text = canonical(`{
      "namespace": "a", "doc": "of a thing", "x": {"b": 1.0, "a": [1e2, null]}, "fields": [
        {"type": {"type": "int"}, "order": "ascending", "name": "n", "default": 9007199254740993, "doc": "d", "aliases": ["m"]},
        {"name": "f", "type": {"size": 2, "name": "a.F", "type": "fixed"}},
        {"name": "g", "type": ["null", "F"], "default": null, "order": "descending"},
        {"name": "e", "type": {"type": "enum", "name": "b.E", "symbols": ["A"], "default": "A", "aliases": ["O"]}},
        {"name": "l", "type": {"type": "array", "items": "b.E"}},
        {"name": "r", "type": {"type": "map", "values": "R"}},
        {"name": "t", "type": {"logicalType": "date", "type": "int", "connect.version": 1}}
      ], "aliases": ["Q", "z.Q"], "name": "R", "type": "record" }`);
    expect(text).toBe(
      '{"type":"record","name":"R","namespace":"a","doc":"of a thing","fields":[' +
        '{"name":"n","type":"int","doc":"d","default":9007199254740993,"aliases":["m"]},' +
        '{"name":"f","type":{"type":"fixed","name":"F","size":2}},' +
        '{"name":"g","type":["null","F"],"default":null,"order":"descending"},' +
        '{"name":"e","type":{"type":"enum","name":"E","namespace":"b","symbols":["A"],"default":"A","aliases":["b.O"]}},' +
        '{"name":"l","type":{"type":"array","items":"b.E"}},' +
        '{"name":"r","type":{"type":"map","values":"R"}},' +
        '{"name":"t","type":{"type":"int","connect.version":1,"logicalType":"date"}}' +
        '],"x":{"a":[1e2,null],"b":1.0},"aliases":["a.Q","z.Q"]}',
    );
    expect(canonical(text)).toBe(text);
  });

  it('tells names without a namespace from those around them', () => {
    const text = canonical(
      '{"type":"record","name":"a.R","fields":[{"name":"x","type":{"type":"fixed","name":"F","namespace":"","size":1}},{"name":"y","type":"F"}]}',
    );
    expect(text).toContain('{"type":"fixed","name":"F","namespace":"","size":1}');
    expect(canonical(text)).toBe(text);
  });

  it('mentions what is imported', () => {
    const schema = schemaText(record('R', { a: 'x.F' }), [{ type: 'fixed', name: 'x.F', size: 1 }]);
    expect(avroFormat.canonical(schema)).toBe('{"type":"record","name":"R","fields":[{"name":"a","type":"x.F"}]}');
  });
});

describe('compatibility', () => {
  const field = (name: string, type: unknown, more: object = {}) => ({ name, type, ...more });
  const of = (...fields: readonly object[]) => ({ type: 'record', name: 'R', fields });
  const fixed = (name: string, size: number) => ({ type: 'fixed', name, size });
  const enumOf = (symbols: readonly string[], more: object = {}) => ({ type: 'enum', name: 'E', symbols, ...more });
  const self = (more: readonly object[]) => of(field('next', ['null', 'R']), ...more);

  it.each<[string, unknown, unknown, readonly string[]]>([
    ['the same', of(field('a', 'int')), of(field('a', 'int')), []],
    ['a field less', of(), of(field('a', 'int')), []],
    ['a field more with a default', of(field('a', 'int', { default: 0 })), of(), []],
    [
      'a field more without one',
      of(field('b', 'int'), field('a', 'int')),
      of(field('b', 'int')),
      [
        "READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: the field 'a' has no default value and is missing in the writer's schema",
      ],
    ],
    ['an enum with a default of its own', of(field('a', enumOf(['A'], { default: 'A' }))), of(), []],
    ['an alias', of(field('a', 'int', { aliases: ['b'] })), of(field('b', 'int')), []],
    [
      'other fields in another order',
      of(field('a', 'int'), field('b', 'int')),
      of(field('b', 'int'), field('a', 'int')),
      [],
    ],
    ['int as long', 'long', 'int', []],
    [
      'long as int',
      of(field('a', 'int')),
      of(field('a', 'long')),
      ['TYPE_MISMATCH at /fields/0/type: the reader has int, the writer long'],
    ],
    ['long as float', 'float', 'long', []],
    ['float as double', 'double', 'float', []],
    ['double as float', 'float', 'double', ['TYPE_MISMATCH at /: the reader has float, the writer double']],
    ['string as bytes', 'bytes', 'string', []],
    ['bytes as string', 'string', 'bytes', []],
    ['int as string', 'string', 'int', ['TYPE_MISMATCH at /: the reader has string, the writer int']],
    [
      'items',
      { type: 'array', items: { type: 'map', values: 'int' } },
      { type: 'array', items: { type: 'map', values: 'string' } },
      ['TYPE_MISMATCH at /items/values: the reader has int, the writer string'],
    ],
    ['a type as a union with it', ['null', 'long'], 'int', []],
    ['a union as a type', 'int', ['null', 'int'], ['TYPE_MISMATCH at /: the reader has int, the writer null']],
    ['a union of one', 'long', ['int'], []],
    ['a smaller union', ['null', 'int', 'string'], ['int', 'null'], []],
    [
      'a larger union',
      of(field('a', ['null', 'int'])),
      of(field('a', ['null', 'int', 'boolean'])),
      ['MISSING_UNION_BRANCH at /fields/0/type/2: the union of the reader has no branch for boolean'],
    ],
    [
      'a union without it',
      ['null', 'int'],
      'string',
      ['MISSING_UNION_BRANCH at /: the union of the reader has no branch for string'],
    ],
    ['more symbols', enumOf(['A', 'B', 'C']), enumOf(['C', 'A']), []],
    [
      'fewer symbols',
      enumOf(['A']),
      enumOf(['A', 'B', 'C']),
      ['MISSING_ENUM_SYMBOLS at /symbols: the reader lacks B, C'],
    ],
    ['fewer symbols and a default', enumOf(['A'], { default: 'A' }), enumOf(['A', 'B']), []],
    ['a size', fixed('F', 2), fixed('F', 3), ['FIXED_SIZE_MISMATCH at /size: the reader has 2 bytes, the writer 3']],
    ['a name', fixed('F', 2), fixed('G', 2), ['NAME_MISMATCH at /name: the reader has F, the writer G']],
    ['a name with an alias', { ...fixed('F', 2), aliases: ['G'] }, fixed('G', 2), []],
    ['a namespace', fixed('a.F', 2), fixed('b.F', 2), []],
    ['a record in itself', self([]), self([field('a', 'int')]), []],
    [
      'a record in itself that lacks a field',
      self([field('a', 'int')]),
      self([]),
      [
        "READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: the field 'a' has no default value and is missing in the writer's schema",
      ],
    ],
    [
      'the same record in several places',
      of(field('x', { type: 'record', name: 'S', fields: [field('i', 'int')] }), field('y', ['null', 'S'])),
      of(field('x', { type: 'record', name: 'S', fields: [field('i', 'long')] }), field('y', ['null', 'S'])),
      [
        'TYPE_MISMATCH at /fields/0/type/fields/0/type: the reader has int, the writer long',
        'MISSING_UNION_BRANCH at /fields/1/type/1: the union of the reader has no branch for record S',
      ],
    ],
  ])('%s', (_, reader, writer, expected) => {
    expect(avroFormat.incompatibilities(schemaText(reader), schemaText(writer))).toEqual(expected);
  });

  it('is found in time, and lists so many reasons only', () => {
    const levels = (last: string) =>
      [...Array(40).keys()].map((i) =>
        i === 0 ? record('R0', { a: last }) : record(`R${i}`, { a: `R${i - 1}`, b: `R${i - 1}` }),
      );
    const problems = avroFormat.incompatibilities(
      schemaText('R39', levels('int')),
      schemaText('R39', levels('string')),
    );
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(200);
  });
});
