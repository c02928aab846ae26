import type { CompatibilityLevel, RegistryChange, RegistryMode, SchemaReference } from './registry-change.js';
import type { SchemaType } from './schema-registry.js';

/** A schema as it was first registered. */
export interface StoredSchema {
  readonly id: number;
  readonly type: SchemaType;
  readonly text: string;
  readonly references: readonly SchemaReference[];
  readonly key: string;
}

/** One version of a subject. A deleted one is still there: only those who ask for it see it. */
export interface VersionEntry {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly deleted: boolean;
}

/** A version with its schema. */
export interface VersionDetail {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly type: SchemaType;
  readonly text: string;
  readonly references: readonly SchemaReference[];
}

const DEFAULT_LEVEL: CompatibilityLevel = 'BACKWARD';
const DEFAULT_MODE: RegistryMode = 'READWRITE';

/**
 * What an embedded registry holds: a pure function of the changes applied, in their order. Its methods only look; what would have to
 * change is worked out in `registry-operations.ts`.
 */
export class RegistryState {
  readonly #schemas = new Map<number, StoredSchema>();
  readonly #idByKey = new Map<string, number>();
  /** Versions that have a schema's id. */
  readonly #uses = new Map<number, readonly VersionEntry[]>();
  /** In the order of versions. A subject without versions is not in it. */
  readonly #subjects = new Map<string, readonly VersionEntry[]>();
  /** Ids of the schemas that import a version, by `versionName`. */
  readonly #importers = new Map<string, ReadonlySet<number>>();
  readonly #levels = new Map<string | null, CompatibilityLevel>();
  readonly #modes = new Map<string | null, RegistryMode>();
  #idMax = 0;

  /** Takes any change: one that does not fit, such as the deletion of what is not there, has no effect. */
  apply(change: RegistryChange): void {
    switch (change.kind) {
      case 'register':
        this.#register(change);
        break;
      case 'delete-version':
        this.#delete(change.subject, (entry) => entry.version === change.version, change.permanent);
        break;
      case 'delete-subject':
        this.#delete(change.subject, () => true, change.permanent);
        break;
      case 'set-compatibility':
        setOrDelete(this.#levels, change.subject, change.level);
        break;
      case 'set-mode':
        setOrDelete(this.#modes, change.subject, change.mode);
        break;
    }
  }

  /** The greatest id ever given; 0 for none. */
  get idMax(): number {
    return this.#idMax;
  }

  schema(id: number): StoredSchema | null {
    return this.#schemas.get(id) ?? null;
  }

  schemas(): IterableIterator<StoredSchema> {
    return this.#schemas.values();
  }

  idOf(key: string): number | null {
    return this.#idByKey.get(key) ?? null;
  }

  /** The versions that have this id, deleted ones too. */
  usesOf(id: number): readonly VersionEntry[] {
    return this.#uses.get(id) ?? [];
  }

  /** Subjects that have versions, deleted ones too. */
  subjects(): IterableIterator<string> {
    return this.#subjects.keys();
  }

  /** A subject's versions in their order, deleted ones too. */
  versionsOf(subject: string): readonly VersionEntry[] {
    return this.#subjects.get(subject) ?? [];
  }

  /** Ids of the schemas that import a version, deleted ones too. */
  importersOf(subject: string, version: number): ReadonlySet<number> {
    return this.#importers.get(versionName(subject, version)) ?? new Set();
  }

  /** What was set for a subject, or with null for all that have nothing of their own. */
  ownLevel(subject: string | null): CompatibilityLevel | null {
    return this.#levels.get(subject) ?? null;
  }

  /** What holds for a subject. */
  level(subject: string | null): CompatibilityLevel {
    return this.ownLevel(subject) ?? this.ownLevel(null) ?? DEFAULT_LEVEL;
  }

  ownMode(subject: string | null): RegistryMode | null {
    return this.#modes.get(subject) ?? null;
  }

  mode(subject: string | null): RegistryMode {
    const all = this.ownMode(null) ?? DEFAULT_MODE;
    return all === 'READONLY_OVERRIDE' ? all : (this.ownMode(subject) ?? all);
  }

  #register(change: RegistryChange & { readonly kind: 'register' }): void {
    const { subject, version, id, type, text, references, key } = change;
    const known = this.#schemas.get(id);
    const versions = this.versionsOf(subject);
    if ((known !== undefined && known.key !== key) || versions.some((entry) => entry.version === version)) return;
    if (known === undefined) {
      this.#schemas.set(id, { id, type, text, references, key });
      if (!this.#idByKey.has(key)) this.#idByKey.set(key, id);
      for (const imported of references) {
        const name = versionName(imported.subject, imported.version);
        this.#importers.set(name, new Set(this.#importers.get(name)).add(id));
      }
    }
    this.#idMax = Math.max(this.#idMax, id);
    const entry: VersionEntry = { subject, version, id, deleted: false };
    this.#uses.set(id, [...this.usesOf(id), entry]);
    this.#subjects.set(
      subject,
      [...versions, entry].sort((a, b) => a.version - b.version),
    );
  }

  #delete(subject: string, chosen: (entry: VersionEntry) => boolean, permanent: boolean): void {
    const versions = this.versionsOf(subject);
    const left: VersionEntry[] = [];
    for (const entry of versions) {
      if (!chosen(entry) || entry.deleted !== permanent) {
        left.push(entry);
      } else if (permanent) {
        this.#replaceUse(entry, null);
      } else {
        const deleted: VersionEntry = { ...entry, deleted: true };
        this.#replaceUse(entry, deleted);
        left.push(deleted);
      }
    }
    if (left.length > 0) this.#subjects.set(subject, left);
    else this.#subjects.delete(subject);
    if (!permanent && versions.length > 0 && left.every((entry) => entry.deleted)) {
      this.#levels.delete(subject);
      this.#modes.delete(subject);
    }
  }

  #replaceUse(entry: VersionEntry, by: VersionEntry | null): void {
    const uses = this.usesOf(entry.id).flatMap((use) => (use !== entry ? [use] : by === null ? [] : [by]));
    if (uses.length > 0) this.#uses.set(entry.id, uses);
    else this.#forget(this.#schemas.get(entry.id)!);
  }

  #forget({ id, key, references }: StoredSchema): void {
    this.#uses.delete(id);
    this.#schemas.delete(id);
    if (this.#idByKey.get(key) === id) this.#idByKey.delete(key);
    for (const imported of references) {
      const name = versionName(imported.subject, imported.version);
      const others = new Set(this.#importers.get(name));
      others.delete(id);
      if (others.size > 0) this.#importers.set(name, others);
      else this.#importers.delete(name);
    }
  }
}

function versionName(subject: string, version: number): string {
  return `${version} ${subject}`;
}

function setOrDelete<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
