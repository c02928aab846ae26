/** What happens when the brokers are away, refuse a password, or the disk of a node is full. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printTable, say } from './report.mjs';
import { freePort, Service } from './service.mjs';

const NODE = 'node';
const SESSION_MS = 6_000;
const READY_MS = 60_000;
const HEALTH_MS = 30_000;
const DISK_MB = 16;
const FULL_MS = 120_000;

/** Runs the scenarios one after the other, each on a broker of its own. Answers what was wrong. */
export async function runBrokerFaults({
  awaySeconds,
  slackSeconds,
  guarantee,
  rate,
  random,
  folder,
  only,
  withBroker,
}) {
  const scenarios = {
    'down at start': downAtStart,
    killed,
    away,
    frozen,
    password: passwordRefused,
    'disk full': diskFull,
  };
  const table = [['fault', 'outcome', 'details']];
  const problems = [];
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (only !== null && !only.includes(name)) continue;
    const outcome = await withBroker(async (environment) => {
      const run = name.replaceAll(' ', '-');
      const service = new Service({
        ...environment,
        name: run,
        folder: join(folder, run),
        guarantee,
        rate,
        random,
        settings: {},
      });
      const trial = new Trial({ service, environment, boundMs: SESSION_MS + slackSeconds * 1_000 });
      try {
        await scenario(trial, awaySeconds);
      } catch (error) {
        if (error instanceof Skipped) return { name: 'skipped', details: error.message, problems: [] };
        trial.fault(error.message);
      } finally {
        await service.close();
        trial.cleanUp();
      }
      return {
        name: trial.problems.length === 0 ? 'passed' : 'FAILED',
        details: trial.details.join(', '),
        problems: trial.problems,
      };
    });
    say(`${name}: ${outcome.name}: ${outcome.details}`);
    table.push([name, outcome.name, outcome.details]);
    problems.push(...outcome.problems.map((problem) => `${name}: ${problem}`));
  }
  printTable(table);
  return problems;
}

/** Why a scenario cannot be run here. */
class Skipped extends Error {}

/** One scenario as it goes: a service with one node, what was found, and what has to be undone. */
class Trial {
  problems = [];
  details = [];
  service;
  cluster;
  environment;
  server = null;
  #boundMs;
  #undo = [];

  constructor({ service, environment, boundMs }) {
    this.service = service;
    this.environment = environment;
    this.cluster = environment.cluster;
    this.#boundMs = boundMs;
  }

  fault(text) {
    const last =
      this.server === null ? '' : `; the server said last\n    ${this.server.lines.slice(-5).join('\n    ')}`;
    this.problems.push(text + last);
  }

  onCleanUp(undo) {
    this.#undo.push(undo);
  }

  cleanUp() {
    for (const undo of this.#undo) undo();
  }

  async start(how) {
    this.server = await this.service.start(NODE, how);
    return this.server;
  }

  /** A server with the workload, which has begun. */
  async begin(how) {
    if (this.server === null) await this.start(how);
    await this.service.create(this.server);
    this.service.load.start();
    await this.goesOn('the beginning', READY_MS);
  }

  /** Every shard must commit again. */
  async goesOn(what, timeoutMs = this.#boundMs) {
    const before = (await this.service.changelogEnds()) ?? new Map();
    const ms = await this.service.progress(before, { all: true, timeoutMs, until: () => this.server.isGone });
    if (ms !== null) this.details.push(`after ${what} ${Math.round(ms)} ms`);
    else
      this.fault(
        `within ${timeoutMs} ms after ${what} these have not gone on: ${(await this.service.unmoved(before)).join(', ')}`,
      );
  }

  /** /healthcheck must come to say what the pattern says; or, with null, that the cluster is well. */
  async says(what, pattern) {
    let health = null;
    for (const deadline = performance.now() + HEALTH_MS; performance.now() < deadline && !this.server.isGone; ) {
      health = await this.server.health();
      const kafka = health?.details?.kafka;
      if (
        pattern === null ? kafka?.isHealthy === true : kafka?.isHealthy === false && pattern.test(kafka.reason ?? '')
      ) {
        if (pattern !== null && health.isHealthy)
          this.fault(`${what}: /healthcheck says that all is well while Kafka is not: ${JSON.stringify(health)}`);
        return;
      }
      await sleep(200);
    }
    const said = health === null ? 'does not answer' : `says ${JSON.stringify(health)}`;
    this.fault(`${what}: within ${HEALTH_MS} ms /healthcheck ${this.server.isGone ? 'is gone with the server' : said}`);
  }

  logged(what, pattern) {
    if (!this.server.lines.some((line) => pattern.test(line)))
      this.fault(`${what}: no line of the log speaks of it (${pattern})`);
  }

  /** Everything that came in must have come out. */
  async verify() {
    const verdict = await this.service.verify([NODE]);
    this.problems.push(...verdict.problems);
    this.details.push(`${verdict.events} records in, ${verdict.lost} lost, ${verdict.doubled} doubled`);
  }
}

const UNREACHABLE = /cannot be reached/;
const REJECTED = /credentials/;
const FULL = /the disk is full|no space left/;

async function downAtStart(trial, awaySeconds) {
  await trial.cluster.kill();
  await trial.start();
  await trial.says('no broker', UNREACHABLE);
  await sleep(awaySeconds * 1_000);
  if (trial.server.isGone) return trial.fault(`the server has not waited for the broker for ${awaySeconds} s`);
  await trial.cluster.start();
  await trial.server.ready(READY_MS);
  await trial.says('the broker is there', null);
  await trial.begin();
  await trial.verify();
}

async function killed(trial) {
  await trial.begin();
  for (let i = 1; i <= 3; i++) {
    await sleep(1_000);
    await trial.cluster.kill();
    await trial.cluster.start();
    await trial.goesOn(`restart ${i}`);
  }
  await trial.verify();
}

async function away(trial, awaySeconds) {
  await trial.begin();
  await trial.cluster.kill();
  await trial.says('the broker is away', UNREACHABLE);
  trial.logged('the broker is away', UNREACHABLE);
  await sleep(awaySeconds * 1_000);
  if (trial.server.isGone) return trial.fault(`the server has ended while the broker was away for ${awaySeconds} s`);
  await trial.cluster.start();
  await trial.goesOn(`${awaySeconds} s`);
  await trial.says('the broker is back', null);
  await trial.verify();
}

/** A broker that keeps its connections and answers nothing, for longer than sessions and transactions last. */
async function frozen(trial) {
  await trial.begin();
  trial.cluster.pause();
  await sleep(3 * SESSION_MS);
  trial.cluster.resume();
  await trial.goesOn('the broker answers again');
  await trial.verify();
}

async function passwordRefused(trial) {
  const listener = await addPasswordListener(trial.cluster, 'right');
  const { service } = trial;
  await trial.start(listener.client('wrong'));
  await trial.says('a wrong password', REJECTED);
  trial.logged('a wrong password', REJECTED);
  if (trial.server.isGone) trial.fault('the server has ended because of a wrong password');
  await trial.server.stop();

  await trial.start(listener.client('right'));
  await trial.begin();
  await service.load.stop();
  await listener.setPassword('another');
  await trial.says('the password has changed', REJECTED);
  trial.logged('the password has changed', REJECTED);
  await listener.setPassword('right');
  service.load.start();
  await trial.goesOn('the password is right again', SESSION_MS + 30_000);
  await trial.says('the password is right again', null);
  await trial.verify();
}

/** Gives the broker a second door, with a password. Its file of properties lies where its process works. */
async function addPasswordListener(cluster, password) {
  const link = `/proc/${cluster.pid()}/cwd`;
  if (!existsSync(link)) throw new Skipped('the folder of the broker cannot be told without /proc');
  const file = join(readlinkSync(link), 'server.properties');
  const before = readFileSync(file, 'utf8');
  const port = await freePort();
  const address = `SASL_PLAINTEXT://127.0.0.1:${port}`;
  const withDoor = before
    .replace(/^listeners=(.*)$/m, (_, list) => `listeners=${list},${address}`)
    .replace(/^advertised.listeners=(.*)$/m, (_, list) => `advertised.listeners=${list},${address}`);
  const setPassword = async (text) => {
    await cluster.stop();
    writeFileSync(
      file,
      `${withDoor}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
listener.name.sasl_plaintext.sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_app="${text}";
`,
    );
    await cluster.start();
  };
  await setPassword(password);
  const client = (text) => ({
    bootstrapServers: `127.0.0.1:${port}`,
    settings: {
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required username="app" password="${text}";`,
    },
  });
  return { client, setPassword };
}

async function diskFull(trial) {
  const data = trial.service.data(NODE);
  mkdirSync(data, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', data], { encoding: 'utf8' });
  if (mounted.status !== 0)
    throw new Skipped(`a small disk cannot be mounted: ${mounted.error?.message ?? mounted.stderr.trim()}`);
  trial.onCleanUp(() => spawnSync('umount', ['-l', data]));
  await trial.begin();
  const filler = join(data, 'filler');
  fill(filler);
  const deadline = performance.now() + FULL_MS;
  const speaks = () => trial.server.lines.find((line) => FULL.test(line));
  while (speaks() === undefined && !trial.server.isGone && performance.now() < deadline) {
    await sleep(200);
    fill(filler);
  }
  const said = speaks();
  if (said === undefined) return trial.fault(`nothing is said of the full disk within ${FULL_MS} ms`);
  trial.details.push(`it says "${said.replace(/^\S+ /, '')}"`);
  await sleep(5_000);
  if (trial.server.isGone) return trial.fault('the server has ended because of a full disk');
  if ((await trial.server.health()) === null) trial.fault('the server does not answer while its disk is full');
  rmSync(filler);
  await trial.goesOn('there is room');
  await trial.verify();
}

/** Takes all the room that is left. */
function fill(path) {
  const file = openSync(path, 'a');
  const block = Buffer.alloc(4_096);
  try {
    for (;;) if (writeSync(file, block) < block.length) return;
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}
