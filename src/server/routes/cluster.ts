import { acceptsJson, jsonResponse, notAcceptable } from '../json-response.js';
import type { Route } from '../server-context.js';
import type { ClusterStatusBody } from '../wire.js';

/** The nodes of the cluster: the one that answers, under the address it was asked at. */
export const clusterStatusRoute: Route = {
  path: '/clusterStatus',
  methods: ['GET'],
  handle(request, { clock }) {
    if (!acceptsJson(request)) return notAcceptable();
    const body: ClusterStatusBody = {
      clusterStatus: {
        [new URL(request.req.url).host]: {
          hostAlive: true,
          lastStatusUpdateMs: clock.now(),
          activeStandbyPerQuery: {},
          hostStoreLags: { stateStoreLags: {}, updateTimeMs: 0 },
        },
      },
    };
    return jsonResponse(body);
  },
};

/** What ksqlDB's nodes tell each other; absent, as in ksqlDB with heartbeats off. */
export const heartbeatRoute: Route = {
  path: '/heartbeat',
  methods: ['POST'],
  handle: () => new Response(null, { status: 404 }),
};

export const lagRoute: Route = {
  path: '/lag',
  methods: ['POST'],
  handle: () => new Response(null, { status: 404 }),
};
