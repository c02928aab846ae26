import type { StoredBatch } from '../../src/broker/broker.js';
import type { BatchReader, BatchReaderEvents, BatchReaders } from '../../src/broker/cluster-log.js';
import { SystemError } from '../../src/model/errors.js';
import type { PlantedFaults } from './adapters.js';
import type { Cluster } from './cluster.js';
import type { LogBatch, PartitionLog } from './partition-log.js';
import type { Owner } from './scheduler.js';

/** How the message ends of a reader whose offset is not there any more. */
export const TRIMMED = 'is not in the log';

/** The readers of one process. */
export class ModelReaders implements BatchReaders {
  readonly #cluster: Cluster;
  readonly #owner: Owner;
  readonly #planted: PlantedFaults;

  constructor(cluster: Cluster, owner: Owner, planted: PlantedFaults) {
    this.#cluster = cluster;
    this.#owner = owner;
    this.#planted = planted;
  }

  open(topic: string, _topicId: string, partition: number, from: number, events: BatchReaderEvents): ModelReader {
    const log = this.#cluster.log({ topic, partition });
    return new ModelReader(this.#cluster, this.#owner, log, from, events, this.#planted);
  }

  async close(): Promise<void> {}
}

/** A reader that fetches a few batches at a time, each fetch as long after the last one as it likes. */
export class ModelReader implements BatchReader {
  readonly topic: string;
  readonly partition: number;
  end = -1;
  next: number;
  failure: SystemError | null = null;
  readonly #cluster: Cluster;
  readonly #owner: Owner;
  readonly #log: PartitionLog;
  readonly #from: number;
  readonly #events: BatchReaderEvents;
  readonly #planted: PlantedFaults;
  /** Fetched batches, null for one left out, each with the offset after it. */
  readonly #fetched: { readonly batch: LogBatch | null; readonly after: number }[] = [];
  readonly #wake = (): void => {
    this.#log.waiting.delete(this.#wake);
    this.#later();
  };
  #fetchFrom: number;
  #closed = false;

  constructor(
    cluster: Cluster,
    owner: Owner,
    log: PartitionLog,
    from: number,
    events: BatchReaderEvents,
    planted: PlantedFaults,
  ) {
    this.topic = log.topic;
    this.partition = log.partition;
    this.#cluster = cluster;
    this.#owner = owner;
    this.#log = log;
    this.#from = this.next = this.#fetchFrom = from;
    this.#events = events;
    this.#planted = planted;
    this.#later();
  }

  get waitingBytes(): number {
    return this.#fetched.reduce((sum, { batch }) => sum + (batch?.bytes.length ?? 0), 0);
  }

  take(bytesMax: number): readonly (StoredBatch & LogBatch)[] {
    const taken: LogBatch[] = [];
    let bytes = 0;
    for (;;) {
      const first = this.#fetched[0];
      if (first === undefined || (bytes > 0 && bytes + (first.batch?.bytes.length ?? 0) > bytesMax)) return taken;
      this.#fetched.shift();
      this.next = first.after;
      if (first.batch !== null) {
        taken.push(first.batch);
        bytes += first.batch.bytes.length;
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#log.waiting.delete(this.#wake);
  }

  #later(): void {
    if (!this.#closed)
      this.#cluster.network.scheduler.after(this.#cluster.network.delay(), this.#owner, () => this.#fetch());
  }

  #fetch(): void {
    if (this.#closed) return;
    const { network } = this.#cluster;
    if (network.isDown) {
      this.#later();
      return;
    }
    const log = this.#log;
    const stable = this.#planted.readsUncommitted ? log.end : log.stable;
    if (this.#fetchFrom < log.start || this.#fetchFrom > log.end) {
      this.failure = new SystemError(`offset ${this.#fetchFrom} ${TRIMMED}`, { code: 'offset-out-of-range' });
      this.#events.onChange();
      return;
    }
    this.end = stable;
    const before = this.#fetchFrom;
    let left = 1 + network.random.below(4);
    for (let i = firstAt(log.batches, before); i < log.batches.length && left > 0; i++) {
      const batch = log.batches[i]!;
      if (batch.baseOffset >= stable) break;
      this.#fetchFrom = batch.lastOffset + 1;
      this.#fetched.push({ batch: this.#isData(batch) ? batch : null, after: this.#fetchFrom });
      left--;
    }
    if (left > 0 && this.#fetchFrom < stable) {
      this.#fetchFrom = stable;
      this.#fetched.push({ batch: null, after: stable });
    }
    // The events must see that another fetch is on its way, or that one will be once there is more.
    if (this.#fetchFrom < stable) this.#later();
    else log.waiting.add(this.#wake);
    if (this.#fetchFrom > before || this.next === this.#from) this.#events.onChange();
  }

  #isData(batch: LogBatch): boolean {
    if (batch.isControl) return false;
    if (this.#planted.readsUncommitted) return true;
    if (batch.transaction?.outcome !== 'abort') return true;
    return this.#planted.abortFilterForgets === true && this.#log.firstOffset(batch.transaction) < this.#from;
  }
}

/** Where the first batch lies that ends at or after an offset. */
function firstAt(batches: readonly LogBatch[], offset: number): number {
  let low = 0;
  let high = batches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (batches[middle]!.lastOffset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
