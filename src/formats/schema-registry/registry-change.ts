import type { SchemaType } from './schema-registry.js';

/** How a new schema of a subject must get on with those before it. `_TRANSITIVE` means all of them, otherwise the latest. */
export const COMPATIBILITY_LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;

export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number];

/**
 * What may be done to a subject. `READONLY_OVERRIDE` is READONLY for all subjects whatever their own modes say; `IMPORT` takes schemas
 * with ids and versions that another registry gave them.
 */
export const REGISTRY_MODES = ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT'] as const;

export type RegistryMode = (typeof REGISTRY_MODES)[number];

export const SCHEMA_TYPES: readonly SchemaType[] = ['JSON', 'PROTOBUF', 'AVRO'];

/** Names a version of a subject as one that a schema imports. */
export interface SchemaReference {
  /** How the schema spells the import: a type's full name, a file, an URL. */
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/**
 * One step in the life of a registry, as its log keeps it. Plain JSON. A schema's text is repeated in each subject it becomes a version
 * of, so that every change can be understood by itself.
 */
export type RegistryChange =
  | {
      readonly kind: 'register';
      readonly subject: string;
      readonly version: number;
      readonly id: number;
      readonly type: SchemaType;
      readonly text: string;
      readonly references: readonly SchemaReference[];
      /** Equal for schemas that mean the same; made by `schemaKey`. */
      readonly key: string;
    }
  | {
      readonly kind: 'delete-version';
      readonly subject: string;
      readonly version: number;
      /** Deleted softly before. */
      readonly permanent: boolean;
    }
  | { readonly kind: 'delete-subject'; readonly subject: string; readonly permanent: boolean }
  /** Subject null: the whole registry. Level or mode null: as if it had never been set. */
  | { readonly kind: 'set-compatibility'; readonly subject: string | null; readonly level: CompatibilityLevel | null }
  | { readonly kind: 'set-mode'; readonly subject: string | null; readonly mode: RegistryMode | null };

/** Whether something read from a log is a change that this release understands. */
export function isRegistryChange(value: unknown): value is RegistryChange {
  if (!isObject(value)) return false;
  const { subject } = value;
  switch (value['kind']) {
    case 'register':
      return (
        typeof subject === 'string' &&
        isPositive(value['version']) &&
        isPositive(value['id']) &&
        isSchemaType(value['type']) &&
        typeof value['text'] === 'string' &&
        typeof value['key'] === 'string' &&
        Array.isArray(value['references']) &&
        value['references'].every(isReference)
      );
    case 'delete-version':
      return typeof subject === 'string' && isPositive(value['version']) && typeof value['permanent'] === 'boolean';
    case 'delete-subject':
      return typeof subject === 'string' && typeof value['permanent'] === 'boolean';
    case 'set-compatibility':
      return isSubjectOrNull(subject) && isOneOf(value['level'], COMPATIBILITY_LEVELS);
    case 'set-mode':
      return isSubjectOrNull(subject) && isOneOf(value['mode'], REGISTRY_MODES);
    default:
      return false;
  }
}

export function isSchemaType(value: unknown): value is SchemaType {
  return SCHEMA_TYPES.some((type) => type === value);
}

/** Versions and ids are positive and fit into 31 bits. */
export function isPositive(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= NUMBER_MAX;
}

export const NUMBER_MAX = 2_147_483_647;

function isReference(value: unknown): value is SchemaReference {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['subject'] === 'string' &&
    isPositive(value['version'])
  );
}

function isOneOf(value: unknown, words: readonly string[]): boolean {
  return value === null || words.some((word) => word === value);
}

function isSubjectOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
