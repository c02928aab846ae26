import type { QueryHandle } from '../engine/engine.js';
import { StatementError } from '../model/errors.js';
import { RequestError } from './error-response.js';
import { notAcceptable } from './json-response.js';
import { readBody } from './request-body.js';
import { type ResultMediaType, resultFormat } from './result-format.js';
import { printStream, resultStream } from './result-stream.js';
import type { ServerContext, ServerRequest } from './server-context.js';
import { parseStatementRequest } from './wire.js';

/**
 * Runs the one SELECT or PRINT of a request.
 *
 * @param type how rows are written
 * @param printType the content type of PRINT's lines; null where the client's `Accept` does not admit them
 */
export async function resultResponse(
  request: ServerRequest,
  server: ServerContext,
  type: ResultMediaType,
  printType: string | null,
): Promise<Response> {
  refuseHttp10(request);
  const { engine, limits } = server;
  const { text, properties, variables } = parseStatementRequest(await readBody(request, limits.statementBytesMax));
  const query = await engine.query(text, engine.session(properties, variables));
  if (query.kind !== 'print') {
    return new Response(await rowsOf(query, type, text, server), { headers: { 'content-type': type } });
  }
  if (printType === null) {
    await query.close();
    return notAcceptable();
  }
  return new Response(printStream(query, server), { headers: { 'content-type': printType } });
}

/** The rows as a body. @throws StatementError when they cannot be written so; the query is closed then */
async function rowsOf(
  query: QueryHandle,
  type: ResultMediaType,
  text: string,
  server: ServerContext,
): Promise<ReadableStream<Uint8Array>> {
  try {
    return resultStream(query, resultFormat(type, query.kind), server);
  } catch (error) {
    await query.close();
    throw error instanceof StatementError ? error.with({ statementText: text }) : error;
  }
}

/** A stream needs chunks, which HTTP/1.0 has not. @throws RequestError */
export function refuseHttp10(request: ServerRequest): void {
  if (request.env?.incoming?.httpVersion === '1.0') {
    throw new RequestError(400, 40000, 'This endpoint is not available over HTTP/1.0');
  }
}
