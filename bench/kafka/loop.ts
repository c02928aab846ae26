import type { BenchCluster } from './cluster.js';
import { cpuSeconds, greatestRssMb } from './process-stats.js';
import { TopicReader } from './read-topic.js';
import { PARTITIONS } from './workload.js';

export interface LoopMeasured {
  readonly rowsPerSecond: number;
  readonly rowsPerCpuSecond: number;
  readonly rssMb: number;
}

/** The bare limit: fetches everything and walks the records, and does nothing with them. For a process of its own. */
export async function runLoop(cluster: BenchCluster, input: string): Promise<LoopMeasured> {
  const topic = await cluster.topic(input);
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: input, partition }));
  const ends = (await cluster.topics.offsets(partitions)).map(({ end }) => end);
  const readers = cluster.readers();
  const reader = new TopicReader(readers, topic, PARTITIONS);
  const startedMs = performance.now();
  let rows = 0;
  let bytes = 0;
  await reader.readTo(ends, (cursor) => {
    rows++;
    bytes += cursor.valueEnd - cursor.valueStart;
  });
  if (bytes < rows) throw new Error('the rows have no values');
  const seconds = (performance.now() - startedMs) / 1000;
  reader.close();
  await readers.close();
  return {
    rowsPerSecond: rows / seconds,
    rowsPerCpuSecond: rows / cpuSeconds(process.pid),
    rssMb: greatestRssMb(process.pid),
  };
}
