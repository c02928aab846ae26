import { assert, SystemError } from '../../model/errors.js';
import type { Appended, Commit, PendingBatch } from '../broker.js';
import { HEADER_BYTES, lastOffsetDelta } from '../record-batch.js';
import { RecordBatchBuilder } from '../record-batch-builder.js';
import { RecordBatchCursor } from '../record-batch-cursor.js';

/** What the queue writes to: an embedded log. */
export interface CommitTarget {
  commitAll(commits: readonly Commit[]): Appended[][];
}

export interface AppendQueueOptions {
  /** The longest that an insert waits for others to share its commit, in ms. */
  readonly lingerMs: number;
  /** Bytes waiting at which the queue commits at once. */
  readonly bytesMax: number;
  /** Called after each commit with where everything went, in order: tails wake on it. */
  readonly onCommit: ((appended: readonly Appended[]) => void) | null;
  /** Runs `action` once after `ms`; the result cancels it. Real timers unless a test gives others. */
  readonly schedule: (action: () => void, ms: number) => () => void;
  /** Milliseconds from any origin, never going back. */
  readonly monotonicNow: () => number;
}

const DEFAULTS: AppendQueueOptions = {
  lingerMs: 5,
  bytesMax: 4 * 1024 * 1024,
  onCommit: null,
  schedule: (action, ms) => {
    if (ms <= 0) {
      const immediate = setImmediate(action);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
  monotonicNow: () => performance.now(),
};

/** Batches of one partition are joined up to this size. */
const JOINED_BYTES_MAX = 256 * 1024;

interface Waiting {
  readonly outputs: readonly PendingBatch[];
  readonly resolve: (appended: Appended[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A batch to write, and whose records it holds: (waiting insert, its output) in order. */
interface Joined {
  readonly batch: PendingBatch;
  readonly parts: readonly { readonly waiting: number; readonly output: number; readonly records: number }[];
}

/**
 * Commits the inserts of many callers together, and answers each after the commit is on disk. An insert after a pause, or after one that
 * came alone, is committed as soon as those of the same turn of the event loop are in: a caller that waits for each answer would gain
 * nothing by lingering. Else there is a commit each `lingerMs`, or whenever `bytesMax` are waiting, so that no more than that is ever held.
 *
 * Small batches of one partition are stored as one, since a row of the log costs the same for one record as for five hundred.
 * Runs on the thread that owns the log; must not be flushed inside a transaction.
 */
export class AppendQueue {
  readonly #target: CommitTarget;
  readonly #options: AppendQueueOptions;
  readonly #builder = new RecordBatchBuilder();
  readonly #cursor = new RecordBatchCursor();
  #waiting: Waiting[] = [];
  #bytes = 0;
  #cancel: (() => void) | null = null;
  #lastCommit = Number.NEGATIVE_INFINITY;
  #lastInserts = 0;
  #closed = false;

  constructor(target: CommitTarget, options: Partial<AppendQueueOptions> = {}) {
    this.#target = target;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Bytes that wait for a commit. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /**
   * Appends the batches of one insert: all of them or none.
   * @returns where each went, once they are on disk; rejects with a SystemError (`disk-full` may be tried again).
   */
  append(outputs: readonly PendingBatch[]): Promise<Appended[]> {
    if (this.#closed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ outputs, resolve, reject });
      for (const output of outputs) this.#bytes += output.bytes.length;
      if (this.#bytes >= this.#options.bytesMax) this.flush();
      else if (this.#cancel === null) this.#schedule();
    });
  }

  /** Commits what waits, now. Never throws: who waits is told. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#bytes = 0;
    this.#lastCommit = this.#options.monotonicNow();
    this.#lastInserts = waiting.length;
    if (!this.#commitTogether(waiting)) for (const one of waiting) this.#commitTogether([one]);
  }

  /** Commits what waits; later inserts are refused. */
  close(): void {
    this.#closed = true;
    this.flush();
  }

  #schedule(): void {
    const { lingerMs, monotonicNow, schedule } = this.#options;
    const wait = this.#lastInserts <= 1 ? 0 : Math.max(0, this.#lastCommit + lingerMs - monotonicNow());
    this.#cancel = schedule(() => {
      this.#cancel = null;
      this.flush();
    }, wait);
  }

  /** False when one of several inserts is at fault: then nothing was kept and nobody was told. */
  #commitTogether(waiting: readonly Waiting[]): boolean {
    let joined: Joined[];
    let written: Appended[];
    try {
      joined = this.#join(waiting);
      const outputs = joined.map(({ batch }) => batch);
      written = this.#target.commitAll([{ reader: null, outputs, positions: [], writeState: null }])[0]!;
    } catch (error) {
      if (waiting.length > 1 && !isStorageFailure(error)) return false;
      for (const { reject } of waiting) reject(error);
      return true;
    }
    this.#options.onCommit?.(written);
    const results = distribute(waiting, joined, written);
    for (let i = 0; i < waiting.length; i++) waiting[i]!.resolve(results[i]!);
    return true;
  }

  #join(waiting: readonly Waiting[]): Joined[] {
    const joined: Joined[] = [];
    for (const group of groupByPartition(waiting)) {
      if (group.length === 1) {
        const { batch, ...part } = group[0]!;
        joined.push({ batch, parts: [{ ...part, records: batch.records }] });
      } else {
        joined.push(this.#rewrite(group));
      }
    }
    return joined;
  }

  /** The batches of one partition as one. */
  #rewrite(group: readonly Part[]): Joined {
    const builder = this.#builder;
    const cursor = this.#cursor;
    builder.clear();
    for (const { batch } of group) {
      cursor.reset(batch.bytes);
      while (cursor.next()) {
        builder.begin(cursor.timestamp);
        if (cursor.keyStart >= 0) builder.copyFrom(cursor.bytes, cursor.keyStart, cursor.keyEnd);
        builder.endKey(cursor.keyStart < 0);
        if (cursor.valueStart >= 0) builder.copyFrom(cursor.bytes, cursor.valueStart, cursor.valueEnd);
        builder.endValue(cursor.valueStart < 0);
        builder.endWithEncodedHeaders(cursor.headerCount, cursor.bytes, cursor.headersStart, cursor.headersEnd);
      }
    }
    const { topic, partition } = group[0]!.batch;
    const records = builder.records;
    return {
      batch: { topic, partition, records, bytes: builder.finish() },
      parts: group.map(({ batch, waiting, output }) => ({ waiting, output, records: batch.records })),
    };
  }
}

interface Part {
  readonly batch: PendingBatch;
  readonly waiting: number;
  readonly output: number;
}

/** Every output in the order of its partition; neighbours that may be stored as one batch are together. */
function groupByPartition(waiting: readonly Waiting[]): Part[][] {
  const groups: Part[][] = [];
  const open = new Map<string, { group: Part[]; bytes: number }>();
  waiting.forEach(({ outputs }, i) => {
    outputs.forEach((batch, output) => {
      const name = `${batch.partition} ${batch.topic}`;
      const part = { batch, waiting: i, output };
      const last = open.get(name);
      const size = batch.bytes.length;
      const mayJoin = size >= HEADER_BYTES && lastOffsetDelta(batch.bytes) === batch.records - 1;
      if (last !== undefined && mayJoin && last.bytes + size <= JOINED_BYTES_MAX) {
        last.group.push(part);
        last.bytes += size;
      } else {
        const group = [part];
        groups.push(group);
        open.set(name, { group, bytes: mayJoin ? size : Number.POSITIVE_INFINITY });
      }
    });
  });
  return groups;
}

function distribute(
  waiting: readonly Waiting[],
  joined: readonly Joined[],
  written: readonly Appended[],
): Appended[][] {
  const results = waiting.map(({ outputs }) => new Array<Appended>(outputs.length));
  joined.forEach(({ parts }, i) => {
    const { topic, partition, baseOffset, lastOffset } = written[i]!;
    if (parts.length === 1) {
      results[parts[0]!.waiting]![parts[0]!.output] = written[i]!;
      return;
    }
    let offset = baseOffset;
    for (const { waiting, output, records } of parts) {
      results[waiting]![output] = { topic, partition, baseOffset: offset, lastOffset: offset + records - 1 };
      offset += records;
    }
    assert(offset === lastOffset + 1, 'a joined batch has the offsets of its parts');
  });
  return results;
}

/** Failures of the file, which strike every insert alike. */
function isStorageFailure(error: unknown): boolean {
  return error instanceof SystemError && (error.code === 'disk-full' || error.code.startsWith('storage-'));
}

function closed(): SystemError {
  return new SystemError('the log is closed', { code: 'closed', hint: 'the engine is stopping' });
}
