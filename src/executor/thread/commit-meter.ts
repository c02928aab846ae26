import type { CommitFigures } from './stream-thread.js';

/** The longest commit is told for at least so long, and at most for twice as long. */
const INTERVAL_MS = 30_000;

/** Counts the commits of one query and how long they took. Times in ms, on a clock that only grows. */
export class CommitMeter {
  #count = 0;
  #sumMs = 0;
  #intervalStart = 0;
  /** In the present interval, and in the one before. */
  #greatestMs = 0;
  #greatestMsBefore = 0;

  add(now: number, tookMs: number): void {
    this.#roll(now);
    this.#count++;
    this.#sumMs += tookMs;
    if (tookMs > this.#greatestMs) this.#greatestMs = tookMs;
  }

  figures(now: number): CommitFigures {
    this.#roll(now);
    return {
      count: this.#count,
      seconds: this.#sumMs / 1000,
      secondsGreatest: Math.max(this.#greatestMs, this.#greatestMsBefore) / 1000,
    };
  }

  #roll(now: number): void {
    const elapsed = now - this.#intervalStart;
    if (elapsed < INTERVAL_MS) return;
    this.#greatestMsBefore = elapsed < 2 * INTERVAL_MS ? this.#greatestMs : 0;
    this.#greatestMs = 0;
    this.#intervalStart = now - (elapsed % INTERVAL_MS);
  }
}
