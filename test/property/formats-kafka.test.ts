import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { FormatSpec } from '../../src/formats/format.js';
import { kafkaFormat } from '../../src/formats/kafka.js';
import { BIGINT, DOUBLE, INTEGER, type SqlType, STRING } from '../../src/model/sql-type.js';
import { type SqlValue, toBigintValue } from '../../src/model/value.js';
import { column } from '../support/columns.js';
import { same } from '../support/same.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 20_000);

const spec: FormatSpec = { name: 'KAFKA', properties: {}, unwrapped: true };

const word = fc.uint8Array({ minLength: 8, maxLength: 8 });
const edge = fc.constantFrom(
  [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0, 0x20, 0, 0, 0, 0, 0, 0],
  [0xff, 0xe0, 0, 0, 0, 0, 0, 0],
  [0xff, 0xe0, 0, 0, 0, 0, 0, 1],
  [0x80, 0, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0x80, 0, 0, 0],
  [0x7f, 0xf8, 0, 0, 0, 0, 0, 1],
);
const eight = fc.oneof(word, edge).map((bytes) => Buffer.from(bytes));
const text = fc
  .oneof(
    fc.stringMatching(/^k[0-3]{0,3}$/),
    fc.stringMatching(/^(a|customer-)[0-9]{1,3}(@example\.com|abc|abcd)?$/),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )
  .map((t) => Buffer.from(t));
const malformed = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));

describe('KAFKA', () => {
  it.each<[string, SqlType, fc.Arbitrary<Buffer>, (bytes: Buffer) => SqlValue]>([
    ['INTEGER', INTEGER, eight.map((bytes) => bytes.subarray(0, 4)), (bytes) => bytes.readInt32BE()],
    ['BIGINT', BIGINT, eight, (bytes) => toBigintValue(bytes.readBigInt64BE())],
    ['DOUBLE', DOUBLE, eight, (bytes) => bytes.readDoubleBE()],
    ['STRING', STRING, fc.oneof(text, malformed), (bytes) => bytes.toString()],
  ])('reads %s as Node does, first of its buffer or not', (_, type, records, expected) => {
    const deserializer = kafkaFormat.deserializer(spec, [column('V', type)], [0], 'value');
    fc.assert(
      fc.property(records, fc.nat(3), (record, lead) => {
        const bytes = Buffer.concat([Buffer.alloc(lead, 0x6b), record, Buffer.from('zz')]);
        for (let round = 0; round < 3; round++) {
          deserializer.scan(bytes, lead, lead + record.length);
          same(deserializer.read[0]!(), expected(record));
        }
      }),
      { numRuns: RUNS, verbose: true },
    );
  });
});
