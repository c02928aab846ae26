import { acceptsJson, jsonResponse, notAcceptable } from '../json-response.js';
import type { Route } from '../server-context.js';

/** Whether SET may change a property; an error says why not. */
export const isValidPropertyRoute: Route = {
  path: '/is_valid_property/:name',
  methods: ['GET'],
  handle(request, { engine }) {
    if (!acceptsJson(request)) return notAcceptable();
    engine.checkProperty(request.req.param('name')!);
    return jsonResponse(true);
  },
};
