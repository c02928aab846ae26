import type { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import type { Deserializer } from '../../formats/format.js';
import { RecordError } from '../../model/errors.js';
import type { RecordHeader, Window } from '../../model/record.js';
import { keyColumns, valueColumns } from '../../model/schema.js';
import type { SqlType } from '../../model/sql-type.js';
import type { Row, SqlValue } from '../../model/value.js';
import type { SourceColumn, StreamSourceStep, TableSourceStep } from '../../planner/physical/physical-plan.js';
import { formatOf } from './formats.js';
import { WindowReader } from './key-window.js';
import { NO_HEADERS } from './operator.js';
import type { OperatorBuilder } from './operator-builder.js';

/** One way to a column of the record in work. */
type ColumnReader = () => SqlValue;

/**
 * Decodes the records of a source into rows. After a `read` that returned true the fields hold the record; they and the
 * arrays in them are used again for the next one.
 */
export class SourceReader {
  key: Row = [];
  row: Row | null = null;
  timestamp = 0;
  window: Window | null = null;
  headers: readonly RecordHeader[] = NO_HEADERS;

  readonly #step: StreamSourceStep | TableSourceStep;
  readonly #builder: OperatorBuilder;
  readonly #keys: Deserializer;
  readonly #values: Deserializer;
  readonly #windows: WindowReader;
  readonly #keyCount: number;
  readonly #columns: readonly ColumnReader[];
  /** Event time from a column; null when it is the record's. */
  readonly #eventTime: EventTime | null;
  #timeValue: SqlValue = null;
  readonly #row: Row;
  #cursor: RecordBatchCursor | null = null;

  constructor(step: StreamSourceStep | TableSourceStep, builder: OperatorBuilder) {
    this.#step = step;
    this.#builder = builder;
    const keys = keyColumns(step.sourceSchema);
    const values = valueColumns(step.sourceSchema);
    const wantedKeys = wanted(step.columns, 'key');
    const wantedValues = wanted(step.columns, 'value');
    const { timestamp } = step;
    let timeFrom: 'key' | 'value' | null = null;
    let timeAt = -1;
    if (timestamp !== null) {
      const column = step.sourceSchema.columns[timestamp.column]!;
      timeFrom = column.role === 'key' ? 'key' : 'value';
      const list = timeFrom === 'key' ? wantedKeys : wantedValues;
      const index = (timeFrom === 'key' ? keys : values).indexOf(column);
      timeAt = list.indexOf(index);
      if (timeAt === -1) timeAt = list.push(index) - 1;
    }
    this.#keys = formatOf(step.keyFormat).deserializer(step.keyFormat, keys, wantedKeys, 'key', builder.schemas);
    this.#values = formatOf(step.valueFormat).deserializer(
      step.valueFormat,
      values,
      wantedValues,
      'value',
      builder.schemas,
    );
    this.#windows = new WindowReader(step.keyWindow);
    this.#keyCount = keyColumns(step.schema).length;
    const columns = step.columns.map((column) => this.#column(column, wantedKeys, wantedValues));
    this.#columns = columns;
    this.#row = new Array(step.columns.length).fill(null) as Row;
    this.#eventTime = null;
    if (timestamp !== null && timeFrom !== null) {
      const read = (timeFrom === 'key' ? this.#keys : this.#values).read[timeAt]!;
      const index = (timeFrom === 'key' ? wantedKeys : wantedValues)[timeAt];
      // A column is read once: where the row has it too, it gets what was read for the time.
      columns.forEach((_, i) => {
        const column = step.columns[i]!;
        if (column.from === timeFrom && column.index === index) columns[i] = () => this.#timeValue;
      });
      this.#eventTime = {
        from: timeFrom,
        read,
        convert: timestampConverter(timestamp.type, timestamp.format, builder),
      };
    }
  }

  /**
   * Decodes the record that the cursor stands on, and raises the task's stream time once its event time is known.
   * @returns false when the record is given up, which has been reported
   */
  read(cursor: RecordBatchCursor): boolean {
    this.#cursor = cursor;
    let target: 'key' | 'value' = 'value';
    try {
      const hasValue = cursor.valueStart >= 0 && this.#values.scan(cursor.bytes, cursor.valueStart, cursor.valueEnd);
      target = 'key';
      const time = this.#eventTime;
      const scansKey = time?.from === 'key';
      let hasKey = scansKey && this.#scanKey(cursor);
      if (!this.#readTime(cursor, time === null ? null : (scansKey ? hasKey : hasValue) ? time : null, scansKey))
        return false;
      if (!scansKey) hasKey = this.#scanKey(cursor);
      this.#readKey(cursor, hasKey);
      target = 'value';
      this.headers = cursor.headerCount === 0 ? NO_HEADERS : cursor.headers();
      this.row = hasValue ? this.#readRow() : null;
      return true;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#builder.context.report(error.reason, this.#step.id, error.message, error.target ?? target);
      return false;
    }
  }

  #readRow(): Row {
    const row = this.#row;
    for (let i = 0; i < this.#keyCount; i++) row[i] = this.key[i]!;
    for (let i = this.#keyCount; i < this.#columns.length; i++) row[i] = this.#columns[i]!();
    return row;
  }

  #readKey(cursor: RecordBatchCursor, hasKey: boolean): void {
    const { key } = this;
    for (let i = 0; i < this.#keyCount; i++) key[i] = hasKey ? this.#columns[i]!() : null;
    const windows = this.#windows;
    if (windows.bytes === 0) return;
    this.window = hasKey ? windows.read(cursor.bytes, cursor.keyEnd - windows.bytes) : null;
  }

  #scanKey(cursor: RecordBatchCursor): boolean {
    const { keyStart, keyEnd } = cursor;
    return keyStart >= 0 && this.#keys.scan(cursor.bytes, keyStart, this.#windows.startOf(keyStart, keyEnd));
  }

  /** @param time null when event time is the record's, as it is where the value that should tell it is null */
  #readTime(cursor: RecordBatchCursor, time: EventTime | null, needsKey: boolean): boolean {
    const { context } = this.#builder;
    if (time !== null) {
      this.#timeValue = time.read();
      this.timestamp = eventTime(this.#timeValue, time.convert, (message) => this.#reportTime(message));
    } else if (needsKey) {
      this.timestamp = this.#reportTime('Failed to extract the timestamp: its column is null');
    } else {
      this.timestamp = cursor.timestamp;
      if (this.timestamp < 0) this.#reportTime('the timestamp of the record is negative');
    }
    if (this.timestamp < 0) return false;
    if (this.timestamp > context.time) context.time = this.timestamp;
    return true;
  }

  #reportTime(message: string): number {
    this.#builder.context.report('timestamp', this.#step.id, message);
    return -1;
  }

  #column(column: SourceColumn, wantedKeys: readonly number[], wantedValues: readonly number[]): ColumnReader {
    switch (column.from) {
      case 'key':
        return this.#keys.read[wantedKeys.indexOf(column.index)]!;
      case 'value':
        return this.#values.read[wantedValues.indexOf(column.index)]!;
      case 'headers': {
        const { headerKey } = column;
        return headerKey === null ? () => allHeaders(this.headers) : () => lastHeader(this.headers, headerKey);
      }
      case 'rowtime':
        return () => this.timestamp;
      case 'rowpartition':
        return () => this.#builder.partition;
      case 'rowoffset':
        return () => this.#cursor!.offset;
      case 'windowstart':
        return () => (this.window === null ? null : this.window.start);
      case 'windowend':
        return () => (this.window === null ? null : this.window.end);
    }
  }
}

/** A column that tells event time. */
interface EventTime {
  readonly from: 'key' | 'value';
  readonly read: () => SqlValue;
  readonly convert: (value: SqlValue) => number;
}

/** The indices that a source's columns name, in the order of their first use. */
export function wanted(columns: readonly SourceColumn[], from: 'key' | 'value'): number[] {
  const found: number[] = [];
  for (const column of columns) if (column.from === from && !found.includes(column.index)) found.push(column.index);
  return found;
}

/** Milliseconds since the epoch from a value of a TIMESTAMP property's column. The result may be negative. */
export function timestampConverter(
  type: SqlType,
  format: string | null,
  builder: OperatorBuilder,
): (value: SqlValue) => number {
  if (type.kind !== 'STRING') return (value) => Number(value);
  const parse = builder.timestampParser(format ?? '');
  return (value) => parse(value as string);
}

/** The event time that a column's value tells; -1, after a report, when it tells none that is allowed. */
export function eventTime(
  value: SqlValue,
  convert: (value: SqlValue) => number,
  report: (message: string) => number,
): number {
  let time: number;
  try {
    if (value === null) throw new Error('its column is null');
    time = convert(value);
  } catch (error) {
    return report(`Failed to extract the timestamp: ${error instanceof Error ? error.message : String(error)}`);
  }
  return time < 0 ? report('the timestamp of the record is negative') : time;
}

/** What a HEADERS column shows: `ARRAY<STRUCT<KEY STRING, VALUE BYTES>>`. */
export function allHeaders(headers: readonly RecordHeader[]): SqlValue {
  return headers.map((header) => [header.key, ownBytes(header.value)]);
}

/** What a HEADER('key') column shows: the value of the last header of that key. */
export function lastHeader(headers: readonly RecordHeader[], key: string): SqlValue {
  for (let i = headers.length - 1; i >= 0; i--) if (headers[i]!.key === key) return ownBytes(headers[i]!.value);
  return null;
}

/** Bytes that do not keep the batch they came from in memory. */
function ownBytes(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}
