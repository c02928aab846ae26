import { RequestError } from '../error-response.js';
import { acceptsJson, jsonResponse, notAcceptable } from '../json-response.js';
import type { Route } from '../server-context.js';
import type { CommandStatusesBody } from '../wire.js';

/** What became of every command that this process has run. */
export const statusesRoute: Route = {
  path: '/status',
  methods: ['GET'],
  handle(request, { engine }) {
    if (!acceptsJson(request)) return notAcceptable();
    const statuses = [...engine.commandStatuses()].map(([id, { status }]) => [id, status] as const);
    const body: CommandStatusesBody = { commandStatuses: Object.fromEntries(statuses) };
    return jsonResponse(body);
  },
};

/** The same for one command: its id is the path. */
export const statusRoute: Route = {
  path: '/status/:type/:entity/:action',
  methods: ['GET'],
  handle(request, { engine }) {
    if (!acceptsJson(request)) return notAcceptable();
    const { type, entity, action } = request.req.param();
    const status = engine.commandStatuses().get(`${type}/${entity}/${action}`);
    if (status === undefined) throw new RequestError(404, 40400, 'Command not found');
    return jsonResponse(status);
  },
};
