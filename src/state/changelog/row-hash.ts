/**
 * A hash of 64 bits over the bytes of a key and of a value, in two lanes of 32: every word of four bytes goes into both, differently, and each
 * step is a permutation of the 64 bits, so rows that differ meet only by chance. Never 0 in both lanes, which stands for "no row".
 * Not proof against somebody who looks for rows with the same hash.
 */
export class RowHash {
  /** The lanes, as signed 32-bit integers. */
  high = 0;
  low = 0;

  compute(key: Buffer, keyStart: number, keyEnd: number, value: Buffer, valueStart: number, valueEnd: number): void {
    this.high = SEED_HIGH;
    this.low = SEED_LOW;
    this.#add(key, keyStart, keyEnd);
    this.#add(value, valueStart, valueEnd);
    let high = avalanche(this.high ^ this.low);
    const low = (avalanche(this.low) + high) | 0;
    high = (high + low) | 0;
    this.high = high;
    this.low = high === 0 && low === 0 ? 1 : low;
  }

  /** Puts the hash as eight bytes. */
  write(bytes: Buffer, at: number): void {
    const { high, low } = this;
    bytes[at] = high >>> 24;
    bytes[at + 1] = high >>> 16;
    bytes[at + 2] = high >>> 8;
    bytes[at + 3] = high;
    bytes[at + 4] = low >>> 24;
    bytes[at + 5] = low >>> 16;
    bytes[at + 6] = low >>> 8;
    bytes[at + 7] = low;
  }

  /** Whether the eight bytes are this hash. */
  matches(bytes: Buffer, at: number): boolean {
    return wordAt(bytes, at) === this.high && wordAt(bytes, at + 4) === this.low;
  }

  /** The last word of each part is its length, which tells zeros at the end, and where one part ends. */
  #add(bytes: Buffer, start: number, end: number): void {
    let high = this.high;
    let low = this.low;
    const whole = start + ((end - start) & ~3);
    let at = start;
    for (; at < whole; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      const first = Math.imul(word, 0xcc9e2d51);
      high = Math.imul(high ^ ((first << 15) | (first >>> 17)), 0x85ebca6b);
      high = (((high << 13) | (high >>> 19)) + low) | 0;
      const second = Math.imul(word, 0x1b873593);
      low = Math.imul(low ^ ((second << 16) | (second >>> 16)), 0xc2b2ae35);
      low = (((low << 17) | (low >>> 15)) + high) | 0;
    }
    let rest = 0;
    for (let shift = 0; at < end; at++, shift += 8) rest |= bytes[at]! << shift;
    const first = Math.imul(rest, 0xcc9e2d51) ^ (end - start);
    high = Math.imul(high ^ ((first << 15) | (first >>> 17)), 0x85ebca6b);
    high = (((high << 13) | (high >>> 19)) + low) | 0;
    const second = Math.imul(rest, 0x1b873593) ^ (end - start);
    low = Math.imul(low ^ ((second << 16) | (second >>> 16)), 0xc2b2ae35);
    low = (((low << 17) | (low >>> 15)) + high) | 0;
    this.high = high;
    this.low = low;
  }
}

const SEED_HIGH = 0x243f6a88;
const SEED_LOW = 0x85a308d3 | 0;

function wordAt(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function avalanche(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
