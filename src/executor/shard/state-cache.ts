const MIB = 1024 * 1024;
/** Enough for some ten thousand keys. */
const SHARD_BYTES = 16 * MIB;
/** What the shards of a thread keep together. */
const THREAD_BYTES = 512 * MIB;

/**
 * Bytes of state that a shard keeps in memory after a commit.
 *
 * @param shards that are open on its thread: beyond 32 each has less
 * @param asked what its query asks for by `ksql.streams.cache.max.bytes.buffering`, for each of its shards; it has that in any case
 */
export function stateCacheBytes(shards: number, asked: number): number {
  return Math.max(Math.floor(asked), Math.min(SHARD_BYTES, Math.floor(THREAD_BYTES / shards)));
}
