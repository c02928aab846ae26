import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogError, topicRequest } from '../broker/cluster-log.js';
import { ClusterLogView } from '../broker/cluster-log-view.js';
import { inFull } from '../broker/kafka/kafka-errors.js';
import { openKafka } from '../broker/kafka/open-kafka.js';
import { CommandTopic } from '../executor/shard/command-topic.js';
import { openShardThread } from '../executor/shard/open-shard-thread.js';
import { rehearsePlan } from '../executor/shard/rehearse-plan.js';
import { TOMBSTONE_RETENTION_MS } from '../executor/shard/resolve-topics.js';
import type { ShardHost, ShardHostOwner, ShardHostSettings } from '../executor/shard/shard-host.js';
import { ShardNode } from '../executor/shard/shard-node.js';
import { ShardTables } from '../executor/shard/shard-tables.js';
import { WorkerShardHost } from '../executor/shard/worker-shard-host.js';
import type { StoredCommand, ThreadEvent } from '../executor/thread/stream-thread.js';
import type { SchemaLoader } from '../formats/schema-registry/schema-cache.js';
import type { FunctionRegistry } from '../functions/registry.js';
import { SystemError } from '../model/errors.js';
import type { Clock } from '../model/time.js';
import { announceOwner, FileLock } from '../storage/file-lock.js';
import { clusterConnection, outputCompression, processingGuarantee, streamThreads } from './cluster-settings.js';
import type { EngineParts } from './engine-core.js';
import { processingLogConfig } from './processing-log-stream.js';
import type { Settings } from './settings.js';

export type NodeLog = (level: 'info' | 'warn' | 'error', message: string) => void;

export interface ClusterOptions {
  /** The folder of this node's state. */
  readonly folder: string;
  /** 0: shards run on the caller's event loop. */
  readonly threads: 0 | 1;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: NodeLog;
  /** Gets schemas that records were written with. */
  readonly loadSchema: SchemaLoader;
  /** Topic of KSQL_PROCESSING_LOG. */
  readonly processingLogTopic: string;
  readonly functions: FunctionRegistry;
  /** Folder that keeps the functions of users. */
  readonly functionStore: string | null;
  /** Called while a new service waits for the brokers to make its topics: what takes time and will be needed is done then. */
  readonly whileWaiting: () => void;
  /** Whether a cluster that cannot be reached, or does not let us in, is waited for; else it is an error after a while. */
  readonly patient: boolean;
}

/** The parts of an engine that its runtime brings. */
export type RuntimeParts = Pick<
  EngineParts,
  'thread' | 'log' | 'tables' | 'commands' | 'clusterId' | 'announceUrl' | 'release' | 'placement'
> & {
  /** Resolves once statements can be run; what was in the catalog has been told by then. */
  readonly connected: Promise<void>;
};

const CONNECT_AGAIN_MS = 1_000;

/**
 * Joins this process to a service on Kafka, as one of its nodes. Does not wait for the cluster: see `connected`.
 * @throws SystemError `file-in-use` when another process has the folder; `invalid-setting`
 */
export async function openCluster(options: ClusterOptions): Promise<RuntimeParts> {
  const { settings, clock, log, threads, processingLogTopic, folder, functions } = options;
  mkdirSync(folder, { recursive: true });
  const lockPath = join(folder, 'node');
  const lock = FileLock.acquire(lockPath);
  try {
    const serviceId = settings.get('ksql.service.id') ?? '';
    const node = nodeId(folder);
    const connection = clusterConnection(settings, `millrace-${serviceId}-${node}`);
    const guarantee = processingGuarantee(settings);
    const kafka = await openKafka({
      ...connection,
      log: (level, message) => {
        if (level !== 'debug') log(level, message);
      },
    });
    const readers = kafka.readers();
    const viewReaders = kafka.readers();
    const view = new ClusterLogView(kafka.topics, viewReaders, () => performance.now());
    const tables = new ShardTables();
    const hear = (event: ThreadEvent): void => shardNode.hear(event);
    const commands = new CommandTopic({
      serviceId,
      replicas: settings.number('ksql.internal.topic.replicas'),
      topics: kafka.topics,
      readers,
      writers: kafka.writers,
      now: () => clock.now(),
      prepare: async () => {
        // The topics are asked for before the event loop turns.
        setImmediate(options.whileWaiting);
        await kafka.topics.create(topicRequest(processingLogTopic, processingLogConfig(settings)));
      },
      onCommands: (heard) => hear({ kind: 'commands', commands: heard }),
      onFailure: (error) => hear({ kind: 'threadFailed', error: `the catalog cannot be read on: ${error.message}` }),
    });
    let clusterId = 'unknown';
    let closed = false;
    const connect = async (): Promise<readonly StoredCommand[]> => {
      let said: string | null = null;
      for (;;) {
        try {
          const [cluster, before] = await Promise.all([kafka.describeCluster(), commands.open()]);
          clusterId = cluster.clusterId ?? clusterId;
          return before;
        } catch (error) {
          if (!options.patient || closed || !(error instanceof LogError)) throw error;
          if (said !== error.message) log('warn', `the catalog cannot be read yet: ${error.message}`);
          said = error.message;
          await new Promise((resolve) => setTimeout(resolve, CONNECT_AGAIN_MS));
        }
      }
    };
    // The brokers answer while the threads start.
    const connecting = connect();
    connecting.catch(() => {});
    const hostSettings: ShardHostSettings = {
      connection,
      node,
      folder: join(folder, 'shards'),
      serviceId,
      guarantee,
      commitIntervalMs: settings.number('commit.interval.ms'),
      processingLogTopic,
      compression: outputCompression(settings),
      transactionTimeoutMs: settings.number('ksql.streams.transaction.timeout.ms'),
      tombstoneRetentionMs: TOMBSTONE_RETENTION_MS,
      functionStore: options.functionStore,
      failpoints: process.env['MILLRACE_FAILPOINTS'] ?? null,
    };
    const owner: ShardHostOwner = {
      event: (event) => shardNode.event(event),
      confirmOwner: (queryId, index) => shardNode.confirmOwner(queryId, index),
      loadSchema: options.loadSchema,
    };
    const hosts: ShardHost[] = [];
    if (threads === 0) hosts.push(await openShardThread(hostSettings, owner, clock));
    else {
      for (let i = 0; i < streamThreads(settings); i++) {
        hosts.push(
          new WorkerShardHost(hostSettings, owner, workerUrl(), (error) =>
            hear({ kind: 'threadFailed', error: error.message }),
          ),
        );
      }
    }
    const shardNode: ShardNode = new ShardNode({
      node,
      serviceId,
      shardsMax: settings.number('millrace.shards.max'),
      hosts,
      topics: kafka.topics,
      writers: kafka.writers,
      commands,
      joinGroup: (events) =>
        kafka.group({
          groupId: `_confluent-ksql-${serviceId}_millrace`,
          instanceId: node,
          sessionTimeoutMs: settings.number('ksql.streams.session.timeout.ms'),
          events,
        }),
      commitGroupOffsets: (groupId, positions) => kafka.commitGroupOffsets(groupId, positions),
      trouble: () => troubleOf(kafka.state()),
      rehearse: (plan, topology) => rehearsePlan(plan, topology, functions),
      onServing: (queryId, index, path) => tables.serve(queryId, index, path),
      log,
      release: async () => {
        closed = true;
        await Promise.all([readers.close(), viewReaders.close()]);
        await kafka.close();
      },
    });
    return {
      thread: shardNode,
      log: view,
      tables,
      commands: [],
      clusterId: () => clusterId,
      connected: connecting.then((before) => hear({ kind: 'commands', commands: before })),
      placement: (queryId) => shardNode.placement(queryId),
      announceUrl: (url) => {
        announceOwner(lockPath, url);
        shardNode.announce(settings.get('ksql.advertised.listener') ?? url);
      },
      release: () => {
        view.close();
        tables.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Names this node for as long as its folder exists. */
function nodeId(folder: string): string {
  const path = join(folder, 'node-id');
  if (!existsSync(path)) writeFileSync(path, randomUUID().slice(0, 13));
  return readFileSync(path, 'utf8').trim();
}

function workerUrl(): URL {
  if (import.meta.url.endsWith('.ts')) {
    throw new SystemError('a worker thread cannot be started from source', {
      code: 'no-worker',
      hint: 'build the package first, or use threads: 0',
    });
  }
  return new URL('./shard-thread.js', import.meta.url);
}

function troubleOf(state: ReturnType<Awaited<ReturnType<typeof openKafka>>['state']>): string | null {
  switch (state.kind) {
    case 'connected':
      return null;
    case 'unreachable':
      return `the brokers cannot be reached since ${new Date(state.since).toISOString()}: ${inFull(state.error)}`;
    case 'rejected': {
      const what = state.error.code === 'credentials-rejected' ? 'reject the credentials' : 'cannot be used';
      return `the brokers ${what}: ${inFull(state.error)}`;
    }
  }
}
