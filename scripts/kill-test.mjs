/**
 * Kills the server again and again while rows are inserted, and checks that it never forgets an acknowledged row and never counts
 * one twice: neither in the stream nor in a windowed table over it.
 *
 *   node scripts/kill-test.mjs [kills] [seed]
 *
 * The server runs from dist/, or from a bundle of the source when there is none. Rows come over HTTP/2 from a process of their own,
 * which knows what was acknowledged; meanwhile curl reads by pull queries (HTTP/1.1) and push queries (HTTP/2).
 */
import { execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Numbers in one group of the table: each is one bit of a sum, so that a group tells which it has counted, and how often. */
const BITS = 40;
/** Rows on their way without an acknowledgement. */
const OUTSTANDING_MAX = 300;
/** Rows that are written at a time, so that batches of the server begin and end anywhere. */
const WRITTEN_MAX = 37;
const START_MS = 20_000;
const SETTLE_MS = 60_000;

const SCHEMA = `
  CREATE STREAM numbers (bucket INT KEY, n BIGINT, bit BIGINT) WITH (kafka_topic = 'numbers', value_format = 'JSON', partitions = 2);
  CREATE TABLE counted AS SELECT bucket, COUNT(*) AS times, SUM(bit) AS bits FROM numbers WINDOW TUMBLING (SIZE 5 SECONDS) GROUP BY bucket;`;

if (process.argv[2] === 'insert') insertUntilStopped();
else
  process.exitCode = await run(Number(process.argv[2] ?? 200), Number(process.argv[3] ?? Date.now() % 1_000_000_007));

/** The inserting process: told where the server is, tells for each connection which numbers it sent and how many were acknowledged. */
function insertUntilStopped() {
  let next = 0;
  let session = null;
  let stopping = false;

  process.on('message', (message) => {
    if (message === 'stop') {
      stopping = true;
      if (session === null) process.disconnect();
      return;
    }
    insert(message.url);
  });

  function insert(url) {
    const first = next;
    let acknowledged = 0;
    let rest = '';
    let problem = null;
    let ended = false;
    const current = http2.connect(url);
    session = current;
    const stream = current.request({ ':method': 'POST', ':path': '/inserts-stream' });
    const send = () => {
      if (ended) return;
      if (stopping) {
        ended = true;
        stream.end();
        return;
      }
      let rows = '';
      for (let i = 0; i < WRITTEN_MAX && next - first - acknowledged < OUTSTANDING_MAX; i++) {
        rows += `{"bucket":${Math.floor(next / BITS)},"n":${next},"bit":${2 ** (next % BITS)}}\n`;
        next++;
      }
      if (rows === '') return;
      stream.write(rows);
      setImmediate(send);
    };
    const close = () => {
      if (session !== current) return;
      session = null;
      ended = true;
      current.destroy();
      process.send({ first, sent: next - first, acknowledged, problem });
      if (stopping) process.disconnect();
    };
    stream.setEncoding('utf8').on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const { seq, status } = JSON.parse(line);
        if (status === 'ok' && seq === acknowledged) acknowledged++;
        else problem ??= `expected the acknowledgement ${acknowledged}, got ${line}`;
      }
      send();
    });
    for (const source of [current, stream]) source.on('error', () => {}).on('close', close);
    stream.write('{"target":"numbers"}\n');
    send();
  }
}

async function run(kills, seed) {
  const random = randomFrom(seed);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
  const begun = performance.now();
  const command = existsSync(join(ROOT, 'dist/cli.js'))
    ? [join(ROOT, 'dist/cli.js'), 'server']
    : [await bundleServer()];
  const start = () => startServer([...command, '--data', join(directory, 'engine.db'), '--listen', '127.0.0.1:0']);
  console.log(`kill-test: ${kills} kills, seed ${seed}, server ${command.join(' ')}`);

  const connections = [];
  const inserter = fork(fileURLToPath(import.meta.url), ['insert']);
  inserter.on('message', (connection) => connections.push(connection));
  const reads = { pull: 0, push: 0 };
  try {
    for (let killed = 0; killed < kills; killed++) {
      const server = start();
      // Now and then the process dies while it is still starting.
      if (killed > 0 && random() < 0.1) {
        await Promise.race([sleep(random() * 400), server.exited]);
        server.kill();
        await server.exited;
        continue;
      }
      const url = await server.url;
      if (killed === 0) await statement(url, SCHEMA);
      inserter.send({ url });
      const reading = Promise.allSettled([
        pull(url, 'SELECT * FROM counted WHERE bucket = 0;').then(() => reads.pull++),
        push(url, 'SELECT * FROM numbers EMIT CHANGES LIMIT 3;').then(() => reads.push++),
      ]);
      await Promise.race([sleep(random() * 700), server.exited]);
      server.kill();
      await server.exited;
      await reading;
      if ((killed + 1) % 20 === 0)
        console.log(`  ${killed + 1} kills, ${sum(connections, 'acknowledged')} rows acknowledged`);
    }
    const server = start();
    const url = await server.url;
    inserter.send({ url });
    await sleep(300);
    inserter.send('stop');
    await once(inserter, 'exit');
    const verdict = await verify(url, connections, reads);
    server.kill('SIGTERM');
    await server.exited;
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    console.log(
      `kill-test: ${verdict.problems.length === 0 ? 'passed' : 'FAILED'}: ${kills} kills, ${verdict.text}, ${seconds} s`,
    );
    for (const problem of verdict.problems) console.log(`  ${problem}`);
    if (verdict.problems.length > 0) {
      console.log(`  the file is kept: ${directory}`);
      return 1;
    }
    rmSync(directory, { recursive: true });
    return 0;
  } finally {
    if (inserter.exitCode === null) inserter.kill('SIGKILL');
  }
}

/** Compares what the stream and the table hold with what was sent and acknowledged. */
async function verify(url, connections, reads) {
  const problems = connections.flatMap(({ problem }) => (problem === null ? [] : [problem]));
  const stored = new Set();
  let twice = 0;
  for (const [, n] of await rowsOf(url, 'SELECT * FROM numbers;')) {
    if (stored.has(n)) twice++;
    stored.add(n);
  }
  if (twice > 0) problems.push(`${twice} rows are stored more than once`);
  let lost = 0;
  const sent = Math.max(...connections.map(({ first, sent }) => first + sent));
  for (const { first, acknowledged } of connections) {
    for (let n = first; n < first + acknowledged; n++) if (!stored.has(n)) lost++;
  }
  if (lost > 0) problems.push(`${lost} acknowledged rows are not stored`);
  for (const n of stored) if (!(n >= 0 && n < sent)) problems.push(`the row ${n} was never sent`);

  const expected = new Map();
  for (const n of stored) {
    const bucket = Math.floor(n / BITS);
    const group = expected.get(bucket) ?? { times: 0, bits: 0 };
    group.times++;
    group.bits += 2 ** (n % BITS);
    expected.set(bucket, group);
  }
  let wrong = await differences(url, expected);
  for (const deadline = performance.now() + SETTLE_MS; wrong.length > 0 && performance.now() < deadline; ) {
    await sleep(200);
    wrong = await differences(url, expected);
  }
  if (wrong.length > 0) problems.push(`${wrong.length} groups of the table are wrong: ${wrong.slice(0, 5).join('; ')}`);
  if (reads.pull === 0) problems.push('no pull query was ever answered');
  if (reads.push === 0) problems.push('no push query was ever answered');
  const acknowledged = sum(connections, 'acknowledged');
  return {
    problems,
    text: `${acknowledged} rows acknowledged, ${stored.size} stored, ${lost} lost, ${twice} twice, ${expected.size} groups counted, ${wrong.length} wrong, ${reads.pull} pull and ${reads.push} push queries answered`,
  };
}

/** Groups whose windows together do not hold each of their numbers once. */
async function differences(url, expected) {
  const actual = new Map();
  for (const [bucket, times, bits] of await rowsOf(url, 'SELECT bucket, times, bits FROM counted;')) {
    const group = actual.get(bucket) ?? { times: 0, bits: 0 };
    actual.set(bucket, { times: group.times + times, bits: group.bits + bits });
  }
  const wrong = [];
  for (const bucket of new Set([...expected.keys(), ...actual.keys()])) {
    const want = expected.get(bucket);
    const got = actual.get(bucket);
    if (want?.times !== got?.times || want?.bits !== got?.bits) {
      wrong.push(`group ${bucket}: expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
    }
  }
  return wrong;
}

async function rowsOf(url, sql) {
  const [header, ...lines] = (await pull(url, sql)).split('\n');
  if (JSON.parse(header).queryId === undefined) throw new Error(`${sql} ${header}`);
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

async function statement(url, ksql) {
  const answer = await curl('--http1.1', '-d', JSON.stringify({ ksql }), `${url}/ksql`);
  if (!Array.isArray(JSON.parse(answer))) throw new Error(answer);
}

function pull(url, sql) {
  return curl('--http1.1', '-d', JSON.stringify({ sql }), `${url}/query-stream`);
}

function push(url, sql) {
  return curl('--http2-prior-knowledge', '-d', JSON.stringify({ sql }), `${url}/query-stream`);
}

function curl(...args) {
  return new Promise((resolve, reject) => {
    execFile('curl', ['-sS', ...args], { maxBuffer: 2 ** 30 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}

/** A server process; `url` rejects when it does not come up. */
function startServer(args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const exited = once(child, 'exit');
  const url = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server does not start:\n${output}`)), START_MS);
    const look = (chunk) => {
      output += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (found !== null) resolve(found[0]);
    };
    child.stdout.setEncoding('utf8').on('data', look);
    child.stderr.setEncoding('utf8').on('data', look);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code}:\n${output}`));
    });
  });
  url.catch(() => {});
  return { url, exited, kill: (signal = 'SIGKILL') => child.kill(signal) };
}

/** The server command as far as this test needs it, from source. */
async function bundleServer() {
  const { build } = await import('esbuild');
  const cache = join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'kill-test-'));
  process.on('exit', () => rmSync(outdir, { recursive: true }));
  const options = {
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  };
  const contents = `
    import { openEngine } from './src/engine/create-engine.js';
    import { serve } from './src/server/serve.js';
    const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
    const engine = await openEngine({ data: argument('--data') });
    const server = await serve(engine, { port: Number(argument('--listen').split(':')[1]) });
    console.log(server.url);
    process.on('SIGTERM', async () => { await server.close(); await engine.close(); process.exit(0); });`;
  await build({ ...options, stdin: { contents, resolveDir: ROOT, loader: 'ts' }, outfile: join(outdir, 'server.js') });
  await build({
    ...options,
    entryPoints: [join(ROOT, 'src/executor/thread/worker.ts')],
    outfile: join(outdir, 'stream-thread.js'),
  });
  return join(outdir, 'server.js');
}

function sum(list, member) {
  return list.reduce((total, item) => total + item[member], 0);
}

/** mulberry32: small, fast, and the same on every machine. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
