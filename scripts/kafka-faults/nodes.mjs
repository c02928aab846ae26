/**
 * Several nodes of one service that start, stop, relieve one another, die and freeze at random while records come in. After each disturbance
 * every shard must go on within the session timeout and a little; what a node does that was frozen for longer than its session must not show.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printTable, say, spread } from './report.mjs';
import { complaints, Service } from './service.mjs';

const SESSION_MS = 6_000;
const FIRST_MS = 60_000;
const READY_MS = 60_000;
const PAUSE_MS = 2_000;
/** How long a node that is relieved goes on at most. */
const JOIN_MS = 2_000;
const FENCED = /fenced|belongs to another node/;

export async function runNodes({ minutes, nodes: count, slackSeconds, guarantee, rate, environment, random }) {
  const service = new Service({
    ...environment,
    name: 'nodes',
    folder: join(environment.folder, 'nodes'),
    guarantee,
    rate,
    random,
    settings: {},
  });
  const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
  /** Server of each node that runs. */
  const up = new Map();
  const took = new Map(['start', 'stop', 'relieve', 'kill', 'freeze', 'thaw'].map((kind) => [kind, []]));
  const boundMs = SESSION_MS + slackSeconds * 1_000;
  const problems = [];
  let fenced = 0;

  /** After a disturbance all shards must go on. */
  const goesOn = async (kind, node) => {
    const before = (await service.changelogEnds()) ?? new Map();
    const ms = await service.progress(before, { all: true, timeoutMs: boundMs });
    if (ms !== null) took.get(kind).push(ms);
    else {
      const still = await service.unmoved(before);
      const last = [...up].map(([name, { lines }]) => `${name}: ${lines.slice(-8).join('\n    ')}`).join('\n  ');
      problems.push(
        `${boundMs} ms after ${kind} of ${node} these have not gone on: ${still.join(', ')}; nodes said\n  ${last}`,
      );
    }
  };
  const gone = (node) => {
    const server = up.get(node);
    up.delete(node);
    problems.push(...complaints(server).map((line) => `${node} says: ${line}`));
    fenced += server.lines.filter((line) => FENCED.test(line)).length;
  };
  const actions = {
    start: async (node) => {
      const server = await service.start(node);
      up.set(node, server);
      await server.ready(READY_MS);
    },
    stop: async (node) => {
      const problem = await up.get(node).stop();
      if (problem !== null) problems.push(`${node}: ${problem}`);
      gone(node);
    },
    /** One that works stops while this one joins. */
    relieve: async (node) => {
      const old = random.pick([...up.keys()]);
      const stops = sleep(random.between(0, JOIN_MS)).then(() => actions.stop(old));
      await Promise.all([actions.start(node), stops]);
    },
    kill: async (node) => {
      await up.get(node).kill();
      gone(node);
    },
    freeze: async (node) => {
      const server = up.get(node);
      server.signal('SIGSTOP');
      const frozen = sleep(2 * SESSION_MS);
      await goesOn('freeze', node);
      await frozen;
      server.signal('SIGCONT');
    },
  };

  try {
    await actions.start(names[0]);
    await service.create(up.get(names[0]));
    service.load.start();
    if ((await service.progress(new Map(), { all: true, timeoutMs: FIRST_MS })) === null) {
      return [`a first node does not process within ${FIRST_MS} ms:\n${up.get(names[0]).lines.slice(-15).join('\n')}`];
    }
    const begun = performance.now();
    let said = begun;
    while (performance.now() - begun < minutes * 60_000 && problems.length === 0) {
      const node = random.pick(names);
      // One node at least goes on working: else nothing could be said of the others' work.
      const mayStop = up.size > 1;
      if (up.has(node) && !mayStop) continue;
      const kinds = up.has(node) ? ['stop', 'kill', 'freeze'] : mayStop ? ['start', 'relieve'] : ['start'];
      const kind = random.pick(kinds);
      await actions[kind](node);
      await goesOn(kind === 'freeze' ? 'thaw' : kind, node);
      for (const [name, server] of up)
        if (server.isGone) problems.push(`${name} ended by itself:\n${server.lines.slice(-15).join('\n')}`);
      if (performance.now() - said > 60_000) {
        said = performance.now();
        say(
          `${Math.round((said - begun) / 60_000)} minutes, ${[...took].map(([name, list]) => `${list.length} ${name}`).join(', ')}`,
        );
      }
      await sleep(random.between(0, PAUSE_MS));
    }
    if (problems.length > 0) return problems;
    const verdict = await service.verify(names);
    for (const node of [...up.keys()]) gone(node);
    problems.push(...verdict.problems);
    printTable([
      ['disturbance', 'times', 'ms until all shards went on'],
      ...[...took].map(([kind, list]) => [kind, list.length, spread(list)]),
    ]);
    say(
      `${count} nodes, ${minutes} minutes, ${guarantee}: ${verdict.events} records in, ${verdict.late} of them late, ${verdict.rows} records read back, ${verdict.commits} commits, ${verdict.lost} lost, ${verdict.doubled} doubled; ${fenced} times a node heard that it was fenced`,
    );
    return problems;
  } finally {
    await service.close();
  }
}
