import { existsSync } from 'node:fs';
import type { EngineOptions } from '../../engine/create-engine.js';
import { SystemError } from '../../model/errors.js';
import { openEmbedded } from '../embedded.js';
import { UsageError } from '../exit.js';
import type { Backend } from './backend.js';

export const DEFAULT_SERVER = 'http://localhost:8088';

/**
 * Connects to what an argument names: the URL or the `host:port` of a server, or a file. Without an argument the server on this
 * machine, as the ksql command does.
 *
 * @param settings of an engine that is opened here; a server has its own
 * @param log hears what the engine has to tell
 * @throws UsageError, SystemError
 */
export async function openBackend(
  target: string | undefined,
  settings: Readonly<Record<string, string>> = {},
  log?: EngineOptions['log'],
): Promise<Backend> {
  const url = target === undefined ? new URL(DEFAULT_SERVER) : serverUrl(target);
  if (url === null) {
    const { EngineBackend } = await import('./engine-backend.js');
    return new EngineBackend(
      await openEmbedded(target!, settings, undefined, log === undefined ? {} : { log }),
      target!,
    );
  }
  if (Object.keys(settings).length > 0) {
    throw new UsageError(
      'a server has functions of its own',
      'Give --functions-dir to "millrace server", or name a file.',
    );
  }
  const { ServerBackend } = await import('./server-backend.js');
  const backend = new ServerBackend(url);
  try {
    await backend.version();
  } catch (error) {
    await backend.close();
    if (target === undefined && error instanceof SystemError && error.code === 'no-connection') {
      throw new SystemError(error.message, {
        code: error.code,
        hint: 'Start one with "millrace server", or work without: "millrace sql FILE.db" opens a file, "millrace sql :memory:" keeps nothing.',
      });
    }
    throw error;
  }
  return backend;
}

/** The URL that an argument means; null when it means a file. */
export function serverUrl(target: string): URL | null {
  if (/^https?:\/\//i.test(target)) {
    if (URL.canParse(target)) return new URL(target);
    throw new UsageError(`"${target}" is no URL`);
  }
  if (target.includes('://')) throw new UsageError(`"${target}" is no address of a server`, 'Write http://HOST:PORT.');
  return /^[\w.-]+:\d{1,5}$/.test(target) && !existsSync(target) ? new URL(`http://${target}`) : null;
}
