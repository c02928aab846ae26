import { DELIMITED, JSON_TYPE, negotiate } from '../accept.js';
import { RequestError } from '../error-response.js';
import { InsertStream } from '../insert-stream.js';
import { notAcceptable } from '../json-response.js';
import { bodyChunks } from '../request-body.js';
import type { Route } from '../server-context.js';

/** Rows for one stream or table, as lines, each acknowledged while more are on their way. */
export const insertsStreamRoute: Route = {
  path: '/inserts-stream',
  methods: ['POST'],
  async handle(request, server) {
    const version = request.env?.incoming?.httpVersionMajor;
    if (version !== undefined && version < 2) {
      throw new RequestError(400, 40004, 'The /inserts-stream endpoint is only available using HTTP2');
    }
    const type = negotiate(request.req.header('accept'), [DELIMITED, JSON_TYPE]);
    if (type === null) return notAcceptable();
    const inserts = await InsertStream.open(bodyChunks(request), server);
    return new Response(inserts.acknowledgements(type === JSON_TYPE ? 'array' : 'lines'), {
      headers: { 'content-type': type },
    });
  },
};
