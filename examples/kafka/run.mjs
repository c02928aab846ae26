/**
 * `node examples/kafka/run.mjs [--bootstrap-servers HOST:PORT,...]`: the flights example on two nodes of a Kafka cluster. One node is killed in
 * the middle, and every window is compared with a count that is made from the file.
 *
 * Without brokers a broker is started here for as long as it takes; that needs Java, Maven for the first time, and a clone of the project.
 * Ends with 0 when all counts are exact, 1 when not, 2 when it cannot run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { NodeProcess } from './node-process.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'examples/flights');
const cli = join(root, 'dist/cli.js');

const SERVICE_ID = 'flights_example_';
/** What the statements make, each before what it is made from. */
const SOURCES = ['TABLE airport_days', 'STREAM departures', 'TABLE airports', 'STREAM flights'];
const TOPICS = ['flights', 'airports', 'DEPARTURES', 'AIRPORT_DAYS'];
const READ = 'SELECT origin, city, windowstart, flights, average_delay, greatest_delay FROM airport_days;';
/** For what should take seconds, on a machine that has other things to do. */
const PATIENCE_MS = 180_000;
const POLL_MS = 20;
/** Whether a count is exact is seen when nothing comes after it. */
const QUIET_MS = 2_000;

const given = readArguments();
const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-example-'));
const nodes = [];
let broker = null;
process.once('exit', () => {
  for (const node of nodes) node.kill();
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const node of nodes) node.kill();
    void (broker?.close() ?? Promise.resolve()).finally(() => process.exit(130));
  });
}
process.exitCode = await main();

async function main() {
  const problem = await prepare();
  if (problem !== null) {
    rmSync(folder, { recursive: true });
    console.error(problem);
    return 2;
  }
  const bootstrapServers = given ?? (await startBroker());
  let isExact = false;
  try {
    isExact = await show(bootstrapServers);
  } catch (error) {
    console.error(`\n${error.message}`);
  } finally {
    await Promise.all(nodes.map((node) => node.end('SIGTERM')));
    await broker?.close();
  }
  if (isExact) rmSync(folder, { recursive: true, force: true });
  else console.error(`\nThe logs of the nodes are in ${folder}.`);
  return isExact ? 0 : 1;
}

/** @returns the brokers that are named; null when none are */
function readArguments() {
  try {
    const { values } = parseArgs({ options: { 'bootstrap-servers': { type: 'string' } } });
    return values['bootstrap-servers'] ?? null;
  } catch (error) {
    console.error(`${error.message}\nusage: node examples/kafka/run.mjs [--bootstrap-servers HOST:PORT,...]`);
    process.exit(2);
  }
}

/** Makes what can be made. @returns what is missing, in a sentence; null when nothing is */
async function prepare() {
  const preparing = join(root, 'scripts/prepare.mjs');
  if (existsSync(preparing)) (await import(preparing)).prepare();
  else if (!existsSync(cli)) return `${cli} is missing: install the package again.`;
  if (given !== null) return null;
  const jars = join(root, 'test/kafka/support/kafka-jars.mjs');
  const other = 'Name brokers that are there: --bootstrap-servers HOST:PORT. With Docker, see examples/kafka/README.md.';
  if (!existsSync(jars)) return `No broker can be started from the package alone. ${other}`;
  const missing = (await import(jars)).kafkaMissing();
  return missing === null ? null : `No broker can be started here: ${missing}. ${other}`;
}

async function startBroker() {
  const { startKafka } = await import(join(root, 'test/kafka/support/kafka-cluster.mjs'));
  console.log('starting a Kafka broker; the first time its jars are fetched ...');
  broker = await startKafka();
  console.log(`Apache Kafka ${broker.version} on ${broker.bootstrapServers}`);
  return broker.bootstrapServers;
}

/** @returns whether all counts were exact */
async function show(bootstrapServers) {
  for (const name of ['one', 'two']) {
    nodes.push(new NodeProcess({ name, cli, bootstrapServers, serviceId: SERVICE_ID, folder }));
  }
  const [one, two] = nodes;
  await one.start();
  await clear(one);
  await two.start();
  console.log(`node one on ${one.url}, node two on ${two.url}`);

  await one.execute(readFileSync(new URL('topics.sql', import.meta.url), 'utf8'));
  await one.execute(readFileSync(join(example, 'pipeline.sql'), 'utf8'));
  const shared = await until('each node runs one of the queries', async () => {
    const [here, there] = await Promise.all(nodes.map(queriesOn));
    return here.length === 1 && there.length === 1 ? [here, there] : null;
  });
  nodes.forEach((node, i) => {
    console.log(`node ${node.name} runs ${shared[i].join(', ')}`);
  });

  const flights = gunzipSync(readFileSync(join(example, 'flights.ndjson.gz'))).toString().trimEnd().split('\n');
  const half = flights.length / 2;
  // The node that keeps the table is the one to be killed; flights are sent to the other.
  const victim = nodes[shared.findIndex(([query]) => query.includes('AIRPORT_DAYS'))];
  const survivor = victim === one ? two : one;
  await load(survivor, 'airports', join(example, 'airports.ndjson.gz'));
  await load(survivor, 'flights', part('first.ndjson', flights.slice(0, half)));
  console.log(`airports and ${grouped(half)} flights sent to node ${survivor.name}`);

  const rest = load(survivor, 'flights', part('second.ndjson', flights.slice(half)));
  rest.catch(() => {});
  const before = await until('the second half is being counted', async () => {
    const count = counted(await victim.query(READ));
    return count > half ? count : null;
  });
  await victim.end('SIGKILL');
  const killedAt = performance.now();
  console.log(`node ${victim.name} killed with SIGKILL when its table counted ${grouped(before)}, while more flights are sent`);
  await rest;
  const expected = countFrom(flights);
  const alone = await settledTable(survivor, flights.length);
  const seconds = ((performance.now() - killedAt) / 1000).toFixed(1);
  console.log(`\nnode ${survivor.name}, alone, ${seconds} s after the kill:`);
  const isExact = [printTable(alone, expected, flights.length)];

  await victim.start();
  await until(`node ${victim.name} has its share again`, async () => {
    const [here, there] = await Promise.all(nodes.map(queriesOn));
    return (here.length === 1 && there.length === 1) || null;
  });
  for (const node of nodes) {
    console.log(`\nnode ${node.name}, with both running:`);
    isExact.push(printTable(await settledTable(node, flights.length), expected, flights.length));
  }
  await clear(survivor);
  return isExact.every((is) => is);
}

/**
 * Drops what the service has, with its topics, as far as this example made it.
 * @throws Error when topics of the same names belong to somebody else
 */
async function clear(node) {
  for (const source of SOURCES) {
    const [kind, name] = source.split(' ');
    await node.execute(`DROP ${kind} IF EXISTS ${name} DELETE TOPIC;`);
  }
  const [{ topics }] = await node.execute('SHOW TOPICS;');
  const taken = TOPICS.filter((name) => topics.some((topic) => topic.name === name));
  if (taken.length > 0) {
    throw new Error(`the cluster has topics named ${taken.join(', ')} already: choose another cluster, or delete them`);
  }
}

/** The queries of which a node runs a part, by id. */
async function queriesOn(node) {
  const [{ queries }] = await node.execute('SHOW QUERIES;');
  // Nothing beside ksqlDB's words is said of a query that runs here.
  return queries.filter(({ millraceState }) => millraceState === undefined).map(({ id }) => id);
}

/** Rows of a file into a stream or table, as `millrace load` does it: each is acknowledged when Kafka has it. */
async function load(node, target, file) {
  const child = spawn(process.execPath, [cli, 'load', target, file, '--server', node.url], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`rows could not be sent to node ${node.name}:\n${output.trim()}`);
}

function part(name, lines) {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** The table once it counts every flight and grows no more. */
async function settledTable(node, total) {
  await until(`node ${node.name} counts all flights`, async () => counted(await node.query(READ)) >= total || null);
  await sleep(QUIET_MS);
  return until(`node ${node.name} answers`, () => node.query(READ));
}

function counted(rows) {
  return rows.reduce((sum, [, , , flights]) => sum + flights, 0);
}

/** Flights by airport and day, without any engine. */
function countFrom(lines) {
  const counts = new Map();
  for (const line of lines) {
    const { origin, date } = JSON.parse(line);
    const [year, month, day] = date.split(/\D/).map(Number);
    const window = `${origin} ${Date.UTC(year, month - 1, day)}`;
    counts.set(window, (counts.get(window) ?? 0) + 1);
  }
  return counts;
}

/** Prints the first and the last rows and the sum. @returns whether every window is what it should be */
function printTable(rows, expected, total) {
  const sorted = [...rows].sort((a, b) => a[2] - b[2] || (a[0] < b[0] ? -1 : 1));
  console.log(' AIRPORT | CITY                 | DAY        | FLIGHTS | AVERAGE DELAY | GREATEST DELAY');
  for (const row of sorted.slice(0, 3)) console.log(rowText(row));
  console.log('...');
  for (const row of sorted.slice(-1)) console.log(rowText(row));
  console.log(
    `\n${grouped(rows.length)} windows count ${grouped(counted(rows))} flights; ${grouped(total)} are in the data.`,
  );
  const wrong = rows.filter(([origin, , day, flights]) => expected.get(`${origin} ${day}`) !== flights).length;
  if (wrong === 0 && rows.length === expected.size) return true;
  console.log(`${grouped(wrong)} windows differ from a count of the file, which has ${grouped(expected.size)}.`);
  return false;
}

function rowText([origin, city, day, flights, averageDelay, greatestDelay]) {
  const date = new Date(day).toISOString().slice(0, 10);
  const numbers = [String(flights).padStart(7), averageDelay.toFixed(1).padStart(13), String(greatestDelay).padStart(14)];
  return ` ${origin.padEnd(7)} | ${(city ?? '').padEnd(20)} | ${date} | ${numbers.join(' | ')}`;
}

function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Asks until there is an answer other than null. What fails is asked again, since shards move between nodes. */
async function until(what, ask) {
  const deadline = performance.now() + PATIENCE_MS;
  let last = 'it has not come about';
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== null) return answer;
    } catch (error) {
      last = error.message;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s until ${what}: ${last}`);
}
