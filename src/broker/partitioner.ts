const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Kafka's murmur2 of `bytes[start, end)`: a signed 32-bit number. */
export function murmur2(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  let hash = SEED ^ length;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const left = end - at;
  if (left > 0) {
    if (left > 2) hash ^= bytes[at + 2]! << 16;
    if (left > 1) hash ^= bytes[at + 1]! << 8;
    hash = Math.imul(hash ^ bytes[at]!, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/** The partition of a record whose encoded key is `bytes[start, end)`, as the Java client's default partitioner chooses it. */
export function partitionOfKey(bytes: Buffer, start: number, end: number, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(bytes, start, end) & 0x7fffffff) % partitions;
}

/** Chooses partitions for records without a key: each in turn, for some records at a time so that batches grow. */
export class KeylessPartitioner {
  readonly #recordsPerTurn: number;
  #left: number;
  #partition = 0;

  constructor(recordsPerTurn = 32) {
    this.#recordsPerTurn = recordsPerTurn;
    this.#left = recordsPerTurn;
  }

  /** The partition of the next record. */
  next(partitions: number): number {
    if (this.#left === 0) {
      this.#left = this.#recordsPerTurn;
      this.#partition++;
    }
    this.#left--;
    if (this.#partition >= partitions) this.#partition = 0;
    return this.#partition;
  }
}
