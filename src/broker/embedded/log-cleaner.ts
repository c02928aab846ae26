import { DAY_MS } from '../../model/time.js';
import type { Database } from '../../storage/database.js';
import type { TopicDescription } from '../broker.js';
import { maxTimestamp, recordCount } from '../record-batch.js';
import { RecordBatchBuilder } from '../record-batch-builder.js';
import { RecordBatchCursor } from '../record-batch-cursor.js';
import type { BatchRow, LogTables } from './log-tables.js';

export interface CleaningOptions {
  /** A partition is compacted once this many bytes were appended since the last time, */
  readonly dirtyBytesMin: number;
  /** and once these are at least this share of the partition. */
  readonly dirtyRatioMin: number;
  /** How long a tombstone stays after the values it deletes are gone, so that a slow reader learns of it. */
  readonly tombstoneRetentionMs: number;
  /** Distinct keys that one compaction remembers; a longer stretch is done in several. */
  readonly keysMax: number;
}

/** Kafka's values, but for the bytes: its unit is a segment, ours a batch. */
export const CLEANING_DEFAULTS: CleaningOptions = {
  dirtyBytesMin: 1024 * 1024,
  dirtyRatioMin: 0.5,
  tombstoneRetentionMs: DAY_MS,
  keysMax: 1_000_000,
};

/** Also the end of a stretch: the bytes of the batches that brought new keys. */
const KEY_BYTES_MAX = 128 * 1024 * 1024;
/** What is read and rewritten in one transaction. */
const STEP_BYTES = 1024 * 1024;
const STEP_ROWS = 256;
/** Smaller neighbours are joined up to this size, so that few survivors do not leave many rows. */
const MERGED_BYTES = 256 * 1024;

export interface CleanedLog {
  readonly log: {
    listTopics(): readonly TopicDescription[];
    offsets(topic: string, partition: number): { readonly start: number; readonly end: number };
    trim(topic: string, partition: number, beforeOffset: number): void;
  };
  readonly database: Database;
  readonly tables: LogTables;
}

/** Retention and compaction of every topic; yields after each short transaction. */
export function* cleanLog(
  target: CleanedLog,
  now: number,
  heldBy: readonly string[] | null,
  options: Partial<CleaningOptions>,
): Generator<void, void, void> {
  const settings = { ...CLEANING_DEFAULTS, ...definedOnly(options) };
  for (const topic of target.log.listTopics()) {
    for (let partition = 0; partition < topic.partitions; partition++) {
      const cleaner = new PartitionCleaner(target, topic, partition, now, heldBy, settings);
      if (topic.cleanupPolicy.includes('delete')) yield* cleaner.expire();
      if (topic.cleanupPolicy.includes('compact')) {
        yield* cleaner.dropTombstones();
        yield* cleaner.compact();
      }
    }
  }
}

/** Cleans one partition. Between the steps the log moves on and the topic may go: each step looks again. */
class PartitionCleaner {
  readonly #id: number;
  readonly #cursor = new RecordBatchCursor();
  readonly #builder = new RecordBatchBuilder(MERGED_BYTES);

  constructor(
    readonly target: CleanedLog,
    readonly topic: TopicDescription,
    readonly partition: number,
    readonly now: number,
    readonly heldBy: readonly string[] | null,
    readonly options: CleaningOptions,
  ) {
    this.#id = Number(topic.id);
  }

  /** Removes whole batches from the start, by append time. */
  *expire(): Generator<void, void, void> {
    const { retentionMs } = this.topic;
    if (retentionMs < 0) return;
    const oldest = this.target.database.prepare<[number, number], { last_offset: number; append_time: number }>(
      `SELECT last_offset, append_time FROM log_batches WHERE topic = ? AND partition = ? ORDER BY last_offset LIMIT ${STEP_ROWS}`,
    );
    while (this.#exists()) {
      const bound = this.#bound();
      const rows = oldest.all(this.#id, this.partition);
      const kept = rows.findIndex((row) => row.append_time > this.now - retentionMs || row.last_offset >= bound);
      const expired = kept < 0 ? rows.length : kept;
      if (expired === 0) return;
      this.target.log.trim(this.topic.name, this.partition, rows[expired - 1]!.last_offset + 1);
      yield;
      if (kept >= 0) return;
    }
  }

  /** Removes the tombstones whose time has come. What they deleted went in the compaction that set the time. */
  *dropTombstones(): Generator<void, void, void> {
    const due = this.target.database.prepare<[number, number, number], { last_offset: number }>(
      `SELECT last_offset FROM log_batches WHERE topic = ? AND partition = ? AND tombstones_until <= ? ORDER BY last_offset LIMIT 16`,
    );
    for (;;) {
      const rewritten = this.#step(() => {
        const rows = due.all(this.#id, this.partition, this.now);
        if (rows.length > 0) this.#holdEnd();
        for (const { last_offset } of rows) {
          const row = this.target.tables.batches(this.#id, this.partition, last_offset, 0)[0]!;
          const group = new Group(this.#builder, row);
          this.#copy(group, row, (cursor) => cursor.valueStart >= 0 || cursor.keyStart < 0);
          this.#replace(group, null);
        }
        return rows.length;
      });
      if (rewritten === 0) return;
      yield;
    }
  }

  /** Keeps the latest record of each key, and records without one; offsets stay as they were. */
  *compact(): Generator<void, void, void> {
    const row = this.target.tables.partition(this.#id, this.partition);
    if (row === null) return;
    const bound = Math.min(this.target.log.offsets(this.topic.name, this.partition).end, this.#bound());
    if (!this.#isDirty(row.cleaned_to, bound)) return;

    for (let cleanedTo = row.cleaned_to; cleanedTo < bound; ) {
      const latest = new Map<string, number>();
      const to = yield* this.#findLatest(latest, cleanedTo, bound);
      // The batch that a reader is in the middle of.
      if (to === cleanedTo) return;
      for (let from = 0; from < to; ) {
        from = this.#step(() => this.#compactSome(latest, from, to)) || to;
        yield;
      }
      this.target.database
        .prepare('UPDATE log_partitions SET cleaned_to = max(cleaned_to, ?) WHERE topic = ? AND partition = ?')
        .run(to, this.#id, this.partition);
      cleanedTo = to;
    }
  }

  #isDirty(cleanedTo: number, bound: number): boolean {
    if (cleanedTo >= bound) return false;
    const sizes = this.target.database.prepare<[number, number, number, number], { bytes: number | null }>(
      `SELECT sum(length(bytes)) AS bytes FROM log_batches
       WHERE topic = ? AND partition = ? AND last_offset >= ? AND last_offset < ?`,
    );
    const dirty = sizes.get(this.#id, this.partition, cleanedTo, bound)?.bytes ?? 0;
    if (dirty < this.options.dirtyBytesMin) return false;
    const clean = sizes.get(this.#id, this.partition, 0, cleanedTo)?.bytes ?? 0;
    return dirty >= this.options.dirtyRatioMin * (dirty + clean);
  }

  /** The last offset of each key in [from, bound), as far as memory allows; returns where it stopped. */
  *#findLatest(latest: Map<string, number>, from: number, bound: number): Generator<void, number, void> {
    const cursor = this.#cursor;
    let next = from;
    let keyBytes = 0;
    while (next < bound) {
      const rows = this.target.tables.batches(this.#id, this.partition, next, STEP_BYTES, STEP_ROWS);
      if (rows.length === 0) return bound;
      for (const row of rows) {
        if (row.last_offset >= bound) return next;
        if (latest.size >= this.options.keysMax || keyBytes >= KEY_BYTES_MAX) return next;
        cursor.reset(row.bytes);
        const known = latest.size;
        while (cursor.next()) {
          if (cursor.keyStart >= 0) latest.set(keyText(cursor), cursor.offset);
        }
        if (latest.size > known) keyBytes += row.bytes.length;
        next = row.last_offset + 1;
      }
      yield;
    }
    return next;
  }

  /** One transaction of a compaction; returns where to go on, 0 when there is nothing more. */
  #compactSome(latest: ReadonlyMap<string, number>, from: number, to: number): number {
    const rows = this.target.tables
      .batches(this.#id, this.partition, from, STEP_BYTES, STEP_ROWS)
      .filter((row) => row.last_offset < to);
    if (rows.length === 0) return 0;
    this.#holdEnd();
    const isKept = (cursor: RecordBatchCursor) =>
      cursor.keyStart < 0 || (latest.get(keyText(cursor)) ?? -1) <= cursor.offset;
    // Retention by append time needs each row to keep its own.
    const mayMerge = !this.topic.cleanupPolicy.includes('delete');
    let group: Group | null = null;
    for (const row of rows) {
      const fits =
        group !== null &&
        mayMerge &&
        this.#builder.byteLength + row.bytes.length <= MERGED_BYTES &&
        row.last_offset - group.first.base_offset < 0x7fffffff;
      if (group !== null && !fits) {
        this.#replace(group, this.now + this.options.tombstoneRetentionMs);
        group = null;
      }
      group ??= new Group(this.#builder, row);
      this.#copy(group, row, isKept);
    }
    if (group !== null) this.#replace(group, this.now + this.options.tombstoneRetentionMs);
    return rows.at(-1)!.last_offset + 1;
  }

  /** Adds to `group` the records of `row` that are kept, at their offsets. */
  #copy(group: Group, row: BatchRow, isKept: (cursor: RecordBatchCursor) => boolean): void {
    const cursor = this.#cursor;
    const builder = this.#builder;
    group.add(row);
    cursor.reset(row.bytes);
    while (cursor.next()) {
      if (!isKept(cursor)) continue;
      const isTombstone = cursor.keyStart >= 0 && cursor.valueStart < 0;
      if (isTombstone) group.hasTombstones = true;
      if (isTombstone && row.tombstones_until === null) group.hasNewTombstones = true;
      builder.begin(cursor.timestamp, cursor.offset - group.first.base_offset);
      if (cursor.keyStart >= 0) builder.copyFrom(cursor.bytes, cursor.keyStart, cursor.keyEnd);
      builder.endKey(cursor.keyStart < 0);
      if (cursor.valueStart >= 0) builder.copyFrom(cursor.bytes, cursor.valueStart, cursor.valueEnd);
      builder.endValue(cursor.valueStart < 0);
      builder.endWithEncodedHeaders(cursor.headerCount, cursor.bytes, cursor.headersStart, cursor.headersEnd);
    }
  }

  /** Writes a group in place of the rows it came from, unless it is one row that did not change. */
  #replace(group: Group, newTombstonesUntil: number | null): void {
    const { first, last } = group;
    const builder = this.#builder;
    const tombstonesUntil = group.hasNewTombstones
      ? newTombstonesUntil
      : group.hasTombstones
        ? group.tombstonesUntil
        : null;
    const where = 'topic = ? AND partition = ? AND last_offset';
    if (first === last && builder.records === group.records) {
      builder.clear();
      if (tombstonesUntil !== first.tombstones_until) {
        this.target.database
          .prepare(`UPDATE log_batches SET tombstones_until = ? WHERE ${where} = ?`)
          .run(tombstonesUntil, this.#id, this.partition, last.last_offset);
      }
      return;
    }
    this.target.database
      .prepare(`DELETE FROM log_batches WHERE ${where} BETWEEN ? AND ?`)
      .run(this.#id, this.partition, first.last_offset, last.last_offset);
    if (builder.records === 0) {
      builder.clear();
      return;
    }
    const bytes = builder.finish(first.base_offset, last.last_offset - first.base_offset);
    this.target.database
      .prepare(
        `INSERT INTO log_batches (topic, partition, last_offset, base_offset, max_timestamp, append_time, tombstones_until, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        this.#id,
        this.partition,
        last.last_offset,
        first.base_offset,
        Math.min(maxTimestamp(bytes), Number.MAX_SAFE_INTEGER),
        group.appendTime,
        tombstonesUntil,
        bytes,
      );
  }

  /** Writes down where the partition ends, before the rows that tell it may go. */
  #holdEnd(): void {
    const { end } = this.target.log.offsets(this.topic.name, this.partition);
    this.target.database
      .prepare('UPDATE log_partitions SET end_floor = max(end_floor, ?) WHERE topic = ? AND partition = ?')
      .run(end, this.#id, this.partition);
  }

  /** The first offset that a reader still needs. */
  #bound(): number {
    const { database } = this.target;
    const lowest =
      this.heldBy === null
        ? database
            .prepare<[number, number], { lowest: number | null }>(
              'SELECT min(next_offset) AS lowest FROM log_positions WHERE topic = ? AND partition = ?',
            )
            .get(this.#id, this.partition)
        : database
            .prepare<[number, number, string], { lowest: number | null }>(
              `SELECT min(next_offset) AS lowest FROM log_positions
               WHERE topic = ? AND partition = ? AND reader IN (SELECT value FROM json_each(?))`,
            )
            .get(this.#id, this.partition, JSON.stringify(this.heldBy));
    return lowest?.lowest ?? Number.MAX_SAFE_INTEGER;
  }

  /** One transaction; 0 when the topic is gone. */
  #step(action: () => number): number {
    return this.target.database.transaction(() => {
      this.#builder.clear();
      return this.#exists() ? action() : 0;
    });
  }

  #exists(): boolean {
    return this.target.tables.topic(this.topic.name)?.id === this.#id;
  }
}

/** Rows that become one. */
class Group {
  last: BatchRow;
  records = 0;
  appendTime = 0;
  hasTombstones = false;
  /** Of these, any that no compaction has seen before. */
  hasNewTombstones = false;
  /** When the tombstones seen by an earlier compaction may go. */
  tombstonesUntil: number | null = null;

  constructor(
    builder: RecordBatchBuilder,
    readonly first: BatchRow,
  ) {
    builder.clear();
    this.last = first;
  }

  add(row: BatchRow): void {
    this.last = row;
    this.records += recordCount(row.bytes);
    this.appendTime = Math.max(this.appendTime, row.append_time);
    if (row.tombstones_until !== null) {
      this.tombstonesUntil = Math.max(this.tombstonesUntil ?? 0, row.tombstones_until);
    }
  }
}

function keyText(cursor: RecordBatchCursor): string {
  return cursor.bytes.toString('latin1', cursor.keyStart, cursor.keyEnd);
}

function definedOnly(options: Partial<CleaningOptions>): Partial<CleaningOptions> {
  const names = Object.keys(CLEANING_DEFAULTS) as (keyof CleaningOptions)[];
  return Object.fromEntries(names.filter((n) => options[n] !== undefined).map((n) => [n, options[n]]));
}
