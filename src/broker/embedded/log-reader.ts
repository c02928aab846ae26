import type { Database } from '../../storage/database.js';
import type { LogReader, PartitionOffsets, StoredBatch, TopicDescription } from '../broker.js';
import {
  describe,
  LogTables,
  offsetOutOfRange,
  type TopicRow,
  toStoredBatch,
  unknownPartition,
  unknownTopic,
} from './log-tables.js';

/** Reads the embedded log from a connection that does not write it: each call sees the last commit. */
export class EmbeddedLogReader implements LogReader {
  readonly #database: Database;
  readonly #tables: LogTables;

  constructor(database: Database) {
    this.#database = database;
    this.#tables = new LogTables(database);
  }

  read(topic: string, partition: number, fromOffset: number, maxBytes: number): StoredBatch[] {
    return this.#database.guard(() => {
      const found = this.#topic(topic);
      const rows = this.#tables.batches(found.id, partition, fromOffset, maxBytes);
      // After the rows, so that what is removed meanwhile is noticed.
      const range = this.#offsets(found, partition);
      if (fromOffset < range.start || fromOffset > range.end) {
        throw offsetOutOfRange(topic, partition, fromOffset, range);
      }
      return rows.map((row) => toStoredBatch(topic, partition, row));
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
    return this.#database.guard(() => this.#offsets(this.#topic(topic), partition));
  }

  #topic(name: string): TopicRow {
    const row = this.#tables.topic(name);
    if (row === null) throw unknownTopic(name);
    return row;
  }

  #offsets(topic: TopicRow, partition: number): PartitionOffsets {
    const range = this.#tables.offsets(topic.id, partition);
    if (range === null) throw unknownPartition(topic.name, partition, topic.partitions);
    return range;
  }
}
