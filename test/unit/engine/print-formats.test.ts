import { describe, expect, it } from 'vitest';
import type { SourceWindow } from '../../../src/catalog/catalog.js';
import { FormatGuess, loadSchema, type PrintSchemas, printSchemas } from '../../../src/engine/print-formats.js';
import { avroText, protobufText } from '../../../src/engine/print-text.js';
import type { FormatSpec } from '../../../src/formats/format.js';
import { SCHEMA_FORMATS } from '../../../src/formats/index.js';
import { jsonSrFormat } from '../../../src/formats/json-sr/json-sr.js';
import { encodeRow } from '../../../src/formats/row-codec.js';
import type { RegisteredSchema, SchemaType } from '../../../src/formats/schema-registry/schema-registry.js';
import { SystemError } from '../../../src/model/errors.js';
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
  STRING,
  structType,
} from '../../../src/model/sql-type.js';
import type { SqlValue } from '../../../src/model/value.js';

const int32 = (n: number) => Buffer.from([n >> 24, n >> 16, n >> 8, n]);
const int64 = (n: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(n);
  return bytes;
};
const double = (n: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(n);
  return bytes;
};
const raw = (...bytes: number[]) => Buffer.from(bytes);

const NO_SCHEMAS: PrintSchemas = { find: () => null, load: async () => {}, formatOf: () => null };

/** What is printed of some records' keys or values, the headline first. */
function shown(
  half: 'key' | 'value',
  records: readonly (string | Buffer | null)[],
  { window = null, schemas = NO_SCHEMAS }: { window?: SourceWindow | null; schemas?: PrintSchemas } = {},
): (string | null)[] {
  const guess = new FormatGuess(half, window, schemas);
  const bytes = records.map((record) => (typeof record === 'string' ? Buffer.from(record) : record));
  for (const b of bytes) guess.see(b);
  return [guess.headline('X'), ...bytes.map((b) => guess.text(b))];
}

describe('formats of values', () => {
  it.each<[string, (string | Buffer | null)[], string[]]>([
    ['JSON', ['{"A":1}', '[2]'], ['JSON or KAFKA_STRING', '{"A":1}', '[2]']],
    ['texts', ['one', '2'], ['KAFKA_STRING', 'one', '2']],
    ['INT', [int32(-5)], ['KAFKA_INT', '-5']],
    ['INT that may be text', [int32(65)], ['KAFKA_INT or KAFKA_STRING', '65']],
    ['BIGINT', [int64(-2n), int64(7n)], ['KAFKA_BIGINT or KAFKA_DOUBLE', '-2', '7']],
    ['DOUBLE that reads as BIGINT', [double(-1.5)], ['KAFKA_BIGINT or KAFKA_DOUBLE', '-4613937818241073152']],
    ['null', [null], ['¯\\_(ツ)_/¯ - no data processed', '<null>']],
    ['null among others', [null, 'a'], ['KAFKA_STRING', '<null>', 'a']],
    [
      'bytes that are nothing',
      [raw(255, 1)],
      [
        'does not match any supported format. It may be a STRING with encoding other than UTF8, or some other format.',
        '0xff01',
      ],
    ],
    ['records that differ', [int32(-1), '{}', int64(-1n)], ['MIXED', '-1', '{}', '-1']],
    ['empty bytes', [raw()], ['KAFKA_STRING', '']],
  ])('%s', (_, records, [headline, ...texts]) => {
    expect(shown('value', records)).toEqual([`X format: ${headline}`, ...texts]);
  });

  it('tells of a change, once', () => {
    const guess = new FormatGuess('value', null, NO_SCHEMAS);
    const see = (text: string) => {
      guess.see(Buffer.from(text));
      return guess.headline('Value');
    };
    expect(see('1')).toBe('Value format: JSON or KAFKA_STRING');
    expect(see('2')).toBeNull();
    expect(see('x')).toBe('Value format: KAFKA_STRING');
    expect(see('{}')).toBeNull();
  });
});

describe('formats of keys', () => {
  const at = 1_700_000_000_000n;
  const time = Buffer.concat([Buffer.from('ada'), int64(at)]);
  const session = Buffer.concat([Buffer.from('ada'), int64(at + 5n), int64(at)]);

  it('have windows, which are guessed', () => {
    expect(shown('key', [time])).toEqual([
      'X format: HOPPING(KAFKA_STRING) or TUMBLING(KAFKA_STRING)',
      '[ada@1700000000000/-]',
    ]);
    expect(shown('key', [session])).toEqual(['X format: SESSION(KAFKA_STRING)', '[ada@1700000000000/1700000000005]']);
    expect(shown('key', [Buffer.concat([Buffer.from('1'), int64(0n)])])).toEqual([
      'X format: HOPPING(JSON) or TUMBLING(JSON) or HOPPING(KAFKA_STRING) or TUMBLING(KAFKA_STRING) or KAFKA_STRING',
      '[1@0/-]',
    ]);
    expect(shown('value', [time])[1]).toMatch(/^0x/);
  });

  it('are no windows when the bounds are no times', () => {
    expect(shown('key', ['a text longer than the bounds'])).toEqual([
      'X format: KAFKA_STRING',
      'a text longer than the bounds',
    ]);
    expect(shown('key', [int64(9n)])).toEqual(['X format: KAFKA_BIGINT or KAFKA_DOUBLE or KAFKA_STRING', '9']);
    expect(shown('key', [Buffer.concat([Buffer.from('a'), int64(5n), int64(6n)])])[0]).toContain('HOPPING');
    expect(shown('key', [Buffer.concat([Buffer.from('a'), int64(-1n)])])[0]).toContain('does not match');
  });

  it('have the windows that are declared', () => {
    const window: SourceWindow = { kind: 'TUMBLING', sizeMs: 10 };
    expect(shown('key', [time], { window })).toEqual(['X format: TUMBLING(KAFKA_STRING)', '[ada@1700000000000/-]']);
    const far = Buffer.concat([int32(3), int64(9_000_000_000_000_000n)]);
    expect(shown('key', [far], { window })[1]).toBe('[3@9000000000000000/-]');
    expect(shown('key', ['ada'], { window })).toEqual(['X format: KAFKA_STRING', 'ada']);
  });
});

describe('records with the id of a schema', () => {
  const frame = (id: number, json: string) => Buffer.concat([raw(0), int32(id), Buffer.from(json)]);
  const columns = '{"properties":{"A":{"type":"integer"},"B":{"type":"string"},"X":true}}';
  const kept: readonly RegisteredSchema[] = [
    { id: 1, type: 'AVRO', text: columns, imports: [] },
    { id: 2, type: 'PROTOBUF', text: columns, imports: [] },
    { id: 3, type: 'JSON', text: columns, imports: [] },
    { id: 4, type: 'AVRO', text: '{"type":"string"}', imports: [] },
    { id: 5, type: 'AVRO', text: 'true', imports: [] },
    { id: 7, type: 'AVRO', text: '{"type":"array","items":{"type":"number"}}', imports: [] },
  ];
  /** Stands for the formats that are read by schema. */
  const formatOf = (type: SchemaType) => ({ ...jsonSrFormat, name: type, schemaType: type });
  const schemas: PrintSchemas = {
    find: (id) => kept.find((schema) => schema.id === id) ?? (id === 6 ? null : undefined),
    load: async () => {},
    formatOf,
  };

  it.each<[string, Buffer, string, string]>([
    ['AVRO', frame(1, '{"A":1,"B":"x\\"y"}'), 'AVRO or KAFKA_STRING', '{"A": 1, "B": "x\\"y"}'],
    ['AVRO of a bare text', frame(4, '"some text"'), 'AVRO or KAFKA_STRING', 'some text'],
    ['AVRO of a bare list', frame(7, '[1,null]'), 'AVRO or KAFKA_STRING', '[1.0, null]'],
    ['AVRO of null', frame(4, 'null'), 'AVRO or KAFKA_STRING', '<null>'],
    ['PROTOBUF', frame(2, '{"A":1,"B":"x"}'), 'PROTOBUF or KAFKA_STRING', 'A: 1 B: "x"'],
    ['JSON_SR', frame(3, '{"A":1, "extra":[]}'), 'JSON_SR or KAFKA_STRING', '{"A":1, "extra":[]}'],
    ['an id that the registry does not have', frame(6, '{}'), 'KAFKA_STRING', '\0\0\0\0\u0006{}'],
    ['a schema that SQL has no type for', frame(5, '{}'), 'KAFKA_STRING', '\0\0\0\0\u0005{}'],
    ['bytes that the schema does not fit', frame(1, '{"A":'), 'KAFKA_STRING', '\0\0\0\0\u0001{"A":'],
  ])('%s', (_, bytes, headline, text) => {
    expect(shown('value', [bytes], { schemas })).toEqual([`X format: ${headline}`, text]);
  });

  it('may be windowed keys', () => {
    const key = Buffer.concat([frame(4, '"key"'), int64(1_700_000_000_000n)]);
    expect(shown('key', [key], { schemas })).toEqual([
      'X format: HOPPING(AVRO) or TUMBLING(AVRO) or SESSION(KAFKA_STRING) or HOPPING(KAFKA_STRING) or TUMBLING(KAFKA_STRING)',
      '[key@1700000000000/-]',
    ]);
  });

  it('are mixed when their schemas are of several kinds', () => {
    const records = [raw(255, 255, 255, 255), frame(1, '{"A":2}'), frame(2, '{"A":3}')];
    expect(shown('value', records, { schemas })).toEqual(['X format: MIXED', '-1', '{"A": 2, "B": null}', 'A: 3']);
  });

  it('need a schema only while it may matter', () => {
    const guess = new FormatGuess('value', null, schemas);
    expect(guess.needs(frame(9, 'x'))).toBe(9);
    expect(guess.needs(frame(1, 'x'))).toBeNull();
    expect(guess.needs(frame(6, 'x'))).toBeNull();
    expect(guess.needs(int64(9n))).toBeNull();
    expect(guess.needs(raw(0, 0, 0, 9))).toBeNull();
    expect(guess.needs(null)).toBeNull();
    guess.see(Buffer.from('text'));
    expect(guess.needs(frame(9, 'x'))).toBeNull();
  });
});

describe('schemas of a registry', () => {
  it('are asked for once, also when it does not answer', async () => {
    const asked: number[] = [];
    const schemas = printSchemas({
      byId: async (id) => {
        asked.push(id);
        if (id === 2) throw new SystemError('away', { code: 'registry-unavailable' });
        return { type: 'JSON', text: '{}', imports: [], id };
      },
    });
    const guess = new FormatGuess('value', null, schemas);
    const bytes = [1, 2, 1, 2].map((id) => Buffer.concat([raw(0), int32(id), Buffer.from('{}')]));
    for (const b of bytes) {
      const id = guess.needs(b);
      if (id !== null) await loadSchema(schemas, id);
      guess.see(b);
    }
    expect(asked).toEqual([1, 2]);
  });
});

describe('records as the formats write them', () => {
  const columns: readonly Column[] = [
    { name: 'ID', type: INTEGER, role: 'value' },
    { name: 'S', type: STRING, role: 'value' },
    { name: 'L', type: arrayType(structType([{ name: 'X', type: BIGINT }])), role: 'value' },
    { name: 'D', type: decimalType(4, 2), role: 'value' },
    { name: 'DT', type: DATE, role: 'value' },
  ];
  const row: SqlValue[] = [7, 'a "b"', [[1], [2]], 150n, 18000];

  it.each<[SchemaType, string]>([
    ['AVRO', 'AVRO: {"ID": 7, "S": "a \\"b\\"", "L": [{"X": 1}, {"X": 2}], "D": 1.50, "DT": 18000}'],
    ['PROTOBUF', 'PROTOBUF: ID: 7 S: "a \\"b\\"" L { X: 1 } L { X: 2 } D: 1.50 DT: 18000'],
    ['JSON', 'JSON_SR: {"ID":7,"S":"a \\"b\\"","L":[{"X":1},{"X":2}],"D":1.50,"DT":18000}'],
  ])('%s', (type, expected) => {
    const format = SCHEMA_FORMATS[type];
    const spec: FormatSpec = { name: format.name, properties: {}, unwrapped: false };
    const schema = { ...format.schemaFor(spec, columns), id: 300 };
    const bytes = encodeRow(format, { ...spec, schema }, columns, row)!;
    const schemas: PrintSchemas = {
      find: (id) => (id === 300 ? schema : null),
      load: async () => {},
      formatOf: (of) => SCHEMA_FORMATS[of],
    };
    const [headline, text] = shown('value', [bytes], { schemas });
    expect(`${/: (\w+)/.exec(headline!)?.[1]}: ${text}`).toBe(expected);
  });
});

describe('values as text', () => {
  const type = structType([
    { name: 'I', type: INTEGER },
    { name: 'D', type: DOUBLE },
    { name: 'M', type: mapType(STRING, BIGINT) },
    { name: 'S', type: structType([{ name: 'B', type: BOOLEAN }]) },
    { name: 'L', type: arrayType(STRING) },
    { name: 'X', type: decimalType(4, 2) },
    { name: 'R', type: BYTES },
    { name: 'T', type: DATE },
  ]);
  const row: SqlValue[] = [7, 1, new Map([['k', 2n ** 60n]]), [true], ['a"\n', 'é'], 150n, raw(1, 65, 255), 18000];

  it('of Avro', () => {
    expect(avroText(type, row)).toBe(
      '{"I": 7, "D": 1.0, "M": {"k": 1152921504606846976}, "S": {"B": true}, "L": ["a\\"\\n", "é"], "X": 1.50, "R": "AUH/", "T": 18000}',
    );
    expect(avroText(DOUBLE, Number.NaN)).toBe('"NaN"');
    expect(
      avroText(
        type,
        type.fields.map(() => null),
      ),
    ).toContain('{"I": null, ');
  });

  it('of Protobuf, without what is not set', () => {
    expect(protobufText(type, row)).toBe(
      'I: 7 D: 1.0 M { key: "k" value: 1152921504606846976 } S { B: true } L: "a\\"\\n" L: "é" X: 1.50 R: "\\001A\\377" T: 18000',
    );
    expect(protobufText(type, [0, 0, new Map(), [false], [], 0n, raw(), 0])).toBe('S { }');
    expect(
      protobufText(
        type,
        type.fields.map(() => null),
      ),
    ).toBe('');
  });
});
