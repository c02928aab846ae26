import type { Route } from '../server-context.js';
import { closeQueryRoute } from './close-query.js';
import { clusterStatusRoute, heartbeatRoute, lagRoute } from './cluster.js';
import { healthcheckRoute, liveRoute, readyRoute } from './health.js';
import { infoRoute, rootRoute } from './info.js';
import { insertsStreamRoute } from './inserts-stream.js';
import { isValidPropertyRoute } from './is-valid-property.js';
import { ksqlRoute } from './ksql.js';
import { metadataIdRoute, metadataRoute } from './metadata.js';
import { metricsRoute } from './metrics.js';
import { queryRoute } from './query.js';
import { queryStreamRoute } from './query-stream.js';
import { schemaRegistryRoutes } from './schema-registry.js';
import { shardRowsRoute } from './shard-rows.js';
import { statusesRoute, statusRoute } from './status.js';
import { terminateRoute } from './terminate.js';

/** Every endpoint. */
export const ROUTES: readonly Route[] = [
  rootRoute,
  infoRoute,
  healthcheckRoute,
  readyRoute,
  liveRoute,
  metricsRoute,
  ksqlRoute,
  queryRoute,
  queryStreamRoute,
  closeQueryRoute,
  insertsStreamRoute,
  statusesRoute,
  statusRoute,
  isValidPropertyRoute,
  clusterStatusRoute,
  metadataRoute,
  metadataIdRoute,
  terminateRoute,
  heartbeatRoute,
  lagRoute,
  shardRowsRoute,
  ...schemaRegistryRoutes,
];
