import { assert } from '../../model/errors.js';
import type { Appended, PendingBatch, TopicPartition } from '../broker.js';
import { LogError, type TransactionalWriter } from '../cluster-log.js';
import { Backoff } from './backoff.js';
import type { KafkaConnection } from './kafka-connection.js';
import { CONCURRENT_TRANSACTIONS, kafkaError, OPERATION_NOT_ATTEMPTED } from './kafka-error-codes.js';
import { asLogError, brokerError, closedError } from './kafka-errors.js';
import { type Outgoing, ProduceQueue } from './produce-queue.js';
import { partitionKey, SequenceNumbers, sequencesOf, signBatch } from './producer-batches.js';
import { ADD_PARTITIONS_TO_TXN, END_TXN, type ProducerIdentity } from './wire/transactions.js';

/** How long what has certainly not happened is tried again, if the transaction lives that long. */
const PATIENCE_MS = 10_000;
/** A broker may not have heard yet of a topic that is new. */
const UNKNOWN_MS = 2_000;

/**
 * The classic protocol: AddPartitionsToTxn, Produce, EndTxn. Only what certainly has not happened is tried again: a request that was not sent, or
 * that was answered with "not here" or "not yet". Whatever else fails ends the writer.
 */
export class KafkaTransactionalWriter implements TransactionalWriter {
  readonly producerId: number;
  readonly epoch: number;
  readonly #id: string;
  readonly #connection: KafkaConnection;
  readonly #patienceMs: number;
  readonly #sequences = new SequenceNumbers();
  readonly #queue: ProduceQueue;
  readonly #added = new Set<string>();
  #spent: LogError | null = null;

  constructor(connection: KafkaConnection, id: string, { producerId, epoch }: ProducerIdentity, timeoutMs: number) {
    this.#connection = connection;
    this.#id = id;
    this.producerId = producerId;
    this.epoch = epoch;
    this.#patienceMs = Math.min(PATIENCE_MS, timeoutMs / 2);
    this.#queue = new ProduceQueue(connection, {
      transactionalId: id,
      prepare: async () => this.#throwIfSpent(),
      sign: ({ batch }) => {
        signBatch(batch.bytes, this, this.#sequences.of(batch), true);
        return null;
      },
      appended: ({ batch }) => this.#sequences.advance(batch, sequencesOf(batch.bytes)),
      judge: (item, failure) => this.#judge(item, failure),
    });
  }

  async addPartitions(partitions: readonly TopicPartition[]): Promise<void> {
    this.#throwIfSpent();
    let left = partitions.filter((item) => !this.#added.has(partitionKey(item)));
    const startedMs = performance.now();
    const slow = new Backoff();
    const quick = new Backoff(2, 20);
    while (left.length > 0) {
      const { failure, done } = await this.#add(left);
      for (const item of done) this.#added.add(partitionKey(item));
      left = left.filter((item) => !this.#added.has(partitionKey(item)));
      if (failure === null) continue;
      if (!this.#mayTryAgain(failure, startedMs)) throw this.#spend(failure);
      this.#connection.forgetCoordinator('transaction', this.#id);
      await this.#pause(failure.code === CONCURRENT ? quick.next() : slow.next());
    }
  }

  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    for (const batch of batches) {
      assert(this.#added.has(partitionKey(batch)), `"${batch.topic}" ${batch.partition} is part of the transaction`);
    }
    return this.#queue.append(batches);
  }

  async end(outcome: 'commit' | 'abort'): Promise<void> {
    this.#throwIfSpent();
    if (this.#added.size === 0) return;
    const startedMs = performance.now();
    const backoff = new Backoff();
    for (;;) {
      let failure: LogError;
      try {
        const nodeId = await this.#connection.coordinator('transaction', this.#id);
        const { error } = await this.#connection.node(nodeId, END_TXN, {
          ...this.#request(),
          commit: outcome === 'commit',
        });
        if (error === 0) {
          this.#added.clear();
          return;
        }
        failure = brokerError(error, `the transaction of "${this.#id}" is not ended`);
        // It was sent, and what a coordinator says that is losing its place is no proof that nothing happened.
        if (failure.failure === 'unavailable') failure = uncertain(failure);
      } catch (thrown) {
        failure = asLogError(thrown);
      }
      if (!this.#mayTryAgain(failure, startedMs)) throw this.#spend(failure);
      this.#connection.forgetCoordinator('transaction', this.#id);
      await this.#pause(backoff.next());
    }
  }

  close(): void {
    this.#spent ??= closedError();
  }

  async #add(
    partitions: readonly TopicPartition[],
  ): Promise<{ readonly failure: LogError | null; readonly done: readonly TopicPartition[] }> {
    const done: TopicPartition[] = [];
    let failure: LogError | null = null;
    try {
      const nodeId = await this.#connection.coordinator('transaction', this.#id);
      const results = await this.#connection.node(nodeId, ADD_PARTITIONS_TO_TXN, { ...this.#request(), partitions });
      for (const { topic, partition, error } of results) {
        if (error === 0) done.push({ topic, partition });
        else if (failure === null || error !== OPERATION_NOT_ATTEMPTED) {
          const what = `partition ${partition} of topic "${topic}" does not become part of the transaction of "${this.#id}"`;
          failure = brokerError(error, what);
        }
      }
    } catch (thrown) {
      failure = asLogError(thrown);
    }
    return { failure, done };
  }

  #request(): { readonly transactionalId: string; readonly producerId: number; readonly epoch: number } {
    return { transactionalId: this.#id, producerId: this.producerId, epoch: this.epoch };
  }

  #judge({ startedMs }: Outgoing, failure: LogError): LogError | null {
    if (this.#spent !== null) return this.#spent;
    return this.#mayTryAgain(failure, startedMs) ? null : this.#spend(failure);
  }

  #mayTryAgain(failure: LogError, startedMs: number): boolean {
    const forMs = performance.now() - startedMs;
    if (this.#spent !== null || this.#connection.isClosed) return false;
    if (failure.code === 'unknown-topic') return forMs < Math.min(UNKNOWN_MS, this.#patienceMs);
    return failure.failure === 'unavailable' && forMs < this.#patienceMs;
  }

  async #pause(ms: number): Promise<void> {
    try {
      await this.#connection.sleep(ms);
    } catch (error) {
      throw this.#spend(asLogError(error));
    }
    this.#throwIfSpent();
  }

  /** Ends the writer. What could not be done in time leaves a transaction behind of which nobody knows enough. */
  #spend(failure: LogError): LogError {
    this.#spent ??= failure.failure === 'unavailable' && this.#added.size > 0 ? uncertain(failure) : failure;
    return this.#spent;
  }

  #throwIfSpent(): void {
    if (this.#spent !== null) throw this.#spent;
  }
}

const CONCURRENT = kafkaError(CONCURRENT_TRANSACTIONS).name.toLowerCase().replaceAll('_', '-');

function uncertain(failure: LogError): LogError {
  return new LogError('uncertain', failure.message, { code: failure.code, cause: failure });
}
