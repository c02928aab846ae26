import { describe, expect, it } from 'vitest';
import type { FormatSpec } from '../../../src/formats/format.js';
import { FORMAT_NAMES, formatNamed } from '../../../src/formats/index.js';
import { kafkaFormat } from '../../../src/formats/kafka.js';
import { noneFormat } from '../../../src/formats/none.js';
import { decodeRow, encodeRow } from '../../../src/formats/row-codec.js';
import { RecordError } from '../../../src/model/errors.js';
import type { Column } from '../../../src/model/schema.js';
import { BIGINT, BOOLEAN, BYTES, DOUBLE, INTEGER, type SqlType, STRING } from '../../../src/model/sql-type.js';
import type { SqlValue } from '../../../src/model/value.js';

const spec: FormatSpec = { name: 'KAFKA', properties: {}, unwrapped: true };
const key = (name: string, type: SqlType): Column => ({ name, type, role: 'key' });

describe('KAFKA', () => {
  it.each<[string, SqlType, SqlValue, string]>([
    ['INTEGER', INTEGER, -2, 'fffffffe'],
    ['BIGINT', BIGINT, 1, '0000000000000001'],
    ['BIGINT negative', BIGINT, -4294967297, 'fffffffeffffffff'],
    ['BIGINT greatest number', BIGINT, 9007199254740991, '001fffffffffffff'],
    ['BIGINT past 2^53', BIGINT, 9007199254740993n, '0020000000000001'],
    ['BIGINT least', BIGINT, -9223372036854775808n, '8000000000000000'],
    ['DOUBLE', DOUBLE, -1.5, 'bff8000000000000'],
    ['STRING', STRING, 'hello', '68656c6c6f'],
    ['STRING empty', STRING, '', ''],
    ['STRING not ASCII', STRING, 'é😀', 'c3a9f09f9880'],
    ['STRING long', STRING, 'a'.repeat(5000), '61'.repeat(5000)],
    ['BYTES', BYTES, Buffer.from([0, 255]), '00ff'],
  ])('%s', (_, type, value, hex) => {
    const bytes = encodeRow(kafkaFormat, spec, [key('K', type)], [value], 'key')!;
    expect(bytes.toString('hex')).toBe(hex);
    expect(decodeRow(kafkaFormat, spec, [key('K', type)], bytes, 'key')).toEqual([value]);
  });

  it('writes null as null', () => {
    for (const type of [INTEGER, BIGINT, DOUBLE, STRING, BYTES]) {
      expect(encodeRow(kafkaFormat, spec, [key('K', type)], [null])).toBeNull();
    }
  });

  it('gives bytes that outlive the batch', () => {
    const deserializer = kafkaFormat.deserializer(spec, [key('K', BYTES)], [0], 'key');
    const batch = Buffer.from([1, 2, 3, 4]);
    deserializer.scan(batch, 1, 3);
    const value = deserializer.read[0]!();
    batch.fill(9);
    expect(value).toEqual(Buffer.from([2, 3]));
  });

  it('remembers repeated texts without mixing them up', () => {
    const deserializer = kafkaFormat.deserializer(spec, [key('K', STRING)], [0], 'key');
    for (let i = 0; i < 20_000; i++) {
      const text = `k-${(i * 7919) % 3000}-${'x'.repeat(i % 40)}`;
      const bytes = Buffer.from(text);
      deserializer.scan(bytes, 0, bytes.length);
      if (deserializer.read[0]!() !== text) expect.fail(text);
    }
  });

  it('refuses bytes of another length', () => {
    expect(() => decodeRow(kafkaFormat, spec, [key('K', INTEGER)], Buffer.from('12345'), 'key')).toThrow(
      new RecordError('deserialization', 'INTEGER in KAFKA format takes 4 bytes, the key has 5', 'key'),
    );
  });

  it('refuses several columns and other types', () => {
    const columns = [key('K1', INTEGER), key('K2', INTEGER)];
    expect(kafkaFormat.refuses(columns, 'key')).toBe(
      "The 'KAFKA' format only supports a single field. Got: [`K1` INTEGER KEY, `K2` INTEGER KEY]",
    );
    expect(kafkaFormat.refuses([key('K', BOOLEAN)], 'key')).toBe("The 'KAFKA' format does not support type 'BOOLEAN'");
    expect(kafkaFormat.refuses([], 'key')).toBeNull();
    expect(kafkaFormat.refusesProperty('delimiter', ',')).toBe(
      'KAFKA does not support the following configs: [delimiter]',
    );
  });

  it('reads and writes nothing when there are no columns', () => {
    expect(decodeRow(kafkaFormat, spec, [], Buffer.from('ignored'), 'key')).toEqual([]);
    expect(encodeRow(kafkaFormat, spec, [], [], 'key')).toBeNull();
  });
});

describe('NONE', () => {
  it('is for keys without columns', () => {
    expect(noneFormat.refuses([], 'key')).toBeNull();
    expect(noneFormat.refuses([key('K', STRING)], 'key')).toBe(
      "The 'NONE' format can only be used when no columns are defined. Got: [`K` STRING KEY]",
    );
    expect(decodeRow(noneFormat, spec, [], Buffer.from('ignored'), 'key')).toEqual([]);
    expect(encodeRow(noneFormat, spec, [], [], 'key')).toBeNull();
  });
});

describe('the table of formats', () => {
  it('finds each by its name in any case', () => {
    for (const name of FORMAT_NAMES) {
      expect(formatNamed(name)?.name).toBe(name);
      expect(formatNamed(name.toLowerCase())?.name).toBe(name);
    }
  });

  it('knows no others', () => {
    for (const name of ['FOO', 'toString', '']) expect(formatNamed(name)).toBeNull();
  });
});
