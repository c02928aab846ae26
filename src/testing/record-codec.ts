import { readInt64, writeInt64 } from '../broker/record-batch.js';
import type { SourceEntry, SourceWindow } from '../catalog/catalog.js';
import { subjectOf } from '../formats/schema-registry/schema-registry.js';
import type { JsonValue } from '../model/json-text.js';
import { keyColumns, valueColumns } from '../model/schema.js';
import { testFormat } from './formats/index.js';
import type { RecordHalf } from './formats/test-format.js';
import { TestFileError } from './json.js';
import type { ActualValue } from './judge/actual-value.js';
import type { TestRecord, TestWindow } from './test-case.js';
import type { TestSchemas } from './test-registry.js';
import type { TopicRecord } from './topics.js';

/** A record of a topic as the judge compares it. */
export interface DecodedRecord {
  readonly timestamp: number;
  readonly key: ActualValue;
  readonly value: ActualValue;
  readonly window: TestWindow | null;
  readonly headers: TopicRecord['headers'];
}

/** The record of a test as bytes, by the formats of a source on its topic. @throws TestFileError */
export function encodeRecord(record: TestRecord, source: SourceEntry, schemas: TestSchemas): TopicRecord {
  return {
    timestamp: record.timestamp ?? 0,
    key: encodeKey(record, source, schemas),
    value: encodeHalf(record.value, halfOf(source, 'value', schemas)),
    headers: record.headers,
  };
}

/**
 * Bytes as the judge compares them.
 * @param exact whether JSON numbers with a point are exact decimals
 * @throws Error when the bytes are not of the source's formats
 */
export function decodeRecord(
  record: TopicRecord,
  source: SourceEntry,
  schemas: TestSchemas,
  exact: boolean,
): DecodedRecord {
  const decode = (bytes: Buffer | null, half: RecordHalf): ActualValue =>
    bytes === null ? null : testFormat(half.format.name).decode(bytes, half, exact);
  return {
    timestamp: record.timestamp,
    key: decode(keyWithoutWindow(record.key, source), halfOf(source, 'key', schemas)),
    value: decode(record.value, halfOf(source, 'value', schemas)),
    window: windowOf(record.key, source),
    headers: record.headers,
  };
}

/** The key's own bytes: without the bounds of its window. */
export function keyWithoutWindow(key: Buffer | null, { keyWindow }: SourceEntry): Buffer | null {
  return key === null || keyWindow === null ? key : key.subarray(0, key.length - boundsBytes(keyWindow));
}

function boundsBytes(window: SourceWindow): number {
  return window.kind === 'SESSION' ? 16 : 8;
}

function windowOf(key: Buffer | null, { keyWindow }: SourceEntry): TestWindow | null {
  if (key === null || keyWindow === null) return null;
  const at = key.length - boundsBytes(keyWindow);
  if (keyWindow.kind === 'SESSION') return { type: 'SESSION', start: readInt64(key, at + 8), end: readInt64(key, at) };
  const start = readInt64(key, at);
  return { type: 'TIME', start, end: start + keyWindow.sizeMs };
}

function halfOf(source: SourceEntry, target: 'key' | 'value', schemas: TestSchemas): RecordHalf {
  const common = { target, schemas, subject: subjectOf(source.topic, target) };
  return target === 'key'
    ? { format: source.keyFormat, columns: keyColumns(source.schema), ...common }
    : { format: source.valueFormat, columns: valueColumns(source.schema), ...common };
}

function encodeHalf(value: JsonValue, half: RecordHalf): Buffer | null {
  return value === null ? null : testFormat(half.format.name).encode(value, half);
}

function encodeKey(record: TestRecord, source: SourceEntry, schemas: TestSchemas): Buffer | null {
  const key = encodeHalf(record.key, halfOf(source, 'key', schemas));
  const { keyWindow } = source;
  if (keyWindow === null) {
    if (record.window === null) return key;
    throw new TestFileError(`a record of ${record.topic} has a window, but ${source.name} has none`);
  }
  if (record.window === null) throw new TestFileError(`a record of ${record.topic} needs a window`);
  if (key === null) return null;
  const bounds = Buffer.alloc(boundsBytes(keyWindow));
  if (keyWindow.kind === 'SESSION') {
    writeInt64(bounds, 0, record.window.end);
    writeInt64(bounds, 8, record.window.start);
  } else {
    writeInt64(bounds, 0, record.window.start);
  }
  return Buffer.concat([key, bounds]);
}
