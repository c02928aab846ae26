import type { Appended, PendingBatch } from '../broker.js';
import { LogError, type PlainWriter } from '../cluster-log.js';
import type { KafkaConnection } from './kafka-connection.js';
import { closedError } from './kafka-errors.js';
import { type Outgoing, ProduceQueue } from './produce-queue.js';
import { SequenceNumbers, sequencesOf, signBatch } from './producer-batches.js';
import type { ProducerIdentity } from './wire/transactions.js';

/** After so long without success a batch is given up. */
const DELIVERY_MS = 30_000;
const UNKNOWN_MS = 2_000;
/** A log that does not know the producer any more refuses its numbers: it is introduced again, but not for ever. */
const RENEWALS_MAX = 3;
const SPOILED = new Set(['out-of-order-sequence-number', 'unknown-producer-id']);

/** Tries again with the same numbers, so that a batch whose answer was lost is appended once. */
export class KafkaPlainWriter implements PlainWriter {
  readonly #connection: KafkaConnection;
  readonly #renew: () => Promise<ProducerIdentity>;
  readonly #queue: ProduceQueue;
  #identity: ProducerIdentity;
  #sequences = new SequenceNumbers();
  /** The numbers have a gap, or the brokers have forgotten them: the next round takes a new identity. */
  #spoiled = false;
  #closed = false;

  constructor(connection: KafkaConnection, identity: ProducerIdentity, renew: () => Promise<ProducerIdentity>) {
    this.#connection = connection;
    this.#identity = identity;
    this.#renew = renew;
    this.#queue = new ProduceQueue(connection, {
      transactionalId: null,
      prepare: () => this.#prepare(),
      sign: (item) => this.#sign(item),
      appended: ({ batch }) => this.#sequences.advance(batch, sequencesOf(batch.bytes)),
      judge: (item, failure) => this.#judge(item, failure),
    });
  }

  get producerId(): number {
    return this.#identity.producerId;
  }

  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    return this.#closed ? Promise.reject(closedError()) : this.#queue.append(batches);
  }

  close(): void {
    this.#closed = true;
  }

  async #prepare(): Promise<void> {
    if (this.#closed) throw closedError();
    if (!this.#spoiled) return;
    this.#identity = await this.#renew();
    this.#sequences = new SequenceNumbers();
    this.#spoiled = false;
  }

  #sign(item: Outgoing): LogError | null {
    // With other numbers it could be appended twice.
    if (item.inDoubt && item.signedAs !== this.#identity) return forgotten(item);
    signBatch(item.batch.bytes, this.#identity, this.#sequences.of(item.batch), false);
    item.signedAs = this.#identity;
    return null;
  }

  #judge(item: Outgoing, failure: LogError): LogError | null {
    const forMs = performance.now() - item.startedMs;
    if (failure.code === FORGOTTEN) return failure;
    const inTime = !this.#closed && !this.#connection.isClosed && forMs < DELIVERY_MS;
    if (SPOILED.has(failure.code) || failure.failure === 'fenced') {
      this.#spoiled = true;
      if (!item.inDoubt && inTime && item.renewals++ < RENEWALS_MAX) return null;
      return giveUp(item, failure);
    }
    if (failure.failure === 'uncertain') item.inDoubt = true;
    if (failure.code === 'unknown-topic' && inTime && forMs < UNKNOWN_MS) return null;
    if (failure.failure === 'refused') return item.inDoubt ? this.#abandon(item, failure) : failure;
    return inTime ? null : this.#abandon(item, failure);
  }

  #abandon(item: Outgoing, failure: LogError): LogError {
    if (item.inDoubt) this.#spoiled = true;
    return giveUp(item, failure);
  }
}

const FORGOTTEN = 'producer-renewed';

function forgotten({ batch }: Outgoing): LogError {
  const of = `partition ${batch.partition} of topic "${batch.topic}"`;
  return new LogError('uncertain', `nobody knows whether a batch for ${of} was appended`, { code: FORGOTTEN });
}

function giveUp(item: Outgoing, failure: LogError): LogError {
  const said = item.inDoubt || failure.failure !== 'unavailable' ? 'uncertain' : 'unavailable';
  return new LogError(said, failure.message, { code: failure.code, cause: failure });
}
