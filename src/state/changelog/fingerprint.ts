import { assert } from '../../model/errors.js';

/**
 * What a set of rows adds up to: the sum of their hashes, lane by lane, and how many they are. Sets with the same rows have the same
 * fingerprint, in whatever order the rows came and went.
 */
export class Fingerprint {
  #high = 0;
  #low = 0;
  #rows = 0;

  /** @param text what `toString` gave; null is no rows */
  constructor(text: string | null = null) {
    this.set(text);
  }

  set(text: string | null): void {
    const parts = /^([0-9a-f]{8})([0-9a-f]{8})-([0-9a-f]+)$/.exec(text ?? NO_ROWS);
    assert(parts !== null, `no fingerprint: "${text}"`);
    this.#high = Number.parseInt(parts[1]!, 16) | 0;
    this.#low = Number.parseInt(parts[2]!, 16) | 0;
    this.#rows = Number.parseInt(parts[3]!, 16);
  }

  add(high: number, low: number): void {
    this.#high = (this.#high + high) | 0;
    this.#low = (this.#low + low) | 0;
    this.#rows++;
  }

  subtract(high: number, low: number): void {
    this.#high = (this.#high - high) | 0;
    this.#low = (this.#low - low) | 0;
    this.#rows--;
  }

  /** Both lanes and the count of rows, in hexadecimal: `0f1e2d3c4b5a6978-2a`. */
  toString(): string {
    return `${hex(this.#high)}${hex(this.#low)}-${this.#rows.toString(16)}`;
  }
}

const NO_ROWS = '0000000000000000-0';

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
