import { SystemError } from '../../model/errors.js';
import { LruMap } from './lru-map.js';
import { isPositive, isSchemaType, type SchemaReference } from './registry-change.js';
import { REAL_TIME, RegistryHttp, type RegistryTime, wordsOf } from './registry-http.js';
import { refusalError } from './registry-refusal.js';
import { IMPORT_DEPTH_MAX, IMPORTS_MAX, mentions } from './registry-schemas.js';
import type { HttpRegistryOptions } from './registry-settings.js';
import type {
  RegisteredSchema,
  SchemaImport,
  SchemaRegistry,
  SchemaText,
  SchemaType,
  SubjectVersion,
} from './schema-registry.js';

/** Schemas that are remembered. */
const SCHEMAS_MAX = 10_000;
/** Others may delete a subject: what was registered counts for so long, in ms. */
const REGISTERED_MS = 10_000;

/** A schema as answers hold it. */
interface SchemaBody {
  readonly type: SchemaType;
  readonly text: string;
  readonly references: readonly SchemaReference[];
}

/** A schema registry that speaks Confluent's REST API. */
export class HttpRegistry implements SchemaRegistry {
  readonly #http: RegistryHttp;
  readonly #time: RegistryTime;
  /** By id; a schema never changes. */
  readonly #schemas = new LruMap<number, RegisteredSchema>(SCHEMAS_MAX);
  /** What schemas that were read import, by `contentName`, so that they can be registered again as they are. */
  readonly #references = new LruMap<string, readonly SchemaReference[]>(SCHEMAS_MAX);
  readonly #registered = new LruMap<string, { readonly at: number; readonly result: SubjectVersion }>(SCHEMAS_MAX);
  /** Work that others may wait for, too. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(options: HttpRegistryOptions, time: RegistryTime = REAL_TIME) {
    this.#http = new RegistryHttp(options, time);
    this.#time = time;
  }

  /** Where the registry is, without credentials. */
  get url(): string {
    return this.#http.urls;
  }

  close(): void {
    this.#http.close();
  }

  async register(subject: string, schema: SchemaText): Promise<SubjectVersion> {
    const name = `${contentName(schema)} ${subject}`;
    const known = this.#registered.get(name);
    if (known !== undefined && this.#time.elapsed() - known.at < REGISTERED_MS) return known.result;
    return this.#once(`register ${name}`, async () => {
      const references = await this.#referencesFor(schema);
      const { id, version } = await this.#registerText(subject, { ...schema, references });
      const result: SubjectVersion = { subject, version, schema: { ...schema, id } };
      this.#registered.set(name, { at: this.#time.elapsed(), result });
      return result;
    });
  }

  async latest(subject: string): Promise<SubjectVersion | null> {
    return this.#once(`latest ${subject}`, async () => {
      const body = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`);
      if (body === null) return null;
      const id = numberIn(body, 'id', this.url);
      const version = numberIn(body, 'version', this.url);
      return { subject, version, schema: await this.#known(id, body) };
    });
  }

  async byId(id: number): Promise<RegisteredSchema | null> {
    const known = this.#schemas.get(id);
    if (known !== undefined) return known;
    return this.#once(`id ${id}`, async () => {
      const body = await this.#ask('GET', `/schemas/ids/${id}`);
      return body === null || isOfUnknownType(body) ? null : this.#known(id, body);
    });
  }

  async subjectsOf(id: number): Promise<readonly string[]> {
    const body = (await this.#ask('GET', `/schemas/ids/${id}/subjects`)) ?? [];
    if (!Array.isArray(body) || !body.every((item) => typeof item === 'string')) throw notUnderstood(this.url);
    return body;
  }

  async deleteSubject(subject: string): Promise<void> {
    this.#registered.deleteWhere(({ result }) => result.subject === subject);
    await this.#ask('DELETE', `/subjects/${encodeURIComponent(subject)}`);
    this.#registered.deleteWhere(({ result }) => result.subject === subject);
  }

  async #registerText(subject: string, schema: SchemaBody): Promise<{ readonly id: number; readonly version: number }> {
    const body = bodyOf(schema);
    const place = `/subjects/${encodeURIComponent(subject)}`;
    const answer = await this.#ask('POST', `${place}/versions`, body, subject);
    if (answer === null) throw notUnderstood(this.url);
    const id = numberIn(answer, 'id', this.url);
    if (isPositive(member(answer, 'version'))) return { id, version: numberIn(answer, 'version', this.url) };
    const found = await this.#ask('POST', place, body, subject);
    if (found === null) throw notUnderstood(this.url);
    return { id, version: numberIn(found, 'version', this.url) };
  }

  /** As serializers do: imports are registered under their own names. One is taken to need those before it that its text mentions. */
  async #referencesFor(schema: SchemaText): Promise<readonly SchemaReference[]> {
    const { type, imports } = schema;
    if (imports.length === 0) return [];
    const known = this.#references.get(contentName(schema));
    if (known !== undefined) return known;
    const done: SchemaReference[] = [];
    for (const { name, text } of imports) {
      const imported: SchemaBody = { type, text, references: done.filter((other) => mentions(type, text, other.name)) };
      const found = await this.#ask('POST', `/subjects/${encodeURIComponent(name)}`, bodyOf(imported), name);
      const version =
        found === null ? (await this.#registerText(name, imported)).version : numberIn(found, 'version', this.url);
      done.push({ name, subject: name, version });
    }
    return done.filter(({ name }) => mentions(type, schema.text, name));
  }

  async #known(id: number, body: unknown): Promise<RegisteredSchema> {
    const known = this.#schemas.get(id);
    if (known !== undefined) return known;
    const { type, text, references } = schemaIn(body, this.url);
    const schema: RegisteredSchema = { id, type, text, imports: await this.#importsOf(references) };
    this.#schemas.set(id, schema);
    if (references.length > 0) this.#references.set(contentName(schema), references);
    return schema;
  }

  async #importsOf(references: readonly SchemaReference[]): Promise<readonly SchemaImport[]> {
    const imports = new Map<string, string>();
    const seen = new Set<string>();
    const visit = async ({ name, subject, version }: SchemaReference, depth: number): Promise<void> => {
      const place = `/subjects/${encodeURIComponent(subject)}/versions/${version}?deleted=true`;
      if (seen.has(`${name} ${place}`)) return;
      seen.add(`${name} ${place}`);
      if (seen.size > IMPORTS_MAX || depth > IMPORT_DEPTH_MAX) {
        throw registryError(
          `a schema of the registry imports more than ${IMPORTS_MAX} schemas, or deeper than ${IMPORT_DEPTH_MAX}`,
        );
      }
      const body = await this.#ask('GET', place);
      if (body === null) {
        throw registryError(
          `the schema registry has no version ${version} of subject "${subject}" that a schema imports`,
        );
      }
      const schema = schemaIn(body, this.url);
      for (const further of schema.references) await visit(further, depth + 1);
      if (!imports.has(name)) imports.set(name, schema.text);
    };
    for (const reference of references) await visit(reference, 1);
    return [...imports].map(([name, text]) => ({ name, text }));
  }

  /**
   * The answer's JSON; null where the registry says that it has no such thing.
   * @param subject names the subject in complaints about a schema
   */
  async #ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    subject: string | null = null,
  ): Promise<unknown> {
    const { status, text, url } = await this.#http.request(method, path, body);
    if (status >= 200 && status < 300) return parsed(text, url);
    const words = wordsOf(text);
    if (status === 401 || status === 403) throw denied(status, url, words);
    const code = errorCodeIn(text);
    if (code === null || words === null) throw registryError(`${url} answered ${status}: is it a schema registry?`);
    if (status === 404 && code > 40400 && code < 40500) return null;
    throw refusalError(code, words, subject);
  }

  /** Runs work, or waits for the same work that runs already. */
  #once<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(name) as Promise<Result> | undefined;
    if (running !== undefined) return running;
    const started = work().finally(() => this.#running.delete(name));
    this.#running.set(name, started);
    return started;
  }
}

function contentName({ type, text, imports }: SchemaText): string {
  return JSON.stringify([type, text, imports.map((one) => [one.name, one.text])]);
}

function bodyOf({ type, text, references }: SchemaBody): unknown {
  return {
    schema: text,
    ...(type === 'AVRO' ? {} : { schemaType: type }),
    ...(references.length === 0 ? {} : { references }),
  };
}

/** Nothing can be read with such a schema, whoever asks again. */
function isOfUnknownType(body: unknown): boolean {
  const type = member(body, 'schemaType');
  return typeof type === 'string' && !isSchemaType(type);
}

function schemaIn(body: unknown, url: string): SchemaBody {
  const type = member(body, 'schemaType') ?? 'AVRO';
  const text = member(body, 'schema');
  const references = member(body, 'references') ?? [];
  if (typeof text !== 'string' || !isSchemaType(type) || !Array.isArray(references)) throw notUnderstood(url);
  return {
    type,
    text,
    references: references.map((item: unknown) => {
      const name = member(item, 'name');
      const subject = member(item, 'subject');
      if (typeof name !== 'string' || typeof subject !== 'string') throw notUnderstood(url);
      return { name, subject, version: numberIn(item, 'version', url) };
    }),
  };
}

function numberIn(body: unknown, name: string, url: string): number {
  const value = member(body, name);
  if (!isPositive(value)) throw notUnderstood(url);
  return value;
}

function member(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : undefined;
}

function parsed(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notUnderstood(url);
  }
}

function errorCodeIn(text: string): number | null {
  try {
    const code = member(JSON.parse(text), 'error_code');
    return typeof code === 'number' ? code : null;
  } catch {
    return null;
  }
}

function denied(status: number, url: string, words: string | null): SystemError {
  return new SystemError(
    `the schema registry at ${url} does not let us in: it answered ${status}${words === null ? '' : ` (${words})`}`,
    {
      code: 'registry-denied',
      hint: 'Check basic.auth.* and bearer.auth.* of the settings ksql.schema.registry.',
    },
  );
}

function notUnderstood(url: string): SystemError {
  return registryError(`the answer of ${url} is not understood: is it a schema registry?`);
}

function registryError(message: string): SystemError {
  return new SystemError(message, { code: 'registry-error' });
}
