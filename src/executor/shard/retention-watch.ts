import type { ClusterTopics } from '../../broker/cluster-log.js';

/** How a shard stands on one input, as far as the watch cares. */
export interface WatchedInput {
  readonly topic: string;
  readonly offset: number;
  readonly end: number;
  /** Greatest event time seen, in ms; null before the first record. */
  readonly streamTime: number | null;
}

/**
 * Warns when a source's topic may lose records before they are read: brokers judge the age of a record by its timestamp, so that what happened long
 * ago can be deleted minutes after it was written. Each topic is warned of once.
 */
export class RetentionWatch {
  readonly #topics: Pick<ClusterTopics, 'settings'>;
  readonly #now: () => number;
  readonly #warn: (message: string) => void;
  readonly #done = new Set<string>();

  constructor(topics: Pick<ClusterTopics, 'settings'>, now: () => number, warn: (message: string) => void) {
    this.#topics = topics;
    this.#now = now;
    this.#warn = warn;
  }

  /** @param inputs of sources, not of internal topics */
  async check(inputs: readonly WatchedInput[]): Promise<void> {
    const ages = new Map<string, number>();
    const now = this.#now();
    for (const { topic, offset, end, streamTime } of inputs) {
      if (streamTime === null || offset >= end || this.#done.has(topic)) continue;
      ages.set(topic, Math.max(ages.get(topic) ?? 0, now - streamTime));
    }
    if (ages.size === 0) return;
    const names = [...ages.keys()];
    const found = await this.#topics.settings(names);
    names.forEach((topic, i) => {
      const settings = found[i]!;
      const retentionMs = Number(settings['retention.ms'] ?? -1);
      const deletes = (settings['cleanup.policy'] ?? 'delete').includes('delete');
      if (!deletes || retentionMs < 0 || ages.get(topic)! < retentionMs) return;
      this.#done.add(topic);
      this.#warn(
        `the topic "${topic}" keeps records for ${days(retentionMs)}, and those that are read are ${days(ages.get(topic)!)} old: ` +
          'the brokers may delete them before they are read; give the topic retention.ms=-1',
      );
    });
  }
}

function days(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 48 ? `${Math.round(hours)} hours` : `${Math.round(hours / 24)} days`;
}
