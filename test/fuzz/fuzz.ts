import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Random } from '../simulation/random.js';

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

/** Bytes. */
export interface MemoryReport {
  /** What is alive when the caches are filled, and at the end. */
  readonly liveHeapBefore: number;
  readonly liveHeapAfter: number;
  readonly heapUsedMax: number;
  /** Of the process: at its highest until the caches are filled, and until the end. */
  readonly peakRssBefore: number;
  readonly peakRssAfter: number;
  readonly rssMax: number;
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
/** One record in so many is also read among others. */
const SURROUNDED_EVERY = 8;
const SURROUNDINGS = [
  Buffer.from('"}'),
  Buffer.from([0, 0, 0, 0, 1, 0, 2, 4, 0x80, 0x80]),
  Buffer.alloc(64),
  Buffer.alloc(16, 0xff),
];
/** The part of a run after which caches are taken as filled. */
const WARM_UP = 0.1;
const MEMORY_SAMPLES = 200;
const LIVE_HEAP_GROWTH_MAX = 16 * 1024 * 1024;
const PEAK_RSS_GROWTH_MAX = 128 * 1024 * 1024;

/** Reads damaged inputs until one is not refused as it should be, takes too long or too much memory. */
export function fuzz(subject: Subject, { records, seed, from = 0, watchMemory = false }: FuzzOptions): FuzzReport {
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
        const before = performance.now();
        const result = reader.read(bytes, 0, bytes.length);
        const ms = performance.now() - before;
        if (ms > slowestMs) slowestMs = Math.max(slowestMs, slow(reader, bytes, ms));
        if (slowestMs > SLOW_MS) throw new Error(`it takes ${slowestMs.toFixed(0)} ms`);
        if (record % SURROUNDED_EVERY === 0) checkSurrounded(reader, bytes, result, random);
        reads++;
        if (result === REFUSED) refused++;
      } catch (problem) {
        const error = problem instanceof Error ? problem : new Error(String(problem));
        failure = { record, damage, reader: reader.name, bytes, error };
        break;
      }
    }
    memory?.after(count);
  }
  const seconds = (performance.now() - began) / 1000;
  const report = { records: count, reads, refused, slowestMs, seconds };
  return { ...report, memory: memory?.finish() ?? null, failure };
}

/** Why the run is not good, or null. */
export function verdict({ failure, memory }: FuzzReport): string | null {
  if (failure !== null) {
    const { record, damage, reader, bytes, error } = failure;
    const shown =
      bytes.length > 2_000 ? `${bytes.toString('hex', 0, 2_000)}... (${bytes.length} bytes)` : bytes.toString('hex');
    return `record ${record} (${damage}) read by ${reader}: ${error.stack}\n${shown}`;
  }
  if (memory === null) return null;
  const live = memory.liveHeapAfter - memory.liveHeapBefore;
  if (live > LIVE_HEAP_GROWTH_MAX) return `${live} bytes more are alive than after the first records`;
  const peak = memory.peakRssAfter - memory.peakRssBefore;
  return peak > PEAK_RSS_GROWTH_MAX ? `the process took ${peak} bytes more than for the first records` : null;
}

/** Numbers of one record's own, so that it can be had again without those before it. */
function randomOf(seed: number, record: number): Random {
  return new Random((Math.imul(seed, 0x9e3779b1) ^ Math.imul(record + 1, 0x85ebca6b)) | 0);
}

/** The least time of several reads. */
function slow(reader: Reader, bytes: Buffer, firstMs: number): number {
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
  const among = reader.read(surrounded, before.length, before.length + bytes.length);
  if (!isDeepStrictEqual(among, result)) throw new Error('among other records it is read as something else');
}

class MemoryWatch {
  readonly #warm: number;
  readonly #every: number;
  #liveHeapBefore = 0;
  #peakRssBefore = 0;
  #heapUsedMax = 0;
  #rssMax = 0;

  constructor(records: number) {
    this.#warm = Math.floor(records * WARM_UP);
    this.#every = Math.max(1, Math.floor(records / MEMORY_SAMPLES));
  }

  after(count: number): void {
    if (count === this.#warm) {
      this.#liveHeapBefore = liveHeap();
      this.#peakRssBefore = peakRss();
    }
    if (count < this.#warm || count % this.#every !== 0) return;
    const { heapUsed, rss } = process.memoryUsage();
    this.#heapUsedMax = Math.max(this.#heapUsedMax, heapUsed);
    this.#rssMax = Math.max(this.#rssMax, rss);
  }

  finish(): MemoryReport {
    return {
      liveHeapBefore: this.#liveHeapBefore,
      liveHeapAfter: liveHeap(),
      heapUsedMax: this.#heapUsedMax,
      peakRssBefore: this.#peakRssBefore,
      peakRssAfter: peakRss(),
      rssMax: this.#rssMax,
    };
  }
}

let collect: (() => void) | null = null;

function liveHeap(): number {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function peakRss(): number {
  return process.resourceUsage().maxRSS * 1024;
}
