import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bundleCli, CliProcess, type Finished } from './cli-process.js';
import { request1 } from './http-client.js';

/* Functions of users in the command line as it is bundled: planned on one thread, run on another. */

const EXAMPLE = join(import.meta.dirname, '../../examples/functions');
let bundle = '';
let folder = '';
const servers: CliProcess[] = [];

beforeAll(async () => {
  bundle = await bundleCli();
  folder = mkdtempSync(join(tmpdir(), 'millrace-functions-test-'));
}, 60_000);

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.kill('SIGTERM');
    await server.ended;
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(bundle, { recursive: true, force: true });
});

function cli(cwd: string, ...args: readonly string[]): Promise<Finished> {
  return new CliProcess(bundle, args, { cwd }).end().ended;
}

/** A folder of functions below the test's own. */
function functions(name: string, modules: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(folder, name));
  for (const [file, text] of Object.entries(modules)) writeFileSync(join(path, file), text);
  return path;
}

function module(code: string): string {
  return `import { defineScalar } from 'millrace';
export const mark = defineScalar({
  name: 'MARK',
  description: 'Marks a text.',
  variants: [{ signature: '(text STRING) -> STRING', nulls: 'propagate', evaluate: ${code} }],
});
`;
}

interface Server {
  readonly process: CliProcess;
  ksql(sql: string): Promise<{ status: number; text: string }>;
  /** What is found in the values of a stream so far. */
  values(stream: string): Promise<string>;
}

async function serve(data: string, dir: string): Promise<Server> {
  const process = new CliProcess(bundle, ['server', '-l', '127.0.0.1:0', '-d', data, '--functions-dir', dir], {
    cwd: folder,
  });
  servers.push(process);
  const url = (await process.until(/listening on (\S+)/))[1]!;
  const post = (path: string, body: object) => request1(url, path, { body: JSON.stringify(body) });
  return {
    process,
    ksql: (sql) => post('/ksql', { ksql: sql }),
    values: async (stream) => {
      const { text } = await post('/query-stream', {
        sql: `SELECT v FROM ${stream};`,
        properties: { 'auto.offset.reset': 'earliest' },
      });
      return text;
    },
  };
}

const STREAM = "CREATE STREAM s (id INT KEY, v STRING) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";

describe('a server', () => {
  test('runs functions of its folder, goes on when one fails, follows changes, and keeps versions over a restart', async () => {
    const dir = functions('marks-', {
      'mark.js': module("(t) => { if (t === 'bad') throw new Error('bad text'); return t + '-1'; }"),
    });
    const data = join(folder, 'marks.db');
    const server = await serve(data, dir);
    expect((await server.ksql(`${STREAM} CREATE STREAM one AS SELECT id, MARK(v) AS v FROM s;`)).status).toBe(200);
    await server.ksql("INSERT INTO s VALUES (1, 'a'); INSERT INTO s VALUES (2, 'bad'); INSERT INTO s VALUES (3, 'c');");
    await expect.poll(() => server.values('one')).toMatch(/"a-1"[\s\S]*null[\s\S]*"c-1"/);
    await expect.poll(async () => (await server.ksql('SHOW QUERIES;')).text, { timeout: 5000 }).toMatch(/"RUNNING"/);

    writeFileSync(join(dir, 'mark.js'), module("(t) => t + '-2'"));
    await expect.poll(() => server.process.err).toContain('new versions of MARK; running queries keep theirs');
    await server.ksql('CREATE STREAM two AS SELECT id, MARK(v) AS v FROM s;');
    await server.ksql("INSERT INTO s VALUES (4, 'd');");
    await expect.poll(() => server.values('one')).toContain('"d-1"');
    await expect.poll(() => server.values('two')).toMatch(/"a-2"[\s\S]*"bad-2"[\s\S]*"d-2"/);
    server.process.kill('SIGTERM');
    await server.process.ended;

    writeFileSync(join(dir, 'mark.js'), module("(t) => t + '-3'"));
    const again = await serve(data, dir);
    await again.ksql("INSERT INTO s VALUES (5, 'e');");
    await expect.poll(() => again.values('one')).toContain('"e-1"');
    await expect.poll(() => again.values('two')).toContain('"e-2"');
  });

  test('does not start over a folder that is wrong, and says all that is', async () => {
    const dir = functions('wrong-', {
      'a.js': 'export const a = ;',
      'b.js': "import { defineScalar } from 'millrace';\nexport const b = defineScalar({ name: 'TRIM' });",
    });
    const { code, err } = await cli(folder, 'server', '-l', '127.0.0.1:0', '-d', 'wrong.db', '--functions-dir', dir);
    expect(code).toBe(3);
    for (const text of [
      "a.js: a.js line 1: Unexpected token ';'",
      'b.js: export b, function TRIM: there is a built-in function of this name, which cannot be replaced',
      'b.js: export b, function TRIM: its description is no text',
      'b.js: export b, function TRIM: it has no variants',
    ]) {
      expect(err).toContain(text);
    }
  });
});

describe('the example', () => {
  test('runs on an engine with a thread of its own, and is found again without its folder', async () => {
    const data = join(folder, 'example.db');
    const files = ['queries.sql', 'insert.sql', 'ask.sql'];
    const run = await cli(EXAMPLE, 'run', '--functions-dir', 'functions', '-d', data, '-o', 'ndjson', ...files);
    expect([run.code, run.err]).toEqual([0, '']);
    expect(run.out.trim().split('\n').sort()).toEqual([
      '{"VISITOR":"Ada Lovelace","SEARCHES":2,"SPREAD_MS":36}',
      '{"VISITOR":"Grace Hopper","SEARCHES":1,"SPREAD_MS":0}',
    ]);
    const more = "INSERT INTO searches VALUES (4, 'Ada Lovelace', 'jacquard loom', 135);";
    const later = join(folder, 'later.sql');
    writeFileSync(later, `${more} SELECT spread_ms FROM visitors WHERE visitor = 'Ada Lovelace';`);
    const { out, err } = await cli(folder, 'run', '-d', data, '-o', 'ndjson', later);
    expect([out, err]).toEqual(['{"SPREAD_MS":100}\n', '']);
  });

  test('is tested by the runner', async () => {
    const { code, out } = await cli(EXAMPLE, 'test', '-e', 'functions', 'test.json');
    expect([code, out]).toEqual([0, '1 passed, 0 failed, 0 skipped\n']);
    expect((await cli(EXAMPLE, 'test', 'test.json')).code).toBe(1);
  });

  test('in TypeScript is read where esbuild is', async () => {
    const sql =
      "CREATE STREAM s (a DOUBLE) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1); INSERT INTO s VALUES (57.64911); SELECT GEOHASH(a, 10.40744, 11) AS h FROM s EMIT CHANGES;";
    const file = join(folder, 'geohash.sql');
    writeFileSync(file, sql);
    const { out, err } = await cli(EXAMPLE, 'run', '--functions-dir', 'typescript', '-o', 'ndjson', file);
    expect([out, err]).toEqual(['{"H":"u4pruydqqvj"}\n', '']);
  });

  test.skipIf('stripTypeScriptTypes' in nodeModule)('in TypeScript is refused where nothing reads it', async () => {
    const dir = functions('typescript-', {});
    cpSync(join(EXAMPLE, 'typescript'), dir, { recursive: true });
    const { code, err } = await cli(folder, 'sql', ':memory:', '--functions-dir', dir, '-e', 'SHOW FUNCTIONS;');
    expect([code, err]).toEqual([3, expect.stringMatching(/geohash\.ts: TypeScript cannot be read.*install esbuild/)]);
  });
});

test('a prompt on a server takes no functions', async () => {
  const { code, err } = await cli(
    folder,
    'sql',
    'http://localhost:1',
    '--functions-dir',
    folder,
    '-e',
    'SHOW FUNCTIONS;',
  );
  expect([code, err]).toEqual([2, expect.stringContaining('a server has functions of its own')]);
});
