import type { Format, FormatSpec } from '../../src/formats/format.js';
import { asSchemaFormat, formatNamed } from '../../src/formats/index.js';
import { encodeRow } from '../../src/formats/row-codec.js';
import type { RegisteredSchema, WriterSchemas } from '../../src/formats/schema-registry/schema-registry.js';
import { RecordError } from '../../src/model/errors.js';
import type { Column } from '../../src/model/schema.js';
import type { SqlType } from '../../src/model/sql-type.js';
import { Random } from '../simulation/random.js';
import { withoutNullItems } from '../support/carried.js';
import { type AvroJson, avroBody, avroChain, avroNumbers, FOREIGN_AVRO } from './avro-records.js';
import { type Bomb, damageRecord, type Weapons } from './damage.js';
import type { Input, Reader, Subject } from './fuzz.js';
import {
  deepGroups,
  deepMessages,
  FOREIGN_PROTO2,
  FOREIGN_PROTO3,
  hugeDecimal,
  longRun,
  manyFields,
  protobufBody,
} from './protobuf-records.js';
import { recordReader } from './record-reader.js';
import { bareTypesFor, type Carried, type Shape, shape, shapesFor } from './shapes.js';
import { DELIMITED_BOMBS, JSON_BOMBS, KAFKA_BOMBS } from './text-records.js';
import { anyValue } from './values.js';
import { EXTREMES, OVERLONG, varint, zigzag } from './varint.js';

/** Formats whose records may come from anywhere. */
export const FUZZED_FORMATS = ['JSON', 'JSON_SR', 'AVRO', 'PROTOBUF', 'PROTOBUF_NOSR', 'DELIMITED', 'KAFKA'] as const;

export type FuzzedFormat = (typeof FUZZED_FORMATS)[number];

/** Ids that the registry does not have, has not been asked for, and has for what is no schema of the format. */
const UNKNOWN_ID = 999_999;
const UNASKED_ID = 888_888;
const FOREIGN_KIND_ID = 777_777;
const UNREADABLE_ID = 666_666;

const CARRIED: Readonly<Record<FuzzedFormat, Carried>> = {
  JSON: 'maps with texts as keys',
  JSON_SR: 'maps with texts as keys',
  AVRO: 'maps with texts as keys',
  PROTOBUF: 'messages',
  PROTOBUF_NOSR: 'messages',
  DELIMITED: 'scalars',
  KAFKA: 'scalars',
};

const TEXT_NUMBERS = [
  '99999999999999999999',
  '-',
  '1e999999999',
  '\\u0000',
  '"',
  '{',
  '[',
  '\n',
  '\u0000',
  '1e',
  '.',
].map((text) => Buffer.from(text, 'latin1'));
const AVRO_NUMBERS = [...EXTREMES.map(zigzag), ...OVERLONG];
const PROTOBUF_NUMBERS = [...EXTREMES.map((n) => varint(n)), ...OVERLONG];
const KAFKA_NUMBERS = [Buffer.alloc(8, 0xff), Buffer.from([0xc0, 0xaf]), Buffer.from([0x7f, 0xf8, 0, 0, 0, 0, 0, 1])];

const AVRO_BOMBS: readonly Bomb[] = [
  { name: 'numbers', body: (random) => avroNumbers(random, AVRO_NUMBERS) },
  { name: 'records of others', body: (random) => avroBody(random, FOREIGN_AVRO) },
  { name: 'chains', body: avroChain },
];
const PROTOBUF_BOMBS: readonly Bomb[] = [
  { name: 'any fields', body: protobufBody },
  { name: 'any fields again', body: (random) => Buffer.concat([protobufBody(random), protobufBody(random)]) },
  { name: 'deep messages', body: deepMessages },
  { name: 'deep groups', body: deepGroups },
  { name: 'many fields', body: manyFields },
  { name: 'long runs', body: longRun },
  { name: 'huge decimals', body: hugeDecimal },
];

const WEAPONS: Readonly<Record<FuzzedFormat, Omit<Weapons, 'ids'>>> = {
  JSON: { frameBytes: 0, numbers: TEXT_NUMBERS, bombs: JSON_BOMBS },
  JSON_SR: { frameBytes: 5, numbers: TEXT_NUMBERS, bombs: JSON_BOMBS },
  AVRO: { frameBytes: 5, numbers: AVRO_NUMBERS, bombs: AVRO_BOMBS },
  PROTOBUF: { frameBytes: 6, numbers: PROTOBUF_NUMBERS, bombs: PROTOBUF_BOMBS },
  PROTOBUF_NOSR: { frameBytes: 0, numbers: PROTOBUF_NUMBERS, bombs: PROTOBUF_BOMBS },
  DELIMITED: { frameBytes: 0, numbers: TEXT_NUMBERS, bombs: DELIMITED_BOMBS },
  KAFKA: { frameBytes: 0, numbers: KAFKA_NUMBERS, bombs: KAFKA_BOMBS },
};

const ROWS_A_SHAPE = 8;
const FOREIGN_RECORDS = 40;

/** Good records of one schema, and what is made for them. */
interface Family {
  readonly records: readonly Buffer[];
  readonly readers: readonly Reader[];
}

/**
 * Records of a format with many schemas, each with readers of all columns and of some. A damaged record is read by those of its own schema and by some
 * that were made for another.
 */
export function formatSubject(name: FuzzedFormat, seed: number): Subject {
  const families = new FamilyMaker(name, seed).families();
  const all = families.flatMap((family) => family.readers);
  const weapons: Weapons = { ...WEAPONS[name], ids: idsUpTo(families.length) };
  return {
    name,
    input(random): Input {
      const { records, readers } = random.pick(families);
      const { bytes, damage } = damageRecord(random, random.pick(records), weapons);
      return { bytes, damage, readers: [...readers, random.pick(all)] };
    },
  };
}

/** Those of all families, and those that are no use. */
function idsUpTo(families: number): number[] {
  return [...Array(families).keys()].map((i) => i + 1).concat(UNKNOWN_ID, UNASKED_ID, FOREIGN_KIND_ID, UNREADABLE_ID);
}

class FamilyMaker {
  readonly #name: FuzzedFormat;
  readonly #format: Format;
  readonly #seed: number;
  readonly #registered = new Map<number, RegisteredSchema>();
  readonly #schemas: WriterSchemas;
  #nextId = 1;

  constructor(name: FuzzedFormat, seed: number) {
    this.#name = name;
    this.#format = formatNamed(name)!;
    this.#seed = seed;
    const { schemaType } = asSchemaFormat(this.#format) ?? {};
    const other = schemaType === 'AVRO' ? 'JSON' : 'AVRO';
    this.#registered.set(FOREIGN_KIND_ID, { id: FOREIGN_KIND_ID, type: other, text: '"string"', imports: [] });
    this.#registered.set(UNREADABLE_ID, { id: UNREADABLE_ID, type: schemaType ?? 'JSON', text: '{ no', imports: [] });
    this.#schemas = { find: (id) => (id === UNASKED_ID ? undefined : (this.#registered.get(id) ?? null)) };
  }

  families(): Family[] {
    const carried = CARRIED[this.#name];
    const { allowed } = this.#format.support.singleColumn;
    const wrapped = this.#name === 'KAFKA' ? [] : shapesFor(carried, this.#seed);
    const bare = allowed.includes('unwrapped') && this.#name !== 'DELIMITED' ? bareTypesFor(carried) : [];
    const shapes: readonly [Shape, boolean][] = [
      ...wrapped.map((one): [Shape, boolean] => [one, false]),
      ...bare.map((type): [Shape, boolean] => [shape(`bare ${type.kind}`, [type]), true]),
    ];
    return [
      ...shapes
        .filter(([{ columns }]) => this.#format.refuses(columns, 'value') === null)
        .map(([one, unwrapped], i) => this.#own(one, unwrapped, i)),
      ...this.#foreign(),
    ];
  }

  /** Records that the format writes itself. */
  #own({ name, columns }: Shape, unwrapped: boolean, i: number): Family {
    // Protobuf can tell a null from a default in three ways.
    const nullable = ['none', 'optional', 'wrapper'][i % 3]!;
    const isProtobuf = CARRIED[this.#name] === 'messages';
    const properties: Record<string, string> =
      isProtobuf && nullable !== 'none' ? { nullableRepresentation: nullable } : {};
    const bare: FormatSpec = { name: this.#name, properties, unwrapped };
    const schema = asSchemaFormat(this.#format)?.schemaFor(bare, columns);
    const spec = schema === undefined ? bare : { ...bare, schema: this.#register(schema.text) };
    const types = columns.map((column) => column.type);
    const random = new Random(this.#seed + i);
    const records: Buffer[] = [];
    for (let row = 0; row < ROWS_A_SHAPE; row++) {
      const values = types.map((type) => anyValue(random, type));
      const whole = isProtobuf ? values.map((value, c) => withoutNullItems(value, types[c]!)) : values;
      const bytes = this.#encode(spec, columns, whole);
      if (bytes !== null) records.push(bytes);
    }
    if (records.length === 0) throw new Error(`${this.#name} can write no record of ${name}`);
    return { records, readers: this.#readers(name, spec, columns) };
  }

  #encode(spec: FormatSpec, columns: readonly Column[], row: Parameters<typeof encodeRow>[3]): Buffer | null {
    try {
      return encodeRow(this.#format, spec, columns, row);
    } catch (error) {
      if (error instanceof RecordError) return null;
      throw error;
    }
  }

  /** Records that other programs write, read with the columns that their schemas give. */
  #foreign(): Family[] {
    const random = new Random(this.#seed);
    const bodies = (make: (random: Random) => Buffer) => Array.from({ length: FOREIGN_RECORDS }, () => make(random));
    if (this.#name === 'AVRO') {
      const schemas: readonly AvroJson[] = [FOREIGN_AVRO, ['null', FOREIGN_AVRO]];
      return schemas.map((schema) => {
        const own = bodies((dice) => avroBody(dice, schema));
        return this.#foreignFamily(JSON.stringify(schema), own);
      });
    }
    if (this.#name === 'PROTOBUF') {
      return [FOREIGN_PROTO3, FOREIGN_PROTO2].map((text) => this.#foreignFamily(text, bodies(protobufBody)));
    }
    return [];
  }

  #foreignFamily(text: string, bodies: readonly Buffer[]): Family {
    const schema = this.#register(text);
    const content = asSchemaFormat(this.#format)!.contentOf(schema, null).type as SqlType & { kind: 'STRUCT' };
    const columns = content.fields.map((field): Column => ({ ...field, role: 'value' }));
    const frame = Buffer.alloc(WEAPONS[this.#name].frameBytes);
    frame.writeInt32BE(schema.id, 1);
    return {
      records: bodies.map((body) => Buffer.concat([frame, body])),
      readers: this.#readers('foreign', { name: this.#name, properties: {}, unwrapped: false }, columns),
    };
  }

  #register(text: string): RegisteredSchema {
    const id = this.#nextId++;
    const schema: RegisteredSchema = { id, type: asSchemaFormat(this.#format)!.schemaType, text, imports: [] };
    this.#registered.set(id, schema);
    return schema;
  }

  /** Of all columns, and of every other one. */
  #readers(name: string, spec: FormatSpec, columns: readonly Column[]): Reader[] {
    const all = [...columns.keys()];
    const choices: readonly [string, readonly number[]][] =
      columns.length === 1
        ? [['all', all]]
        : [
            ['all', all],
            ['some', all.filter((i) => i % 2 === columns.length % 2).reverse()],
          ];
    return choices.map(([which, wanted]) => {
      const deserializer = this.#format.deserializer(spec, columns, wanted, 'value', this.#schemas);
      const chosen = wanted.map((i) => columns[i]!);
      return recordReader(`${name}, ${which}`, deserializer, chosen, 'value');
    });
  }
}
