import { StatementError } from '../../model/errors.js';
import {
  JsonNumber,
  type JsonObject,
  JsonSyntaxError,
  type JsonValue,
  parseJsonLossless,
} from '../../model/json-text.js';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import type { Annotations, SchemaDocument, SchemaNode, SchemaPlace, SchemaRule, SchemaSource } from './schema-node.js';

/** UTF-16 code units of a schema and all it imports. */
const TEXT_MAX = 2_000_000;
const DEPTH_MAX = 200;
/** References that lead to references. */
const HOPS_MAX = 100;

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
const PLAIN: Annotations = {
  title: null,
  connectType: null,
  connectIndex: null,
  connectParameters: NO_PARAMETERS,
  hasDefault: false,
};

/** The keywords that tell the kind of a value when `type` does not. */
const OBJECT_WORDS = [
  'properties',
  'required',
  'additionalProperties',
  'minProperties',
  'maxProperties',
  'patternProperties',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
];
const ARRAY_WORDS = ['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems', 'contains'];
const STRING_WORDS = ['minLength', 'maxLength', 'pattern'];
const NUMBER_WORDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];

/** Keywords that stand beside a reference without adding a rule. */
const NOTES = ['title', 'description', 'default', 'examples', '$comment', 'deprecated', 'readOnly', 'writeOnly'];

export function invalidSchema(problem: string): StatementError {
  return new StatementError(`Invalid JSON schema: ${problem}`, { code: 'invalid-schema' });
}

/**
 * A schema with everything it imports, read piece by piece: drafts 4, 6, 7, 2019-09 and 2020-12.
 * A place gives the same node every time, so that recursion can be seen.
 */
export class SchemaReader implements SchemaSource {
  readonly root: SchemaPlace;
  readonly #imports = new Map<string, SchemaDocument>();
  readonly #nodes = new Map<JsonValue, SchemaNode>();
  /** Whether rules beside a reference count, as they do from 2019-09 on. */
  readonly #refHasSiblings: boolean;

  /** @throws StatementError `invalid-schema` when a text is not JSON or not a schema */
  constructor(schema: SchemaText) {
    const length = schema.imports.reduce((sum, { text }) => sum + text.length, schema.text.length);
    if (length > TEXT_MAX) throw invalidSchema(`it has more than ${TEXT_MAX} characters`);
    for (const { name, text } of schema.imports) this.#imports.set(name, documentOf(this, text, name));
    const document = documentOf(this, schema.text, '');
    this.root = { value: document.root, document };
    this.#refHasSiblings = /draft\/20\d\d-\d\d\//.test(stringAt(document.root, '$schema') ?? '');
  }

  node(place: SchemaPlace): SchemaNode {
    const known = this.#nodes.get(place.value);
    if (known !== undefined) return known;
    const target = this.#target(place);
    const node = target.value === place.value ? this.#read(target) : this.node(target);
    if (place.value instanceof Map) this.#nodes.set(place.value, node);
    return node;
  }

  /** The definition of that name, or the one with that title; null when there is none. */
  named(name: string): SchemaPlace | null {
    const { value, document } = this.root;
    if (!(value instanceof Map)) return null;
    for (const word of ['$defs', 'definitions']) {
      const definitions = value.get(word);
      if (!(definitions instanceof Map)) continue;
      for (const [key, definition] of definitions) {
        if (key === name || stringAt(definition, 'title') === name) return { value: definition, document };
      }
    }
    return null;
  }

  /** Where the references of a place lead in the end; rules beside them make it a combination. */
  #target(place: SchemaPlace): SchemaPlace {
    let at = place;
    for (let hops = 0; hops < HOPS_MAX; hops++) {
      const ref = stringAt(at.value, '$ref');
      if (ref === null) return at;
      if (this.#refHasSiblings && hasRules(at.value as JsonObject)) return at;
      at = this.#resolve(ref, at.document);
    }
    throw invalidSchema('its references lead in a circle');
  }

  #resolve(ref: string, document: SchemaDocument): SchemaPlace {
    const hash = ref.indexOf('#');
    const path = hash < 0 ? ref : ref.slice(0, hash);
    const fragment = hash < 0 ? '' : ref.slice(hash + 1);
    const whole = this.#imports.get(ref);
    if (whole !== undefined) return { value: whole.root, document: whole };
    const start = path === '' ? { value: document.root, document } : this.#documentAt(path, document);
    const found = start === null ? undefined : within(start, fragment);
    if (found === undefined) {
      throw invalidSchema(`it refers to '${ref}', which is neither in it nor among its references`);
    }
    return { value: found, document: start!.document };
  }

  #documentAt(path: string, document: SchemaDocument): SchemaPlace | null {
    const resolved = resolveUri(path, document.base);
    for (const name of [path, resolved]) {
      if (name === document.base) return { value: document.root, document };
      const inside = document.named.get(name);
      if (inside !== undefined) return { value: inside, document };
      const imported = this.#imports.get(name);
      if (imported !== undefined) return { value: imported.root, document: imported };
    }
    for (const imported of this.#imports.values()) {
      if (imported.base === resolved || imported.base === path) return { value: imported.root, document: imported };
    }
    return null;
  }

  #read({ value, document }: SchemaPlace): SchemaNode {
    if (value === true) return { ...PLAIN, kind: 'any' };
    if (value === false) return { ...PLAIN, kind: 'never' };
    if (!(value instanceof Map)) throw invalidSchema('a schema is an object, true or false');
    const schema = value;
    const place = (of: JsonValue): SchemaPlace => ({ value: of, document });
    const notes = annotations(schema);
    const parts: SchemaNode[] = [];
    const add = (rule: SchemaRule): number => parts.push({ ...notes, ...rule });

    const ref = stringAt(schema, '$ref');
    if (ref !== null) add({ kind: 'combined', criterion: 'all', parts: [this.#resolve(ref, document)] });
    if (schema.has('$dynamicRef') || schema.has('$recursiveRef') || schema.has('if')) add({ kind: 'conditional' });
    for (const [word, criterion] of COMBINATIONS) {
      const list = schema.get(word);
      if (list === undefined) continue;
      if (!Array.isArray(list) || list.length === 0) throw invalidSchema(`'${word}' is a list of schemas`);
      add({ kind: 'combined', criterion, parts: list.map(place) });
    }
    if (schema.has('not')) add({ kind: 'not', of: place(schema.get('not')!) });
    if (schema.has('const')) add({ kind: 'enum', values: [schema.get('const')!] });
    const values = schema.get('enum');
    if (values !== undefined) {
      if (!Array.isArray(values)) throw invalidSchema("'enum' is a list of values");
      add({ kind: 'enum', values });
    }
    const types = typesOf(schema);
    if (types.length === 1) add(typed(types[0]!, schema, place));
    // With several types the rules of each hold for the values of that type.
    else if (types.length > 1)
      add({ kind: 'combined', criterion: 'any', parts: types.map((t) => place(only(schema, t))) });

    const [first, ...more] = parts;
    if (first === undefined) return { ...notes, kind: 'any' };
    if (more.length === 0) return first;
    return {
      ...notes,
      kind: 'combined',
      criterion: 'all',
      parts: parts.map((part) => this.#anonymous(part, document)),
    };
  }

  /** A place for rules that have no JSON of their own. */
  #anonymous(node: SchemaNode, document: SchemaDocument): SchemaPlace {
    const value: JsonObject = new Map();
    this.#nodes.set(value, node);
    return { value, document };
  }
}

const COMBINATIONS = [
  ['allOf', 'all'],
  ['anyOf', 'any'],
  ['oneOf', 'one'],
] as const;

/** The schema of a source's text. @param name what others import it by; empty for the one they are imported into */
function documentOf(schemas: SchemaSource, text: string, name: string): SchemaDocument {
  let root: JsonValue;
  try {
    root = parseJsonLossless(text, DEPTH_MAX);
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      throw invalidSchema(name === '' ? error.message : `${error.message} (in the reference '${name}')`);
    }
    throw error;
  }
  const base = stringAt(root, '$id') ?? stringAt(root, 'id') ?? name;
  const named = new Map<string, JsonValue>();
  collectNames(root, base, named);
  return { schemas, root, base, named };
}

function collectNames(value: JsonValue, base: string, named: Map<string, JsonValue>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectNames(item, base, named);
    return;
  }
  if (!(value instanceof Map)) return;
  for (const word of ['$id', 'id']) {
    const id = stringAt(value, word);
    if (id === null) continue;
    named.set(id, value);
    named.set(resolveUri(id, base), value);
  }
  const anchor = stringAt(value, '$anchor');
  if (anchor !== null) named.set(`#${anchor}`, value);
  for (const member of value.values()) collectNames(member, base, named);
}

function resolveUri(path: string, base: string): string {
  if (base === '' || !URL.canParse(base)) return path;
  return URL.canParse(path, base) ? new URL(path, base).href : path;
}

/** What a fragment names: everything, a JSON pointer's target, or an anchor; undefined when there is no such place. */
function within(start: SchemaPlace, fragment: string): JsonValue | undefined {
  if (fragment === '') return start.value;
  if (!fragment.startsWith('/')) return start.document.named.get(`#${fragment}`);
  let at: JsonValue | undefined = start.value;
  for (const step of fragment.slice(1).split('/')) {
    const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (at instanceof Map) at = at.get(key);
    else if (Array.isArray(at) && /^\d+$/.test(key)) at = at[Number(key)];
    else return undefined;
  }
  return at;
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function hasRules(schema: JsonObject): boolean {
  for (const word of schema.keys()) {
    if (word !== '$ref' && !NOTES.includes(word) && !word.startsWith('connect.')) return true;
  }
  return false;
}

function annotations(schema: JsonObject): Annotations {
  const index = schema.get('connect.index');
  const parameters = schema.get('connect.parameters');
  return {
    title: stringAt(schema, 'title'),
    connectType: stringAt(schema, 'connect.type'),
    connectIndex: index instanceof JsonNumber ? Number(index.text) : null,
    connectParameters:
      parameters instanceof Map
        ? new Map([...parameters].filter((p): p is [string, string] => typeof p[1] === 'string'))
        : NO_PARAMETERS,
    hasDefault: schema.has('default'),
  };
}

/** The types a value may have; none when anything goes. */
function typesOf(schema: JsonObject): readonly string[] {
  const type = schema.get('type');
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) {
    if (type.length === 0 || !type.every((t) => typeof t === 'string')) {
      throw invalidSchema("'type' is a name or a list of names");
    }
    return type as string[];
  }
  if (type !== undefined) throw invalidSchema("'type' is a name or a list of names");
  const has = (words: readonly string[]): boolean => words.some((word) => schema.has(word));
  if (has(OBJECT_WORDS)) return ['object'];
  if (has(ARRAY_WORDS)) return ['array'];
  if (has(STRING_WORDS)) return ['string'];
  return has(NUMBER_WORDS) ? ['number'] : [];
}

/** The same rules for values of one of the types alone, without those that hold whatever the type. */
function only(schema: JsonObject, type: string): JsonObject {
  const copy: JsonObject = new Map(schema);
  for (const word of [
    '$ref',
    '$dynamicRef',
    '$recursiveRef',
    'if',
    'allOf',
    'anyOf',
    'oneOf',
    'not',
    'const',
    'enum',
  ]) {
    copy.delete(word);
  }
  return copy.set('type', type);
}

function typed(type: string, schema: JsonObject, place: (value: JsonValue) => SchemaPlace): SchemaRule {
  switch (type) {
    case 'null':
    case 'boolean':
      return { kind: type };
    case 'string':
      return {
        kind: 'string',
        minLength: numberAt(schema, 'minLength'),
        maxLength: numberAt(schema, 'maxLength'),
        pattern: stringAt(schema, 'pattern'),
      };
    case 'integer':
    case 'number':
      return {
        kind: 'number',
        integer: type === 'integer',
        rules: {
          ...bound(schema, 'minimum', 'exclusiveMinimum'),
          ...bound(schema, 'maximum', 'exclusiveMaximum'),
          multipleOf: numberAt(schema, 'multipleOf'),
        },
      };
    case 'array':
      return arrayRules(schema, place);
    case 'object':
      return objectRules(schema, place);
    default:
      throw invalidSchema(`'${type}' is not a type of JSON`);
  }
}

/** Draft 4 says with `true` that the bound itself is out, later drafts give it as a bound of its own. */
function bound<M extends string, X extends string>(
  schema: JsonObject,
  word: M,
  exclusive: X,
): { [K in M | X]: string | null } {
  const value = numberAt(schema, word);
  const bounds = schema.get(exclusive) === true ? [null, value] : [value, numberAt(schema, exclusive)];
  return { [word]: bounds[0], [exclusive]: bounds[1] } as { [K in M | X]: string | null };
}

function arrayRules(schema: JsonObject, place: (value: JsonValue) => SchemaPlace): SchemaRule {
  const items = schema.get('items');
  const prefix = schema.get('prefixItems');
  const tuple = Array.isArray(prefix) ? prefix : Array.isArray(items) ? items : null;
  const rest = Array.isArray(prefix) ? items : schema.get('additionalItems');
  return {
    kind: 'array',
    items: tuple === null && items !== undefined ? place(items) : null,
    tuple: tuple === null ? null : tuple.map(place),
    additional: tuple === null || rest === undefined ? true : typeof rest === 'boolean' ? rest : place(rest),
    minItems: numberAt(schema, 'minItems'),
    maxItems: numberAt(schema, 'maxItems'),
    unique: schema.get('uniqueItems') === true,
  };
}

function objectRules(schema: JsonObject, place: (value: JsonValue) => SchemaPlace): SchemaRule {
  const additional = schema.get('additionalProperties');
  const required = schema.get('required');
  const names = new Map<string, ReadonlySet<string>>();
  const schemas = new Map<string, SchemaPlace>();
  for (const word of ['dependencies', 'dependentRequired', 'dependentSchemas']) {
    for (const [name, rule] of members(schema, word)) {
      if (Array.isArray(rule)) names.set(name, texts(rule));
      else schemas.set(name, place(rule));
    }
  }
  return {
    kind: 'object',
    properties: places(schema, 'properties', place),
    patterns: places(schema, 'patternProperties', place),
    additional: additional === undefined ? true : typeof additional === 'boolean' ? additional : place(additional),
    required: Array.isArray(required) ? texts(required) : new Set(),
    minProperties: numberAt(schema, 'minProperties'),
    maxProperties: numberAt(schema, 'maxProperties'),
    dependentNames: names,
    dependentSchemas: schemas,
  };
}

function places(
  schema: JsonObject,
  word: string,
  place: (value: JsonValue) => SchemaPlace,
): ReadonlyMap<string, SchemaPlace> {
  return new Map([...members(schema, word)].map(([name, value]) => [name, place(value)]));
}

function members(schema: JsonObject, word: string): JsonObject {
  const value = schema.get(word);
  if (value === undefined) return new Map();
  if (!(value instanceof Map)) throw invalidSchema(`'${word}' is an object`);
  return value;
}

function texts(values: readonly JsonValue[]): ReadonlySet<string> {
  return new Set(values.filter((value) => typeof value === 'string'));
}

function stringAt(value: JsonValue, word: string): string | null {
  const member = value instanceof Map ? value.get(word) : undefined;
  return typeof member === 'string' ? member : null;
}

function numberAt(schema: JsonObject, word: string): string | null {
  const value = schema.get(word);
  return value instanceof JsonNumber ? value.text : null;
}
