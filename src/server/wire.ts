import type { EngineHealth } from '../engine/engine.js';
import type { CommandStatus } from '../engine/entities.js';
import { JsonNumber, JsonSyntaxError, parseJsonLossless } from '../model/json-text.js';
import { badRequest } from './error-response.js';

/*
 * Request bodies as they are understood, and the shapes of answers that are no entities. Unknown members of a request are
 * ignored, as ksqlDB does. So are two known ones: `requestProperties` steers calls between nodes of a cluster, and
 * `commandSequenceNumber` asks to wait for a command that, once answered, has always been applied here.
 */

/** The body of `/ksql`, `/query` and `/query-stream`. */
export interface StatementRequest {
  readonly text: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The first line of `/inserts-stream`. */
export interface InsertsRequest {
  readonly target: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface InfoBody {
  readonly KsqlServerInfo: {
    readonly version: string;
    readonly kafkaClusterId: string;
    readonly ksqlServiceId: string;
    readonly serverStatus: string;
    readonly millraceVersion: string;
  };
}

export interface ClusterIdBody {
  readonly id: '';
  readonly scope: { readonly path: readonly []; readonly clusters: Readonly<Record<string, string>> };
}

export interface MetadataBody {
  readonly version: string;
  readonly clusterId: ClusterIdBody;
}

export interface ClusterStatusBody {
  readonly clusterStatus: Readonly<
    Record<
      string,
      {
        readonly hostAlive: boolean;
        readonly lastStatusUpdateMs: number;
        readonly activeStandbyPerQuery: object;
        readonly hostStoreLags: { readonly stateStoreLags: object; readonly updateTimeMs: number };
      }
    >
  >;
}

export interface CommandStatusesBody {
  readonly commandStatuses: Readonly<Record<string, CommandStatus['status']>>;
}

export type HealthBody = EngineHealth;

/**
 * Reads a body that brings statements. ksqlDB names the text `ksql` and the overrides `streamsProperties` on `/ksql` and `/query`,
 * `sql` and `properties` on `/query-stream`; either pair is understood everywhere. No text is the empty text.
 *
 * @throws RequestError 400
 */
export function parseStatementRequest(body: string): StatementRequest {
  const request = parseObject(body);
  return {
    text: textOf(request, 'ksql') ?? textOf(request, 'sql') ?? '',
    properties: { ...scalarsOf(request, 'streamsProperties'), ...scalarsOf(request, 'properties') },
    variables: scalarsOf(request, 'sessionVariables'),
  };
}

/** @throws RequestError 400 */
export function parseCloseRequest(body: string): { readonly queryId: string } {
  const queryId = textOf(parseObject(body), 'queryId');
  if (queryId === null) throw invalid('the member "queryId" is missing');
  return { queryId };
}

/** @throws RequestError 400 */
export function parseInsertsRequest(line: string): InsertsRequest {
  const request = parseObject(line);
  const target = textOf(request, 'target');
  if (target === null) throw invalid('the first line must hold the member "target", a stream or table');
  return { target, properties: scalarsOf(request, 'properties') };
}

/** Numbers that JavaScript would read back otherwise: fractions, exponents, many digits, a negative zero. */
const DELICATE_NUMBER = /\d[.eE]|\d{16}|-0/;

/**
 * One row of `/inserts-stream`. Numbers that lose nothing are plain numbers, others {@link JsonNumber}s.
 *
 * @throws RequestError 400
 */
export function parseInsertRow(line: string): Readonly<Record<string, unknown>> {
  try {
    const row: unknown = DELICATE_NUMBER.test(line) ? parseJsonLossless(line) : JSON.parse(line);
    if (row instanceof Map) return Object.fromEntries(row);
    if (isObject(row)) return row;
  } catch (error) {
    throw invalid(problemOf(error));
  }
  throw invalid('a row must be a JSON object');
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  if (body.trim() === '') throw invalid('the body is empty, a JSON object is expected');
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch (error) {
    throw invalid(problemOf(error));
  }
  if (!isObject(request)) throw invalid('a JSON object is expected');
  return request;
}

function textOf(request: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = request[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw invalid(`the member "${name}" must be a string`);
  return value;
}

function scalarsOf(request: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const value = request[name];
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid(`the member "${name}" must be an object`);
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === 'object' && member !== null) {
      throw invalid(`the member "${key}" of "${name}" must be a string, a number or a boolean`);
    }
  }
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);
}

function problemOf(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof JsonSyntaxError) return error.message;
  throw error;
}

function invalid(problem: string): Error {
  return badRequest(`Invalid JSON in request: ${problem}`);
}
