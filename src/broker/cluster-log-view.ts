import type { LogView, PartitionOffsets, StoredBatch, TopicDescription } from './broker.js';
import { type BatchReader, type BatchReaders, type ClusterTopic, type ClusterTopics, LogError } from './cluster-log.js';

/** Settings of a topic are asked for again after so long, in ms. */
const SETTINGS_MS = 60_000;
/** A reader that stands where somebody stopped waits so long for them to come back, in ms. */
const IDLE_MS = 30_000;
const READERS_MAX = 64;
const REFRESHES_MAX = 5;

interface IdleReader {
  readonly reader: BatchReader;
  readonly since: number;
}

interface KnownTopic {
  readonly description: TopicDescription;
  readonly askedAt: number;
}

/** The shared log as statements see it. Readers are kept for a while, so that whoever follows a topic need not begin anew each time. */
export class ClusterLogView implements LogView {
  readonly #topics: ClusterTopics;
  readonly #readers: BatchReaders;
  readonly #elapsed: () => number;
  readonly #tails = new Map<string, Set<() => void>>();
  /** By topic and partition; each stands at its `next`. */
  readonly #idle = new Map<string, IdleReader[]>();
  readonly #waits = new Map<BatchReader, () => void>();
  #known = new Map<string, KnownTopic>();

  /** @param elapsed milliseconds that only grow */
  constructor(topics: ClusterTopics, readers: BatchReaders, elapsed: () => number) {
    this.#topics = topics;
    this.#readers = readers;
    this.#elapsed = elapsed;
  }

  async refresh(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#refresh();
      } catch (error) {
        // A topic may go between the two questions.
        if (!(error instanceof LogError) || error.code !== 'unknown-topic' || attempt === REFRESHES_MAX) throw error;
      }
    }
  }

  async #refresh(): Promise<void> {
    const listed = await this.#topics.list();
    const now = this.#elapsed();
    const unknown: ClusterTopic[] = [];
    const known = new Map<string, KnownTopic>();
    for (const topic of listed) {
      const before = this.#known.get(topic.name);
      if (
        before !== undefined &&
        before.description.id === topic.id &&
        before.description.partitions === topic.partitions &&
        now - before.askedAt < SETTINGS_MS
      ) {
        known.set(topic.name, before);
      } else {
        unknown.push(topic);
      }
    }
    const settings = unknown.length === 0 ? [] : await this.#topics.settings(unknown.map(({ name }) => name));
    unknown.forEach((topic, i) => {
      known.set(topic.name, { description: describe(topic, settings[i]!), askedAt: now });
    });
    this.#known = new Map([...known].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  describeTopic(name: string): TopicDescription | null {
    return this.#known.get(name)?.description ?? null;
  }

  listTopics(): readonly TopicDescription[] {
    return [...this.#known.values()].map(({ description }) => description);
  }

  async offsets(topic: string, partition: number): Promise<PartitionOffsets> {
    const [range] = await this.#topics.offsets([{ topic, partition }]);
    return range!;
  }

  async read(topic: string, partition: number, fromOffset: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    const reader = this.#takeIdle(topic, partition, fromOffset) ?? (await this.#open(topic, partition, fromOffset));
    for (;;) {
      const batches = reader.take(maxBytes);
      if (batches.length > 0 || (reader.end >= 0 && reader.next >= reader.end)) {
        this.#keepIdle(topic, partition, batches.length > 0 ? batches.at(-1)!.lastOffset + 1 : fromOffset, reader);
        return batches;
      }
      if (reader.failure !== null) {
        reader.close();
        throw reader.failure;
      }
      await new Promise<void>((resolve) => this.#waits.set(reader, resolve));
    }
  }

  tail(topic: string, onAppended: () => void): () => void {
    const listeners = this.#tails.get(topic) ?? new Set();
    this.#tails.set(topic, listeners);
    listeners.add(onAppended);
    return () => {
      listeners.delete(onAppended);
      if (listeners.size === 0) this.#tails.delete(topic);
    };
  }

  close(): void {
    for (const readers of this.#idle.values()) for (const { reader } of readers) reader.close();
    this.#idle.clear();
  }

  async #open(topic: string, partition: number, from: number): Promise<BatchReader> {
    let id = this.#known.get(topic)?.description.id;
    if (id === undefined) {
      const [found] = await this.#topics.describe([topic]);
      id = found?.id ?? '';
    }
    const reader: BatchReader = this.#readers.open(topic, id, partition, from, {
      onChange: () => {
        const wake = this.#waits.get(reader);
        this.#waits.delete(reader);
        if (wake !== undefined) wake();
        else if (reader.waitingBytes > 0 || reader.failure !== null)
          for (const listener of this.#tails.get(topic) ?? []) listener();
      },
    });
    return reader;
  }

  /** `at`: what the caller asks for next, which markers may have carried the reader past. */
  #keepIdle(topic: string, partition: number, at: number, reader: BatchReader): void {
    const now = this.#elapsed();
    let count = 0;
    for (const [key, readers] of this.#idle) {
      const kept = readers.filter(({ reader: idle, since }) => {
        // Whoever follows the topic hears of news through it.
        const stays = this.#tails.has(idle.topic) || (now - since < IDLE_MS && ++count < READERS_MAX);
        if (!stays) idle.close();
        return stays;
      });
      if (kept.length === 0) this.#idle.delete(key);
      else this.#idle.set(key, kept);
    }
    const key = placeOf(topic, partition, at);
    this.#idle.set(key, [...(this.#idle.get(key) ?? []), { reader, since: now }]);
  }

  #takeIdle(topic: string, partition: number, from: number): BatchReader | null {
    const key = placeOf(topic, partition, from);
    const readers = this.#idle.get(key);
    const found = readers?.pop();
    if (readers?.length === 0) this.#idle.delete(key);
    if (found === undefined) return null;
    if (found.reader.failure === null) return found.reader;
    found.reader.close();
    return null;
  }
}

function placeOf(topic: string, partition: number, offset: number): string {
  return `${offset}/${partition}/${topic}`;
}

function describe(topic: ClusterTopic, settings: Readonly<Record<string, string>>): TopicDescription {
  const { name, id, partitions, replicas } = topic;
  const policies = (settings['cleanup.policy'] ?? 'delete').split(',').map((policy) => policy.trim());
  return {
    name,
    id,
    partitions,
    replicas,
    cleanupPolicy: policies.filter((policy) => policy === 'delete' || policy === 'compact'),
    retentionMs: Number(settings['retention.ms'] ?? -1),
  };
}
