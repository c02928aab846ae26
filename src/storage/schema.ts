/** Marks a file as ours in SQLite's header: the letters `Mlrc`. */
export const APPLICATION_ID = 0x4d6c7263;

/**
 * Every table of the file that is not a state store, as steps from an empty file: the step at index n takes a file of version n to
 * version n + 1. A released step never changes; a new need is a new step. State stores make their own tables, by name, when a query opens them.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE log_topics (
    -- AUTOINCREMENT: a topic deleted and made again must get another id.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    partitions INTEGER NOT NULL,
    replicas INTEGER NOT NULL,
    cleanup_policy TEXT NOT NULL,
    retention_ms INTEGER NOT NULL
  ) STRICT;

  -- What the rows of log_batches cannot tell: where a partition begins, and where it ends once its last rows are gone.
  CREATE TABLE log_partitions (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    start_offset INTEGER NOT NULL,
    end_floor INTEGER NOT NULL,
    cleaned_to INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
  ) STRICT, WITHOUT ROWID;

  -- A row is a record batch. The index is by last offset, so that the batch that holds an offset is the first at or after it. A rowid
  -- table, because large rows make a slow B-tree when they are the index themselves (reading 90 kB rows: 45 against 105 us).
  CREATE TABLE log_batches (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    last_offset INTEGER NOT NULL,
    base_offset INTEGER NOT NULL,
    max_timestamp INTEGER NOT NULL,
    append_time INTEGER NOT NULL,
    -- Set by compaction on a batch that holds tombstones: when they may go.
    tombstones_until INTEGER,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX log_batches_by_offset ON log_batches (topic, partition, last_offset);
  CREATE INDEX log_batches_with_tombstones ON log_batches (topic, partition, tombstones_until)
    WHERE tombstones_until IS NOT NULL;

  CREATE TABLE log_positions (
    reader TEXT NOT NULL,
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (reader, topic, partition)
  ) STRICT, WITHOUT ROWID;

  -- Topics whose batches are still being removed.
  CREATE TABLE log_deleted_topics (id INTEGER PRIMARY KEY) STRICT;
  `,
  `
  -- What changed the catalog, in order; the engine alone knows what a text means.
  CREATE TABLE catalog_commands (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL
  ) STRICT;
  `,
];

/** The version of the file that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;
