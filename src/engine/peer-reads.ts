import { deserialize, serialize } from 'node:v8';
import type { LookupRow } from '../executor/lookup.js';
import type { QueryPlacement } from '../executor/shard/shard-node.js';
import { SystemError } from '../model/errors.js';
import type { SqlValue } from '../model/value.js';

/** Where nodes ask each other for rows of their shards. */
export const SHARD_ROWS_PATH = '/millrace/shard-rows';

/** What one node asks of another: a pull query over these shards alone. */
export interface ShardRowsRequest {
  readonly sql: string;
  /** Query properties by full name. */
  readonly properties: Readonly<Record<string, string>>;
  readonly queryId: string;
  readonly shards: readonly number[];
}

/** A node has so long to begin its answer; ksqlDB's forwarding time-out. */
const ANSWER_MS = 20_000;
const FRAME_HEADER_BYTES = 4;
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

type Frame =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly [values: readonly SqlValue[], timestamp: number])[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly message: string };

/** Rows as bytes for another node: every value as exact as it is here. */
export async function* encodeShardRows(batches: AsyncIterable<readonly LookupRow[]>): AsyncIterable<Uint8Array> {
  try {
    for await (const rows of batches) {
      yield encodeFrame({ kind: 'rows', rows: rows.map(({ values, timestamp }) => [values, timestamp]) });
    }
    yield encodeFrame({ kind: 'end' });
  } catch (error) {
    yield encodeFrame({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

/**
 * Asks the nodes that own the other shards of a query. Every node has begun to answer when this resolves.
 * @throws SystemError `shard-unavailable` when a shard is nowhere to be read now, or its node does not answer
 */
export async function readPeers(
  placement: QueryPlacement,
  request: Omit<ShardRowsRequest, 'shards'>,
  signal: AbortSignal,
): Promise<readonly AsyncIterable<readonly LookupRow[]>[]> {
  const nowhere = placement.missing.map((index) => shardProblem(index, 'it is being restored, or nobody has it yet'));
  for (const { node, url, shards } of placement.others) {
    if (url !== null) continue;
    for (const index of shards) nowhere.push(shardProblem(index, `node ${node} has not said where it answers`));
  }
  if (nowhere.length > 0) throw unavailable(nowhere);
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  try {
    return await Promise.all(placement.others.map(({ url, shards }) => readPeer(url!, { ...request, shards }, either)));
  } catch (error) {
    failed.abort();
    throw error;
  }
}

async function readPeer(
  url: string,
  request: ShardRowsRequest,
  signal: AbortSignal,
): Promise<AsyncIterable<readonly LookupRow[]>> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  let response: Response;
  try {
    response = await fetch(new URL(SHARD_ROWS_PATH, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.any([signal, late.signal]),
    });
  } catch (error) {
    throw unavailable(request.shards.map((index) => shardProblem(index, `${url} does not answer: ${causeOf(error)}`)));
  } finally {
    clearTimeout(timer);
  }
  if (response.status !== 200 || response.body === null) {
    const text = await response.text();
    throw unavailable(request.shards.map((index) => shardProblem(index, `${url} answers ${messageOf(text)}`)));
  }
  return decodeShardRows(response.body, url);
}

/** The rows that another node sends. @throws SystemError `shard-unavailable` when it breaks off */
export async function* decodeShardRows(
  body: AsyncIterable<Uint8Array>,
  url: string,
): AsyncIterable<readonly LookupRow[]> {
  let waiting = Buffer.alloc(0);
  try {
    for await (const chunk of body) {
      waiting = waiting.length === 0 ? Buffer.from(chunk) : Buffer.concat([waiting, chunk]);
      while (waiting.length >= FRAME_HEADER_BYTES) {
        const length = waiting.readUInt32BE(0);
        if (length > FRAME_BYTES_MAX) throw new Error('a frame is too large');
        if (waiting.length < FRAME_HEADER_BYTES + length) break;
        const frame = deserialize(waiting.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length)) as Frame;
        waiting = waiting.subarray(FRAME_HEADER_BYTES + length);
        if (frame.kind === 'end') return;
        if (frame.kind === 'failed') throw new Error(frame.message);
        yield frame.rows.map(([values, timestamp]) => ({ values: values.map(asSqlValue), timestamp }));
      }
    }
  } catch (error) {
    throw brokenOff(url, causeOf(error), error);
  }
  throw brokenOff(url, 'the answer has no end');
}

function encodeFrame(frame: Frame): Buffer {
  const bytes = serialize(frame);
  const framed = Buffer.allocUnsafe(FRAME_HEADER_BYTES + bytes.length);
  framed.writeUInt32BE(bytes.length, 0);
  bytes.copy(framed, FRAME_HEADER_BYTES);
  return framed;
}

/** Bytes are Buffers again. */
function asSqlValue(value: SqlValue): SqlValue {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(asSqlValue);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [asSqlValue(k), asSqlValue(v)]));
  return value;
}

function shardProblem(index: number, why: string): string {
  return `Shard ${index} failed to find valid host: ${why}.`;
}

export function unavailable(problems: readonly string[]): SystemError {
  return new SystemError(`Unable to execute pull query. [${problems.join(' ')}]`, {
    code: 'shard-unavailable',
    retriable: true,
    hint: 'its shards go to another node when the session of the lost one is over: try again',
  });
}

function brokenOff(url: string, why: string, cause?: unknown): SystemError {
  return new SystemError(`the answer of ${url} broke off: ${why}`, {
    code: 'shard-unavailable',
    retriable: true,
    cause,
  });
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    // The lines after it are for people at that node.
    return String(message ?? text).split('\n')[0]!;
  } catch {
    return text.slice(0, 200);
  }
}
