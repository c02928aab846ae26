import type { Serializer } from '../../formats/format.js';
import { RecordError } from '../../model/errors.js';
import type { RecordHeader, StreamRecord, TableChange, Window } from '../../model/record.js';
import type { Schema } from '../../model/schema.js';
import type { Row, SqlValue } from '../../model/value.js';
import type { SinkPlan } from '../../planner/physical/physical-plan.js';
import type { TopicOutput } from '../task/output-buffer.js';
import { formatOf } from './formats.js';
import { writeWindow } from './key-window.js';
import type { StreamOutput, TableOutput } from './operator.js';
import type { OperatorBuilder } from './operator-builder.js';
import { type RowWriter, rowWriter } from './row-writer.js';
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
  readonly plan: SinkPlan;
  readonly topic: TopicOutput;
  readonly keySerializer: Serializer;
  readonly valueSerializer: Serializer;
  readonly #builder: OperatorBuilder;
  readonly #writeKey: RowWriter;
  readonly #writeValue: RowWriter;
  readonly #convertTime: ((value: SqlValue) => number) | null;

  constructor(plan: SinkPlan, schema: Schema, builder: OperatorBuilder) {
    this.plan = plan;
    this.#builder = builder;
    this.topic = builder.topic(plan.topic);
    const keys = positionsOf(schema, 'key');
    const values = positionsOf(schema, 'value');
    const columns = (positions: readonly number[]) => positions.map((position) => schema.columns[position]!);
    this.keySerializer = formatOf(plan.keyFormat).serializer(plan.keyFormat, columns(keys), 'key');
    this.valueSerializer = formatOf(plan.valueFormat).serializer(plan.valueFormat, columns(values), 'value');
    this.#writeKey = rowWriter(this.keySerializer, keys);
    this.#writeValue = rowWriter(this.valueSerializer, values);
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
    const { topic } = this;
    const sink = topic.key;
    let timestamp = eventTime;
    let begun = false;
    try {
      if (this.plan.timestamp !== null) {
        timestamp =
          row === null ? Math.max(0, this.#builder.context.time) : this.time(row[this.plan.timestamp.column]!);
      }
      sink.reset();
      const hasKey = this.#writeKey(sink, key);
      const boundsAt = sink.position;
      if (hasKey && this.plan.keyWindow !== null) writeWindow(sink, this.plan.keyWindow, window);
      const builder = topic.begin(timestamp, !hasKey, boundsAt);
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

  /**
   * The timestamp of a result with this value in the column that tells it.
   * @throws RecordError with reason `timestamp`
   */
  time(value: SqlValue): number {
    let time: number;
    try {
      if (value === null) throw new Error('its column is null');
      time = this.#convertTime!(value);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new RecordError('timestamp', `Failed to extract the timestamp: ${why}`);
    }
    if (time < 0) throw new RecordError('timestamp', 'the timestamp of the result is negative');
    return time;
  }
}
