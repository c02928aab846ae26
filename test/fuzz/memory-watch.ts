import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

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

/** The part of a run after which caches are taken as filled. */
const WARM_UP = 0.1;
const SAMPLES = 200;
const COLLECTIONS = 3;
const COLLECTION_PAUSE_MS = 10;
const LIVE_HEAP_GROWTH_MAX = 16 * 1024 * 1024;
const PEAK_RSS_GROWTH_MAX = 128 * 1024 * 1024;

/** Looks at the memory of the process while a run goes on. */
export class MemoryWatch {
  readonly #warm: number;
  readonly #every: number;
  #liveHeapBefore = 0;
  #peakRssBefore = 0;
  #heapUsedMax = 0;
  #rssMax = 0;

  constructor(records: number) {
    this.#warm = Math.floor(records * WARM_UP);
    this.#every = Math.max(1, Math.floor(records / SAMPLES));
  }

  isDue(count: number): boolean {
    return count >= this.#warm && (count === this.#warm || count % this.#every === 0);
  }

  async look(count: number): Promise<void> {
    if (count === this.#warm) {
      this.#liveHeapBefore = await liveHeap();
      this.#peakRssBefore = peakRss();
    }
    const { heapUsed, rss } = process.memoryUsage();
    this.#heapUsedMax = Math.max(this.#heapUsedMax, heapUsed);
    this.#rssMax = Math.max(this.#rssMax, rss);
  }

  async finish(): Promise<MemoryReport> {
    return {
      liveHeapBefore: this.#liveHeapBefore,
      liveHeapAfter: await liveHeap(),
      heapUsedMax: this.#heapUsedMax,
      peakRssBefore: this.#peakRssBefore,
      peakRssAfter: peakRss(),
      rssMax: this.#rssMax,
    };
  }
}

/** Why the memory has not stayed as it was after the first records, or null. */
export function memoryProblem(report: MemoryReport): string | null {
  const live = report.liveHeapAfter - report.liveHeapBefore;
  if (live > LIVE_HEAP_GROWTH_MAX) return `${live} bytes more are alive than after the first records`;
  const peak = report.peakRssAfter - report.peakRssBefore;
  return peak > PEAK_RSS_GROWTH_MAX ? `the process took ${peak} bytes more than for the first records` : null;
}

let collect: (() => void) | null = null;

/** Buffers are given back some time after what held them. */
async function liveHeap(): Promise<number> {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  for (let i = 0; i < COLLECTIONS; i++) {
    collect();
    await setTimeout(COLLECTION_PAUSE_MS);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function peakRss(): number {
  return process.resourceUsage().maxRSS * 1024;
}
