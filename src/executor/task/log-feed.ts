import type { Appended, LogReader, PendingBatch, StoredBatch } from '../../broker/broker.js';
import { maxTimestamp } from '../../broker/record-batch.js';
import { SystemError } from '../../model/errors.js';

/** How many bytes of recent batches are kept for readers that follow closely. */
const RECENT_BYTES_MAX = 32 * 1024 * 1024;

/** What was read, and the records that were asked for but are gone. */
export interface Fetched {
  readonly batches: readonly StoredBatch[];
  /** Offsets that retention had removed before they were read; 0 as a rule. */
  readonly lost: number;
}

/** One partition as the tasks of a query read it. */
export interface Feed {
  /** Offsets below this can be fetched now. */
  readonly end: number;
  /** Where the partition ends, as far as is known. */
  readonly logEnd: number;
  /** A reader begins, or ends. */
  attach(): void;
  detach(): void;
  /** Batches from `from` on, about `bytesMax` of them. */
  fetch(from: number, bytesMax: number): Fetched;
  /** Whether everything below `stop` that is in the log has been fetched, or can be now. */
  reaches(stop: number): boolean;
}

/** Gives the feeds of partitions. */
export interface FeedSource {
  /** @param from where the reader begins */
  partition(topic: string, partition: number, from: number): Feed;
}

/**
 * One partition as the tasks see it: where it ends, and its batches. The last ones appended are kept in memory,
 * so that a query which reads another's output does not read it back from the file.
 */
export class PartitionFeed implements Feed {
  readonly topic: string;
  readonly partition: number;
  /** The offset that the next record gets. */
  end: number;
  /** How many inputs of tasks read here; without any, nothing is kept. */
  readers = 0;
  readonly #log: LogReader;
  #recent: StoredBatch[] = [];
  /** Batches before this index have been evicted. */
  #first = 0;

  constructor(log: LogReader, topic: string, partition: number) {
    this.#log = log;
    this.topic = topic;
    this.partition = partition;
    this.end = log.offsets(topic, partition).end;
  }

  get logEnd(): number {
    return this.end;
  }

  attach(): void {
    this.readers++;
  }

  detach(): void {
    this.readers--;
  }

  reaches(): boolean {
    return true;
  }

  /** Committed batches from `from` on, about `bytesMax` of them; from the first that is left when retention has passed by. */
  fetch(from: number, bytesMax: number): Fetched {
    if (from >= this.end) return { batches: [], lost: 0 };
    const oldest = this.#recent[this.#first];
    // What was appended while nobody read here was not kept.
    if (oldest !== undefined && oldest.baseOffset <= from && from <= this.#recent.at(-1)!.lastOffset) {
      return { batches: this.#fetchRecent(from, bytesMax), lost: 0 };
    }
    try {
      return { batches: this.#log.read(this.topic, this.partition, from, bytesMax), lost: 0 };
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== 'offset-out-of-range') throw error;
      const { start } = this.#log.offsets(this.topic, this.partition);
      return { batches: this.#log.read(this.topic, this.partition, start, bytesMax), lost: start - from };
    }
  }

  /** Keeps a batch that has just been committed. What is kept has no gaps. */
  keep(batch: StoredBatch): void {
    const last = this.#recent.at(-1);
    if (last !== undefined && last.lastOffset + 1 !== batch.baseOffset) {
      this.#recent = [];
      this.#first = 0;
    }
    this.#recent.push(batch);
  }

  /** Forgets a batch if it is the oldest that is kept. */
  evict(batch: StoredBatch): void {
    if (this.#recent[this.#first] !== batch) return;
    this.#first++;
    if (this.#first > 64 && this.#first * 2 > this.#recent.length) {
      this.#recent = this.#recent.slice(this.#first);
      this.#first = 0;
    }
  }

  #fetchRecent(from: number, bytesMax: number): StoredBatch[] {
    const recent = this.#recent;
    let low = this.#first;
    let high = recent.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (recent[middle]!.lastOffset < from) low = middle + 1;
      else high = middle;
    }
    const found: StoredBatch[] = [];
    for (let bytes = 0; low < recent.length && bytes < bytesMax; low++) {
      found.push(recent[low]!);
      bytes += recent[low]!.bytes.length;
    }
    return found;
  }
}

/** All partitions that somebody reads, and the memory they share. */
export class LogFeed implements FeedSource {
  readonly #log: LogReader;
  readonly #topics = new Map<string, PartitionFeed[]>();
  #queue: { readonly feed: PartitionFeed; readonly batch: StoredBatch }[] = [];
  #queueFirst = 0;
  #bytes = 0;

  constructor(log: LogReader) {
    this.#log = log;
  }

  /** @throws SystemError when the topic or partition does not exist. */
  partition(topic: string, partition: number): PartitionFeed {
    let feeds = this.#topics.get(topic);
    if (feeds === undefined) this.#topics.set(topic, (feeds = []));
    return (feeds[partition] ??= new PartitionFeed(this.#log, topic, partition));
  }

  /** A batch has been committed: moves the end, and keeps the batch when somebody reads there. */
  appended(batch: PendingBatch, place: Appended): void {
    const feed = this.partition(batch.topic, batch.partition);
    feed.end = place.lastOffset + 1;
    if (feed.readers === 0) return;
    const stored = storedBatch(batch, place.baseOffset, place.lastOffset);
    feed.keep(stored);
    this.#queue.push({ feed, batch: stored });
    this.#bytes += batch.bytes.length;
    while (this.#bytes > RECENT_BYTES_MAX) this.#evictOldest();
  }

  /** Forgets a topic that was deleted. */
  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  #evictOldest(): void {
    const { feed, batch } = this.#queue[this.#queueFirst++]!;
    feed.evict(batch);
    this.#bytes -= batch.bytes.length;
    if (this.#queueFirst > 1024) {
      this.#queue = this.#queue.slice(this.#queueFirst);
      this.#queueFirst = 0;
    }
  }
}

/** A pending batch at its place in the log. */
export function storedBatch(batch: PendingBatch, baseOffset: number, lastOffset: number): StoredBatch {
  const { topic, partition, bytes } = batch;
  return { topic, partition, baseOffset, lastOffset, maxTimestamp: maxTimestamp(bytes), bytes };
}
