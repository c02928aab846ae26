import { DELIMITED, JSON_TYPE, KSQL_V1_JSON, KSQL_V1_PROTOBUF, negotiate } from '../accept.js';
import { notAcceptable } from '../json-response.js';
import { resultResponse } from '../query-response.js';
import type { Route } from '../server-context.js';

/** The older endpoint for one SELECT or PRINT: rows as objects that say what they are. */
export const queryRoute: Route = {
  path: '/query',
  methods: ['POST', 'GET'],
  async handle(request, server) {
    const type = negotiate(request.req.header('accept'), [KSQL_V1_JSON, JSON_TYPE, DELIMITED, KSQL_V1_PROTOBUF]);
    if (type === null) return notAcceptable();
    if (type === KSQL_V1_PROTOBUF) return resultResponse(request, server, type, null);
    return resultResponse(request, server, type === DELIMITED ? DELIMITED : KSQL_V1_JSON, JSON_TYPE);
  },
};
