import { describe, expect, it } from 'vitest';
import type { QueryEnd, QueryHandle, ResultRow } from '../../../src/engine/engine.js';
import { RecordError, StatementError, SystemError } from '../../../src/model/errors.js';
import { BIGINT, STRING } from '../../../src/model/sql-type.js';
import { systemClock } from '../../../src/model/time.js';
import type { SqlValue } from '../../../src/model/value.js';
import { DELIMITED, JSON_TYPE, KSQL_V1_JSON, KSQL_V1_PROTOBUF } from '../../../src/server/accept.js';
import { ServerFigures } from '../../../src/server/metrics/server-figures.js';
import { OpenStreams } from '../../../src/server/open-streams.js';
import { type ResultFormat, type ResultMediaType, resultFormat } from '../../../src/server/result-format.js';
import { resultStream } from '../../../src/server/result-stream.js';
import { DEFAULT_LIMITS, type ServerContext } from '../../../src/server/server-context.js';

function row(id: string | null, n: number | null, tombstone = false): ResultRow {
  return { values: [id, n], tombstone, rowtime: 0 };
}

interface Script {
  readonly kind?: 'push' | 'pull';
  readonly batches?: readonly (readonly ResultRow[])[];
  readonly end?: QueryEnd;
  readonly announces?: boolean;
  readonly failure?: Error;
  /** Name of the second column. */
  readonly second?: string;
}

class ScriptedQuery implements QueryHandle {
  readonly queryId = 'q1';
  readonly kind: 'push' | 'pull';
  readonly columns: QueryHandle['columns'];
  readonly announcesCompletion: boolean;
  readonly batches: AsyncIterable<readonly ResultRow[]>;
  end: QueryEnd | null = null;
  taken = 0;
  closed = 0;

  constructor(script: Script) {
    this.kind = script.kind ?? 'push';
    this.columns = [
      { name: 'ID', type: STRING, isKey: true },
      { name: script.second ?? 'a`b', type: BIGINT, isKey: false },
    ];
    this.announcesCompletion = script.announces ?? true;
    this.batches = this.#run(script);
  }

  async close(): Promise<void> {
    this.closed++;
  }

  async *#run({ batches = [], end = 'completed', failure }: Script): AsyncGenerator<readonly ResultRow[]> {
    for (const batch of batches) {
      this.taken++;
      yield batch;
    }
    this.end = end;
    if (failure !== undefined) throw failure;
  }
}

function context(streams = new OpenStreams()): ServerContext {
  const figures = new ServerFigures();
  return { engine: null as never, limits: DEFAULT_LIMITS, clock: systemClock, log: () => {}, streams, figures };
}

async function chunksOf(query: QueryHandle, type: ResultMediaType, server = context()): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of resultStream(query, resultFormat(type, query.kind), server))
    chunks.push(`${Buffer.from(chunk)}`);
  return chunks;
}

const ROWS = [[row('a', 1), row('b', 2)], [row('c', null, true)], [row('d', 4)]];
const HEADER = '{"queryId":"q1","columnNames":["ID","a`b"],"columnTypes":["STRING","BIGINT"]}';

describe('resultStream', () => {
  it('writes lines; a chunk a row for a push query, no tombstones', async () => {
    expect(await chunksOf(new ScriptedQuery({ batches: ROWS }), DELIMITED)).toEqual([
      `${HEADER}\n`,
      '["a",1]\n',
      '["b",2]\n',
      '["d",4]\n',
    ]);
  });

  it('writes a chunk a batch for a pull query', async () => {
    expect(await chunksOf(new ScriptedQuery({ kind: 'pull', batches: ROWS }), DELIMITED)).toEqual([
      `${HEADER}\n`,
      '["a",1]\n["b",2]\n',
      '["d",4]\n',
    ]);
  });

  it('writes an array', async () => {
    const text = (await chunksOf(new ScriptedQuery({ batches: ROWS }), JSON_TYPE)).join('');
    expect(text).toBe(`[${HEADER},["a",1],["b",2],["d",4]]`);
    expect((await chunksOf(new ScriptedQuery({}), JSON_TYPE)).join('')).toBe(`[${HEADER}]`);
  });

  const first = '[{"header":{"queryId":"q1","schema":"`ID` STRING KEY, `a``b` BIGINT KEY"}}'.replace(
    'BIGINT KEY',
    'BIGINT',
  );

  it('writes an object a line, each whole as soon as it is there', async () => {
    expect(await chunksOf(new ScriptedQuery({ batches: ROWS, end: 'limit' }), KSQL_V1_JSON)).toEqual([
      `${first},\n`,
      '{"row":{"columns":["a",1]}},\n',
      '{"row":{"columns":["b",2]}},\n',
      '{"row":{"columns":["c",null],"tombstone":true}},\n',
      '{"row":{"columns":["d",4]}},\n',
      '{"finalMessage":"Limit Reached"}]',
    ]);
  });

  it.each<[Script, string]>([
    [{ kind: 'pull', announces: false }, `${first}]`],
    [{ kind: 'pull', announces: false, batches: [[row('a', 1)]] }, `${first},\n{"row":{"columns":["a",1]}}]`],
    [{ kind: 'pull' }, `${first},\n{"finalMessage":"Query Completed"}]`],
    [{ end: 'completed' }, `${first},\n{"finalMessage":"Query Completed"}]`],
    [{ end: 'closed' }, `${first},\n{"finalMessage":"Query Terminated"}]`],
  ])('closes %o', async (script, text) => {
    expect((await chunksOf(new ScriptedQuery(script), KSQL_V1_JSON)).join('')).toBe(text);
    expect(() => JSON.parse(text)).not.toThrow();
  });

  const proto = first
    .replace(
      /\}\}$/,
      ',"protoSchema":"syntax = \\"proto3\\";\\n\\nmessage ConnectDefault1 {\\n  string ID = 1;\\n  int64 N = 2;\\n}\\n"}}',
    )
    .replace('a``b', 'N');

  it('writes messages in the place of values', async () => {
    const script = { batches: ROWS, end: 'limit', second: 'N' } as const;
    expect(await chunksOf(new ScriptedQuery(script), KSQL_V1_PROTOBUF)).toEqual([
      `${proto},\n`,
      '{"row":{"protobufBytes":"CgFhEAE="}},\n',
      '{"row":{"protobufBytes":"CgFiEAI="}},\n',
      '{"row":{"protobufBytes":"CgFj","tombstone":true}},\n',
      '{"row":{"protobufBytes":"CgFkEAQ="}},\n',
      '{"finalMessage":"Limit Reached"}]',
    ]);
    expect(await chunksOf(new ScriptedQuery({ ...script, kind: 'pull' }), KSQL_V1_PROTOBUF)).toEqual([
      proto,
      ',\n{"row":{"protobufBytes":"CgFhEAE="}},\n{"row":{"protobufBytes":"CgFiEAI="}}',
      ',\n{"row":{"protobufBytes":"CgFj","tombstone":true}}',
      ',\n{"row":{"protobufBytes":"CgFkEAQ="}}',
      ',\n{"finalMessage":"Limit Reached"}]',
    ]);
  });

  it('does not begin where a format cannot carry the columns', () => {
    const query = new ScriptedQuery({});
    expect(() => resultStream(query, resultFormat(KSQL_V1_PROTOBUF, 'push'), context())).toThrow(StatementError);
    expect(query.taken).toBe(0);
  });

  const error = '{"@type":"generic_error","error_code":50000,"message":"disk full"}';

  it.each<[ResultMediaType, 'push' | 'pull', string]>([
    [DELIMITED, 'push', `${HEADER}\n["a",1]\n${error}\n`],
    [JSON_TYPE, 'push', `[${HEADER},["a",1],${error}]`],
    [KSQL_V1_JSON, 'push', `${first},\n{"row":{"columns":["a",1]}},\n{"errorMessage":${error}}]`],
    [KSQL_V1_JSON, 'pull', `${first},\n{"row":{"columns":["a",1]}},\n{"errorMessage":${error}}]`],
    [KSQL_V1_PROTOBUF, 'push', `${proto},\n{"row":{"protobufBytes":"CgFhEAE="}},\n{"errorMessage":${error}}]`],
    [KSQL_V1_PROTOBUF, 'pull', `${proto},\n{"row":{"protobufBytes":"CgFhEAE="}},\n{"errorMessage":${error}}]`],
  ])('reports a failure in %s of a %s query', async (type, kind, text) => {
    const second = type === KSQL_V1_PROTOBUF ? 'N' : 'a`b';
    const query = new ScriptedQuery({ kind, batches: [[row('a', 1)]], failure: new SystemError('disk full'), second });
    expect((await chunksOf(query, type)).join('')).toBe(text);
  });

  it.each(['push', 'pull'] as const)('ends a %s query at a row that cannot be written', async (kind) => {
    const batches = [[row('a', 1)], [row('b', 2)], [row('c', 3)]];
    const query = new ScriptedQuery({ kind, batches });
    const json = resultFormat(KSQL_V1_JSON, kind);
    const write = (values: readonly SqlValue[]): string => {
      if (values[1] === 2) throw new RecordError('serialization', 'no such number');
      return `"columns":["${values[0]}"]`;
    };
    const format: ResultFormat = { ...json, prepare: (q) => ({ ...json.prepare(q), write }) };
    const streams = new OpenStreams();
    let text = '';
    for await (const chunk of resultStream(query, format, context(streams))) text += Buffer.from(chunk);
    expect(text).toContain('["a"]');
    expect(text).toMatch(/"error_code":50000,"message":"no such number"\}\}\]$/);
    await expect.poll(() => [query.closed, query.taken, streams.size]).toEqual([1, 2, 0]);
  });

  it('takes a batch only when the client has room for it', async () => {
    const query = new ScriptedQuery({ kind: 'pull', batches: Array.from({ length: 50 }, () => [row('a', 1)]) });
    const reader = resultStream(query, resultFormat(DELIMITED, 'pull'), context()).getReader();
    await reader.read();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(query.taken).toBeLessThan(5);
  });

  it('closes the query when the client leaves, and is known to the server until then', async () => {
    const streams = new OpenStreams();
    const query = new ScriptedQuery({ batches: ROWS });
    const reader = resultStream(query, resultFormat(DELIMITED, 'push'), context(streams)).getReader();
    await reader.read();
    expect(streams.size).toBe(1);
    await reader.cancel();
    expect([query.closed, streams.size]).toEqual([1, 0]);
  });
});
