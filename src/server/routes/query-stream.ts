import { DELIMITED, JSON_TYPE, KSQL_V1_JSON, KSQL_V1_PROTOBUF, negotiate } from '../accept.js';
import { notAcceptable } from '../json-response.js';
import { resultResponse } from '../query-response.js';
import type { Route } from '../server-context.js';

/** One SELECT or PRINT; rows as lines unless the client asks for an array. */
export const queryStreamRoute: Route = {
  path: '/query-stream',
  methods: ['POST', 'GET'],
  async handle(request, server) {
    const type = negotiate(request.req.header('accept'), [DELIMITED, JSON_TYPE, KSQL_V1_JSON, KSQL_V1_PROTOBUF]);
    if (type === null) return notAcceptable();
    return resultResponse(request, server, type, type === DELIMITED ? 'text/plain; charset=utf-8' : null);
  },
};
