import type { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import { RecordError } from '../../model/errors.js';
import { keyColumns, valueColumns } from '../../model/schema.js';
import type { StreamSourceStep, TableSourceStep } from '../../planner/physical/physical-plan.js';
import { formatOf } from './formats.js';
import { WindowReader } from './key-window.js';
import type { OperatorBuilder } from './operator-builder.js';
import { eventTime, timestampConverter } from './source-reader.js';

/** The event time of the record that a cursor stands on, in ms, by a column of its source. */
export type EventTimeReader = (cursor: RecordBatchCursor) => number;

/**
 * Looks ahead for the event time of a record that waits, so that inputs take turns by it. Where the column tells none it is the
 * record's own timestamp; the source will report why. Null when the source has no such column.
 */
export function eventTimeReader(
  step: StreamSourceStep | TableSourceStep,
  builder: OperatorBuilder,
): EventTimeReader | null {
  const { timestamp, sourceSchema } = step;
  if (timestamp === null) return null;
  const column = sourceSchema.columns[timestamp.column]!;
  const fromKey = column.role === 'key';
  const columns = fromKey ? keyColumns(sourceSchema) : valueColumns(sourceSchema);
  const format = fromKey ? step.keyFormat : step.valueFormat;
  const deserializer = formatOf(format).deserializer(
    format,
    columns,
    [columns.indexOf(column)],
    fromKey ? 'key' : 'value',
    builder.schemas,
  );
  const read = deserializer.read[0]!;
  const convert = timestampConverter(timestamp.type, timestamp.format, builder);
  const suffix = fromKey ? new WindowReader(step.keyWindow).bytes : 0;
  const silent = (): number => -1;
  return (cursor) => {
    const start = fromKey ? cursor.keyStart : cursor.valueStart;
    const end = (fromKey ? cursor.keyEnd : cursor.valueEnd) - suffix;
    if (start < 0 || end < start) return cursor.timestamp;
    try {
      if (!deserializer.scan(cursor.bytes, start, end)) return cursor.timestamp;
      const time = eventTime(read(), convert, silent);
      return time < 0 ? cursor.timestamp : time;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return cursor.timestamp;
    }
  };
}
