import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalValues, type SqlValue } from '../../src/model/value.js';
import { ByteReader } from '../../src/state/changelog/byte-reader.js';
import { ByteWriter } from '../../src/state/changelog/byte-writer.js';
import { RowCodec } from '../../src/state/changelog/row-codec.js';
import { RowHash } from '../../src/state/changelog/row-hash.js';
import { copyValue, rowsOf, sqlTypes } from '../support/sql-values.js';

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));

function encode(codec: RowCodec, row: readonly SqlValue[]): Buffer {
  const writer = new ByteWriter();
  codec.write(writer, [...row]);
  return Buffer.from(writer.bytes.subarray(0, writer.length));
}

test(`every row comes back from its bytes as it was (seed ${seed})`, () => {
  const typed = fc
    .array(sqlTypes(2), { minLength: 1, maxLength: 4 })
    .chain((types) => fc.tuple(fc.constant(types), rowsOf(types)));
  fc.assert(
    fc.property(typed, ([types, row]) => {
      const codec = new RowCodec(types);
      const bytes = encode(codec, row);
      expect(encode(codec, row.map(copyValue)).equals(bytes)).toBe(true);
      const reader = new ByteReader();
      // What follows must not be looked at.
      reader.seek(Buffer.concat([Buffer.from([9]), bytes, Buffer.from([0xff, 0xff])]), 1);
      const back = codec.read(reader);
      expect(reader.at).toBe(1 + bytes.length);
      types.forEach((type, i) => {
        expect(equalValues(type, back[i]!, row[i]!)).toBe(true);
        expect(typeof back[i]).toBe(typeof row[i]);
      });
      expect(encode(codec, back).equals(bytes)).toBe(true);
    }),
    { seed, numRuns: 300 },
  );
});

test(`integers have one form, whatever they are in memory (seed ${seed})`, () => {
  const codec = new RowCodec([{ kind: 'DECIMAL', precision: 100, scale: 0 }]);
  const sizes = fc
    .nat({ max: 300 })
    .chain((bits) => fc.bigInt({ min: -(2n ** BigInt(bits)), max: 2n ** BigInt(bits) }));
  fc.assert(
    fc.property(sizes, (value) => {
      const bytes = encode(codec, [value]);
      const number = Number(value);
      if (Number.isSafeInteger(number)) expect(encode(codec, [number]).equals(bytes)).toBe(true);
      const reader = new ByteReader();
      reader.seek(bytes, 0);
      expect(codec.read(reader)).toEqual([value]);
      expect(reader.at).toBe(bytes.length);
    }),
    { seed, numRuns: 1_000 },
  );
});

test.each<[string, SqlValue]>([
  ['63 letters', 'x'.repeat(63)],
  ['64 letters', 'x'.repeat(64)],
  ['a long text beyond ASCII', 'żółw 😀 '.repeat(10_000)],
  ['a long text with a lone surrogate', `${'x'.repeat(70)}\ud800`],
  ['a short text that ends beyond ASCII', 'abcdefgé'],
])('a string comes back: %s', (_, text) => {
  const codec = new RowCodec([{ kind: 'STRING' }, { kind: 'INTEGER' }]);
  const reader = new ByteReader();
  reader.seek(encode(codec, [text, 7]), 0);
  expect(codec.read(reader)).toEqual([text, 7]);
});

test('a buffer that grows keeps what it has', () => {
  const writer = new ByteWriter();
  for (let i = 0; i < 2_000; i++) writer.integer(i);
  writer.copy(Buffer.alloc(100_000, 5));
  writer.string('end');
  const reader = new ByteReader();
  reader.seek(writer.bytes, 0);
  for (let i = 0; i < 2_000; i++) expect(reader.integer()).toBe(i);
  expect(reader.copy(100_000).every((byte) => byte === 5)).toBe(true);
  expect(reader.string()).toBe('end');
});

test(`each bit of a key and a value changes about half of the hash, and where the key ends too (seed ${seed})`, () => {
  const hash = new RowHash();
  const of = (key: Buffer, value: Buffer): bigint => {
    hash.compute(key, 0, key.length, value, 0, value.length);
    return (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
  };
  const distance = (a: bigint, b: bigint): number => (a ^ b).toString(2).replaceAll('0', '').length;
  const distances: number[] = [];
  const parts = fc.tuple(
    fc.uint8Array({ minLength: 1, maxLength: 30 }),
    fc.uint8Array({ minLength: 1, maxLength: 30 }),
  );
  fc.assert(
    fc.property(parts, ([k, v]) => {
      const key = Buffer.from(k);
      const value = Buffer.from(v);
      const before = of(key, value);
      for (const part of [key, value]) {
        for (let bit = 0; bit < 8 * part.length; bit++) {
          part[bit >> 3]! ^= 1 << (bit & 7);
          distances.push(distance(before, of(key, value)));
          part[bit >> 3]! ^= 1 << (bit & 7);
        }
      }
      expect(of(Buffer.concat([key, value.subarray(0, 1)]), value.subarray(1))).not.toBe(before);
      expect(of(key, Buffer.concat([value, Buffer.alloc(1)]))).not.toBe(before);
    }),
    { seed, numRuns: 200 },
  );
  const mean = distances.reduce((sum, d) => sum + d, 0) / distances.length;
  expect(mean).toBeGreaterThan(31);
  expect(mean).toBeLessThan(33);
  expect(distances.reduce((least, d) => Math.min(least, d), 64)).toBeGreaterThan(6);
});

test('rows that differ little have hashes that differ, in each lane as often as chance has it', () => {
  const hash = new RowHash();
  const key = Buffer.alloc(8);
  const value = Buffer.alloc(4);
  const whole = new Set<string>();
  const lanes = [new Set<number>(), new Set<number>()] as const;
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    key.writeUInt32BE(i >>> 4, 4);
    value.writeUInt32LE(i & 15);
    hash.compute(key, 0, 8, value, 0, 4);
    whole.add(`${hash.high} ${hash.low}`);
    lanes[0].add(hash.high);
    lanes[1].add(hash.low);
  }
  expect(whole.size).toBe(count);
  // Of 200,000 draws from 2^32, between 0 and 20 meet another.
  for (const lane of lanes) expect(lane.size).toBeGreaterThan(count - 20);
});
