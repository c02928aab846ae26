import { errorReply, errorResponse } from '../error-response.js';
import { acceptsJson, jsonResponse, notAcceptable } from '../json-response.js';
import { readBody } from '../request-body.js';
import type { Route } from '../server-context.js';
import { parseStatementRequest } from '../wire.js';

/** All statements but SELECT and PRINT. GET with a body is what one popular console sends. */
export const ksqlRoute: Route = {
  path: '/ksql',
  methods: ['POST', 'GET'],
  async handle(request, { engine, limits, log }) {
    if (!acceptsJson(request)) return notAcceptable();
    const { text, properties, variables } = parseStatementRequest(await readBody(request, limits.statementBytesMax));
    try {
      return jsonResponse(await engine.execute(text, engine.session(properties, variables)));
    } catch (error) {
      return errorResponse(errorReply(error, log, text));
    }
  },
};
