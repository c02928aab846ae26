import { InterruptedRequest } from '../engine/engine.js';
import type { Entity } from '../engine/entities.js';
import { RecordError, StatementError, SystemError } from '../model/errors.js';

/** An error of the request that has nothing to do with SQL: a body that is no JSON, a limit, a refused endpoint. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** ksqlDB's error code: the status times 100, plus a sub-code. */
    readonly errorCode: number,
    message: string,
  ) {
    super(message);
  }
}

export function badRequest(message: string): RequestError {
  return new RequestError(400, 40000, message);
}

/** An error as clients read it. Member order is the order of the JSON: some clients compare prefixes. */
export type ErrorBody =
  | { readonly '@type': 'generic_error'; readonly error_code: number; readonly message: string }
  | {
      readonly '@type': 'statement_error';
      readonly error_code: number;
      readonly message: string;
      readonly statementText: string;
      readonly entities: readonly Entity[];
    };

export interface ErrorReply {
  readonly status: number;
  readonly body: ErrorBody;
}

/** Receives what a client is not told: the stack of an unexpected error. */
export type ErrorLog = (error: unknown) => void;

const INTERNAL_ERROR =
  'The server encountered an internal error when processing the query. Please consult the server logs for more information.';

/**
 * Status and body for anything that was thrown: the one place that knows.
 *
 * @param statement the request's text on `/ksql`, whose failures all name a statement; absent elsewhere
 */
export function errorReply(error: unknown, log: ErrorLog, statement?: string): ErrorReply {
  if (error instanceof RequestError) return generic(error.status, error.errorCode, error.message);
  if (error instanceof StatementError) return statementReply(error, statement ?? '');
  if (error instanceof SystemError) {
    if (error.code === 'closed') return generic(503, 50303, 'The server is shutting down');
    if (error.code === 'not-ready') return generic(503, 50302, errorMessage(error));
    if (statement !== undefined) return ofStatement(500, 50000, errorMessage(error), statement);
    return generic(error.retriable ? 503 : 500, 50000, errorMessage(error));
  }
  log(error);
  if (statement !== undefined) return ofStatement(500, 50000, INTERNAL_ERROR, statement);
  return generic(500, 50000, INTERNAL_ERROR);
}

/** The same for a response that has begun: there is no status any more. */
export function inBandError(error: unknown, log: ErrorLog): ErrorBody {
  if (error instanceof StatementError || error instanceof SystemError || error instanceof RecordError) {
    const code = error instanceof StatementError ? 40000 : 50000;
    return { '@type': 'generic_error', error_code: code, message: errorMessage(error) };
  }
  return errorReply(error, log).body;
}

export function errorResponse({ status, body }: ErrorReply): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

/** The message, what to do about it, and the causes that add something, each on a line of its own. */
export function errorMessage(error: StatementError | SystemError | RecordError): string {
  const lines = [isSyntaxError(error) ? syntaxMessage(error) : error.message];
  const hint = error instanceof RecordError ? undefined : error.hint;
  if (hint !== undefined && !isSyntaxError(error)) lines.push(hint);
  for (let cause = error.cause; isOurs(cause); cause = cause.cause) {
    const { message } = cause;
    if (!lines.some((line) => line.includes(message))) lines.push(`Caused by: ${message}`);
  }
  return lines.join('\n');
}

function statementReply(error: StatementError, text: string): ErrorReply {
  const statement = error.statementText ?? text;
  const message = errorMessage(error);
  if (error.code === 'query-endpoint') return ofStatement(400, 40002, message, statement);
  if (error.code === 'assertion-failed') return generic(417, 41700, message);
  if (error.problem === 'engine') return generic(400, 40000, message);
  return ofStatement(400, 40001, message, statement, error instanceof InterruptedRequest ? error.entities : []);
}

function isSyntaxError(error: Error): error is StatementError {
  return error instanceof StatementError && /^line \d+:\d+: Syntax Error\n/.test(error.message);
}

/** ksqlDB's order: the place, the statement, then what was wrong there. */
function syntaxMessage(error: StatementError): string {
  const end = error.message.indexOf('\n');
  return `${error.message.slice(0, end)}\n\nStatement: ${error.statementText ?? ''}\n${error.message.slice(end + 1)}`;
}

function isOurs(error: unknown): error is StatementError | SystemError | RecordError {
  return error instanceof StatementError || error instanceof SystemError || error instanceof RecordError;
}

function generic(status: number, code: number, message: string): ErrorReply {
  return { status, body: { '@type': 'generic_error', error_code: code, message } };
}

function ofStatement(
  status: number,
  code: number,
  message: string,
  statementText: string,
  entities: readonly Entity[] = [],
): ErrorReply {
  return {
    status,
    body: { '@type': 'statement_error', error_code: code, message, statementText, entities },
  };
}
