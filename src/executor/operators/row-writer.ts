import type { ByteSink, Serializer } from '../../formats/format.js';
import type { Row } from '../../model/value.js';

/** Appends chosen columns of a row to a sink; false when the encoding is null. @throws RecordError with reason `serialization`. */
export type RowWriter = (sink: ByteSink, row: Row) => boolean;

/** A writer of the columns at `positions` of a row. Generated, so that no argument array is made. */
export function rowWriter(serializer: Serializer, positions: readonly number[]): RowWriter {
  const values = positions.map((position) => `row[${position}]`);
  const source = `return function write(sink, row) { return serializer.write(${['sink', ...values].join(', ')}); };`;
  return new Function('serializer', source)(serializer) as RowWriter;
}
