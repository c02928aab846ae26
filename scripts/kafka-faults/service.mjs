import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { consumeCommitted } from '../../test/kafka/support/java-tools.mjs';
import { chainedRows, eventsOf, groupedRows, passedRows, windowedRows } from './interpreter.mjs';
import {
  groupedAnswer,
  groupName,
  judgeChangelog,
  judgeInput,
  judgeStream,
  judgeTable,
  judgeTableTopic,
  windowedAnswer,
  windowName,
} from './judge.mjs';
import { Load } from './load.mjs';
import { ServerProcess } from './server-process.mjs';
import { judgeState, readState } from './state-files.mjs';
import { INPUT, OUTPUTS, SHARDS, statements, topicOf } from './workload.mjs';

const READY_MS = 60_000;
const SETTLE_MS = 120_000;
const STILL_MS = 1_500;
/** A difference that is still there after so many looks is one. */
const LOOKS = 4;
const LOOK_AGAIN_MS = 4_000;
/** Java processes at a time. */
const REFEREES = 5;
const REFEREE_IDLE_MS = 3_000;

/**
 * A service on a cluster with the workload of `workload.mjs`: its nodes with their folders, the records that come in, and the verdict on
 * what comes out.
 */
export class Service {
  name;
  load;
  /** What was wrong so far, as sentences. */
  problems = [];
  #parts;
  #nodes = new Map();
  #running = new Set();
  #changelogs = null;

  /**
   * @param {object} parts
   *   `name`, `folder`, `cli`, `client`, `kafka` (of the client), `bootstrapServers`, `random`, `rate` in records a second, `guarantee`,
   *   `settings` of every node
   */
  constructor(parts) {
    this.#parts = parts;
    this.name = parts.name;
    const { client, kafka, random, rate } = parts;
    this.load = new Load({ client, kafka, random, rate, run: parts.name });
  }

  /** The folder of a node's state. */
  data(node) {
    return join(this.#parts.folder, node);
  }

  logOf(node) {
    return join(this.#parts.folder, `${node}.log`);
  }

  /** Starts a node, and does not wait for it. */
  async start(node, { failpoints = '', settings = {}, bootstrapServers = this.#parts.bootstrapServers } = {}) {
    const { cli, guarantee, name } = this.#parts;
    if (!this.#nodes.has(node)) this.#nodes.set(node, await freePort());
    const server = new ServerProcess({
      cli,
      port: this.#nodes.get(node),
      data: this.data(node),
      bootstrapServers,
      failpoints,
      log: this.logOf(node),
      settings: {
        'ksql.service.id': `${name}_`,
        'millrace.shards.max': SHARDS,
        'processing.guarantee': guarantee,
        ...this.#parts.settings,
        ...settings,
      },
    });
    this.#running.add(server);
    void server.exited.then(() => this.#running.delete(server));
    return server;
  }

  /** Makes the streams, tables and queries. */
  async create(server) {
    await server.ready(READY_MS);
    await server.execute(statements(this.name));
    this.#changelogs = null;
  }

  /** Where a reader of committed records ends, by changelog partition `topic/partition`; null while the cluster cannot be asked. */
  async changelogEnds() {
    const { kafka } = this.#parts;
    try {
      if (this.#changelogs === null) {
        const prefix = `_confluent-ksql-${this.name}_query_`;
        const topics = (await kafka.topics.list()).filter(
          ({ name }) => name.startsWith(prefix) && name.endsWith('-changelog'),
        );
        this.#changelogs = topics.flatMap(({ name: topic, partitions }) =>
          Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
        );
      }
      const ranges = await kafka.topics.offsets(this.#changelogs);
      return new Map(this.#changelogs.map(({ topic, partition }, i) => [`${topic}/${partition}`, ranges[i].end]));
    } catch {
      return null;
    }
  }

  /**
   * Resolves once changelogs have grown since `before`: one of them, or all; answers how long that took in ms, or null when it takes longer
   * than `timeoutMs`, or `until` says so.
   */
  async progress(before, { all, timeoutMs, until = () => false }) {
    const started = performance.now();
    while (performance.now() - started < timeoutMs && !until()) {
      const ends = await this.changelogEnds();
      if (ends !== null) {
        const grown = [...ends].filter(([place, end]) => end > (before.get(place) ?? 0)).length;
        if (all ? grown === ends.size : grown > 0) return performance.now() - started;
      }
      await sleep(40);
    }
    return null;
  }

  /** Changelog partitions that have not grown since. */
  async unmoved(before) {
    const ends = await this.changelogEnds();
    return ends === null
      ? ['the cluster cannot be asked']
      : [...ends].filter(([place, end]) => end <= (before.get(place) ?? 0)).map(([place]) => place);
  }

  /** Keeps the files of a node that is not running, to be put back later. */
  keepCopy(node, copy) {
    const from = join(this.data(node), 'shards');
    if (!existsSync(from)) return;
    const to = join(this.#parts.folder, 'copies', copy);
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    cpSync(from, to, { recursive: true });
  }

  /** Puts files of a copy in the place of those of a node that is not running: all, or those of some shards. */
  putBack(node, copy, chosen) {
    const from = join(this.#parts.folder, 'copies', copy);
    if (!existsSync(from)) return 0;
    const to = join(this.data(node), 'shards');
    const shards = readdirSync(from).filter((name) => name.endsWith('.db') && chosen(name));
    for (const shard of shards) {
      for (const name of readdirSync(to)) if (name.startsWith(shard)) rmSync(join(to, name));
      for (const name of readdirSync(from)) if (name.startsWith(shard)) cpSync(join(from, name), join(to, name));
    }
    return shards.length;
  }

  /** The disk of a node is lost: its state, or everything, by which it is another node. */
  loseDisk(node, { everything }) {
    const path = everything ? this.data(node) : join(this.data(node), 'shards');
    rmSync(path, { recursive: true, force: true });
    for (const copy of ['old', 'older']) {
      if (everything) rmSync(join(this.#parts.folder, 'copies', copy), { recursive: true, force: true });
    }
  }

  /**
   * Stops the load, waits until nodes have done their work, reads everything back and judges it; then stops them, has a node with an empty
   * folder build all state from the changelogs, and compares. Load and nodes are stopped afterwards.
   *
   * @param nodes names of the nodes that have state
   */
  async verify(nodes) {
    await this.load.stop();
    const servers = [...this.#running];
    const started = performance.now();
    await this.#settle(servers);
    const settledMs = performance.now() - started;
    let verdict = await this.#judge(servers);
    for (let look = 1; look < LOOKS && verdict.problems.length > 0; look++) {
      await sleep(LOOK_AGAIN_MS);
      verdict = await this.#judge(servers);
    }
    for (const server of servers) {
      const problem = await server.stop();
      if (problem !== null) verdict.problems.push(problem);
    }
    verdict.problems.push(...(await this.#rebuild(nodes, verdict)));
    this.problems.push(...verdict.problems);
    return { ...verdict, settledMs, judgedMs: performance.now() - started - settledMs };
  }

  async close() {
    await Promise.all([...this.#running].map((server) => server.kill()));
    await this.load.close();
  }

  /** Deletes the topics of the service, so that the next one has room. */
  async dropTopics() {
    const { kafka } = this.#parts;
    const own = (await kafka.topics.list()).filter(
      ({ name }) => name.startsWith(`${this.name}-`) || name.includes(`-${this.name}_`),
    );
    for (const { name } of own) await kafka.topics.delete(name);
  }

  /** Waits until everything that came in is counted, and nothing is written any more. What is not so after a while is found by the verdict. */
  async #settle(servers) {
    const { kafka } = this.#parts;
    const input = Array.from({ length: 4 }, (_, partition) => ({ topic: topicOf(this.name, INPUT), partition }));
    const deadline = performance.now() + SETTLE_MS;
    let still = performance.now();
    let before = '';
    while (performance.now() < deadline) {
      await sleep(200);
      let rows = null;
      for (const server of servers) rows ??= await server.rows('SELECT * FROM grouped;').catch(() => null);
      const counted = (rows ?? []).reduce((sum, [, n]) => sum + n, 0);
      const ends = await kafka.topics.offsets(input).catch(() => null);
      const there = ends?.reduce((sum, { end }) => sum + end, 0);
      const now = JSON.stringify([...((await this.changelogEnds()) ?? [])]);
      if (now !== before || there === undefined || counted < there) still = performance.now();
      before = now;
      if (performance.now() - still > STILL_MS) return;
    }
  }

  async #judge(servers) {
    const { guarantee } = this.#parts;
    const repeats = guarantee === 'at_least_once';
    const changelogTopics = [
      ...new Set([...((await this.changelogEnds()) ?? new Map()).keys()].map((place) => place.split('/')[0])),
    ];
    const topics = [...[INPUT, ...OUTPUTS].map((name) => topicOf(this.name, name)), ...changelogTopics];
    const read = await this.#readBack(topics);
    const records = (name) => read.get(topicOf(this.name, name));
    const events = eventsOf(records(INPUT));
    const { rows: windowed, late } = windowedRows(events);
    const grouped = groupedRows(events);
    const problems = judgeInput(events, this.load.acknowledged);
    const found = [
      judgeStream('passed', passedRows(events), records('passed'), { repeats }),
      judgeStream('chained', chainedRows(events), records('chained'), { repeats }),
      judgeTableTopic('windowed', windowed, records('windowed'), windowName, { repeats }),
      // What is counted has come through a topic of its own, where records may repeat too.
      judgeTableTopic('grouped', grouped, records('grouped'), groupName, { repeats, extra: repeats }),
    ];
    for (const { problems: some } of found) problems.push(...some);
    const positions = new Map();
    let commits = 0;
    for (const topic of changelogTopics) {
      const { problems: some, last, commits: count } = judgeChangelog(topic, read.get(topic), { repeats });
      problems.push(...some);
      commits += count;
      for (const [partition, position] of last) positions.set(`${topic}/${partition}`, position);
    }
    for (const server of servers) problems.push(...(await this.#judgeTables(server, windowed, grouped)));
    const rows = [...read.values()].reduce((sum, list) => sum + list.length, 0);
    const sum = (member) => found.reduce((total, one) => total + one[member], 0);
    return {
      problems,
      events: events.length,
      late,
      rows,
      lost: sum('lost'),
      doubled: sum('doubled'),
      commits,
      positions,
      windowed,
      grouped,
    };
  }

  /** What pull queries of one node say. */
  async #judgeTables(server, windowed, grouped) {
    const extra = this.#parts.guarantee === 'at_least_once';
    try {
      const windows = (await server.rows('SELECT * FROM windowed;')).map(windowedAnswer);
      const groups = (await server.rows('SELECT * FROM grouped;')).map(groupedAnswer);
      return [
        ...judgeTable(`${server.url} windowed`, windowed, windows, {}),
        ...judgeTable(`${server.url} grouped`, grouped, groups, { extra }),
      ];
    } catch (error) {
      return [`${server.url} does not answer a pull query: ${error.message}`];
    }
  }

  async #readBack(topics) {
    const { bootstrapServers } = this.#parts;
    const read = new Map();
    const waiting = [...topics];
    const referee = async () => {
      for (let topic = waiting.shift(); topic !== undefined; topic = waiting.shift()) {
        read.set(topic, await consumeCommitted({ bootstrapServers, topic, timeoutMs: REFEREE_IDLE_MS }));
      }
    };
    await Promise.all(Array.from({ length: REFEREES }, referee));
    return read;
  }

  /** A node with an empty folder must have the same state, and nothing to complain of. */
  async #rebuild(nodes, { windowed, grouped, positions }) {
    const data = this.data('fresh');
    rmSync(data, { recursive: true, force: true });
    const server = await this.start('fresh');
    const problems = [];
    try {
      await server.ready(READY_MS);
      let tables = await this.#judgeTables(server, windowed, grouped);
      for (const deadline = performance.now() + READY_MS; tables.length > 0 && performance.now() < deadline; ) {
        await sleep(250);
        tables = await this.#judgeTables(server, windowed, grouped);
      }
      problems.push(...tables);
      await allRunning(server, performance.now() + READY_MS);
    } catch (error) {
      problems.push(`a node with an empty folder: ${error.message}`);
    }
    const stopped = await server.stop();
    if (stopped !== null) problems.push(`a node with an empty folder: ${stopped}`);
    problems.push(...complaints(server).map((line) => `a node with an empty folder says: ${line}`));
    const rebuilt = readState(data);
    for (const [place, { sequence, fingerprint }] of positions) {
      const [topic, partition] = place.split('/');
      const query = /query_(.*)-changelog$/.exec(topic)[1];
      const local = rebuilt.get(`${encodeURIComponent(query)}-${partition}.db`)?.position;
      if (local?.fingerprint !== fingerprint || local.sequence !== sequence) {
        problems.push(
          `${place}: the last position record says ${sequence} ${fingerprint}, and the rebuilt file ${local?.sequence} ${local?.fingerprint}`,
        );
      }
    }
    problems.push(
      ...judgeState(
        rebuilt,
        nodes.map((node) => readState(this.data(node))),
      ),
    );
    rmSync(data, { recursive: true, force: true });
    return problems;
  }
}

/** Waits until every query runs: those without a table have a position to restore as well. */
async function allRunning(server, deadline) {
  for (;;) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const states = [...text.matchAll(/^millrace_query_state\{.*state="(\w+)"\} 1$/gm)].map(([, state]) => state);
    if (states.length > 0 && states.every((state) => state === 'RUNNING')) return;
    if (performance.now() > deadline) throw new Error(`not every query runs: ${states.join(', ')}`);
    await sleep(50);
  }
}

/** Lines of a server that speak of errors, or of state that it could not trust. */
export function complaints(server) {
  return server.lines.filter((line) => / error /.test(line) || line.includes('built anew'));
}

export async function freePort() {
  for (;;) {
    const server = createServer();
    const port = 12_000 + Math.floor(Math.random() * 8_000);
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
