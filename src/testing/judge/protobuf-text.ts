import { type MessageType, mapEntryOf, type ProtoField, type ScalarKind } from '../../formats/protobuf/proto-schema.js';
import { DELIMITED, WireReader } from '../../formats/protobuf/wire-reader.js';
import { formatDouble } from '../../model/double-text.js';
import { TestFailure } from '../test-case.js';

/**
 * A message as Protobuf's text format writes it, as Java prints it: a line a field in the order of the numbers, `NAME: value` or
 * `NAME {`, fields, `}`; two blanks a level. What is not on the wire has no line.
 * @throws TestFailure for a field that the schema does not have
 * @throws ValueProblem when the bytes are no message
 */
export function messageText(bytes: Buffer, message: MessageType): string {
  const reader = new WireReader();
  reader.bytes = bytes;
  reader.end = bytes.length;
  return fieldsText(reader, message, '');
}

/** Such a text with the entries of each map in alphabetical order: a map has none. */
export function withSortedMaps(text: string, message: MessageType): string {
  const parts: { readonly name: string; readonly text: string }[] = [];
  for (const [whole, name = '', body] of text.matchAll(/^(\w+)(?:: .*| \{\n((?: {2}.*\n)*)\})\n/gm)) {
    const type = message.fields.find((field) => field.name === name)?.type;
    const inner = body !== undefined && type?.kind === 'message' ? sortedBody(body, type) : null;
    parts.push({ name, text: inner === null ? whole : `${name} {\n${inner}}\n` });
  }
  for (const field of message.fields) {
    if (mapEntryOf(field) === null) continue;
    const places = [...parts.keys()].filter((i) => parts[i]!.name === field.name);
    const sorted = places.map((i) => parts[i]!).sort((a, b) => (a.text < b.text ? -1 : 1));
    for (const [i, place] of places.entries()) parts[place] = sorted[i]!;
  }
  return parts.map((part) => part.text).join('');
}

function sortedBody(body: string, type: MessageType): string {
  return withSortedMaps(body.replace(/^ {2}/gm, ''), type).replace(/^(?=.)/gm, '  ');
}

/** The fields up to the reader's end. */
function fieldsText(reader: WireReader, message: MessageType, indent: string): string {
  const texts = new Map<number, string>();
  while (reader.position < reader.end) {
    const tag = reader.tag();
    const number = tag >>> 3;
    const field = message.fields.find((candidate) => candidate.number === number);
    if (field === undefined) throw new TestFailure(`a message ${message.fullName} has a field ${number}`);
    texts.set(number, (texts.get(number) ?? '') + fieldText(reader, tag & 7, field, indent));
  }
  return [...texts]
    .sort(([a], [b]) => a - b)
    .map(([, text]) => text)
    .join('');
}

function fieldText(reader: WireReader, wire: number, field: ProtoField, indent: string): string {
  const { name, type } = field;
  if (type.kind === 'message') {
    const inner = within(reader, () => fieldsText(reader, type, `${indent}  `));
    return `${indent}${name} {\n${inner}${indent}}\n`;
  }
  if (type.kind !== 'scalar') throw new TestFailure(`the field ${name} is of a kind that answers do not have`);
  const line = (): string => `${indent}${name}: ${SCALAR_TEXTS[type.scalar](reader)}\n`;
  const isRun = wire === DELIMITED && type.scalar !== 'string' && type.scalar !== 'bytes';
  if (!isRun) return line();
  return within(reader, () => {
    let lines = '';
    while (reader.position < reader.end) lines += line();
    return lines;
  });
}

/** Reads the length-delimited value that begins at the reader's position. */
function within(reader: WireReader, read: () => string): string {
  const { end } = reader;
  reader.end = reader.delimited();
  const text = read();
  reader.end = end;
  return text;
}

const unsigned = (value: number | bigint): string => String(BigInt.asUintN(64, BigInt(value)));

const SCALAR_TEXTS: Readonly<Record<ScalarKind, (reader: WireReader) => string>> = {
  double: (reader) => formatDouble(reader.double()),
  float: (reader) => formatDouble(reader.float()),
  int32: (reader) => String(reader.int32()),
  int64: (reader) => String(reader.int64()),
  uint32: (reader) => String(reader.uint32()),
  uint64: (reader) => unsigned(reader.int64()),
  sint32: (reader) => String(reader.sint32()),
  sint64: (reader) => String(reader.sint64()),
  fixed32: (reader) => String(reader.fixed32()),
  fixed64: (reader) => unsigned(reader.fixed64()),
  sfixed32: (reader) => String(reader.sfixed32()),
  sfixed64: (reader) => String(reader.fixed64()),
  bool: (reader) => String(reader.bool()),
  string: (reader) => quoted(Buffer.from(reader.string(), 'utf8')),
  bytes: (reader) => quoted(reader.copy()),
};

const ESCAPES: ReadonlyMap<number, string> = new Map(
  [...'\x07\b\f\n\r\t\v\\\'"'].map((char, i) => [char.charCodeAt(0), `\\${'abfnrtv\\\'"'[i]}`]),
);

/** Bytes as a text: what is not printable ASCII in octal digits. */
function quoted(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    const printable = byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : null;
    text += ESCAPES.get(byte) ?? printable ?? `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `"${text}"`;
}
