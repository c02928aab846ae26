import {
  COMPATIBILITY_LEVELS,
  type CompatibilityLevel,
  type EmbeddedRegistry,
  INVALID_SCHEMA,
  isPositive,
  isSchemaType,
  REGISTRY_MODES,
  type RegisterRequest,
  type RegistryMode,
  RegistryRefusal,
  refusals,
  type SchemaReference,
  type SchemaRequest,
  type SchemaType,
  type VersionName,
} from '../../engine/registry-api.js';
import { SystemError } from '../../model/errors.js';
import { JSON_TYPE, negotiate } from '../accept.js';
import { errorReply, RequestError } from '../error-response.js';
import { readBody } from '../request-body.js';
import type { ServerContext, ServerRequest } from '../server-context.js';

const V1_JSON = 'application/vnd.schemaregistry.v1+json';
const REGISTRY_JSON = 'application/vnd.schemaregistry+json';
/** What bodies may be; none said is as good. */
const BODY_TYPES: readonly string[] = [V1_JSON, REGISTRY_JSON, JSON_TYPE, 'application/octet-stream'];

const REFERENCES_MAX = 1_000;
const STORE_ERROR = 50001;

/** One request to the registry: its parts, read and checked. Every method throws RequestError or RegistryRefusal. */
export class RegistryCall {
  readonly #request: ServerRequest;
  readonly #server: ServerContext;

  constructor(request: ServerRequest, server: ServerContext) {
    this.#request = request;
    this.#server = server;
  }

  get registry(): EmbeddedRegistry {
    const { engine } = this.#server;
    if (engine.schemaRegistry !== null) return engine.schemaRegistry;
    const url = engine.schemaRegistryUrl;
    const place = url === null ? '' : `: it is at ${url}`;
    throw new RequestError(404, 404, `The schema registry is not part of this server${place}`);
  }

  /** @throws RequestError where the registry is elsewhere */
  requireRegistry(): void {
    void this.registry;
  }

  /** Whether it changes nothing, and has no body. */
  get isRead(): boolean {
    const { method } = this.#request.req;
    return method === 'GET' || method === 'HEAD';
  }

  get server(): ServerContext {
    return this.#server;
  }

  get subject(): string {
    return this.#request.req.param('subject')!;
  }

  get id(): number {
    const text = this.#request.req.param('id')!;
    if (!isNumberText(text)) throw noSuchPath();
    return Number(text);
  }

  get version(): VersionName {
    const text = this.#request.req.param('version')!;
    if (text === 'latest' || text === '-1') return 'latest';
    if (isNumberText(text)) return Number(text);
    throw refusals.invalidVersion(text);
  }

  /** Whether a parameter of the query is true, however it is spelled. */
  flag(name: string): boolean {
    return this.#request.req.query(name)?.toLowerCase() === 'true';
  }

  text(name: string): string {
    return this.#request.req.query(name) ?? '';
  }

  /** The part of a list that the query asks for with `offset` and `limit`. */
  page<Item>(items: readonly Item[]): readonly Item[] {
    const offset = Number.parseInt(this.text('offset'), 10);
    const limit = Number.parseInt(this.text('limit'), 10);
    const start = offset > 0 ? offset : 0;
    return items.slice(start, limit >= 0 ? start + limit : undefined);
  }

  /** Whether the client copes with members that older versions of the API do not have. */
  get takesMore(): boolean {
    return this.#request.req.header('confluent-accept-unknown-properties')?.toLowerCase() === 'true';
  }

  /** A schema to look for or to compare. */
  async schemaBody(): Promise<SchemaRequest> {
    return this.#readSchema(await this.#body());
  }

  /** A schema to register. */
  async registerBody(): Promise<RegisterRequest> {
    const body = await this.#body();
    return { ...this.#readSchema(body), id: numberOf(body, 'id'), version: numberOf(body, 'version') };
  }

  async levelBody(): Promise<CompatibilityLevel> {
    // Some clients send back what they were told, which has the other name.
    const { compatibility, compatibilityLevel, ...others } = await this.#body();
    const said = compatibility ?? compatibilityLevel;
    const word = typeof said === 'string' ? said.toUpperCase() : null;
    const level = COMPATIBILITY_LEVELS.find((known) => known === word);
    if (level === undefined) throw refusals.invalidLevel();
    const wanted = Object.keys(others).find((name) => others[name] !== null && others[name] !== false);
    if (wanted !== undefined) throw refusals.notPermitted(`The setting "${wanted}" is not supported`);
    return level;
  }

  async modeBody(): Promise<RegistryMode> {
    const { mode } = await this.#body();
    const word = typeof mode === 'string' ? mode.toUpperCase() : null;
    const known = REGISTRY_MODES.find((name) => name === word);
    if (known !== undefined) return known;
    throw refusals.invalidMode();
  }

  /** An answer as JSON, or a text that is to be sent as it is. */
  reply(body: unknown): Response {
    const text = body instanceof PlainText ? body.text : JSON.stringify(body);
    return new Response(text, { headers: { 'content-type': this.#contentType } });
  }

  /** The answer for anything that was thrown. */
  errorReply(error: unknown): Response {
    const { status, code, message } = this.#explain(error);
    return new Response(JSON.stringify({ error_code: code, message }), {
      status,
      headers: { 'content-type': this.#contentType },
    });
  }

  get #contentType(): string {
    return negotiate(this.#request.req.header('accept'), [V1_JSON, REGISTRY_JSON, JSON_TYPE]) ?? V1_JSON;
  }

  async #body(): Promise<Readonly<Record<string, unknown>>> {
    const type = (this.#request.req.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
    if (type !== '' && !BODY_TYPES.includes(type)) throw new RequestError(415, 415, 'HTTP 415 Unsupported Media Type');
    const text = await readBody(this.#request, this.#server.limits.statementBytesMax);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw badBody('it is no JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badBody('it is no JSON object');
    return value as Readonly<Record<string, unknown>>;
  }

  #readSchema(body: Readonly<Record<string, unknown>>): SchemaRequest {
    const { schema, schemaType, references, ruleSet, metadata } = body;
    if (isFilled(ruleSet)) throw refusals.rulesUnsupported();
    if (isFilled(metadata)) throw invalidSchema('Metadata of schemas are not supported');
    if (schema !== undefined && schema !== null && typeof schema !== 'string') throw badBody('"schema" is no text');
    return {
      type: typeOf(schemaType),
      text: schema ?? '',
      references: referencesOf(references),
      normalize: this.flag('normalize'),
    };
  }

  #explain(error: unknown): { readonly status: number; readonly code: number; readonly message: string } {
    if (error instanceof RegistryRefusal) {
      return { status: statusOf(error), code: error.errorCode, message: error.message };
    }
    const { status, body } = errorReply(error, this.#server.log);
    const code = error instanceof SystemError && body.error_code === 50000 ? STORE_ERROR : body.error_code;
    // Where Confluent's registry has no code of its own, the code is the status.
    return { status, code: error instanceof RequestError ? plainCode(error) : code, message: body.message };
  }
}

/** A schema's own text as an answer. */
export class PlainText {
  constructor(readonly text: string) {}
}

export function noSuchPath(): RequestError {
  return new RequestError(404, 404, 'HTTP 404 Not Found');
}

/** Whether the registry has refused because it does not know what was asked for. */
export function isNotFound(error: unknown): boolean {
  return error instanceof RegistryRefusal && statusOf(error) === 404;
}

function statusOf({ errorCode }: RegistryRefusal): number {
  return Number(String(errorCode).slice(0, 3));
}

function plainCode({ status, errorCode }: RequestError): number {
  return errorCode === status * 100 ? status : errorCode;
}

function isNumberText(text: string): boolean {
  return /^[0-9]{1,10}$/.test(text) && isPositive(Number(text));
}

function typeOf(value: unknown): SchemaType {
  if (value === undefined || value === null || value === '') return 'AVRO';
  if (isSchemaType(value)) return value;
  throw refusals.unknownType(typeof value === 'string' ? value : typeof value);
}

function referencesOf(value: unknown): readonly SchemaReference[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badBody('"references" is no list');
  if (value.length > REFERENCES_MAX) throw invalidSchema(`A schema has at most ${REFERENCES_MAX} references`);
  return value.map((item: unknown) => {
    const { name, subject, version } = (item ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string' || typeof subject !== 'string' || !(isPositive(version) || version === -1)) {
      throw badBody('a reference has "name", "subject" and "version"');
    }
    return { name, subject, version };
  });
}

/** Null where it is absent, or one of the numbers that clients write for that. */
function numberOf(body: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = body[name];
  if (value === undefined || value === null || value === 0 || value === -1) return null;
  if (!isPositive(value)) throw badBody(`"${name}" is no positive number`);
  return value;
}

function isFilled(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined && value !== null;
  return Object.values(value).some(isFilled);
}

function invalidSchema(message: string): RegistryRefusal {
  return new RegistryRefusal(INVALID_SCHEMA, message);
}

function badBody(why: string): RequestError {
  return new RequestError(400, 400, `The request body is not understood: ${why}`);
}
