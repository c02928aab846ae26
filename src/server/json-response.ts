import { JSON_TYPE, KSQL_V1_JSON, negotiate } from './accept.js';
import type { ServerRequest } from './server-context.js';

/** The answer of an endpoint that is no stream. Its type is `application/json` even when ksqlDB's own was asked for. */
export function jsonResponse(body: unknown): Response {
  return new Response(JSON.stringify(body), { headers: { 'content-type': JSON_TYPE } });
}

/** Whether the client takes JSON; such endpoints have nothing else. */
export function acceptsJson(request: ServerRequest): boolean {
  return negotiate(request.req.header('accept'), [JSON_TYPE, KSQL_V1_JSON]) !== null;
}

/** 406, without a body as ksqlDB answers it. */
export function notAcceptable(): Response {
  return new Response(null, { status: 406 });
}
