import { compareAdditional, compareBound } from './compare-rules.js';
import type { Changes } from './schema-changes.js';
import { nodeAt, type ObjectNode, type SchemaPlace } from './schema-node.js';

/** Reports what the reader's object asks for and the writer's did not. Confluent's rules: which properties may come or go depends on what others may be there. */
export function compareObjects(changes: Changes, path: string, writer: ObjectNode, reader: ObjectNode): void {
  for (const name of new Set([...writer.properties.keys(), ...reader.properties.keys()])) {
    compareProperty(changes, `${path}/properties/${name}`, name, writer, reader);
  }
  compareDependencies(changes, path, writer, reader);
  compareAdditional(changes, path, 'PROPERTIES', writer.additional, reader.additional);
  compareBound(changes, path, 'most', 'MAX_PROPERTIES', writer.maxProperties, reader.maxProperties);
  compareBound(changes, path, 'least', 'MIN_PROPERTIES', writer.minProperties, reader.minProperties);
}

function compareProperty(changes: Changes, path: string, name: string, writer: ObjectNode, reader: ObjectNode): void {
  const before = writer.properties.get(name);
  const now = reader.properties.get(name);
  if (now === undefined) {
    if (before !== undefined) removed(changes, path, name, before, reader);
    return;
  }
  const withDefault = nodeAt(now).hasDefault;
  if (before === undefined) {
    added(changes, path, name, writer, now);
    if (!reader.required.has(name) || withDefault) return;
    if (!isOpen(writer)) {
      changes.report(path, 'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL', 'a required property is new');
    } else if (nodeAt(now).kind === 'any' && !writer.required.has(name)) {
      changes.report(path, 'REQUIRED_ATTRIBUTE_ADDED', 'the property must be there now');
    }
    return;
  }
  if (reader.required.has(name) && !writer.required.has(name) && !withDefault) {
    changes.report(path, 'REQUIRED_ATTRIBUTE_ADDED', 'the property must be there now');
  }
  changes.within(path, before, now);
}

function removed(changes: Changes, path: string, name: string, before: SchemaPlace, reader: ObjectNode): void {
  if (isOpen(reader)) return;
  const rest = ruleForOthers(reader, name);
  if (rest === null) {
    if (nodeAt(before).kind === 'never') return;
    changes.report(path, 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL', 'the property must not be there now');
  } else if (!changes.accepts(before, rest)) {
    const change = 'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL';
    changes.report(path, change, 'the property is gone, and does not fit what others must be');
  }
}

function added(changes: Changes, path: string, name: string, writer: ObjectNode, now: SchemaPlace): void {
  if (isOpen(writer)) {
    if (nodeAt(now).kind === 'any') return;
    const words = 'the property is new, and anything may have been written in its place';
    changes.report(path, 'PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL', words);
    return;
  }
  const rest = ruleForOthers(writer, name);
  if (rest === null || changes.accepts(rest, now)) return;
  const change = 'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL';
  changes.report(path, change, 'the property is new, and something else may have been written in its place');
}

/** Whether any property may be there beside the named ones. */
function isOpen(object: ObjectNode): boolean {
  return object.patterns.size === 0 && object.additional === true;
}

/** What a property must be that is not named; null when there is no rule, or it must not be there. */
function ruleForOthers(object: ObjectNode, name: string): SchemaPlace | null {
  for (const [pattern, place] of object.patterns) if (matches(pattern, name)) return place;
  return typeof object.additional === 'boolean' ? null : object.additional;
}

/** Patterns are compared only where they are plain texts, perhaps with anchors: an expression of somebody else is never run. */
function matches(pattern: string, name: string): boolean {
  const plain = /^(\^?)([\w -]*)(\.\*)?(\$?)$/.exec(pattern);
  if (plain === null) return false;
  const [, start, text = '', any, end] = plain;
  if (start !== '' && end !== '' && any === undefined) return name === text;
  if (start !== '') return name.startsWith(text);
  return end !== '' && any === undefined ? name.endsWith(text) : name.includes(text);
}

function compareDependencies(changes: Changes, path: string, writer: ObjectNode, reader: ObjectNode): void {
  for (const [name, now] of reader.dependentNames) {
    const before = writer.dependentNames.get(name);
    if (before !== undefined && [...now].every((other) => before.has(other))) continue;
    const extended = before === undefined || [...before].every((other) => now.has(other));
    const change = before === undefined ? 'ADDED' : extended ? 'EXTENDED' : 'CHANGED';
    changes.report(`${path}/dependencies/${name}`, `DEPENDENCY_ARRAY_${change}`, 'it asks for other properties now');
  }
  for (const [name, now] of reader.dependentSchemas) {
    const before = writer.dependentSchemas.get(name);
    const place = `${path}/dependencies/${name}`;
    if (before !== undefined) changes.within(place, before, now);
    else changes.report(place, 'DEPENDENCY_SCHEMA_ADDED', 'it asks for more of the object now');
  }
}
