import { badRequest } from '../error-response.js';
import { readBody } from '../request-body.js';
import type { Route } from '../server-context.js';
import { parseCloseRequest } from '../wire.js';

/** Ends a push query that was started on this server. */
export const closeQueryRoute: Route = {
  path: '/close-query',
  methods: ['POST'],
  async handle(request, { engine, limits }) {
    const { queryId } = parseCloseRequest(await readBody(request, limits.statementBytesMax));
    if (!(await engine.closeQuery(queryId))) throw badRequest(`No query with id ${queryId}`);
    return new Response(null);
  },
};
