import { RecordError } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import type { StructField } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { GrowableSink } from '../byte-sink.js';
import type { ByteSink, Serializer } from '../format.js';
import { writeFrame } from '../schema-registry/framing.js';
import { valueError } from '../value-problem.js';
import { columnWriter, rowWriter, unwrittenRequired, type WriteField } from './field-writer.js';
import { indexesOf, type MessageType, type ProtoSchema } from './proto-schema.js';
import { NUMBER_BYTES_MAX, putSint64 } from './wire-writer.js';

/**
 * Writes columns as the fields of one message, in the order of their numbers. `write` is generated, so that it has one parameter a column and each
 * call site within it sees one writer only. When a writer throws, nothing is left in the sink.
 * @param prefix the bytes before each message
 * @throws StatementError `incompatible-schema` when messages cannot hold the columns
 */
export function protobufSerializer(
  message: MessageType,
  columns: readonly Column[],
  prefix: Buffer,
  target: 'key' | 'value',
): Serializer {
  const writers = columns.map((column, i) => ({ ...columnWriter(message, column), i }));
  const missing = unwrittenRequired(message, columns);
  if (missing !== null) {
    const message = `nothing for the required field "${missing.name}"`;
    const refuse = (): never => {
      throw new RecordError('serialization', message, target);
    };
    return { write: refuse };
  }
  const fail = (problem: unknown, i: number): never => {
    throw valueError(problem, `$.${columns[i]!.name}`, target, 'serialization');
  };
  // Fields that are read are never null: all null is the key of a record that has none.
  const nullKey =
    target === 'key' && columns.length > 0
      ? `if (${columns.map((_, i) => `v${i} === null`).join(' && ')}) return false;`
      : '';
  const stores = [...prefix].map((byte, i) => `b[p + ${i}] = ${byte};`);
  const calls = writers.sort((a, b) => a.number - b.number).map(({ i }) => `at = ${i}; w${i}(sink, v${i});`);
  const body = `
    ${columns.map((_, i) => `const w${i} = writers[${i}];`).join('\n    ')}
    return function write(${['sink', ...columns.map((_, i) => `v${i}`)].join(', ')}) {
      ${nullKey}
      const mark = sink.position;
      let at = 0;
      try {
        sink.reserve(${prefix.length});
        const b = sink.bytes, p = mark;
        ${stores.join(' ')}
        sink.position = p + ${prefix.length};
        ${calls.join('\n        ')}
      } catch (problem) {
        sink.position = mark;
        fail(problem, at);
      }
      return true;
    };`;
  const byColumn: WriteField[] = [];
  for (const { i, write } of writers) byColumn[i] = write;
  return { write: new Function('writers', 'fail', body)(byColumn, fail) as Serializer['write'] };
}

/** What stands before each message of a schema: Confluent's frame, and the message's place in the file, for which 0 is short when it is the first. */
export function framePrefix(id: number, schema: ProtoSchema, message: MessageType): Buffer {
  const indexes = indexesOf(schema, message);
  const isFirst = indexes.length === 1 && indexes[0] === 0;
  const sink = new GrowableSink(64);
  writeFrame(sink, id);
  sink.reserve(NUMBER_BYTES_MAX * (indexes.length + 1));
  for (const number of isFirst ? [0] : [indexes.length, ...indexes]) {
    sink.position = putSint64(sink.bytes, sink.position, number);
  }
  return sink.copy();
}

/** Writes each value of the single column as a message of its own; null is no message. */
export function structSerializer(
  message: MessageType,
  fields: readonly StructField[],
  target: 'key' | 'value',
): Serializer {
  const write = rowWriter(message, fields);
  return {
    write(sink: ByteSink, value: SqlValue): boolean {
      if (value === null) return false;
      const mark = sink.position;
      try {
        write(sink, value);
      } catch (problem) {
        sink.position = mark;
        throw valueError(problem, '$', target, 'serialization');
      }
      return true;
    },
  };
}
