import { writeInt64 } from '../../broker/record-batch.js';
import type { ByteSink, Serializer } from '../../formats/format.js';
import { AssertionError } from '../../model/errors.js';
import type { Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { KeyWindow } from '../../planner/physical/physical-plan.js';

/** Appends chosen columns of a row to a sink; false when the encoding is null. @throws RecordError with reason `serialization`. */
export type RowWriter = (sink: ByteSink, row: Row) => boolean;

/** A writer of the columns at `positions` of a row. Generated, so that no argument array is made. */
export function rowWriter(serializer: Serializer, positions: readonly number[]): RowWriter {
  const values = positions.map((position) => `row[${position}]`);
  const source = `return function write(sink, row) { return serializer.write(${['sink', ...values].join(', ')}); };`;
  return new Function('serializer', source)(serializer) as RowWriter;
}

/** Appends the bounds of a window behind a key: its start, or a session's end and start, 8 bytes each. */
export function writeWindow(sink: ByteSink, plan: KeyWindow, window: Window | null): void {
  if (window === null) throw new AssertionError('the key of a windowed sink has a window');
  if (plan.kind === 'SESSION') {
    sink.reserve(16);
    writeInt64(sink.bytes, sink.position, window.end);
    writeInt64(sink.bytes, sink.position + 8, window.start);
    sink.position += 16;
  } else {
    sink.reserve(8);
    writeInt64(sink.bytes, sink.position, window.start);
    sink.position += 8;
  }
}
