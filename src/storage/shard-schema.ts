/** Marks a shard's file in SQLite's header: the letters `Mlrs`. */
export const SHARD_APPLICATION_ID = 0x4d6c7273;

/**
 * The tables of a shard's file beside its state stores, as steps from an empty file, like those of the engine's file. It has none of the
 * log's tables: the log is elsewhere, and the file knows how much of it it stands for.
 */
export const SHARD_MIGRATIONS: readonly string[] = [
  `
  -- How far the shard's changelog and its inputs are in this file; what the text says is the shard's own affair.
  CREATE TABLE shard_position (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    text TEXT NOT NULL
  ) STRICT;
  `,
];
