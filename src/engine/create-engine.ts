import { join } from 'node:path';
import { EmbeddedLogReader } from '../broker/embedded/log-reader.js';
import { readCommands } from '../executor/thread/commands.js';
import { createInlineStreamThread, createStreamThread } from '../executor/thread/create-stream-thread.js';
import type { StreamThread } from '../executor/thread/stream-thread.js';
import type { SchemaLoader } from '../formats/schema-registry/schema-cache.js';
import { type Clock, systemClock } from '../model/time.js';
import { SqliteTableReader } from '../state/sqlite/sqlite-table-reader.js';
import { type Database, openDatabase } from '../storage/database.js';
import { announceOwner } from '../storage/file-lock.js';
import { stateFolder } from './cluster-settings.js';
import { EmbeddedLogView } from './embedded-log-view.js';
import type { Engine } from './engine.js';
import { FunctionFolder } from './function-folder.js';
import { MillraceEngine } from './millrace-engine.js';
import type { ClusterOptions, NodeLog, RuntimeParts } from './open-cluster.js';
import { openRegistry } from './open-registry.js';
import { ensureProcessingLog, PROCESSING_LOG_TOPIC, processingLogTopicOf } from './processing-log-stream.js';
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
  /** Hears what an operator should know: of a node on Kafka, of functions of users, of a thread that has failed. By default nobody does. */
  readonly log?: NodeLog;
  /**
   * On Kafka: true returns before the cluster has answered, and waits for it as long as it takes; statements are refused until `Engine.ready`
   * resolves. False, the default: the engine is ready, or it is an error.
   */
  readonly patient?: boolean;
}

/**
 * Opens an engine: the one entry of the library, and the only place that names concrete adapters.
 * @throws SystemError when the file cannot be opened: `file-in-use` names the process that has it
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const settings = new Settings(options.settings);
  const clock = options.clock ?? systemClock;
  const onCluster = settings.get('ksql.streams.bootstrap.servers') !== null;
  const logTopic = onCluster ? processingLogTopicOf(settings.get('ksql.service.id') ?? '') : PROCESSING_LOG_TOPIC;
  const registry = openRegistry(settings);
  // Threads ask for schemas once there is an engine.
  const loadSchema: SchemaLoader = (id) => engine.core.schemas.load(id);
  const functions = openFunctions(options, settings, onCluster);
  let runtime: RuntimeParts;
  try {
    runtime = onCluster
      ? await openClusterRuntime(options, {
          settings,
          clock,
          processingLogTopic: logTopic,
          loadSchema,
          functions: functions.registry,
          functionStore: functions.store,
          // The first statement of a process builds the grammar's tables.
          whileWaiting: () => void engine.parse('LIST STREAMS;'),
        })
      : await openEmbeddedRuntime(options, settings, clock, logTopic, loadSchema, functions.store);
  } catch (error) {
    functions.close();
    throw error;
  }
  const engine: MillraceEngine = new MillraceEngine({
    ...runtime,
    registry,
    release: () => {
      registry?.close();
      functions.close();
      runtime.release();
    },
    settings,
    functions: functions.registry,
    clock,
    random: Math.random,
    millraceVersion: MILLRACE_VERSION,
  });
  runtime.thread.subscribe((event) => {
    if (event.kind === 'commands') functions.check(engine.core.catalog.queries());
    else if (event.kind === 'threadFailed') options.log?.('error', event.error);
  });
  const ready = engine.begin(async () => {
    await runtime.connected;
    await ensureProcessingLog(engine.core, logTopic);
    functions.begin(engine.core.catalog.queries());
  });
  if (onCluster && options.patient === true) return engine;
  try {
    await ready;
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** The functions of users are kept beside the plans that name them. @throws SystemError when the folder of functions is wrong */
function openFunctions(options: EngineOptions, settings: Settings, onCluster: boolean): FunctionFolder {
  const { data, log } = options;
  const besideFile = data === undefined || data === ':memory:' ? null : `${data}.functions`;
  return new FunctionFolder({
    folder: settings.flag('ksql.udfs.enabled') ? settings.get('ksql.extension.dir') : null,
    store: onCluster ? join(stateFolder(settings, data), 'functions') : besideFile,
    log: log ?? (() => {}),
  });
}

/** Modules of the cluster are loaded when they are needed. */
async function openClusterRuntime(
  options: EngineOptions,
  parts: Omit<ClusterOptions, 'folder' | 'threads' | 'log' | 'patient'>,
): Promise<RuntimeParts> {
  const { openCluster } = await import('./open-cluster.js');
  return openCluster({
    ...parts,
    folder: stateFolder(parts.settings, options.data),
    threads: options.threads ?? 1,
    log: options.log ?? (() => {}),
    patient: options.patient ?? false,
  });
}

async function openEmbeddedRuntime(
  options: EngineOptions,
  settings: Settings,
  clock: Clock,
  processingLogTopic: string,
  loadSchema: SchemaLoader,
  functionStore: string | null,
): Promise<RuntimeParts> {
  const path = options.data ?? ':memory:';
  const inMemory = path === ':memory:';
  const threads = inMemory ? 0 : (options.threads ?? 1);
  const shared = {
    path,
    commitIntervalMs: settings.number('commit.interval.ms'),
    processingLogTopic,
    functionStore,
    loadSchema,
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
  return {
    thread,
    log: new EmbeddedLogView(new EmbeddedLogReader(reader), thread),
    tables,
    commands: readCommands(reader),
    clusterId: () => 'millrace-embedded',
    connected: Promise.resolve(),
    placement: null,
    announceUrl: (url) => {
      if (!inMemory) announceOwner(path, url);
    },
    release: () => {
      tables.close();
      if (!inMemory) reader.close();
    },
  };
}
