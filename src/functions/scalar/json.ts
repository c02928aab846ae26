import { formatDecimal, parseDecimal } from '../../model/decimal.js';
import {
  JsonNumber,
  type JsonObject,
  JsonSyntaxError,
  type JsonValue,
  parseLeadingJson,
} from '../../model/json-text.js';
import type { SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { CATEGORY, defineScalar, type ScalarDefinition } from '../define.js';
import { parseJsonPath } from './json-path.js';
import { jsonQuote, sqlJsonWriter } from './json-writer.js';

const category = CATEGORY.json;

/** Blank text holds no value at all. */
const MISSING = undefined;

function isBlank(text: string): boolean {
  return /^[\t\n\r ]*$/.test(text);
}

/**
 * The first JSON value of a text; what follows it is not looked at.
 * @throws Error `Invalid JSON format:...`
 */
function readJson(text: string): JsonValue | typeof MISSING {
  if (isBlank(text)) return MISSING;
  try {
    return parseLeadingJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new Error(`Invalid JSON format:${text}`);
    throw error;
  }
}

/** As {@link readJson}, and malformed text holds no value either. */
function tryReadJson(text: string): JsonValue | typeof MISSING {
  try {
    return isBlank(text) ? MISSING : parseLeadingJson(text);
  } catch {
    return MISSING;
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

/** A number without exponent, no digit lost. */
function plainNumber(number: JsonNumber): string {
  const decimal = parseDecimal(number.text);
  if (decimal === null) throw new Error('a JSON number has too many digits');
  return formatDecimal(decimal.unscaled, decimal.scale);
}

function writeCompact(value: JsonValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return jsonQuote(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof JsonNumber) return plainNumber(value);
  if (Array.isArray(value)) return `[${value.map(writeCompact).join(',')}]`;
  return `{${Array.from(value, ([name, member]) => `${jsonQuote(name)}:${writeCompact(member)}`).join(',')}}`;
}

/** Text as it is, everything else as JSON text. */
function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : writeCompact(value);
}

function stepInto(value: JsonValue, step: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^\+?\d+$/.test(step) ? value[Number(step)] : undefined;
  return isObject(value) ? value.get(step) : undefined;
}

function extractField(json: string, path: string): string | null {
  let value: JsonValue | undefined = readJson(json);
  for (const step of parseJsonPath(path)) {
    if (value === undefined) return null;
    value = stepInto(value, step);
  }
  return value === undefined ? null : textOf(value);
}

const EXTRACTJSONFIELD = defineScalar({
  name: 'EXTRACTJSONFIELD',
  displayName: 'extractjsonfield',
  category,
  description:
    'The value at a path in JSON text: texts without quotes, everything else as JSON. A path that leads nowhere gives null.',
  examples: [{ sql: `EXTRACTJSONFIELD('{"a": {"b": [1, 2]}}', '$.a.b[1]')`, result: '"2"' }],
  variants: [{ signature: '(input STRING, path STRING) -> STRING', nulls: 'propagate', evaluate: extractField }],
});

const IS_JSON_STRING = defineScalar({
  name: 'IS_JSON_STRING',
  displayName: 'is_json_string',
  category,
  description: 'Whether a text begins with a JSON value; false for null and for empty text.',
  examples: [{ sql: `IS_JSON_STRING('[1, 2')`, result: 'false' }],
  variants: [
    {
      signature: '(input STRING) -> BOOLEAN',
      nulls: 'pass',
      evaluate: (text: string | null) => text !== null && tryReadJson(text) !== MISSING,
    },
  ],
});

/** Whether a JSON element is the value; types must agree, so that 1 is no 1.0. */
function matcherOf(type: SqlType): (element: JsonValue, value: SqlValue) => boolean {
  switch (type.kind) {
    case 'STRING':
    case 'BOOLEAN':
      return (element, value) => element === value;
    case 'INTEGER':
    case 'BIGINT':
      return (element, value) =>
        element instanceof JsonNumber &&
        /^-?\d+$/.test(element.text) &&
        BigInt(element.text) === BigInt(value as number | bigint);
    case 'DOUBLE':
      return (element, value) =>
        element instanceof JsonNumber && /[.eE]/.test(element.text) && Number(element.text) === value;
    default:
      return () => false;
  }
}

const JSON_ARRAY_CONTAINS = defineScalar({
  name: 'JSON_ARRAY_CONTAINS',
  displayName: 'json_array_contains',
  category,
  description:
    'Whether a JSON array holds a value of the same type: whole numbers match INT and BIGINT, others DOUBLE. False when the text is no JSON array.',
  examples: [{ sql: "JSON_ARRAY_CONTAINS('[1, 2, 3]', 3)", result: 'true' }],
  variants: [
    {
      signature: '(jsonArray STRING, val T) -> BOOLEAN',
      nulls: 'pass',
      bind: (types) => {
        const matches = matcherOf(types[1]!);
        return (json: string | null, value: SqlValue) => {
          if (json === null) throw new Error('JSON_ARRAY_CONTAINS needs a JSON text, but it is null');
          const array = tryReadJson(json);
          if (!Array.isArray(array)) return false;
          return array.some((element) => (value === null ? element === null : matches(element, value)));
        };
      },
    },
  ],
});

const JSON_ARRAY_LENGTH = defineScalar({
  name: 'JSON_ARRAY_LENGTH',
  displayName: 'json_array_length',
  category,
  description: 'The number of elements of a JSON array; null for anything else.',
  examples: [{ sql: "JSON_ARRAY_LENGTH('[1, 2, 3]')", result: '3' }],
  variants: [
    {
      signature: '(jsonArray STRING) -> INT',
      nulls: 'propagate',
      evaluate: (json: string) => {
        const array = readJson(json);
        return Array.isArray(array) ? array.length : null;
      },
    },
  ],
});

function concatJson(texts: readonly (string | null)[]): string | null {
  const values: JsonValue[] = [];
  for (const text of texts) {
    const value = text === null ? MISSING : readJson(text);
    if (value === MISSING) return null;
    values.push(value);
  }
  if (values.length === 0) throw new Error('JSON_CONCAT needs at least one JSON text');
  if (values.every(isObject)) return writeCompact(new Map(values.flatMap((object) => [...object])));
  if (values.length === 1) return writeCompact(values[0]!);
  return writeCompact(values.flatMap((value) => (Array.isArray(value) ? value : [value])));
}

const JSON_CONCAT = defineScalar({
  name: 'JSON_CONCAT',
  displayName: 'json_concat',
  category,
  description:
    'Joins JSON values: objects into one object in which the last of equal names wins, everything else into one array. Null when any text is null or empty.',
  examples: [{ sql: `JSON_CONCAT('{"a": 1}', '{"b": 2}')`, result: `"{\\"a\\":1,\\"b\\":2}"` }],
  variants: [
    {
      signature: '(jsonStrings STRING...) -> STRING',
      nulls: 'pass',
      evaluate: (...texts: (string | null)[]) => concatJson(texts),
    },
  ],
});

const JSON_ITEMS = defineScalar({
  name: 'JSON_ITEMS',
  displayName: 'json_items',
  category,
  description: 'The elements of a JSON array, each as JSON text.',
  examples: [{ sql: `JSON_ITEMS('[1, "a"]')`, result: `["1","\\"a\\""]` }],
  variants: [
    {
      signature: '(jsonItems STRING) -> ARRAY<STRING>',
      nulls: 'propagate',
      evaluate: (json: string) => {
        const array = readJson(json);
        if (!Array.isArray(array)) throw new Error('JSON_ITEMS needs a JSON array');
        return array.map(writeCompact);
      },
    },
  ],
});

const JSON_KEYS = defineScalar({
  name: 'JSON_KEYS',
  displayName: 'json_keys',
  category,
  description: 'The names of a JSON object in their order; null for anything else.',
  examples: [{ sql: `JSON_KEYS('{"a": 1, "b": 2}')`, result: '["a","b"]' }],
  variants: [
    {
      signature: '(jsonObj STRING) -> ARRAY<STRING>',
      nulls: 'propagate',
      evaluate: (json: string) => {
        const object = readJson(json);
        return isObject(object) ? Array.from(object.keys()) : null;
      },
    },
  ],
});

const JSON_RECORDS = defineScalar({
  name: 'JSON_RECORDS',
  displayName: 'json_records',
  category,
  description:
    'The members of a JSON object as a map: texts without quotes, everything else as JSON text; null for anything else.',
  examples: [{ sql: `JSON_RECORDS('{"a": "x", "b": 2}')`, result: '{"a":"x","b":"2"}' }],
  variants: [
    {
      signature: '(jsonObj STRING) -> MAP<STRING, STRING>',
      nulls: 'propagate',
      evaluate: (json: string) => {
        const object = readJson(json);
        if (!isObject(object)) return null;
        return new Map<SqlValue, SqlValue>(Array.from(object, ([name, value]) => [name, textOf(value)]));
      },
    },
  ],
});

const TO_JSON_STRING = defineScalar({
  name: 'TO_JSON_STRING',
  displayName: 'to_json_string',
  category,
  description:
    'Any value as JSON text. The names of structs and the keys of maps are sorted; times are quoted ISO text, bytes base64.',
  examples: [{ sql: "TO_JSON_STRING(ARRAY['a', NULL])", result: `"[\\"a\\",null]"` }],
  variants: [{ signature: '(val T) -> STRING', nulls: 'pass', bind: (types) => sqlJsonWriter(types[0]!) }],
});

export const jsonFunctions: readonly ScalarDefinition[] = [
  EXTRACTJSONFIELD,
  IS_JSON_STRING,
  JSON_ARRAY_CONTAINS,
  JSON_ARRAY_LENGTH,
  JSON_CONCAT,
  JSON_ITEMS,
  JSON_KEYS,
  JSON_RECORDS,
  TO_JSON_STRING,
];
