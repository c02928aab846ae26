import type { SystemError } from '../../model/errors.js';
import type { StoredBatch } from '../broker.js';
import type { BatchReader, BatchReaderEvents } from '../cluster-log.js';
import {
  baseOffset,
  batchSize,
  checkHeader,
  checksumMatches,
  corruptBatch,
  lastOffsetDelta,
  maxTimestamp,
  recordCount,
} from '../record-batch.js';
import { AbortFilter } from './abort-filter.js';
import type { FetchedPartition } from './wire/fetch.js';

/** A piece below this share of an answer is copied out of it, so that it does not keep all of it alive. */
const SHARE_KEPT_MIN = 1 / 16;

/**
 * What a reader asks for first, in bytes; twice as much after each answer. A large answer would keep the first records of the other partitions
 * waiting, and with them everything that comes of them.
 */
const FIRST_BYTES = 64 * 1024;

/** What a reader asks of whoever opened it. */
export interface ReaderOwner {
  /** There is room again for what the reader waits for. */
  hasRoom(reader: KafkaBatchReader): void;
  closed(reader: KafkaBatchReader): void;
}

/** One partition's place in the log, and the batches that were fetched ahead. */
export class KafkaBatchReader implements BatchReader {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly #waitingBytesMax: number;
  readonly #events: BatchReaderEvents;
  readonly #owner: ReaderOwner;
  #batches: StoredBatch[] = [];
  /** The first of `#batches` that waits. */
  #first = 0;
  #waitingBytes = 0;
  #end = -1;
  #taken: number;
  #position: number;
  #wantedBytes = FIRST_BYTES;
  #failure: SystemError | null = null;
  #unavailable: string | null = null;
  #closed = false;

  constructor(
    topic: string,
    topicId: string,
    partition: number,
    from: number,
    waitingBytesMax: number,
    events: BatchReaderEvents,
    owner: ReaderOwner,
  ) {
    this.topic = topic;
    this.topicId = topicId;
    this.partition = partition;
    this.#taken = this.#position = from;
    this.#waitingBytesMax = waitingBytesMax;
    this.#events = events;
    this.#owner = owner;
  }

  get end(): number {
    return this.#end;
  }

  get next(): number {
    if (this.#first === this.#batches.length) return this.#position;
    return Math.max(this.#taken, this.#batches[this.#first]!.baseOffset);
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get failure(): SystemError | null {
    return this.#failure;
  }

  /** Why nothing can be fetched at the moment, though it is tried again and again; null while all is well. */
  get unavailable(): string | null {
    return this.#unavailable;
  }

  /** The offset that is fetched next. */
  get position(): number {
    return this.#position;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** How much is to be fetched next, unless a limit is lower. */
  get wantedBytes(): number {
    return this.#wantedBytes;
  }

  /** Whether more is to be fetched. */
  get isHungry(): boolean {
    return this.#waitingBytes < this.#waitingBytesMax && this.#failure === null && !this.#closed;
  }

  take(bytesMax: number): readonly StoredBatch[] {
    const begin = this.#first;
    let bytes = 0;
    let end = begin;
    while (end < this.#batches.length) {
      const size = this.#batches[end]!.bytes.length;
      if (end > begin && bytes + size > bytesMax) break;
      bytes += size;
      end++;
    }
    if (end === begin) return NONE;
    const wasHungry = this.isHungry;
    const all = begin === 0 && end === this.#batches.length;
    const taken = all ? this.#batches : this.#batches.slice(begin, end);
    this.#taken = taken[taken.length - 1]!.lastOffset + 1;
    this.#waitingBytes -= bytes;
    if (end === this.#batches.length) {
      this.#batches = [];
      this.#first = 0;
    } else {
      this.#first = end;
      if (end > this.#batches.length / 2) {
        this.#batches = this.#batches.slice(end);
        this.#first = 0;
      }
    }
    if (!wasHungry && this.isHungry) this.#owner.hasRoom(this);
    return taken;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#batches = [];
    this.#first = 0;
    this.#waitingBytes = 0;
    this.#owner.closed(this);
  }

  /**
   * Takes over the part of an answer that is this partition's.
   * @param answerBytes of the whole answer
   * @returns whether it brought batches, be they left out or not
   */
  accept(fetched: FetchedPartition, answerBytes: number): boolean {
    if (this.#closed || this.#failure !== null) return false;
    const positionBefore = this.#position;
    const endBefore = this.#end;
    this.#unavailable = null;
    this.#end = fetched.lastStableOffset;
    let failure: SystemError | null = null;
    try {
      if (fetched.records !== null) this.#walk(fetched, answerBytes);
    } catch (error) {
      failure = error as SystemError;
    }
    if (failure !== null) this.fail(failure);
    else if (this.#position !== positionBefore || this.#end !== endBefore) this.#events.onChange();
    if (this.#position === positionBefore) return false;
    this.#wantedBytes *= 2;
    return true;
  }

  fail(failure: SystemError): void {
    if (this.#closed || this.#failure !== null) return;
    this.#failure = failure;
    this.#events.onChange();
  }

  stall(reason: string): void {
    this.#unavailable = reason;
  }

  #walk(fetched: FetchedPartition, answerBytes: number): void {
    let bytes = fetched.records!;
    if (bytes.length < answerBytes * SHARE_KEPT_MIN) {
      const copy = Buffer.allocUnsafeSlow(bytes.length);
      bytes.copy(copy);
      bytes = copy;
    }
    const filter = new AbortFilter(fetched.aborted);
    let start = 0;
    while (batchSize(bytes, start) >= 0) {
      const size = checkHeader(bytes, start);
      if (!checksumMatches(bytes, start)) {
        throw corruptBatch(
          `the checksum at offset ${baseOffset(bytes, start)} of partition ${this.partition} of topic "${this.topic}" is wrong`,
        );
      }
      const end = start + size;
      const base = baseOffset(bytes, start);
      const last = base + lastOffsetDelta(bytes, start);
      if (filter.isCommittedData(bytes, start, end, last) && last >= this.#position && recordCount(bytes, start) > 0) {
        this.#batches.push({
          topic: this.topic,
          partition: this.partition,
          baseOffset: base,
          lastOffset: last,
          maxTimestamp: maxTimestamp(bytes, start),
          bytes: bytes.subarray(start, end),
        });
        this.#waitingBytes += size;
      }
      if (last >= this.#position) this.#position = last + 1;
      start = end;
    }
  }
}

const NONE: readonly StoredBatch[] = [];
