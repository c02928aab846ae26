import { isDeepStrictEqual } from 'node:util';
import type { CompatibilityLevel, RegistryMode, SchemaReference } from './registry-change.js';
import {
  type Decision,
  deleteSubject,
  deleteVersion,
  detailOf,
  findSame,
  isLive,
  liveSchemas,
  type RegisterRequest,
  register,
  setCompatibility,
  setMode,
  type VersionName,
} from './registry-operations.js';
import { RegistryRefusal, refusalError, refusals } from './registry-refusal.js';
import {
  mentions,
  type RegistryFormat,
  RegistrySchemas,
  type SchemaRequest,
  type SchemaSpellings,
  withImports,
} from './registry-schemas.js';
import type { RegistryState, StoredSchema, VersionDetail, VersionEntry } from './registry-state.js';
import type { RegisteredSchema, SchemaRegistry, SchemaText, SchemaType, SubjectVersion } from './schema-registry.js';

export interface EmbeddedRegistryParts {
  /** The state as this process knows it. */
  state(): RegistryState;
  /** Resolves when the state holds all changes that are durable by now. */
  refresh(): Promise<void>;
  /**
   * Runs `work` on the newest state, makes the changes it wants durable, applies them, and gives its result. Nothing else changes the
   * state in between; where somebody else has been faster `work` runs again on what they left. What `work` throws is passed on, and
   * nothing has changed.
   */
  commit<Result>(work: (state: RegistryState) => Decision<Result>): Promise<Result>;
  readonly formats: Readonly<Record<SchemaType, RegistryFormat>>;
  readonly spellings?: Readonly<Partial<Record<SchemaType, SchemaSpellings>>>;
}

/** Which versions count: those that are there, also the deleted ones, or only those. */
export type DeletedFilter = 'without' | 'with' | 'only';

/**
 * A schema registry inside the engine: the port for statements and queries, and everything that Confluent's REST API does. Methods of
 * the port throw what the port says; all others throw RegistryRefusal. Those that return no promise answer from the state as it is known
 * here.
 */
export class EmbeddedRegistry implements SchemaRegistry {
  readonly #parts: EmbeddedRegistryParts;
  readonly #schemas: RegistrySchemas;

  constructor(parts: EmbeddedRegistryParts) {
    this.#parts = parts;
    this.#schemas = new RegistrySchemas(parts.formats, parts.spellings);
  }

  /** Resolves when answers are as new as all changes that are durable by now. */
  refresh(): Promise<void> {
    return this.#parts.refresh();
  }

  async register(subject: string, schema: SchemaText): Promise<SubjectVersion> {
    return asPort(subject, async () => {
      const { type, text } = schema;
      const references = this.#knownReferences(schema) ?? (await this.#registerImports(schema));
      const request: RegisterRequest = { type, text, references, id: null, version: null };
      const { version, id } = await this.registerVersion(subject, request);
      return { subject, version, schema: { ...schema, id } };
    });
  }

  async latest(subject: string): Promise<SubjectVersion | null> {
    const entry = this.#state.versionsOf(subject).findLast(isLive);
    if (entry === undefined) return null;
    return { subject, version: entry.version, schema: this.#registered(entry.id)! };
  }

  async byId(id: number): Promise<RegisteredSchema | null> {
    return this.#registered(id);
  }

  async subjectsOf(id: number): Promise<readonly string[]> {
    return subjectsIn(this.#state.usesOf(id).filter(isLive));
  }

  async deleteSubject(subject: string): Promise<void> {
    await asPort(null, async () => {
      await this.#parts.commit<unknown>((state) =>
        state.versionsOf(subject).some(isLive) ? deleteSubject(state, subject, false) : { changes: [], result: null },
      );
    });
  }

  /** Subjects in the order of their names. */
  subjects(prefix: string, deleted: DeletedFilter): readonly string[] {
    const matches = deletedFilter(deleted);
    return [...this.#state.subjects()]
      .filter((subject) => {
        if (!subject.startsWith(prefix)) return false;
        const versions = this.#state.versionsOf(subject);
        // A subject counts as deleted when all of it is.
        return deleted === 'only' ? versions.every(matches) : versions.some(matches);
      })
      .sort();
  }

  versions(subject: string, deleted: DeletedFilter): readonly number[] {
    const versions = this.#state.versionsOf(subject).filter(deletedFilter(deleted));
    if (versions.length === 0) throw refusals.subjectNotFound(subject);
    return versions.map(({ version }) => version);
  }

  version(subject: string, name: VersionName, deleted: boolean): VersionDetail {
    return this.#detail(this.#entry(subject, name, deleted));
  }

  /** All versions of the subjects with this prefix, or only the latest of each. */
  allVersions(prefix: string, deleted: boolean, latestOnly: boolean): readonly VersionDetail[] {
    const filter = deleted ? 'with' : 'without';
    return this.subjects(prefix, filter).flatMap((subject) => {
      const versions = this.#state.versionsOf(subject).filter(deletedFilter(filter));
      return (latestOnly ? versions.slice(-1) : versions).map((entry) => this.#detail(entry));
    });
  }

  schema(id: number): StoredSchema {
    const schema = this.#state.schema(id);
    if (schema === null) throw refusals.idNotFound(id);
    return schema;
  }

  get idMax(): number {
    return this.#state.idMax;
  }

  /** The text of a schema in one of the formats that clients ask for. */
  formatted(schema: StoredSchema | VersionDetail, format: string): string {
    return format === '' ? schema.text : this.#schemas.formatted(this.#state, this.schema(schema.id), format);
  }

  /** The versions that have a schema. */
  usesOf(id: number, deleted: boolean): readonly VersionEntry[] {
    this.schema(id);
    return this.#state.usesOf(id).filter(deletedFilter(deleted ? 'with' : 'without'));
  }

  /** Ids of the schemas that import a version. */
  importersOf(subject: string, name: VersionName): readonly number[] {
    const { version } = this.#entry(subject, name, true);
    return [...this.#state.importersOf(subject, version)]
      .filter((id) => this.#state.usesOf(id).some(isLive))
      .sort((a, b) => a - b);
  }

  registerVersion(subject: string, request: RegisterRequest): Promise<VersionDetail> {
    return this.#parts.commit((state) => register(state, this.#schemas, subject, request));
  }

  /** The version of a subject that has a schema. */
  lookUp(subject: string, request: SchemaRequest, deleted: boolean): VersionDetail {
    const versions = this.#state.versionsOf(subject).filter(deletedFilter(deleted ? 'with' : 'without'));
    if (versions.length === 0) throw refusals.subjectNotFound(subject);
    const entry = findSame(this.#state, versions, this.#schemas.read(this.#state, request, true));
    if (entry === null) throw refusals.schemaNotFound();
    return this.#detail(entry);
  }

  /** Why a schema may not become the subject's next version; empty when it may. */
  reasonsAgainst(subject: string, request: SchemaRequest): readonly string[] {
    const schema = this.#schemas.read(this.#state, request, false);
    const level = this.#state.level(subject);
    return this.#schemas.reasonsAgainst(this.#state, level, schema, liveSchemas(this.#state, subject));
  }

  /** The same with regard to one version alone. A subject without versions has a latest that takes everything. */
  reasonsAgainstVersion(subject: string, name: VersionName, request: SchemaRequest): readonly string[] {
    const versions = liveSchemas(this.#state, subject);
    const earlier = name === 'latest' ? versions.slice(-1) : versions.filter(({ version }) => version === name);
    if (earlier.length === 0 && name !== 'latest') throw refusals.versionNotFound(name);
    const schema = this.#schemas.read(this.#state, request, false);
    return this.#schemas.reasonsAgainst(this.#state, this.#state.level(subject), schema, earlier);
  }

  deleteVersion(subject: string, name: VersionName, permanent: boolean): Promise<number> {
    return this.#parts.commit((state) => deleteVersion(state, subject, name, permanent));
  }

  /** @returns the versions that are deleted */
  deleteVersions(subject: string, permanent: boolean): Promise<readonly number[]> {
    return this.#parts.commit((state) => deleteSubject(state, subject, permanent));
  }

  /** @param orGlobal what holds, where the subject has nothing of its own */
  compatibility(subject: string | null, orGlobal: boolean): CompatibilityLevel {
    const own = this.#state.ownLevel(subject);
    if (own === null && subject !== null && !orGlobal) throw refusals.noSubjectCompatibility(subject);
    return own ?? this.#state.level(subject);
  }

  /** @param level null takes back what was set. @returns what held before */
  setCompatibility(subject: string | null, level: CompatibilityLevel | null): Promise<CompatibilityLevel> {
    return this.#parts.commit((state) => setCompatibility(state, subject, level));
  }

  mode(subject: string | null, orGlobal: boolean): RegistryMode {
    const own = this.#state.ownMode(subject);
    if (own === null && subject !== null && !orGlobal) throw refusals.noSubjectMode(subject);
    return own ?? this.#state.mode(subject);
  }

  /** @param mode null takes back what was set. @returns what held before */
  setMode(subject: string | null, mode: RegistryMode | null, force: boolean): Promise<RegistryMode> {
    return this.#parts.commit((state) => setMode(state, subject, mode, force));
  }

  get #state(): RegistryState {
    return this.#parts.state();
  }

  /** The references of a schema that is here already with these imports. */
  #knownReferences({ type, text, imports }: SchemaText): readonly SchemaReference[] | null {
    if (imports.length === 0) return [];
    for (const stored of this.#state.schemas()) {
      if (stored.type !== type || stored.text !== text || !this.#state.usesOf(stored.id).some(isLive)) continue;
      if (isDeepStrictEqual(withImports(this.#state, stored).imports, imports)) return stored.references;
    }
    return null;
  }

  /**
   * Registers the imports of a schema, as serializers do: each under its own name unless some subject has it. One is taken to need
   * those before it that its text mentions.
   */
  async #registerImports({ type, text, imports }: SchemaText): Promise<readonly SchemaReference[]> {
    const done: SchemaReference[] = [];
    for (const imported of imports) {
      const references = done.filter(({ name }) => mentions(type, imported.text, name));
      const request: RegisterRequest = { type, text: imported.text, references, id: null, version: null };
      const { subject, version } =
        this.#placeOf(imported.name, request) ?? (await this.registerVersion(imported.name, request));
      done.push({ name: imported.name, subject, version });
    }
    return done.filter(({ name }) => mentions(type, text, name));
  }

  /** A version that has this schema: of the subject of that name if possible. */
  #placeOf(subject: string, request: SchemaRequest): VersionEntry | null {
    const { key } = this.#schemas.read(this.#state, request, false);
    const id = this.#state.idOf(key);
    if (id === null) return null;
    const uses = this.#state.usesOf(id).filter(isLive);
    return uses.find((use) => use.subject === subject) ?? uses[0] ?? null;
  }

  #registered(id: number): RegisteredSchema | null {
    const stored = this.#state.schema(id);
    return stored === null ? null : { id, ...withImports(this.#state, stored) };
  }

  #entry(subject: string, name: VersionName, deleted: boolean): VersionEntry {
    const all = this.#state.versionsOf(subject);
    const versions = deleted ? all : all.filter(isLive);
    if (versions.length === 0) throw refusals.subjectNotFound(subject);
    const entry = name === 'latest' ? versions.at(-1) : versions.find(({ version }) => version === name);
    if (entry === undefined) throw refusals.versionNotFound(name);
    return entry;
  }

  #detail(entry: VersionEntry): VersionDetail {
    return detailOf(this.#state, entry);
  }
}

function deletedFilter(filter: DeletedFilter): (entry: VersionEntry) => boolean {
  if (filter === 'with') return () => true;
  return filter === 'only' ? ({ deleted }) => deleted : isLive;
}

function subjectsIn(entries: readonly VersionEntry[]): readonly string[] {
  return [...new Set(entries.map(({ subject }) => subject))].sort();
}

/** Turns refusals into the errors of the port. */
async function asPort<Result>(subject: string | null, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RegistryRefusal ? refusalError(error.errorCode, error.message, subject) : error;
  }
}
