import type { RecordHeader } from '../../model/record.js';
import type { DecodedRecord } from '../record-codec.js';
import { TestFailure, type TestRecord, type TestWindow } from '../test-case.js';
import { difference } from './match-value.js';

/** A topic holds too many records or too few: ksqlDB's tests throw this as an engine error. */
export class WrongRecordCount extends TestFailure {}

export interface RecordRules {
  /** An expected timestamp of 0 matches any: for cases without inputs. */
  readonly zeroTimestampIsAny: boolean;
}

/** Compares what a topic holds with what it must hold, record by record. @throws TestFailure for the first difference */
export function matchRecords(
  topic: string,
  expected: readonly TestRecord[],
  actual: readonly DecodedRecord[],
  rules: RecordRules,
): void {
  if (actual.length !== expected.length) {
    throw new WrongRecordCount(`topic ${topic}: expected ${expected.length} records, got ${actual.length}`);
  }
  expected.forEach((record, i) => {
    const found = recordDifference(record, actual[i]!, rules);
    if (found !== null) throw new TestFailure(`topic ${topic}, record ${i}: ${found}`);
  });
}

function recordDifference(expected: TestRecord, actual: DecodedRecord, rules: RecordRules): string | null {
  const key = difference(expected.key, actual.key);
  if (key !== null) return `key: ${key}`;
  const value = difference(expected.value, actual.value);
  if (value !== null) return `value: ${value}`;
  if (!sameWindow(expected.window, actual.window)) {
    return `window: expected ${windowText(expected.window)}, got ${windowText(actual.window)}`;
  }
  const { timestamp } = expected;
  if (timestamp !== null && timestamp !== actual.timestamp && !(timestamp === 0 && rules.zeroTimestampIsAny)) {
    return `timestamp: expected ${timestamp}, got ${actual.timestamp}`;
  }
  if (!sameHeaders(expected.headers, actual.headers)) {
    return `headers: expected ${headersText(expected.headers)}, got ${headersText(actual.headers)}`;
  }
  return null;
}

function sameWindow(a: TestWindow | null, b: TestWindow | null): boolean {
  if (a === null || b === null) return a === b;
  return a.type === b.type && a.start === b.start && a.end === b.end;
}

function windowText(window: TestWindow | null): string {
  return window === null ? 'none' : `${window.type} ${window.start}-${window.end}`;
}

function sameHeaders(a: readonly RecordHeader[], b: readonly RecordHeader[]): boolean {
  return a.length === b.length && a.every((header, i) => headerText(header) === headerText(b[i]!));
}

function headersText(headers: readonly RecordHeader[]): string {
  return headers.length === 0 ? 'none' : headers.map(headerText).join(', ');
}

function headerText({ key, value }: RecordHeader): string {
  return `${JSON.stringify(key)}=${value === null ? 'null' : value.toString('base64')}`;
}
