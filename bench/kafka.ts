/**
 * The engine beside Kafka Streams (exactly once, one stream thread, 512 MB of heap; `bench/peers/kafka-streams`) on the same topics of a
 * real broker: filter with projection, tumbling count by key with 10,000 and with 1,000,000 keys, tumbling count by another column and so
 * through a repartition topic; and a loop that only fetches and walks the records, which is the bare limit.
 *
 *     node bench/run.mjs kafka [--rows 2000000] [--rounds 5] [--queries filter,count,count1m,recount] [--sides engine,peer,loop]
 *                              [--brokers 1|3] [--set name=value ...] [--latency [--rate 100000] [--seconds 30]]
 *
 * Each side of each round is a process of its own; sides take turns in going first. Both are measured alike and from outside, by their
 * output topic: this process asks every 20 ms where a reader of committed records would end, and notes the time and the CPU seconds of
 * the side (/proc/PID/stat, all threads) whenever that has moved. When the output has been quiet for 1.5 s it is read, at read_committed,
 * and the run is over if it accounts for every row of the input: by the number of rows that the filter keeps, or by the sum of the last
 * counts of all groups.
 *
 * - rows/s (wall): from the first committed output to the last; rows that the first commit accounts for, as far as its share of the output
 *   tells, do not count.
 * - rows/s (CPU): all rows by all CPU seconds of the process from its start to the last output.
 * - greatest RSS: VmHWM of the process. First output: from the start of the process to the first committed output; for the engine with the
 *   start of the server and the statements over HTTP.
 *
 * With `--latency` rows come at a steady rate from a producer that stamps them, through a filter; a reader at read_committed tells their
 * age. MILLRACE_BENCH_PROFILE=FOLDER writes a CPU profile of each run of the engine into that folder. Needs Linux, Java and Maven.
 */
import { execFile } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { BenchCluster } from './kafka/cluster.js';
import { type Latency, type Produced, runProducer, runReader, WARM_UP_SECONDS } from './kafka/latency.js';
import { type LoopMeasured, runLoop } from './kafka/loop.js';
import { type Measured, measureSide } from './kafka/measure.js';
import { type Goals, report } from './kafka/report.js';
import { buildPeer, type Side, SideProcess } from './kafka/sides.js';
import { kafkaJars, startKafka } from './kafka/support.js';
import { type Loaded, load, PARTITIONS, type Query } from './kafka/workload.js';

interface Case {
  readonly query: Query;
  readonly keys: number;
  readonly title: string;
  readonly goals: Goals;
}

const CASES: Readonly<Record<string, Case>> = {
  filter: {
    query: 'filter',
    keys: 10_000,
    title: 'filter + project, half of the rows kept',
    goals: { ratio: 4, rssMb: 250, firstOutput: 1 },
  },
  count: {
    query: 'count',
    keys: 10_000,
    title: 'tumbling count by key, 10,000 keys',
    goals: { ratio: 3, rssMb: 400, firstOutput: 1 },
  },
  count1m: {
    query: 'count',
    keys: 1_000_000,
    title: 'tumbling count by key, 1,000,000 keys',
    goals: { ratio: 3, rssMb: null, firstOutput: 1 },
  },
  recount: {
    query: 'recount',
    keys: 10_000,
    title: 'tumbling count by another column, 10,000 values',
    goals: { ratio: 3, rssMb: 400, firstOutput: 1 },
  },
};

/** From so many rows on the peer is warm for most of the run, and the filter is to be 3 times as fast. */
const WARM_ROWS = 10_000_000;
const LATENCY_INPUT = 'bench_latency';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '5' },
    queries: { type: 'string', default: Object.keys(CASES).join(',') },
    sides: { type: 'string', default: 'engine,peer,loop' },
    brokers: { type: 'string', default: '1' },
    set: { type: 'string', multiple: true, default: [] },
    latency: { type: 'boolean', default: false },
    rate: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '30' },
  },
});
const rows = Number(flags.rows);
const rounds = Number(flags.rounds);
const sides = flags.sides.split(',');

async function main(): Promise<void> {
  if (positionals[0] === 'role') {
    const [, role, bootstrapServers, ...rest] = positionals;
    process.stdout.write(`${JSON.stringify(await runRole(role!, bootstrapServers!, rest))}\n`);
    return;
  }
  const cases = flags.queries.split(',').map((name) => {
    if (!Object.hasOwn(CASES, name))
      throw new Error(`there is no query ${name}, only ${Object.keys(CASES).join(', ')}`);
    return CASES[name]!;
  });
  const missing = kafkaJars.kafkaMissing(kafkaJars.DEFAULT_KAFKA_VERSION);
  if (missing !== null) {
    process.stdout.write(`skipped, ${missing}\n`);
    return;
  }
  if (sides.includes('peer')) buildPeer();
  const [load] = loadavg();
  if (load! > 1)
    process.stdout.write(`other processes are busy (load ${load!.toFixed(1)}): rates by wall time will be low\n`);
  const brokers = flags.brokers === '3' ? 3 : 1;
  const kafka = await startKafka({
    version: kafkaJars.DEFAULT_KAFKA_VERSION,
    brokers,
    heapMb: 1024,
    jvm: ['-XX:+UseG1GC'],
    settings: { 'log.segment.delete.delay.ms': 1000, 'file.delete.delay.ms': 1000 },
  });
  try {
    const cluster = await BenchCluster.open(kafka.bootstrapServers);
    try {
      if (flags.latency) await compareLatency(cluster);
      else await compareRates(cluster, cases);
    } finally {
      await cluster.close();
    }
  } finally {
    await kafka.close();
  }
}

async function compareRates(cluster: BenchCluster, cases: readonly Case[]): Promise<void> {
  // One input at a time, since each takes room on the disk.
  for (const keys of new Set(cases.map((each) => each.keys))) {
    const input = `bench_${keys}_keys`;
    await cluster.createTopic(input, PARTITIONS);
    const loaded = await inProcess<Loaded>('load', cluster, input, String(rows), String(keys));
    process.stdout.write(
      `loaded ${rows.toLocaleString('en')} rows of ${Math.round(loaded.bytes / rows)} bytes, ${keys.toLocaleString('en')} keys, ${PARTITIONS} partitions\n`,
    );
    for (const each of cases) if (each.keys === keys) await compareCase(cluster, each, input, loaded);
    await cluster.deleteTopicsBut();
  }
}

async function compareCase(cluster: BenchCluster, { query, title, goals }: Case, input: string, loaded: Loaded) {
  const measured: Record<Side, Measured[]> = { engine: [], peer: [] };
  const loops: LoopMeasured[] = [];
  for (let round = 0; round < rounds; round++) {
    if (sides.includes('loop')) loops.push(await inProcess<LoopMeasured>('loop', cluster, input));
    const order: Side[] = round % 2 === 0 ? ['engine', 'peer'] : ['peer', 'engine'];
    for (const side of order) {
      if (!sides.includes(side)) continue;
      const output = `bench_out_${query}_${side}_${round}`;
      const options = { bootstrapServers: cluster.bootstrapServers, query, input, output, settings: flags.set };
      measured[side].push(await measureSide(cluster, side, options, loaded));
    }
  }
  const ratio = query === 'filter' && rows >= WARM_ROWS ? 3 : goals.ratio;
  const heading = `${title} (${rows.toLocaleString('en')} rows, ${rounds} rounds)`;
  process.stdout.write(`\n${report(heading, measured.engine, measured.peer, loops, { ...goals, ratio })}\n`);
}

async function compareLatency(cluster: BenchCluster): Promise<void> {
  process.stdout.write(
    `end-to-end latency at ${Number(flags.rate).toLocaleString('en')} rows/s, ${flags.seconds} s after ${WARM_UP_SECONDS} s of warm-up\n`,
  );
  for (let round = 0; round < rounds; round++) {
    const order: Side[] = round % 2 === 0 ? ['engine', 'peer'] : ['peer', 'engine'];
    for (const name of order) {
      if (!sides.includes(name)) continue;
      const output = `bench_out_latency_${name}_${round}`;
      await cluster.createTopic(LATENCY_INPUT, PARTITIONS);
      await cluster.createTopic(output, PARTITIONS);
      const { bootstrapServers } = cluster;
      const options = {
        bootstrapServers,
        query: 'latency',
        input: LATENCY_INPUT,
        output,
        settings: flags.set,
      } as const;
      const side = await SideProcess.start(name, options);
      try {
        const reading = inProcess<Latency>('read', cluster, output);
        const seconds = String(Number(flags.seconds) + WARM_UP_SECONDS);
        const produced = await inProcess<Produced>('produce', cluster, LATENCY_INPUT, flags.rate, seconds);
        const { p50, p99, max, rows: counted } = await reading;
        side.check();
        process.stdout.write(
          `  ${name.padEnd(6)}  p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms  max ${max.toFixed(0)} ms  (${counted.toLocaleString('en')} rows out; ` +
            `${Math.round(produced.rowsPerSecond).toLocaleString('en')} rows/s in)\n`,
        );
      } finally {
        await side.stop();
        await cluster.deleteTopicsBut();
      }
    }
  }
}

/** Runs a role as a process of its own. */
async function inProcess<T>(role: string, cluster: BenchCluster, ...args: readonly string[]): Promise<T> {
  const self = fileURLToPath(import.meta.url);
  const words = [self, 'role', role, cluster.bootstrapServers, ...args];
  const { stdout } = await promisify(execFile)(process.execPath, words, { encoding: 'utf8' });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

async function runRole(role: string, bootstrapServers: string, args: readonly string[]): Promise<unknown> {
  const cluster = await BenchCluster.open(bootstrapServers);
  try {
    const [topic, second, third] = args as [string, string, string];
    switch (role) {
      case 'load': {
        const writer = await cluster.plainWriter();
        const loaded = await load(writer, topic, Number(second), Number(third));
        writer.close();
        return loaded;
      }
      case 'loop':
        return await runLoop(cluster, topic);
      case 'produce':
        return await runProducer(cluster, topic, Number(second), Number(third));
      case 'read':
        return await runReader(cluster, topic);
      default:
        throw new Error(`there is no role ${role}`);
    }
  } finally {
    await cluster.close();
  }
}

await main();
