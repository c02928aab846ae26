import type { RegisteredSchema, WriterSchemas } from './schema-registry.js';

/** Gets a schema from its registry; null when that has none of this id. Waits while the registry cannot be asked; rejects when there is no more asking. */
export type SchemaLoader = (id: number) => Promise<RegisteredSchema | null>;

/** The loader of whoever has no registry. */
export const NO_REGISTRY: SchemaLoader = () => Promise.resolve(null);

/** What a thread asks of its schemas. */
export interface ThreadSchemas extends WriterSchemas {
  /** Whether `find` knows the answer for this id; otherwise it is asked for, and the owner is told when it is there. */
  ask(id: number): boolean;
}

/** Knows no schema, and asks for none: every id is an unknown one. */
export const NO_THREAD_SCHEMAS: ThreadSchemas = { find: () => null, ask: () => true };

/** An id that the registry did not have is asked for again after so long, in ms. */
const ABSENT_MS = 30_000;
const SCHEMAS_MAX = 10_000;

export interface SchemaCacheParts {
  readonly load: SchemaLoader;
  /** Milliseconds that only grow. */
  readonly elapsed: () => number;
  /** Something became known. */
  readonly onChange: () => void;
}

/** The schemas that one thread knows. A schema never changes, so that what is known stays true. */
export class SchemaCache implements ThreadSchemas {
  readonly #parts: SchemaCacheParts;
  readonly #known = new Map<number, RegisteredSchema>();
  /** Since when ids are known to be none. */
  readonly #absent = new Map<number, number>();
  readonly #loading = new Set<number>();

  constructor(parts: SchemaCacheParts) {
    this.#parts = parts;
  }

  find(id: number): RegisteredSchema | null | undefined {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    return this.#absent.has(id) ? null : undefined;
  }

  ask(id: number): boolean {
    if (this.#known.has(id)) return true;
    const since = this.#absent.get(id);
    if (since !== undefined && this.#parts.elapsed() - since < ABSENT_MS) return true;
    if (!this.#loading.has(id)) {
      this.#loading.add(id);
      this.#parts.load(id).then(
        (schema) => this.#learn(id, schema),
        () => this.#loading.delete(id),
      );
    }
    return false;
  }

  #learn(id: number, schema: RegisteredSchema | null): void {
    this.#loading.delete(id);
    const map: Map<number, unknown> = schema === null ? this.#absent : this.#known;
    if (map.size >= SCHEMAS_MAX) map.clear();
    if (schema === null) {
      this.#absent.set(id, this.#parts.elapsed());
    } else {
      this.#absent.delete(id);
      this.#known.set(id, schema);
    }
    this.#parts.onChange();
  }
}
