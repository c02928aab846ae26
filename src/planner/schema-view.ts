import type { RegisteredSchema, SubjectVersion } from '../formats/schema-registry/schema-registry.js';

/** What planning may look at in the schema registry. */
export interface SchemaView {
  /** The latest version of a subject; null when there is none. */
  latest(subject: string): SubjectVersion | null;
  /** Null when the registry has no such id. */
  byId(id: number): RegisteredSchema | null;
}

/** Planning looked at something that has not been fetched: fetch it, and plan again. */
export class SchemaWanted extends Error {
  override readonly name = 'SchemaWanted';
  readonly subject: string | null;
  readonly id: number | null;

  constructor(wanted: { readonly subject: string } | { readonly id: number }) {
    super('a schema has not been fetched yet');
    this.subject = 'subject' in wanted ? wanted.subject : null;
    this.id = 'id' in wanted ? wanted.id : null;
  }
}

/** What has been fetched of a registry that cannot be asked synchronously. */
export class FetchedSchemas implements SchemaView {
  readonly #subjects = new Map<string, SubjectVersion | null>();
  readonly #ids = new Map<number, RegisteredSchema | null>();

  putSubject(subject: string, latest: SubjectVersion | null): void {
    this.#subjects.set(subject, latest);
  }

  putId(id: number, schema: RegisteredSchema | null): void {
    this.#ids.set(id, schema);
  }

  /** @throws SchemaWanted */
  latest(subject: string): SubjectVersion | null {
    const found = this.#subjects.get(subject);
    if (found === undefined) throw new SchemaWanted({ subject });
    return found;
  }

  /** @throws SchemaWanted */
  byId(id: number): RegisteredSchema | null {
    const found = this.#ids.get(id);
    if (found === undefined) throw new SchemaWanted({ id });
    return found;
  }
}

/** There is no registry. */
export const NO_REGISTRY_VIEW: SchemaView = { latest: () => null, byId: () => null };
