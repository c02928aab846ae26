import type { Appended, PendingBatch, TopicPartition } from '../../src/broker/broker.js';
import { LogError, type PlainWriter, type TransactionalWriter, type Writers } from '../../src/broker/cluster-log.js';
import type { Cluster } from './cluster.js';
import type { ProducerIdentity } from './coordinator.js';
import { BrokerError, TIMED_OUT, UNREACHABLE } from './network.js';
import type { LogBatch, ModelBatch } from './partition-log.js';
import type { Owner } from './scheduler.js';

const FENCED = ['INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING'];
const FORGOTTEN = 'OUT_OF_ORDER_SEQUENCE_NUMBER';
const RESENDS_MAX = 2;

function logError(error: unknown): LogError {
  const code = error instanceof BrokerError ? error.code : String(error);
  const failure = FENCED.includes(code) ? 'fenced' : error === UNREACHABLE ? 'unavailable' : 'uncertain';
  return new LogError(failure, `the broker says ${code}`, { code: 'model-broker' });
}

/** The writers of one process. */
export class ModelWriters implements Writers {
  readonly #cluster: Cluster;
  readonly #owner: Owner;
  readonly #reused: boolean;
  #last: ModelTransactionalWriter | null = null;

  constructor(cluster: Cluster, owner: Owner, reused: boolean) {
    this.#cluster = cluster;
    this.#owner = owner;
    this.#reused = reused;
  }

  async transactional(id: string, timeoutMs: number): Promise<TransactionalWriter> {
    if (this.#reused && this.#last !== null) {
      const last = this.#last;
      await last.end('abort').catch(() => {});
      if (!last.isFenced) return last;
    }
    const { coordinator } = this.#cluster;
    const who = await this.#init('InitProducerId', () => coordinator.initProducerId(id, timeoutMs));
    const writer = new ModelTransactionalWriter(this.#cluster, this.#owner, id, who);
    this.#last = writer;
    return writer;
  }

  async plain(): Promise<PlainWriter> {
    const { coordinator } = this.#cluster;
    const who = await this.#init('InitProducerId', () => ({ producerId: coordinator.newProducerId(), epoch: 0 }));
    return new ModelPlainWriter(this.#cluster, this.#owner, who);
  }

  async #init(name: string, handle: () => ProducerIdentity): Promise<ProducerIdentity> {
    const { network } = this.#cluster;
    for (;;) {
      try {
        return await network.request(this.#owner, name, handle);
      } catch {
        await network.sleep(this.#owner, network.random.between(1, 15));
      }
    }
  }
}

abstract class ModelWriter {
  producerId: number;
  readonly epoch: number;
  protected readonly cluster: Cluster;
  protected readonly owner: Owner;
  #sequences = new Map<string, number>();

  constructor(cluster: Cluster, owner: Owner, { producerId, epoch }: ProducerIdentity) {
    this.cluster = cluster;
    this.owner = owner;
    this.producerId = producerId;
    this.epoch = epoch;
  }

  async append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    const places: Appended[] = [];
    const lanes = new Map<string, number[]>();
    batches.forEach(({ topic, partition }, i) => {
      const key = `${topic}/${partition}`;
      const lane = lanes.get(key);
      if (lane === undefined) lanes.set(key, [i]);
      else lane.push(i);
    });
    await Promise.all(
      [...lanes].map(async ([key, indexes]) => {
        for (const i of indexes) places[i] = await this.#send(key, batches[i]!);
      }),
    );
    return places;
  }

  close(): void {}

  /** Becomes another producer, since the broker does not know this one's numbers; false when the writer gives up instead. */
  protected abstract renew(): boolean;

  protected abstract produce(batch: ModelBatch, sequence: number): LogBatch;

  async #send(key: string, batch: ModelBatch): Promise<Appended> {
    const { network } = this.cluster;
    if (network.random.chance(network.faults.forgotten) && this.renew()) this.#sequences = new Map();
    let sequence = this.#take(key, batch);
    const { topic, partition } = batch;
    for (let sent = 0; ; sent++) {
      try {
        const { baseOffset, lastOffset } = await network.request(this.owner, 'Produce', () =>
          this.produce(batch, sequence),
        );
        return { topic, partition, baseOffset, lastOffset };
      } catch (error) {
        if (sent === 0 && error instanceof BrokerError && error.code === FORGOTTEN && this.renew()) {
          this.#sequences = new Map();
          sequence = this.#take(key, batch);
          continue;
        }
        // The same batch with the same sequence may be sent again: the broker keeps one.
        if (error !== TIMED_OUT || sent === RESENDS_MAX || network.random.chance(0.5)) throw logError(error);
      }
    }
  }

  #take(key: string, batch: ModelBatch): number {
    const sequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, sequence + batch.records);
    return sequence;
  }
}

class ModelTransactionalWriter extends ModelWriter implements TransactionalWriter {
  isFenced = false;
  readonly #id: string;

  constructor(cluster: Cluster, owner: Owner, id: string, who: ProducerIdentity) {
    super(cluster, owner, who);
    this.#id = id;
  }

  async addPartitions(partitions: readonly TopicPartition[]): Promise<void> {
    const logs = partitions.map((partition) => this.cluster.log(partition));
    await this.#ask('AddPartitionsToTxn', () => this.cluster.coordinator.addPartitions(this.#id, this, logs));
  }

  async end(outcome: 'commit' | 'abort'): Promise<void> {
    await this.#ask(outcome === 'commit' ? 'EndTxn(commit)' : 'EndTxn(abort)', () =>
      this.cluster.coordinator.endTransaction(this.#id, this, outcome),
    );
  }

  protected renew(): boolean {
    return false;
  }

  protected produce(batch: ModelBatch, sequence: number): LogBatch {
    return this.cluster.coordinator.produce(this.#id, this, this.cluster.log(batch), batch, sequence);
  }

  async #ask(name: string, handle: () => void): Promise<void> {
    const { network } = this.cluster;
    for (;;) {
      try {
        return await network.request(this.owner, name, handle);
      } catch (error) {
        if (!(error instanceof BrokerError) || error.code !== 'CONCURRENT_TRANSACTIONS') {
          const failure = logError(error);
          this.isFenced ||= failure.failure === 'fenced';
          throw failure;
        }
        await network.sleep(this.owner, network.random.between(2, 20));
      }
    }
  }
}

class ModelPlainWriter extends ModelWriter implements PlainWriter {
  protected renew(): boolean {
    this.producerId = this.cluster.coordinator.newProducerId();
    return true;
  }

  protected produce(batch: ModelBatch, sequence: number): LogBatch {
    return this.cluster.log(batch).append(batch, this.producerId, this.epoch, sequence, null);
  }
}
