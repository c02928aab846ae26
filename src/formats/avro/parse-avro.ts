import { StatementError } from '../../model/errors.js';
import {
  JsonNumber,
  type JsonObject,
  JsonSyntaxError,
  type JsonValue,
  parseJsonLossless,
} from '../../model/json-text.js';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import {
  type AvroField,
  type AvroNamed,
  type AvroPrimitiveKind,
  type AvroProps,
  type AvroRecord,
  type AvroType,
  type AvroUnion,
  NO_PROPS,
  nameProblem,
  namespaceOf,
  primitive,
  shortName,
} from './avro-type.js';

/** UTF-16 code units of a schema's text. */
const AVRO_TEXT_MAX = 1_000_000;
/** Types inside one another, by the text and by the names that it mentions. */
const AVRO_DEPTH_MAX = 100;

const JSON_LEVELS_A_TYPE = 4;

/**
 * The type that a schema describes, names resolved. As strict as Java's library about names, less so about defaults, which are read when they are needed.
 * Logical types that make no sense are kept as properties.
 * @throws StatementError `invalid-schema`
 */
export function parseAvro(schema: SchemaText): AvroType {
  return parseWithImports(schema).type;
}

export interface ParsedAvro {
  readonly type: AvroType;
  /** The names of the types that the schema does not define itself. */
  readonly imported: ReadonlySet<string>;
}

/** @throws StatementError `invalid-schema` */
export function parseWithImports(schema: SchemaText): ParsedAvro {
  if (schema.type !== 'AVRO') throw invalidSchema(`it is a schema of type ${schema.type}`);
  const parser = new AvroParser();
  for (const { text } of schema.imports) parser.parse(text);
  const imported = new Set(parser.names());
  return { type: parser.parse(schema.text), imported };
}

export function invalidSchema(problem: string): StatementError {
  return new StatementError(`invalid Avro schema: ${problem}`, { code: 'invalid-schema' });
}

const PRIMITIVES: ReadonlySet<string> = new Set<AvroPrimitiveKind>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);

/** Members with a meaning for some type: for others they have none, and are left out. */
const RESERVED: ReadonlySet<string> = new Set([
  'type',
  'name',
  'namespace',
  'aliases',
  'fields',
  'symbols',
  'items',
  'values',
  'size',
]);
const RESERVED_OF_ENUM: ReadonlySet<string> = new Set([...RESERVED, 'default']);
const RESERVED_OF_FIELD: ReadonlySet<string> = new Set(['name', 'type', 'aliases', 'default']);

/** A type with the number of types inside one another, itself included. */
interface Nested<T extends AvroType = AvroType> {
  readonly type: T;
  readonly depth: number;
}

class AvroParser {
  /** Depth 0 while the type is being read. */
  readonly #named = new Map<string, Nested<AvroNamed>>();
  readonly #order = new Map<AvroNamed, number>();

  names(): Iterable<string> {
    return this.#named.keys();
  }

  parse(text: string): AvroType {
    if (text.length > AVRO_TEXT_MAX) throw invalidSchema(`it is longer than ${AVRO_TEXT_MAX} characters`);
    return this.#type(parseJson(text), '', '').type;
  }

  #type(json: JsonValue, namespace: string, path: string): Nested {
    if (typeof json === 'string') return this.#called(json, namespace, path);
    if (Array.isArray(json)) return this.#union(json, namespace, path);
    if (!(json instanceof Map)) throw invalidAt(path, 'a name, a list or an object is expected');
    const kind = json.get('type');
    if (typeof kind !== 'string') throw invalidAt(path, 'there is no "type"');
    switch (kind) {
      case 'record':
        return this.#record(json, namespace, path);
      case 'enum':
        return this.#enum(json, namespace, path);
      case 'fixed':
        return this.#fixed(json, namespace, path);
      case 'array': {
        const { type, depth } = this.#type(required(json, 'items', path), namespace, `${path}/items`);
        return deeper({ kind, items: type, props: propsOf(json, RESERVED) }, depth, path);
      }
      case 'map': {
        const { type, depth } = this.#type(required(json, 'values', path), namespace, `${path}/values`);
        return deeper({ kind, values: type, props: propsOf(json, RESERVED) }, depth, path);
      }
      default:
        if (!PRIMITIVES.has(kind)) return this.#called(kind, namespace, path);
        return { type: primitive(kind as AvroPrimitiveKind, propsOf(json, RESERVED)), depth: 1 };
    }
  }

  #called(name: string, namespace: string, path: string): Nested {
    if (PRIMITIVES.has(name)) return { type: primitive(name as AvroPrimitiveKind), depth: 1 };
    const found = this.#named.get(qualified(name, namespace)) ?? this.#named.get(name);
    if (found === undefined) throw invalidAt(path, `there is no type ${JSON.stringify(name)}`);
    return found;
  }

  #union(json: readonly JsonValue[], namespace: string, path: string): Nested {
    const branches: AvroType[] = [];
    const names = new Set<string>();
    let depth = 0;
    for (const [i, item] of json.entries()) {
      const place = `${path}/${i}`;
      const branch = this.#type(item, namespace, place);
      const { type } = branch;
      if (type.kind === 'union') throw invalidAt(place, 'a union within a union');
      const name = 'name' in type ? type.name : type.kind;
      if (names.has(name)) throw invalidAt(place, `${name} is a branch of the union already`);
      names.add(name);
      branches.push(type);
      depth = Math.max(depth, branch.depth);
    }
    const union: AvroUnion = { kind: 'union', branches };
    return { type: union, depth };
  }

  #record(json: JsonObject, namespace: string, path: string): Nested {
    const name = fullName(json, namespace, path);
    const fields: AvroField[] = [];
    const record: AvroRecord = {
      kind: 'record',
      name,
      aliases: aliasesOf(json, namespaceOf(name), path),
      fields,
      props: propsOf(json, RESERVED),
    };
    this.#define(record, 0, path);
    const items = json.get('fields');
    if (!Array.isArray(items)) throw invalidAt(path, 'the record has no "fields"');
    const names = new Set<string>();
    let depth = 0;
    for (const [i, item] of items.entries()) {
      const place = `${path}/fields/${i}`;
      if (!(item instanceof Map)) throw invalidAt(place, 'a field is an object');
      const field = checkedName(item.get('name'), place);
      if (names.has(field)) throw invalidAt(place, `the record has a field ${JSON.stringify(field)} already`);
      names.add(field);
      const nested = this.#type(required(item, 'type', place), namespaceOf(name), `${place}/type`);
      depth = Math.max(depth, nested.depth);
      fields.push({
        name: field,
        aliases: textsOf(item, 'aliases', place),
        type: nested.type,
        default: item.get('default'),
        props: propsOf(item, RESERVED_OF_FIELD),
      });
    }
    if (this.#holds(record, record, new Set())) throw invalidAt(path, 'the record holds itself, so that it never ends');
    const nested = deeper(record, depth, path);
    this.#named.set(name, nested);
    return nested;
  }

  #enum(json: JsonObject, namespace: string, path: string): Nested {
    const name = fullName(json, namespace, path);
    if (!json.has('symbols')) throw invalidAt(path, 'the enum has no "symbols"');
    const symbols = textsOf(json, 'symbols', path);
    for (const [i, symbol] of symbols.entries()) checkedName(symbol, `${path}/symbols/${i}`);
    if (new Set(symbols).size < symbols.length) throw invalidAt(path, 'the enum has a symbol twice');
    const fallback = json.get('default');
    if (fallback !== undefined && (typeof fallback !== 'string' || !symbols.includes(fallback))) {
      throw invalidAt(path, 'the default of the enum is none of its symbols');
    }
    return this.#define(
      {
        kind: 'enum',
        name,
        aliases: aliasesOf(json, namespaceOf(name), path),
        symbols,
        default: fallback,
        props: propsOf(json, RESERVED_OF_ENUM),
      },
      1,
      path,
    );
  }

  #fixed(json: JsonObject, namespace: string, path: string): Nested {
    const name = fullName(json, namespace, path);
    const size = json.get('size');
    const bytes = size instanceof JsonNumber ? Number(size.text) : Number.NaN;
    if (!(bytes >= 0 && bytes <= 0x7fffffff && Number.isInteger(bytes))) {
      throw invalidAt(path, 'the "size" of the fixed type is no number of bytes');
    }
    const aliases = aliasesOf(json, namespaceOf(name), path);
    return this.#define({ kind: 'fixed', name, aliases, size: bytes, props: propsOf(json, RESERVED) }, 1, path);
  }

  /** Whether each value of `within` holds one of the record; when it is the record itself, none can end. Types before the record cannot name it. */
  #holds(record: AvroRecord, within: AvroRecord, seen: Set<AvroRecord>): boolean {
    seen.add(within);
    const first = this.#order.get(record)!;
    return within.fields.some(
      ({ type }) =>
        type === record ||
        (type.kind === 'record' &&
          !seen.has(type) &&
          this.#order.get(type)! > first &&
          this.#holds(record, type, seen)),
    );
  }

  #define(type: AvroNamed, depth: number, path: string): Nested {
    if (this.#named.has(type.name)) throw invalidAt(path, `Can't redefine: ${type.name}`);
    const nested = { type, depth };
    this.#order.set(type, this.#order.size);
    this.#named.set(type.name, nested);
    return nested;
  }
}

function parseJson(text: string): JsonValue {
  try {
    return parseJsonLossless(text, AVRO_DEPTH_MAX * JSON_LEVELS_A_TYPE);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw invalidSchema(error.message);
    throw error;
  }
}

function deeper<T extends AvroType>(type: T, depth: number, path: string): Nested<T> {
  if (depth + 1 > AVRO_DEPTH_MAX) throw invalidAt(path, `it nests types deeper than ${AVRO_DEPTH_MAX} levels`);
  return { type, depth: depth + 1 };
}

function qualified(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function fullName(json: JsonObject, namespace: string, path: string): string {
  const name = json.get('name');
  if (typeof name !== 'string') throw invalidAt(path, `the ${json.get('type')} has no "name"`);
  const own = json.get('namespace');
  const full = qualified(name, typeof own === 'string' ? own : namespace);
  checkedName(shortName(full), path);
  return full;
}

function checkedName(name: JsonValue | undefined, path: string): string {
  if (typeof name !== 'string') throw invalidAt(path, 'there is no "name"');
  const problem = nameProblem(name);
  if (problem !== null) throw invalidAt(path, problem);
  return name;
}

function aliasesOf(json: JsonObject, namespace: string, path: string): string[] {
  return textsOf(json, 'aliases', path).map((alias) => qualified(alias, namespace));
}

function textsOf(json: JsonObject, member: string, path: string): string[] {
  const list = json.get(member) ?? [];
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
    throw invalidAt(path, `"${member}" is no list of names`);
  }
  return list as string[];
}

function required(json: JsonObject, member: string, path: string): JsonValue {
  const value = json.get(member);
  if (value === undefined) throw invalidAt(path, `there is no "${member}"`);
  return value;
}

function propsOf(json: JsonObject, reserved: ReadonlySet<string>): AvroProps {
  const props = [...json].filter(([name]) => !reserved.has(name));
  return props.length === 0 ? NO_PROPS : new Map(props);
}

function invalidAt(path: string, problem: string): StatementError {
  return invalidSchema(path === '' ? problem : `${problem}, path: ${path}`);
}
