import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { avroFormat } from '../../src/formats/avro/avro.js';
import { GrowableSink } from '../../src/formats/byte-sink.js';
import { encodeRow } from '../../src/formats/row-codec.js';
import type { RegisteredSchema } from '../../src/formats/schema-registry/schema-registry.js';
import { RecordError } from '../../src/model/errors.js';
import type { Column } from '../../src/model/schema.js';
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
} from '../../src/model/sql-type.js';
import type { Row, SqlValue } from '../../src/model/value.js';
import { Random } from '../simulation/random.js';
import { bare, wrapped } from '../support/avro.js';
import { carriedType, wellFormed } from '../support/carried.js';
import { column, columnsOf } from '../support/columns.js';
import { mutateBytes } from '../support/mutate-bytes.js';
import { same } from '../support/same.js';
import { rowsOf, sqlTypes, sqlValues } from '../support/sql-values.js';
import { twosComplement } from '../support/twos-complement.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 20_000);

const schemaOf = (text: string, id = 1): RegisteredSchema => ({ type: 'AVRO', text, imports: [], id });

/** As {@link sqlTypes}, but with the keys of maps that Avro has. */
const carriedTypes = (depth: number): fc.Arbitrary<SqlType> =>
  sqlTypes(depth).map((type) => carriedType(type, 'maps with texts as keys'));

const longs = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

const isLong = (schema: avsc.Schema): boolean =>
  schema === 'long' || (typeof schema === 'object' && 'type' in schema && (schema.type as unknown) === 'long');

const oracleOf = (text: string): avsc.Type =>
  avsc.Type.forSchema(JSON.parse(text), {
    typeHook: (schema) => (isLong(schema) ? longs : undefined),
    wrapUnions: true,
  });

const NAME = 'io.confluent.ksql.avro_schemas.KsqlDataSourceSchema';

/** What a union's branch is called. @param name the record's name if it is one */
function branchOf(type: SqlType, name: string): string {
  const names: Partial<Record<SqlType['kind'], string>> = {
    BOOLEAN: 'boolean',
    INTEGER: 'int',
    DATE: 'int',
    TIME: 'int',
    BIGINT: 'long',
    TIMESTAMP: 'long',
    DOUBLE: 'double',
    STRING: 'string',
    BYTES: 'bytes',
    DECIMAL: 'bytes',
    ARRAY: 'array',
    MAP: 'array',
  };
  return names[type.kind] ?? name;
}

function oracleValue(type: SqlType, value: SqlValue, name: string): unknown {
  switch (type.kind) {
    case 'BIGINT':
    case 'TIMESTAMP':
      return BigInt(value as number | bigint);
    case 'DECIMAL':
      return twosComplement(value as bigint);
    case 'ARRAY':
      return (value as SqlValue[]).map((item) => optionalOracle(type.element, item, name));
    case 'MAP':
      return [...(value as Map<SqlValue, SqlValue>)].map(([key, item]) => ({
        key: optionalOracle(STRING, key, name),
        value: optionalOracle(type.value, item, `${name}_MapValue`),
      }));
    case 'STRUCT':
      return Object.fromEntries(
        type.fields.map((field, i) => [
          field.name,
          optionalOracle(field.type, (value as SqlValue[])[i]!, `${name}_${field.name}`),
        ]),
      );
    default:
      return value;
  }
}

function optionalOracle(type: SqlType, value: SqlValue, name: string): unknown {
  return value === null ? null : { [branchOf(type, name)]: oracleValue(type, value, name) };
}

const tables = fc.array(carriedTypes(2), { minLength: 1, maxLength: 6 }).map(columnsOf);
const tablesWithRows = tables.chain((columns) => fc.tuple(fc.constant(columns), rowsOf(columns.map((c) => c.type))));

/** Reads with other bytes on both sides of the record, which must not matter. */
function decode(
  schema: RegisteredSchema,
  columns: readonly Column[],
  bytes: Buffer,
  wanted: readonly number[] = [...columns.keys()],
  spec = wrapped,
): Row | null {
  const deserializer = avroFormat.deserializer(spec, columns, wanted, 'value', { find: () => schema });
  const padded = Buffer.concat([Buffer.from([7, 7]), bytes, Buffer.from([0xff, 0xff, 2, 2])]);
  return deserializer.scan(padded, 2, 2 + bytes.length) ? deserializer.read.map((read) => read()) : null;
}

const framed = (body: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), body]);

describe('AVRO as it is written', () => {
  it('reads back, all columns or some, by us and by another library', () => {
    fc.assert(
      fc.property(tablesWithRows, fc.infiniteStream(fc.boolean()), ([columns, row], picks) => {
        const { text } = avroFormat.schemaFor(wrapped, columns);
        const schema = schemaOf(text);
        const bytes = encodeRow(avroFormat, { ...wrapped, schema }, columns, row)!;
        const expected = row.map(wellFormed);
        same(decode(schema, columns, bytes), expected);
        const wanted = [...columns.keys()].filter(() => picks.next().value).reverse();
        same(
          decode(schema, columns, bytes, wanted),
          wanted.map((i) => expected[i]),
        );
        const oracle = oracleOf(text);
        const record = Object.fromEntries(
          columns.map((c, i) => [c.name, optionalOracle(c.type, expected[i]!, `${NAME}_${c.name}`)]),
        );
        same(JSON.stringify(oracle.fromBuffer(bytes.subarray(5)), plain), JSON.stringify(record, plain));
        same(framed(oracle.toBuffer(record)), bytes);
      }),
      { numRuns: Math.ceil(RUNS / 20) },
    );
  });

  it('reads back bare', () => {
    const values = carriedTypes(2).chain((type) => fc.tuple(fc.constant(type), sqlValues(type)));
    fc.assert(
      fc.property(values, ([type, value]) => {
        const columns = [column('V', type)];
        const { text } = avroFormat.schemaFor(bare, columns);
        const schema = schemaOf(text);
        const bytes = encodeRow(avroFormat, { ...bare, schema }, columns, [value]);
        if (value === null) {
          expect(bytes).toBeNull();
          return;
        }
        const expected = wellFormed(value);
        same(decode(schema, columns, bytes!, [0], bare), [expected]);
        // A bare STRUCT is a record that may not be null, everything else may.
        const bareValue =
          type.kind === 'STRUCT' ? oracleValue(type, expected, NAME) : optionalOracle(type, expected, NAME);
        same(framed(oracleOf(text).toBuffer(bareValue)), bytes);
      }),
      { numRuns: Math.ceil(RUNS / 20) },
    );
  });

  it('reads back by readers with more, fewer or other columns', () => {
    const extra = fc.array(carriedTypes(1), { maxLength: 3 });
    fc.assert(
      fc.property(
        tablesWithRows,
        extra,
        fc.infiniteStream(fc.nat()),
        fc.boolean(),
        ([columns, row], more, picks, lower) => {
          const { text } = avroFormat.schemaFor(wrapped, columns);
          const schema = schemaOf(text);
          const bytes = encodeRow(avroFormat, { ...wrapped, schema }, columns, row)!;
          const others = more.map((type, i) => column(`X${i}`, type));
          const readers = [...columns, ...others]
            .map((c) => ({ c, order: picks.next().value! }))
            .filter(({ order }) => order % 5 > 0)
            .sort((a, b) => a.order - b.order)
            .map(({ c }) => (lower ? { ...c, name: c.name.toLowerCase() } : c));
          const expected = readers.map((c) => {
            const at = columns.findIndex((own) => own.name === c.name.toUpperCase());
            return at < 0 ? null : wellFormed(row[at]!);
          });
          same(decode(schema, readers, bytes), expected);
        },
      ),
      { numRuns: Math.ceil(RUNS / 20) },
    );
  });

  it('has a canonical schema whose content are the columns', () => {
    fc.assert(
      fc.property(tables, (columns) => {
        const schema = avroFormat.schemaFor(wrapped, columns);
        expect(avroFormat.canonical(schema)).toBe(schema.text);
        expect(avroFormat.contentOf(schema, null)).toEqual({
          type: structType(columns.map(({ name, type }) => ({ name, type }))),
          skipped: [],
        });
        expect(avroFormat.incompatibilities(schema, schema)).toEqual([]);
      }),
      { numRuns: Math.ceil(RUNS / 40) },
    );
  });
});

const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

/** A type of somebody else's schema, what it is in SQL, and values with their bytes. */
interface Sample {
  readonly avro: unknown;
  readonly sql: SqlType;
  readonly values: fc.Arbitrary<{ readonly bytes: readonly number[]; readonly value: SqlValue }>;
}

/** Zigzag bytes, the slow way; sometimes longer than need be, which is allowed. */
function varint(value: number | bigint, extra = 0, extraMax = 9): number[] {
  let n = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (;;) {
    const byte = Number(n & 0x7fn);
    n >>= 7n;
    if (n === 0n && (extra === 0 || bytes.length >= extraMax)) return [...bytes, byte];
    if (n === 0n) extra--;
    bytes.push(byte | 0x80);
  }
}

/** Items in blocks, some of which say how long they are. */
function inBlocks(items: readonly (readonly number[])[], shape: readonly number[]): number[] {
  const bytes: number[] = [];
  let at = 0;
  for (let i = 0; at < items.length; i++) {
    const choice = shape[i % shape.length]!;
    const block = items.slice(at, at + 1 + (choice % 3));
    at += block.length;
    const body = block.flat();
    if (choice % 2 === 0) bytes.push(...varint(block.length), ...body);
    else bytes.push(...varint(-block.length), ...varint(body.length), ...body);
  }
  return [...bytes, 0];
}

const textBytes = (text: string): number[] => [...varint(Buffer.byteLength(text)), ...Buffer.from(text)];
const scratch = Buffer.alloc(8);
const doubleBytes = (value: number): number[] => {
  scratch.writeDoubleLE(value);
  return [...scratch];
};
const floatBytes = (value: number): number[] => {
  scratch.writeFloatLE(value);
  return [...scratch.subarray(0, 4)];
};

const int32 = fc.oneof(fc.integer(), fc.integer({ min: -70, max: 70 }));
const int64 = sqlValues(BIGINT, false) as fc.Arbitrary<number | bigint>;
const texts = fc.string({ unit: 'grapheme', maxLength: 40 });

let named = 0;
const name = (): string => `N${named++}`;

const scalarSamples: readonly (() => Sample)[] = [
  () => ({ avro: 'boolean', sql: BOOLEAN, values: fc.boolean().map((value) => ({ bytes: [value ? 1 : 0], value })) }),
  () => ({
    avro: 'int',
    sql: INTEGER,
    values: fc.tuple(int32, fc.nat(3)).map(([value, extra]) => ({ bytes: varint(value, extra, 4), value })),
  }),
  () => ({
    avro: 'long',
    sql: BIGINT,
    values: fc.tuple(int64, fc.nat(3)).map(([value, extra]) => ({ bytes: varint(value, extra, 9), value })),
  }),
  () => ({ avro: 'int', sql: BIGINT, values: int32.map((value) => ({ bytes: varint(value), value })) }),
  () => ({ avro: 'int', sql: STRING, values: int32.map((value) => ({ bytes: varint(value), value: String(value) })) }),
  () => ({ avro: 'long', sql: DOUBLE, values: int64.map((value) => ({ bytes: varint(value), value: Number(value) })) }),
  () => ({
    avro: 'int',
    sql: decimalType(12, 2),
    values: int32.map((value) => ({ bytes: varint(value), value: BigInt(value) * 100n })),
  }),
  () => ({ avro: 'double', sql: DOUBLE, values: fc.double().map((value) => ({ bytes: doubleBytes(value), value })) }),
  () => ({
    avro: 'float',
    sql: DOUBLE,
    values: fc.float().map((value) => ({ bytes: floatBytes(value), value: Math.fround(value) })),
  }),
  () => ({ avro: 'string', sql: STRING, values: texts.map((value) => ({ bytes: textBytes(value), value })) }),
  () => ({
    avro: 'string',
    sql: INTEGER,
    values: int32.map((value) => ({ bytes: textBytes(String(value)), value })),
  }),
  () => ({
    avro: 'bytes',
    sql: BYTES,
    values: fc
      .uint8Array({ maxLength: 9 })
      .map((value) => ({ bytes: [...varint(value.length), ...value], value: Buffer.from(value) })),
  }),
  () => ({
    avro: { type: 'fixed', name: name(), size: 3 },
    sql: BYTES,
    values: fc
      .uint8Array({ minLength: 3, maxLength: 3 })
      .map((value) => ({ bytes: [...value], value: Buffer.from(value) })),
  }),
  () => ({
    avro: { type: 'enum', name: name(), symbols: ['A', 'B', 'C'] },
    sql: STRING,
    values: fc.nat(2).map((n) => ({ bytes: varint(n), value: 'ABC'[n]! })),
  }),
  () => ({
    avro: { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 3 },
    sql: decimalType(32, 4),
    values: (sqlValues(decimalType(30, 3), false) as fc.Arbitrary<bigint>).map((value) => {
      const bytes = twosComplement(value);
      return { bytes: [...varint(bytes.length), ...bytes], value: value * 10n };
    }),
  }),
  () => ({
    avro: { type: 'fixed', name: name(), size: 9, logicalType: 'decimal', precision: 20, scale: 0 },
    sql: decimalType(20, 0),
    values: (sqlValues(decimalType(20, 0), false) as fc.Arbitrary<bigint>).map((value) => {
      const bytes = twosComplement(value);
      return { bytes: [...Array(9 - bytes.length).fill(value < 0n ? 0xff : 0), ...bytes], value };
    }),
  }),
  () => ({
    avro: { type: 'int', logicalType: 'date' },
    sql: DATE,
    values: int32.map((value) => ({ bytes: varint(value), value })),
  }),
  () => ({
    avro: { type: 'long', logicalType: 'time-micros' },
    sql: TIME,
    values: fc.nat(86_400_000_000 - 1).map((n) => ({ bytes: varint(n), value: Math.floor(n / 1000) })),
  }),
  () => ({
    avro: { type: 'long', logicalType: 'timestamp-micros' },
    sql: TIMESTAMP,
    values: fc.tuple(fc.maxSafeInteger(), fc.nat(999)).map(([ms, rest]) => ({
      bytes: varint(BigInt(ms) * 1000n + BigInt(rest)),
      value: ms,
    })),
  }),
];

function samples(depth: number): fc.Arbitrary<Sample> {
  const scalar = fc.constantFrom(...scalarSamples).map((make) => make());
  if (depth === 0) return scalar;
  const inner = samples(depth - 1);
  const shape = fc.array(fc.nat(5), { minLength: 1, maxLength: 4 });
  return fc.oneof(
    { weight: 4, arbitrary: scalar },
    {
      weight: 2,
      arbitrary: fc.tuple(inner, fc.boolean()).map(([{ avro, sql, values }, first]): Sample => {
        const [absent, present] = first ? [0, 2] : [2, 0];
        return {
          avro: Array.isArray(avro) ? avro : first ? ['null', avro] : [avro, 'null'],
          sql,
          values: Array.isArray(avro)
            ? values
            : fc.oneof(
                fc.constant({ bytes: [absent], value: null }),
                values.map(({ bytes, value }) => ({ bytes: [present, ...bytes], value })),
              ),
        };
      }),
    },
    {
      weight: 1,
      arbitrary: inner.map(
        ({ avro, sql, values }): Sample => ({
          avro: { type: 'array', items: avro },
          sql: arrayType(sql),
          values: fc.tuple(fc.array(values, { maxLength: 5 }), shape).map(([items, blocks]) => ({
            bytes: inBlocks(
              items.map((item) => item.bytes),
              blocks,
            ),
            value: items.map((item) => item.value),
          })),
        }),
      ),
    },
    {
      weight: 1,
      arbitrary: inner.map(
        ({ avro, sql, values }): Sample => ({
          avro: { type: 'map', values: avro },
          sql: mapType(STRING, sql),
          values: fc.tuple(fc.array(fc.tuple(texts, values), { maxLength: 5 }), shape).map(([items, blocks]) => ({
            bytes: inBlocks(
              items.map(([key, item]) => [...textBytes(key), ...item.bytes]),
              blocks,
            ),
            value: new Map(items.map(([key, item]) => [key, item.value])),
          })),
        }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(inner, fc.boolean()), { minLength: 1, maxLength: 4 }).map((fields): Sample => {
        const record = recordOf(fields.map(([field]) => field));
        const kept = fields.map(([, keep]) => keep);
        const sqlFields = fields.map(([field], i) => ({ name: `f${i}`, type: field.sql })).filter((_, i) => kept[i]);
        return sqlFields.length === 0
          ? { ...record, values: record.values.map(({ bytes, row }) => ({ bytes, value: row })) }
          : {
              avro: record.avro,
              sql: structType(sqlFields),
              values: record.values.map(({ bytes, row }) => ({ bytes, value: row.filter((_, i) => kept[i]) })),
            };
      }),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, fc.boolean()).map(
        ([{ avro, sql, values }, nullable]): Sample => ({
          // As Connect reads it: a field for each branch.
          avro: [
            { type: 'record', name: 'Wrapper', namespace: name(), fields: [{ name: 'x', type: avro }] },
            ...(nullable ? ['null'] : []),
            { type: 'enum', name: 'Other', namespace: name(), symbols: ['Z'] },
          ],
          sql: structType([
            { name: 'OTHER', type: STRING },
            { name: 'WRAPPER', type: structType([{ name: 'x', type: sql }]) },
          ]),
          values: fc.oneof(
            values.map(({ bytes, value }) => ({ bytes: [0, ...bytes], value: [null, [value]] as SqlValue })),
            fc.constant({ bytes: [nullable ? 4 : 2, 0], value: ['Z', null] as SqlValue }),
            fc.constant(nullable ? { bytes: [2], value: null } : { bytes: [2, 0], value: ['Z', null] as SqlValue }),
          ),
        }),
      ),
    },
  );
}

/** A record with the fields f0, f1, ...; `row` has a value for each. */
function recordOf(fields: readonly Sample[]) {
  return {
    avro: {
      type: 'record',
      name: name(),
      fields: fields.map(({ avro }, i) => ({ name: `f${i}`, type: avro })),
    },
    sql: structType(fields.map(({ sql }, i) => ({ name: `f${i}`, type: sql }))),
    values: fc.tuple(...fields.map(({ values }) => values)).map((parts) => ({
      bytes: parts.flatMap((part) => part.bytes),
      row: parts.map((part) => part.value),
    })),
  };
}

const foreignRecords = fc
  .array(samples(2), { minLength: 1, maxLength: 5 })
  .map(recordOf)
  .chain(({ avro, sql, values }) =>
    fc.record({
      text: fc.constant(JSON.stringify(avro)),
      columns: fc.constant(sql.fields.map((f) => column(f.name.toUpperCase(), f.type))),
      record: values,
    }),
  );

describe('AVRO of others', () => {
  it('reads as what it means, all columns or some', () => {
    fc.assert(
      fc.property(foreignRecords, fc.infiniteStream(fc.boolean()), ({ text, columns, record }, picks) => {
        const schema = schemaOf(text);
        const bytes = framed(Uint8Array.from(record.bytes));
        same(decode(schema, columns, bytes), record.row);
        const wanted = [...columns.keys()].filter(() => picks.next().value);
        same(
          decode(schema, columns, bytes, wanted),
          wanted.map((i) => record.row[i]),
        );
        expect(() => oracleOf(text).fromBuffer(bytes.subarray(5))).not.toThrow();
      }),
      { numRuns: Math.ceil(RUNS / 20) },
    );
  });

  it('has a canonical schema that stays as it is', () => {
    fc.assert(
      fc.property(foreignRecords, ({ text }) => {
        const canonical = avroFormat.canonical(schemaOf(text));
        expect(avroFormat.canonical(schemaOf(canonical))).toBe(canonical);
        expect(avroFormat.canonical(schemaOf(JSON.stringify(JSON.parse(text), null, 2)))).toBe(canonical);
        expect(avroFormat.incompatibilities(schemaOf(text), schemaOf(canonical))).toEqual([]);
      }),
      { numRuns: Math.ceil(RUNS / 40) },
    );
  });
});

describe('damaged AVRO', () => {
  const DAMAGED_A_RECORD = 20;

  /** Elements of what was read, nested ones included. */
  function elementsIn(value: SqlValue): number {
    if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + elementsIn(item), value.length);
    if (value instanceof Map)
      return [...value.values()].reduce<number>((sum, item) => sum + elementsIn(item), value.size);
    return 0;
  }

  it(`is refused with record errors, or reads as something no larger (${RUNS} records)`, () => {
    fc.assert(
      fc.property(foreignRecords, fc.integer(), ({ text, columns, record }, seed) => {
        const random = new Random(seed);
        const schema = schemaOf(text);
        const bytes = Buffer.from(record.bytes);
        const everything = avroFormat.deserializer(wrapped, columns, [...columns.keys()], 'value', {
          find: () => schema,
        });
        const some = avroFormat.deserializer(wrapped, columns, [0], 'value', { find: () => schema });
        for (let i = 0; i < DAMAGED_A_RECORD; i++) {
          const damaged = framed(mutateBytes(random, bytes));
          // Behind the record there may be others, or the end of the buffer.
          const padded = Buffer.concat([damaged, i % 2 === 0 ? bytes : Buffer.alloc(0)]);
          for (const deserializer of [everything, some]) {
            refusing(() => {
              deserializer.scan(padded, 0, damaged.length);
              for (const read of deserializer.read) {
                refusing(() => {
                  const elements = elementsIn(read());
                  // A record of the schema's depth at most for each byte.
                  if (elements > (damaged.length + 1) * 20)
                    throw new Error(`${elements} elements of ${damaged.length} bytes`);
                });
              }
            });
          }
        }
      }),
      { numRuns: Math.ceil(RUNS / DAMAGED_A_RECORD) },
    );
  });

  it('is refused as a frame', () => {
    const columns = [column('V', BIGINT)];
    const schema = schemaOf(avroFormat.schemaFor(wrapped, columns).text);
    const deserializer = avroFormat.deserializer(wrapped, columns, [0], 'value', {
      find: (id) => (id === 1 ? schema : id === 2 ? null : undefined),
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        refusing(() => {
          if (deserializer.scan(Buffer.from(bytes), 0, bytes.length)) deserializer.read[0]!();
        });
      }),
      { numRuns: Math.ceil(RUNS / 20) },
    );
  });

  function refusing(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof RecordError) || error.reason !== 'deserialization') throw error;
    }
  }
});

describe('a serializer that fails', () => {
  it('leaves nothing in the sink', () => {
    const columns = [column('A', STRING), column('B', arrayType(STRING))];
    const text = `{"type":"record","name":"R","fields":[{"name":"A","type":["null","string"]},
      {"name":"B","type":{"type":"array","items":"string"}}]}`;
    const serializer = avroFormat.serializer({ ...wrapped, schema: schemaOf(text) }, columns, 'value');
    fc.assert(
      fc.property(rowsOf(columns.map((c) => c.type)), ([a, b]) => {
        const sink = new GrowableSink(4);
        sink.position = 3;
        const bad = b === null || (b as SqlValue[]).includes(null);
        try {
          serializer.write(sink, a!, b!);
          expect(bad).toBe(false);
        } catch (error) {
          expect(bad && error instanceof RecordError && error.reason).toBe('serialization');
          expect(sink.position).toBe(3);
        }
      }),
      { numRuns: Math.ceil(RUNS / 40) },
    );
  });
});
