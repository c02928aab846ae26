import type { Appended, PendingBatch } from '../broker.js';
import type { LogError } from '../cluster-log.js';
import { lastOffsetDelta } from '../record-batch.js';
import { Backoff } from './backoff.js';
import type { KafkaConnection } from './kafka-connection.js';
import { asLogError, brokerError } from './kafka-errors.js';
import { partitionKey } from './producer-batches.js';
import { PRODUCE, type ProducedPartition } from './wire/produce.js';
import type { ProducerIdentity } from './wire/transactions.js';

const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
/** How long a leader may wait for the replicas in sync, ms. */
const REPLICAS_TIMEOUT_MS = 10_000;

/** A batch on its way to the log. */
export interface Outgoing {
  readonly batch: PendingBatch;
  readonly startedMs: number;
  /** Whether an attempt may have succeeded without our knowing. */
  inDoubt: boolean;
  /** Whose numbers it bears. */
  signedAs: ProducerIdentity | null;
  /** How often a new producer identity was tried for it. */
  renewals: number;
}

/** How a kind of producer sends, and what it makes of failures. */
export interface ProducePolicy {
  readonly transactionalId: string | null;
  /** Before the first attempts of a round. */
  prepare(): Promise<void>;
  /** Writes the producer's numbers into a batch that is about to be sent, or says why it must not be sent any more. */
  sign(item: Outgoing): LogError | null;
  appended(item: Outgoing): void;
  /** What an attempt that failed means: null to try again later, or the error that the caller gets. */
  judge(item: Outgoing, failure: LogError): LogError | null;
}

interface Call {
  readonly results: (Appended | null)[];
  left: number;
  failure: LogError | null;
  resolve(results: readonly Appended[]): void;
  reject(failure: LogError): void;
}

interface Entry {
  readonly item: Outgoing;
  readonly call: Call;
  readonly index: number;
}

/**
 * Appends batches, in order for each partition: one batch a partition and request, one request a leader at a time, the leaders side by side. What
 * arrives while a round is on its way goes into the next.
 */
export class ProduceQueue {
  readonly #connection: KafkaConnection;
  readonly #policy: ProducePolicy;
  #entries: Entry[] = [];
  #running = false;

  constructor(connection: KafkaConnection, policy: ProducePolicy) {
    this.#connection = connection;
    this.#policy = policy;
  }

  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    if (batches.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const results = new Array<Appended | null>(batches.length).fill(null);
      const call: Call = { results, left: batches.length, failure: null, resolve, reject };
      const startedMs = performance.now();
      batches.forEach((batch, index) => {
        this.#entries.push({ item: { batch, startedMs, inDoubt: false, signedAs: null, renewals: 0 }, call, index });
      });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    const backoff = new Backoff();
    while (this.#entries.length > 0) {
      const round = this.#round();
      const again = await this.#send(round);
      if (again === 0) backoff.reset();
      else await this.#connection.sleep(backoff.next()).catch(() => {});
    }
    this.#running = false;
  }

  /** The first batch of each partition, as far as they fit into a request. */
  #round(): readonly Entry[] {
    const partitions = new Set<string>();
    const round: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#entries) {
      const { batch } = entry.item;
      const key = partitionKey(batch);
      if (partitions.has(key)) continue;
      partitions.add(key);
      if (round.length > 0 && bytes + batch.bytes.length > REQUEST_BYTES_MAX) continue;
      bytes += batch.bytes.length;
      round.push(entry);
    }
    return round;
  }

  /** @returns how many are to be tried again */
  async #send(round: readonly Entry[]): Promise<number> {
    const done = new Set<Entry>();
    let again = 0;
    const failed = (entry: Entry, failure: LogError): void => {
      const verdict = this.#connection.isClosed ? failure : this.#policy.judge(entry.item, failure);
      if (verdict === null) {
        again++;
      } else {
        done.add(entry);
        settle(entry, null, verdict);
      }
    };
    let leaders: readonly number[];
    try {
      await this.#policy.prepare();
      leaders = await this.#connection.leaders(round.map(({ item }) => item.batch));
    } catch (error) {
      // Which of the topics it is will be known when each is looked up alone.
      if (round.length > 1 && asLogError(error).code === 'unknown-topic') {
        for (const entry of round) again += await this.#send([entry]);
        return again;
      }
      for (const entry of round) failed(entry, asLogError(error));
      this.#remove(done);
      return again;
    }
    const byLeader = new Map<number, Entry[]>();
    round.forEach((entry, i) => {
      const stopped = this.#policy.sign(entry.item);
      if (stopped !== null) {
        failed(entry, stopped);
        return;
      }
      const list = byLeader.get(leaders[i]!);
      if (list === undefined) byLeader.set(leaders[i]!, [entry]);
      else list.push(entry);
    });
    await Promise.all(
      [...byLeader].map(async ([nodeId, entries]) => {
        let answer: readonly ProducedPartition[];
        try {
          answer = await this.#connection.node(
            nodeId,
            PRODUCE,
            {
              transactionalId: this.#policy.transactionalId,
              timeoutMs: REPLICAS_TIMEOUT_MS,
              partitions: entries.map(({ item }) => item.batch),
            },
            0,
            'data',
          );
        } catch (error) {
          for (const entry of entries) {
            this.#connection.forgetTopic(entry.item.batch.topic);
            failed(entry, asLogError(error));
          }
          return;
        }
        const results = new Map(answer.map((result) => [partitionKey(result), result]));
        for (const entry of entries) {
          const { batch } = entry.item;
          const result = results.get(partitionKey(batch));
          if (result !== undefined && result.error === 0) {
            this.#policy.appended(entry.item);
            done.add(entry);
            settle(entry, result.baseOffset, null);
            continue;
          }
          this.#connection.forgetTopic(batch.topic);
          const what = `a batch for partition ${batch.partition} of topic "${batch.topic}" is not appended`;
          failed(entry, brokerError(result?.error ?? -1, what, result?.message));
        }
      }),
    );
    this.#remove(done);
    return again;
  }

  #remove(done: ReadonlySet<Entry>): void {
    if (done.size > 0) this.#entries = this.#entries.filter((entry) => !done.has(entry));
  }
}

/** Which failure of many a caller hears of. */
const WEIGHTS = { unavailable: 0, refused: 1, uncertain: 2, fenced: 3 } as const;

function settle({ item, call, index }: Entry, baseOffset: number | null, failure: LogError | null): void {
  if (failure === null) {
    const { topic, partition, bytes } = item.batch;
    call.results[index] = {
      topic,
      partition,
      baseOffset: baseOffset!,
      lastOffset: baseOffset! + lastOffsetDelta(bytes),
    };
  } else if (call.failure === null || WEIGHTS[failure.failure] > WEIGHTS[call.failure.failure]) {
    call.failure = failure;
  }
  if (--call.left > 0) return;
  if (call.failure === null) call.resolve(call.results as Appended[]);
  else call.reject(call.failure);
}
