import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Deserializer } from '../../src/formats/format.js';
import { RecordError } from '../../src/model/errors.js';
import { arrayType, BIGINT, INTEGER, type SqlType, STRING } from '../../src/model/sql-type.js';
import type { SqlValue } from '../../src/model/value.js';
import { Random } from '../simulation/random.js';
import { column } from '../support/columns.js';
import { batchSubject } from './batches.js';
import { FUZZED_FORMATS, formatSubject } from './formats.js';
import { fuzz, type Reader, type Subject, verdict } from './fuzz.js';
import { recordReader } from './record-reader.js';

/* That the fuzzer finds what it is for; the run itself is `npm run fuzz`. */

const RECORDS = 500;

/** Records of up to eight bytes, read by one reader. */
function subjectOf(reader: Reader): Subject {
  return {
    name: 'planted',
    input(random) {
      const bytes = Buffer.from(Array.from({ length: random.below(8) }, () => random.below(256)));
      return { damage: 'junk', bytes, readers: [reader] };
    },
  };
}

/** A reader of one column whose value is made of the record. */
function columnReader(type: SqlType, made: (record: Buffer, around: Buffer, end: number) => SqlValue): Reader {
  let value: SqlValue = null;
  const deserializer: Deserializer = {
    scan(bytes, start, end) {
      value = made(bytes.subarray(start, end), bytes, end);
      return true;
    },
    read: [() => value],
  };
  return recordReader('planted', deserializer, [column('C', type)], 'value');
}

const run = async (reader: Reader) => verdict(await fuzz(subjectOf(reader), { records: RECORDS, seed: 1 }));

describe('the fuzzer finds', () => {
  it('nothing in what is right', async () => {
    const reader = columnReader(STRING, (record) => {
      if (record.length > 4) throw new RecordError('deserialization', 'too long', 'value');
      return record.toString();
    });
    const report = await fuzz(subjectOf(reader), { records: RECORDS, seed: 1 });
    expect(verdict(report)).toBeNull();
    expect(report.reads).toBe(RECORDS);
    expect(report.refused).toBeGreaterThan(RECORDS / 10);
    expect(report.refused).toBeLessThan(RECORDS);
  });

  it.each<[string, SqlType, (record: Buffer, around: Buffer, end: number) => SqlValue, RegExp]>([
    ['another error', STRING, (record) => String(record.readInt32BE(0)), /RangeError/],
    [
      'an error of another kind',
      STRING,
      () => {
        throw new RecordError('serialization', 'no', 'value');
      },
      /refused as serialization/,
    ],
    ['a value of another type', STRING, (record) => record.length, /no STRING/],
    [
      'a number out of range',
      INTEGER,
      (record) => (record.length < 5 ? 0 : record.readUIntBE(0, Math.min(record.length, 6))),
      /no INTEGER/,
    ],
    ['a number with two forms', BIGINT, () => 5n, /no BIGINT/],
    ['more values than bytes', arrayType(INTEGER), () => new Array<SqlValue>(10_000).fill(1), /hold 10001 values/],
    ['more text than bytes', STRING, () => 'x'.repeat(10_000), /hold 10000 of text/],
    ['bytes of another record', INTEGER, (_, around, end) => around[end] ?? null, /among other records/],
  ])('%s', async (_, type, made, found) => {
    expect(await run(columnReader(type, made))).toMatch(found);
  });

  it('what takes long, each time', async () => {
    const wait = (ms: number) => {
      const until = performance.now() + ms;
      while (performance.now() < until);
    };
    expect(await run({ name: 'planted', read: () => wait(60) })).toMatch(/it takes \d+ ms/);
    let first = true;
    const once = () => {
      if (first) wait(60);
      first = false;
    };
    expect(await run({ name: 'planted', read: once })).toBeNull();
  });

  it('what stays in memory', async () => {
    const kept: unknown[] = [];
    const reader: Reader = { name: 'planted', read: () => void kept.push(Buffer.alloc(100_000, kept.length)) };
    const report = await fuzz(subjectOf(reader), { records: RECORDS, seed: 1, watchMemory: true });
    expect(verdict(report)).toMatch(/bytes more are alive/);
    expect(kept.length).toBeGreaterThanOrEqual(RECORDS);
  });
});

describe('the records that are damaged', () => {
  it.each(FUZZED_FORMATS)('are the same for the same seed, and most of them damaged: %s', (name) => {
    const inputs = [formatSubject(name, 5), formatSubject(name, 5)].map((subject) =>
      Array.from({ length: 200 }, (_, i) =>
        createHash('md5')
          .update(subject.input(new Random(i)).bytes)
          .digest('hex'),
      ),
    );
    expect(inputs[0]).toEqual(inputs[1]);
    expect(new Set(inputs[0]).size).toBeGreaterThan(100);
  });

  it.each(FUZZED_FORMATS)('are refused or read: %s', async (name) => {
    const seed = Date.now() % 1_000_000;
    const report = await fuzz(formatSubject(name, seed), { records: 1_000, seed });
    expect(verdict(report), `seed ${seed}`).toBeNull();
    expect(report.refused).toBeGreaterThan(report.reads / 10);
    expect(report.refused).toBeLessThan(report.reads * 0.95);
  });

  it('are refused or read: batches', async () => {
    const seed = Date.now() % 1_000_000;
    const subject = batchSubject(new URL('../unit/broker/fixtures', import.meta.url).pathname);
    const report = await fuzz(subject, { records: 500, seed });
    expect(verdict(report), `seed ${seed}`).toBeNull();
    expect(report.refused).toBeGreaterThan(report.reads / 10);
    expect(report.refused).toBeLessThan(report.reads * 0.95);
  });
});
