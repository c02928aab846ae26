import { GrowableSink } from '../src/formats/byte-sink.js';
import type { FormatSpec } from '../src/formats/format.js';
import { jsonFormat } from '../src/formats/json.js';
import type { Column } from '../src/model/schema.js';
import { BIGINT, BOOLEAN, DOUBLE, INTEGER, type SqlType, STRING } from '../src/model/sql-type.js';

/** JSON records of eight columns against Node's own JSON, as ratios: above 1 is quicker than Node. */

const RECORDS = 2000;
const ROUNDS = 15;
const PASSES = 20;

const spec: FormatSpec = { name: 'JSON', properties: {}, unwrapped: false };
const column = (name: string, type: SqlType): Column => ({ name, type, role: 'value' });
const columns = [
  column('ORDER_ID', BIGINT),
  column('CUSTOMER', STRING),
  column('ITEM', STRING),
  column('QUANTITY', INTEGER),
  column('PRICE', DOUBLE),
  column('CITY', STRING),
  column('PAID', BOOLEAN),
  column('ORDERED_AT', BIGINT),
];

const cities = ['Amsterdam', 'Berlin', 'Copenhagen', 'Dublin', 'Edinburgh'];

function document(i: number, lowerCase: boolean): Record<string, unknown> {
  const members: Record<string, unknown> = {
    ORDER_ID: 1_000_000 + i * 7,
    CUSTOMER: `customer-${(i * 31) % 500}`,
    ITEM: `item-${(i * 17) % 90}`,
    QUANTITY: 1 + (i % 12),
    PRICE: ((i * 37) % 10000) / 100,
    CITY: cities[i % cities.length],
    PAID: i % 3 === 0,
    ORDERED_AT: 1_700_000_000_000 + i * 1000,
  };
  return lowerCase ? Object.fromEntries(Object.entries(members).map(([k, v]) => [k.toLowerCase(), v])) : members;
}

function batch(lowerCase: boolean, spaced: boolean): { bytes: Buffer; ends: number[] } {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let end = 0;
  for (let i = 0; i < RECORDS; i++) {
    const text = JSON.stringify(document(i, lowerCase), null, spaced ? 1 : 0);
    const part = Buffer.from(spaced ? text.replaceAll(/\n */g, ' ') : text);
    parts.push(part);
    end += part.length;
    ends.push(end);
  }
  return { bytes: Buffer.concat(parts), ends };
}

let blackHole = 0;

function decodeOurs(input: { bytes: Buffer; ends: number[] }, wanted: readonly number[]): () => void {
  const { bytes, ends } = input;
  const deserializer = jsonFormat.deserializer(spec, columns, wanted, 'value');
  const { read } = deserializer;
  return () => {
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i]!;
      deserializer.scan(bytes, start, end);
      for (let c = 0; c < read.length; c++) if (read[c]!() !== null) blackHole++;
      start = end;
    }
  };
}

function decodeNode(input: { bytes: Buffer; ends: number[] }, names: readonly string[]): () => void {
  const { bytes, ends } = input;
  return () => {
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i]!;
      const row = JSON.parse(bytes.toString('utf8', start, end));
      for (let c = 0; c < names.length; c++) if (row[names[c]!] !== null) blackHole++;
      start = end;
    }
  };
}

const encoded = columns.filter((c) => ['ORDER_ID', 'CUSTOMER', 'PRICE'].includes(c.name));
const rows = Array.from({ length: RECORDS }, (_, i) => document(i, false));

function encodeOurs(): () => void {
  const serializer = jsonFormat.serializer(spec, encoded, 'value');
  const sink = new GrowableSink(1 << 20);
  return () => {
    sink.reset();
    for (const row of rows) {
      serializer.write(sink, row['ORDER_ID'] as number, row['CUSTOMER'] as string, row['PRICE'] as number);
    }
    blackHole += sink.position;
  };
}

function encodeNode(): () => void {
  return () => {
    for (const row of rows) {
      const text = JSON.stringify({ ORDER_ID: row['ORDER_ID'], CUSTOMER: row['CUSTOMER'], PRICE: row['PRICE'] });
      blackHole += Buffer.from(text).length;
    }
  };
}

/** Nanoseconds a record of both, taken in turns; the least of several rounds. */
function compare(name: string, ours: () => void, node: () => void): void {
  let best = Infinity;
  let bestNode = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    best = Math.min(best, time(ours));
    bestNode = Math.min(bestNode, time(node));
  }
  const figures = `${best.toFixed(0).padStart(6)} ns against ${bestNode.toFixed(0).padStart(5)} ns`;
  console.log(`${name.padEnd(44)} ${figures}   ratio ${(bestNode / best).toFixed(2)}`);
}

function time(work: () => void): number {
  const begin = process.hrtime.bigint();
  for (let pass = 0; pass < PASSES; pass++) work();
  return Number(process.hrtime.bigint() - begin) / (PASSES * RECORDS);
}

const all = columns.map((_, i) => i);
const two = [1, 4];
const upper = batch(false, false);
const lower = batch(true, false);
const spaced = batch(true, true);
const names = (wanted: readonly number[], lowerCase: boolean) =>
  wanted.map((i) => (lowerCase ? columns[i]!.name.toLowerCase() : columns[i]!.name));

console.log(
  `record of ${Math.round(upper.bytes.length / RECORDS)} bytes; against JSON.parse and JSON.stringify with Buffer`,
);
compare('decode two of eight', decodeOurs(upper, two), decodeNode(upper, names(two, false)));
compare('decode two of eight, lower-case members', decodeOurs(lower, two), decodeNode(lower, names(two, true)));
compare('decode two of eight, blanks between', decodeOurs(spaced, two), decodeNode(spaced, names(two, true)));
compare('decode eight of eight', decodeOurs(upper, all), decodeNode(upper, names(all, false)));
compare('encode three', encodeOurs(), encodeNode());
if (blackHole === 0) throw new Error('nothing was measured');
