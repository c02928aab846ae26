/** Milliseconds since 1970-01-01T00:00Z. */
export type Timestamp = number;

/** The only way to learn the time; real at the edge, fake in tests. */
export interface Clock {
  /** Wall-clock time in ms since the epoch. */
  now(): Timestamp;
}

export const systemClock: Clock = { now: () => Date.now() };

export const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;

export type TimeUnit = 'MILLISECONDS' | 'SECONDS' | 'MINUTES' | 'HOURS' | 'DAYS';

export const UNIT_MS: Readonly<Record<TimeUnit, number>> = {
  MILLISECONDS: 1,
  SECONDS: 1000,
  MINUTES: 60_000,
  HOURS: 3_600_000,
  DAYS: DAY_MS,
};
