import type { JsonValue } from '../../model/json-text.js';

/** Where a schema stands: its JSON, and the document that references in it start from. */
export interface SchemaPlace {
  readonly value: JsonValue;
  readonly document: SchemaDocument;
}

/** One JSON text with the schemas in it that have a name of their own. */
export interface SchemaDocument {
  readonly schemas: SchemaSource;
  readonly root: JsonValue;
  /** What relative references are resolved against: the document's `$id`, else the name it is imported by, else empty. */
  readonly base: string;
  /** By `$id`, as it is written and resolved, and by `#anchor`. */
  readonly named: ReadonlyMap<string, JsonValue>;
}

/** Knows a document and all it imports. */
export interface SchemaSource {
  /** The rules at a place, references followed; the same node every time. @throws StatementError `invalid-schema` */
  node(place: SchemaPlace): SchemaNode;
}

export function nodeAt(place: SchemaPlace): SchemaNode {
  return place.document.schemas.node(place);
}

/** What Kafka Connect notes about a schema, and what is not a rule for values. */
export interface Annotations {
  readonly title: string | null;
  readonly connectType: string | null;
  /** Position among the properties of the object around it. */
  readonly connectIndex: number | null;
  readonly connectParameters: ReadonlyMap<string, string>;
  readonly hasDefault: boolean;
}

/** Bounds as they were spelled. */
export interface NumberRules {
  readonly minimum: string | null;
  readonly maximum: string | null;
  readonly exclusiveMinimum: string | null;
  readonly exclusiveMaximum: string | null;
  readonly multipleOf: string | null;
}

/** What values must be: the same rule is the same in every draft, from 4 to 2020-12. Other keywords are no rules here. */
export type SchemaRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'never' }
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean' }
  | StringRules
  | { readonly kind: 'number'; readonly integer: boolean; readonly rules: NumberRules }
  | { readonly kind: 'enum'; readonly values: readonly JsonValue[] }
  | ArrayRules
  | ObjectRules
  | CombinedRules
  | { readonly kind: 'not'; readonly of: SchemaPlace }
  /** `if`, and references whose target depends on who refers. */
  | { readonly kind: 'conditional' };

export type SchemaNode = Annotations & SchemaRule;

export interface StringRules {
  readonly kind: 'string';
  readonly minLength: string | null;
  readonly maxLength: string | null;
  readonly pattern: string | null;
}

export interface CombinedRules {
  readonly kind: 'combined';
  /** `one` of the parts must fit, `any` of them, or `all`. */
  readonly criterion: 'one' | 'any' | 'all';
  readonly parts: readonly SchemaPlace[];
}

export interface ArrayRules {
  readonly kind: 'array';
  /** The rule for every item; null when there is none, or `tuple` says it by position. */
  readonly items: SchemaPlace | null;
  readonly tuple: readonly SchemaPlace[] | null;
  /** Items past the tuple: all, none, or those that fit. */
  readonly additional: boolean | SchemaPlace;
  readonly minItems: string | null;
  readonly maxItems: string | null;
  readonly unique: boolean;
}

export interface ObjectRules {
  readonly kind: 'object';
  readonly properties: ReadonlyMap<string, SchemaPlace>;
  readonly patterns: ReadonlyMap<string, SchemaPlace>;
  /** Other properties: all, none, or those that fit. */
  readonly additional: boolean | SchemaPlace;
  readonly required: ReadonlySet<string>;
  readonly minProperties: string | null;
  readonly maxProperties: string | null;
  /** What a property asks of others: names, or a schema for the whole object. */
  readonly dependentNames: ReadonlyMap<string, ReadonlySet<string>>;
  readonly dependentSchemas: ReadonlyMap<string, SchemaPlace>;
}

export type ObjectNode = Annotations & ObjectRules;

/** What the schema's kind is called in messages. */
export function nodeName(node: SchemaNode): string {
  switch (node.kind) {
    case 'number':
      return node.integer ? 'integer' : 'number';
    case 'any':
      return 'anything';
    case 'never':
      return 'nothing';
    case 'combined':
      return node.criterion === 'all' ? 'a combination' : 'a union';
    default:
      return node.kind;
  }
}

/** The schemas within a schema. */
export function childPlaces(node: SchemaNode): readonly SchemaPlace[] {
  switch (node.kind) {
    case 'array':
      return [...schemas(node.items), ...(node.tuple ?? []), ...schemas(node.additional)];
    case 'object':
      return [
        ...node.properties.values(),
        ...node.patterns.values(),
        ...schemas(node.additional),
        ...node.dependentSchemas.values(),
      ];
    case 'combined':
      return node.parts;
    case 'not':
      return [node.of];
    default:
      return [];
  }
}

function schemas(place: SchemaPlace | boolean | null): readonly SchemaPlace[] {
  return place === null || typeof place === 'boolean' ? [] : [place];
}
