import type { SchemaLoader } from '../formats/schema-registry/schema-cache.js';
import {
  type RegisteredSchema,
  type SchemaRegistry,
  type SchemaText,
  subjectOf,
} from '../formats/schema-registry/schema-registry.js';
import { SystemError } from '../model/errors.js';
import type { SchemaRequest } from '../planner/schema-registration.js';
import { FetchedSchemas, type SchemaView, SchemaWanted } from '../planner/schema-view.js';

/** Pauses while the registry cannot be asked, in ms: the first, and the longest. */
const PAUSE_MS = 100;
const PAUSE_MAX_MS = 5_000;
/** What one statement looks at in the registry: more would mean that it never comes to an end. */
const LOOKS_MAX = 100;

/** The schema registry as the statements and queries of an engine see it. */
export class SchemaDirectory {
  readonly registry: SchemaRegistry;
  readonly #refresh: (() => Promise<void>) | null;
  readonly #pauses = new Set<() => void>();
  #trouble: string | null = null;
  #closed = false;

  /** @param refresh makes the registry know what other nodes have registered by now; null where it always does */
  constructor(registry: SchemaRegistry, refresh: (() => Promise<void>) | null = null) {
    this.registry = registry;
    this.#refresh = refresh;
  }

  /** Why the registry could not be asked for a schema that records name, while that is so; null otherwise. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** For threads: asks until there is an answer. */
  readonly load: SchemaLoader = async (id) => {
    for (let pause = PAUSE_MS; ; pause = Math.min(2 * pause, PAUSE_MAX_MS)) {
      if (this.#closed) throw closedError();
      try {
        const schema = await this.byId(id);
        this.#trouble = null;
        return schema;
      } catch (error) {
        this.#trouble = error instanceof Error ? error.message : String(error);
      }
      await this.#pause(pause);
    }
  };

  /** Runs a planning step; again whenever it wants to know something more of the registry. */
  async plan<Result>(work: (schemas: SchemaView) => Result): Promise<Result> {
    const fetched = new FetchedSchemas();
    for (let looks = 0; ; looks++) {
      try {
        return work(fetched);
      } catch (error) {
        if (!(error instanceof SchemaWanted) || looks === LOOKS_MAX) throw error;
        const { subject, id } = error;
        if (subject !== null) fetched.putSubject(subject, await this.registry.latest(subject));
        if (id !== null) fetched.putId(id, await this.registry.byId(id));
      }
    }
  }

  /** Registers what a statement asks for. @returns by subject, what is registered now */
  async register(requests: readonly SchemaRequest[]): Promise<ReadonlyMap<string, RegisteredSchema>> {
    const registered = new Map<string, RegisteredSchema>();
    for (const { subject, schema, ifAbsent } of requests) {
      const latest = ifAbsent ? await this.registry.latest(subject) : null;
      registered.set(subject, latest === null ? await this.registerOne(subject, schema) : latest.schema);
    }
    return registered;
  }

  async registerOne(subject: string, schema: SchemaText): Promise<RegisteredSchema> {
    return (await this.registry.register(subject, schema)).schema;
  }

  /** Deletes the subjects of topics that are gone. @returns what could not be deleted, and why: the topics are gone all the same */
  async forgetTopics(topics: readonly string[]): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const subject of topics.flatMap((topic) => [subjectOf(topic, 'key'), subjectOf(topic, 'value')])) {
      try {
        if ((await this.registry.latest(subject)) !== null) await this.registry.deleteSubject(subject);
      } catch (error) {
        problems.push(`Could not clean up the schema registry for subject: ${subject}. ${(error as Error).message}`);
      }
    }
    return problems;
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#pauses) end();
  }

  /** The schema that records name by its id; null when there is none. A record may arrive before the news of its schema. */
  async byId(id: number): Promise<RegisteredSchema | null> {
    const schema = await this.registry.byId(id);
    if (schema !== null || this.#refresh === null) return schema;
    await this.#refresh();
    return this.registry.byId(id);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      timer.unref();
      this.#pauses.add(end);
    });
  }
}

function closedError(): SystemError {
  return new SystemError('the engine is closed', { code: 'closed' });
}
