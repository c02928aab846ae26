import { NO_REGISTRY, type SchemaLoader } from '../../formats/schema-registry/schema-cache.js';
import { SystemError } from '../../model/errors.js';
import { systemClock } from '../../model/time.js';
import { InlineStreamThread } from './inline-stream-thread.js';
import { openCore, type StreamThreadPorts, type StreamThreadSettings } from './open-core.js';
import type { StreamThread } from './stream-thread.js';
import { WorkerStreamThread } from './worker-stream-thread.js';

/** The settings of a stream thread when nothing is said. */
export const STREAM_THREAD_DEFAULTS = { commitIntervalMs: 100, processingLogTopic: null, functionStore: null } as const;

export interface StreamThreadOptions extends Partial<Omit<StreamThreadSettings, 'path'>> {
  /** The engine's file, created when it does not exist, or `:memory:`. */
  readonly path: string;
  /** 1: in a worker thread. 0: in slices on the event loop of the caller; always so in memory. */
  readonly threads: 0 | 1;
  /** Gets schemas that records were written with; by default there is no registry. */
  readonly loadSchema?: SchemaLoader;
  /** Clock and chance; with `threads: 0` only. */
  readonly ports?: StreamThreadPorts;
  /** The bundled entry of the worker; by default `stream-thread.js` beside the bundle that this runs in. */
  readonly workerUrl?: URL;
}

/**
 * Opens the engine's file and starts its stream thread. Queries are deployed by the caller, who reads the catalog: after a
 * restart a deployed query goes on from its last commit.
 *
 * @throws SystemError when the file cannot be opened (`file-in-use`, ...), or `no-worker`
 */
export async function createStreamThread(options: StreamThreadOptions): Promise<StreamThread> {
  if (options.threads === 0 || options.path === ':memory:') return createInlineStreamThread(options);
  const { path } = options;
  if (options.ports !== undefined) {
    throw new SystemError('a stream thread in a worker has a clock of its own', {
      code: 'no-worker',
      hint: 'use threads: 0 with another clock',
    });
  }
  const url = options.workerUrl ?? bundledWorker();
  return WorkerStreamThread.start({ ...settingsOf(options), path }, url, options.loadSchema ?? NO_REGISTRY);
}

/** A stream thread on the event loop of the caller. Its `database` is the writer's connection, which readers in memory share. */
export function createInlineStreamThread(options: Omit<StreamThreadOptions, 'threads'>): InlineStreamThread {
  const ports = options.ports ?? { clock: systemClock, random: Math.random };
  const { loadSchema } = options;
  const { core, database } = openCore(settingsOf(options), loadSchema === undefined ? ports : { ...ports, loadSchema });
  return new InlineStreamThread(core, database);
}

function settingsOf(options: Omit<StreamThreadOptions, 'threads'>): StreamThreadSettings {
  const { path, commitIntervalMs, processingLogTopic, functionStore } = options;
  return {
    path,
    commitIntervalMs: commitIntervalMs ?? STREAM_THREAD_DEFAULTS.commitIntervalMs,
    processingLogTopic: processingLogTopic ?? STREAM_THREAD_DEFAULTS.processingLogTopic,
    functionStore: functionStore ?? STREAM_THREAD_DEFAULTS.functionStore,
  };
}

function bundledWorker(): URL {
  if (import.meta.url.endsWith('.ts')) {
    throw new SystemError('a worker thread cannot be started from source', {
      code: 'no-worker',
      hint: 'build the package first, or use threads: 0',
    });
  }
  return new URL('./stream-thread.js', import.meta.url);
}
