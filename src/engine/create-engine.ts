import { EmbeddedLogReader } from '../broker/embedded/log-reader.js';
import { readCommands } from '../executor/thread/commands.js';
import { createInlineStreamThread, createStreamThread } from '../executor/thread/create-stream-thread.js';
import type { StreamThread } from '../executor/thread/stream-thread.js';
import { createFunctionRegistry } from '../functions/registry.js';
import { type Clock, systemClock } from '../model/time.js';
import { SqliteTableReader } from '../state/sqlite/sqlite-table-reader.js';
import { type Database, openDatabase } from '../storage/database.js';
import { announceOwner } from '../storage/file-lock.js';
import type { Engine } from './engine.js';
import { MillraceEngine } from './millrace-engine.js';
import { ensureProcessingLog, PROCESSING_LOG_TOPIC } from './processing-log-stream.js';
import { Settings } from './settings.js';
import { MILLRACE_VERSION } from './version.js';

/** How an engine is opened. */
export interface EngineOptions {
  /** Path of the engine's file, or `:memory:` (the default). */
  readonly data?: string;
  /** 1 runs tasks in a worker thread (the default for files), 0 on the caller's event loop (always so in memory). */
  readonly threads?: 0 | 1;
  /** Server-level settings by ksqlDB's names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For tests, with `threads: 0`. */
  readonly clock?: Clock;
}

/**
 * Opens an engine: the one entry of the library, and the only place that names concrete adapters.
 * @throws SystemError when the file cannot be opened: `file-in-use` names the process that has it
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const settings = new Settings(options.settings);
  const path = options.data ?? ':memory:';
  const clock = options.clock ?? systemClock;
  const inMemory = path === ':memory:';
  const threads = inMemory ? 0 : (options.threads ?? 1);
  const shared = {
    path,
    commitIntervalMs: settings.number('commit.interval.ms'),
    processingLogTopic: PROCESSING_LOG_TOPIC,
  };
  let thread: StreamThread;
  let reader: Database;
  if (threads === 0) {
    const inline = createInlineStreamThread({ ...shared, ports: { clock, random: Math.random } });
    thread = inline;
    reader = inMemory ? inline.database : openDatabase({ path, mode: 'reader' });
  } else {
    thread = await createStreamThread({ ...shared, threads });
    reader = openDatabase({ path, mode: 'reader' });
  }
  const tables = new SqliteTableReader(reader);
  const engine = new MillraceEngine({
    settings,
    functions: createFunctionRegistry(),
    clock,
    random: Math.random,
    thread,
    log: new EmbeddedLogReader(reader),
    tables,
    commands: readCommands(reader),
    clusterId: 'millrace-embedded',
    millraceVersion: MILLRACE_VERSION,
    announceUrl: (url) => {
      if (!inMemory) announceOwner(path, url);
    },
    release: () => {
      tables.close();
      if (!inMemory) reader.close();
    },
  });
  try {
    await ensureProcessingLog(engine.core);
    await engine.start();
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}
