/**
 * A server dies again and again by SIGKILL, at a named step of its work or at any moment, is started again each time, and loses its disk or
 * gets an older copy of it back now and then.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printTable, say, spread } from './report.mjs';
import { complaints, Service } from './service.mjs';

const NODE = 'node';
/** Death comes at a named step; else at any moment. */
const NAMED_SHARE = 0.8;
const PASSES_MAX = 6;
/** A moment of a plain kill, after the start. */
const ANY_MS = 2_500;
/** A step that has not been passed so long after the first commit is not waited for. */
const PATIENCE_MS = 2_500;
const LIVENESS_MS = 45_000;
const DISK = [
  { kind: 'state lost', share: 0.03 },
  { kind: 'node lost', share: 0.004 },
  { kind: 'older copy', share: 0.06 },
];
const COPY_SHARE = 0.1;
/** Now and then more has come in during the death than one commit can hold, so that the next life begins with several in a row. */
const BURST_SHARE = 0.05;
/** Where death is to come at such a commit. */
const BURST_SHARE_BEHIND = 0.8;
const BURST_RECORDS = 30_000;
const SAID_EVERY = 20;

export async function runKills({ kills, everyKills, freshKills, guarantee, rate, environment, random }) {
  const { client } = environment;
  const deaths = new Map([...client.FAILPOINTS, 'any moment'].map((name) => [name, { kills: 0, missed: 0 }]));
  const disk = new Map(DISK.map(({ kind }) => [kind, 0]));
  const restartMs = [];
  const totals = { inputs: 0, rows: 0, commits: 0, lost: 0, doubled: 0, late: 0 };
  const problems = [];
  let done = 0;
  for (let round = 1; done < kills && problems.length === 0; round++) {
    const service = new Service({
      ...environment,
      name: `kill${round}`,
      // Another run has another broker, to which the state of this one means nothing.
      folder: join(environment.folder, `kill${round}-${guarantee}`),
      guarantee,
      rate,
      random,
      settings: {},
    });
    try {
      const first = await service.start(NODE);
      await service.create(first);
      service.load.start();
      await service.progress(new Map(), { all: true, timeoutMs: LIVENESS_MS });
      await first.kill();
      const last = Math.min(kills, done + freshKills);
      let verdict;
      while (done < last && problems.length === 0) {
        const next = Math.min(last, done + everyKills);
        service.load.start();
        while (done < next && problems.length === 0) {
          done++;
          problems.push(...(await killOnce({ service, random, deaths, disk, restartMs, client })));
          if (done % SAID_EVERY === 0) say(`${done} kills`);
        }
        const server = await service.start(NODE);
        await server.ready(LIVENESS_MS).catch((error) => problems.push(error.message));
        verdict = await service.verify([NODE]);
        problems.push(...verdict.problems);
        say(
          `${done} kills: ${verdict.events} records in (${verdict.late} late), ${verdict.rows} read back, ${verdict.commits} commits, ${verdict.lost} lost, ${verdict.doubled} doubled, ${verdict.problems.length} problems; restarts ${spread(restartMs)} ms; settled in ${Math.round(verdict.settledMs)} ms, judged in ${Math.round(verdict.judgedMs)} ms`,
        );
      }
      if (verdict !== undefined) {
        totals.inputs += verdict.events;
        for (const member of ['rows', 'commits', 'lost', 'doubled', 'late']) totals[member] += verdict[member];
      }
    } finally {
      await service.close();
      if (problems.length === 0) await service.dropTopics();
    }
  }
  printTable([
    ['died at', 'kills', 'not reached'],
    ...[...deaths].map(([name, { kills: count, missed }]) => [name, count, missed]),
  ]);
  printTable([['disk', 'times'], ...disk]);
  say(`from start to first commit: ${spread(restartMs)} ms`);
  const doubled =
    guarantee === 'at_least_once' ? `${totals.doubled} again, which at_least_once allows` : `${totals.doubled} doubled`;
  say(
    `${done} kills, ${guarantee}: ${totals.inputs} records in, ${totals.late} of them late, ${totals.rows} records read back, ${totals.commits} commits, ${totals.lost} lost, ${doubled}`,
  );
  return problems;
}

/** One life of the server. Answers what was wrong with it. */
async function killOnce({ service, random, deaths, disk, restartMs, client }) {
  disturbDisk(service, random, disk);
  const isNamed = random.chance(NAMED_SHARE);
  const name = isNamed ? random.pick(client.FAILPOINTS) : 'any moment';
  if (random.chance(name === 'leftBehind' ? BURST_SHARE_BEHIND : BURST_SHARE)) service.load.burst(BURST_RECORDS);
  const failpoints = isNamed ? `${name}=kill@${random.between(1, PASSES_MAX)}` : '';
  const before = (await service.changelogEnds()) ?? new Map();
  const server = await service.start(NODE, { failpoints });
  const until = () => server.isGone;
  if (!isNamed) {
    const moment = random.between(0, ANY_MS);
    const watch = service.progress(before, { all: false, timeoutMs: moment, until });
    await Promise.race([sleep(moment), server.exited]);
    const tookMs = await watch;
    if (tookMs !== null) restartMs.push(tookMs);
    return finish(server, deaths.get(name), false);
  }
  const tookMs = await service.progress(before, { all: false, timeoutMs: LIVENESS_MS, until });
  if (tookMs !== null) restartMs.push(tookMs);
  else if (!server.isGone) {
    await server.kill();
    return [
      `the server did not commit within ${LIVENESS_MS} ms (${failpoints}):\n${server.lines.slice(-15).join('\n')}`,
    ];
  }
  await Promise.race([sleep(PATIENCE_MS, undefined, { ref: false }), server.exited]);
  return finish(server, deaths.get(name), !server.isGone);
}

async function finish(server, death, missed) {
  await server.kill();
  death[missed ? 'missed' : 'kills']++;
  const { code, signal } = await server.exited;
  const problems = complaints(server);
  if (signal !== 'SIGKILL')
    problems.push(`the server ended by itself with ${signal ?? code}:\n${server.lines.slice(-15).join('\n')}`);
  return problems;
}

function disturbDisk(service, random, disk) {
  if (random.chance(COPY_SHARE)) service.keepCopy(NODE, random.pick(['old', 'older']));
  const choice = random.next();
  let share = 0;
  for (const { kind, share: own } of DISK) {
    share += own;
    if (choice >= share) continue;
    if (kind === 'older copy') {
      const all = random.chance(0.5);
      if (service.putBack(NODE, random.pick(['old', 'older']), () => all || random.chance(0.5)) === 0) return;
    } else {
      service.loseDisk(NODE, { everything: kind === 'node lost' });
    }
    disk.set(kind, disk.get(kind) + 1);
    return;
  }
}
