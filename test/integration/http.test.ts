import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { type RunningServer, serve } from '../../src/server/serve.js';
import { parseMetrics } from '../unit/server/prometheus-text.js';
import { curl, Exchange, request1, request2 } from './http-client.js';

const LINES = 'application/vnd.ksqlapi.delimited.v1';
const ROWS = 'application/vnd.ksql.v1+json';

describe('the HTTP server', () => {
  let engine: Engine;
  let server: RunningServer;
  let session: http2.ClientHttp2Session;

  beforeAll(async () => {
    engine = await openEngine({ data: ':memory:' });
    server = await serve(engine, { port: 0, limits: { statementBytesMax: 5_000, insertLineBytesMax: 2_000 } });
    session = http2.connect(server.url);
    await ksql(`
      CREATE STREAM readings (id STRING KEY, n BIGINT) WITH (kafka_topic='readings', value_format='JSON', partitions=1);
      CREATE STREAM empty (id STRING KEY, n BIGINT) WITH (kafka_topic='empty', value_format='JSON', partitions=1);
      CREATE TABLE totals AS SELECT id, COUNT(*) AS n FROM readings GROUP BY id;
      INSERT INTO readings (id, n) VALUES ('a', 9223372036854775807);
      INSERT INTO readings (id, n) VALUES ('b', 2);`);
    await engine.drain();
  });

  afterAll(async () => {
    session.close();
    await server.close();
    await engine.close();
  });

  async function ksql(text: string): Promise<readonly Record<string, unknown>[]> {
    const answer = await request1(server.url, '/ksql', { body: JSON.stringify({ ksql: text }) });
    expect(answer).toMatchObject({ status: 200 });
    return JSON.parse(answer.text);
  }

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    request1(server.url, path, { body: JSON.stringify(body), headers });

  describe('statements', () => {
    it('answers with entities as JSON, whatever the content type and the password', async () => {
      const answer = await post(
        '/ksql',
        { ksql: 'LIST TABLES;', unknown: 1 },
        {
          'content-type': 'text/plain',
          accept: `${ROWS};charset=utf-8`,
          authorization: 'Basic Og==',
        },
      );
      expect(answer.headers['content-type']).toBe('application/json');
      expect(JSON.parse(answer.text)).toMatchObject([{ '@type': 'tables', tables: [{ name: 'TOTALS' }] }]);
    });

    it('answers nothing to no statements', async () => {
      expect(await post('/ksql', {})).toMatchObject({ status: 200, text: '[]' });
    });

    it('reads the body of a GET', async () => {
      const body = JSON.stringify({ ksql: 'LIST STREAMS;' });
      const answer = await request1(server.url, '/ksql', {
        method: 'GET',
        body,
        headers: { 'content-length': `${body.length}` },
      });
      expect(answer).toMatchObject({ status: 200 });
    });

    it.each([
      ['SELECT * FROM totals;', 400, 40002],
      ['SELEC 1;', 400, 40001],
      ['DROP STREAM nothing;', 400, 40001],
      ['ASSERT TOPIC nothing TIMEOUT 1 MILLISECONDS;', 417, 41700],
    ])('refuses %s', async (text, status, code) => {
      const answer = await post('/ksql', { ksql: text });
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toMatchObject({ error_code: code });
    });

    it('writes errors without blanks, the type first', async () => {
      const { text } = await post('/ksql', { ksql: 'SELEC 1;' });
      expect(text).toMatch(
        /^\{"@type":"statement_error","error_code":40001,"message":"line 1:1: Syntax Error\\n\\nStatement: SELEC 1;\\n/,
      );
      expect(text).toMatch(/,"statementText":"SELEC 1;","entities":\[\]\}$/);
    });

    it('refuses an unknown property', async () => {
      const answer = await post('/ksql', { ksql: 'LIST STREAMS;', streamsProperties: { nonsense: 1 } });
      expect(JSON.parse(answer.text)).toMatchObject({ error_code: 40000 });
    });

    it('replaces variables of the request', async () => {
      const answer = await post('/ksql', { ksql: 'DESCRIBE ${name};', sessionVariables: { name: 'totals' } });
      expect(JSON.parse(answer.text)).toMatchObject([{ sourceDescription: { name: 'TOTALS' } }]);
    });
  });

  describe('bodies', () => {
    it.each([
      ['{', 'Invalid JSON in request'],
      ['', 'the body is empty'],
      ['[]', 'a JSON object is expected'],
      ['{"ksql":5}', 'must be a string'],
      ['{"ksql":"","streamsProperties":{"a":{}}}', 'must be a string, a number or a boolean'],
    ])('refuses %s', async (body, problem) => {
      const answer = await request1(server.url, '/ksql', { method: 'POST', body });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toMatchObject({ '@type': 'generic_error', error_code: 40000 });
      expect(answer.text).toContain(problem);
    });

    it('refuses bytes that are not UTF-8', async () => {
      const answer = await request1(server.url, '/ksql', { body: Buffer.from('7b226b73716c223a22ff227d', 'hex') });
      expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('not UTF-8') });
    });

    it('counts bytes as they come, declared or not', async () => {
      const body = JSON.stringify({ ksql: ' '.repeat(6_000) });
      const declared = await request1(server.url, '/ksql', { body });
      expect(declared).toMatchObject({ status: 413, text: expect.stringContaining('"error_code":41300') });
      const chunked = await request1(server.url, '/ksql', { body, headers: { 'transfer-encoding': 'chunked' } });
      expect(chunked).toMatchObject({ status: 413 });
      expect(await request2(session, '/ksql', body)).toMatchObject({ status: 413 });
      expect(await request2(session, '/ksql', '{}')).toMatchObject({ status: 200 });
    });

    it('answers a sender that never ends, and lets it go', async () => {
      const socket = net.connect(server.port, '127.0.0.1');
      let received = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        received += chunk;
      });
      socket.on('error', () => {});
      socket.write('POST /ksql HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n');
      const timer = setInterval(() => socket.write(`400\r\n${' '.repeat(1024)}\r\n`), 5);
      await new Promise((resolve) => socket.once('close', resolve));
      clearInterval(timer);
      expect(received).toContain(' 413 ');
    });
  });

  describe('queries', () => {
    const earliest = { 'auto.offset.reset': 'earliest' };

    it('writes a line a row by default', async () => {
      const answer = await post('/query-stream', { sql: 'SELECT * FROM totals;' });
      expect(answer.headers['content-type']).toBe(LINES);
      const lines = answer.text.trimEnd().split('\n');
      expect(lines[0]).toMatch(
        /^\{"queryId":"[^"]+","columnNames":\["ID","N"\],"columnTypes":\["STRING","BIGINT"\]\}$/,
      );
      expect(lines.slice(1).sort()).toEqual(['["a",1]', '["b",1]']);
    });

    it('writes an array when asked', async () => {
      const answer = await post(
        '/query-stream',
        { sql: "SELECT * FROM totals WHERE id = 'a';" },
        { accept: 'application/json, text/plain, */*' },
      );
      expect(answer.headers['content-type']).toBe('application/json');
      expect(JSON.parse(answer.text)).toMatchObject([{ columnNames: ['ID', 'N'] }, ['a', 1]]);
    });

    it('writes one object a line for /query, and every digit', async () => {
      const answer = await post('/query', { ksql: "SELECT n, id FROM readings WHERE id = 'a';" });
      expect(answer.headers['content-type']).toBe(ROWS);
      const [header, ...rest] = answer.text.split('\n');
      expect(header).toMatch(/^\[\{"header":\{"queryId":"[^"]+","schema":"`N` BIGINT, `ID` STRING"\}\},$/);
      expect(rest).toEqual(['{"row":{"columns":[9223372036854775807,"a"]}},', '{"finalMessage":"Query Completed"}]']);
    });

    it('has no closing words for a read of a table', async () => {
      const answer = await post('/query', { ksql: "SELECT * FROM totals WHERE id = 'a';" });
      expect(JSON.parse(answer.text)).toHaveLength(2);
      expect(
        JSON.parse((await post('/query', { ksql: "SELECT * FROM totals WHERE id = 'nobody';" })).text),
      ).toHaveLength(1);
    });

    it('says when the limit is reached', async () => {
      const answer = await post('/query', {
        ksql: 'SELECT id FROM readings EMIT CHANGES LIMIT 2;',
        streamsProperties: earliest,
      });
      expect(JSON.parse(answer.text).slice(1)).toEqual([
        { row: { columns: ['a'] } },
        { row: { columns: ['b'] } },
        { finalMessage: 'Limit Reached' },
      ]);
    });

    it('prints a topic', async () => {
      const sql = 'PRINT readings FROM BEGINNING LIMIT 1;';
      expect((await post('/query-stream', { sql })).text).toMatch(
        /rowtime: .* key: a, value: \{.*9223372036854775807.*\}/,
      );
      expect(await post('/query-stream', { sql }, { accept: 'application/json' })).toMatchObject({
        status: 406,
        text: '',
      });
      expect((await post('/query', { ksql: sql })).headers['content-type']).toBe('application/json');
    });

    it.each([
      ['LIST TABLES; LIST STREAMS;', 'Expected exactly one KSQL statement; found 2 instead'],
      ['LIST STREAMS;', 'Neither a query nor a print statement'],
      ['SELECT nothing FROM totals;', 'NOTHING'],
    ])('refuses %s', async (sql, message) => {
      const answer = await post('/query-stream', { sql });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toMatchObject({ error_code: 40001, message: expect.stringContaining(message) });
    });

    it('has nothing for a client that wants something else', async () => {
      for (const path of ['/query-stream', '/query', '/ksql']) {
        expect(await post(path, { sql: 'SELECT 1;' }, { accept: 'text/html' })).toMatchObject({
          status: 406,
          text: '',
        });
      }
      const proto = 'application/vnd.ksql.v1+protobuf';
      expect(await post('/ksql', { ksql: 'SHOW STREAMS;' }, { accept: proto })).toMatchObject({ status: 406 });
    });

    it('sends the header first, then a chunk a row, while the query runs', async () => {
      const exchange = new Exchange(session, '/query-stream').end(
        JSON.stringify({ sql: 'SELECT * FROM readings EMIT CHANGES;', properties: earliest }),
      );
      await exchange.linesReach(3);
      expect(exchange.chunks[0]).toMatch(/^\{"queryId".*\}\n$/);
      expect(exchange.lines.slice(1)).toEqual(['["a",9223372036854775807]', '["b",2]']);
      const { queryId } = JSON.parse(exchange.lines[0]!) as { queryId: string };
      expect(await request2(session, '/close-query', JSON.stringify({ queryId }))).toMatchObject({
        status: 200,
        text: '',
      });
      await exchange.ended;
      const again = await post('/close-query', { queryId });
      expect(again).toMatchObject({ status: 400, text: expect.stringContaining(`No query with id ${queryId}`) });
    });

    it('ends a query whose client goes away', async () => {
      const running = async () => {
        const [{ queries }] = (await ksql('LIST QUERIES;')) as [{ queries: { queryType: string }[] }];
        return queries.filter(({ queryType }) => queryType === 'PUSH').length;
      };
      const body = JSON.stringify({ sql: 'SELECT * FROM empty EMIT CHANGES;' });
      const exchange = new Exchange(session, '/query-stream').end(body);
      await exchange.linesReach(1);
      const old = http.request(`${server.url}/query-stream`, { method: 'POST', agent: false });
      old.on('error', () => {});
      const response = await new Promise<http.IncomingMessage>((resolve) => old.on('response', resolve).end(body));
      await new Promise((resolve) => response.once('data', resolve));
      expect(await running()).toBe(2);
      exchange.abort();
      old.destroy();
      await expect.poll(running).toBe(0);
    });
  });

  describe('inserts', () => {
    it('acknowledges each row while more may come', async () => {
      await ksql(
        "CREATE STREAM inserted (id STRING KEY, n BIGINT) WITH (kafka_topic='inserted', value_format='JSON', partitions=1);",
      );
      const exchange = new Exchange(session, '/inserts-stream').write('{"target":"inserted"}\n');
      expect(await exchange.responded).toBe(200);
      exchange.write('{"id":"a","n":12345678901234567}\n{"ID":"b",').write('"other":true}\n');
      expect(await exchange.linesReach(2)).toEqual(['{"seq":0,"status":"ok"}', '{"seq":1,"status":"ok"}']);
      exchange.end('{"id":"c"}');
      await exchange.ended;
      expect(exchange.lines).toHaveLength(3);
      const { text } = await post(
        '/query-stream',
        { sql: 'SELECT id, n FROM inserted;' },
        { accept: 'application/json' },
      );
      expect(text).toContain('["a",12345678901234567],["b",null],["c",null]');
    });

    it('stops at the first row that does not fit, and keeps the ones before', async () => {
      await ksql(
        "CREATE STREAM strict (id STRING KEY, n BIGINT) WITH (kafka_topic='strict', value_format='JSON', partitions=1);",
      );
      const rows = Array.from({ length: 50 }, (_, i) => (i === 30 ? '{"n":1}' : `{"id":"${i}"}`));
      const { text } = await request2(session, '/inserts-stream', ['{"target":"STRICT"}', ...rows].join('\n'));
      const acks = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(acks).toHaveLength(31);
      expect(acks[29]).toEqual({ seq: 29, status: 'ok' });
      expect(acks[30]).toMatchObject({ '@type': 'InsertError', error_code: 40000, status: 'error', seq: 30 });
      const kept = await post('/query-stream', { sql: 'SELECT id FROM strict;' }, { accept: 'application/json' });
      expect(JSON.parse(kept.text).slice(1)).toHaveLength(30);
    });

    it.each([
      ['{"id":', 'Invalid JSON in request'],
      ['[1]', 'a row must be a JSON object'],
      [`{"id":"${'x'.repeat(3_000)}"}`, 'longer than 2000 bytes'],
    ])('reports a bad row: %#', async (row, problem) => {
      const { text } = await request2(session, '/inserts-stream', `{"target":"readings"}\n${row}\n`);
      expect(JSON.parse(text)).toMatchObject({ status: 'error', seq: 0, message: expect.stringContaining(problem) });
    });

    it('answers with an array when asked', async () => {
      const accept = { accept: 'application/json' };
      expect((await request2(session, '/inserts-stream', '{"target":"empty"}\n', accept)).text).toBe('[]');
      const both = await request2(session, '/inserts-stream', '{"target":"readings"}\n{"id":"x"}\n{"n":0}\n', accept);
      expect(JSON.parse(both.text)).toMatchObject([
        { seq: 0, status: 'ok' },
        { seq: 1, status: 'error' },
      ]);
    });

    it('refuses what cannot be inserted into, and HTTP/1.1', async () => {
      expect(await request2(session, '/inserts-stream', '{"target":"nothing"}\n')).toMatchObject({ status: 400 });
      expect(await request2(session, '/inserts-stream', '')).toMatchObject({ status: 400 });
      const old = await post('/inserts-stream', { target: 'readings' });
      expect(JSON.parse(old.text)).toMatchObject({ error_code: 40004 });
    });

    it('takes many rows in one go from a client that reads nothing meanwhile', async () => {
      await ksql(
        "CREATE STREAM many (id INT KEY, n BIGINT) WITH (kafka_topic='many', value_format='JSON', partitions=1);",
      );
      const rows = Array.from({ length: 20_000 }, (_, i) => `{"id":${i},"n":${i}}\n`).join('');
      const { text } = await request2(session, '/inserts-stream', `{"target":"many"}\n${rows}`);
      const acks = text.trimEnd().split('\n');
      expect(acks).toHaveLength(20_000);
      expect(acks.at(-1)).toBe('{"seq":19999,"status":"ok"}');
    });
  });

  describe('the other endpoints', () => {
    it('tells its figures to Prometheus', async () => {
      await engine.drain();
      const answer = await request1(server.url, '/metrics', { headers: { accept: 'application/openmetrics-text' } });
      expect(answer).toMatchObject({ status: 200 });
      const families = parseMetrics(answer.text);
      const figure = (name: string, labels = {}) =>
        families.get(`millrace_${name}`)!.samples.find((sample) => isDeepStrictEqual(sample.labels, labels))!.value;
      expect(figure('query_rows_in_total', { query_id: 'CTAS_TOTALS_3' })).toBeGreaterThanOrEqual(2);
      expect(figure('query_state', { query_id: 'CTAS_TOTALS_3', state: 'RUNNING' })).toBe(1);
      expect(figure('query_lag_records', { query_id: 'CTAS_TOTALS_3' })).toBe(0);
      expect(figure('http_requests_total', { route: '/ksql', status: '200' })).toBeGreaterThan(0);
      expect(figure('http_connections')).toBeGreaterThan(0);
    });

    it.each([
      ['/info', { KsqlServerInfo: { version: '8.0.0', serverStatus: 'RUNNING', millraceVersion: expect.any(String) } }],
      ['/healthcheck', { isHealthy: true, serverState: 'READY' }],
      ['/chc/ready', {}],
      ['/chc/live', {}],
      ['/v1/metadata', { version: '8.0.0', clusterId: { id: '' } }],
      ['/v1/metadata/id', { scope: { path: [] } }],
      ['/is_valid_property/auto.offset.reset', true],
      ['/status', { commandStatuses: { 'stream/`READINGS`/create': 'SUCCESS' } }],
      ['/status/stream/%60READINGS%60/create', { status: 'SUCCESS', message: 'Stream created', queryId: null }],
      ['/clusterStatus', { clusterStatus: {} }],
    ])('answers %s', async (path, body) => {
      const answer = await request1(server.url, path);
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
      const actual = JSON.parse(answer.text);
      if (typeof body === 'object') expect(actual).toMatchObject(body);
      else expect(actual).toBe(body);
    });

    it.each([
      ['GET', '/', 307],
      ['GET', '/nothing', 404],
      ['GET', '/status/stream/X/create', 404],
      ['GET', '/is_valid_property/nonsense', 400],
      ['POST', '/info', 405],
      ['GET', '/close-query', 405],
      ['POST', '/heartbeat', 404],
      ['POST', '/lag', 404],
      ['GET', '/ws/query', 404],
      ['POST', '/ksql/terminate', 501],
    ])('%s %s answers %i', async (method, path, status) => {
      expect(await request1(server.url, path, { method })).toMatchObject({ status });
    });

    it('leads from the root to the server information', async () => {
      expect((await request1(server.url, '/')).headers['location']).toBe('/info');
    });
  });

  describe('one port', () => {
    it('speaks both protocols to curl', async () => {
      const version = ['-o', '/dev/null', '-w', '%{http_version} %{http_code}'];
      expect(await curl('--http1.1', ...version, `${server.url}/info`)).toBe('1.1 200');
      expect(await curl('--http2-prior-knowledge', ...version, `${server.url}/info`)).toBe('2 200');
      expect(await curl('--http2', ...version, `${server.url}/info`)).toMatch(/ 200$/);
      expect(await curl('--http1.0', ...version, '-d', '{}', `${server.url}/query-stream`)).toMatch(/ 400$/);
    });

    it('runs a query and inserts by curl', async () => {
      const rows = await curl(
        '--http2-prior-knowledge',
        '-d',
        '{"sql":"SELECT * FROM totals WHERE id = \'a\';"}',
        `${server.url}/query-stream`,
      );
      expect(rows.split('\n')[1]).toBe('["a",1]');
      const acks = await curl(
        '--http2-prior-knowledge',
        '--data-binary',
        '{"target":"empty"}\n{"id":"c"}\n',
        `${server.url}/inserts-stream`,
      );
      expect(acks).toBe('{"seq":0,"status":"ok"}\n');
    });

    it('recognises a protocol that arrives byte by byte', async () => {
      const socket = net.connect(server.port, '127.0.0.1').setNoDelay();
      let received = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        received += chunk;
      });
      for (const byte of 'PUT /info HTTP/1.1\r\nhost: localhost\r\n\r\n') {
        socket.write(byte);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await expect.poll(() => received).toContain(' 405 ');
      socket.destroy();
    });

    it('ignores whoever connects and says nothing, or nonsense', async () => {
      const silent = net.connect(server.port, '127.0.0.1');
      const nonsense = net.connect(server.port, '127.0.0.1');
      nonsense.write(Buffer.alloc(100, 7));
      const broken = net.connect(server.port, '127.0.0.1');
      broken.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense follows here');
      for (const socket of [nonsense, broken]) {
        socket.resume().on('error', () => {});
        await new Promise((resolve) => socket.once('close', resolve));
      }
      expect(await request1(server.url, '/info')).toMatchObject({ status: 200 });
      silent.destroy();
    });
  });

  describe('browsers', () => {
    it.each([
      [{ origin: 'https://evil.example' }, 403],
      [{ origin: 'null' }, 403],
      [{ host: 'evil.example' }, 403],
      [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
      [{ 'sec-fetch-site': 'same-origin' }, 200],
      [{ host: 'localhost:8088', origin: 'http://localhost:8088' }, 200],
    ])('with %o answers %i', async (headers, status) => {
      const answer = await request1(server.url, '/ksql', { body: '{}', headers: headers as Record<string, string> });
      expect(answer.status).toBe(status);
    });
  });
});

describe('starting and stopping a server', () => {
  it('refuses an address that others can reach', async () => {
    const engine = await openEngine();
    await expect(serve(engine, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
      name: 'SystemError',
      code: 'insecure-address',
      hint: expect.stringContaining('--insecure'),
    });
    const open = await serve(engine, { host: '0.0.0.0', port: 0, insecure: true });
    expect(open.url).toBe(`http://127.0.0.1:${open.port}`);
    await open.close();
    await engine.close();
  });

  it('says that the port is taken', async () => {
    const engine = await openEngine();
    const first = await serve(engine, { port: 0 });
    await expect(serve(engine, { port: first.port })).rejects.toMatchObject({
      code: 'port-in-use',
      message: `cannot listen on 127.0.0.1:${first.port}: another program listens there`,
    });
    await first.close();
    await engine.close();
  });

  it('ends open streams, and is gone soon', async () => {
    const engine = await openEngine();
    const server = await serve(engine, { port: 0 });
    await engine.execute(
      "CREATE STREAM s (id INT KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);",
    );
    const session = http2.connect(server.url);
    session.on('error', () => {});
    const query = new Exchange(session, '/query').end('{"ksql":"SELECT * FROM s EMIT CHANGES;"}');
    await query.linesReach(1);
    const inserts = new Exchange(session, '/inserts-stream').write('{"target":"s"}\n{"id":1}\n');
    await inserts.linesReach(1);
    const idle = new http.Agent({ keepAlive: true });
    await new Promise((resolve) =>
      http.get(`${server.url}/info`, { agent: idle }, (r) => r.resume().on('end', resolve)),
    );
    const begun = performance.now();
    await server.close();
    await Promise.all([query.ended, inserts.ended]);
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(JSON.parse(query.text).at(-1)).toEqual({ finalMessage: 'Query Terminated' });
    await expect(request1(server.url, '/info')).rejects.toThrow();
    idle.destroy();
    await engine.close();
  });
});
