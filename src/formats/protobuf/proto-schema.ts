/*
 * What a .proto file says, with names resolved. Read-only once it is built; messages refer to each other and to themselves.
 */

export type ScalarKind =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes';

export interface ScalarType {
  readonly kind: 'scalar';
  readonly scalar: ScalarKind;
}

export interface EnumType {
  readonly kind: 'enum';
  readonly name: string;
  /** With the package and the messages around it, without a leading dot. */
  readonly fullName: string;
  /** The first name of each number. */
  readonly names: ReadonlyMap<number, string>;
  readonly numbers: ReadonlyMap<string, number>;
  /** Whether a number without a name counts as not being there (proto2). */
  readonly closed: boolean;
}

export interface MessageType {
  readonly kind: 'message';
  readonly name: string;
  readonly fullName: string;
  /** In the order of the file, those of oneofs included. */
  readonly fields: readonly ProtoField[];
  readonly oneofs: readonly ProtoOneof[];
  readonly messages: readonly MessageType[];
}

/** `map<K, V>`. On the wire it is repeated messages of a key (1) and a value (2). */
export interface MapEntryType {
  readonly kind: 'map';
  readonly key: ProtoField;
  readonly value: ProtoField;
}

export type FieldType = ScalarType | EnumType | MessageType | MapEntryType;

export interface ProtoField {
  readonly name: string;
  readonly number: number;
  readonly label: 'required' | 'optional' | 'repeated';
  readonly type: FieldType;
  /** Whether the wire tells "absent" from "the type's default"; false for repeated fields. */
  readonly presence: boolean;
  /** Whether a repeated field of numbers is written as one run. */
  readonly packed: boolean;
  /** Whether the message is delimited by tags, as `group` is. */
  readonly group: boolean;
  readonly oneof: ProtoOneof | null;
  /** The parameters that Connect leaves with a field, such as `precision` and `scale`. */
  readonly params: ReadonlyMap<string, string>;
}

/** A group of fields of which at most one is set; those that `optional` implies are none. */
export interface ProtoOneof {
  readonly name: string;
  readonly fields: readonly ProtoField[];
}

export interface ProtoSchema {
  readonly package: string;
  /** The messages of the file itself, in its order: the first is what a schema means when none is named. */
  readonly messages: readonly MessageType[];
}

export const SCALAR_KINDS: ReadonlySet<string> = new Set<ScalarKind>([
  'double',
  'float',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'bool',
  'string',
  'bytes',
]);

/** The type as a .proto file spells it, for messages. */
export function describeType(type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
      return type.scalar;
    case 'map':
      return `map<${describeType(type.key.type)}, ${describeType(type.value.type)}>`;
    case 'enum':
      return `enum ${type.fullName}`;
    case 'message':
      return type.fullName;
  }
}

export function describeField(field: ProtoField): string {
  return field.label === 'repeated' && field.type.kind !== 'map'
    ? `repeated ${describeType(field.type)}`
    : describeType(field.type);
}

/**
 * The key and value of a field that is a map: declared as one, or, as Connect writes them, as repeated messages whose name ends in `Entry` and
 * that have exactly a `key` and a `value`. Null for other fields.
 */
export function mapEntryOf(field: ProtoField): { readonly key: ProtoField; readonly value: ProtoField } | null {
  if (field.type.kind === 'map') return field.type;
  if (field.label !== 'repeated' || field.type.kind !== 'message' || field.group) return null;
  const { name, fields } = field.type;
  if (!name.endsWith('Entry') || fields.length !== 2) return null;
  const [key, value] = fields as [ProtoField, ProtoField];
  return key.name === 'key' && value.name === 'value' && key.label !== 'repeated' ? { key, value } : null;
}

/** The message of that full name, or the first one; null when there is none. */
export function messageNamed(schema: ProtoSchema, fullName: string | null): MessageType | null {
  if (fullName === null) return schema.messages[0] ?? null;
  for (const message of allMessages(schema.messages)) if (message.fullName === fullName) return message;
  return null;
}

/** Messages and those within them, each before what it contains. */
export function* allMessages(messages: readonly MessageType[]): Generator<MessageType> {
  for (const message of messages) {
    yield message;
    yield* allMessages(message.messages);
  }
}

/** The place of a message in its file, as records carry it: the position of the outermost message, then of the one in it, and so on. */
export function indexesOf(schema: ProtoSchema, message: MessageType): readonly number[] {
  const find = (messages: readonly MessageType[]): number[] | null => {
    for (const [i, candidate] of messages.entries()) {
      if (candidate === message) return [i];
      const inner = find(candidate.messages);
      if (inner !== null) return [i, ...inner];
    }
    return null;
  };
  return find(schema.messages) ?? [];
}

/** The message at a place of the file; null when there is none. */
export function messageAt(schema: ProtoSchema, indexes: readonly number[]): MessageType | null {
  let messages = schema.messages;
  let message: MessageType | null = null;
  for (const index of indexes) {
    message = messages[index] ?? null;
    if (message === null) return null;
    messages = message.messages;
  }
  return message;
}
