import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  decodeShardRows,
  encodeShardRows,
  readPeers,
  SHARD_ROWS_PATH,
  type ShardRowsRequest,
} from '../../../src/engine/peer-reads.js';
import type { LookupRow } from '../../../src/executor/lookup.js';
import type { QueryPlacement } from '../../../src/executor/shard/shard-node.js';
import { SystemError } from '../../../src/model/errors.js';
import { rowsOf, sqlTypes } from '../../support/sql-values.js';

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** What was encoded, as the network may cut it. */
async function encoded(
  batches: readonly (readonly LookupRow[])[],
  pieceBytes = Number.POSITIVE_INFINITY,
): Promise<Buffer[]> {
  const bytes = Buffer.concat(await collect(encodeShardRows(each(batches))));
  if (pieceBytes >= bytes.length) return [bytes];
  return Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
    bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
  );
}

const decoded = (pieces: readonly Uint8Array[]) => collect(decodeShardRows(each(pieces), 'http://b'));
const BROKEN_OFF = {
  name: 'SystemError',
  code: 'shard-unavailable',
  retriable: true,
  message: expect.stringContaining('http://b'),
};

describe('rows from node to node', () => {
  it('are the same there as here', async () => {
    const values = [
      null,
      true,
      -0,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      2n ** 63n - 1n,
      -5n,
      'ü\ud800',
      Buffer.from([0, 255]),
      [1, null, [Buffer.from('x')]],
      new Map<string, never>([['a', [new Map([[1, Number.NaN]])] as never]]),
    ];
    const row = { values, timestamp: 1_700_000_000_000 };
    const [[found]] = (await decoded(await encoded([[row]]))) as [[LookupRow]];
    expect(found).toStrictEqual(row);
    expect(Object.is(found.values[2], -0)).toBe(true);
    expect(Buffer.isBuffer(found.values[8])).toBe(true);
  });

  it('are the same for any values, however the network cuts them', async () => {
    const batches = fc.array(sqlTypes(), { minLength: 1, maxLength: 4 }).chain((types) =>
      fc.array(
        fc.array(fc.record({ values: rowsOf(types), timestamp: fc.maxSafeInteger() }, { noNullPrototype: true }), {
          maxLength: 4,
        }),
        {
          maxLength: 3,
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 1, max: 50 }), async (rows, pieceBytes) => {
        expect(await decoded(await encoded(rows, pieceBytes))).toStrictEqual(rows);
      }),
      { numRuns: 60 },
    );
  });

  it('that break off anywhere are an error, and never a shorter answer', async () => {
    const [bytes] = await encoded([[{ values: ['a'], timestamp: 1 }], [{ values: ['b'], timestamp: 2 }]]);
    for (let length = 0; length < bytes!.length; length++) {
      await expect(decoded([bytes!.subarray(0, length)])).rejects.toMatchObject(BROKEN_OFF);
    }
    expect(await decoded([bytes!])).toHaveLength(2);
  });

  it('pass on why the other node could not go on', async () => {
    async function* failing(): AsyncIterable<readonly LookupRow[]> {
      yield [{ values: [1], timestamp: 0 }];
      throw new SystemError('the disk is gone', { code: 'io-error' });
    }
    const pieces = await collect(encodeShardRows(failing()));
    const rows = decodeShardRows(each(pieces), 'http://b')[Symbol.asyncIterator]();
    expect((await rows.next()).value).toHaveLength(1);
    await expect(rows.next()).rejects.toMatchObject({
      ...BROKEN_OFF,
      message: expect.stringContaining('the disk is gone'),
    });
  });

  it.each([
    ['a frame of any size', Buffer.from([0xff, 0xff, 0xff, 0xff, 0])],
    ['what is no frame', Buffer.from([0, 0, 0, 3, 1, 2, 3])],
    ['a web page', Buffer.from('<html><body>not found</body></html>')],
  ])('are not %s', async (_, bytes) => {
    await expect(decoded([bytes])).rejects.toMatchObject(BROKEN_OFF);
  });

  it('end with an error when the connection does', async () => {
    async function* breaking(): AsyncIterable<Uint8Array> {
      yield (await encoded([[{ values: [1], timestamp: 0 }]]))[0]!.subarray(0, 10);
      throw new TypeError('terminated');
    }
    await expect(collect(decodeShardRows(breaking(), 'http://b'))).rejects.toMatchObject(BROKEN_OFF);
  });
});

describe('asking the other nodes', () => {
  let servers: Server[];
  const REQUEST = { sql: 'SELECT * FROM T;', properties: { a: 'b' }, queryId: 'Q' };

  beforeEach(() => {
    servers = [];
  });
  afterEach(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function node(
    answer: (request: ShardRowsRequest, response: ServerResponse, raw: IncomingMessage) => void,
  ): Promise<string> {
    const server = createServer(async (raw, response) => {
      const body = Buffer.concat(await collect(raw as AsyncIterable<Buffer>)).toString();
      answer(JSON.parse(body), response, raw);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const placement = (...urls: readonly (string | null)[]): QueryPlacement => ({
    others: urls.map((url, i) => ({ node: `n${i}`, url, shards: [2 * i, 2 * i + 1] })),
    missing: [],
    shards: urls.length,
  });
  const ask = (where: QueryPlacement, signal = new AbortController().signal) => readPeers(where, REQUEST, signal);

  it('sends each its shards, and gives what they answer', async () => {
    const heard: unknown[] = [];
    const urls = await Promise.all(
      ['a', 'b'].map((name) =>
        node(async (request, response, { method, url, headers }) => {
          heard.push([method, url, headers['content-type'], request]);
          response.end((await encoded([[{ values: [name], timestamp: 0 }]]))[0]);
        }),
      ),
    );
    const peers = await ask(placement(...urls));
    const rows = await Promise.all(peers.map(collect));
    expect(rows).toEqual([[[{ values: ['a'], timestamp: 0 }]], [[{ values: ['b'], timestamp: 0 }]]]);
    const sent = (shards: number[]) => ['POST', SHARD_ROWS_PATH, 'application/json', { ...REQUEST, shards }];
    expect(heard).toHaveLength(2);
    expect(heard).toEqual(expect.arrayContaining([sent([0, 1]), sent([2, 3])]));
  });

  it('asks nobody when a shard is nowhere', async () => {
    let asked = 0;
    const url = await node((_, response) => {
      asked++;
      response.end();
    });
    const error = { code: 'shard-unavailable', retriable: true };
    await expect(ask({ ...placement(url), missing: [7] })).rejects.toMatchObject({
      ...error,
      message: expect.stringContaining('Shard 7 failed to find valid host'),
    });
    await expect(ask(placement(url, null))).rejects.toMatchObject({ ...error, message: expect.stringContaining('n1') });
    expect(asked).toBe(0);
  });

  it('says which shards cannot be read when a node does not answer', async () => {
    const gone = await node(() => {});
    const server = servers.pop()!;
    server.close();
    await once(server, 'close');
    await expect(ask(placement(gone))).rejects.toMatchObject({
      code: 'shard-unavailable',
      message: expect.stringMatching(/Shard 0 .*ECONNREFUSED.*Shard 1 /),
    });
  });

  it('says what a node that refuses has to say', async () => {
    const url = await node((_, response) => {
      response.statusCode = 503;
      response.end(JSON.stringify({ error_code: 50300, message: 'Shard 0 cannot be read here now.\ntry again' }));
    });
    await expect(ask(placement(url))).rejects.toMatchObject({
      code: 'shard-unavailable',
      message: expect.stringMatching(/Shard 0 .* answers Shard 0 cannot be read here now\.\. Shard 1 [^\n]*$/),
    });
  });

  it('lets go of the others when one fails', async () => {
    let closed = false;
    const slow = await node((_, response) => {
      response.on('close', () => {
        closed = true;
      });
      response.write('x');
    });
    const refusing = await node((_, response) => {
      setTimeout(() => {
        response.statusCode = 500;
        response.end('no');
      }, 50);
    });
    await expect(ask(placement(slow, refusing))).rejects.toMatchObject({ code: 'shard-unavailable' });
    await expect.poll(() => closed).toBe(true);
  });

  it('ends when the query does', async () => {
    const abort = new AbortController();
    const url = await node(async (_, response) => {
      response.write((await encoded([[{ values: [1], timestamp: 0 }]]))[0]!.subarray(0, 30));
    });
    const [rows] = await ask(placement(url), abort.signal);
    const reading = collect(rows!);
    abort.abort();
    await expect(reading).rejects.toThrow();
  });
});
