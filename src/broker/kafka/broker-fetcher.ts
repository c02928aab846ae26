import type { LogError } from '../cluster-log.js';
import type { KafkaBatchReader } from './kafka-batch-reader.js';
import type { KafkaConnection } from './kafka-connection.js';
import { asLogError } from './kafka-errors.js';
import { FETCH, type FetchAnswer, type FetchedPartition, type FetchPartition } from './wire/fetch.js';

export interface FetchLimits {
  /** A partition is fetched while fewer bytes than this wait to be taken. */
  readonly waitingBytesMax: number;
  readonly requestBytesMax: number;
  readonly partitionBytesMax: number;
  /** How long a broker may wait for the first byte, ms. */
  readonly waitMs: number;
  /** The same while a partition is left out, which may want to be asked for again. */
  readonly waitMsThrottled: number;
}

/** While a reader waits for another of the same partition: the two are at different places, so there is something to read, ms. */
const WAIT_MS_CROWDED = 2;

export interface FetcherEvents {
  /** The broker has answered for the partition. */
  answered(reader: KafkaBatchReader): void;
  /** The broker cannot be asked for these; they are no longer the fetcher's. */
  lost(readers: readonly KafkaBatchReader[], reason: LogError): void;
  /** The broker answers for the partition with an error; it is no longer the fetcher's. */
  refused(reader: KafkaBatchReader, error: number): void;
}

/**
 * Fetches from one broker, one request at a time, all partitions that have room. A broker fills its answer in the order of the request, so
 * those that were served last go to the end of it. It can be asked for one offset of a partition only: readers at the same offset share the
 * answer, and others take turns.
 */
export class BrokerFetcher {
  readonly nodeId: number;
  readonly #connection: KafkaConnection;
  readonly #limits: FetchLimits;
  readonly #events: FetcherEvents;
  /** In the order of the next request. */
  #readers: KafkaBatchReader[] = [];
  #wake: (() => void) | null = null;
  #stopped = false;

  constructor(nodeId: number, connection: KafkaConnection, limits: FetchLimits, events: FetcherEvents) {
    this.nodeId = nodeId;
    this.#connection = connection;
    this.#limits = limits;
    this.#events = events;
    void this.#run();
  }

  add(reader: KafkaBatchReader): void {
    this.#readers.push(reader);
    this.wake();
  }

  /** Something may be fetched that was not before. */
  wake(): void {
    this.#wake?.();
  }

  stop(): void {
    this.#stopped = true;
    this.wake();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const plan = this.#plan();
      if (plan.asked.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
        continue;
      }
      let answer: FetchAnswer;
      try {
        const { waitMs, partitions } = plan;
        const request = { waitMs, bytesMin: 1, bytesMax: this.#limits.requestBytesMax, partitions };
        answer = await this.#connection.node(this.nodeId, FETCH, request, waitMs, 'data');
      } catch (error) {
        if (this.#stopped) return;
        const lost = this.#readers;
        this.#readers = [];
        this.#events.lost(lost, asLogError(error));
        continue;
      }
      if (!this.#stopped) this.#accept(plan, answer);
    }
  }

  #plan(): Plan {
    const asked: KafkaBatchReader[] = [];
    const crowded = new Set<KafkaBatchReader>();
    const partitions = new Map<string, FetchPartition>();
    this.#readers = this.#readers.filter((reader) => !reader.isClosed && reader.failure === null);
    for (const reader of this.#readers) {
      if (!reader.isHungry) continue;
      const { topicId, partition, position } = reader;
      const key = partitionKey(topicId, partition);
      const same = partitions.get(key);
      if (same === undefined) {
        const bytesMax = Math.min(reader.wantedBytes, this.#limits.partitionBytesMax);
        partitions.set(key, { topicId, partition, offset: position, bytesMax });
      } else if (same.offset !== position) {
        crowded.add(reader);
        continue;
      }
      asked.push(reader);
    }
    const { waitMs, waitMsThrottled } = this.#limits;
    const full = asked.length === this.#readers.length;
    return {
      asked,
      crowded,
      partitions: [...partitions.values()],
      waitMs: full ? waitMs : crowded.size === 0 ? waitMsThrottled : WAIT_MS_CROWDED,
    };
  }

  #accept({ asked, crowded }: Plan, answer: FetchAnswer): void {
    const answers = new Map<string, FetchedPartition>();
    for (const fetched of answer.partitions) answers.set(partitionKey(fetched.topicId, fetched.partition), fetched);
    const served = new Set<KafkaBatchReader>();
    const gone = new Set<KafkaBatchReader>();
    for (const reader of asked) {
      if (reader.isClosed) continue;
      const fetched = answers.get(partitionKey(reader.topicId, reader.partition));
      const error = answer.error !== 0 ? answer.error : (fetched?.error ?? 0);
      if (error !== 0) {
        gone.add(reader);
        this.#events.refused(reader, error);
      } else if (fetched !== undefined) {
        this.#events.answered(reader);
        if (reader.accept(fetched, answer.byteLength)) served.add(reader);
      }
    }
    if (served.size === 0 && gone.size === 0 && crowded.size === 0) return;
    const rest = this.#readers.filter((reader) => !served.has(reader) && !gone.has(reader) && !crowded.has(reader));
    this.#readers = [...crowded, ...rest, ...served];
  }
}

interface Plan {
  readonly asked: readonly KafkaBatchReader[];
  /** Readers of a partition that is asked for at another offset. */
  readonly crowded: ReadonlySet<KafkaBatchReader>;
  readonly partitions: readonly FetchPartition[];
  readonly waitMs: number;
}

function partitionKey(topicId: string, partition: number): string {
  return `${partition} ${topicId}`;
}
