import { GrowableSink } from '../formats/byte-sink.js';
import type { FormatSpec } from '../formats/format.js';
import { protobufFormat, protobufNosrFormat } from '../formats/protobuf/protobuf.js';
import { StatementError } from '../model/errors.js';
import type { Column } from '../model/schema.js';
import type { SqlValue } from '../model/value.js';
import type { ResultColumn } from './engine.js';

/** How the rows of one query are written as Protobuf messages, without a registry. */
export interface ProtobufRows {
  /** The .proto file: one message with a field a column, numbered from 1 in their order. */
  readonly schema: string;
  /**
   * A row as base64 of its message. A null is a field that is not there, and reads as the type's default.
   * @throws RecordError with reason `serialization`, such as for a null within an array
   */
  encode(values: readonly SqlValue[]): string;
}

/** @throws StatementError `unsupported-result` when messages cannot carry the columns */
export function protobufRows(columns: readonly ResultColumn[]): ProtobufRows {
  const fields = columns.map(({ name, type }): Column => ({ name, type, role: 'value' }));
  const refused = protobufFormat.refuses(fields, 'value') ?? repeatedName(fields);
  if (refused !== null) throw unsupported(refused);
  const schema = protobufFormat.schemaFor(specOf('PROTOBUF'), fields).text;
  const serializer = protobufNosrFormat.serializer(specOf('PROTOBUF_NOSR'), fields, 'value');
  const sink = new GrowableSink();
  return {
    schema,
    encode(values) {
      sink.reset();
      serializer.write(sink, ...values);
      return sink.bytes.toString('base64', 0, sink.position);
    },
  };
}

function specOf(name: string): FormatSpec {
  return { name, properties: {}, unwrapped: false };
}

function repeatedName(fields: readonly Column[]): string | null {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) return `there is more than one column \`${name}\``;
    names.add(name);
  }
  return null;
}

function unsupported(reason: string): StatementError {
  return new StatementError(`The rows cannot be written as Protobuf messages: ${reason}`, {
    code: 'unsupported-result',
    hint: 'Rename or convert the column, or ask for rows in JSON.',
  });
}
