import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Random } from '../simulation/random.js';
import { type MemoryReport, MemoryWatch, memoryProblem } from './memory-watch.js';

/** Something that reads bytes from outside, and damaged bytes for it. */
export interface Subject {
  readonly name: string;
  /** The next input; the same for the same numbers. */
  input(random: Random): Input;
}

export interface Input {
  /** How it was damaged. */
  readonly damage: string;
  readonly bytes: Buffer;
  readonly readers: readonly Reader[];
}

export interface Reader {
  readonly name: string;
  /**
   * Reads all that there is in the range and checks that it is what it may be. The result can be compared.
   * @throws whatever the code under test may not throw; what it may throw becomes {@link REFUSED} within the result
   */
  read(bytes: Buffer, start: number, end: number): unknown;
}

export const REFUSED = Symbol('refused');

export interface FuzzOptions {
  readonly records: number;
  readonly seed: number;
  /** The number of the first record. */
  readonly from?: number;
  /** Whether to watch the memory of the process, which must do nothing else then. */
  readonly watchMemory?: boolean;
}

export interface FuzzReport {
  readonly records: number;
  readonly reads: number;
  /** Reads that were refused as a whole. */
  readonly refused: number;
  /** The longest read, in milliseconds; what did not take as long again is not counted. */
  readonly slowestMs: number;
  readonly seconds: number;
  readonly memory: MemoryReport | null;
  readonly failure: FuzzFailure | null;
}

export interface FuzzFailure {
  readonly record: number;
  readonly damage: string;
  readonly reader: string;
  readonly bytes: Buffer;
  readonly error: Error;
}

const SLOW_MS = 50;
/** A read is repeated so often before it is called slow: the machine may have been busy. */
const REPEATS = 5;
/** After so many records what waits for the event loop has its turn, as between the batches of a task. */
const TURN_EVERY = 1_000;
/** One record in so many is also read among others. */
const SURROUNDED_EVERY = 8;
const SURROUNDINGS = [
  Buffer.from('"}'),
  Buffer.from([0, 0, 0, 0, 1, 0, 2, 4, 0x80, 0x80]),
  Buffer.alloc(64),
  Buffer.alloc(16, 0xff),
];

/** Reads damaged inputs until one is not refused as it should be, takes too long or too much memory. */
export async function fuzz(
  subject: Subject,
  { records, seed, from = 0, watchMemory = false }: FuzzOptions,
): Promise<FuzzReport> {
  const memory = watchMemory ? new MemoryWatch(records) : null;
  const began = performance.now();
  let reads = 0;
  let refused = 0;
  let slowestMs = 0;
  let failure: FuzzFailure | null = null;
  let count = 0;
  for (; count < records && failure === null; count++) {
    const record = from + count;
    const random = randomOf(seed, record);
    const { damage, bytes, readers } = subject.input(random);
    for (const reader of readers) {
      try {
        const result = withoutStacks(() => {
          const before = performance.now();
          const read = reader.read(bytes, 0, bytes.length);
          const ms = performance.now() - before;
          if (ms > slowestMs) slowestMs = Math.max(slowestMs, leastMs(reader, bytes, ms));
          if (record % SURROUNDED_EVERY === 0) checkSurrounded(reader, bytes, read, random);
          return read;
        });
        if (slowestMs > SLOW_MS) throw new Error(`it takes ${slowestMs.toFixed(0)} ms`);
        reads++;
        if (result === REFUSED) refused++;
      } catch (problem) {
        failure = { record, damage, reader: reader.name, bytes, error: again(reader, bytes) ?? (problem as Error) };
        break;
      }
    }
    if (count % TURN_EVERY === 0) await setImmediate();
    if (memory?.isDue(count)) await memory.look(count);
  }
  const seconds = (performance.now() - began) / 1000;
  const report = { records: count, reads, refused, slowestMs, seconds };
  return { ...report, memory: memory === null ? null : await memory.finish(), failure };
}

/** Why the run is not good, or null. */
export function verdict({ failure, memory }: FuzzReport): string | null {
  if (failure !== null) {
    const { record, damage, reader, bytes, error } = failure;
    const shown =
      bytes.length > 500 ? `${bytes.toString('hex', 0, 500)}... (${bytes.length} bytes)` : bytes.toString('hex');
    return `record ${record} (${damage}) read by ${reader}: ${error.stack}\n${shown}`;
  }
  return memory === null ? null : memoryProblem(memory);
}

/** Numbers of one record's own, so that it can be had again without those before it. */
function randomOf(seed: number, record: number): Random {
  return new Random((Math.imul(seed, 0x9e3779b1) ^ Math.imul(record + 1, 0x85ebca6b)) | 0);
}

/** Refusals are many, and their stacks take longer than all else. */
function withoutStacks<Result>(work: () => Result): Result {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What a read throws when it is repeated, now with its stack. */
function again(reader: Reader, bytes: Buffer): Error | null {
  try {
    reader.read(bytes, 0, bytes.length);
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** The least time of several reads. */
function leastMs(reader: Reader, bytes: Buffer, firstMs: number): number {
  let least = firstMs;
  for (let i = 0; i < REPEATS; i++) {
    const before = performance.now();
    reader.read(bytes, 0, bytes.length);
    least = Math.min(least, performance.now() - before);
  }
  return least;
}

/** What lies before and behind a record must not matter. */
function checkSurrounded(reader: Reader, bytes: Buffer, result: unknown, random: Random): void {
  const before = random.pick(SURROUNDINGS);
  const surrounded = Buffer.concat([before, bytes, random.chance(0.5) ? bytes : random.pick(SURROUNDINGS)]);
  // As the first record of a buffer, and as a later one.
  for (let i = 0; i < 2; i++) {
    const among = reader.read(surrounded, before.length, before.length + bytes.length);
    if (!isDeepStrictEqual(among, result)) throw new Error('among other records it is read as something else');
  }
}
