import type { Appended, PendingBatch, StoredBatch } from '../../broker/broker.js';
import { setBaseOffset } from '../../broker/record-batch.js';
import { assert } from '../../model/errors.js';
import { storedBatch } from './log-feed.js';

interface Handed {
  readonly batch: PendingBatch;
  readonly stored: StoredBatch;
}

/**
 * One partition of a repartition topic, inside the process: what a task of the query writes is read by another before it is
 * committed, so that records meet in order of time and not a commit apart. What has been read when the epoch commits is never written
 * to the log at all: its effects are in the state that the same commit holds. What has not been read is written.
 *
 * Offsets here run ahead of the log's by the records that were never written; `durable` translates.
 */
export class HandoverPartition {
  readonly topic: string;
  readonly partition: number;
  /** Where the log ended when the query was opened: what lies before is read from there. */
  readonly logEnd: number;
  /** The offset after the last record handed over. */
  end: number;
  /** Not in the log yet. */
  #unwritten: Handed[] = [];
  /** Not yet offered to the reader. */
  #unread: StoredBatch[] = [];
  /** Records handed over that were never written. */
  #skipped = 0;
  #writing: readonly Handed[] = [];
  #skipping = 0;
  readonly #kept: boolean;

  /** @param kept false for a transient query: nothing is ever written */
  constructor(topic: string, partition: number, logEnd: number, kept: boolean) {
    this.topic = topic;
    this.partition = partition;
    this.logEnd = logEnd;
    this.end = logEnd;
    this.#kept = kept;
  }

  /** Takes a batch that a task has written. */
  add(batch: PendingBatch): void {
    const stored = storedBatch(batch, this.end, this.end + batch.records - 1);
    this.end += batch.records;
    setBaseOffset(batch.bytes, stored.baseOffset);
    if (this.#kept) this.#unwritten.push({ batch, stored });
    this.#unread.push(stored);
  }

  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  /** Batches for the reader; each is handed out once. */
  take(): readonly StoredBatch[] {
    const taken = this.#unread;
    this.#unread = [];
    return taken;
  }

  /**
   * What a commit has to write when the reader stands at `position`: the batches it has not read to the end.
   * May be asked again while nothing was committed.
   */
  collect(position: number): readonly PendingBatch[] {
    const keep = this.#unwritten.findIndex((handed) => handed.stored.lastOffset >= position);
    const count = keep === -1 ? this.#unwritten.length : keep;
    this.#skipping = 0;
    for (let i = 0; i < count; i++) this.#skipping += this.#unwritten[i]!.batch.records;
    this.#writing = this.#unwritten.slice(count);
    return this.#writing.map(({ batch }) => ({ ...batch, bytes: Buffer.from(batch.bytes) }));
  }

  /** The reader's position as the log will know it once what was collected is committed. */
  durable(position: number): number {
    return position <= this.logEnd ? position : position - this.#skipped - this.#skipping;
  }

  /** What was collected is in the log. */
  committed(appended: readonly Appended[]): void {
    this.#skipped += this.#skipping;
    this.#skipping = 0;
    this.#unwritten = [];
    this.#writing.forEach((handed, i) => {
      assert(
        appended[i]?.baseOffset === handed.stored.baseOffset - this.#skipped,
        `${this.topic}/${this.partition} was written by somebody else`,
      );
    });
    this.#writing = [];
  }
}
