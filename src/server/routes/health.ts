import { acceptsJson, jsonResponse, notAcceptable } from '../json-response.js';
import type { Route } from '../server-context.js';
import type { HealthBody } from '../wire.js';

/** The state in words; always 200, the body says whether all is well. */
export const healthcheckRoute: Route = {
  path: '/healthcheck',
  methods: ['GET'],
  async handle(request, { engine }) {
    if (!acceptsJson(request)) return notAcceptable();
    const body: HealthBody = await engine.health();
    return jsonResponse(body);
  },
};

/** Probes of an orchestrator, which look at the status alone. */
export const readyRoute: Route = {
  path: '/chc/ready',
  methods: ['GET'],
  async handle(_, { engine }) {
    const { serverState } = await engine.health();
    return serverState === 'READY' ? jsonResponse({}) : new Response('{}', { status: 503 });
  },
};

export const liveRoute: Route = {
  path: '/chc/live',
  methods: ['GET'],
  handle: () => jsonResponse({}),
};
