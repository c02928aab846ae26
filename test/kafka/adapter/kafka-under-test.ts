import type {
  Appended,
  Commit,
  PartitionOffsets,
  PendingBatch,
  StoredBatch,
  TopicConfig,
  TopicDescription,
} from '../../../src/broker/broker.js';
import type { PlainWriter, TransactionalWriter } from '../../../src/broker/cluster-log.js';
import { ClusterLogView } from '../../../src/broker/cluster-log-view.js';
import type { Kafka } from '../../../src/broker/kafka/open-kafka.js';
import type { BrokerUnderTest, LogUnderTest, ReadsUnderTest } from '../../contracts/broker-contract.js';
import { connect, pause, RUN } from './adapter-kafka.js';

export type Guarantee = 'transactions' | 'plain';

let count = 0;

/** A cluster as the contract of logs sees it, with names of its own for each test. Its topics go when it is closed. */
export function openKafkaUnderTest(guarantee: Guarantee): BrokerUnderTest {
  return open(guarantee, new Names(`contract-${RUN}-${++count}-`));
}

function open(guarantee: Guarantee, names: Names): BrokerUnderTest {
  const writing = connect();
  const reading = connect();
  const log = new KafkaLog(writing, guarantee, names);
  const release = async (): Promise<void> => {
    log.close();
    await Promise.all([writing.close(), reading.close()]);
  };
  return {
    log,
    positions: null,
    reader: new ViewReads(reading, names),
    reopen: async () => {
      await release();
      return open(guarantee, names);
    },
    close: async () => {
      for (const { name } of await writing.topics.list()) if (names.isOurs(name)) await writing.topics.delete(name);
      await release();
    },
  };
}

/** Names of one test within a cluster that others use. */
class Names {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Names that are wrong by themselves stay wrong. */
  outside(name: string): string {
    return /^\.{0,2}$/.test(name) ? name : this.#prefix + name;
  }

  inside(name: string): string {
    return name.slice(this.#prefix.length);
  }

  isOurs(name: string): boolean {
    return name.startsWith(this.#prefix);
  }
}

/** What statements read with: `ClusterLogView`. */
class ViewReads implements ReadsUnderTest {
  readonly #view: ClusterLogView;
  readonly #names: Names;

  constructor(kafka: Kafka, names: Names) {
    this.#view = new ClusterLogView(kafka.topics, kafka.readers(), () => performance.now());
    this.#names = names;
  }

  async read(topic: string, partition: number, from: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    return this.#view.read(this.#names.outside(topic), partition, from, maxBytes);
  }

  async describeTopic(name: string): Promise<TopicDescription | null> {
    await this.#view.refresh();
    const found = this.#view.describeTopic(this.#names.outside(name));
    return found === null ? null : { ...found, name };
  }

  async listTopics(): Promise<readonly TopicDescription[]> {
    await this.#view.refresh();
    return this.#view
      .listTopics()
      .filter(({ name }) => this.#names.isOurs(name))
      .map((topic) => ({ ...topic, name: this.#names.inside(topic.name) }));
  }

  offsets(topic: string, partition: number): Promise<PartitionOffsets> {
    return this.#view.offsets(this.#names.outside(topic), partition);
  }
}

/** The ports that shards work with: a reader a call, and a writer. */
class KafkaLog implements LogUnderTest {
  readonly #kafka: Kafka;
  readonly #guarantee: Guarantee;
  readonly #names: Names;
  readonly #readers: ReturnType<Kafka['readers']>;
  #plain: PlainWriter | null = null;
  #transactional: TransactionalWriter | null = null;

  constructor(kafka: Kafka, guarantee: Guarantee, names: Names) {
    this.#kafka = kafka;
    this.#guarantee = guarantee;
    this.#names = names;
    this.#readers = kafka.readers();
  }

  async createTopic(name: string, config: TopicConfig): Promise<TopicDescription> {
    const { partitions, replicas, cleanupPolicy, retentionMs } = config;
    const settings = { 'cleanup.policy': cleanupPolicy.join(','), 'retention.ms': String(retentionMs) };
    const { id } = await this.#kafka.topics.create({ name: this.#names.outside(name), partitions, replicas, settings });
    return { ...config, name, id };
  }

  deleteTopic(name: string): Promise<void> {
    return this.#kafka.topics.delete(this.#names.outside(name));
  }

  async describeTopic(name: string): Promise<TopicDescription | null> {
    const outside = this.#names.outside(name);
    const [topic] = await this.#kafka.topics.describe([outside]);
    if (topic === null || topic === undefined) return null;
    const [settings] = await this.#kafka.topics.settings([outside]);
    const policies = settings!['cleanup.policy']!.split(',') as ('delete' | 'compact')[];
    return { ...topic, name, cleanupPolicy: policies, retentionMs: Number(settings!['retention.ms']) };
  }

  async listTopics(): Promise<readonly TopicDescription[]> {
    const ours = (await this.#kafka.topics.list()).filter(({ name }) => this.#names.isOurs(name));
    const described = await Promise.all(ours.map(({ name }) => this.describeTopic(this.#names.inside(name))));
    return described.filter((topic) => topic !== null);
  }

  async offsets(topic: string, partition: number): Promise<PartitionOffsets> {
    const [range] = await this.#kafka.topics.offsets([{ topic: this.#names.outside(topic), partition }]);
    return range!;
  }

  async read(topic: string, partition: number, from: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    const name = this.#names.outside(topic);
    const [found] = await this.#kafka.topics.describe([name]);
    let changed = (): void => {};
    const onChange = (): void => changed();
    const reader = this.#readers.open(name, found?.id ?? '', partition, from, { onChange });
    try {
      for (;;) {
        const batches = reader.take(maxBytes);
        if (batches.length > 0 || (reader.end >= 0 && reader.next >= reader.end)) return batches;
        if (reader.failure !== null) throw reader.failure;
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    } finally {
      reader.close();
    }
  }

  async commit({ outputs, writeState }: Commit): Promise<readonly Appended[]> {
    const named = outputs.map((batch) => ({ ...batch, topic: this.#names.outside(batch.topic) }));
    const places = await (this.#guarantee === 'plain' ? this.#append(named) : this.#transact(named, writeState));
    return places.map((place) => ({ ...place, topic: this.#names.inside(place.topic) }));
  }

  async commitAll(commits: readonly Commit[]): Promise<readonly (readonly Appended[])[]> {
    const all: (readonly Appended[])[] = [];
    for (const commit of commits) all.push(await this.commit(commit));
    return all;
  }

  trim(topic: string, partition: number, beforeOffset: number): Promise<void> {
    return this.#kafka.topics.trim([{ topic: this.#names.outside(topic), partition, offset: beforeOffset }]);
  }

  close(): void {
    this.#plain?.close();
    this.#transactional?.close();
  }

  async #append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    this.#plain ??= await this.#kafka.writers.plain();
    return this.#plain.append(batches);
  }

  async #transact(batches: readonly PendingBatch[], writeState: Commit['writeState']): Promise<readonly Appended[]> {
    const id = this.#names.outside('writer');
    this.#transactional ??= await this.#kafka.writers.transactional(id, 10_000);
    const writer = this.#transactional;
    try {
      await writer.addPartitions(batches);
      const places = await writer.append(batches);
      try {
        writeState?.();
      } catch (error) {
        await writer.end('abort');
        throw error;
      }
      await writer.end('commit');
      await this.#visible(places);
      return places;
    } catch (error) {
      // After a failure a writer is of no use any more.
      writer.close();
      this.#transactional = null;
      throw error;
    }
  }

  /** A commit that is answered will be visible without fail; this waits for it. */
  async #visible(places: readonly Appended[]): Promise<void> {
    for (;;) {
      const ranges = await this.#kafka.topics.offsets(places);
      if (places.every(({ lastOffset }, i) => ranges[i]!.end > lastOffset + 1)) return;
      await pause(5);
    }
  }
}
