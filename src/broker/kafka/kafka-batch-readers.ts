import { SystemError } from '../../model/errors.js';
import type { BatchReader, BatchReaderEvents, BatchReaders } from '../cluster-log.js';
import { Backoff } from './backoff.js';
import { BrokerFetcher, type FetcherEvents, type FetchLimits } from './broker-fetcher.js';
import { KafkaBatchReader, type ReaderOwner } from './kafka-batch-reader.js';
import type { KafkaConnection } from './kafka-connection.js';
import {
  INCONSISTENT_TOPIC_ID,
  kafkaError,
  OFFSET_OUT_OF_RANGE,
  UNKNOWN_TOPIC_ID,
  UNKNOWN_TOPIC_OR_PARTITION,
} from './kafka-error-codes.js';
import { asLogError, brokerError, closedError } from './kafka-errors.js';
import type { TopicMetadata } from './wire/metadata.js';

const MIB = 1024 * 1024;

/** What waits is a few tens of milliseconds of work: more of it only falls out of the processor's cache again (a filter was 11 % slower with 4 MiB). */
export const FETCH_LIMITS: FetchLimits = {
  waitingBytesMax: 2 * MIB,
  requestBytesMax: 8 * MIB,
  partitionBytesMax: MIB,
  waitMs: 250,
  waitMsThrottled: 100,
};

/** A broker may not have heard yet of a topic that is new, or of one that took another's place: for so long nothing is concluded. */
const VERDICT_MS = 2_000;
/** Credentials that are not accepted are not presented every second. */
const REFUSED_PAUSE_MS = 15_000;

/** What is known of a reader's way to its partition. */
interface Way {
  /** Who fetches it; null while its leader is looked for. */
  fetcher: BrokerFetcher | null;
  readonly backoff: Backoff;
  /** When its leader is looked for, by `performance.now()`. */
  lookAtMs: number;
  /** Since when its topic seems to be gone or another, by `performance.now()`. */
  doubtSinceMs: number | null;
}

/**
 * Reads any number of partitions over one connection a broker. While a broker is away or a partition without a leader, it is looked for again
 * after 20 ms to 1 s, for ever; the readers tell so (`unavailable`) and keep their place.
 */
export class KafkaBatchReaders implements BatchReaders {
  readonly #connection: KafkaConnection;
  readonly #limits: FetchLimits;
  readonly #fetchers = new Map<number, BrokerFetcher>();
  readonly #ways = new Map<KafkaBatchReader, Way>();
  readonly #readerOwner: ReaderOwner;
  readonly #fetcherEvents: FetcherEvents;
  #looking: Promise<void> | null = null;
  /** Ends the pause of the search for leaders. */
  #hurry: (() => void) | null = null;
  #closed = false;

  readonly #onClose: () => void;

  /** @param connection its own: closed with it */
  constructor(connection: KafkaConnection, limits: FetchLimits = FETCH_LIMITS, onClose: () => void = () => {}) {
    this.#onClose = onClose;
    this.#connection = connection;
    this.#limits = limits;
    this.#readerOwner = {
      hasRoom: (reader) => this.#ways.get(reader)?.fetcher?.wake(),
      closed: (reader) => void this.#ways.delete(reader),
    };
    this.#fetcherEvents = {
      answered: (reader) => this.#answered(reader),
      refused: (reader, error) => this.#refused(reader, error),
      lost: (readers, reason) => {
        const pauseMs = reason.failure === 'refused' ? REFUSED_PAUSE_MS : 0;
        for (const reader of readers) this.#loseLeader(reader, reason.message, pauseMs);
      },
    };
  }

  open(topic: string, topicId: string, partition: number, from: number, events: BatchReaderEvents): BatchReader {
    if (this.#closed) throw closedError();
    const { waitingBytesMax } = this.#limits;
    const reader = new KafkaBatchReader(topic, topicId, partition, from, waitingBytesMax, events, this.#readerOwner);
    this.#ways.set(reader, { fetcher: null, backoff: new Backoff(), lookAtMs: 0, doubtSinceMs: null });
    const { map } = this.#connection;
    const known = map.topic(topic);
    // If that is out of date, the broker says so.
    if (known?.id === topicId && map.leader(topic, partition) >= 0) this.#place(reader, known);
    else this.#look();
    return reader;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const fetcher of this.#fetchers.values()) fetcher.stop();
    for (const reader of [...this.#ways.keys()]) reader.close();
    await this.#connection.close();
    this.#hurry?.();
    await this.#looking;
    this.#onClose();
  }

  #answered(reader: KafkaBatchReader): void {
    const way = this.#ways.get(reader);
    if (way === undefined) return;
    way.backoff.reset();
    way.doubtSinceMs = null;
  }

  #refused(reader: KafkaBatchReader, error: number): void {
    const reason = `${nameOf(reader)}: the broker answers ${kafkaError(error).name}`;
    if (isInDoubt(error)) {
      const way = this.#ways.get(reader);
      if (way !== undefined) way.doubtSinceMs ??= performance.now();
      this.#loseLeader(reader, reason, 0);
    } else if (kafkaError(error).kind === 'refused') {
      this.#fail(reader, refusal(reader, error));
    } else {
      this.#loseLeader(reader, reason, 0);
    }
  }

  #loseLeader(reader: KafkaBatchReader, reason: string, pauseMs: number): void {
    const way = this.#ways.get(reader);
    if (way === undefined) return;
    reader.stall(reason);
    way.fetcher = null;
    way.lookAtMs = performance.now() + Math.max(way.backoff.next(), pauseMs);
    this.#look();
  }

  #fail(reader: KafkaBatchReader, failure: SystemError): void {
    this.#ways.delete(reader);
    reader.fail(failure);
  }

  #look(): void {
    this.#hurry?.();
    if (this.#closed) return;
    this.#looking ??= this.#findLeaders().finally(() => {
      this.#looking = null;
    });
  }

  async #findLeaders(): Promise<void> {
    // Whoever opens ten readers in a row needs one answer.
    await null;
    while (!this.#closed) {
      const now = performance.now();
      const due: KafkaBatchReader[] = [];
      let nextMs = Number.POSITIVE_INFINITY;
      for (const [reader, { fetcher, lookAtMs }] of this.#ways) {
        if (fetcher !== null) continue;
        if (lookAtMs <= now) due.push(reader);
        else nextMs = Math.min(nextMs, lookAtMs);
      }
      if (due.length > 0) await this.#findLeadersOf(due);
      else if (nextMs === Number.POSITIVE_INFINITY) return;
      else await this.#pause(nextMs - now);
    }
  }

  async #findLeadersOf(readers: readonly KafkaBatchReader[]): Promise<void> {
    try {
      const { topics } = await this.#connection.metadata([...new Set(readers.map(({ topic }) => topic))]);
      const found = new Map(topics.map((topic) => [topic.name, topic]));
      for (const reader of readers) this.#place(reader, found.get(reader.topic));
    } catch (error) {
      const { message, failure } = asLogError(error);
      const pauseMs = failure === 'refused' ? REFUSED_PAUSE_MS : 0;
      for (const reader of readers) this.#postpone(reader, message, pauseMs);
    }
  }

  #place(reader: KafkaBatchReader, topic: TopicMetadata | undefined): void {
    const way = this.#ways.get(reader);
    if (way === undefined) return;
    const error = topic === undefined ? UNKNOWN_TOPIC_OR_PARTITION : topic.error;
    const partition = topic?.partitions[reader.partition];
    if (isInDoubt(error)) {
      this.#doubt(reader, way, unknownTopic(reader));
    } else if (error !== 0 && kafkaError(error).kind === 'refused') {
      this.#fail(reader, refusal(reader, error));
    } else if (error === 0 && topic?.id !== reader.topicId) {
      this.#doubt(reader, way, topicRecreated(reader));
    } else if (error === 0 && partition === undefined) {
      this.#doubt(reader, way, unknownTopic(reader));
    } else if (partition === undefined || partition.leader < 0) {
      this.#postpone(reader, `${nameOf(reader)} has no leader`, 0);
    } else {
      way.fetcher = this.#fetcher(partition.leader);
      way.fetcher.add(reader);
    }
  }

  #doubt(reader: KafkaBatchReader, way: Way, verdict: SystemError): void {
    way.doubtSinceMs ??= performance.now();
    if (performance.now() - way.doubtSinceMs > VERDICT_MS) this.#fail(reader, verdict);
    else this.#postpone(reader, verdict.message, 0);
  }

  #postpone(reader: KafkaBatchReader, reason: string, pauseMs: number): void {
    const way = this.#ways.get(reader);
    if (way === undefined) return;
    reader.stall(reason);
    way.lookAtMs = performance.now() + Math.max(way.backoff.next(), pauseMs);
  }

  #fetcher(nodeId: number): BrokerFetcher {
    let fetcher = this.#fetchers.get(nodeId);
    if (fetcher === undefined) {
      fetcher = new BrokerFetcher(nodeId, this.#connection, this.#limits, this.#fetcherEvents);
      this.#fetchers.set(nodeId, fetcher);
    }
    return fetcher;
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#hurry = null;
  }
}

function isInDoubt(error: number): boolean {
  return error === UNKNOWN_TOPIC_ID || error === INCONSISTENT_TOPIC_ID || error === UNKNOWN_TOPIC_OR_PARTITION;
}

function nameOf({ topic, partition }: KafkaBatchReader): string {
  return `partition ${partition} of topic "${topic}"`;
}

function unknownTopic(reader: KafkaBatchReader): SystemError {
  return new SystemError(`${nameOf(reader)} does not exist`, { code: 'unknown-topic' });
}

function topicRecreated(reader: KafkaBatchReader): SystemError {
  return new SystemError(`topic "${reader.topic}" was deleted and made again: its offsets mean other records now`, {
    code: 'topic-recreated',
    hint: 'drop what reads the old topic, and create it again',
  });
}

function refusal(reader: KafkaBatchReader, error: number): SystemError {
  const of = nameOf(reader);
  if (error === OFFSET_OUT_OF_RANGE) {
    return new SystemError(`offset ${reader.position} of ${of} is not in the log`, {
      code: 'offset-out-of-range',
      hint: 'the records there were deleted before they were read, or the log has lost its end: check the retention of the topic',
    });
  }
  return brokerError(error, `${of} cannot be read`);
}
