import type { Format, FormatSpec, SchemaFormat } from '../src/formats/format.js';
import { asSchemaFormat, formatNamed } from '../src/formats/index.js';
import { encodeRow } from '../src/formats/row-codec.js';
import type { RegisteredSchema, WriterSchemas } from '../src/formats/schema-registry/schema-registry.js';
import type { Column } from '../src/model/schema.js';
import { BIGINT, DOUBLE, INTEGER, STRING } from '../src/model/sql-type.js';
import { type Contest, compare } from './formats/compare.js';
import {
  type Batch,
  batchOf,
  column,
  encodedOrders,
  FOUR_OF_EIGHT,
  ORDER_COLUMNS,
  type Order,
  orders,
  RECORDS,
  TWO_OF_EIGHT,
} from './formats/orders.js';
import { decode, encode, kept } from './formats/ours.js';
import * as peers from './formats/peers.js';

/*
 * Records decoded and encoded in each format, beside what one would write in Node by hand. A ratio above 1 says that ours is quicker. Arguments
 * name formats, so that one can be measured alone.
 */

const TWO_GOAL = 2;
const WHOLE_GOAL = 1;
const WIDE_COLUMNS = 40;

const CONTESTS: Readonly<Record<string, () => readonly Contest[]>> = {
  JSON: jsonContests,
  JSON_SR: jsonSrContests,
  AVRO: avroContests,
  PROTOBUF: protobufContests,
  DELIMITED: delimitedContests,
  KAFKA: kafkaContests,
};

const ALL: readonly number[] = [...ORDER_COLUMNS.keys()];
const FOUR: readonly Column[] = FOUR_OF_EIGHT.map((position) => ORDER_COLUMNS[position]!);

function jsonContests(): Contest[] {
  const { format, spec } = plain('JSON');
  const rows = orders('few');
  const batch = encodedOrders(format, spec, rows);
  const members = (record: Buffer): [string, unknown][] => Object.entries(JSON.parse(record.toString()));
  const lower = batchOf(
    batch.records.map((record) =>
      Buffer.from(
        JSON.stringify(Object.fromEntries(members(record).map(([name, value]) => [name.toLowerCase(), value]))),
      ),
    ),
  );
  const spaced = batchOf(
    batch.records.map((record) =>
      Buffer.from(JSON.stringify(Object.fromEntries(members(record)), null, 1).replaceAll(/\n */g, ' ')),
    ),
  );
  const two = (records: Batch) => decode(format, spec, ORDER_COLUMNS, TWO_OF_EIGHT, records);
  const [first, ...others] = orderContests({ format, spec, fourSpec: spec, batch, rows, peer: peers.json });
  return [
    first!,
    {
      name: 'two of eight, lower-case members',
      goal: TWO_GOAL,
      ours: two(lower),
      theirs: () => peers.decodeTwoInLowerCase(lower.records),
    },
    {
      name: 'two of eight, blanks between',
      goal: TWO_GOAL,
      ours: two(spaced),
      theirs: () => peers.json.decodeTwo(spaced.records),
    },
    ...others,
  ];
}

function jsonSrContests(): Contest[] {
  return registeredContests('JSON_SR', 'few', () => peers.jsonSr);
}

function avroContests(): Contest[] {
  const columns = Array.from({ length: WIDE_COLUMNS }, (_, i) =>
    column(`F${i}`, [BIGINT, STRING, DOUBLE, STRING, INTEGER][i % 5]!),
  );
  const { format, spec, schemas } = registered('AVRO', columns);
  const batch = batchOf(
    Array.from({ length: RECORDS }, (_, i) => {
      const values = [1_000_000 + i * 7, `customer-${(i * 31) % 500}`, ((i * 37) % 10_000) / 100, 'Amsterdam', i % 12];
      return encodeRow(
        format,
        spec,
        columns,
        columns.map((_, c) => values[c % 5]!),
      )!;
    }),
  );
  return [
    ...registeredContests('AVRO', 'many', peers.avro),
    {
      name: `two of ${WIDE_COLUMNS}, ${bytesOf(batch)} bytes`,
      goal: TWO_GOAL,
      ours: decode(format, spec, columns, [6, 25], batch, schemas),
      theirs: peers.decodeWideAvro(spec.schema!.text, batch.records),
    },
  ];
}

function protobufContests(): Contest[] {
  return registeredContests('PROTOBUF', 'many', peers.proto);
}

function delimitedContests(): Contest[] {
  const { format, spec } = plain('DELIMITED');
  const rows = orders('many');
  const batch = encodedOrders(format, spec, rows);
  return orderContests({ format, spec, fourSpec: spec, batch, rows, peer: peers.delimited });
}

/** A column of each type alone. */
function kafkaContests(): Contest[] {
  const { format } = plain('KAFKA');
  const spec: FormatSpec = { name: 'KAFKA', properties: {}, unwrapped: true };
  const rows = orders('few');
  const alone = (
    of: Column,
    theirDecode: (record: Buffer) => unknown,
    theirEncode: (row: Order) => unknown,
  ): readonly Contest[] => {
    const batch = batchOf(rows.map((row) => encodeRow(format, spec, [of], [row[of.name as keyof Order]])!));
    const { records } = batch;
    const loops = new Function(
      'records',
      'rows',
      'kept',
      'decode',
      'encode',
      `return {
        decode() { for (const record of records) kept[0] = decode(record); },
        encode() { for (const row of rows) kept[0] = encode(row); },
      };`,
    )(records, rows, kept, theirDecode, theirEncode);
    return [
      {
        name: `${of.type.kind}, decode`,
        goal: WHOLE_GOAL,
        ours: decode(format, spec, [of], [0], batch),
        theirs: loops.decode,
      },
      {
        name: `${of.type.kind}, encode`,
        goal: WHOLE_GOAL,
        ours: encode(format, spec, [of], rows),
        theirs: loops.encode,
      },
    ];
  };
  const written = (bytes: number, write: (buffer: Buffer) => unknown): Buffer => {
    const buffer = Buffer.allocUnsafe(bytes);
    write(buffer);
    return buffer;
  };
  return [
    ...alone(
      column('QUANTITY', INTEGER),
      (record) => record.readInt32BE(0),
      (row) => written(4, (buffer) => buffer.writeInt32BE(row.QUANTITY, 0)),
    ),
    ...alone(
      column('ORDERED_AT', BIGINT),
      (record) => Number(record.readBigInt64BE(0)),
      (row) => written(8, (buffer) => buffer.writeBigInt64BE(BigInt(row.ORDERED_AT), 0)),
    ),
    ...alone(
      column('PRICE', DOUBLE),
      (record) => record.readDoubleBE(0),
      (row) => written(8, (buffer) => buffer.writeDoubleBE(row.PRICE, 0)),
    ),
    ...alone(
      column('CUSTOMER', STRING),
      (record) => record.toString(),
      (row) => Buffer.from(row.CUSTOMER),
    ),
  ];
}

interface OrderContest {
  readonly format: Format;
  readonly spec: FormatSpec;
  /** For the four columns that are written. */
  readonly fourSpec: FormatSpec;
  readonly schemas?: WriterSchemas;
  readonly batch: Batch;
  readonly rows: readonly Order[];
  readonly peer: peers.Peer;
}

function orderContests({ format, spec, fourSpec, schemas, batch, rows, peer }: OrderContest): Contest[] {
  return [
    {
      name: `two of eight, ${bytesOf(batch)} bytes`,
      goal: TWO_GOAL,
      ours: decode(format, spec, ORDER_COLUMNS, TWO_OF_EIGHT, batch, schemas),
      theirs: () => peer.decodeTwo(batch.records),
    },
    {
      name: 'eight of eight',
      goal: WHOLE_GOAL,
      ours: decode(format, spec, ORDER_COLUMNS, ALL, batch, schemas),
      theirs: () => peer.decodeEight(batch.records),
    },
    {
      name: 'encode four',
      goal: WHOLE_GOAL,
      ours: encode(format, fourSpec, FOUR, rows),
      theirs: () => peer.encodeFour(rows),
    },
  ];
}

/** The contests of a format whose schemas are in a registry. */
function registeredContests(
  name: string,
  words: 'few' | 'many',
  peerOf: (schemas: { readonly eight: string; readonly four: string }) => peers.Peer,
): Contest[] {
  const rows = orders(words);
  const { format, spec, schemas } = registered(name, ORDER_COLUMNS);
  const { spec: fourSpec } = registered(name, FOUR);
  const batch = encodedOrders(format, spec, rows);
  const peer = peerOf({ eight: spec.schema!.text, four: fourSpec.schema!.text });
  return orderContests({ format, spec, fourSpec, schemas, batch, rows, peer });
}

function plain(name: string): { readonly format: Format; readonly spec: FormatSpec } {
  return { format: formatNamed(name)!, spec: { name, properties: {}, unwrapped: false } };
}

/** A format with the schema that it writes the columns with. */
function registered(
  name: string,
  columns: readonly Column[],
): { readonly format: SchemaFormat; readonly spec: FormatSpec; readonly schemas: WriterSchemas } {
  const { spec } = plain(name);
  const format = asSchemaFormat(formatNamed(name)!)!;
  const schema: RegisteredSchema = { ...format.schemaFor(spec, columns), id: 1 };
  return { format, spec: { ...spec, schema }, schemas: { find: () => schema } };
}

function bytesOf(batch: Batch): number {
  return Math.round(batch.bytes.length / batch.ends.length);
}

const chosen = process.argv.slice(2).map((name) => name.toUpperCase());
const unknown = chosen.find((name) => !Object.hasOwn(CONTESTS, name));
if (unknown !== undefined) {
  console.error(`there is no format "${unknown}" to measure; there are ${Object.keys(CONTESTS).join(', ')}`);
  process.exit(2);
}
let missed = 0;
console.log('decode some columns or all, and encode; median of ratios, and its middle half');
for (const name of chosen.length === 0 ? Object.keys(CONTESTS) : chosen) {
  console.log(name);
  for (const contest of CONTESTS[name]!()) if (!compare(contest)) missed++;
}
console.log(missed === 0 ? 'every goal is met' : `${missed} goals are missed`);
