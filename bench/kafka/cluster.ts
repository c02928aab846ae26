import type { BatchReaders, ClusterTopic, ClusterTopics, PlainWriter } from '../../src/broker/cluster-log.js';
import { type Kafka, openKafka } from '../../src/broker/kafka/open-kafka.js';

/** The cluster of the benchmark, which belongs to nobody else. */
export class BenchCluster {
  readonly bootstrapServers: string;
  readonly topics: ClusterTopics;
  readonly #kafka: Kafka;
  readonly #replicas: number;

  private constructor(bootstrapServers: string, kafka: Kafka, replicas: number) {
    this.bootstrapServers = bootstrapServers;
    this.topics = kafka.topics;
    this.#kafka = kafka;
    this.#replicas = replicas;
  }

  static async open(bootstrapServers: string): Promise<BenchCluster> {
    const kafka = openKafka({
      bootstrapServers: bootstrapServers.split(','),
      clientId: 'millrace-bench',
      log: (level, message) => {
        if (level === 'error') process.stderr.write(`${message}\n`);
      },
    });
    const { brokers } = await kafka.describeCluster();
    return new BenchCluster(bootstrapServers, kafka, brokers.length);
  }

  /** With a copy on every broker. */
  createTopic(name: string, partitions: number): Promise<ClusterTopic> {
    return this.topics.create({ name, partitions, replicas: this.#replicas, settings: {} });
  }

  async topic(name: string): Promise<ClusterTopic> {
    const [topic] = await this.topics.describe([name]);
    if (topic == null) throw new Error(`there is no topic ${name}`);
    return topic;
  }

  /** Deletes what the sides made, and all else but Kafka's own topics and these. */
  async deleteTopicsBut(...kept: readonly string[]): Promise<void> {
    for (const { name } of await this.topics.list()) {
      if (!name.startsWith('__') && !kept.includes(name)) await this.topics.delete(name);
    }
  }

  readers(): BatchReaders {
    return this.#kafka.readers();
  }

  plainWriter(): Promise<PlainWriter> {
    return this.#kafka.writers.plain();
  }

  close(): Promise<void> {
    return this.#kafka.close();
  }
}
