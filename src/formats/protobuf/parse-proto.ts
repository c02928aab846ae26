import protobuf from 'protobufjs';
import { StatementError } from '../../model/errors.js';
import { LruMap } from '../schema-registry/lru-map.js';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import {
  type EnumType,
  type FieldType,
  type MessageType,
  type ProtoField,
  type ProtoOneof,
  type ProtoSchema,
  SCALAR_KINDS,
  type ScalarKind,
} from './proto-schema.js';
import { WELL_KNOWN_FILES } from './well-known.js';

/** Characters of a schema and what it imports. */
const PROTO_TEXT_MAX = 1_000_000;
const FIELD_NUMBER_MAX = 536_870_911;
/** Schemas that are kept parsed: one is asked for by several readers and writers. */
const KEPT_MAX = 32;

const kept = new LruMap<string, ProtoSchema>(KEPT_MAX);

/**
 * The messages of a .proto file (proto2, proto3 or an edition), with the types that it takes from its imports.
 * An import that is not there matters only when a type of it is used.
 * @throws StatementError `invalid-schema`
 */
export function parseProto(schema: SchemaText): ProtoSchema {
  if (schema.type !== 'PROTOBUF') throw invalidProto(`it is a schema of type ${schema.type}`);
  const key = JSON.stringify([schema.text, ...schema.imports.map(({ name, text }) => [name, text])]);
  let parsed = kept.get(key);
  if (parsed === undefined) {
    const length = schema.imports.reduce((sum, { text }) => sum + text.length, schema.text.length);
    if (length > PROTO_TEXT_MAX) throw invalidProto(`it is longer than ${PROTO_TEXT_MAX} characters`);
    parsed = new SchemaBuilder(schema).build();
    kept.set(key, parsed);
  }
  return parsed;
}

export function invalidProto(problem: string): StatementError {
  return new StatementError(`invalid Protobuf schema: ${problem}`, { code: 'invalid-schema' });
}

/** What an edition and its features say about fields. */
interface Features {
  readonly presence: boolean;
  readonly required: boolean;
  readonly packed: boolean;
  readonly delimited: boolean;
  readonly closed: boolean;
}

const EDITIONS = new Map<string, Features>(
  Object.entries({
    proto2: { presence: true, required: false, packed: false, delimited: false, closed: true },
    proto3: { presence: false, required: false, packed: true, delimited: false, closed: false },
    '2023': { presence: true, required: false, packed: true, delimited: false, closed: false },
    '2024': { presence: true, required: false, packed: true, delimited: false, closed: false },
  }),
);

class SchemaBuilder {
  readonly #schema: SchemaText;
  readonly #imports: ReadonlyMap<string, string>;
  readonly #symbols = new Map<string, MessageType | EnumType>();
  readonly #files = new Set<string>();
  /** Fields can be made when all names are known. */
  readonly #later: (() => void)[] = [];

  constructor(schema: SchemaText) {
    this.#schema = schema;
    this.#imports = new Map(schema.imports.map(({ name, text }) => [name, text]));
  }

  build(): ProtoSchema {
    const schema = this.#file(this.#schema.text);
    for (const work of this.#later) work();
    return schema;
  }

  #file(text: string): ProtoSchema {
    if (/\b__proto__\b/.test(text)) throw invalidProto('the name "__proto__" is not supported');
    const { package: packageName = '', imports, weakImports, root } = parseText(text);
    const edition = editionOf(text);
    const features = EDITIONS.get(edition);
    if (features === undefined) throw invalidProto(`the syntax "${edition}" is not known`);
    for (const name of [...(imports ?? []), ...(weakImports ?? [])]) this.#import(name);
    let top: protobuf.NamespaceBase = root;
    for (const part of packageName.split('.')) {
      const inner = part === '' ? null : top.get(part);
      if (inner instanceof protobuf.Namespace) top = inner;
    }
    return { package: packageName, messages: this.#nested(top, packageName, features) };
  }

  #import(name: string): void {
    if (this.#files.has(name)) return;
    this.#files.add(name);
    const text = WELL_KNOWN_FILES.get(name) ?? this.#imports.get(name);
    if (text !== undefined) this.#file(text);
  }

  /** The messages within a package or message; enums are noted. */
  #nested(parent: protobuf.NamespaceBase, scope: string, features: Features): MessageType[] {
    const messages: MessageType[] = [];
    for (const object of parent.nestedArray) {
      const fullName = inScope(scope, object.name);
      if (object instanceof protobuf.Type)
        messages.push(this.#message(object, fullName, withFeatures(features, object)));
      else if (object instanceof protobuf.Enum) this.#note(enumType(object, fullName, withFeatures(features, object)));
    }
    return messages;
  }

  #note(symbol: MessageType | EnumType): void {
    if (this.#symbols.has(symbol.fullName)) throw invalidProto(`"${symbol.fullName}" is defined twice`);
    this.#symbols.set(symbol.fullName, symbol);
  }

  #message(type: protobuf.Type, fullName: string, features: Features): MessageType {
    const fields: ProtoField[] = [];
    const oneofs: ProtoOneof[] = [];
    const message: MessageType = {
      kind: 'message',
      name: type.name,
      fullName,
      fields,
      oneofs,
      messages: this.#nested(type, fullName, features),
    };
    this.#note(message);
    this.#later.push(() => {
      const members = new Map<protobuf.OneOf, ProtoField[]>();
      const made = new Map<protobuf.OneOf, ProtoOneof>();
      for (const oneof of type.oneofsArray) {
        if (oneof.fieldsArray.some((field) => field.getOption('proto3_optional') === true)) continue;
        const own: ProtoField[] = [];
        members.set(oneof, own);
        made.set(oneof, { name: oneof.name, fields: own });
      }
      oneofs.push(...made.values());
      for (const field of type.fieldsArray) {
        const oneof = field.partOf;
        const proto = this.#field(field, fullName, features, (oneof !== null && made.get(oneof)) || null);
        fields.push(proto);
        if (oneof !== null) members.get(oneof)?.push(proto);
      }
    });
    return message;
  }

  #field(field: protobuf.Field, scope: string, base: Features, oneof: ProtoOneof | null): ProtoField {
    const place = `field "${field.name}" of ${scope}`;
    if (!(field.id >= 1 && field.id <= FIELD_NUMBER_MAX)) throw invalidProto(`${place} has the number ${field.id}`);
    const features = withFeatures(base, field);
    const type = this.#type(field, scope, place);
    const repeated = field instanceof protobuf.MapField || field.rule === 'repeated';
    const group = type.kind === 'message' && (isGroup(field) || features.delimited);
    const explicit =
      features.presence || oneof !== null || field.getOption('proto3_optional') === true || type.kind === 'message';
    const packed = field.getOption('packed');
    return {
      name: field.name,
      number: field.id,
      label: repeated ? 'repeated' : field.rule === 'required' || features.required ? 'required' : 'optional',
      type,
      presence: explicit && !repeated,
      packed: typeof packed === 'boolean' ? packed : features.packed,
      group,
      oneof,
      params: paramsOf(field),
    };
  }

  #type(field: protobuf.Field, scope: string, place: string): FieldType {
    const type = this.#named(field.type, scope, place);
    if (!(field instanceof protobuf.MapField)) return type;
    const part = (name: string, number: number, partType: FieldType): ProtoField => ({
      name,
      number,
      label: 'optional',
      type: partType,
      presence: partType.kind === 'message',
      packed: false,
      group: false,
      oneof: null,
      params: new Map(),
    });
    const key: FieldType = { kind: 'scalar', scalar: field.keyType as ScalarKind };
    return { kind: 'map', key: part('key', 1, key), value: part('value', 2, type) };
  }

  /** A name is looked for in the innermost scope first. */
  #named(name: string, scope: string, place: string): FieldType {
    if (SCALAR_KINDS.has(name)) return { kind: 'scalar', scalar: name as ScalarKind };
    let around = name.startsWith('.') ? '' : scope;
    const plain = name.startsWith('.') ? name.slice(1) : name;
    for (;;) {
      const found = this.#symbols.get(inScope(around, plain));
      if (found !== undefined) return found;
      if (around === '') break;
      around = around.slice(0, Math.max(0, around.lastIndexOf('.')));
    }
    const missing = [...this.#files].filter((file) => !WELL_KNOWN_FILES.has(file) && !this.#imports.has(file));
    const hint = missing.length === 0 ? '' : `; imports that were not given: ${missing.join(', ')}`;
    throw invalidProto(`${place} has the unknown type ${name}${hint}`);
  }
}

function parseText(text: string): protobuf.IParserResult {
  try {
    return protobuf.parse(text, { keepCase: true });
  } catch (error) {
    throw invalidProto(error instanceof Error ? error.message : String(error));
  }
}

/** `proto2` when the file does not say. */
function editionOf(text: string): string {
  const { next } = protobuf.tokenize(text, false);
  const word = next();
  if ((word !== 'syntax' && word !== 'edition') || next() !== '=') return 'proto2';
  next();
  return next() ?? '';
}

function inScope(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}

function isGroup(field: protobuf.Field): boolean {
  const type = field.parent?.get(field.type);
  return type instanceof protobuf.Type && (type as { group?: boolean }).group === true;
}

function withFeatures(base: Features, object: protobuf.ReflectionObject): Features {
  const said: unknown = object.options?.['features'];
  if (typeof said !== 'object' || said === null) return base;
  const { field_presence, repeated_field_encoding, message_encoding, enum_type } = said as Record<string, unknown>;
  const either = (value: unknown, yes: string, otherwise: boolean): boolean =>
    value === undefined ? otherwise : value === yes;
  return {
    presence: field_presence === undefined ? base.presence : field_presence !== 'IMPLICIT',
    required: either(field_presence, 'LEGACY_REQUIRED', base.required),
    packed: either(repeated_field_encoding, 'PACKED', base.packed),
    delimited: either(message_encoding, 'DELIMITED', base.delimited),
    closed: either(enum_type, 'CLOSED', base.closed),
  };
}

function enumType(declared: protobuf.Enum, fullName: string, features: Features): EnumType {
  const names = new Map<number, string>();
  const numbers = new Map<string, number>();
  for (const [name, number] of Object.entries(declared.values)) {
    numbers.set(name, number);
    if (!names.has(number)) names.set(number, name);
  }
  return { kind: 'enum', name: declared.name, fullName, names, numbers, closed: features.closed };
}

const FIELD_META = '(confluent.field_meta)';

function paramsOf(field: protobuf.Field): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const option of field.parsedOptions ?? []) {
    const meta: unknown = option[FIELD_META];
    const list: unknown = typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>)['params'] : [];
    for (const entry of Array.isArray(list) ? list : [list]) {
      const { key, value } = (entry ?? {}) as Record<string, unknown>;
      if (typeof key === 'string' && typeof value === 'string') params.set(key, value);
    }
  }
  return params;
}
