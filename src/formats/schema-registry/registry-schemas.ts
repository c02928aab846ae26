import { createHash } from 'node:crypto';
import { StatementError } from '../../model/errors.js';
import type { SchemaFormat } from '../format.js';
import type { CompatibilityLevel, SchemaReference } from './registry-change.js';
import { refusals } from './registry-refusal.js';
import type { RegistryState, StoredSchema } from './registry-state.js';
import type { SchemaImport, SchemaText, SchemaType } from './schema-registry.js';

/** What a registry asks of a format. */
export type RegistryFormat = Pick<SchemaFormat, 'canonical' | 'incompatibilities'>;

/** Other spellings of schemas than the text that is kept. */
export interface SchemaSpellings {
  /**
   * The text of a schema that a client sent: Protobuf's clients may send a serialised FileDescriptorProto in base64.
   * @throws StatementError `invalid-schema`
   */
  textOf(sent: SchemaText): string;
  /** The schema as asked for by `?format=`; null for a format that is not known. */
  formatted(schema: SchemaText, format: string): string | null;
}

/** What a client sends to register, find or check a schema. */
export interface SchemaRequest {
  readonly type: SchemaType;
  readonly text: string;
  /** Version -1 is the latest. */
  readonly references: readonly SchemaReference[];
  /** Keep the canonical text instead of the text that was sent. */
  readonly normalize?: boolean;
}

/** A schema that has been read and found good. */
export interface ReadSchema extends SchemaText {
  readonly references: readonly SchemaReference[];
  readonly key: string;
}

/** Schemas that one schema imports, directly or not, and how deep they may lie. */
export const IMPORTS_MAX = 1_000;
export const IMPORT_DEPTH_MAX = 100;
/** Reasons that an answer lists. */
const REASONS_MAX = 50;

/** Reads and compares schemas by their formats. */
export class RegistrySchemas {
  readonly #formats: Readonly<Record<SchemaType, RegistryFormat>>;
  readonly #spellings: Readonly<Partial<Record<SchemaType, SchemaSpellings>>>;

  constructor(
    formats: Readonly<Record<SchemaType, RegistryFormat>>,
    spellings: Readonly<Partial<Record<SchemaType, SchemaSpellings>>> = {},
  ) {
    this.#formats = formats;
    this.#spellings = spellings;
  }

  /**
   * @param deleted whether it may import versions that are deleted: schemas that are looked for may, new ones may not
   * @throws RegistryRefusal when it is no schema, or imports what is not there
   */
  read(state: RegistryState, request: SchemaRequest, deleted: boolean): ReadSchema {
    const { type } = request;
    if (request.text.trim() === '') throw refusals.emptySchema();
    const references = request.references.map((reference) => resolved(state, type, reference, deleted));
    const sent: SchemaText = { type, text: request.text, imports: importsOf(state, type, references) };
    return refusing(type, () => {
      const text = this.#spellings[type]?.textOf(sent) ?? sent.text;
      const canonical = this.#formats[type].canonical({ ...sent, text });
      const key = schemaKey(type, canonical, references);
      return { ...sent, text: request.normalize === true ? canonical : text, references, key };
    });
  }

  /**
   * Why a schema may not follow earlier ones, and which of them it is at odds with; empty when it may.
   * @param earlier from the first to the latest
   * @throws RegistryRefusal
   */
  reasonsAgainst(
    state: RegistryState,
    level: CompatibilityLevel,
    schema: SchemaText,
    earlier: readonly { readonly version: number; readonly schema: StoredSchema }[],
  ): readonly string[] {
    if (level === 'NONE') return [];
    const compared = level.endsWith('_TRANSITIVE') ? earlier.toReversed() : earlier.slice(-1);
    for (const { version, schema: stored } of compared) {
      const reasons = this.#reasonsAgainstOne(level, schema, withImports(state, stored));
      if (reasons.length === 0) continue;
      const more = reasons.length > REASONS_MAX ? [`and ${reasons.length - REASONS_MAX} more`] : [];
      const notes = [`{oldSchemaVersion: ${version}}`, `{compatibility: '${level}'}`];
      return [...reasons.slice(0, REASONS_MAX), ...more, ...notes];
    }
    return [];
  }

  /** The text of a schema in one of the formats that clients ask for; its own text where the format is not known. */
  formatted(state: RegistryState, stored: StoredSchema, format: string): string {
    return refusing(
      stored.type,
      () => this.#spellings[stored.type]?.formatted(withImports(state, stored), format) ?? stored.text,
    );
  }

  #reasonsAgainstOne(level: CompatibilityLevel, schema: SchemaText, earlier: SchemaText): readonly string[] {
    if (schema.type !== earlier.type) return ['Incompatible because of different schema type'];
    const format = this.#formats[schema.type];
    return refusing(schema.type, () => {
      const backward = level.startsWith('FORWARD') ? [] : format.incompatibilities(schema, earlier);
      const forward = level.startsWith('BACKWARD') ? [] : format.incompatibilities(earlier, schema);
      return [...new Set([...backward, ...forward])];
    });
  }
}

/** Equal for schemas that mean the same. */
export function schemaKey(type: SchemaType, canonical: string, references: readonly SchemaReference[]): string {
  const parts = [type, canonical, ...references.map(({ name, subject, version }) => [name, subject, version])];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** A stored schema as formats read it. */
export function withImports(state: RegistryState, { type, text, references }: StoredSchema): SchemaText {
  return { type, text, imports: importsOf(state, type, references) };
}

/** The names by which a text may mention an import: all of it, and without the namespace or folder that both may share. */
export function mentions(type: SchemaType, text: string, name: string): boolean {
  const short = type === 'AVRO' ? name.slice(name.lastIndexOf('.') + 1) : name.slice(name.lastIndexOf('/') + 1);
  return text.includes(short === '' ? name : short);
}

/** @throws RegistryRefusal */
function resolved(
  state: RegistryState,
  type: SchemaType,
  reference: SchemaReference,
  deleted: boolean,
): SchemaReference {
  const { name, subject } = reference;
  const entry = state
    .versionsOf(subject)
    .findLast(
      ({ version, deleted: isDeleted }) =>
        (deleted || !isDeleted) && (reference.version === -1 || version === reference.version),
    );
  if (entry === undefined) throw refusals.noReference(type, subject, reference.version);
  const { type: otherType } = state.schema(entry.id)!;
  if (otherType !== type)
    throw refusals.invalidSchema(type, `the schema of reference "${name}" is of type ${otherType}`);
  return { name, subject, version: entry.version };
}

/** @throws RegistryRefusal */
function importsOf(state: RegistryState, type: SchemaType, references: readonly SchemaReference[]): SchemaImport[] {
  const imports = new Map<string, string>();
  const seen = new Set<string>();
  const visit = ({ name, subject, version }: SchemaReference, depth: number): void => {
    const place = JSON.stringify([name, subject, version]);
    if (seen.has(place)) return;
    seen.add(place);
    if (seen.size > IMPORTS_MAX || depth > IMPORT_DEPTH_MAX) {
      throw refusals.invalidSchema(
        type,
        `it imports more than ${IMPORTS_MAX} schemas, or deeper than ${IMPORT_DEPTH_MAX}`,
      );
    }
    const entry = state.versionsOf(subject).find((other) => other.version === version);
    const stored = entry === undefined ? null : state.schema(entry.id);
    if (stored === null) throw refusals.noReference(type, subject, version);
    for (const further of stored.references) visit(further, depth + 1);
    if (!imports.has(name)) imports.set(name, stored.text);
  };
  for (const reference of references) visit(reference, 1);
  return [...imports].map(([name, text]) => ({ name, text }));
}

/** Runs what a format does, and turns its complaint about a schema into the registry's. */
function refusing<Result>(type: SchemaType, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof StatementError) throw refusals.invalidSchema(type, error.message);
    throw error;
  }
}
