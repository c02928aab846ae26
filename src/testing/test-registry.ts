import { SCHEMA_FORMATS } from '../formats/index.js';
import type {
  RegisteredSchema,
  SchemaText,
  SubjectVersion,
  WriterSchemas,
} from '../formats/schema-registry/schema-registry.js';
import type { SchemaView } from '../planner/schema-view.js';

/** What tests ask of registered schemas, to write and read records. */
export interface TestSchemas extends WriterSchemas {
  latest(subject: string): SubjectVersion | null;
}

/** A registry in memory that takes everything: which schemas may follow each other is not what tests of queries are about. */
export class TestRegistry implements SchemaView, TestSchemas {
  readonly #subjects = new Map<string, SubjectVersion>();
  readonly #schemas = new Map<number, RegisteredSchema>();
  readonly #ids = new Map<string, number>();

  /** @param id as a test says it; null: the next one */
  register(subject: string, schema: SchemaText, id: number | null = null): RegisteredSchema {
    const key = JSON.stringify([schema.type, SCHEMA_FORMATS[schema.type].canonical(schema), schema.imports]);
    const known = id ?? this.#ids.get(key) ?? Math.max(0, ...this.#schemas.keys()) + 1;
    const registered = { ...schema, id: known };
    this.#ids.set(key, known);
    this.#schemas.set(known, registered);
    const version = (this.#subjects.get(subject)?.version ?? 0) + 1;
    this.#subjects.set(subject, { subject, version, schema: registered });
    return registered;
  }

  latest(subject: string): SubjectVersion | null {
    return this.#subjects.get(subject) ?? null;
  }

  byId(id: number): RegisteredSchema | null {
    return this.#schemas.get(id) ?? null;
  }

  find(id: number): RegisteredSchema | null {
    return this.byId(id);
  }

  /** For tasks: everything is known. */
  ask(): boolean {
    return true;
  }
}
