import type { Position } from '../broker.js';
import type { BatchReaders, ClusterTopics, GroupMembership, Writers } from '../cluster-log.js';
import type { FetchLimits } from './broker-fetcher.js';
import { ClusterHealth, type KafkaState } from './cluster-health.js';
import { ClusterMap } from './cluster-map.js';
import { FETCH_LIMITS, KafkaBatchReaders } from './kafka-batch-readers.js';
import { KafkaConnection } from './kafka-connection.js';
import { kafkaError } from './kafka-error-codes.js';
import { brokerError } from './kafka-errors.js';
import { type GroupOptions, KafkaGroup, SESSION_TIMEOUT_MS } from './kafka-group.js';
import { CONNECT_TIMEOUT_MS, type KafkaOptions } from './kafka-options.js';
import { KafkaTopics } from './kafka-topics.js';
import { KafkaWriters } from './kafka-writers.js';
import { OFFSET_COMMIT } from './wire/group.js';

const COMMIT_OFFSETS_MS = 10_000;
const DESCRIBE_MS = 30_000;

export interface KafkaClusterDescription {
  /** Kafka's own id of the cluster; null before it has one. */
  readonly clusterId: string | null;
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  /** The broker that takes changes of topics. */
  readonly controller: number;
}

/** A Kafka cluster as the shared log. Nothing is connected before it is needed. */
export interface Kafka {
  readonly topics: ClusterTopics;
  readonly writers: Writers;
  /** Readers with connections of their own. */
  readers(limits?: Partial<FetchLimits>): BatchReaders;
  /** Joins a group, over connections of its own. */
  group(options: GroupOptions): GroupMembership;
  /**
   * Writes the positions of a group without members, for tools that show how far it lags. Advice for people: never read back.
   * @throws LogError
   */
  commitGroupOffsets(groupId: string, positions: readonly Position[]): Promise<void>;
  /** @throws LogError */
  describeCluster(): Promise<KafkaClusterDescription>;
  /** Opens the connections that questions and writes will need, and learns who the brokers are. @throws LogError */
  connect(): Promise<void>;
  /** What the connections have found out so far. */
  state(): KafkaState;
  /** Closes all that was opened through this object; a group is not told. */
  close(): Promise<void>;
}

/**
 * @param now ms since 1970, for `state`
 * @throws LogError `invalid-bootstrap-servers`
 */
export function openKafka(options: KafkaOptions, now: () => number = Date.now): Kafka {
  return new KafkaCluster(options, now);
}

class KafkaCluster implements Kafka {
  readonly topics: ClusterTopics;
  readonly writers: Writers;
  readonly #options: KafkaOptions;
  readonly #health: ClusterHealth;
  readonly #map = new ClusterMap();
  /** For questions; writers have their own, so that none waits behind a large batch. */
  readonly #admin: KafkaConnection;
  readonly #writing: KafkaConnection;
  readonly #open = new Set<{ close(): Promise<void> }>();

  constructor(options: KafkaOptions, now: () => number) {
    this.#options = options;
    this.#health = new ClusterHealth(options.log, now);
    this.#admin = new KafkaConnection(options, this.#health, this.#map);
    this.#writing = new KafkaConnection(options, this.#health, this.#map);
    this.topics = new KafkaTopics(this.#admin);
    this.writers = new KafkaWriters(this.#writing);
  }

  readers(limits: Partial<FetchLimits> = {}): BatchReaders {
    const connection = new KafkaConnection(this.#options, this.#health, this.#map);
    const readers = new KafkaBatchReaders(connection, { ...FETCH_LIMITS, ...limits }, () => this.#open.delete(readers));
    this.#open.add(readers);
    return readers;
  }

  group(options: GroupOptions): GroupMembership {
    const sessionTimeoutMs = options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS;
    const connection = new KafkaConnection(
      {
        ...this.#options,
        requestTimeoutMs: sessionTimeoutMs,
        connectTimeoutMs: Math.min(this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, sessionTimeoutMs),
      },
      this.#health,
      this.#map,
    );
    const group = new KafkaGroup(connection, options, this.#options.log, () => this.#open.delete(closer));
    const closer = { close: () => group.close(false) };
    this.#open.add(closer);
    return group;
  }

  async commitGroupOffsets(groupId: string, positions: readonly Position[]): Promise<void> {
    if (positions.length === 0) return;
    const what = `the positions of the group "${groupId}" are not written`;
    await this.#admin.retry(performance.now() + COMMIT_OFFSETS_MS, 'harmless', async () => {
      const nodeId = await this.#admin.coordinator('group', groupId);
      const results = await this.#admin.node(nodeId, OFFSET_COMMIT, { groupId, positions });
      const failed = results.find(({ error }) => error !== 0);
      if (failed === undefined) return;
      if (kafkaError(failed.error).kind === 'moved') this.#admin.forgetCoordinator('group', groupId);
      throw brokerError(failed.error, what);
    });
  }

  async describeCluster(): Promise<KafkaClusterDescription> {
    const untilMs = performance.now() + DESCRIBE_MS;
    const { clusterId, brokers, controller } = await this.#admin.retry(untilMs, 'harmless', () =>
      this.#admin.metadata([]),
    );
    return { clusterId, brokers, controller };
  }

  async connect(): Promise<void> {
    await Promise.all([this.#admin.metadata([]), this.#writing.metadata([])]);
  }

  state(): KafkaState {
    return this.#health.state;
  }

  async close(): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    await Promise.all([this.#admin.close(), this.#writing.close(), ...open.map((one) => one.close())]);
  }
}
