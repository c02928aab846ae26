import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { FormatSpec } from '../../src/formats/format.js';
import { jsonFormat } from '../../src/formats/json.js';
import { fromJson, Members } from '../../src/formats/json-value.js';
import { formatDouble } from '../../src/model/double-text.js';
import { RecordError } from '../../src/model/errors.js';
import { type JsonValue, parseJsonLossless } from '../../src/model/json-text.js';
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
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../../src/model/sql-type.js';
import type { SqlValue } from '../../src/model/value.js';
import { column } from '../support/columns.js';
import { same } from '../support/same.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 20_000);

const wrapped: FormatSpec = { name: 'JSON', properties: {}, unwrapped: false };
const bare: FormatSpec = { name: 'JSON', properties: {}, unwrapped: true };

const columns: readonly Column[] = [
  column('ID', BIGINT),
  column('N', INTEGER),
  column('NAME', STRING),
  column('PRICE', DOUBLE),
  column('COST', decimalType(9, 2)),
  column('OK', BOOLEAN),
  column('TAGS', arrayType(STRING)),
  column('BAG', mapType(STRING, INTEGER)),
  column(
    'S',
    structType([
      { name: 'A', type: INTEGER },
      { name: 'b', type: STRING },
    ]),
  ),
  column('RAW', BYTES),
  column('DAY', DATE),
  column('CLOCK', TIME),
  column('AT', TIMESTAMP),
  column('quoted', STRING),
];

const NOT_READ = Symbol('refused');
type Outcome = SqlValue | typeof NOT_READ;

const attempt = <T>(work: () => T): T | typeof NOT_READ => {
  try {
    return work();
  } catch {
    return NOT_READ;
  }
};

/** As {@link attempt}, but the code under test may refuse with record errors only. */
const decode = <T>(work: () => T): T | typeof NOT_READ => {
  try {
    return work();
  } catch (error) {
    if (error instanceof RecordError) return NOT_READ;
    throw error;
  }
};

/** What the rules say, with the general parser over the whole text: null for the text `null`. */
function expected(bytes: Buffer, wanted: readonly number[]): Outcome[] | null | typeof NOT_READ {
  return attempt(() => {
    const document = parseJsonLossless(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (document === null) return null;
    if (!(document instanceof Map)) throw new Error('not an object');
    const members = new Members(document);
    return wanted.map((position) => {
      const { name, type } = columns[position]!;
      return attempt(() => fromJson(members.named(name) ?? null, type));
    });
  });
}

/**
 * One deserializer for all runs, so that what it learnt from earlier records must never change an answer. Each record is read as the first one of a
 * buffer and again as a later one, with others around it and with nothing.
 */
function reader(wanted: readonly number[]) {
  const deserializer = jsonFormat.deserializer(wrapped, columns, wanted, 'value');
  const read = (buffer: Buffer, start: number, end: number): Outcome[] | null | typeof NOT_READ => {
    const seen = decode(() => deserializer.scan(buffer, start, end));
    if (seen === NOT_READ) return NOT_READ;
    if (!seen) return null;
    return deserializer.read.map((column) => decode(column));
  };
  return (bytes: Buffer): Outcome[] | null | typeof NOT_READ => {
    const padded = Buffer.concat([Buffer.from('"}'), bytes, Buffer.from('"}0,"ID":1}')]);
    const first = read(padded, 2, 2 + bytes.length);
    same(read(padded, 2, 2 + bytes.length), first);
    for (let i = 0; i < 2; i++) same(read(bytes, 0, bytes.length), first);
    return first;
  };
}

const memberName = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...columns.map((c) => c.name)) },
  { weight: 8, arbitrary: fc.constantFrom(...columns.map((c) => c.name.toLowerCase())) },
  { weight: 2, arbitrary: fc.constantFrom('Id', 'extra', 'other', '', '__proto__', 'ıd', 'a b', 'ID"', 'x\\y', '10') },
);

const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => formatDouble(n)),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.tuple(fc.integer({ min: -99999, max: 99999 }), fc.nat(999)).map(([a, b]) => `${a}.${b}`),
  fc.constantFrom(
    '-0',
    '0',
    '-0.0',
    '1e3',
    '1E-2',
    '1.50',
    '0.10',
    '123456789012345',
    '1234567890123456',
    '-86400001',
    '1.000',
    '9999999.99',
    '12345678.9',
    '1e400',
    '0e9999999',
  ),
);
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('true', '12', ' 12', '1.5', 'NaN', 'aGk=', 'aGk', '', 'Zürich', '😀', '\u007f', 'a\tb'),
);

const scalarJson = fc.oneof(
  numberText,
  text.map((t) => JSON.stringify(t)),
  fc.constantFrom('null', 'true', 'false'),
);
const { value: valueJson } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalarJson,
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom('A', 'a', 'b', 'B', 'k'), fc.string({ maxLength: 3 })), tie('value')), {
        maxLength: 3,
      })
      .map((members) => `{${members.map(([n, v]) => `${JSON.stringify(n)}: ${v}`).join(' ,')}}`),
  ),
}));

const blank = fc.constantFrom('', '', '', ' ', '\n', '\t \r');
const documentJson = fc
  .tuple(
    fc.array(fc.tuple(memberName, fc.oneof({ weight: 3, arbitrary: scalarJson }, valueJson), blank), { maxLength: 10 }),
    blank,
  )
  .map(
    ([members, b]) =>
      `${b}{${b}${members.map(([n, v, c]) => `${JSON.stringify(n)}${c}:${c}${v}${c}`).join(`,${b}`)}}${b}`,
  );

/** Texts of nearly JSON: cut short, with bytes replaced, inserted or taken out, also within UTF-8 sequences. */
const damage = fc.oneof(
  { weight: 5, arbitrary: fc.constant((bytes: Buffer) => bytes) },
  { weight: 1, arbitrary: fc.nat(400).map((n) => (bytes: Buffer) => bytes.subarray(0, n)) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.nat(400),
        fc.nat(2),
        fc.oneof(fc.constantFrom(...'{}[]",:\\0-.eEtn \u0000\u001f\u00ff'), fc.constant('')),
      )
      .map(([at, cut, insert]) => (bytes: Buffer) => {
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        return Buffer.concat([bytes.subarray(0, place), Buffer.from(insert, 'latin1'), bytes.subarray(place + cut)]);
      }),
  },
);

const record = fc.tuple(documentJson, damage).map(([json, harm]) => harm(Buffer.from(json)));

describe('the JSON scanner agrees with the general parser', () => {
  const everything = [...columns.keys()];
  it.each([
    ['all columns', everything],
    ['a few columns', [2, 0]],
    ['nested columns', [6, 7, 8]],
  ])('%s', (_, wanted) => {
    const read = reader(wanted);
    fc.assert(
      fc.property(record, (bytes) => {
        same(read(bytes), expected(bytes, wanted));
      }),
      { numRuns: Math.ceil(RUNS / 4) },
    );
  });

  it('bare values', () => {
    const types = columns.map((c) => c.type);
    const readers = types.map((type) => jsonFormat.deserializer(bare, [column('V', type)], [0], 'key'));
    fc.assert(
      fc.property(fc.nat(types.length - 1), valueJson, damage, blank, (chosen, json, harm, b) => {
        const bytes = harm(Buffer.from(b + json + b));
        const deserializer = readers[chosen]!;
        const actual = decode(() => (deserializer.scan(bytes, 0, bytes.length) ? deserializer.read[0]!() : null));
        const wanted = attempt(() => {
          const document: JsonValue = parseJsonLossless(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
          return fromJson(document, types[chosen]!);
        });
        same(actual, wanted);
      }),
      { numRuns: Math.ceil(RUNS / 5) },
    );
  });

  it('record after record of one shape, with members left out, moved and added', () => {
    const read = reader(everything);
    const shape = columns.map((c, i) => `${JSON.stringify(i % 2 === 0 ? c.name : c.name.toLowerCase())}:${i}`);
    fc.assert(
      fc.property(fc.shuffledSubarray(shape, { minLength: 1 }), fc.boolean(), (members, sorted) => {
        const ordered = sorted ? shape.filter((m) => members.includes(m)) : members;
        const bytes = Buffer.from(`{${ordered.join(',')}}`);
        same(read(bytes), expected(bytes, everything));
      }),
      { numRuns: Math.ceil(RUNS / 20) },
    );
  });

  it('records of a layout that was learnt, and those that break it', () => {
    const layout = fc.tuple(fc.uniqueArray(memberName, { minLength: 1, maxLength: 6 }), blank, blank);
    const values = fc.array(fc.oneof({ weight: 4, arbitrary: scalarJson }, valueJson), { minLength: 6, maxLength: 6 });
    const broken = fc.constantFrom(
      '01',
      '-01',
      '1.',
      '-',
      '1e',
      '.5',
      '+1',
      'tru',
      '"a',
      '"\\\\x"',
      '"\\u001f"',
      '"\\t"',
      '1_0',
      '',
      '[1}',
      "'a'",
    );
    const variants = fc.array(
      fc.oneof({ weight: 12, arbitrary: scalarJson }, { weight: 4, arbitrary: valueJson }, broken),
      {
        minLength: 6,
        maxLength: 6,
      },
    );
    const others = fc.array(fc.tuple(variants, damage), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(layout, values, others, ([names, b, c], model, variations) => {
        const read = reader(everything);
        const write = (chosen: readonly string[]) =>
          Buffer.from(`{${b}${names.map((n, i) => `${JSON.stringify(n)}:${c}${chosen[i]}`).join(`,${b}`)}}${c}`);
        const first = expected(write(model), everything);
        for (let i = 0; i < 10; i++) same(read(write(model)), first);
        for (const [chosen, harm] of variations) {
          const bytes = harm(write(chosen));
          same(read(bytes), expected(bytes, everything));
        }
      }),
      { numRuns: Math.ceil(RUNS / 50) },
    );
  });

  it('every byte at every place of a text in a layout that was learnt', () => {
    const read = reader(everything);
    const write = (name: Buffer) => Buffer.concat([Buffer.from('{"ID":1,"NAME":"'), name, Buffer.from('","N":2}')]);
    const model = write(Buffer.from('abcdefghij'));
    const known = expected(model, everything);
    for (let length = 1; length <= 9; length++) {
      for (let place = 0; place < length; place++) {
        for (let byte = 0; byte < 256; byte++) {
          // The layout goes when it fits too seldom.
          for (let i = 0; i < 6; i++) same(read(model), known);
          const name = Buffer.alloc(length, 'x');
          name[place] = byte;
          const bytes = write(name);
          same(read(bytes), expected(bytes, everything));
        }
      }
    }
  });
});
