import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCluster } from './cluster.js';
import { outputCheck } from './output-check.js';
import { cpuSeconds, greatestRssMb } from './process-stats.js';
import { TopicReader } from './read-topic.js';
import { type Side, type SideOptions, SideProcess } from './sides.js';
import { type Loaded, PARTITIONS } from './workload.js';

const POLL_MS = 20;
/** An output that has not grown for so long is looked at. */
const QUIET_MS = 1_500;
/** And given up after so long. */
const STUCK_MS = 60_000;

export interface Measured {
  readonly rowsPerSecond: number;
  readonly rowsPerCpuSecond: number;
  readonly rssMb: number;
  /** From the start of the process, seconds. */
  readonly firstOutput: number;
}

/** Where an output ended at some moment. */
interface Sample {
  readonly ms: number;
  readonly ends: readonly number[];
  readonly total: number;
  readonly cpu: number;
}

/** Runs one side until its output accounts for all of the input, and stops it. */
export async function measureSide(
  cluster: BenchCluster,
  name: Side,
  options: SideOptions,
  loaded: Loaded,
): Promise<Measured> {
  const output = await cluster.createTopic(options.output, PARTITIONS);
  const readers = cluster.readers();
  const reader = new TopicReader(readers, output, PARTITIONS);
  const check = outputCheck(options.query, loaded);
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: output.name, partition }));
  let first: Sample | null = null;
  let last: Sample | null = null;
  let checked = 0;
  let side: SideProcess | null = null;
  try {
    const starting = SideProcess.start(name, options);
    side = await starting;
    for (;;) {
      side.check();
      const ends = (await cluster.topics.offsets(partitions)).map(({ end }) => end);
      const total = ends.reduce((sum, end) => sum + end, 0);
      const ms = performance.now();
      if (total > (last?.total ?? 0)) {
        last = { ms, ends, total, cpu: cpuSeconds(side.pid) };
        first ??= last;
      }
      const quietMs = ms - (last?.ms ?? side.startedMs);
      if (last !== null && quietMs > QUIET_MS && last.total > checked) {
        await reader.readTo(last.ends, check.show);
        checked = last.total;
        if (check.found === check.expected) break;
        if (check.found > check.expected)
          throw new Error(`the ${name} counted ${check.found} of ${check.expected} rows`);
      }
      if (quietMs > STUCK_MS) {
        throw new Error(`the ${name} stopped at ${check.found} of ${check.expected} rows:\n${side.lastWords}`);
      }
      await sleep(POLL_MS);
    }
    const rows = loaded.rows * (1 - first!.total / last.total);
    return {
      rowsPerSecond: (rows * 1000) / (last.ms - first!.ms),
      rowsPerCpuSecond: loaded.rows / last.cpu,
      rssMb: greatestRssMb(side.pid),
      firstOutput: (first!.ms - side.startedMs) / 1000,
    };
  } finally {
    await side?.stop();
    reader.close();
    await readers.close();
    await cluster.deleteTopicsBut(options.input);
  }
}
