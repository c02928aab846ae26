import { FORMAT_NAMES } from '../../formats/index.js';
import { JsonNumber, parseJsonLossless, writeJson } from '../../model/json-text.js';
import { TestFileError } from '../json.js';
import { actualJson } from '../judge/actual-value.js';
import { kafkaTestFormat } from './kafka.js';
import { columnsTestFormat, schemaTestFormat } from './schema.js';
import type { TestFormat } from './test-format.js';

/** JSON as it stands: names keep their case, numbers their spelling. */
const jsonTestFormat: TestFormat = {
  encode: (value) => Buffer.from(writeJson(value), 'utf8'),
  decode: (bytes, _half, exact) => actualJson(parseJsonLossless(bytes.toString('utf8')), exact),
};

/** A text is the whole line. */
const delimitedTestFormat: TestFormat = {
  encode(value) {
    if (typeof value === 'string') return Buffer.from(value, 'utf8');
    if (value instanceof JsonNumber || typeof value === 'boolean') return Buffer.from(writeJson(value), 'utf8');
    throw new TestFileError('a record in DELIMITED format must be given as a text: the line itself');
  },
  decode: (bytes) => bytes.toString('utf8'),
};

const noneTestFormat: TestFormat = {
  encode: () => null,
  decode: () => null,
};

/** One for each format that exists. */
const TEST_FORMATS: Readonly<Record<string, TestFormat>> = {
  JSON: jsonTestFormat,
  DELIMITED: delimitedTestFormat,
  KAFKA: kafkaTestFormat,
  NONE: noneTestFormat,
  AVRO: schemaTestFormat,
  JSON_SR: schemaTestFormat,
  PROTOBUF: schemaTestFormat,
  PROTOBUF_NOSR: columnsTestFormat,
};

/** @throws TestFileError for a format that does not exist */
export function testFormat(name: string): TestFormat {
  const known = FORMAT_NAMES.find((candidate) => candidate === name);
  if (known === undefined) throw new TestFileError(`records in ${name} format cannot be written or read`);
  return TEST_FORMATS[known];
}
