import { RequestError } from '../error-response.js';
import type { Route } from '../server-context.js';

/** Ending the whole installation and deleting its topics by pattern: not offered. */
export const terminateRoute: Route = {
  path: '/ksql/terminate',
  methods: ['POST'],
  handle: () => {
    throw new RequestError(
      501,
      50100,
      'Terminating the cluster is not supported.\nTERMINATE ALL; ends all queries, DROP STREAM and DROP TABLE with DELETE TOPIC remove what they wrote.',
    );
  },
};
