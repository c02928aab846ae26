import type { JsonValue } from '../../model/json-text.js';

/**
 * Members of a schema that do not change its bytes: `doc`, `order`, what logical types and Connect note (`logicalType`, `scale`, `connect.name`), and
 * whatever else somebody wrote.
 */
export type AvroProps = ReadonlyMap<string, JsonValue>;

export type AvroPrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

export interface AvroPrimitive {
  readonly kind: AvroPrimitiveKind;
  readonly props: AvroProps;
}

export interface AvroFixed {
  readonly kind: 'fixed';
  /** With its namespace, as names of all types are: `com.acme.Md5`. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** Bytes. */
  readonly size: number;
  readonly props: AvroProps;
}

export interface AvroEnum {
  readonly kind: 'enum';
  readonly name: string;
  readonly aliases: readonly string[];
  readonly symbols: readonly string[];
  /** The symbol that readers take for one they do not know. */
  readonly default: string | undefined;
  readonly props: AvroProps;
}

export interface AvroArray {
  readonly kind: 'array';
  readonly items: AvroType;
  readonly props: AvroProps;
}

export interface AvroMap {
  readonly kind: 'map';
  readonly values: AvroType;
  readonly props: AvroProps;
}

/** None of the branches is a union. */
export interface AvroUnion {
  readonly kind: 'union';
  readonly branches: readonly AvroType[];
}

export interface AvroField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: AvroType;
  /** Undefined when there is none; a default of null is null. */
  readonly default: JsonValue | undefined;
  readonly props: AvroProps;
}

/** A record may hold itself, behind a union, an array or a map: then its fields lead back to the same object. */
export interface AvroRecord {
  readonly kind: 'record';
  readonly name: string;
  readonly aliases: readonly string[];
  readonly fields: readonly AvroField[];
  readonly props: AvroProps;
}

export type AvroNamed = AvroFixed | AvroEnum | AvroRecord;
export type AvroType = AvroPrimitive | AvroArray | AvroMap | AvroUnion | AvroNamed;

export const NO_PROPS: AvroProps = new Map();

export function primitive(kind: AvroPrimitiveKind, props: AvroProps = NO_PROPS): AvroPrimitive {
  return { kind, props };
}

const AVRO_NULL: AvroPrimitive = primitive('null');

/** The union of null and the type, as fields are that may be absent. */
export function optional(type: AvroType): AvroUnion {
  return { kind: 'union', branches: [AVRO_NULL, type] };
}

/** The other branch of a union of null and one type, whatever their order; null for all other types. */
export function optionalOf(type: AvroType): AvroType | null {
  if (type.kind !== 'union' || type.branches.length !== 2) return null;
  const [first, second] = type.branches as [AvroType, AvroType];
  if (first.kind === 'null') return second.kind === 'null' ? null : second;
  return second.kind === 'null' ? first : null;
}

/** Name without namespace. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Namespace of a full name; empty when it has none. */
export function namespaceOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

/** The type as messages name it: the kind, with the name of those that have one. */
export function describeAvro(type: AvroType): string {
  switch (type.kind) {
    case 'record':
    case 'enum':
    case 'fixed':
      return `${type.kind} ${type.name}`;
    case 'union':
      return `union of ${type.branches.map(describeBranch).join(', ')}`;
    default: {
      const logical = type.props.get('logicalType');
      return typeof logical === 'string' ? `${type.kind} (${logical})` : type.kind;
    }
  }
}

function describeBranch(type: AvroType): string {
  return type.kind === 'record' || type.kind === 'enum' || type.kind === 'fixed' ? type.name : type.kind;
}

/** Whether values of the type take no bytes at all. */
export function isEmpty(type: AvroType): boolean {
  switch (type.kind) {
    case 'null':
      return true;
    case 'fixed':
      return type.size === 0;
    case 'record': {
      const known = EMPTY_RECORDS.get(type);
      if (known !== undefined) return known;
      const empty = type.fields.every((field) => isEmpty(field.type));
      EMPTY_RECORDS.set(type, empty);
      return empty;
    }
    default:
      return false;
  }
}

/** What is known of records, which may be mentioned in one another again and again. */
const EMPTY_RECORDS = new WeakMap<AvroRecord, boolean>();

const LETTERS = /^[\p{L}_][\p{L}\p{Nd}_]*$/u;
const INITIAL = /^[\p{L}_]/u;

/** Why Java's library refuses a name (of a field, a symbol, or a type without its namespace), in its words; null when it does not. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'Empty name';
  if (!INITIAL.test(name)) return `Illegal initial character: ${name}`;
  return LETTERS.test(name) ? null : `Illegal character in: ${name}`;
}
