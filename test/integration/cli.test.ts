import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MILLRACE_VERSION } from '../../src/engine/version.js';
import { bundleCli, CliProcess, type Finished } from './cli-process.js';

/* The command line as a user has it: a bundle in a process of its own, through pipes. */

const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
let bundle = '';

beforeAll(async () => {
  bundle = await bundleCli();
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(bundle, { recursive: true, force: true });
});

function start(...args: readonly string[]): CliProcess {
  return new CliProcess(bundle, args, { cwd: folder });
}

function cli(...args: readonly string[]): Promise<Finished> {
  return start(...args).end().ended;
}

function file(name: string, text: string | Buffer): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const STREAM =
  "CREATE STREAM s (id INT KEY, v BIGINT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);\n" +
  'CREATE TABLE t AS SELECT id, COUNT(*) AS n, SUM(v) AS total FROM s GROUP BY id EMIT CHANGES;\n';

describe('the command itself', () => {
  test('alone explains itself', async () => {
    const { code, out } = await cli();
    expect([code, out.includes('Usage: millrace'), out.includes('Exit codes:')]).toEqual([0, true, true]);
  });

  test('tells its version, as JSON too', async () => {
    expect((await cli('--version')).out).toBe(`millrace ${MILLRACE_VERSION}\n`);
    expect(JSON.parse((await cli('--version', '--json')).out)).toMatchObject({ millrace: MILLRACE_VERSION });
  });

  test.each([
    [['nonsense']],
    [['run']],
    [['sql', '--output', 'xml']],
    [['demo', '--port', 'x']],
    [['run', 'none.sql']],
  ])('wrong usage exits 2: %j', async (args) => {
    const { code, out, err } = await cli(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: /);
  });
});

describe('run', () => {
  test('runs files in order; queries see what was inserted before them, push queries end', async () => {
    const { code, out, err } = await cli(
      'run',
      file('a.sql', STREAM),
      file('b.sql', 'INSERT INTO s VALUES (1, 9007199254740993), (2, 1);\nINSERT INTO s VALUES (1, 1);'),
      file('c.sql', 'SELECT * FROM t;\nSELECT id, v FROM s EMIT CHANGES;\nPRINT s FROM BEGINNING;\nSHOW TABLES'),
      '--output',
      'ndjson',
    );
    expect([code, err]).toEqual([0, '']);
    const lines = out.trimEnd().split('\n');
    expect(lines.slice(0, 5)).toEqual([
      '{"ID":1,"N":2,"TOTAL":9007199254740994}',
      '{"ID":2,"N":1,"TOTAL":1}',
      '{"ID":1,"V":9007199254740993}',
      '{"ID":2,"V":1}',
      '{"ID":1,"V":1}',
    ]);
    expect(lines.filter((line) => line.startsWith('rowtime: '))).toHaveLength(3);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ '@type': 'tables', tables: [{ name: 'T' }] });
  });

  test('an error has its file, line and caret; what stood before it has been run', async () => {
    const { code, out, err } = await cli(
      'run',
      file('d.sql', `${STREAM}\nSELECT id FROM s EMIT CHANGES LIMIT 0;\n  SELECT idd FROM s EMIT CHANGES;`),
    );
    expect(code).toBe(1);
    expect(out).toContain(' ID');
    expect(err).toContain(`--> ${join(folder, 'd.sql')}:5:10\n`);
    expect(err).toContain('5 |   SELECT idd FROM s EMIT CHANGES;\n  |          ^^^\n');
    expect(err).not.toContain('    at ');
  });

  test('settings are checked', async () => {
    const { code, err } = await cli('run', join(folder, 'a.sql'), '--set', 'commit.intervall.ms=1');
    expect([code, err]).toEqual([2, expect.stringContaining('did you mean "commit.interval.ms"?')]);
  });
});

describe('server, and sql on it', () => {
  let server: CliProcess;
  let url = '';
  let first: Finished;

  beforeAll(async () => {
    const queries = file('queries.sql', STREAM);
    const config = file('server.properties', 'listeners = http\\://127.0.0.1\\:0\nksql.servce.id=x\n');
    const begin = async (): Promise<CliProcess> => {
      const started = start('server', '--config', config, '--data', 'server.db', '--queries-file', queries);
      url = (await started.until(/listening on (\S+)/))[1]!;
      return started;
    };
    server = await begin();
    server.kill('SIGTERM');
    first = await server.ended;
    server = await begin();
  }, 60_000);

  afterAll(() => server.kill('SIGKILL'));

  test('SIGTERM ends it with 0; unknown settings are told; a second start changes nothing', async () => {
    expect(first.code).toBe(0);
    expect(first.out).toContain('applied S, T\n');
    expect(first.err).toContain('did you mean "ksql.service.id"?');
    expect(server.out).toContain('unchanged S, T\n');
  });

  test('-e, -f and pipes', async () => {
    const script = file(
      'insert.sql',
      "INSERT INTO s VALUES (1, 5);\nDEFINE n = '7';\nINSERT INTO s VALUES (2, ${n});\n",
    );
    expect(await cli('sql', url, '-f', script)).toMatchObject({ code: 0, out: '', err: '' });
    const asked = await cli(
      'sql',
      url,
      '-o',
      'csv',
      '-e',
      'SELECT id, v FROM s EMIT CHANGES LIMIT 2',
      '--set',
      'auto.offset.reset=earliest',
    );
    expect(asked).toMatchObject({ code: 0, out: 'ID,V\n1,5\n2,7\n', err: '' });
    const piped = await start('sql', url).end('output ndjson\nSELECT * FROM t\n  WHERE id = 2;\nexit\nnever;').ended;
    expect(piped).toMatchObject({ code: 0, out: 'Output format set to ndjson\n{"ID":2,"N":1,"TOTAL":7}\n', err: '' });
  });

  test('a pipe is answered while it is open', async () => {
    const piped = start('sql', url).write('SHOW TABLES;\n');
    await piped.until(/ T +\| T/);
    expect(await piped.end().ended).toMatchObject({ code: 0 });
  });

  test('an error of the server stops a script with 1 and shows where', async () => {
    const { code, out, err } = await start('sql', url).end(
      'SHOW STREAMS;\nSELECT v,\n  w FROM s EMIT CHANGES;\nSHOW TABLES;\n',
    ).ended;
    expect([code, out.includes('Stream Name'), out.includes('Table Name')]).toEqual([1, true, false]);
    expect(err).toContain('--> line 3:3\n');
    expect(err).toContain('3 |   w FROM s EMIT CHANGES;\n  |   ^\n');
  });

  test('Ctrl-C ends a push query with 130, a closed pipe quietly', async () => {
    const asking = start('sql', url, '-e', 'SELECT id FROM s EMIT CHANGES;').end();
    await asking.until(/ ID\n/);
    asking.kill('SIGINT');
    expect(await asking.ended).toMatchObject({ code: 130, err: '' });
    const cut = start('sql', url, '-e', 'SELECT id FROM s EMIT CHANGES;').end();
    await cut.until(/ ID\n/);
    cut.closeOutput();
    await cli('sql', url, '-e', 'INSERT INTO s VALUES (3, 1);');
    expect(await cut.ended).toMatchObject({ err: '' });
  });

  test('the file is held: the second process is told by whom', async () => {
    const { code, err } = await cli('sql', 'server.db', '-e', 'SHOW TABLES;');
    expect([code, err]).toEqual([3, expect.stringContaining(`at ${url}. Send statements to ${url}`)]);
  });

  test('rows of files arrive in order; a bad one is named and the ones before it stay', async () => {
    const good = file('rows.csv', 'ID,V\r\n10,1\r\n11,9007199254740993\r\n');
    const loaded = await cli('load', 's', good, '--server', url);
    expect([loaded.code, loaded.out, loaded.err]).toEqual([0, expect.stringMatching(/^2 rows into s in /), '']);
    const bad = file('rows.ndjson.gz', gzipSync('{"ID":12,"V":1}\n{"ID":13,"V":"x"}\n{"ID":14,"V":1}\n'));
    const refused = await cli('load', 's', bad, '--server', url);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('rows.ndjson.gz line 2: ')]);
    expect(refused.err).toContain('1 rows of ');
    const { out } = await cli('sql', url, '-o', 'csv', '-e', 'SELECT id, v FROM s WHERE id >= 10;');
    expect(out).toBe('ID,V\n10,1\n11,9007199254740993\n12,1\n');
  });
});

describe('on a file', () => {
  test('sql and load work without a server', async () => {
    expect((await cli('sql', 'own.db', '-e', STREAM)).code).toBe(0);
    const rows = file('own.ndjson', '{"id":1,"v":2}\n\n{"id":1,"v":3}\n{"id":1,\n');
    const loaded = await cli('load', 'S', rows, '--data', 'own.db');
    expect([loaded.code, loaded.err]).toEqual([1, expect.stringContaining('own.ndjson line 4: ')]);
    const read = file('read.sql', 'SELECT * FROM t;');
    expect(await cli('run', read, '--data', 'own.db', '-o', 'json')).toMatchObject({
      code: 0,
      out: '[\n{"ID":1,"N":2,"TOTAL":5}\n]\n',
    });
  });

  test('nobody answers: 3 and the remedy', async () => {
    const { code, err } = await cli('sql', 'http://127.0.0.1:1', '-e', 'SHOW TABLES;');
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(/^error: no server answers at http:\/\/127\.0\.0\.1:1\. Start/),
    ]);
  });
});

describe('demo', () => {
  const total = /([\d,]+) windows count ([\d,]+) flights; ([\d,]+) are in the data/;

  test('after kills in the middle every flight is counted once', async () => {
    for (let i = 0; i < 3; i++) {
      const demo = start('demo', '--port', '0', '--data', 'demo.db').end();
      await demo.until(/millrace demo on/);
      await new Promise((resolve) => setTimeout(resolve, 100 + 60 * i));
      demo.kill('SIGKILL');
      await demo.ended;
    }
    const { code, out, err } = await cli('demo', '--port', '0', '--data', 'demo.db');
    expect([code, err]).toEqual([0, '']);
    expect(total.exec(out)!.slice(1)).toEqual(['6,901', '20,000', '20,000']);
    const counts = [...out.matchAll(/^ \w{3} .*\| +(\d+) \| +-?[\d.]+ \| +-?\d+$/gm)].map((match) => Number(match[1]));
    expect([counts.length, counts.reduce((sum, count) => sum + count, 0)]).toEqual([6_901, 20_000]);
  }, 60_000);

  test('a taken port is told with the remedy', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const { code, err } = await cli('demo', '--port', String(port));
    taken.close();
    expect([code, err]).toEqual([3, expect.stringMatching(/^error: cannot listen on .*--port 0 takes a free one/)]);
  });
});
