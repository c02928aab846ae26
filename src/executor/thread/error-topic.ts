import type { LogReader, PendingBatch } from '../../broker/broker.js';
import { RecordBatchBuilder } from '../../broker/record-batch-builder.js';
import type { Clock } from '../../model/time.js';
import type { ProcessingLog } from '../task/processing-log.js';

/** The topic of the processing log: gathers the entries of all queries for the next commit. */
export class ErrorTopic {
  readonly #topic: string | null;
  readonly #log: Pick<LogReader, 'describeTopic'>;
  readonly #clock: Clock;
  readonly #builder = new RecordBatchBuilder();
  #pending: PendingBatch[] = [];

  /** @param topic null, or a topic that does not exist: entries go nowhere, errors are only counted */
  constructor(topic: string | null, log: Pick<LogReader, 'describeTopic'>, clock: Clock) {
    this.#topic = topic;
    this.#log = log;
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** What the next commit has to append; the same again, and what came on top, until `committed` is called. */
  collect(logs: Iterable<ProcessingLog>): readonly PendingBatch[] {
    const topic = this.#topic;
    const exists = topic !== null && this.#log.describeTopic(topic) !== null;
    if (!exists) this.#pending = [];
    for (const log of logs) {
      const entries = log.take();
      if (exists) for (const entry of entries) this.#builder.append(this.#clock.now(), null, entry);
    }
    const { records } = this.#builder;
    if (records > 0) this.#pending.push({ topic: topic!, partition: 0, records, bytes: this.#builder.finish() });
    return this.#pending;
  }

  committed(): void {
    this.#pending = [];
  }
}
