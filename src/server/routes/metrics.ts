import { metricsPage } from '../metrics/metrics-page.js';
import { METRICS_TYPE } from '../metrics/metrics-text.js';
import type { Route } from '../server-context.js';

/** Figures for Prometheus, in its text format whatever the client would like best. */
export const metricsRoute: Route = {
  path: '/metrics',
  methods: ['GET'],
  async handle(_, server) {
    return new Response(await metricsPage(server), { headers: { 'content-type': METRICS_TYPE } });
  },
};
