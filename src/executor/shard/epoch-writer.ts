import type { Appended, PendingBatch, TopicPartition } from '../../broker/broker.js';
import { LogError, type PlainWriter, type TransactionalWriter, type Writers } from '../../broker/cluster-log.js';
import type { ProcessingGuarantee } from './shard-ports.js';

/**
 * How the effects of an epoch reach the log: all together, or one after the other. After a rejection of any call the writer is of no use
 * any more.
 */
export interface EpochWriter {
  /** Who writes; the changelog's readers tell owners apart by it. */
  readonly producerId: number;
  readonly epoch: number;
  /** Begins an epoch that writes to these partitions. */
  begin(partitions: readonly TopicPartition[]): Promise<void>;
  /** In order for each partition. */
  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]>;
  /** What was appended stands from now on. */
  end(): Promise<void>;
  /** Gives up what was begun, as far as that can be said. Never waits. */
  abandon(): void;
}

/** Opens the writer that the guarantee asks for; whoever wrote before under the id is fenced, where there is such a thing. */
export async function openEpochWriter(
  writers: Writers,
  guarantee: ProcessingGuarantee,
  transactionalId: string,
  transactionTimeoutMs: number,
): Promise<EpochWriter> {
  return guarantee === 'exactly_once_v2'
    ? new TransactionEpochs(await writers.transactional(transactionalId, transactionTimeoutMs))
    : new PlainEpochs(await writers.plain());
}

/** Each epoch is a transaction. */
class TransactionEpochs implements EpochWriter {
  readonly producerId: number;
  readonly epoch: number;
  readonly #writer: TransactionalWriter;
  #open = false;

  constructor(writer: TransactionalWriter) {
    this.#writer = writer;
    this.producerId = writer.producerId;
    this.epoch = writer.epoch;
  }

  begin(partitions: readonly TopicPartition[]): Promise<void> {
    this.#open = true;
    return this.#writer.addPartitions(partitions);
  }

  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    return this.#writer.append(batches);
  }

  end(): Promise<void> {
    this.#open = false;
    return this.#writer.end('commit');
  }

  abandon(): void {
    const writer = this.#writer;
    if (!this.#open) {
      writer.close();
      return;
    }
    this.#open = false;
    // Readers wait at an open transaction; should this not arrive, the next owner's start or the timeout ends it.
    void writer
      .end('abort')
      .catch(() => {})
      .finally(() => writer.close());
  }
}

/** Each record stands once it is written. */
class PlainEpochs implements EpochWriter {
  readonly epoch = 0;
  readonly producerId: number;
  readonly #writer: PlainWriter;

  constructor(writer: PlainWriter) {
    this.#writer = writer;
    this.producerId = writer.producerId;
  }

  async begin(): Promise<void> {}

  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    return this.#writer.append(batches);
  }

  async end(): Promise<void> {
    if (this.#writer.producerId === this.producerId) return;
    // The claim names another producer: what this one has written does not count.
    throw new LogError('uncertain', 'the brokers have forgotten the producer', { code: 'producer-renewed' });
  }

  abandon(): void {
    this.#writer.close();
  }
}
