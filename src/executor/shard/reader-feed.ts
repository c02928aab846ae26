import type { PartitionOffsets } from '../../broker/broker.js';
import type { BatchReader, BatchReaders } from '../../broker/cluster-log.js';
import type { Feed, FeedSource, Fetched } from '../task/log-feed.js';

/** A partition of the source of a transient query. */
export interface FeedPlace {
  readonly topicId: string;
  /** As of when the query began. */
  readonly range: PartitionOffsets;
}

/** The feeds of one transient query, each a reader of its own. */
export class ReaderFeeds implements FeedSource {
  readonly #readers: BatchReaders;
  readonly #places: ReadonlyMap<string, FeedPlace>;
  readonly #onChange: () => void;

  /** @param places by `placeName` */
  constructor(readers: BatchReaders, places: ReadonlyMap<string, FeedPlace>, onChange: () => void) {
    this.#readers = readers;
    this.#places = places;
    this.#onChange = onChange;
  }

  partition(topic: string, partition: number, from: number): Feed {
    const { topicId, range } = this.#places.get(placeName(topic, partition))!;
    return new ReaderFeed(this.#readers.open(topic, topicId, partition, from, { onChange: this.#onChange }), range.end);
  }
}

export function placeName(topic: string, partition: number): string {
  return `${partition}/${topic}`;
}

class ReaderFeed implements Feed {
  readonly #reader: BatchReader;
  readonly #endAtFirst: number;

  constructor(reader: BatchReader, endAtFirst: number) {
    this.#reader = reader;
    this.#endAtFirst = endAtFirst;
  }

  /** What waits can be fetched, whatever its offsets are. */
  get end(): number {
    const { failure, waitingBytes } = this.#reader;
    if (failure !== null) throw failure;
    return waitingBytes > 0 ? Number.POSITIVE_INFINITY : -1;
  }

  get logEnd(): number {
    return Math.max(this.#endAtFirst, this.#reader.end);
  }

  attach(): void {}

  detach(): void {
    this.#reader.close();
  }

  fetch(_from: number, bytesMax: number): Fetched {
    return { batches: this.#reader.take(bytesMax), lost: 0 };
  }

  reaches(stop: number): boolean {
    return this.#reader.waitingBytes > 0 || this.#reader.next >= Math.min(stop, this.#endAtFirst);
  }
}
