import { type JsonObject, type JsonValue, writeJson } from '../../model/json-text.js';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import { childPlaces, nodeAt, type SchemaPlace } from './schema-node.js';
import { SchemaReader } from './schema-reader.js';

/**
 * The schema as compact JSON with the keywords in order. Properties keep theirs, which is the order of columns when nothing else says it.
 * @throws StatementError `invalid-schema` when a part of it cannot be read
 */
export function canonicalSchema(schema: SchemaText): string {
  const reader = new SchemaReader(schema);
  readAll(reader);
  return writeJson(ordered(reader.root.value));
}

function readAll(reader: SchemaReader): void {
  const seen = new Set<JsonValue>();
  const open: SchemaPlace[] = [reader.root];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place.value)) continue;
    seen.add(place.value);
    open.push(...childPlaces(nodeAt(place)));
  }
}

function ordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(ordered);
  if (!(value instanceof Map)) return value;
  const members = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(
    members.map(([word, member]): [string, JsonValue] => [
      word,
      word === 'properties' && member instanceof Map ? inOrder(member) : ordered(member),
    ]),
  );
}

function inOrder(properties: JsonObject): JsonObject {
  return new Map([...properties].map(([name, schema]) => [name, ordered(schema)]));
}
