import fc from 'fast-check';
import { describe, it } from 'vitest';
import { GrowableSink } from '../../src/formats/byte-sink.js';
import { delimitedFormat } from '../../src/formats/delimited.js';
import type { FormatSpec } from '../../src/formats/format.js';
import {
  bytesFromBase64,
  dateOfDays,
  decimalFromText,
  doubleFromText,
  int32FromText,
  int64FromText,
  timeOfDay,
  timestampOfMs,
} from '../../src/formats/text-value.js';
import { valueError } from '../../src/formats/value-problem.js';
import { formatDecimal } from '../../src/model/decimal.js';
import { formatDouble } from '../../src/model/double-text.js';
import { RecordError } from '../../src/model/errors.js';
import type { Column } from '../../src/model/schema.js';
import {
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  INTEGER,
  type SqlType,
  STRING,
  TIME,
  TIMESTAMP,
} from '../../src/model/sql-type.js';
import type { SqlValue } from '../../src/model/value.js';
import { column } from '../support/columns.js';
import { same } from '../support/same.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 20_000);

const DELIMITERS = [',', '|', ';', 'TAB', 'SPACE', '§', '→', '-', '.', '1', 'e', 't', 'ï'];
const delimiterOf = (name: string): string => (name === 'TAB' ? '\t' : name === 'SPACE' ? ' ' : name);

const TYPES: readonly SqlType[] = [
  STRING,
  INTEGER,
  BIGINT,
  DOUBLE,
  decimalType(9, 2),
  decimalType(20, 0),
  BOOLEAN,
  DATE,
  TIME,
  TIMESTAMP,
  BYTES,
  STRING,
];
const columns: readonly Column[] = TYPES.map((type, i) => column(`C${i}`, type));

const spec = (delimiter: string): FormatSpec => ({ name: 'DELIMITED', properties: { delimiter }, unwrapped: false });

/** What a reader or a scan gave: the value, or the words of the refusal. */
function outcome<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    if (error instanceof RecordError) return `refused: ${error.message}`;
    throw error;
  }
}

/** What a field's text, not empty, is by the rules for texts. */
function converted(text: string, type: SqlType): SqlValue {
  switch (type.kind) {
    case 'BOOLEAN':
      return text.toLowerCase() === 'true';
    case 'INTEGER':
      return int32FromText(text, type);
    case 'BIGINT':
      return int64FromText(text, type);
    case 'DOUBLE':
      return doubleFromText(text, type);
    case 'DECIMAL':
      return decimalFromText(text, type.precision, type.scale, type);
    case 'DATE':
      return dateOfDays(int64FromText(text, type));
    case 'TIME':
      return timeOfDay(int64FromText(text, type));
    case 'TIMESTAMP':
      return timestampOfMs(int64FromText(text, type));
    case 'BYTES':
      return bytesFromBase64(text);
    default:
      return text;
  }
}

function expectedValue(text: string, { name, type }: Column): SqlValue {
  if (text === '') return null;
  try {
    return converted(text, type);
  } catch (problem) {
    throw valueError(problem, name, 'value');
  }
}

const numberText = fc.oneof(
  fc.integer().map(String),
  fc.integer({ min: -120_000, max: 90_000_000 }).map(String),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.double({ noNaN: true }).map(formatDouble),
  fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.nat(9_999)).map(([a, b]) => `${a}.${b}`),
  fc.stringMatching(/^[+-]?[0-9]{0,18}\.?[0-9]{0,8}$/),
  fc.stringMatching(/^[ +.-]{0,2}[0-9]{1,4}[0-9eEdDfFx. -]{0,4}$/),
  fc.constantFrom('-0', '+1', '1e5', '007', '.5', '5.', '.', '-', '+', '-.', '-.5', '-5.', '-0.0', '0.', ' 1', '1 '),
  fc.constantFrom('2147483647', '2147483648', '-2147483648', '-2147483649', '999999999', '-999999999', '1000000000'),
  fc.constantFrom('999999999999999', '1000000000000000', '9007199254740993', '-9223372036854775808', '86400001'),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '0x1p3', '1.5d', '1..5', '1.2.3', '--1', '0.1', '1.005', '٣'),
);
const text = fc.oneof(
  { weight: 4, arbitrary: numberText },
  { weight: 3, arbitrary: fc.stringMatching(/^[ -~]{0,40}$/) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('', ' ', 'true', 'TRUE', 'tRuE', 'fals', 'trüe', 'aGk=', 'aGk', 'Zürich', '😀', 'a"b'),
  },
  { weight: 1, arbitrary: fc.constantFrom('\n', 'a\r', '\u0001', '\u0080', '\u007f\u001f', '""', '"', '""""') },
);
/** A field as one may write it: as it is, quoted well, or quoted badly. */
const field = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: text.map((t) => `"${t.replaceAll('"', '""')}"`) },
  { weight: 1, arbitrary: text.map((t) => `"${t.replaceAll('"', '""')}" \t`) },
  { weight: 1, arbitrary: text.map((t) => `"${t}`) },
);
const plainField = text.map((t) => t.replaceAll(/["\u0000-\u001f]/g, ''));
const fieldCount = { minLength: TYPES.length, maxLength: TYPES.length };
const fields = fc.oneof(
  { weight: 4, arbitrary: fc.array(plainField, fieldCount) },
  { weight: 3, arbitrary: fc.array(field, fieldCount) },
  { weight: 1, arbitrary: fc.array(fc.oneof(field, plainField), { maxLength: TYPES.length + 12 }) },
);
const around = fc.constantFrom('', '"', ',', '\n', '1', 'é', '","', 'x"y,');

describe('DELIMITED', () => {
  it('finds the same fields by words as byte by byte', () => {
    const deserializers = new Map(
      DELIMITERS.map((name) => [name, delimitedFormat.deserializer(spec(name), columns, [...columns.keys()], 'value')]),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...DELIMITERS),
        fields,
        fc.constantFrom('', '\n', '\r\n', '\nmore'),
        fc.constantFrom('', '\n', '\r\n\n'),
        around,
        around,
        (name, values, tail, head, before, after) => {
          const record = Buffer.from(head + values.join(delimiterOf(name)) + tail);
          const lead = Buffer.byteLength(before);
          const bytes = Buffer.concat([Buffer.from(before), record, Buffer.from(after)]);
          const deserializer = deserializers.get(name)!;
          const read = () =>
            outcome(() => {
              deserializer.scan(bytes, lead, lead + record.length);
              return deserializer.read.map((one) => outcome(one));
            });
          const first = read();
          same(read(), first);
          same(read(), first);
        },
      ),
      { numRuns: RUNS / 4, verbose: true },
    );
  });

  it('reads values from the bytes as from the text', () => {
    const deserializers = columns.map((_, i) => delimitedFormat.deserializer(spec(','), columns, [i], 'value'));
    fc.assert(
      fc.property(fc.nat(TYPES.length - 1), text, fc.boolean(), (position, value, quotes) => {
        const plain = !quotes && !/[",\r\n]/.test(value);
        const written = plain ? value : `"${value.replaceAll('"', '""')}"`;
        const bytes = Buffer.from(columns.map((_, i) => (i === position ? written : 'x')).join(','));
        const expected = outcome(() => expectedValue(Buffer.from(value).toString(), columns[position]!));
        const deserializer = deserializers[position]!;
        for (let round = 0; round < 2; round++) {
          deserializer.scan(bytes, 0, bytes.length);
          same(outcome(deserializer.read[0]!), expected);
        }
      }),
      { numRuns: RUNS, verbose: true },
    );
  });

  const columnValues: readonly fc.Arbitrary<SqlValue>[] = TYPES.map((type) => {
    switch (type.kind) {
      case 'BOOLEAN':
        return fc.boolean();
      case 'INTEGER':
      case 'DATE':
        return fc.integer();
      case 'TIME':
        return fc.nat(86_400_000);
      case 'BIGINT':
        return fc.oneof(fc.maxSafeInteger(), fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n));
      case 'TIMESTAMP':
        return fc.maxSafeInteger();
      case 'DOUBLE':
        return fc.oneof(
          fc.double(),
          fc.tuple(fc.integer(), fc.nat(9)).map(([digits, scale]) => digits / 10 ** scale),
          fc.constantFrom(0, -0, 1, -1, 1e7, 1e-3),
        );
      case 'DECIMAL':
        return fc.bigInt({ min: -(10n ** 9n) + 1n, max: 10n ** 9n - 1n });
      case 'BYTES':
        return fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes));
      default:
        return text;
    }
  });

  /** The rules for writing, over texts. */
  function expectedRecord(row: readonly SqlValue[], types: readonly SqlType[], delimiter: string): string {
    return row
      .map((value, i) => {
        if (value === null) return '';
        const type = types[i]!;
        const written =
          type.kind === 'DOUBLE'
            ? formatDouble(value as number)
            : type.kind === 'DECIMAL'
              ? formatDecimal(value as bigint, type.scale)
              : type.kind === 'BYTES'
                ? (value as Buffer).toString('base64')
                : String(value);
        if (written === '') return i === 0 ? '""' : '';
        const awkward =
          written.includes(delimiter[0]!) ||
          /["\r\n]|^[\u0000-#]|[\u0000- ]$/.test(written) ||
          (i === 0 && !/^[0-9A-Za-z]/.test(written));
        return awkward ? `"${written.replaceAll('"', '""')}"` : written;
      })
      .join(delimiter);
  }

  it('writes as the rules say, whatever column is first', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DELIMITERS),
        fc.nat(TYPES.length - 1),
        fc.tuple(...columnValues.map((values) => fc.option(values, { freq: 6 }))),
        (name, first, values) => {
          const turned = <T>(list: readonly T[]): T[] => [...list.slice(first), ...list.slice(0, first)];
          const row = turned(values);
          const serializer = delimitedFormat.serializer(spec(name), turned(columns), 'value');
          const sink = new GrowableSink(1);
          serializer.write(sink, ...row);
          same(sink.copy(), Buffer.from(expectedRecord(row, turned(TYPES), delimiterOf(name))));
        },
      ),
      { numRuns: RUNS, verbose: true },
    );
  });
});
