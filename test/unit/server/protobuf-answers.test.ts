import protobuf from 'protobufjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MillraceEngine } from '../../../src/engine/millrace-engine.js';
import { DELIMITED, JSON_TYPE, KSQL_V1_JSON, KSQL_V1_PROTOBUF } from '../../../src/server/accept.js';
import { createApp } from '../../../src/server/app.js';
import { open } from '../engine/engine-fixture.js';

let engine: MillraceEngine;
let post: (path: string, sql: string, accept: string) => Promise<Response>;

beforeEach(async () => {
  engine = await open();
  const app = createApp(engine, { log: () => {} });
  post = async (path, sql, accept) => {
    const body = JSON.stringify({ sql, properties: { 'auto.offset.reset': 'earliest' } });
    return app.fetch(new Request(`http://localhost${path}`, { method: 'POST', headers: { accept }, body }));
  };
  await engine.execute(`
    CREATE TABLE T (ID INT PRIMARY KEY, N BIGINT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE TABLE Q AS SELECT * FROM T;
    CREATE STREAM S (A ARRAY<INT>) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);`);
});

interface Row {
  readonly row: { readonly protobufBytes: string; readonly tombstone?: true };
}

/** The rows of an answer, decoded by its own schema. */
function decoded(answer: readonly Record<string, unknown>[]): unknown[] {
  const { protoSchema } = answer[0]!['header'] as { protoSchema: string };
  const message = protobuf.parse(protoSchema, { keepCase: true }).root.lookupType('ConnectDefault1');
  return answer
    .filter((element) => 'row' in element)
    .map((element) => {
      const bytes = Buffer.from((element as unknown as Row).row.protobufBytes, 'base64');
      return message.toObject(message.decode(bytes), { longs: String, arrays: true });
    });
}

describe.each(['/query', '/query-stream'])('Protobuf messages from %s', (path) => {
  it('answer a pull query', async () => {
    await engine.insert('T', [
      { ID: 1, N: 5 },
      { ID: 2, N: null },
    ]);
    await engine.drain();
    const response = await post(path, 'SELECT N, ID FROM Q;', KSQL_V1_PROTOBUF);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(KSQL_V1_PROTOBUF);
    const answer = (await response.json()) as Record<string, unknown>[];
    expect(answer[0]).toEqual({
      header: {
        queryId: expect.any(String),
        schema: '`N` BIGINT, `ID` INTEGER KEY',
        protoSchema: 'syntax = "proto3";\n\nmessage ConnectDefault1 {\n  int64 N = 1;\n  int32 ID = 2;\n}\n',
      },
    });
    expect(decoded(answer)).toEqual([{ N: '5', ID: 1 }, { ID: 2 }]);
    expect(answer).toHaveLength(3);
  });

  it('answer a push query, with deleted rows and the closing words', async () => {
    await engine.insert('T', [{ ID: 1, N: 5 }]);
    await engine.execute(
      "CREATE STREAM RAW (ID INT KEY) WITH (KAFKA_TOPIC='t', KEY_FORMAT='KAFKA', VALUE_FORMAT='NONE');",
    );
    await engine.insert('RAW', [{ ID: 1 }]);
    await engine.drain();
    const response = await post(path, 'SELECT * FROM Q EMIT CHANGES LIMIT 2;', KSQL_V1_PROTOBUF);
    const answer = (await response.json()) as Record<string, unknown>[];
    expect(decoded(answer)).toEqual([{ ID: 1, N: '5' }, { ID: 1 }]);
    expect(answer.slice(1)).toEqual([
      { row: { protobufBytes: expect.any(String) } },
      { row: { protobufBytes: expect.any(String), tombstone: true } },
      { finalMessage: 'Limit Reached' },
    ]);
  });

  it('are not begun when they cannot carry the columns, and leave no query behind', async () => {
    const sql = 'SELECT A AS `a b` FROM S EMIT CHANGES;';
    const response = await post(path, sql, KSQL_V1_PROTOBUF);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      '@type': 'statement_error',
      error_code: 40001,
      message: expect.stringContaining('PROTOBUF format does not support the name `a b`'),
      statementText: sql,
    });
    expect((await engine.statistics()).pushQueries).toBe(0);
  });

  it('end with an error at a row that has none, and so does the query', async () => {
    await engine.insert('S', [{ A: [1, null] }]);
    const response = await post(path, 'SELECT * FROM S EMIT CHANGES;', KSQL_V1_PROTOBUF);
    const answer = (await response.json()) as Record<string, unknown>[];
    expect(answer.slice(1)).toEqual([
      { errorMessage: { '@type': 'generic_error', error_code: 50000, message: expect.stringContaining('$.A[1]') } },
    ]);
    await expect.poll(async () => (await engine.statistics()).pushQueries).toBe(0);
  });

  it('are one choice among others', async () => {
    const typeFor = async (accept: string) =>
      (await post(path, 'SELECT * FROM Q;', accept)).headers.get('content-type');
    expect(await typeFor(`${KSQL_V1_JSON};q=0.1, ${KSQL_V1_PROTOBUF};q=0.5`)).toBe(KSQL_V1_PROTOBUF);
    expect(await typeFor(`${KSQL_V1_JSON}, ${KSQL_V1_PROTOBUF};q=0.5`)).toBe(KSQL_V1_JSON);
    expect(await typeFor('application/*;q=0.5, application/vnd.ksql.v1+protobuf;q=0')).toBe(
      path === '/query' ? KSQL_V1_JSON : DELIMITED,
    );
  });

  it('are none of PRINT', async () => {
    const response = await post(path, 'PRINT t FROM BEGINNING LIMIT 1;', KSQL_V1_PROTOBUF);
    expect(response.status).toBe(406);
  });
});

it('statements are answered in JSON alone', async () => {
  expect((await post('/ksql', 'LIST TABLES;', KSQL_V1_PROTOBUF)).status).toBe(406);
  expect((await post('/ksql', 'LIST TABLES;', `${KSQL_V1_PROTOBUF}, ${JSON_TYPE}`)).status).toBe(200);
});
