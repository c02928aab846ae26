/** Faults of the code between a shard and the broker, or of who starts it; they are planted to see whether the oracles find them. */
export interface PlantedFaults {
  /** A reader that begins inside an aborted transaction does not know that it was aborted. */
  readonly abortFilterForgets?: boolean;
  /** A reader does not wait for open transactions. */
  readonly readsUncommitted?: boolean;
  /** Each node writes with a transactional id of its own. */
  readonly idPerNode?: boolean;
  /** After a failure the same producer aborts, and goes on. */
  readonly producerReused?: boolean;
  /** Work begins at the offsets that the group holds. */
  readonly groupOffsets?: boolean;
  /** Nobody checks whether another process has the file open. */
  readonly lockIgnored?: boolean;
}
