import type { PartitionOffsets, Position, TopicPartition } from '../broker.js';
import { type ClusterTopic, type ClusterTopicRequest, type ClusterTopics, LogError } from '../cluster-log.js';
import { Backoff } from './backoff.js';
import type { KafkaConnection } from './kafka-connection.js';
import {
  INVALID_TOPIC,
  kafkaError,
  REQUEST_TIMED_OUT,
  TOPIC_ALREADY_EXISTS,
  UNKNOWN_TOPIC_OR_PARTITION,
} from './kafka-error-codes.js';
import { brokerError } from './kafka-errors.js';
import { TopicCreations } from './topic-creations.js';
import type { Api } from './wire/api.js';
import { CREATE_TOPICS } from './wire/create-topics.js';
import { DELETE_RECORDS } from './wire/delete-records.js';
import { DELETE_TOPICS } from './wire/delete-topics.js';
import { DESCRIBE_CONFIGS } from './wire/describe-configs.js';
import { LIST_OFFSETS } from './wire/list-offsets.js';
import type { TopicMetadata } from './wire/metadata.js';
import type { PartitionResult } from './wire/transactions.js';

/** A call gives up after so long; what the brokers do for it may take as long. */
const CALL_MS = 30_000;
/** Brokers hear of a new topic a little later than the one that made it: a topic that is not there is looked for again for so long. */
const UNKNOWN_MS = 2_000;

/** Topics of a Kafka cluster. Kafka's own (`__consumer_offsets`) are not listed. */
export class KafkaTopics implements ClusterTopics {
  readonly #connection: KafkaConnection;
  readonly #creations = new TopicCreations((topics) => this.#controller(CREATE_TOPICS, { topics, timeoutMs: CALL_MS }));

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  async describe(names: readonly string[]): Promise<readonly (ClusterTopic | null)[]> {
    if (names.length === 0) return [];
    const { topics } = await this.#ask(() => this.#connection.metadata([...new Set(names)]));
    const found = new Map(topics.map((topic) => [topic.name, topic]));
    return names.map((name) => {
      const topic = found.get(name);
      return topic === undefined ? null : describeTopic(topic);
    });
  }

  async list(): Promise<readonly ClusterTopic[]> {
    const { topics } = await this.#ask(() => this.#connection.metadata(null));
    return topics
      .filter(({ internal }) => !internal)
      .map(describeTopic)
      .filter((topic) => topic !== null)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async settings(names: readonly string[]): Promise<readonly Readonly<Record<string, string>>[]> {
    if (names.length === 0) return [];
    const answers = await this.#ask(() => this.#connection.any(DESCRIBE_CONFIGS, [...new Set(names)]));
    const found = new Map(answers.map((answer) => [answer.name, answer]));
    return names.map((name) => {
      const answer = found.get(name);
      const what = `the settings of topic "${name}" cannot be read`;
      if (answer === undefined) throw brokerError(UNKNOWN_TOPIC_OR_PARTITION, what);
      if (answer.error !== 0) throw brokerError(answer.error, what, answer.message);
      return answer.settings;
    });
  }

  async create(request: ClusterTopicRequest): Promise<ClusterTopic> {
    const { name } = request;
    const what = `topic "${name}" cannot be created`;
    const untilMs = performance.now() + CALL_MS;
    const id = await this.#connection.retry(untilMs, 'harmful', async () => {
      const { error, message, id } = await this.#creations.ask(request);
      // Somebody else has just made it: the caller will want to use it.
      if (error === TOPIC_ALREADY_EXISTS) await this.#whenReady(name, null, untilMs).catch(() => {});
      // The brokers go on with it.
      if (error !== 0 && error !== REQUEST_TIMED_OUT) throw brokerError(error, what, message);
      return error === 0 ? id : null;
    });
    return this.#whenReady(name, id, untilMs);
  }

  /** @param id null: whichever there is */
  async #whenReady(name: string, id: string | null, untilMs: number): Promise<ClusterTopic> {
    const made = await this.#connection.retry(
      untilMs,
      'harmless',
      async () => {
        const { topics } = await this.#connection.metadata([name]);
        const topic = topics[0];
        const ready =
          topic !== undefined &&
          topic.error === 0 &&
          (id === null || topic.id === id) &&
          topic.partitions.length > 0 &&
          topic.partitions.every(({ error, leader }) => error === 0 && leader >= 0);
        if (!ready) throw notReady(`topic "${name}" is not ready`);
        return describeTopic(topic)!;
      },
      quick(),
    );
    // A broker tells of itself as the leader a little before it is.
    await this.#offsetsAt(
      'end',
      Array.from({ length: made.partitions }, (_, partition) => ({ topic: name, partition })),
      quick(),
    );
    return made;
  }

  async delete(name: string): Promise<void> {
    const what = `topic "${name}" cannot be deleted`;
    const untilMs = performance.now() + CALL_MS;
    const [before] = await this.describe([name]);
    if (before === null || before === undefined) return;
    await this.#connection.retry(untilMs, 'harmless', async () => {
      const answers = await this.#controller(DELETE_TOPICS, { name, timeoutMs: CALL_MS });
      const error = firstError(answers);
      if (error !== 0 && error !== UNKNOWN_TOPIC_OR_PARTITION) throw brokerError(error, what);
    });
    await this.#connection.retry(untilMs, 'harmless', async () => {
      const [after] = await this.describe([name]);
      if (after?.id === before.id) throw notReady(`topic "${name}" is still there`);
    });
    this.#connection.forgetTopic(name);
  }

  async offsets(partitions: readonly TopicPartition[]): Promise<readonly PartitionOffsets[]> {
    if (partitions.length === 0) return [];
    const [starts, ends] = await Promise.all([
      this.#offsetsAt('start', partitions),
      this.#offsetsAt('end', partitions),
    ]);
    return partitions.map((item) => ({ start: starts.get(keyOf(item))!, end: ends.get(keyOf(item))! }));
  }

  async trim(before: readonly Position[]): Promise<void> {
    await this.#atLeaders(before, 'records cannot be deleted', (nodeId, some) =>
      this.#connection.node(nodeId, DELETE_RECORDS, { before: some, timeoutMs: CALL_MS }, CALL_MS),
    );
  }

  async #offsetsAt(
    at: 'start' | 'end',
    partitions: readonly TopicPartition[],
    backoff?: Backoff,
  ): Promise<ReadonlyMap<string, number>> {
    const offsets = new Map<string, number>();
    const ask = async (nodeId: number, some: readonly TopicPartition[]): Promise<readonly PartitionResult[]> => {
      const listed = await this.#connection.node(nodeId, LIST_OFFSETS, { at, partitions: some });
      for (const item of listed) if (item.error === 0) offsets.set(keyOf(item), item.offset);
      return listed;
    };
    await this.#atLeaders(partitions, 'offsets cannot be read', ask, backoff);
    return offsets;
  }

  #ask<T>(attempt: () => Promise<T>): Promise<T> {
    return this.#connection.retry(performance.now() + CALL_MS, 'harmless', attempt);
  }

  /** Sends to the broker that changes topics. */
  async #controller<Request, Result extends { readonly error: number }>(
    api: Api<Request, readonly Result[]>,
    request: Request,
  ): Promise<readonly Result[]> {
    const { map } = this.#connection;
    const controller = map.controller ?? (await this.#connection.metadata([])).controller;
    const answers = await this.#connection.node(controller, api, request, CALL_MS);
    if (answers.some(({ error }) => kafkaError(error).kind === 'moved')) map.forgetController();
    return answers;
  }

  /** Asks the leader of each partition, and again for those whose leader has moved. */
  async #atLeaders<T extends TopicPartition>(
    partitions: readonly T[],
    what: string,
    ask: (nodeId: number, some: readonly T[]) => Promise<readonly PartitionResult[]>,
    backoff?: Backoff,
  ): Promise<void> {
    let left = partitions;
    const startedMs = performance.now();
    await this.#connection.retry(
      startedMs + CALL_MS,
      'harmless',
      async () => {
        const leaders = await this.#known(startedMs, () => this.#connection.leaders(left));
        const byLeader = new Map<number, T[]>();
        left.forEach((item, i) => {
          const list = byLeader.get(leaders[i]!);
          if (list === undefined) byLeader.set(leaders[i]!, [item]);
          else list.push(item);
        });
        const again: T[] = [];
        let failure: Error | null = null;
        await Promise.all(
          [...byLeader].map(async ([nodeId, some]) => {
            let results: readonly PartitionResult[];
            try {
              results = await ask(nodeId, distinct(some));
            } catch (error) {
              for (const { topic } of some) this.#connection.forgetTopic(topic);
              again.push(...some);
              failure = error as Error;
              return;
            }
            const errors = new Map<string, number>();
            for (const result of results) if (result.error !== 0) errors.set(keyOf(result), result.error);
            for (const item of errors.size === 0 ? [] : some) {
              const error = errors.get(keyOf(item));
              if (error === undefined) continue;
              this.#connection.forgetTopic(item.topic);
              again.push(item);
              const one = brokerError(error, `${what} (topic "${item.topic}", partition ${item.partition})`);
              if (failure === null || one.failure === 'refused') failure = one;
            }
          }),
        );
        left = again;
        if (failure !== null) await this.#known(startedMs, () => Promise.reject(failure));
      },
      backoff,
    );
  }

  /** A topic that is not there may be one that this broker has not heard of yet. */
  async #known<T>(startedMs: number, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== 'unknown-topic' || performance.now() - startedMs > UNKNOWN_MS) throw error;
      throw notReady((error as Error).message);
    }
  }
}

function describeTopic(topic: TopicMetadata): ClusterTopic | null {
  const { error, name, id, partitions } = topic;
  if (error === UNKNOWN_TOPIC_OR_PARTITION || error === INVALID_TOPIC) return null;
  if (error !== 0 && kafkaError(error).kind !== 'moved')
    throw brokerError(error, `topic "${name}" cannot be described`);
  return { name, id, partitions: partitions.length, replicas: partitions[0]?.replicas ?? 0 };
}

function firstError(answers: readonly { readonly error: number }[]): number {
  return answers[0]?.error ?? 0;
}

/** Brokers agree on a new topic within some ms. */
function quick(): Backoff {
  return new Backoff(2, 20);
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`;
}

function notReady(message: string): LogError {
  return new LogError('unavailable', message, { code: 'kafka-not-ready' });
}

/** A broker refuses a request that names a partition twice. */
function distinct<T extends TopicPartition>(items: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = keyOf(item);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
