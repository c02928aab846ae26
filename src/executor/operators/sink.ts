import { RecordError } from '../../model/errors.js';
import type { RecordHeader, StreamRecord, TableChange, Window } from '../../model/record.js';
import type { Schema } from '../../model/schema.js';
import type { Row, SqlValue } from '../../model/value.js';
import type { SinkPlan } from '../../planner/physical/physical-plan.js';
import type { TopicOutput } from '../task/output-buffer.js';
import type { StreamOutput, TableOutput } from './operator.js';
import type { OperatorBuilder } from './operator-builder.js';
import { type RowWriter, rowWriter, writeWindow } from './row-writer.js';
import { timestampConverter } from './source-reader.js';

/** Positions of the columns of one role. */
export function positionsOf(schema: Schema, role: 'key' | 'value'): number[] {
  const positions: number[] = [];
  schema.columns.forEach((column, i) => {
    if (column.role === role) positions.push(i);
  });
  return positions;
}

/** What processing logs call a sink. */
export const SINK_ID = 'Sink';

/** Encodes results and writes them to the sink's topic. A deleted row is a record whose value is null. */
export class Sink implements StreamOutput, TableOutput {
  readonly #plan: SinkPlan;
  readonly #builder: OperatorBuilder;
  readonly #topic: TopicOutput;
  readonly #writeKey: RowWriter;
  readonly #writeValue: RowWriter;
  readonly #convertTime: ((value: SqlValue) => number) | null;

  constructor(plan: SinkPlan, schema: Schema, builder: OperatorBuilder) {
    this.#plan = plan;
    this.#builder = builder;
    this.#topic = builder.topic(plan.topic);
    const keys = positionsOf(schema, 'key');
    const values = positionsOf(schema, 'value');
    const columns = (positions: readonly number[]) => positions.map((position) => schema.columns[position]!);
    this.#writeKey = rowWriter(plan.keyFormat, columns(keys), keys, 'key');
    this.#writeValue = rowWriter(plan.valueFormat, columns(values), values, 'value');
    const { timestamp } = plan;
    this.#convertTime = timestamp === null ? null : timestampConverter(timestamp.type, timestamp.format, builder);
  }

  stream(record: StreamRecord): void {
    this.#write(record.key, record.row, record.timestamp, record.window, record.headers);
  }

  change(change: TableChange): void {
    this.#write(change.key, change.after, change.timestamp, change.window, change.headers);
  }

  #write(key: Row, row: Row | null, eventTime: number, window: Window | null, headers: readonly RecordHeader[]): void {
    const topic = this.#topic;
    const sink = topic.key;
    let timestamp = eventTime;
    let begun = false;
    try {
      if (this.#convertTime !== null) timestamp = this.#time(row, this.#convertTime);
      sink.reset();
      const hasKey = this.#writeKey(sink, key);
      if (hasKey && this.#plan.keyWindow !== null) writeWindow(sink, this.#plan.keyWindow, window);
      const builder = topic.begin(timestamp, !hasKey);
      begun = true;
      const hasValue = row !== null && this.#writeValue(builder, row);
      topic.end(!hasValue, headers);
      this.#builder.context.rowsOut++;
    } catch (error) {
      if (begun) topic.abandon();
      if (!(error instanceof RecordError)) throw error;
      this.#builder.context.report(error.reason, SINK_ID, error.message, error.target);
    }
  }

  #time(row: Row | null, convert: (value: SqlValue) => number): number {
    if (row === null) return Math.max(0, this.#builder.context.time);
    const value = row[this.#plan.timestamp!.column]!;
    let time: number;
    try {
      if (value === null) throw new Error('its column is null');
      time = convert(value);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new RecordError('timestamp', `Failed to extract the timestamp: ${why}`);
    }
    if (time < 0) throw new RecordError('timestamp', 'the timestamp of the result is negative');
    return time;
  }
}
