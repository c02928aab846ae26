import { BrokerError, type Network } from './network.js';
import {
  FORGOTTEN_AFTER_MS,
  type LogBatch,
  type ModelBatch,
  type PartitionLog,
  type Transaction,
} from './partition-log.js';

type TransactionState = 'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

interface TransactionalId {
  producerId: number;
  epoch: number;
  state: TransactionState;
  transaction: Transaction;
  partitions: Set<PartitionLog>;
  timeoutMs: number;
  /** When its state changed last. */
  usedAt: number;
}

/** Who writes, as a request says. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly epoch: number;
}

/**
 * Transactions as Kafka's coordinator has them, with the classic requests. The end of a transaction is decided when EndTxn is handled; its
 * markers reach the partitions later, each at its own time.
 */
export class Coordinator {
  readonly #network: Network;
  readonly #epochMax: number;
  readonly #ids = new Map<string, TransactionalId>();
  #nextProducerId = 1000;

  /** @param epochMax after this epoch a transactional id gets another producer id */
  constructor(network: Network, epochMax: number) {
    this.#network = network;
    this.#epochMax = epochMax;
  }

  newProducerId(): number {
    return this.#nextProducerId++;
  }

  initProducerId(name: string, timeoutMs: number): ProducerIdentity {
    const id = this.#ids.get(name);
    if (id === undefined) {
      const producerId = this.newProducerId();
      const transaction = { producerId, outcome: null };
      const usedAt = this.#network.scheduler.time;
      this.#ids.set(name, {
        producerId,
        epoch: 0,
        state: 'Empty',
        transaction,
        partitions: new Set(),
        timeoutMs,
        usedAt,
      });
      return { producerId, epoch: 0 };
    }
    switch (id.state) {
      case 'Ongoing':
        id.epoch++;
        this.#prepare(id, 'abort');
        throw new BrokerError('CONCURRENT_TRANSACTIONS');
      case 'PrepareCommit':
      case 'PrepareAbort':
        throw new BrokerError('CONCURRENT_TRANSACTIONS');
      case 'Empty':
      case 'CompleteCommit':
      case 'CompleteAbort':
        if (id.epoch >= this.#epochMax) {
          id.producerId = this.newProducerId();
          id.epoch = 0;
        } else {
          id.epoch++;
        }
        id.state = 'Empty';
        id.timeoutMs = timeoutMs;
        id.usedAt = this.#network.scheduler.time;
        return { producerId: id.producerId, epoch: id.epoch };
    }
  }

  addPartitions(name: string, who: ProducerIdentity, partitions: readonly PartitionLog[]): void {
    const id = this.#known(name, who);
    if (id.state === 'PrepareCommit' || id.state === 'PrepareAbort') throw new BrokerError('CONCURRENT_TRANSACTIONS');
    if (id.state !== 'Ongoing') {
      id.state = 'Ongoing';
      id.transaction = { producerId: id.producerId, outcome: null };
      id.partitions = new Set();
      const { transaction } = id;
      this.#network.scheduler.after(id.timeoutMs, null, () => {
        if (id.state !== 'Ongoing' || id.transaction !== transaction) return;
        id.epoch++;
        this.#prepare(id, 'abort');
      });
    }
    for (const partition of partitions) id.partitions.add(partition);
  }

  endTransaction(name: string, who: ProducerIdentity, outcome: 'commit' | 'abort'): void {
    const id = this.#known(name, who);
    switch (id.state) {
      case 'Ongoing':
        this.#prepare(id, outcome);
        return;
      case 'PrepareCommit':
      case 'PrepareAbort':
        throw new BrokerError(
          (id.state === 'PrepareCommit') === (outcome === 'commit') ? 'CONCURRENT_TRANSACTIONS' : 'INVALID_TXN_STATE',
        );
      case 'CompleteCommit':
      case 'CompleteAbort':
        if ((id.state === 'CompleteCommit') === (outcome === 'commit')) return;
        throw new BrokerError('INVALID_TXN_STATE');
      case 'Empty':
        throw new BrokerError('INVALID_TXN_STATE');
    }
  }

  /** A partition asks the coordinator only when it knows of no open transaction of the producer. */
  produce(name: string, who: ProducerIdentity, log: PartitionLog, batch: ModelBatch, sequence: number): LogBatch {
    let transaction = log.openTransaction(who.producerId);
    if (transaction === undefined) {
      const id = this.#ids.get(name);
      if (id === undefined || id.producerId !== who.producerId) throw new BrokerError('INVALID_PRODUCER_ID_MAPPING');
      if (id.epoch !== who.epoch) throw new BrokerError('INVALID_PRODUCER_EPOCH');
      if (id.state !== 'Ongoing' || !id.partitions.has(log)) throw new BrokerError('INVALID_TXN_STATE');
      transaction = id.transaction;
    }
    return log.append(batch, who.producerId, who.epoch, sequence, transaction);
  }

  /** What a broker does with ids that were idle for long. */
  forget(): void {
    const now = this.#network.scheduler.time;
    for (const [name, { state, usedAt }] of this.#ids) {
      if (now - usedAt <= FORGOTTEN_AFTER_MS) continue;
      if (state === 'Empty' || state === 'CompleteCommit' || state === 'CompleteAbort') this.#ids.delete(name);
    }
  }

  #known(name: string, who: ProducerIdentity): TransactionalId {
    const id = this.#ids.get(name);
    if (id === undefined || id.producerId !== who.producerId) throw new BrokerError('INVALID_PRODUCER_ID_MAPPING');
    if (id.epoch !== who.epoch) throw new BrokerError('INVALID_PRODUCER_EPOCH');
    return id;
  }

  #prepare(id: TransactionalId, outcome: 'commit' | 'abort'): void {
    const { transaction, partitions, epoch } = id;
    const { scheduler, random } = this.#network;
    id.state = outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort';
    transaction.outcome = outcome;
    id.usedAt = scheduler.time;
    let left = partitions.size;
    for (const log of partitions) {
      const write = (): void => {
        if (this.#network.isDown) {
          scheduler.after(random.between(1, 10), null, write);
          return;
        }
        log.writeMarker(transaction, epoch);
        if (--left === 0) id.state = outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort';
      };
      scheduler.after(this.#network.delay(), null, write);
    }
  }
}
