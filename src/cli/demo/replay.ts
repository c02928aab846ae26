import type { Engine } from '../../engine/engine.js';
import { type FlightsExample, topicEnds } from './flights.js';

/** Rows of one insert, and how often the clock is looked at. */
const ROWS_PER_INSERT = 1_000;
const TICK_MS = 100;

/** Sends the flights into the engine in event-time order, from where an earlier replay on the same file ended. */
export class Replay {
  readonly total: number;
  /** Where it began this time. */
  readonly resumedAt: number;
  readonly #engine: Engine;
  readonly #example: FlightsExample;
  #position: number;
  #stopped = false;

  private constructor(engine: Engine, example: FlightsExample, position: number) {
    this.#engine = engine;
    this.#example = example;
    this.#position = position;
    this.resumedAt = position;
    this.total = example.flights.length;
  }

  /** Loads the airports if they are not there, and finds out how many flights are. The example's statements must be in force. */
  static async prepare(engine: Engine, example: FlightsExample): Promise<Replay> {
    const ends = await topicEnds(engine, 'flights');
    if ((ends.get('airports') ?? 0) < example.airports.length) await engine.insert('airports', example.airports);
    return new Replay(engine, example, Math.min(ends.get('flights') ?? 0, example.flights.length));
  }

  /** Flights that the engine has. */
  get position(): number {
    return this.#position;
  }

  get done(): boolean {
    return this.#position >= this.total;
  }

  /** @param speed event-time seconds a second; null sends everything as fast as the engine takes it */
  async run(speed: number | null): Promise<void> {
    const { departures } = this.#example;
    const startedAt = performance.now();
    const from = departures[this.#position] ?? 0;
    while (!this.done && !this.#stopped) {
      const until = speed === null ? Number.POSITIVE_INFINITY : from + (performance.now() - startedAt) * speed;
      if (departures[this.#position]! > until) {
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
        continue;
      }
      let end = this.#position;
      while (end < this.total && end - this.#position < ROWS_PER_INSERT && departures[end]! <= until) end++;
      await this.#engine.insert('flights', this.#example.flights.slice(this.#position, end));
      this.#position = end;
      if (speed !== null) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }

  stop(): void {
    this.#stopped = true;
  }
}
