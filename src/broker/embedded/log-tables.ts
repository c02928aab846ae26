import { SystemError } from '../../model/errors.js';
import type { Database, Statement } from '../../storage/database.js';
import type { PartitionOffsets, Position, StoredBatch, TopicConfig, TopicDescription } from '../broker.js';
import { checksumMatches } from '../record-batch.js';

export interface TopicRow {
  readonly id: number;
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly cleanup_policy: string;
  readonly retention_ms: number;
}

export interface PartitionRow {
  readonly start_offset: number;
  readonly end_floor: number;
  readonly cleaned_to: number;
}

export interface BatchRow {
  readonly last_offset: number;
  readonly base_offset: number;
  readonly max_timestamp: number;
  readonly append_time: number;
  readonly tombstones_until: number | null;
  readonly bytes: Buffer;
}

const TOPIC_COLUMNS = 'id, name, partitions, replicas, cleanup_policy, retention_ms';

/** The statements of the embedded log, over a writer's connection or a reader's. Nothing is remembered between calls. */
export class LogTables {
  readonly #database: Database;
  readonly #topic: Statement<[string], TopicRow>;
  readonly #partition: Statement<[number, number], PartitionRow>;
  readonly #lastOffset: Statement<[number, number], { last_offset: number }>;
  readonly #batches: Statement<[number, number, number], BatchRow>;

  constructor(database: Database) {
    this.#database = database;
    this.#topic = database.prepareOwn(`SELECT ${TOPIC_COLUMNS} FROM log_topics WHERE name = ?`);
    this.#partition = database.prepareOwn(
      'SELECT start_offset, end_floor, cleaned_to FROM log_partitions WHERE topic = ? AND partition = ?',
    );
    this.#lastOffset = database.prepareOwn(
      'SELECT last_offset FROM log_batches WHERE topic = ? AND partition = ? ORDER BY last_offset DESC LIMIT 1',
    );
    this.#batches = database.prepareOwn(
      `SELECT last_offset, base_offset, max_timestamp, append_time, tombstones_until, bytes FROM log_batches
       WHERE topic = ? AND partition = ? AND last_offset >= ? ORDER BY last_offset`,
    );
  }

  topic(name: string): TopicRow | null {
    return this.#topic.get(name) ?? null;
  }

  topics(): readonly TopicRow[] {
    return this.#database.prepare<[], TopicRow>(`SELECT ${TOPIC_COLUMNS} FROM log_topics ORDER BY name`).all();
  }

  partition(topic: number, partition: number): PartitionRow | null {
    return this.#partition.get(topic, partition) ?? null;
  }

  /** Where a partition begins and ends; null when it does not exist. */
  offsets(topic: number, partition: number): PartitionOffsets | null {
    const row = this.partition(topic, partition);
    if (row === null) return null;
    const last = this.#lastOffset.get(topic, partition)?.last_offset ?? -1;
    return { start: row.start_offset, end: Math.max(row.end_floor, last + 1) };
  }

  /**
   * Batches that end at or after `fromOffset`, in order, until `bytesMax` or `batchesMax` is reached; at least one if there is one.
   * @throws SystemError `storage-corrupt` when a batch is not what was written.
   */
  batches(
    topic: number,
    partition: number,
    fromOffset: number,
    bytesMax: number,
    batchesMax = Number.MAX_SAFE_INTEGER,
  ): BatchRow[] {
    const rows: BatchRow[] = [];
    let bytes = 0;
    for (const row of this.#batches.iterate(topic, partition, fromOffset)) {
      if (!checksumMatches(row.bytes)) throw damagedBatch(this.#database.path, topic, partition, row.base_offset);
      rows.push(row);
      bytes += row.bytes.length;
      if (bytes >= bytesMax || rows.length >= batchesMax) break;
    }
    return rows;
  }

  positions(reader: string): readonly Position[] {
    return this.#database
      .prepare<[string], Position>(
        `SELECT t.name AS topic, p.partition, p.next_offset AS "offset" FROM log_positions p JOIN log_topics t ON t.id = p.topic
         WHERE p.reader = ? ORDER BY t.name, p.partition`,
      )
      .all(reader);
  }
}

export function describe(row: TopicRow): TopicDescription {
  return {
    name: row.name,
    id: String(row.id),
    partitions: row.partitions,
    replicas: row.replicas,
    cleanupPolicy: row.cleanup_policy.split(',') as TopicConfig['cleanupPolicy'],
    retentionMs: row.retention_ms,
  };
}

export function toStoredBatch(topic: string, partition: number, row: BatchRow): StoredBatch {
  return {
    topic,
    partition,
    baseOffset: row.base_offset,
    lastOffset: row.last_offset,
    maxTimestamp: row.max_timestamp,
    bytes: row.bytes,
  };
}

export function unknownTopic(name: string): SystemError {
  return new SystemError(`the topic "${name}" does not exist`, {
    code: 'unknown-topic',
    hint: 'LIST TOPICS shows those that do',
  });
}

export function unknownPartition(name: string, partition: number, partitions: number): SystemError {
  return new SystemError(`the topic "${name}" has no partition ${partition}: it has ${partitions}`, {
    code: 'unknown-partition',
  });
}

export function offsetOutOfRange(
  name: string,
  partition: number,
  offset: number,
  range: PartitionOffsets,
): SystemError {
  return new SystemError(
    `offset ${offset} of partition ${partition} of topic "${name}" is out of range: it holds ${range.start} up to ${range.end}`,
    { code: 'offset-out-of-range', hint: 'the records may have been removed by retention: read from the start' },
  );
}

function damagedBatch(path: string, topic: number, partition: number, offset: number): SystemError {
  return new SystemError(
    `"${path}" is damaged: the batch at offset ${offset} of partition ${partition} of topic number ${topic} is not what was written`,
    { code: 'storage-corrupt', hint: 'restore the file from a backup' },
  );
}
