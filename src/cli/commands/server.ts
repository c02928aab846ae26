import { resolve } from 'node:path';
import type { Engine } from '../../engine/engine.js';
import { MILLRACE_VERSION } from '../../engine/version.js';
import { StatementError } from '../../model/errors.js';
import type { RunningServer } from '../../server/serve.js';
import { readText, type ServerConfig, type ServerFlags, serverConfig } from '../config/server-config.js';
import { openEmbedded } from '../embedded.js';
import { EXIT, type ExitCode } from '../exit.js';
import { LocatedError, type Source } from '../render/located-error.js';
import type { Terminal } from '../terminal.js';

export interface ServerOptions extends ServerFlags {
  readonly insecure: boolean;
  readonly threads?: 0 | 1;
}

/** `millrace server`: an engine with its HTTP endpoint, until SIGTERM or SIGINT. */
export async function runServer(options: ServerOptions, terminal: Terminal): Promise<ExitCode> {
  const stopped = stopSignal();
  const config = serverConfig(options, process.env);
  for (const notice of config.notices) terminal.writeError(`${terminal.err.yellow('warning')}: ${notice}\n`);
  // The thread of the engine starts while the modules of the server are loaded.
  const opening = openEmbedded(config.data, config.settings, options.threads, {
    log: logNode(terminal),
    patient: true,
  });
  const [engine, { serve }] = await Promise.all([opening, import('../../server/serve.js')]);
  const servers: RunningServer[] = [];
  try {
    await terminal.write(`millrace ${MILLRACE_VERSION}, ${placeOf(config)}\n`);
    const listen = async (): Promise<void> => {
      for (const { host, port } of config.listeners) {
        servers.push(await serve(engine, { host, port, insecure: options.insecure, log: logError(terminal) }));
      }
      engine.announceUrl(servers[0]!.url);
    };
    if (onKafka(config)) {
      // The cluster may be away: that is told over HTTP meanwhile.
      await listen();
      if ((await Promise.race([engine.ready(), stopped])) === undefined)
        await applyQueryFiles(engine, config, terminal);
    } else {
      await applyQueryFiles(engine, config, terminal);
      await listen();
    }
    await terminal.write(`listening on ${servers.map(({ url }) => url).join(', ')}\n`);
    await terminal.write(`${await stopped}, shutting down\n`);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    await engine.close();
  }
  return EXIT.ok;
}

function onKafka({ settings }: ServerConfig): boolean {
  return settings['ksql.streams.bootstrap.servers'] !== undefined;
}

function placeOf(config: ServerConfig): string {
  const { data, settings } = config;
  if (onKafka(config)) return `on Kafka at ${settings['ksql.streams.bootstrap.servers']}`;
  return data === null || data === ':memory:' ? 'data in memory' : `data in ${resolve(data)}`;
}

async function applyQueryFiles(engine: Engine, { queryFiles }: ServerConfig, terminal: Terminal): Promise<void> {
  for (const path of queryFiles) {
    const text = readText(path, 'query file');
    try {
      const { applied, unchanged } = await engine.applyQueryFile(text, engine.session());
      await terminal.write(`query file ${path}: ${summary(applied, unchanged)}\n`);
    } catch (error) {
      throw new LocatedError(error, sourceOf(error, path, text));
    }
  }
}

/** What the position of a query file's error counts in: the file, or the one statement that was run. */
function sourceOf(error: unknown, name: string, text: string): Source {
  const whole = { name, text, firstLine: 1 };
  if (!(error instanceof StatementError) || error.problem === 'syntax' || error.code.startsWith('query-file'))
    return whole;
  const at = error.statementText === undefined ? -1 : text.indexOf(error.statementText);
  if (at < 0) return whole;
  return { name, text: error.statementText!, firstLine: text.slice(0, at).split('\n').length };
}

function summary(applied: readonly string[], unchanged: readonly string[]): string {
  const parts: string[] = [];
  if (applied.length > 0) parts.push(`applied ${applied.join(', ')}`);
  if (unchanged.length > 0) parts.push(`unchanged ${unchanged.join(', ')}`);
  return parts.length === 0 ? 'nothing to apply' : parts.join('; ');
}

/** Resolves with the first signal that asks the process to end; a second one ends it at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(EXIT.interrupted);
      asked = true;
      resolve(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

/** Lines of a node on Kafka, for whoever runs it. */
function logNode(terminal: Terminal): (level: string, message: string) => void {
  return (level, message) => terminal.writeError(`${new Date().toISOString()} ${level} ${message}\n`);
}

function logError(terminal: Terminal): (error: unknown) => void {
  return (error) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.writeError(`${new Date().toISOString()} ${text}\n`);
  };
}
