import type { ByteSink } from './format.js';

/** A sink that grows by doubling and is meant to be reused: reset it, write one record or a batch, read `bytes[0, position)`. */
export class GrowableSink implements ByteSink {
  bytes: Buffer;
  position = 0;

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  reserve(n: number): void {
    const needed = this.position + n;
    if (needed > this.bytes.length) this.#grow(needed);
  }

  /** Forgets what was written and keeps the memory. */
  reset(): void {
    this.position = 0;
  }

  /** A copy of what was written since `from`, which stays valid when the sink is used again. */
  copy(from = 0): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.position - from);
    this.bytes.copy(copy, 0, from, this.position);
    return copy;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.position);
    this.bytes = larger;
  }
}
