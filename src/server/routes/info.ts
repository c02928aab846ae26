import { acceptsJson, jsonResponse, notAcceptable } from '../json-response.js';
import type { Route } from '../server-context.js';
import type { InfoBody } from '../wire.js';

/** Who answers here; the start page leads to it. */
export const infoRoute: Route = {
  path: '/info',
  methods: ['GET'],
  handle(request, { engine }) {
    if (!acceptsJson(request)) return notAcceptable();
    const { version, millraceVersion, clusterId, serviceId, status } = engine.info();
    const body: InfoBody = {
      KsqlServerInfo: {
        version,
        kafkaClusterId: clusterId,
        ksqlServiceId: serviceId,
        serverStatus: status,
        millraceVersion,
      },
    };
    return jsonResponse(body);
  },
};

export const rootRoute: Route = {
  path: '/',
  methods: ['GET'],
  handle: () => new Response(null, { status: 307, headers: { location: '/info' } }),
};
