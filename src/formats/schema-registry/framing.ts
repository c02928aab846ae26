import { RecordError } from '../../model/errors.js';
import type { ByteSink } from '../format.js';

const MAGIC = 0;
/** Magic byte and schema id. */
export const FRAME_BYTES = 5;

/** The id that `bytes[start, end)` begin with: Confluent's wire format, a zero byte and four bytes of id. Null when they do not begin like that. */
export function framedId(bytes: Buffer, start: number, end: number): number | null {
  return end - start < FRAME_BYTES || bytes[start] !== MAGIC ? null : bytes.readInt32BE(start + 1);
}

/** The id of the schema that `bytes[start, end)` were written with. @throws RecordError with reason `deserialization` */
export function frameId(bytes: Buffer, start: number, end: number, format: string, target: 'key' | 'value'): number {
  const id = framedId(bytes, start, end);
  if (id !== null) return id;
  throw new RecordError(
    'deserialization',
    `the ${target} does not begin with the magic byte and the id of a schema, as ${format} with a schema registry does`,
    target,
  );
}

/** Begins a record that is written with the schema of that id. */
export function writeFrame(sink: ByteSink, id: number): void {
  sink.reserve(FRAME_BYTES);
  sink.bytes[sink.position] = MAGIC;
  sink.position = sink.bytes.writeInt32BE(id, sink.position + 1);
}

/** The error of a record whose schema the registry does not have. */
export function unknownSchema(id: number, target: 'key' | 'value'): RecordError {
  return new RecordError('deserialization', `the schema registry has no schema with id ${id}`, target);
}
