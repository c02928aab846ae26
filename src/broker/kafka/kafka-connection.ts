import type { TopicPartition } from '../broker.js';
import { LogError } from '../cluster-log.js';
import { Backoff } from './backoff.js';
import { BrokerConnection } from './broker-connection.js';
import type { ClusterHealth } from './cluster-health.js';
import { ClusterMap } from './cluster-map.js';
import { UNKNOWN_TOPIC_OR_PARTITION } from './kafka-error-codes.js';
import { asLogError, brokerError, closedError } from './kafka-errors.js';
import { type Address, formatAddress, type KafkaOptions, parseAddress } from './kafka-options.js';
import type { Api } from './wire/api.js';
import { type CoordinatorKind, FIND_COORDINATOR } from './wire/find-coordinator.js';
import { METADATA, type MetadataAnswer } from './wire/metadata.js';

/** Requests of one lane to a broker wait for each other: those that may be parked there, or that carry much, have a lane of their own. */
export type Lane = 'ask' | 'data';

/**
 * Connections to the brokers of a cluster, opened when they are needed and again when they are lost, and questions that keep the map of the
 * cluster true. Answers of a broker are not judged here.
 */
export class KafkaConnection {
  readonly #options: KafkaOptions;
  readonly #health: ClusterHealth;
  readonly #map: ClusterMap;
  readonly #seeds: readonly Address[];
  readonly #open = new Map<string, BrokerConnection>();
  readonly #opening = new Map<string, Promise<BrokerConnection>>();
  readonly #sleepers = new Set<() => void>();
  #seedNext = 0;
  #closed = false;

  /** @throws LogError `invalid-bootstrap-servers` */
  constructor(options: KafkaOptions, health: ClusterHealth, map = new ClusterMap()) {
    this.#options = options;
    this.#health = health;
    this.#map = map;
    this.#seeds = options.bootstrapServers.map((text) => {
      const address = parseAddress(text);
      if (address === null) throw invalidServers(`"${text}" is not an address`);
      return address;
    });
    if (this.#seeds.length === 0) throw invalidServers('there is no address');
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get map(): ClusterMap {
    return this.#map;
  }

  /** Asks whichever broker can be reached. @throws LogError `unavailable`, `refused`, `uncertain` */
  async any<Request, Answer>(api: Api<Request, Answer>, request: Request): Promise<Answer> {
    return this.#send(await this.#anyBroker(), api, request, 0);
  }

  /**
   * Asks one broker.
   * @param waitMs how long the broker may take by the request itself
   * @throws LogError `unavailable` when nothing was sent, `refused`, `uncertain` when the answer was lost
   */
  async node<Request, Answer>(
    nodeId: number,
    api: Api<Request, Answer>,
    request: Request,
    waitMs = 0,
    lane: Lane = 'ask',
  ): Promise<Answer> {
    const address = this.#map.address(nodeId);
    if (address === undefined) {
      throw new LogError('unavailable', `broker ${nodeId} is not known`, { code: 'kafka-unreachable' });
    }
    try {
      return await this.#send(await this.#connect(address, lane), api, request, waitMs);
    } catch (error) {
      const failure = asLogError(error);
      if (failure.failure === 'refused') this.#health.failed(failure);
      this.#map.forgetDutiesOf(nodeId);
      throw failure;
    }
  }

  /** Asks for brokers and topics, and remembers what it hears; all topics for null. */
  async metadata(names: readonly string[] | null): Promise<MetadataAnswer> {
    const answer = await this.any(METADATA, names);
    this.#map.learn(names, answer);
    return answer;
  }

  /**
   * The broker that leads each partition, in order.
   * @throws LogError `unknown-topic`, `unavailable` when a partition has no leader now
   */
  async leaders(partitions: readonly TopicPartition[]): Promise<readonly number[]> {
    const missing = new Set<string>();
    for (const { topic, partition } of partitions) {
      if (this.#map.leader(topic, partition) < 0) missing.add(topic);
    }
    if (missing.size > 0) {
      const { topics } = await this.metadata([...missing]);
      for (const { name, error } of topics) if (error !== 0) throw brokerError(error, `topic "${name}" cannot be used`);
    }
    return partitions.map(({ topic, partition }) => {
      if (this.#map.topic(topic)?.partitions[partition] === undefined) {
        throw brokerError(UNKNOWN_TOPIC_OR_PARTITION, `there is no partition ${partition} of topic "${topic}"`);
      }
      const leader = this.#map.leader(topic, partition);
      if (leader < 0) {
        throw new LogError('unavailable', `partition ${partition} of topic "${topic}" has no leader`, {
          code: 'leader-not-available',
        });
      }
      return leader;
    });
  }

  /** What was known of a topic is out of date. */
  forgetTopic(name: string): void {
    this.#map.forgetTopic(name);
  }

  /** The broker that coordinates a group or a transactional id. */
  async coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    const id = `${kind}:${key}`;
    const known = this.#map.coordinator(id);
    if (known !== undefined) return known;
    const answer = await this.any(FIND_COORDINATOR, { kind, key });
    if (answer.error !== 0) {
      throw brokerError(answer.error, `the coordinator of the ${kind} "${key}" is not found`, answer.message);
    }
    this.#map.addNode(answer.nodeId, { host: answer.host, port: answer.port });
    this.#map.setCoordinator(id, answer.nodeId);
    return answer.nodeId;
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#map.forgetCoordinator(`${kind}:${key}`);
  }

  /**
   * Tries again, after 20 ms to 1 s, what fails with `unavailable`, and with `uncertain` if asking twice does no harm.
   * @param untilMs when to give up, by `performance.now()`
   */
  async retry<T>(
    untilMs: number,
    twice: 'harmless' | 'harmful',
    attempt: () => Promise<T>,
    backoff = new Backoff(),
  ): Promise<T> {
    for (;;) {
      if (this.#closed) throw closedError();
      try {
        return await attempt();
      } catch (error) {
        const failure = asLogError(error);
        const again = failure.failure === 'unavailable' || (failure.failure === 'uncertain' && twice === 'harmless');
        const waitMs = backoff.next();
        if (!again || performance.now() + waitMs > untilMs) throw failure;
        await this.sleep(waitMs);
      }
    }
  }

  /** @throws LogError `kafka-closed` when the connections are closed meanwhile */
  async sleep(ms: number): Promise<void> {
    if (this.#closed) throw closedError();
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleepers.add(wake);
    });
    if (this.#closed) throw closedError();
  }

  /** Closes all connections at once; who waits for an answer hears that it is lost. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of [...this.#sleepers]) wake();
    for (const broker of this.#open.values()) broker.fail('it is closed');
    this.#open.clear();
    await Promise.allSettled(this.#opening.values());
  }

  async #send<Request, Answer>(
    broker: BrokerConnection,
    api: Api<Request, Answer>,
    request: Request,
    waitMs: number,
  ): Promise<Answer> {
    try {
      const answer = await broker.request(api, request, waitMs);
      this.#health.answered();
      return answer;
    } catch (error) {
      // It can be connected to, and hangs up at the first request: one that wants a password does so.
      if (!broker.hasAnswered && !this.#closed) this.#health.failed(asLogError(error));
      throw error;
    }
  }

  /** Whoever is connected already, else the first known broker or bootstrap server that can be reached. */
  async #anyBroker(): Promise<BrokerConnection> {
    const seeds = this.#seeds.map((_, i) => this.#seeds[(this.#seedNext + i) % this.#seeds.length]!);
    const addresses = [...this.#map.addresses, ...seeds];
    for (const address of addresses) {
      const broker = this.#open.get(laneKey(address, 'ask'));
      if (broker !== undefined && !broker.isLost && !broker.isStale) return broker;
    }
    let failure: LogError | null = null;
    const tried = new Set<string>();
    for (const address of addresses) {
      const key = laneKey(address, 'ask');
      if (tried.has(key)) continue;
      tried.add(key);
      try {
        return await this.#connect(address, 'ask');
      } catch (error) {
        const one = asLogError(error);
        if (this.#closed) throw one;
        if (failure === null || one.failure === 'refused') failure = one;
      }
    }
    this.#seedNext++;
    this.#health.failed(failure!);
    throw failure!;
  }

  #connect(address: Address, lane: Lane): Promise<BrokerConnection> {
    if (this.#closed) return Promise.reject(closedError());
    const key = laneKey(address, lane);
    const open = this.#open.get(key);
    if (open !== undefined) {
      if (!open.isLost && !open.isStale) return Promise.resolve(open);
      open.retire();
      this.#open.delete(key);
    }
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      opening = BrokerConnection.open(address, this.#options)
        .then((broker) => {
          if (this.#closed) {
            broker.fail('it is closed');
            throw closedError();
          }
          this.#open.set(key, broker);
          return broker;
        })
        .finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    return opening;
  }
}

function laneKey(address: Address, lane: Lane): string {
  return `${lane} ${formatAddress(address)}`;
}

function invalidServers(why: string): LogError {
  return new LogError('refused', `the list of Kafka brokers cannot be used: ${why}`, {
    code: 'invalid-bootstrap-servers',
    hint: 'write host:port, separated by commas',
  });
}
