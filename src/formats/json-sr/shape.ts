import { JsonNumber } from '../../model/json-text.js';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  formatType,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  sameType,
  structType,
  TIME,
  TIMESTAMP,
} from '../../model/sql-type.js';
import {
  CONNECT_DATE,
  CONNECT_DECIMAL,
  CONNECT_PRECISION,
  CONNECT_TIME,
  CONNECT_TIMESTAMP,
  DECIMAL_PRECISION_MAX,
  PRECISION_PARAMETER,
} from '../connect-names.js';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import { nodeAt, nodeName, type ObjectNode, type SchemaNode, type SchemaPlace } from './schema-node.js';
import { invalidSchema, SchemaReader } from './schema-reader.js';

/** A schema's values as SQL sees them, with what a writer must know beyond the type. */
export interface Shape {
  readonly type: SqlType;
  /** Whether `null` is a value; a member that may be left out is said by its field. */
  readonly nullable: boolean;
  /** ARRAY: the elements; MAP: the values. */
  readonly item?: Shape;
  /** MAP: written as an array of `{"key":..,"value":..}` instead of an object. */
  readonly entries?: boolean;
  /** STRUCT: as its type has them. */
  readonly fields?: readonly ShapeField[];
}

export interface ShapeField {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
}

/** What SQL has no type for. */
interface NoShape {
  readonly reason: string;
}

/** Places in one schema: those that are mentioned again and again multiply. */
const PLACES_MAX = 30_000;
const DEPTH_MAX = 100;

/**
 * The shape of a schema and the places in it that SQL has no type for, which are left out of the shape.
 * @param fullName one of its definitions instead of the whole, by name or title; null for the whole
 * @throws StatementError `invalid-schema` when it cannot be read, or nothing of it has a type
 */
export function shapeOf(schema: SchemaText, fullName: string | null): { shape: Shape; skipped: readonly string[] } {
  const reader = new SchemaReader(schema);
  let place: SchemaPlace | null = reader.root;
  if (fullName !== null && nodeAt(reader.root).title !== fullName) {
    place = reader.named(fullName);
    if (place === null) throw invalidSchema(`it does not define '${fullName}'`);
  }
  const builder = new ShapeBuilder();
  const shape = builder.at(place, '$');
  if ('reason' in shape) throw invalidSchema(`SQL has no type for it: ${shape.reason}`);
  return { shape, skipped: builder.skipped };
}

class ShapeBuilder {
  readonly skipped: string[] = [];
  /** The schemas around the one that is looked at. */
  readonly #around = new Set<SchemaNode>();
  #places = 0;

  at(place: SchemaPlace, path: string): Shape | NoShape {
    if (++this.#places > PLACES_MAX) throw invalidSchema(`it has more than ${PLACES_MAX} parts`);
    const node = nodeAt(place);
    if (this.#around.has(node)) return { reason: 'it contains itself' };
    if (this.#around.size >= DEPTH_MAX) return { reason: `it is nested deeper than ${DEPTH_MAX} levels` };
    this.#around.add(node);
    try {
      return this.#of(node, path);
    } finally {
      this.#around.delete(node);
    }
  }

  #of(node: SchemaNode, path: string): Shape | NoShape {
    switch (node.kind) {
      case 'boolean':
        return plain(BOOLEAN);
      case 'string':
        return plain(node.connectType === 'bytes' ? BYTES : STRING);
      case 'number':
        return numberShape(node, node.integer);
      case 'enum':
        return enumShape(node.values);
      case 'array':
        return this.#array(node, path);
      case 'object':
        return this.#object(node, path);
      case 'combined':
        return node.criterion === 'all' ? this.#all(node, path) : this.#union(node.parts, path);
      default:
        return { reason: `${nodeName(node)} is not a type` };
    }
  }

  #array(node: SchemaNode & { kind: 'array' }, path: string): Shape | NoShape {
    if (node.items === null) return { reason: 'an array whose items are not of one schema' };
    const item = this.at(node.items, `${path}[]`);
    if ('reason' in item) return item;
    if (node.connectType === 'map' && item.type.kind === 'STRUCT') {
      const [key, value, ...others] = item.fields ?? [];
      if (key?.name === 'key' && key.shape.type.kind === 'STRING' && value?.name === 'value' && others.length === 0) {
        return { type: mapType(STRING, value.shape.type), nullable: false, item: value.shape, entries: true };
      }
    }
    return { type: arrayType(item.type), nullable: false, item };
  }

  #object(node: ObjectNode, path: string): Shape | NoShape {
    const { additional } = node;
    if (node.connectType === 'map' || (node.properties.size === 0 && typeof additional !== 'boolean')) {
      if (typeof additional === 'boolean') return { reason: 'a map whose values are not of one schema' };
      const item = this.at(additional, `${path}.*`);
      return 'reason' in item ? item : { type: mapType(STRING, item.type), nullable: false, item };
    }
    const fields: ShapeField[] = [];
    for (const [name, place] of this.#inOrder(node)) {
      const shape = this.at(place, `${path}.${name}`);
      if ('reason' in shape) this.skipped.push(`${path}.${name}: ${shape.reason}`);
      else fields.push({ name, shape, required: node.required.has(name) });
    }
    if (fields.length === 0 && path !== '$') return { reason: 'an object without properties' };
    const type = structType(fields.map(({ name, shape }) => ({ name, type: shape.type })));
    return { type, nullable: false, fields };
  }

  /** By Connect's index where there is one, else as they stand. */
  #inOrder(node: ObjectNode): readonly (readonly [string, SchemaPlace])[] {
    const placed = [...node.properties].map(
      ([name, place], i) => [nodeAt(place).connectIndex ?? i, name, place] as const,
    );
    return placed.sort((a, b) => a[0] - b[0]).map(([, name, place]) => [name, place] as const);
  }

  /** Null and one schema, or several that are the same in SQL. */
  #union(parts: readonly SchemaPlace[], path: string): Shape | NoShape {
    const shapes: Shape[] = [];
    let nullable = false;
    for (const part of parts) {
      if (nodeAt(part).kind === 'null') {
        nullable = true;
        continue;
      }
      const shape = this.at(part, path);
      if ('reason' in shape) return shape;
      shapes.push(shape);
    }
    return this.#same(shapes, nullable, 'a union of');
  }

  /** What all parts say together: the properties of all objects, or the one type there is. */
  #all(node: SchemaNode & { kind: 'combined' }, path: string): Shape | NoShape {
    const parts = flatParts(node.parts);
    const objects = parts.filter((part) => part.kind === 'object');
    if (objects.length > 0) {
      const unions = parts.filter((part) => part.kind === 'combined');
      if (unions.some((union) => union.parts.some(hasProperties))) {
        this.skipped.push(`${path}: properties that are there in some cases only`);
      }
      return this.#object(merged(objects), path);
    }
    const shapes: Shape[] = [];
    let enums: Shape | NoShape | null = null;
    let nullable = true;
    for (const part of parts) {
      if (part.kind === 'any' || part.kind === 'not' || part.kind === 'conditional') continue;
      const shape = part.kind === 'enum' ? enumShape(part.values) : this.#of(part, path);
      if (part.kind === 'enum') enums = shape;
      else if ('reason' in shape) return shape;
      else shapes.push(shape);
      if (!('reason' in shape) && !shape.nullable) nullable = false;
    }
    if (shapes.length === 0) return enums ?? { reason: 'a combination without a type' };
    return this.#same(integers(shapes), nullable, 'a combination of');
  }

  #same(shapes: readonly Shape[], nullable: boolean, words: string): Shape | NoShape {
    const [first, ...others] = shapes;
    if (first === undefined) return { reason: 'null is its only value' };
    if (others.every(({ type }) => sameType(type, first.type))) {
      return { ...first, nullable: nullable || shapes.some((shape) => shape.nullable) };
    }
    return { reason: `${words} ${shapes.map(({ type }) => formatType(type)).join(' and ')}` };
  }
}

/** The parts of a combination, those of combinations in it among them. */
function flatParts(parts: readonly SchemaPlace[]): readonly SchemaNode[] {
  const flat: SchemaNode[] = [];
  const seen = new Set<SchemaNode>();
  const open = [...parts].reverse();
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const node = nodeAt(place);
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'combined' && node.criterion === 'all') open.push(...[...node.parts].reverse());
    else flat.push(node);
  }
  return flat;
}

function hasProperties(place: SchemaPlace): boolean {
  const node = nodeAt(place);
  return node.kind === 'object' && node.properties.size > 0;
}

function plain(type: SqlType): Shape {
  return { type, nullable: false };
}

/** One object that asks what all of them ask; of a property that several describe, the first counts. */
function merged(objects: readonly ObjectNode[]): ObjectNode {
  if (objects.length === 1) return objects[0]!;
  const properties = new Map<string, SchemaPlace>();
  for (const object of objects) {
    for (const [name, place] of object.properties) if (!properties.has(name)) properties.set(name, place);
  }
  return {
    ...objects[0]!,
    properties,
    required: new Set(objects.flatMap((object) => [...object.required])),
    additional: objects.find((object) => object.additional !== true)?.additional ?? true,
  };
}

/** A number that is also an integer is an integer. */
function integers(shapes: readonly Shape[]): readonly Shape[] {
  const whole = shapes.some(({ type }) => type.kind === 'INTEGER' || type.kind === 'BIGINT');
  return whole ? shapes.filter(({ type }) => type.kind !== 'DOUBLE') : shapes;
}

function enumShape(values: readonly unknown[]): Shape | NoShape {
  const present = values.filter((value) => value !== null);
  const nullable = present.length < values.length;
  if (present.length === 0) return { reason: 'null is its only value' };
  if (present.every((value) => typeof value === 'string')) return { type: STRING, nullable };
  if (present.every((value) => typeof value === 'boolean')) return { type: BOOLEAN, nullable };
  if (present.every((value) => value instanceof JsonNumber)) {
    return { type: present.every(({ text }) => /^-?\d+$/.test(text)) ? BIGINT : DOUBLE, nullable };
  }
  return { reason: 'an enumeration of several types' };
}

function numberShape(node: SchemaNode, integer: boolean): Shape | NoShape {
  switch (node.connectType) {
    case 'int8':
    case 'int16':
      return plain(INTEGER);
    case 'int32':
      if (node.title === CONNECT_DATE) return plain(DATE);
      return plain(node.title === CONNECT_TIME ? TIME : INTEGER);
    case 'int64':
      return plain(node.title === CONNECT_TIMESTAMP ? TIMESTAMP : BIGINT);
    case 'float32':
    case 'float64':
      return plain(DOUBLE);
    case 'bytes':
      if (node.title === CONNECT_DECIMAL) return decimalShape(node.connectParameters);
      break;
  }
  return plain(integer ? BIGINT : DOUBLE);
}

function decimalShape(parameters: ReadonlyMap<string, string>): Shape | NoShape {
  const scale = Number(parameters.get('scale') ?? Number.NaN);
  const precision = Number(parameters.get(PRECISION_PARAMETER) ?? CONNECT_PRECISION);
  const isWhole = Number.isInteger(scale) && Number.isInteger(precision);
  const fits = isWhole && scale >= 0 && scale <= precision && precision >= 1 && precision <= DECIMAL_PRECISION_MAX;
  return fits
    ? plain(decimalType(precision, scale))
    : { reason: 'a decimal without a precision and a scale that SQL has' };
}
