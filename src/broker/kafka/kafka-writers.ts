import type { LogError, PlainWriter, TransactionalWriter, Writers } from '../cluster-log.js';
import { Backoff } from './backoff.js';
import type { KafkaConnection } from './kafka-connection.js';
import { CONCURRENT_TRANSACTIONS, kafkaError } from './kafka-error-codes.js';
import { asLogError, brokerError } from './kafka-errors.js';
import { KafkaPlainWriter } from './kafka-plain-writer.js';
import { KafkaTransactionalWriter } from './kafka-transactional-writer.js';
import { INIT_PRODUCER_ID, type ProducerIdentity } from './wire/transactions.js';

const PLAIN_MS = 30_000;

/** Producers over the connections of one object. */
export class KafkaWriters implements Writers {
  readonly #connection: KafkaConnection;

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  async transactional(id: string, timeoutMs: number): Promise<TransactionalWriter> {
    const slow = new Backoff();
    const quick = new Backoff(2, 20);
    for (;;) {
      let failure: LogError;
      let waitMs: number;
      try {
        const nodeId = await this.#connection.coordinator('transaction', id);
        const request = { transactionalId: id, timeoutMs };
        const { error, producerId, epoch } = await this.#connection.node(nodeId, INIT_PRODUCER_ID, request);
        if (error === 0) return new KafkaTransactionalWriter(this.#connection, id, { producerId, epoch }, timeoutMs);
        failure = brokerError(error, `the transactional id "${id}" cannot be taken over`);
        if (kafkaError(error).kind === 'moved') this.#connection.forgetCoordinator('transaction', id);
        waitMs = error === CONCURRENT_TRANSACTIONS ? quick.next() : slow.next();
      } catch (thrown) {
        failure = asLogError(thrown);
        this.#connection.forgetCoordinator('transaction', id);
        waitMs = slow.next();
      }
      if (failure.failure === 'refused') throw failure;
      await this.#connection.sleep(waitMs);
    }
  }

  async plain(): Promise<PlainWriter> {
    const identity = await this.#connection.retry(performance.now() + PLAIN_MS, 'harmless', () =>
      plainIdentity(this.#connection),
    );
    return new KafkaPlainWriter(this.#connection, identity, () => plainIdentity(this.#connection));
  }
}

async function plainIdentity(connection: KafkaConnection): Promise<ProducerIdentity> {
  const { error, producerId, epoch } = await connection.any(INIT_PRODUCER_ID, {
    transactionalId: null,
    timeoutMs: 0,
  });
  if (error !== 0) throw brokerError(error, 'no producer id is given');
  return { producerId, epoch };
}
