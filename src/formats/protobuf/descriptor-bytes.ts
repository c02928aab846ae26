import { StatementError } from '../../model/errors.js';

/*
 * A .proto file as Protocol Buffers themselves describe it: the messages of google/protobuf/descriptor.proto, as far as they say what a
 * schema is, in their binary form.
 */

export interface FileDescriptor {
  readonly name?: string;
  readonly package?: string;
  readonly dependency?: readonly string[];
  /** Indexes of `dependency`. */
  readonly publicDependency?: readonly number[];
  readonly weakDependency?: readonly number[];
  readonly messageType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly service?: readonly ServiceDescriptor[];
  readonly extension?: readonly FieldDescriptor[];
  readonly options?: Options;
  /** `editions` where `edition` counts; `proto2` when absent. */
  readonly syntax?: string;
  readonly edition?: number;
}

export interface MessageDescriptor {
  readonly name?: string;
  readonly field?: readonly FieldDescriptor[];
  readonly extension?: readonly FieldDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly extensionRange?: readonly DescriptorRange[];
  readonly oneofDecl?: readonly { readonly name?: string }[];
  readonly options?: Options;
  /** Their ends do not belong to them. */
  readonly reservedRange?: readonly DescriptorRange[];
  readonly reservedName?: readonly string[];
}

export interface DescriptorRange {
  readonly start?: number;
  readonly end?: number;
}

export interface FieldDescriptor {
  readonly name?: string;
  readonly extendee?: string;
  readonly number?: number;
  /** 1 optional, 2 required, 3 repeated. */
  readonly label?: number;
  /** A position in {@link FIELD_TYPES}; absent where only `typeName` says it. */
  readonly type?: number;
  readonly typeName?: string;
  readonly defaultValue?: string;
  readonly options?: Options;
  readonly oneofIndex?: number;
  readonly jsonName?: string;
  readonly proto3Optional?: boolean;
}

export interface EnumDescriptor {
  readonly name?: string;
  readonly value?: readonly { readonly name?: string; readonly number?: number; readonly options?: Options }[];
  readonly options?: Options;
  /** Their ends belong to them. */
  readonly reservedRange?: readonly DescriptorRange[];
  readonly reservedName?: readonly string[];
}

export interface ServiceDescriptor {
  readonly name?: string;
  readonly method?: readonly {
    readonly name?: string;
    readonly inputType?: string;
    readonly outputType?: string;
    readonly options?: Options;
    readonly clientStreaming?: boolean;
    readonly serverStreaming?: boolean;
  }[];
  readonly options?: Options;
}

/** Options by the names of their fields; enums by their names. */
export type Options = Readonly<Record<string, unknown>>;

/** The words for types of fields, by their numbers. */
export const FIELD_TYPES: readonly string[] = [
  '',
  'double',
  'float',
  'int64',
  'uint64',
  'int32',
  'fixed64',
  'fixed32',
  'bool',
  'string',
  'group',
  'message',
  'bytes',
  'uint32',
  'enum',
  'sfixed32',
  'sfixed64',
  'sint32',
  'sint64',
];

export const FIELD_NUMBER_MAX = 536_870_911;
export const ENUM_NUMBER_MAX = 2_147_483_647;

/** @throws StatementError `invalid-schema` */
export function decodeFile(bytes: Uint8Array): FileDescriptor {
  return decode(FILE, bytes, 0) as FileDescriptor;
}

export function encodeFile(file: FileDescriptor): Buffer {
  return Buffer.from(encode(FILE, file as Readonly<Record<string, unknown>>));
}

/** The kinds of what a field of a message holds. Words are the names of an enum by their numbers. */
type Kind = 'text' | 'number' | 'flag' | { readonly message: () => Shape } | { readonly words: readonly string[] };

/** The fields of a message by their names: number, kind, and `list` where they are repeated. */
type Shape = Readonly<Record<string, readonly [number, Kind, 'list'?]>>;

const message = (shape: () => Shape): Kind => ({ message: shape });
const words = (...names: readonly string[]): Kind => ({ words: names });

const FEATURES: Shape = {
  field_presence: [1, words('FIELD_PRESENCE_UNKNOWN', 'EXPLICIT', 'IMPLICIT', 'LEGACY_REQUIRED')],
  enum_type: [2, words('ENUM_TYPE_UNKNOWN', 'OPEN', 'CLOSED')],
  repeated_field_encoding: [3, words('REPEATED_FIELD_ENCODING_UNKNOWN', 'PACKED', 'EXPANDED')],
  utf8_validation: [4, words('UTF8_VALIDATION_UNKNOWN', '', 'VERIFY', 'NONE')],
  message_encoding: [5, words('MESSAGE_ENCODING_UNKNOWN', 'LENGTH_PREFIXED', 'DELIMITED')],
  json_format: [6, words('JSON_FORMAT_UNKNOWN', 'ALLOW', 'LEGACY_BEST_EFFORT')],
};

const META_PARAM: Shape = { key: [1, 'text'], value: [2, 'text'] };

/** Confluent's notes on files, messages and fields. */
const META: Shape = { doc: [1, 'text'], params: [2, message(() => META_PARAM), 'list'], tags: [3, 'text', 'list'] };
const META_NUMBER = 1088;

const FILE_OPTIONS: Shape = {
  java_package: [1, 'text'],
  java_outer_classname: [8, 'text'],
  optimize_for: [9, words('', 'SPEED', 'CODE_SIZE', 'LITE_RUNTIME')],
  java_multiple_files: [10, 'flag'],
  go_package: [11, 'text'],
  java_generate_equals_and_hash: [20, 'flag'],
  deprecated: [23, 'flag'],
  java_string_check_utf8: [27, 'flag'],
  cc_enable_arenas: [31, 'flag'],
  objc_class_prefix: [36, 'text'],
  csharp_namespace: [37, 'text'],
  swift_prefix: [39, 'text'],
  php_class_prefix: [40, 'text'],
  php_namespace: [41, 'text'],
  php_metadata_namespace: [44, 'text'],
  ruby_package: [45, 'text'],
  features: [50, message(() => FEATURES)],
  '(confluent.file_meta)': [META_NUMBER, message(() => META)],
};

const MESSAGE_OPTIONS: Shape = {
  message_set_wire_format: [1, 'flag'],
  no_standard_descriptor_accessor: [2, 'flag'],
  deprecated: [3, 'flag'],
  map_entry: [7, 'flag'],
  features: [12, message(() => FEATURES)],
  '(confluent.message_meta)': [META_NUMBER, message(() => META)],
};

const FIELD_OPTIONS: Shape = {
  ctype: [1, words('STRING', 'CORD', 'STRING_PIECE')],
  packed: [2, 'flag'],
  deprecated: [3, 'flag'],
  lazy: [5, 'flag'],
  jstype: [6, words('JS_NORMAL', 'JS_STRING', 'JS_NUMBER')],
  weak: [10, 'flag'],
  debug_redact: [16, 'flag'],
  features: [21, message(() => FEATURES)],
  '(confluent.field_meta)': [META_NUMBER, message(() => META)],
};

const ENUM_OPTIONS: Shape = {
  allow_alias: [2, 'flag'],
  deprecated: [3, 'flag'],
  features: [7, message(() => FEATURES)],
  '(confluent.enum_meta)': [META_NUMBER, message(() => META)],
};

const VALUE_OPTIONS: Shape = {
  deprecated: [1, 'flag'],
  features: [2, message(() => FEATURES)],
  '(confluent.enum_value_meta)': [META_NUMBER, message(() => META)],
};

const SERVICE_OPTIONS: Shape = { deprecated: [33, 'flag'] };

const METHOD_OPTIONS: Shape = {
  deprecated: [33, 'flag'],
  idempotency_level: [34, words('IDEMPOTENCY_UNKNOWN', 'NO_SIDE_EFFECTS', 'IDEMPOTENT')],
};

const RANGE: Shape = { start: [1, 'number'], end: [2, 'number'] };

const ENUM_VALUE: Shape = { name: [1, 'text'], number: [2, 'number'], options: [3, message(() => VALUE_OPTIONS)] };

const ENUM: Shape = {
  name: [1, 'text'],
  value: [2, message(() => ENUM_VALUE), 'list'],
  options: [3, message(() => ENUM_OPTIONS)],
  reservedRange: [4, message(() => RANGE), 'list'],
  reservedName: [5, 'text', 'list'],
};

const FIELD: Shape = {
  name: [1, 'text'],
  extendee: [2, 'text'],
  number: [3, 'number'],
  label: [4, 'number'],
  type: [5, 'number'],
  typeName: [6, 'text'],
  defaultValue: [7, 'text'],
  options: [8, message(() => FIELD_OPTIONS)],
  oneofIndex: [9, 'number'],
  jsonName: [10, 'text'],
  proto3Optional: [17, 'flag'],
};

const ONEOF: Shape = { name: [1, 'text'] };

const MESSAGE: Shape = {
  name: [1, 'text'],
  field: [2, message(() => FIELD), 'list'],
  nestedType: [3, message(() => MESSAGE), 'list'],
  enumType: [4, message(() => ENUM), 'list'],
  extensionRange: [5, message(() => RANGE), 'list'],
  extension: [6, message(() => FIELD), 'list'],
  options: [7, message(() => MESSAGE_OPTIONS)],
  oneofDecl: [8, message(() => ONEOF), 'list'],
  reservedRange: [9, message(() => RANGE), 'list'],
  reservedName: [10, 'text', 'list'],
};

const METHOD: Shape = {
  name: [1, 'text'],
  inputType: [2, 'text'],
  outputType: [3, 'text'],
  options: [4, message(() => METHOD_OPTIONS)],
  clientStreaming: [5, 'flag'],
  serverStreaming: [6, 'flag'],
};

const SERVICE: Shape = {
  name: [1, 'text'],
  method: [2, message(() => METHOD), 'list'],
  options: [3, message(() => SERVICE_OPTIONS)],
};

const FILE: Shape = {
  name: [1, 'text'],
  package: [2, 'text'],
  dependency: [3, 'text', 'list'],
  messageType: [4, message(() => MESSAGE), 'list'],
  enumType: [5, message(() => ENUM), 'list'],
  service: [6, message(() => SERVICE), 'list'],
  extension: [7, message(() => FIELD), 'list'],
  options: [8, message(() => FILE_OPTIONS)],
  publicDependency: [10, 'number', 'list'],
  weakDependency: [11, 'number', 'list'],
  syntax: [12, 'text'],
  edition: [14, 'number'],
};

const DEPTH_MAX = 64;
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

function decode(shape: Shape, bytes: Uint8Array, depth: number): Readonly<Record<string, unknown>> {
  if (depth > DEPTH_MAX) throw invalidDescriptor('messages are nested too deeply');
  const names = new Map(Object.entries(shape).map(([name, [number]]) => [number, name]));
  const found: Record<string, unknown> = {};
  const reader = new BytesReader(bytes);
  while (!reader.atEnd) {
    const tag = reader.number();
    const wireType = tag & 7;
    const name = names.get(tag >>> 3);
    if (name === undefined) {
      reader.skip(wireType);
      continue;
    }
    const [, kind, list] = shape[name]!;
    if (kind === 'number' && list === 'list' && wireType === LENGTH) {
      const packed = new BytesReader(reader.bytes());
      while (!packed.atEnd) addTo(found, name, packed.number());
      continue;
    }
    if (wireType !== (isVarint(kind) ? VARINT : LENGTH)) throw invalidDescriptor('a field is of another type');
    const value = readValue(kind, reader, depth);
    if (list === 'list') addTo(found, name, value);
    else found[name] = value;
  }
  return found;
}

function addTo(found: Record<string, unknown>, name: string, value: unknown): void {
  const list = (found[name] ??= []) as unknown[];
  list.push(value);
}

function isVarint(kind: Kind): boolean {
  return kind === 'number' || kind === 'flag' || (typeof kind === 'object' && 'words' in kind);
}

function readValue(kind: Kind, reader: BytesReader, depth: number): unknown {
  if (kind === 'text') return Buffer.from(reader.bytes()).toString('utf8');
  if (kind === 'number') return reader.number();
  if (kind === 'flag') return reader.number() !== 0;
  if ('message' in kind) return decode(kind.message(), reader.bytes(), depth + 1);
  const number = reader.number();
  return kind.words[number] ?? '';
}

class BytesReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** A varint's low 32 bits, signed. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.atEnd) throw invalidDescriptor('it ends too early');
      const byte = this.#bytes[this.#position++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw invalidDescriptor('a number is too long');
  }

  bytes(): Uint8Array {
    return this.#take(this.number());
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.number();
    else if (wireType === FIXED64) this.#take(8);
    else if (wireType === LENGTH) this.bytes();
    else if (wireType === FIXED32) this.#take(4);
    else throw invalidDescriptor('a field is of an unknown type');
  }

  #take(length: number): Uint8Array {
    const end = this.#position + length;
    if (length < 0 || end > this.#bytes.length) throw invalidDescriptor('it ends too early');
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }
}

function encode(shape: Shape, value: Readonly<Record<string, unknown>>): number[] {
  const out: number[] = [];
  for (const [name, [number, kind]] of Object.entries(shape)) {
    const member = value[name];
    if (member === undefined || member === null) continue;
    for (const item of Array.isArray(member) ? member : [member]) encodeValue(number, kind, item, out);
  }
  return out;
}

function encodeValue(number: number, kind: Kind, value: unknown, out: number[]): void {
  if (isVarint(kind)) {
    const whole =
      typeof kind === 'object' && 'words' in kind ? Math.max(0, kind.words.indexOf(String(value))) : Number(value);
    if (!Number.isInteger(whole)) throw invalidDescriptor('an option has a value that is not of its type');
    putVarint(number << 3, out);
    putVarint(whole, out);
    return;
  }
  const bytes =
    typeof kind === 'object' && 'message' in kind
      ? encode(kind.message(), value as Readonly<Record<string, unknown>>)
      : Buffer.from(String(value), 'utf8');
  putVarint((number << 3) | LENGTH, out);
  putVarint(bytes.length, out);
  for (const byte of bytes) out.push(byte);
}

/** A negative number takes ten bytes, as one of 64 bits. */
function putVarint(value: number, out: number[]): void {
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
}

export function invalidDescriptor(why: string): StatementError {
  return new StatementError(`it is no serialized FileDescriptorProto: ${why}`, { code: 'invalid-schema' });
}
