import type { RecordErrorReason } from '../../model/errors.js';
import type { RecordErrorReport } from '../operators/operator.js';

/**
 * Columns of the stream over the processing log, as SQL: ksqlDB's shape, then where the record was and what became of it.
 * `RECORDS` is how many records the entry stands for.
 */
export const PROCESSING_LOG_COLUMNS =
  '`LOGGER` STRING, `LEVEL` STRING, `TIME` BIGINT, `MESSAGE` STRUCT<`type` INTEGER, ' +
  '`deserializationError` STRUCT<`target` STRING, `errorMessage` STRING, `recordB64` STRING, `cause` ARRAY<STRING>, `topic` STRING>, ' +
  '`recordProcessingError` STRUCT<`errorMessage` STRING, `record` STRING, `cause` ARRAY<STRING>>, ' +
  '`productionError` STRUCT<`errorMessage` STRING>, ' +
  '`serializationError` STRUCT<`target` STRING, `errorMessage` STRING, `record` STRING, `cause` ARRAY<STRING>, `topic` STRING>, ' +
  '`kafkaStreamsThreadError` STRUCT<`errorMessage` STRING, `threadName` STRING, `cause` ARRAY<STRING>>>, ' +
  '`REASON` STRING, `TOPIC` STRING, `PARTITION` INTEGER, `OFFSET` BIGINT, `RECORDS` BIGINT';

/** Entries of one kind that are written in full each second; what comes beyond is summed up. */
const ENTRIES_PER_SECOND = 10;

const MESSAGE_TYPE = {
  deserialization: 0,
  recordProcessing: 1,
  serialization: 3,
  thread: 4,
} as const;

/** Record errors of one kind: same step, same reason. */
interface ErrorGroup {
  readonly logger: string;
  /** The second that `written` counts. */
  second: number;
  written: number;
  /** Records since the last entry that got none of their own, and the last of them. */
  suppressed: number;
  last: RecordErrorReport | null;
}

/**
 * The record errors of one query between two commits: counted, and written as entries of the processing log.
 *
 * A topic full of bad records cannot fill the disk: of each kind (step and reason) at most ten entries a second are written in
 * full; the others of the same commit share one entry that carries their number and the place of the last.
 */
export class ProcessingLog {
  readonly #queryId: string;
  readonly #now: () => number;
  readonly #groups = new Map<string, Map<RecordErrorReason, ErrorGroup>>();
  readonly #committed = new Map<string, number>();
  readonly #counted = new Map<string, number>();
  #entries: Buffer[] = [];
  #suppressed = false;

  /** @param now wall-clock time in ms, for the entries */
  constructor(queryId: string, now: () => number) {
    this.#queryId = queryId;
    this.#now = now;
  }

  report(report: RecordErrorReport): void {
    this.#counted.set(report.reason, (this.#counted.get(report.reason) ?? 0) + 1);
    const group = this.#groupOf(report);
    const now = this.#now();
    const second = Math.floor(now / 1000);
    if (group.second !== second) {
      group.second = second;
      group.written = 0;
    }
    if (group.written < ENTRIES_PER_SECOND) {
      group.written++;
      this.#entries.push(recordEntry(group.logger, now, report, 1));
    } else {
      group.suppressed++;
      group.last = report;
      this.#suppressed = true;
    }
  }

  /** Retention has removed records of a source before the query came to read them. */
  lost(topic: string, partition: number, offset: number, records: number): void {
    this.#counted.set('expired', (this.#counted.get('expired') ?? 0) + records);
    const errorMessage = `retention removed ${records} records before they were read`;
    this.#entries.push(
      entry(`processing.${this.#queryId}`, this.#now(), {
        type: MESSAGE_TYPE.recordProcessing,
        recordProcessing: { errorMessage, record: null, cause: [] },
        reason: 'expired',
        topic,
        partition,
        offset,
        records,
      }),
    );
  }

  /** The query itself has failed. */
  failed(message: string, thread: string): void {
    this.#entries.push(
      entry(`processing.${this.#queryId}`, this.#now(), {
        type: MESSAGE_TYPE.thread,
        thread: { errorMessage: message, threadName: thread, cause: [] },
        reason: 'query-failed',
        topic: null,
        partition: null,
        offset: null,
        records: 0,
      }),
    );
  }

  /** The entries since the last call, as JSON. */
  take(): readonly Buffer[] {
    if (this.#suppressed) {
      const now = this.#now();
      for (const reasons of this.#groups.values()) {
        for (const group of reasons.values()) {
          if (group.last === null) continue;
          this.#entries.push(recordEntry(group.logger, now, group.last, group.suppressed));
          group.last = null;
          group.suppressed = 0;
        }
      }
      this.#suppressed = false;
    }
    const taken = this.#entries;
    this.#entries = [];
    return taken;
  }

  /** Whether `take` would give something. */
  get hasEntries(): boolean {
    return this.#entries.length > 0;
  }

  /** What was counted has been committed. */
  committed(): void {
    for (const [reason, count] of this.#counted)
      this.#committed.set(reason, (this.#committed.get(reason) ?? 0) + count);
    this.#counted.clear();
  }

  /** Forgets everything since the last commit: the records will be read again. */
  discard(): void {
    this.#counted.clear();
    this.#entries = [];
    this.#groups.clear();
    this.#suppressed = false;
  }

  /** Records given up, by reason. */
  dropped(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const counts of [this.#committed, this.#counted]) {
      for (const [reason, count] of counts) sums[reason] = (sums[reason] ?? 0) + count;
    }
    return sums;
  }

  #groupOf(report: RecordErrorReport): ErrorGroup {
    let reasons = this.#groups.get(report.step);
    if (reasons === undefined) this.#groups.set(report.step, (reasons = new Map()));
    let group = reasons.get(report.reason);
    if (group === undefined) {
      group = { logger: loggerName(this.#queryId, report), second: -1, written: 0, suppressed: 0, last: null };
      reasons.set(report.reason, group);
    }
    return group;
  }
}

function loggerName(queryId: string, report: RecordErrorReport): string {
  const path = `processing.${queryId}.${report.step.replaceAll('/', '.')}`;
  if (report.reason === 'deserialization') return `${path}.deserializer`;
  return report.reason === 'serialization' ? `${path}.serializer` : path;
}

function recordEntry(logger: string, time: number, report: RecordErrorReport, records: number): Buffer {
  const { reason, target, message, topic, partition, offset } = report;
  const place = { reason, topic, partition, offset, records };
  if (reason === 'deserialization') {
    const deserialization = { target, errorMessage: message, recordB64: null, cause: [], topic };
    return entry(logger, time, { type: MESSAGE_TYPE.deserialization, deserialization, ...place });
  }
  if (reason === 'serialization') {
    const serialization = { target, errorMessage: message, record: null, cause: [], topic };
    return entry(logger, time, { type: MESSAGE_TYPE.serialization, serialization, ...place });
  }
  const recordProcessing = { errorMessage: message, record: null, cause: [] };
  return entry(logger, time, { type: MESSAGE_TYPE.recordProcessing, recordProcessing, ...place });
}

interface EntryParts {
  readonly type: number;
  readonly deserialization?: object;
  readonly recordProcessing?: object;
  readonly serialization?: object;
  readonly thread?: object;
  readonly reason: string;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | null;
  readonly records: number;
}

function entry(logger: string, time: number, parts: EntryParts): Buffer {
  return Buffer.from(
    JSON.stringify({
      level: 'ERROR',
      logger,
      time,
      message: {
        type: parts.type,
        deserializationError: parts.deserialization ?? null,
        recordProcessingError: parts.recordProcessing ?? null,
        productionError: null,
        serializationError: parts.serialization ?? null,
        kafkaStreamsThreadError: parts.thread ?? null,
      },
      reason: parts.reason,
      topic: parts.topic,
      partition: parts.partition,
      offset: parts.offset,
      records: parts.records,
    }),
  );
}
