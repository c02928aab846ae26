import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import type { Format, FormatSpec } from '../../src/formats/format.js';
import { protobufFormat, protobufNosrFormat } from '../../src/formats/protobuf/protobuf.js';
import { decodeRow, encodeRow } from '../../src/formats/row-codec.js';
import type { RegisteredSchema, WriterSchemas } from '../../src/formats/schema-registry/schema-registry.js';
import { RecordError } from '../../src/model/errors.js';
import type { Column } from '../../src/model/schema.js';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DOUBLE,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  type StructField,
  structType,
} from '../../src/model/sql-type.js';
import type { Row, SqlValue } from '../../src/model/value.js';
import { toBigintValue } from '../../src/model/value.js';
import { Random } from '../simulation/random.js';
import { carriedType, wellFormed, withoutNullItems } from '../support/carried.js';
import { column, columnsOf } from '../support/columns.js';
import { foreignProto3 } from '../support/foreign-proto3.js';
import { mutateBytes } from '../support/mutate-bytes.js';
import { same } from '../support/same.js';
import { rowsOf, sqlTypes, sqlValues } from '../support/sql-values.js';
import { twosComplement } from '../support/twos-complement.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 20_000);

const REPRESENTATIONS = ['none', 'optional', 'wrapper'] as const;
type Representation = (typeof REPRESENTATIONS)[number];

const specOf = (nullable: Representation, schema?: RegisteredSchema): FormatSpec => ({
  name: 'PROTOBUF',
  properties: nullable === 'none' ? {} : { nullableRepresentation: nullable },
  unwrapped: false,
  ...(schema === undefined ? {} : { schema }),
});
const registered = (text: string, id = 1): RegisteredSchema => ({ type: 'PROTOBUF', text, imports: [], id });
const only = (schema: RegisteredSchema): WriterSchemas => ({ find: (id) => (id === schema.id ? schema : null) });
const framed = (message: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, 1, 0]), message]);

/** Types that Protobuf carries: maps have texts as keys, arrays hold no arrays and no maps. */
const carriedTypes = (depth: number): fc.Arbitrary<SqlType> =>
  sqlTypes(depth).map((type) => carriedType(type, 'messages'));

const MESSAGES: ReadonlySet<string> = new Set(['DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'STRUCT']);

/** What is read of a value that was written: texts are well-formed, and nulls that Protobuf does not know are defaults. */
function expected(value: SqlValue, type: SqlType, nullable: Representation): SqlValue {
  if (value === null) return absent(type, nullable);
  switch (type.kind) {
    case 'STRING':
      return Buffer.from(value as string).toString();
    case 'ARRAY':
      return (value as SqlValue[]).map((item) => expected(item, type.element, nullable));
    case 'MAP':
      return new Map(
        [...(value as Map<SqlValue, SqlValue>)].map(([key, item]) => [
          expected(key, STRING, nullable),
          // Entries have no optional fields.
          expected(item, type.value, item === null && nullable === 'optional' ? 'none' : nullable),
        ]),
      );
    case 'STRUCT':
      return type.fields.map((field, i) => expected((value as SqlValue[])[i]!, field.type, nullable));
    default:
      return value;
  }
}

function absent(type: SqlType, nullable: Representation): SqlValue {
  if (type.kind === 'ARRAY') return [];
  if (type.kind === 'MAP') return new Map();
  if (nullable !== 'none' || MESSAGES.has(type.kind)) return null;
  switch (type.kind) {
    case 'BOOLEAN':
      return false;
    case 'STRING':
      return '';
    case 'BYTES':
      return Buffer.alloc(0);
    default:
      return 0;
  }
}

/** Whether the value cannot be written: an array with a null. */
function hasNullItem(value: SqlValue, type: SqlType): boolean {
  if (value === null) return false;
  switch (type.kind) {
    case 'ARRAY':
      return (value as SqlValue[]).some((item) => item === null || hasNullItem(item, type.element));
    case 'MAP':
      return [...(value as Map<SqlValue, SqlValue>).values()].some((item) => hasNullItem(item, type.value));
    case 'STRUCT':
      return type.fields.some((field, i) => hasNullItem((value as SqlValue[])[i]!, field.type));
    default:
      return false;
  }
}

interface Case {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly nullable: Representation;
}

const cases = (depth: number): fc.Arbitrary<Case> =>
  fc
    .tuple(fc.array(carriedTypes(depth), { minLength: 1, maxLength: 6 }), fc.constantFrom(...REPRESENTATIONS))
    .chain(([types, nullable]) =>
      fc
        .array(rowsOf(types), { minLength: 1, maxLength: 4 })
        .map((rows) => ({ columns: columnsOf(types), rows, nullable })),
    );

describe('what is written is read', () => {
  it('in all types', () => {
    fc.assert(
      fc.property(cases(3), fc.boolean(), ({ columns, rows, nullable }, withRegistry) => {
        const format: Format = withRegistry ? protobufFormat : protobufNosrFormat;
        const schema = registered(protobufFormat.schemaFor(specOf(nullable), columns).text);
        const spec = specOf(nullable, schema);
        for (const row of rows) {
          const broken = columns.some(({ type }, i) => hasNullItem(row[i]!, type));
          if (broken) expect(() => encodeRow(format, spec, columns, row)).toThrow(RecordError);
          const whole = row.map((value, i) => withoutNullItems(value, columns[i]!.type));
          const bytes = encodeRow(format, spec, columns, whole)!;
          same(
            decodeRow(format, spec, columns, bytes, 'value', only(schema)),
            whole.map((value, i) => expected(value, columns[i]!.type, nullable)),
          );
        }
      }),
      { numRuns: RUNS / 40 },
    );
  });

  it('as readBack foretells', () => {
    fc.assert(
      fc.property(cases(3), ({ columns, rows, nullable }) => {
        const spec = specOf(nullable);
        const readBack = columns.map(
          ({ type }) => protobufFormat.readBack!(spec, type) ?? ((value: SqlValue) => value),
        );
        for (const row of rows) {
          const whole = row.map((value, i) => wellFormed(withoutNullItems(value, columns[i]!.type)));
          const bytes = encodeRow(protobufNosrFormat, spec, columns, whole)!;
          same(
            whole.map((value, i) => readBack[i]!(value)),
            decodeRow(protobufNosrFormat, spec, columns, bytes),
          );
        }
      }),
      { numRuns: RUNS / 40 },
    );
  });

  it('without a record around a single column', () => {
    const bare: FormatSpec = { name: 'PROTOBUF_NOSR', properties: {}, unwrapped: true };
    fc.assert(
      fc.property(
        carriedTypes(2).chain((type) => fc.tuple(fc.constant(type), sqlValues(type))),
        ([type, value]) => {
          const whole = withoutNullItems(value, type);
          const bytes = encodeRow(protobufNosrFormat, bare, [column('V', type)], [whole]);
          if (whole === null) expect(bytes).toBeNull();
          else same(decodeRow(protobufNosrFormat, bare, [column('V', type)], bytes!), [expected(whole, type, 'none')]);
        },
      ),
      { numRuns: RUNS / 40 },
    );
  });

  it('by some of the columns, in any order, as by all', () => {
    fc.assert(
      fc.property(cases(1), fc.infiniteStream(fc.nat(5)), ({ columns, rows, nullable }, picks) => {
        const schema = registered(protobufFormat.schemaFor(specOf(nullable), columns).text);
        const spec = specOf(nullable, schema);
        const wanted = [...new Set([...picks.take(4)].map((pick) => pick % columns.length))];
        const some = protobufFormat.deserializer(spec, columns, wanted, 'value', only(schema));
        for (const row of rows) {
          const whole = row.map((value, i) => withoutNullItems(value, columns[i]!.type));
          const bytes = encodeRow(protobufFormat, spec, columns, whole)!;
          const all = decodeRow(protobufFormat, spec, columns, bytes, 'value', only(schema))!;
          const padded = Buffer.concat([Buffer.from([0x80, 8]), bytes, Buffer.from([8, 1, 0xff])]);
          expect(some.scan(padded, 2, padded.length - 3)).toBe(true);
          same(
            some.read.map((read) => read()),
            wanted.map((position) => all[position]),
          );
        }
      }),
      { numRuns: RUNS / 40 },
    );
  });
});

/** The library's own reading of the text; the files that it does not bring along are written here once more. */
function oracle(text: string, name = 'ConnectDefault1'): protobuf.Type {
  const root = new protobuf.Root();
  for (const file of ['google/protobuf/wrappers.proto', 'google/protobuf/timestamp.proto']) {
    root.addJSON(protobuf.common.get(file)!.nested!);
  }
  protobuf.parse(
    `syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }
    message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }`,
    root,
    { keepCase: true },
  );
  protobuf.parse(
    'syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }',
    root,
    { keepCase: true },
  );
  protobuf.parse(text, root, { keepCase: true });
  return root.resolveAll().lookupType(name);
}

/** A value as the library takes it, worked out another way than by the code under test; undefined for what is left out. */
function libraryValue(value: SqlValue, type: SqlType, nullable: Representation): unknown {
  if (value === null) return undefined;
  switch (type.kind) {
    case 'DECIMAL': {
      const digits = String(value).replace('-', '').length;
      return { value: twosComplement(value as bigint), precision: digits, scale: type.scale };
    }
    case 'DATE': {
      const date = new Date((value as number) * 86_400_000);
      return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
    }
    case 'TIME': {
      const time = new Date(value as number);
      const nanos = time.getUTCMilliseconds() * 1_000_000;
      return { hours: time.getUTCHours(), minutes: time.getUTCMinutes(), seconds: time.getUTCSeconds(), nanos };
    }
    case 'TIMESTAMP': {
      const ms = BigInt(value as number);
      const rest = ((ms % 1000n) + 1000n) % 1000n;
      return { seconds: String((ms - rest) / 1000n), nanos: Number(rest) * 1_000_000 };
    }
    case 'ARRAY':
      return (value as SqlValue[]).map((item) => libraryValue(item, type.element, nullable));
    case 'MAP':
      return [...(value as Map<SqlValue, SqlValue>)].map(([key, item]) => ({
        key: libraryValue(key, STRING, nullable),
        ...optional('value', libraryValue(item, type.value, nullable)),
      }));
    case 'STRUCT':
      return libraryRow(value as SqlValue[], type.fields, nullable);
    default: {
      const plain = type.kind === 'BIGINT' ? String(value) : value;
      return nullable === 'wrapper' ? { value: plain } : plain;
    }
  }
}

const optional = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value });

function libraryRow(row: readonly SqlValue[], fields: readonly StructField[], nullable: Representation): object {
  return Object.assign({}, ...fields.map(({ name, type }, i) => optional(name, libraryValue(row[i]!, type, nullable))));
}

/** Within the years that `Date` has. */
const DAYS_MAX = 100_000_000;

function clampDates(value: SqlValue, type: SqlType): SqlValue {
  if (value === null) return null;
  switch (type.kind) {
    case 'DATE':
      return (value as number) % DAYS_MAX;
    case 'ARRAY':
      return (value as SqlValue[]).map((item) => clampDates(item, type.element));
    case 'MAP':
      return new Map([...(value as Map<SqlValue, SqlValue>)].map(([k, v]) => [k, clampDates(v, type.value)]));
    case 'STRUCT':
      return type.fields.map((field, i) => clampDates((value as SqlValue[])[i]!, field.type));
    default:
      return value;
  }
}

describe('another implementation', () => {
  it('writes what is read here, and reads what is written here', () => {
    fc.assert(
      fc.property(cases(3), ({ columns, rows, nullable }) => {
        const schema = registered(protobufFormat.schemaFor(specOf(nullable), columns).text);
        const type = oracle(schema.text);
        for (const row of rows) {
          const whole = row.map((value, i) =>
            expected(
              clampDates(withoutNullItems(value, columns[i]!.type), columns[i]!.type),
              columns[i]!.type,
              nullable,
            ),
          );
          const object = type.fromObject(libraryRow(whole, columns, nullable));
          const theirs = framed(type.encode(object).finish());
          same(decodeRow(protobufFormat, specOf(nullable), columns, theirs, 'value', only(schema)), whole);
          const ours = encodeRow(protobufFormat, specOf(nullable, schema), columns, whole)!;
          const read = type.toObject(type.decode(ours.subarray(6)), { longs: String, bytes: Buffer, defaults: true });
          const meant = type.toObject(type.decode(theirs.subarray(6)), {
            longs: String,
            bytes: Buffer,
            defaults: true,
          });
          same(read, meant);
        }
      }),
      { numRuns: RUNS / 80 },
    );
  });

  it('writes the same bytes', () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.constantFrom(INTEGER, BIGINT, DOUBLE, BOOLEAN, STRING, BYTES, arrayType(BIGINT)), {
            minLength: 1,
            maxLength: 20,
          })
          .chain((types) => fc.tuple(fc.constant(columnsOf(types)), rowsOf(types, false))),
        ([columns, row]) => {
          const schema = registered(protobufFormat.schemaFor(specOf('optional'), columns).text);
          const whole = row.map((value, i) =>
            expected(withoutNullItems(value, columns[i]!.type), columns[i]!.type, 'optional'),
          );
          const type = oracle(schema.text);
          const theirs = type.encode(type.fromObject(libraryRow(whole, columns, 'optional'))).finish();
          const ours = encodeRow(protobufFormat, specOf('optional', schema), columns, whole)!;
          expect(ours.subarray(6).toString('hex')).toBe(Buffer.from(theirs).toString('hex'));
        },
      ),
      { numRuns: RUNS / 80 },
    );
  });
});

const FOREIGN = foreignProto3();

const part = (depth: number): SqlType =>
  structType([
    { name: 'n', type: INTEGER },
    { name: 'names', type: arrayType(STRING) },
    ...(depth > 0 ? [{ name: 'inner', type: part(depth - 1) }] : []),
  ]);

const foreignColumns: readonly Column[] = [
  column('u32', BIGINT),
  column('u64', BIGINT),
  column('s32', INTEGER),
  column('s64', BIGINT),
  column('f32', BIGINT),
  column('f64', BIGINT),
  column('sf32', INTEGER),
  column('sf64', BIGINT),
  column('f', DOUBLE),
  column('color', STRING),
  column('parts', mapType(STRING, part(1))),
  column('colors', arrayType(STRING)),
  column('run', arrayType(BIGINT)),
  column('loose', arrayType(INTEGER)),
  column('part', part(2)),
  column('maybe', BOOLEAN),
  column('far', BIGINT),
  column(
    'choice_0',
    structType([
      { name: 'text', type: STRING },
      { name: 'number', type: INTEGER },
      { name: 'whole', type: part(1) },
    ]),
  ),
];

const text = fc.string({ unit: 'binary', maxLength: 5 }).map((value) => Buffer.from(value).toString());
const int32 = fc.integer();
const uint32 = fc.nat({ max: 0xffff_ffff });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const color = fc.constantFrom(0, 1, -1, 5);

const { part: partObject } = fc.letrec<{ part: object }>((tie) => ({
  part: fc.record(
    { n: int32, names: fc.array(text, { maxLength: 2 }), inner: tie('part') },
    { requiredKeys: [], noNullPrototype: true },
  ),
}));

const foreignObject = fc.record(
  {
    u32: uint32,
    u64: uint64,
    s32: int32,
    s64: int64,
    f32: uint32,
    f64: uint64,
    sf32: int32,
    sf64: int64,
    f: fc.float(),
    color,
    parts: fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      partObject,
      { maxKeys: 3, noNullPrototype: true },
    ),
    colors: fc.array(color, { maxLength: 3 }),
    run: fc.array(int64, { maxLength: 4 }),
    loose: fc.array(int32, { maxLength: 4 }),
    part: partObject,
    maybe: fc.boolean(),
    far: int64,
  },
  { requiredKeys: [], noNullPrototype: true },
);

const choice = fc.oneof(
  fc.constant({}),
  fc.record({ text }),
  fc.record({ number: int32 }),
  fc.record({ whole: partObject }),
);

type Plain = Record<string, never>;

/** The columns of a message as the library's plain object. */
function foreignRow(message: Plain): SqlValue[] {
  const big = (value: string): SqlValue => toBigintValue(BigInt.asIntN(64, BigInt(value)));
  const name = (number: number): SqlValue =>
    number === 0 ? 'RED' : number === 1 ? 'GREEN' : number === -1 ? 'BLUE' : `UNKNOWN_ENUM_VALUE_Color_${number}`;
  const partRow = (object: Plain | undefined, depth: number): SqlValue => {
    if (object === undefined) return null;
    const {
      n = 0,
      names = [],
      inner,
    } = object as Record<string, unknown> as { n?: number; names?: string[]; inner?: Plain };
    return [n, [...names], ...(depth > 0 ? [partRow(inner, depth - 1)] : [])];
  };
  const m = message as Record<string, unknown> as {
    u32?: number;
    u64?: string;
    s32?: number;
    s64?: string;
    f32?: number;
    f64?: string;
    sf32?: number;
    sf64?: string;
    f?: number;
    color?: number;
    parts?: Record<string, Plain>;
    colors?: number[];
    run?: string[];
    loose?: number[];
    part?: Plain;
    maybe?: boolean;
    far?: string;
    text?: string;
    number?: number;
    whole?: Plain;
  };
  const chosen: SqlValue[] = [m.text ?? null, m.number ?? null, partRow(m.whole, 1)];
  return [
    m.u32 ?? 0,
    big(m.u64 ?? '0'),
    m.s32 ?? 0,
    big(m.s64 ?? '0'),
    m.f32 ?? 0,
    big(m.f64 ?? '0'),
    m.sf32 ?? 0,
    big(m.sf64 ?? '0'),
    m.f ?? 0,
    name(m.color ?? 0),
    new Map(Object.entries(m.parts ?? {}).map(([key, value]) => [key, partRow(value, 1)])),
    (m.colors ?? []).map(name),
    (m.run ?? []).map(big),
    m.loose ?? [],
    partRow(m.part, 2),
    m.maybe ?? null,
    big(m.far ?? '0'),
    chosen.every((member) => member === null) ? null : chosen,
  ];
}

describe('a schema of somebody else', () => {
  const schema = registered(FOREIGN);
  const type = oracle(FOREIGN, 'Foreign');
  const message = fc.tuple(foreignObject, choice).map(([object, chosen]) => ({ ...object, ...chosen }));
  const plain = (bytes: Uint8Array): Plain =>
    type.toObject(type.decode(bytes), { longs: String, bytes: Buffer }) as Plain;
  const read = (bytes: Uint8Array, columns = foreignColumns): Row =>
    decodeRow(protobufFormat, specOf('none'), columns, framed(bytes), 'value', only(schema))!;

  it('is read as the other implementation reads it', () => {
    fc.assert(
      fc.property(message, (object) => {
        const bytes = type.encode(type.fromObject(object)).finish();
        same(read(bytes), foreignRow(plain(bytes)));
      }),
      { numRuns: RUNS / 20 },
    );
  });

  it('is read where several messages follow each other, which is one message', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 2, maxLength: 4 }), (objects) => {
        const bytes = Buffer.concat(objects.map((object) => type.encode(type.fromObject(object)).finish()));
        same(read(bytes), foreignRow(plain(bytes)));
      }),
      { numRuns: RUNS / 40 },
    );
  });

  it('is written so that the other implementation reads the same', () => {
    const writable = foreignColumns.filter(({ name }) => name !== 'color' && name !== 'colors');
    fc.assert(
      fc.property(message, (object) => {
        const row = read(type.encode(type.fromObject(object)).finish(), writable);
        const ours = encodeRow(protobufFormat, specOf('none', schema), writable, row)!;
        same(read(ours.subarray(6), writable), row);
        const theirs = foreignRow(plain(ours.subarray(6)));
        same(
          theirs.filter((_, i) => writable.includes(foreignColumns[i]!)),
          row,
        );
      }),
      { numRuns: RUNS / 40 },
    );
  });

  it('has its fields again when they were written by a schema with more, fewer and other names', () => {
    const older = registered(
      `syntax = "proto3"; message Foreign { uint32 U32 = 1; sint64 s64 = 4; Part part = 15; string gone = 30; repeated Part list = 31;
      message Part { int32 n = 1; double other = 9; Part inner = 3; } }`,
      2,
    );
    const olderType = oracle(older.text, 'Foreign');
    const both: WriterSchemas = { find: (id) => (id === 1 ? schema : id === 2 ? older : null) };
    const deserializer = protobufFormat.deserializer(
      specOf('none'),
      foreignColumns,
      [...foreignColumns.keys()],
      'value',
      both,
    );
    const readBy = (id: number, bytes: Uint8Array): SqlValue[] => {
      const record = Buffer.concat([Buffer.from([0, 0, 0, 0, id, 0]), bytes]);
      deserializer.scan(record, 0, record.length);
      return deserializer.read.map((one) => one());
    };
    fc.assert(
      fc.property(message, uint32, int64, partObject, text, (object, u32, s64, inner, gone) => {
        const bytes = type.encode(type.fromObject(object)).finish();
        same(readBy(1, bytes), foreignRow(plain(bytes)));
        const old = olderType
          .encode(olderType.fromObject({ U32: u32, s64, part: inner, gone, list: [inner] }))
          .finish();
        const row: SqlValue[] = foreignColumns.map(() => null);
        row[0] = u32;
        row[3] = toBigintValue(BigInt(s64));
        const bigPart = plain(type.encode(type.fromObject({ part: inner })).finish());
        row[14] = withoutNames(foreignRow(bigPart)[14]!);
        same(readBy(2, old), row);
      }),
      { numRuns: RUNS / 80 },
    );
  });
});

/** The list that the older schema does not have is no empty list: it is null. */
function withoutNames(value: SqlValue): SqlValue {
  if (value === null) return null;
  const [n, , ...inner] = value as SqlValue[];
  return [n!, null, ...inner.map(withoutNames)];
}

describe('damaged records', () => {
  it('are refused with record errors, or read', () => {
    const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const random = new Random(seed);
    const own: readonly SqlType[] = fc.sample(carriedTypes(3), { numRuns: 40, seed });
    const known = new Map<number, RegisteredSchema>([[1, registered(FOREIGN)]]);
    const records: { readonly bytes: Buffer; readonly columns: readonly Column[] }[] = [];
    const type = oracle(FOREIGN, 'Foreign');
    for (const object of fc.sample(fc.tuple(foreignObject, choice), { numRuns: 100, seed })) {
      const bytes = framed(type.encode(type.fromObject({ ...object[0], ...object[1] })).finish());
      records.push({ bytes, columns: foreignColumns });
    }
    for (const [i, ownType] of own.entries()) {
      const columns = columnsOf([ownType, STRING, INTEGER]);
      const nullable = REPRESENTATIONS[i % 3]!;
      const schema = registered(protobufFormat.schemaFor(specOf(nullable), columns).text, i + 2);
      known.set(schema.id, schema);
      for (const row of fc.sample(rowsOf([ownType, STRING, INTEGER]), { numRuns: 5, seed })) {
        const whole = row.map((value, position) => withoutNullItems(value, columns[position]!.type));
        records.push({ bytes: encodeRow(protobufFormat, specOf(nullable, schema), columns, whole)!, columns });
      }
    }
    const schemas: WriterSchemas = { find: (id) => known.get(id) ?? null };
    const deserializers = new Map(
      [...new Set(records.map(({ columns }) => columns))].map((columns) => [
        columns,
        protobufFormat.deserializer(specOf('none'), columns, [...columns.keys()], 'value', schemas),
      ]),
    );
    let refused = 0;
    let whole = 0;
    for (let i = 0; i < RUNS; i++) {
      const { bytes, columns } = random.pick(records);
      // Most keep the frame, so that it is the message that is damaged.
      const keep = random.chance(0.9) ? 6 : 0;
      const damaged = Buffer.concat([bytes.subarray(0, keep), mutateBytes(random, bytes.subarray(keep))]);
      const deserializer = deserializers.get(columns)!;
      try {
        deserializer.scan(damaged, 0, damaged.length);
        whole++;
        for (const one of deserializer.read) {
          try {
            one();
          } catch (error) {
            if (!(error instanceof RecordError)) throw error;
          }
        }
      } catch (error) {
        if (error instanceof RecordError) refused++;
        else throw new Error(`seed ${seed}, record ${i}: ${damaged.toString('hex')}`, { cause: error });
      }
    }
    expect(refused).toBeGreaterThan(RUNS / 20);
    expect(whole).toBeGreaterThan(RUNS / 20);
  });
});
