import type { Engine } from '../../engine/engine.js';
import { acceptsJson, jsonResponse, notAcceptable } from '../json-response.js';
import type { Route } from '../server-context.js';
import type { ClusterIdBody, MetadataBody } from '../wire.js';

/** Version and identity, for tools that manage many clusters. */
export const metadataRoute: Route = {
  path: '/v1/metadata',
  methods: ['GET'],
  handle(request, { engine }) {
    if (!acceptsJson(request)) return notAcceptable();
    const body: MetadataBody = { version: engine.info().version, clusterId: clusterIdOf(engine) };
    return jsonResponse(body);
  },
};

export const metadataIdRoute: Route = {
  path: '/v1/metadata/id',
  methods: ['GET'],
  handle(request, { engine }) {
    return acceptsJson(request) ? jsonResponse(clusterIdOf(engine)) : notAcceptable();
  },
};

function clusterIdOf(engine: Engine): ClusterIdBody {
  const { clusterId, serviceId } = engine.info();
  return { id: '', scope: { path: [], clusters: { 'kafka-cluster': clusterId, 'ksql-cluster': serviceId } } };
}
