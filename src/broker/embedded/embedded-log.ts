import { assert, SystemError } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';
import type { Database, Statement } from '../../storage/database.js';
import type {
  Appended,
  Commit,
  LogReader,
  PartitionOffsets,
  PendingBatch,
  Position,
  StoredBatch,
  TopicAdmin,
  TopicConfig,
  TopicDescription,
} from '../broker.js';
import { checkHeader, lastOffsetDelta, maxTimestamp, recordCount, setBaseOffset } from '../record-batch.js';
import { type CleaningOptions, cleanLog } from './log-cleaner.js';
import { describe, LogTables, offsetOutOfRange, toStoredBatch, unknownPartition, unknownTopic } from './log-tables.js';

export interface EmbeddedLogOptions extends Partial<CleaningOptions> {
  /** Append times come from it. */
  readonly clock: Clock;
  /** The largest batch that is accepted. */
  readonly batchBytesMax?: number;
}

interface Topic {
  readonly id: number;
  readonly description: TopicDescription;
  readonly partitions: { start: number; end: number }[];
}

const BATCH_BYTES_MAX = 64 * 1024 * 1024;
/** Rows removed in one transaction. */
const REMOVED_ROWS_MAX = 500;
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;
const PARTITIONS_MAX = 1024;

/**
 * The log inside the engine's file: the one writer of its topics. Every call is one transaction, or part of the one that the caller
 * has open on the same database. Failures of the disk are SystemErrors; nothing of a failed call is kept, in the file or in memory.
 */
export class EmbeddedLog implements TopicAdmin, LogReader {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #batchBytesMax: number;
  readonly #cleaning: Partial<CleaningOptions>;
  readonly #tables: LogTables;
  readonly #insert: Statement<[number, number, number, number, number, number, Buffer]>;
  readonly #upsertPosition: Statement<[string, number, number, number]>;
  /** What the tables hold, for topics used since the last failure. */
  readonly #topics = new Map<string, Topic>();
  readonly #forget = () => this.#topics.clear();

  constructor(database: Database, options: EmbeddedLogOptions) {
    this.#database = database;
    this.#clock = options.clock;
    this.#batchBytesMax = options.batchBytesMax ?? BATCH_BYTES_MAX;
    this.#cleaning = options;
    this.#tables = new LogTables(database);
    this.#insert = database.prepareOwn(
      `INSERT INTO log_batches (topic, partition, last_offset, base_offset, max_timestamp, append_time, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#upsertPosition = database.prepareOwn(
      `INSERT INTO log_positions (reader, topic, partition, next_offset) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset`,
    );
  }

  /** @throws SystemError `topic-exists`, `invalid-topic`. */
  createTopic(name: string, config: TopicConfig): TopicDescription {
    checkTopic(name, config);
    return this.#write(() => {
      if (this.#tables.topic(name) !== null) {
        throw new SystemError(`the topic "${name}" exists already`, { code: 'topic-exists' });
      }
      const { lastInsertRowid } = this.#database
        .prepare(
          'INSERT INTO log_topics (name, partitions, replicas, cleanup_policy, retention_ms) VALUES (?, ?, ?, ?, ?)',
        )
        .run(name, config.partitions, Math.max(1, config.replicas), config.cleanupPolicy.join(','), config.retentionMs);
      const insertPartition = this.#database.prepare(
        'INSERT INTO log_partitions (topic, partition, start_offset, end_floor, cleaned_to) VALUES (?, ?, 0, 0, 0)',
      );
      for (let partition = 0; partition < config.partitions; partition++)
        insertPartition.run(lastInsertRowid, partition);
      return this.#topic(name).description;
    });
  }

  /** Forgets the topic and every position in it. Its batches go at once if they are few, else with the next cleaning. */
  deleteTopic(name: string): void {
    this.#write(() => {
      const { id } = this.#topic(name);
      this.#topics.delete(name);
      this.#database.prepare('DELETE FROM log_topics WHERE id = ?').run(id);
      this.#database.prepare('DELETE FROM log_partitions WHERE topic = ?').run(id);
      this.#database.prepare('DELETE FROM log_positions WHERE topic = ?').run(id);
      this.#database.prepare('INSERT INTO log_deleted_topics (id) VALUES (?)').run(id);
      this.#removeDeleted(id);
    });
  }

  describeTopic(name: string): TopicDescription | null {
    return this.#database.guard(() => {
      const row = this.#tables.topic(name);
      return row === null ? null : describe(row);
    });
  }

  listTopics(): readonly TopicDescription[] {
    return this.#database.guard(() => this.#tables.topics().map(describe));
  }

  offsets(topic: string, partition: number): PartitionOffsets {
    const { start, end } = this.#partition(this.#topic(topic), partition);
    return { start, end };
  }

  read(topic: string, partition: number, fromOffset: number, maxBytes: number): StoredBatch[] {
    const found = this.#topic(topic);
    const range = this.#partition(found, partition);
    if (fromOffset < range.start || fromOffset > range.end) {
      throw offsetOutOfRange(topic, partition, fromOffset, range);
    }
    if (fromOffset === range.end) return [];
    return this.#database.guard(() =>
      this.#tables
        .batches(found.id, partition, fromOffset, maxBytes)
        .map((row) => toStoredBatch(topic, partition, row)),
    );
  }

  /** @throws SystemError, and nothing of the commit is kept. */
  commit(commit: Commit): Appended[] {
    return this.#write(() => this.#apply(commit, this.#clock.now()));
  }

  /** Several commits in one transaction, in order: all of them are kept, or none. */
  commitAll(commits: readonly Commit[]): Appended[][] {
    return this.#write(() => {
      const now = this.#clock.now();
      return commits.map((commit) => this.#apply(commit, now));
    });
  }

  /** What a reader has consumed, by topic and partition. */
  positions(reader: string): readonly Position[] {
    return this.#database.guard(() => this.#tables.positions(reader));
  }

  /** Forgets a reader: it holds nothing back any more. */
  deleteReader(reader: string): void {
    this.#write(() => this.#database.prepare('DELETE FROM log_positions WHERE reader = ?').run(reader));
  }

  /** Removes the records before an offset; whole batches only, but nothing before the offset can be read afterwards. */
  trim(topic: string, partition: number, beforeOffset: number): void {
    const found = this.#topic(topic);
    const range = this.#partition(found, partition);
    const start = Math.min(beforeOffset, range.end);
    if (start <= range.start) return;
    const remove = this.#database.prepare(
      `DELETE FROM log_batches WHERE rowid IN (SELECT rowid FROM log_batches
       WHERE topic = ? AND partition = ? AND last_offset < ? ORDER BY last_offset LIMIT ${REMOVED_ROWS_MAX})`,
    );
    const removed = this.#write(() => {
      this.#database
        .prepare('UPDATE log_partitions SET start_offset = ?, end_floor = ? WHERE topic = ? AND partition = ?')
        .run(start, range.end, found.id, partition);
      range.start = start;
      return remove.run(found.id, partition, start).changes;
    });
    let more = removed === REMOVED_ROWS_MAX;
    while (more) more = this.#write(() => remove.run(found.id, partition, start).changes) === REMOVED_ROWS_MAX;
  }

  /**
   * Retention, compaction, and the removal of deleted topics, as a run of short transactions: a caller that has other work takes one
   * step at a time; between steps it may use the log as it likes.
   * @param now wall-clock time in ms
   * @param heldBy readers whose unread records stay, in the partitions they have a position in; null for all
   */
  *clean(now: number, heldBy: readonly string[] | null = null): Generator<void, void, void> {
    const deleted = this.#database.prepare<[], { id: number }>('SELECT id FROM log_deleted_topics').all();
    for (const { id } of deleted) {
      while (this.#write(() => this.#removeDeleted(id)) > 0) yield;
    }
    yield* cleanLog({ log: this, database: this.#database, tables: this.#tables }, now, heldBy, this.#cleaning);
  }

  /** Runs `clean` to its end. */
  applyRetention(now: number, heldBy: readonly string[] | null = null): void {
    for (const _ of this.clean(now, heldBy));
  }

  /** Runs `action` in a transaction; should that, or the one around it, be undone, memory is read again from the tables. */
  #write<T>(action: () => T): T {
    return this.#database.transaction(() => {
      this.#database.onRollback(this.#forget);
      return action();
    });
  }

  #apply(commit: Commit, now: number): Appended[] {
    assert(commit.reader !== null || commit.positions.length === 0, 'positions are those of a reader');
    const appended = commit.outputs.map((batch) => this.#append(batch, now));
    if (commit.reader !== null) {
      for (const position of commit.positions) {
        const topic = this.#topic(position.topic);
        this.#partition(topic, position.partition);
        this.#upsertPosition.run(commit.reader, topic.id, position.partition, position.offset);
      }
    }
    commit.writeState?.();
    return appended;
  }

  #append(batch: PendingBatch, now: number): Appended {
    const { bytes } = batch;
    const topic = this.#topic(batch.topic);
    const range = this.#partition(topic, batch.partition);
    if (bytes.length > this.#batchBytesMax) {
      throw new SystemError(
        `a batch of ${bytes.length} bytes for topic "${batch.topic}" is larger than the allowed ${this.#batchBytesMax}`,
        { code: 'batch-too-large', hint: 'write smaller records, or fewer at a time' },
      );
    }
    const isWhole = checkHeader(bytes) === bytes.length && recordCount(bytes) === batch.records;
    if (!isWhole)
      throw new SystemError(`the bytes of a batch for topic "${batch.topic}" are not one batch`, {
        code: 'corrupt-batch',
      });
    const baseOffset = range.end;
    const lastOffset = baseOffset + lastOffsetDelta(bytes);
    setBaseOffset(bytes, baseOffset);
    this.#insert.run(topic.id, batch.partition, lastOffset, baseOffset, storable(maxTimestamp(bytes)), now, bytes);
    range.end = lastOffset + 1;
    return { topic: batch.topic, partition: batch.partition, baseOffset, lastOffset };
  }

  /** Removes some batches of a deleted topic; returns how many. */
  #removeDeleted(id: number): number {
    const { changes } = this.#database
      .prepare(
        `DELETE FROM log_batches WHERE rowid IN (SELECT rowid FROM log_batches WHERE topic = ? LIMIT ${REMOVED_ROWS_MAX})`,
      )
      .run(id);
    if (changes < REMOVED_ROWS_MAX) this.#database.prepare('DELETE FROM log_deleted_topics WHERE id = ?').run(id);
    return changes;
  }

  #topic(name: string): Topic {
    return this.#topics.get(name) ?? this.#load(name);
  }

  #load(name: string): Topic {
    const row = this.#database.guard(() => this.#tables.topic(name));
    if (row === null) throw unknownTopic(name);
    const topic: Topic = {
      id: row.id,
      description: describe(row),
      partitions: Array.from({ length: row.partitions }, (_, i) => ({ ...this.#tables.offsets(row.id, i)! })),
    };
    this.#topics.set(name, topic);
    return topic;
  }

  #partition(topic: Topic, partition: number): { start: number; end: number } {
    const range = topic.partitions[partition];
    if (range === undefined) throw unknownPartition(topic.description.name, partition, topic.partitions.length);
    return range;
  }
}

function checkTopic(name: string, config: TopicConfig): void {
  const invalid = (why: string) =>
    new SystemError(`the topic "${name}" cannot be made: ${why}`, { code: 'invalid-topic' });
  if (!TOPIC_NAME.test(name) || name === '.' || name === '..') {
    throw invalid('a name has 1 to 249 of the characters a-z, A-Z, 0-9, ".", "_" and "-"');
  }
  if (!Number.isInteger(config.partitions) || config.partitions < 1 || config.partitions > PARTITIONS_MAX) {
    throw invalid(`a topic has 1 to ${PARTITIONS_MAX} partitions, not ${config.partitions}`);
  }
  if (config.cleanupPolicy.length === 0) throw invalid('a cleanup policy is "delete", "compact" or both');
}

/** A timestamp as an integer column holds it: those beyond 2^53 are as far as it goes. */
function storable(timestamp: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, timestamp));
}
