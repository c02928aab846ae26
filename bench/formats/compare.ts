import { RECORDS } from './orders.js';

/** Two ways to do the same work over all records, and how much quicker ours shall be. */
export interface Contest {
  readonly name: string;
  /** Of the time of the other to ours. */
  readonly goal: number;
  readonly ours: () => void;
  readonly theirs: () => void;
}

const ROUNDS = 31;
const WARM_UP_MS = 300;
const SLICE_MS = 10;

/** Takes turns between the two, and prints the median of the ratios with what lies between the quarters. Returns whether the goal is met. */
export function compare({ name, goal, ours, theirs }: Contest): boolean {
  warmUp(ours);
  warmUp(theirs);
  const passes = passesOf(ours);
  const theirPasses = passesOf(theirs);
  const times: number[] = [];
  const theirTimes: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ownFirst = round % 2 === 0;
    let own = ownFirst ? time(ours, passes) : 0;
    const other = time(theirs, theirPasses);
    if (!ownFirst) own = time(ours, passes);
    times.push(own);
    theirTimes.push(other);
    ratios.push(other / own);
  }
  const [low, ratio, high] = quarters(ratios);
  const met = ratio >= goal;
  const figures = `${format(quarters(times)[1])} ns against ${format(quarters(theirTimes)[1])} ns`;
  const spread = `${ratio.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
  console.log(
    `  ${name.padEnd(36)} ${figures}   ratio ${spread.padEnd(18)} goal ${goal.toFixed(1)} ${met ? 'met' : 'MISSED'}`,
  );
  return met;
}

function warmUp(work: () => void): void {
  const until = performance.now() + WARM_UP_MS;
  while (performance.now() < until) work();
}

function passesOf(work: () => void): number {
  const passMs = (time(work, 5) * RECORDS) / 1e6;
  return Math.max(1, Math.round(SLICE_MS / passMs));
}

/** Nanoseconds a record on a processor: on a busy machine they tell more than the clock on the wall. */
function time(work: () => void, passes: number): number {
  const before = process.cpuUsage();
  for (let pass = 0; pass < passes; pass++) work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / (passes * RECORDS);
}

function quarters(values: readonly number[]): [number, number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)]!;
  return [at(0.25), at(0.5), at(0.75)];
}

function format(ns: number): string {
  return ns.toFixed(ns < 100 ? 1 : 0).padStart(6);
}
