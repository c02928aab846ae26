import type { Histogram } from './metrics-text.js';

const INTERVAL_MS = 50;
/** In seconds. */
const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Measures how late timers of this thread are. Does not keep the process alive. */
export class EventLoopDelay {
  readonly #counts = new Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;
  #timer: NodeJS.Timeout | null = null;
  #due = 0;

  start(): void {
    if (this.#timer !== null) return;
    this.#due = performance.now() + INTERVAL_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#add(Math.max(0, now - this.#due) / 1000);
      this.#due = now + INTERVAL_MS;
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** In seconds; null when nothing was measured. */
  histogram(): Histogram | null {
    return this.#counts.every((n) => n === 0) ? null : { bounds: BOUNDS, counts: this.#counts, sum: this.#sum };
  }

  #add(seconds: number): void {
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += seconds;
  }
}
