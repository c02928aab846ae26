import type { Address } from './kafka-options.js';
import type { MetadataAnswer, TopicMetadata } from './wire/metadata.js';

/** What all connections to a cluster have been told of it together: where its brokers are, who leads a partition, coordinates an id, or changes topics. */
export class ClusterMap {
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #coordinators = new Map<string, number>();
  #nodes: ReadonlyMap<number, Address> = new Map();
  #controller = -1;

  get addresses(): readonly Address[] {
    return [...this.#nodes.values()];
  }

  address(nodeId: number): Address | undefined {
    return this.#nodes.get(nodeId);
  }

  addNode(nodeId: number, address: Address): void {
    if (!this.#nodes.has(nodeId)) this.#nodes = new Map([...this.#nodes, [nodeId, address]]);
  }

  /** The broker that takes changes of topics, if its address is known. */
  get controller(): number | undefined {
    return this.#nodes.has(this.#controller) ? this.#controller : undefined;
  }

  forgetController(): void {
    this.#controller = -1;
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  /** Who leads a partition, if that is a broker whose address is known; else -1. */
  leader(topic: string, partition: number): number {
    const leader = this.#topics.get(topic)?.partitions[partition]?.leader ?? -1;
    return this.#nodes.has(leader) ? leader : -1;
  }

  /** @param names what was asked for; null for all topics, which are not remembered */
  learn(names: readonly string[] | null, { brokers, topics, controller }: MetadataAnswer): void {
    this.#nodes = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    this.#controller = controller;
    if (names === null) return;
    for (const name of names) this.#topics.delete(name);
    for (const topic of topics) if (topic.error === 0) this.#topics.set(topic.name, topic);
  }

  forgetTopic(name: string): void {
    this.#topics.delete(name);
  }

  /** The broker that coordinates an id, if its address is known. */
  coordinator(id: string): number | undefined {
    const nodeId = this.#coordinators.get(id);
    return nodeId !== undefined && this.#nodes.has(nodeId) ? nodeId : undefined;
  }

  setCoordinator(id: string, nodeId: number): void {
    this.#coordinators.set(id, nodeId);
  }

  forgetCoordinator(id: string): void {
    this.#coordinators.delete(id);
  }

  /** A broker has failed: what it did may be another's by now. */
  forgetDutiesOf(nodeId: number): void {
    if (nodeId === this.#controller) this.forgetController();
    for (const [id, coordinator] of this.#coordinators) if (coordinator === nodeId) this.#coordinators.delete(id);
  }
}
