import { describe, expect, it } from 'vitest';
import type { FormatSpec } from '../../../src/formats/format.js';
import { jsonFormat } from '../../../src/formats/json.js';
import { jsonSrFormat } from '../../../src/formats/json-sr/json-sr.js';
import { decodeRow, encodeRow } from '../../../src/formats/row-codec.js';
import type { SchemaImport } from '../../../src/formats/schema-registry/schema-registry.js';
import { RecordError } from '../../../src/model/errors.js';
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

const plain = (unwrapped = false): FormatSpec => ({ name: 'JSON_SR', properties: {}, unwrapped });
const schemaOf = (columns: readonly Column[], spec = plain()): unknown =>
  JSON.parse(jsonSrFormat.schemaFor(spec, columns).text);

/** The format with the schema it registers for the columns, or another one. */
function writing(columns: readonly Column[], schema?: unknown, unwrapped = false): FormatSpec {
  const spec = plain(unwrapped);
  const text = schema === undefined ? jsonSrFormat.schemaFor(spec, columns).text : JSON.stringify(schema);
  return { ...spec, schema: { type: 'JSON', text, imports: [], id: 0x01020304 } };
}

function write(columns: readonly Column[], row: readonly SqlValue[], schema?: unknown, unwrapped = false): string {
  const bytes = encodeRow(jsonSrFormat, writing(columns, schema, unwrapped), columns, row)!;
  expect([...bytes.subarray(0, 5)]).toEqual([0, 1, 2, 3, 4]);
  return bytes.toString('utf8', 5);
}

const framed = (json: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), Buffer.from(json)]);

describe('the schema of columns', () => {
  it('notes positions and lets every column be null', () => {
    expect(schemaOf([column('ID', INTEGER), column('quoted name', STRING)])).toEqual({
      type: 'object',
      properties: {
        ID: { 'connect.index': 0, oneOf: [{ type: 'null' }, { type: 'integer', 'connect.type': 'int32' }] },
        'quoted name': { 'connect.index': 1, oneOf: [{ type: 'null' }, { type: 'string' }] },
      },
    });
  });

  const logical = (name: string, connectType: string) => ({
    type: 'integer',
    title: `org.apache.kafka.connect.data.${name}`,
    'connect.version': 1,
    'connect.type': connectType,
  });
  it.each<[SqlType, unknown]>([
    [BOOLEAN, { type: 'boolean' }],
    [BIGINT, { type: 'integer', 'connect.type': 'int64' }],
    [DOUBLE, { type: 'number', 'connect.type': 'float64' }],
    [BYTES, { type: 'string', 'connect.type': 'bytes' }],
    [DATE, logical('Date', 'int32')],
    [TIME, logical('Time', 'int32')],
    [TIMESTAMP, logical('Timestamp', 'int64')],
    [
      decimalType(4, 2),
      {
        type: 'number',
        title: 'org.apache.kafka.connect.data.Decimal',
        'connect.version': 1,
        'connect.type': 'bytes',
        'connect.parameters': { scale: '2', 'connect.decimal.precision': '4' },
      },
    ],
    [arrayType(STRING), { type: 'array', items: { oneOf: [{ type: 'null' }, { type: 'string' }] } }],
    [
      mapType(STRING, BOOLEAN),
      {
        type: 'array',
        'connect.type': 'map',
        items: {
          type: 'object',
          properties: {
            key: { 'connect.index': 0, oneOf: [{ type: 'null' }, { type: 'string' }] },
            value: { 'connect.index': 1, oneOf: [{ type: 'null' }, { type: 'boolean' }] },
          },
        },
      },
    ],
    [
      structType([{ name: 'F', type: BOOLEAN }]),
      {
        type: 'object',
        properties: { F: { 'connect.index': 0, oneOf: [{ type: 'null' }, { type: 'boolean' }] } },
      },
    ],
  ])('%j', (type, schema) => {
    expect(schemaOf([column('V', type)], plain(true))).toEqual({ oneOf: [{ type: 'null' }, schema] });
  });

  it('has the full name as its title', () => {
    const spec = { ...plain(), properties: { fullSchemaName: 'io.acme.Order' } };
    expect(schemaOf([column('A', BOOLEAN)], spec)).toMatchObject({ title: 'io.acme.Order', type: 'object' });
    const text = jsonSrFormat.schemaFor(spec, [column('A', BOOLEAN)]).text;
    const schema = { type: 'JSON' as const, text, imports: [], id: 1 };
    expect(encodeRow(jsonSrFormat, { ...spec, schema }, [column('A', BOOLEAN)], [true])).not.toBeNull();
    expect(jsonSrFormat.refusesProperty('fullSchemaName', ' ')).toContain('fullSchemaName cannot be empty');
    expect(jsonSrFormat.refusesProperty('fullSchemaName', 'X')).toBeNull();
    expect(jsonSrFormat.refusesProperty('delimiter', '|')).toBe(
      'JSON_SR does not support the following configs: [delimiter]',
    );
  });
});

describe('writing', () => {
  const columns = [
    column('A', INTEGER),
    column('D', decimalType(6, 4)),
    column('AT', TIMESTAMP),
    column('B', BYTES),
    column('M', mapType(STRING, DOUBLE)),
    column('S', structType([{ name: 'X', type: arrayType(DATE) }])),
  ];

  it('is framed JSON, decimals and times as numbers, maps as entries', () => {
    const map = new Map<SqlValue, SqlValue>([
      ['a', 1],
      [null, null],
    ]);
    expect(write(columns, [1, 100000n, 5, Buffer.from('hi'), map, [[1, null]]])).toBe(
      '{"A":1,"D":10.0000,"AT":5,"B":"aGk=","M":[{"key":"a","value":1.0},{"key":null,"value":null}],"S":{"X":[1,null]}}',
    );
    expect(
      write(
        columns,
        columns.map(() => null),
      ),
    ).toBe('{"A":null,"D":null,"AT":null,"B":null,"M":null,"S":null}');
  });

  it('unwraps a single column, and null is no record', () => {
    expect(write([column('K', INTEGER)], [7], undefined, true)).toBe('7');
    const spec = writing([column('K', INTEGER)], undefined, true);
    expect(encodeRow(jsonSrFormat, spec, [column('K', INTEGER)], [null], 'key')).toBeNull();
    expect(encodeRow(jsonSrFormat, plain(true), [], [], 'key')).toBeNull();
  });

  const order = {
    type: 'object',
    required: ['id', 'lines'],
    properties: {
      note: { type: 'string' },
      id: { type: 'integer' },
      lines: {
        type: 'array',
        items: { type: 'object', required: ['sku'], properties: { sku: { type: 'string' }, n: { type: 'number' } } },
      },
      tags: { type: 'object', additionalProperties: { type: 'string' } },
    },
  };
  const orderColumns = [
    column('ID', BIGINT),
    column('lines', arrayType(structType([{ name: 'SKU', type: STRING }]))),
    column('EXTRA', BOOLEAN),
    column('TAGS', mapType(STRING, STRING)),
  ];

  it('follows a schema of somebody else: its names, its order, its members that no column has', () => {
    expect(write(orderColumns, [5, [['a']], true, new Map([['k', 'v']])], order)).toBe(
      '{"note":null,"id":5,"lines":[{"sku":"a","n":null}],"tags":{"k":"v"},"EXTRA":true}',
    );
  });

  it.each<[string, SqlValue[], string]>([
    ['a member', [null, [], true, null], '$.id'],
    ['an element', [1, [null], true, null], '$.lines[]'],
    ['a member of an element', [1, [[null]], true, null], '$.lines[].sku'],
    ['an entry', [1, [], true, new Map([['k', null]])], '$.tags.*'],
  ])('refuses null where the schema wants a value: %s', (_, row, path) => {
    const problem = new RecordError(
      'serialization',
      `the value is null, and the schema wants one, path: ${path}`,
      'value',
    );
    expect(() => write(orderColumns, row, order)).toThrow(problem);
  });

  it('leaves nothing in the sink when it refuses', () => {
    const spec = writing(orderColumns, order);
    const sink = { bytes: Buffer.alloc(1000), position: 3, reserve: () => {} };
    const { write } = jsonSrFormat.serializer(spec, orderColumns, 'value');
    expect(() => write(sink, 1, [null], true, null)).toThrow(RecordError);
    const bare = jsonSrFormat.serializer(
      writing([column('V', arrayType(STRING))], { type: 'array', items: { type: 'string' } }, true),
      [column('V', arrayType(STRING))],
      'value',
    );
    expect(() => bare.write(sink, [null])).toThrow(RecordError);
    expect(sink.position).toBe(3);
  });
});

describe('reading', () => {
  const columns = [column('A', INTEGER), column('M', mapType(STRING, INTEGER))];
  const read = (bytes: Buffer) => decodeRow(jsonSrFormat, plain(), columns, bytes);

  it('reads the JSON behind the frame, whatever its schema', () => {
    expect(read(framed('{"a":"5","M":{"x":1}}'))).toEqual([5, new Map([['x', 1]])]);
    expect(read(framed('{"M":[{"key":"x","value":1},{"key":null}]}'))).toEqual([
      null,
      new Map<SqlValue, SqlValue>([
        ['x', 1],
        [null, null],
      ]),
    ]);
    expect(read(framed('null'))).toBeNull();
    expect(decodeRow(jsonSrFormat, plain(true), [column('V', STRING)], framed('12'))).toEqual(['12']);
    expect(decodeRow(jsonSrFormat, plain(true), [], Buffer.from('anything'), 'key')).toEqual([]);
  });

  it('says when there is no frame', () => {
    const words =
      'the value does not begin with the magic byte and the id of a schema, as JSON_SR with a schema registry does';
    for (const bytes of [Buffer.from('{"A":1}'), Buffer.from([0, 0, 0, 1]), Buffer.alloc(0)]) {
      expect(() => read(bytes)).toThrow(new RecordError('deserialization', words, 'value'));
    }
  });

  it('says what is wrong behind the frame', () => {
    expect(() => read(framed('{"A":true}'))).toThrow(
      "Can't convert type. sourceType: boolean, requiredType: INTEGER, path: $.A",
    );
    expect(() => read(framed('{"M":[{"key":"x","value":"y"}]}'))).toThrow('path: $.M[0]');
    expect(() => read(framed('{"M":[["x",1]]}'))).toThrow(
      "Can't convert type. sourceType: array, requiredType: MAP<STRING, INTEGER>",
    );
    expect(() => read(framed(''))).toThrow('invalid JSON');
  });

  it('leaves lists of entries to JSON_SR', () => {
    const bytes = Buffer.from('{"M":[{"key":"x","value":1}]}');
    expect(() => decodeRow(jsonFormat, { ...plain(), name: 'JSON' }, columns, bytes)).toThrow("Can't convert type");
  });
});

describe('what a schema holds', () => {
  const content = (schema: unknown, imports: readonly SchemaImport[] = [], fullName: string | null = null) =>
    jsonSrFormat.contentOf({ type: 'JSON', text: JSON.stringify(schema), imports }, fullName);
  const field = (schema: unknown): SqlType | string => {
    const { type, skipped } = content({ type: 'object', properties: { f: schema } });
    if (type.kind !== 'STRUCT') throw new Error('no struct');
    return type.fields[0]?.type ?? skipped[0]!.replace('$.f: ', '');
  };

  it.each<[unknown, SqlType]>([
    [{ type: 'integer' }, BIGINT],
    [{ type: 'number' }, DOUBLE],
    [{ type: 'integer', 'connect.type': 'int8' }, INTEGER],
    [{ type: 'integer', 'connect.type': 'int16' }, INTEGER],
    [{ type: 'integer', 'connect.type': 'int32' }, INTEGER],
    [{ type: 'integer', 'connect.type': 'int64' }, BIGINT],
    [{ type: 'number', 'connect.type': 'float32' }, DOUBLE],
    [{ type: 'string', format: 'date-time' }, STRING],
    [{ type: 'string', 'connect.type': 'int32' }, STRING],
    [{ type: 'string', 'connect.type': 'bytes' }, BYTES],
    [{ type: ['null', 'boolean'] }, BOOLEAN],
    [{ type: ['string', 'null'], minLength: 2 }, STRING],
    [{ enum: ['a', 'b', null] }, STRING],
    [{ type: 'string', enum: ['a', 'b'] }, STRING],
    [{ type: 'integer', enum: [1, 2] }, BIGINT],
    [{ const: 1.5 }, DOUBLE],
    [{ enum: [true] }, BOOLEAN],
    [{ minLength: 3 }, STRING],
    [{ minimum: 3 }, DOUBLE],
    [{ oneOf: [{ type: 'null' }, { type: 'boolean' }] }, BOOLEAN],
    [{ anyOf: [{ type: 'string', format: 'uri' }, { enum: ['x'] }] }, STRING],
    [{ allOf: [{ type: 'integer' }, { minimum: 0 }] }, BIGINT],
    [{ type: 'array', items: { type: 'integer' } }, arrayType(BIGINT)],
    [{ items: { type: 'boolean' } }, arrayType(BOOLEAN)],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, mapType(STRING, BIGINT)],
    [{ type: 'object', 'connect.type': 'map', additionalProperties: { type: 'string' } }, mapType(STRING, STRING)],
    [
      { properties: { b: { type: 'boolean', 'connect.index': 1 }, a: { type: 'string', 'connect.index': 0 } } },
      structType([
        { name: 'a', type: STRING },
        { name: 'b', type: BOOLEAN },
      ]),
    ],
    [
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } } },
          { required: ['b'], properties: { b: { type: 'boolean' }, a: { type: 'integer' } } },
        ],
      },
      structType([
        { name: 'a', type: STRING },
        { name: 'b', type: BOOLEAN },
      ]),
    ],
    [
      { type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ required: ['a'] }, { minProperties: 2 }] },
      structType([{ name: 'a', type: STRING }]),
    ],
  ])('%j', (schema, type) => {
    expect(field(schema)).toEqual(type);
  });

  it.each<[unknown, string]>([
    [true, 'anything is not a type'],
    [{}, 'anything is not a type'],
    [{ type: 'null' }, 'null is not a type'],
    [{ enum: [null] }, 'null is its only value'],
    [{ enum: ['a', 1] }, 'an enumeration of several types'],
    [{ type: ['string', 'integer', 'null'] }, 'a union of STRING and BIGINT'],
    [
      { oneOf: [{ type: 'string' }, { type: 'object', properties: { a: { type: 'string' } } }] },
      'a union of STRING and STRUCT<`a` STRING>',
    ],
    [{ allOf: [{ type: 'string' }, { type: 'boolean' }] }, 'a combination of STRING and BOOLEAN'],
    [{ type: 'array' }, 'an array whose items are not of one schema'],
    [{ type: 'array', items: [{ type: 'string' }] }, 'an array whose items are not of one schema'],
    [{ type: 'array', prefixItems: [{ type: 'string' }] }, 'an array whose items are not of one schema'],
    [{ type: 'object' }, 'an object without properties'],
    [{ type: 'object', 'connect.type': 'map' }, 'a map whose values are not of one schema'],
    [{ if: { type: 'string' }, then: { minLength: 1 } }, 'conditional is not a type'],
    [{ $ref: '#' }, 'it contains itself'],
    [
      { type: 'number', 'connect.type': 'bytes', title: 'org.apache.kafka.connect.data.Decimal' },
      'a decimal without a precision and a scale that SQL has',
    ],
    [
      {
        type: 'number',
        'connect.type': 'bytes',
        title: 'org.apache.kafka.connect.data.Decimal',
        'connect.parameters': { scale: '2', 'connect.decimal.precision': '1000000000' },
      },
      'a decimal without a precision and a scale that SQL has',
    ],
  ])('leaves out %j', (schema, reason) => {
    expect(field(schema)).toBe(reason);
  });

  it('names the places it leaves out', () => {
    const node = {
      type: 'object',
      properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/definitions/node' } } },
    };
    const schema = { type: 'object', properties: { root: { $ref: '#/definitions/node' } }, definitions: { node } };
    expect(content(schema)).toEqual({
      type: structType([{ name: 'root', type: structType([{ name: 'name', type: STRING }]) }]),
      skipped: ['$.root.children: it contains itself'],
    });
  });

  it.each<[string, unknown]>([
    ['definitions', { $ref: '#/definitions/a~1b%20c', definitions: { 'a/b c': { type: 'boolean' } } }],
    ['$defs', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { type: 'boolean' } } }],
    ['an anchor', { $ref: '#flag', $defs: { a: { $anchor: 'flag', type: 'boolean' } } }],
    ['the id of draft 4', { $ref: '#flag', definitions: { a: { id: '#flag', type: 'boolean' } } }],
    [
      'an embedded schema',
      { $id: 'http://acme/x/a.json', $ref: 'b.json', $defs: { b: { $id: 'b.json', type: 'boolean' } } },
    ],
    [
      'an embedded schema by its whole name',
      { $id: 'http://acme/x/a.json', $ref: 'http://acme/x/b.json#', $defs: { b: { $id: 'b.json', type: 'boolean' } } },
    ],
    [
      'rules beside it, from 2019-09 on',
      {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $ref: '#/$defs/a',
        description: 'x',
        not: { const: true },
        $defs: { a: { type: 'boolean' } },
      },
    ],
    ['nothing beside it before', { $ref: '#/definitions/a', type: 'string', definitions: { a: { type: 'boolean' } } }],
  ])('follows references: %s', (_, schema) => {
    expect(content(schema).type).toEqual(BOOLEAN);
  });

  it('follows references to other schemas', () => {
    const imports = [
      {
        name: 'flag.json',
        text: '{"$id":"http://acme/flag.json","definitions":{"f":{"type":"boolean"}},"$ref":"#/definitions/f"}',
      },
      {
        name: 'part.json',
        text: '{"type":"object","properties":{"flag":{"$ref":"flag.json"},"again":{"$ref":"http://acme/flag.json#/definitions/f"}}}',
      },
    ];
    expect(content({ $ref: 'part.json' }, imports).type).toEqual(
      structType([
        { name: 'flag', type: BOOLEAN },
        { name: 'again', type: BOOLEAN },
      ]),
    );
    expect(content({ $ref: 'part.json#/properties/flag' }, imports).type).toEqual(BOOLEAN);
  });

  it('takes one of several definitions by name or title', () => {
    const schema = {
      title: 'All',
      oneOf: [{ $ref: '#/$defs/A' }],
      $defs: { A: { type: 'boolean' }, B: { title: 'io.B', type: 'string' } },
    };
    expect(content(schema, [], 'A').type).toEqual(BOOLEAN);
    expect(content(schema, [], 'io.B').type).toEqual(STRING);
    expect(content(schema, [], 'All').type).toEqual(BOOLEAN);
    expect(() => content(schema, [], 'C')).toThrow("Invalid JSON schema: it does not define 'C'");
  });

  it.each<[string, string]>([
    ['{"type":', 'invalid JSON at character 9'],
    ['[]', 'a schema is an object, true or false'],
    ['{"type":"text"}', "'text' is not a type of JSON"],
    ['{"type":[]}', "'type' is a name or a list of names"],
    ['{"type":7}', "'type' is a name or a list of names"],
    ['{"oneOf":[]}', "'oneOf' is a list of schemas"],
    ['{"properties":[]}', "'properties' is an object"],
    ['{"enum":1}', "'enum' is a list of values"],
    ['{"$ref":"#/definitions/x"}', "it refers to '#/definitions/x', which is neither in it nor among its references"],
    ['{"$ref":"other.json"}', "it refers to 'other.json', which is neither in it nor among its references"],
    ['{"$ref":"#/a","a":{"$ref":"#/b"},"b":{"$ref":"#/a"}}', 'its references lead in a circle'],
    ['{"oneOf":[{"type":"string"},{"type":"integer"}]}', 'SQL has no type for it: a union of STRING and BIGINT'],
    ['true', 'SQL has no type for it: anything is not a type'],
  ])('refuses %s', (text, words) => {
    const schema = { type: 'JSON' as const, text, imports: [] };
    expect(() => jsonSrFormat.contentOf(schema, null)).toThrow(expect.objectContaining({ code: 'invalid-schema' }));
    expect(() => jsonSrFormat.contentOf(schema, null)).toThrow(words);
  });

  it('refuses schemas that unfold without end', () => {
    const levels = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => {
        const next = { $ref: `#/$defs/l${i + 1}` };
        return [`l${i}`, { type: 'object', properties: { a: next, b: next } }];
      }),
    );
    const schema = { $ref: '#/$defs/l0', $defs: { ...levels, l40: { type: 'boolean' } } };
    expect(() => content(schema)).toThrow('it has more than 30000 parts');
    const unions = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => {
        const next = { $ref: `#/$defs/l${i + 1}` };
        return [`l${i}`, { anyOf: [next, next] }];
      }),
    );
    expect(() => content({ ...schema, $defs: { ...unions, l40: { type: 'boolean' } } })).toThrow(
      'it has more than 30000 parts',
    );
    const deep = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [`l${i}`, { allOf: [{ $ref: `#/$defs/l${i + 1}` }] }]),
    );
    const chain = { $ref: '#/$defs/l0', $defs: { ...deep, l2000: { type: 'boolean' } } };
    expect(content(chain).type).toEqual(BOOLEAN);
    expect(jsonSrFormat.canonical({ type: 'JSON', text: JSON.stringify(chain), imports: [] })).toContain('"l2000"');
  });
});

describe('equal schemas', () => {
  const canonical = (schema: unknown) =>
    jsonSrFormat.canonical({ type: 'JSON', text: JSON.stringify(schema, null, 2), imports: [] });

  it('have one text', () => {
    const a = { type: 'object', properties: { b: { type: 'string', minLength: 1 }, a: true }, title: 'x' };
    const b = { title: 'x', properties: { b: { minLength: 1, type: 'string' }, a: true }, type: 'object' };
    expect(canonical(a)).toBe(
      '{"properties":{"b":{"minLength":1,"type":"string"},"a":true},"title":"x","type":"object"}',
    );
    expect(canonical(b)).toBe(canonical(a));
  });

  it('differ by the order of their properties, which is that of columns', () => {
    const [a, b] = [{ properties: { x: true, y: true } }, { properties: { y: true, x: true } }];
    expect(canonical(a)).not.toBe(canonical(b));
  });

  it('are schemas throughout', () => {
    expect(() => canonical({ properties: { a: { items: { type: 'nothing' } } } })).toThrow(
      "'nothing' is not a type of JSON",
    );
    expect(() => canonical({ properties: { a: { $ref: '#/x' } } })).toThrow("it refers to '#/x'");
    expect(canonical({ properties: { a: { $ref: '#' } } })).toBe('{"properties":{"a":{"$ref":"#"}}}');
  });
});
