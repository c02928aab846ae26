import type { RegisteredSchema } from '../../formats/schema-registry/schema-registry.js';

/** Schemas that a worker asks its parent for. */
export class SchemaRequests {
  readonly #want: (id: number) => void;
  readonly #waiting = new Map<number, (schema: RegisteredSchema | null) => void>();

  /** @param want tells the parent, who answers once */
  constructor(want: (id: number) => void) {
    this.#want = want;
  }

  /** To be called once an id, until it has answered. */
  readonly load = (id: number): Promise<RegisteredSchema | null> =>
    new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#want(id);
    });

  answered(id: number, schema: RegisteredSchema | null): void {
    this.#waiting.get(id)?.(schema);
    this.#waiting.delete(id);
  }
}
