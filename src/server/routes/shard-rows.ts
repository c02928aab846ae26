import { SHARD_ROWS_PATH, type ShardRowsRequest } from '../../engine/peer-reads.js';
import { badRequest } from '../error-response.js';
import { readBody } from '../request-body.js';
import type { Route } from '../server-context.js';

/** Rows of this node's shards, for other nodes of the service. */
export const shardRowsRoute: Route = {
  path: SHARD_ROWS_PATH,
  methods: ['POST'],
  async handle(request, { engine, limits }) {
    const rows = await engine.shardRows(readRequest(await readBody(request, limits.statementBytesMax)));
    return new Response(ReadableStream.from(rows) as ReadableStream<Uint8Array>, {
      headers: { 'content-type': 'application/octet-stream' },
    });
  },
};

/** @throws RequestError */
function readRequest(body: string): ShardRowsRequest {
  let value: Partial<Record<keyof ShardRowsRequest, unknown>> | null;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw badRequest(`Invalid JSON in request: ${(error as Error).message}`);
  }
  const { sql, queryId, shards, properties } = value ?? {};
  if (typeof sql !== 'string' || typeof queryId !== 'string' || !isRecordOfTexts(properties) || !isNumbers(shards)) {
    throw badRequest('A request for rows of shards has sql, queryId, shards and properties');
  }
  return { sql, queryId, shards, properties };
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isInteger(item));
}

function isRecordOfTexts(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((item) => typeof item === 'string');
}
