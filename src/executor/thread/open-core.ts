import { EmbeddedLog } from '../../broker/embedded/embedded-log.js';
import { NO_REGISTRY, SchemaCache, type SchemaLoader } from '../../formats/schema-registry/schema-cache.js';
import { storedRegistry } from '../../functions/user/stored-registry.js';
import { type Clock, systemClock } from '../../model/time.js';
import { type Database, openDatabase } from '../../storage/database.js';
import { buildPipeline } from '../build-pipeline.js';
import { LogFeed } from '../task/log-feed.js';
import type { Task } from '../task/task.js';
import { RunnerOpener, type TaskRequest } from './open-runners.js';
import { StreamThreadCore } from './stream-thread-core.js';

/** How a stream thread is opened: plain data, so that it can be sent to a worker. */
export interface StreamThreadSettings {
  /** The engine's file, created when it does not exist, or `:memory:`. */
  readonly path: string;
  /** How often the effects of queries are committed, in ms: `commit.interval.ms`. */
  readonly commitIntervalMs: number;
  /** Topic of the stream KSQL_PROCESSING_LOG; null: record errors are only counted. */
  readonly processingLogTopic: string | null;
  /** Folder that keeps the functions of users, see `ModuleStore`; null: built-in functions only. */
  readonly functionStore: string | null;
}

/** What a thread on the event loop of its caller may be given instead of the real thing. */
export interface StreamThreadPorts {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** By default there is no registry. */
  readonly loadSchema?: SchemaLoader;
}

const REAL_PORTS: StreamThreadPorts = { clock: systemClock, random: Math.random };

/**
 * Opens the file as its one writer and makes the thread over it.
 * @throws SystemError as `openDatabase` does
 */
export function openCore(
  settings: StreamThreadSettings,
  ports: StreamThreadPorts = REAL_PORTS,
): { readonly core: StreamThreadCore; readonly database: Database } {
  const { path, commitIntervalMs, processingLogTopic } = settings;
  const { clock, random } = ports;
  const functions = storedRegistry(settings.functionStore);
  const schemas = new SchemaCache({
    load: ports.loadSchema ?? NO_REGISTRY,
    elapsed: () => performance.now(),
    onChange: () => core.schemasKnown(),
  });
  const evaluation = { now: () => clock.now(), random };
  const build = ({ query, partition, stores, output, direct, caching, report, rows }: TaskRequest): Task =>
    buildPipeline(query.plan, {
      partition,
      stores,
      functions,
      evaluation,
      schemas,
      outputs: output,
      caching,
      repartition: direct ? 'direct' : 'topic',
      onRecordError: report,
      ...(rows === null ? {} : { onRow: (result) => rows.add(result) }),
    });
  const database = openDatabase({ path, mode: 'writer' });
  const log = new EmbeddedLog(database, { clock });
  const feed = new LogFeed(log);
  const core: StreamThreadCore = new StreamThreadCore({
    database,
    log,
    feed,
    factory: new RunnerOpener(database, log, feed, build),
    clock,
    elapsed: () => performance.now(),
    commitIntervalMs,
    processingLogTopic,
  });
  return { core, database };
}
