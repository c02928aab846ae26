import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Engine } from '../../engine/engine.js';
import { SystemError } from '../../model/errors.js';
import { type RunningServer, serve } from '../../server/serve.js';
import { EngineBackend } from '../backend/engine-backend.js';
import { openBackend } from '../backend/open-backend.js';
import { AIRPORT_DAY_COLUMNS, airportDayCells, groupedDigits, readAirportDays } from '../demo/airport-days.js';
import { readExample } from '../demo/flights.js';
import { showLive } from '../demo/live-view.js';
import { Replay } from '../demo/replay.js';
import { openEmbedded } from '../embedded.js';
import { EXIT, type ExitCode } from '../exit.js';
import { tableText } from '../render/table.js';
import { runRepl } from '../repl.js';
import { Shell } from '../shell.js';
import type { Terminal } from '../terminal.js';

export interface DemoOptions {
  readonly host: string;
  readonly port: number;
  readonly insecure: boolean;
  /** Absent: a file of its own, gone afterwards. */
  readonly data?: string;
  /** Event-time seconds a second; absent: a minute for everything on a terminal, else as fast as it goes. */
  readonly speed?: number;
}

/** 90 days in a minute. */
const DEFAULT_SPEED = 129_600;

/** `millrace demo`: the flights example, replayed into an engine that answers HTTP meanwhile. */
export async function runDemo(options: DemoOptions, terminal: Terminal): Promise<ExitCode> {
  const { data, release } = dataFile(options.data);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  // The terminal is gone: nothing is left to be shown.
  process.once('SIGHUP', () => process.exit(EXIT.interrupted));
  let engine: Engine | null = null;
  let server: RunningServer | null = null;
  try {
    engine = await openEmbedded(data);
    server = await listen(engine, options);
    const example = readExample();
    for (const path of example.queryFiles) await engine.applyQueryFile(readFileSync(path, 'utf8'));
    const replay = await Replay.prepare(engine, example);
    stop.signal.addEventListener('abort', () => replay.stop());
    const kept = options.data === undefined ? '' : `, data in ${resolve(data)}`;
    await terminal.write(`millrace demo on ${server.url}${kept}\n`);
    if (replay.resumedAt > 0) {
      await terminal.write(
        `${groupedDigits(replay.resumedAt)} of ${groupedDigits(replay.total)} flights are there already\n`,
      );
    }
    const speed = options.speed ?? (terminal.interactive ? DEFAULT_SPEED : null);
    const running = replay.run(speed);
    running.catch(() => {});
    if (terminal.interactive && terminal.repaints) {
      const code = await onTerminal(engine, replay, running, server.url, data, terminal);
      replay.stop();
      await running;
      return code;
    }
    await running;
    if (stop.signal.aborted) return EXIT.interrupted;
    await engine.drain();
    await printTable(engine, replay, terminal);
    return EXIT.ok;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await server?.close();
    await engine?.close();
    release();
  }
}

/** The file to work on. One of the demo's own is removed with the process, however that ends short of a kill. */
function dataFile(given: string | undefined): { readonly data: string; readonly release: () => void } {
  if (given !== undefined) return { data: given, release: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  return { data: join(folder, 'flights.db'), release: remove };
}

async function listen(engine: Engine, { host, port, insecure }: DemoOptions): Promise<RunningServer> {
  try {
    return await serve(engine, { host, port, insecure });
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== 'port-in-use') throw error;
    throw new SystemError(error.message, {
      code: error.code,
      hint: 'Stop it, or choose another port: --port 0 takes a free one (npm start -- --port 0).',
    });
  }
}

async function onTerminal(
  engine: Engine,
  replay: Replay,
  running: Promise<void>,
  url: string,
  data: string,
  terminal: Terminal,
): Promise<ExitCode> {
  const end = await showLive(engine, replay, running, url, terminal);
  if (end === 'quit') return EXIT.interrupted;
  // An error of the replay is an error of the demo.
  if (end === 'finished') await running;
  const shell = new Shell(new EngineBackend(engine, data, { borrowed: true }), terminal, {
    output: 'table',
    session: engine.session(),
    open: openBackend,
    interactive: true,
  });
  try {
    return await runRepl(shell, suggestions(url, replay.done));
  } finally {
    await shell.close();
  }
}

function suggestions(url: string, done: boolean): string {
  const state = done ? 'The replay is over' : 'The replay goes on';
  return `
${state}: this prompt works on the same engine. Try

  SELECT origin, city, flights, average_delay FROM airport_days WHERE origin = 'ORD' LIMIT 5;
  SET 'auto.offset.reset' = 'earliest';
  SELECT origin, city, destination, delay FROM departures WHERE delay > 300 EMIT CHANGES LIMIT 3;
  DESCRIBE airport_days EXTENDED;

or, from another terminal,

  curl ${url}/query-stream -d '{"sql": "SELECT * FROM airport_days LIMIT 3;"}'

Type help for help; exit or Ctrl-D ends the demo.
`;
}

/** All windows, and the sum that shows that no flight is missing or counted twice. */
async function printTable(engine: Engine, replay: Replay, terminal: Terminal): Promise<void> {
  const days = (await readAirportDays(engine)).sort((a, b) => a.day - b.day || (a.origin < b.origin ? -1 : 1));
  const style = { wrap: true, columnWidth: 0, columns: terminal.columns };
  await terminal.write(tableText(AIRPORT_DAY_COLUMNS, days.map(airportDayCells), style));
  const counted = days.reduce((sum, { flights }) => sum + flights, 0);
  await terminal.write(
    `\n${groupedDigits(days.length)} windows count ${groupedDigits(counted)} flights; ${groupedDigits(replay.total)} are in the data.\n`,
  );
}
