/**
 * The engine beside hand-written Node loops over the same stored batches, on the embedded log: a filter with a projection that keeps
 * 10 % and 100 % of the rows, and a tumbling count by a key of 10,000 values; then cold start and memory of the server.
 *
 *     node bench/run.mjs spine [rows] [rounds]
 *
 * Each side of each round is a process of its own; sides alternate. Prints ratios with their spread, never bare times.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EmbeddedLog } from '../src/broker/embedded/embedded-log.js';
import { RecordBatchBuilder } from '../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../src/broker/record-batch-cursor.js';
import { systemClock } from '../src/model/time.js';
import { openDatabase } from '../src/storage/database.js';

const TOPIC = 'bench_input';
const BATCH = 500;
const KEYS = 10_000;
const WINDOW_MS = 60_000;
const SPAN_MS = 600_000;
const COMMIT_MS = 100;
const READ_BYTES = 4_000_000;
const DIST = process.env['MILLRACE_DIST'] ?? join(process.cwd(), 'dist');

type Work = 'filter10' | 'filter100' | 'count';
type Side = 'engine' | 'loop';

interface Measured {
  readonly seconds: number;
  readonly rows: number;
  readonly maxRssMb: number;
}

const LABELS: Readonly<Record<Work, string>> = {
  filter10: 'filter + project, 10 % kept',
  filter100: 'filter + project, 100 % kept',
  count: `tumbling count, ${KEYS.toLocaleString('en')} keys`,
};
const GOALS: Readonly<Record<Work, number>> = { filter10: 1.5, filter100: 1.5, count: 1 };

const QUERIES: Readonly<Record<Work, string>> = {
  filter10: 'CREATE STREAM BENCH_OUT AS SELECT CUSTOMER, PRICE, QUANTITY FROM BENCH_IN WHERE QUANTITY < 10;',
  filter100: 'CREATE STREAM BENCH_OUT AS SELECT CUSTOMER, PRICE, QUANTITY FROM BENCH_IN WHERE QUANTITY < 100;',
  count:
    'CREATE TABLE BENCH_OUT AS SELECT CUSTOMER, COUNT(*) AS N FROM BENCH_IN WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY CUSTOMER;',
};

async function main(): Promise<void> {
  const [role, ...rest] = process.argv.slice(2);
  if (role === 'side') {
    const [side, work, path] = rest as [Side, Work, string];
    const measured = side === 'engine' ? await engineSide(work, path) : loopSide(work, path);
    process.stdout.write(`${JSON.stringify(measured)}\n`);
    return;
  }
  const rows = Number(role ?? 2_000_000);
  const rounds = Number(rest[0] ?? 5);
  await compare(rows, rounds);
}

async function compare(rows: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const path = join(folder, 'bench.db');
  try {
    process.stdout.write(`loading ${rows.toLocaleString('en')} records\n`);
    await load(path, rows);
    process.stdout.write(`file: ${Math.round(statSync(path).size / 1e6)} MB\n`);
    for (const work of ['filter10', 'filter100', 'count'] as const) {
      const ratios: number[] = [];
      let rate = 0;
      let memory = 0;
      for (let round = 0; round < rounds; round++) {
        const order: Side[] = round % 2 === 0 ? ['engine', 'loop'] : ['loop', 'engine'];
        const found = new Map(order.map((side) => [side, runSide(side, work, path)]));
        const engine = found.get('engine')!;
        const loop = found.get('loop')!;
        if (engine.rows !== loop.rows) throw new Error(`${work}: engine wrote ${engine.rows} rows, loop ${loop.rows}`);
        ratios.push(loop.seconds / engine.seconds);
        rate = Math.max(rate, rows / engine.seconds);
        memory = Math.max(memory, engine.maxRssMb);
      }
      ratios.sort((a, b) => a - b);
      const median = ratios[Math.floor(ratios.length / 2)]!;
      process.stdout.write(
        `${LABELS[work]}: ${median.toFixed(2)} times the loop (${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}, ${rounds} rounds; goal ${GOALS[work]}); ` +
          `best ${Math.round(rate / 1000)}k rows/s, at most ${memory} MB\n`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await coldStart(rounds);
}

function runSide(side: Side, work: Work, path: string): Measured {
  const self = fileURLToPath(import.meta.url);
  const text = execFileSync(process.execPath, [self, 'side', side, work, path], {
    encoding: 'utf8',
    env: { ...process.env, MILLRACE_DIST: DIST },
  });
  return JSON.parse(text.trim().split('\n').at(-1)!) as Measured;
}

/** Makes the input: eight columns, about 160 bytes, event time spread over ten minutes. */
async function load(path: string, rows: number): Promise<void> {
  const { openEngine } = (await import(pathToFileURL(join(DIST, 'index.js')).href)) as {
    openEngine: (options: object) => Promise<{ execute(sql: string): Promise<unknown>; close(): Promise<void> }>;
  };
  const engine = await openEngine({ data: path });
  await engine.execute(
    'CREATE STREAM BENCH_IN (ID BIGINT, CUSTOMER STRING, ITEM STRING, PRICE DOUBLE, QUANTITY INT, REGION STRING, SESSION_ID STRING, NOTE STRING) ' +
      `WITH (KAFKA_TOPIC='${TOPIC}', VALUE_FORMAT='JSON', PARTITIONS=1);`,
  );
  await engine.close();
  const database = openDatabase({ path, mode: 'writer' });
  const log = new EmbeddedLog(database, { clock: systemClock });
  const builder = new RecordBatchBuilder();
  let seed = 42;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((seed / 0x80000000) * n);
  };
  for (let i = 0; i < rows; ) {
    const outputs = [];
    for (let b = 0; b < 100 && i < rows; b++) {
      let records = 0;
      for (; records < BATCH && i < rows; records++, i++) {
        const value = JSON.stringify({
          ID: i,
          CUSTOMER: `customer_${random(KEYS)}`,
          ITEM: `item_${random(5000)}`,
          PRICE: random(100_000) / 100,
          QUANTITY: random(100),
          REGION: ['eu-west', 'us-east', 'ap-south'][random(3)],
          SESSION_ID: random(0x7fffffff).toString(16),
          NOTE: 'fragile, keep dry',
        });
        builder.begin(1_700_000_000_000 + Math.floor((i / rows) * SPAN_MS));
        builder.endKey(true);
        const bytes = Buffer.from(value);
        builder.copyFrom(bytes, 0, bytes.length);
        builder.endValue(false);
        builder.end(null);
      }
      outputs.push({ topic: TOPIC, partition: 0, records, bytes: builder.finish() });
    }
    log.commit({ reader: null, outputs, positions: [], writeState: null });
    database.limitWal(64 * 1024 * 1024);
  }
  database.close();
}

interface BenchEngine {
  execute(sql: string): Promise<unknown>;
  drain(): Promise<void>;
  statistics(): Promise<{ queries: { rowsOut: number }[] }>;
  close(): Promise<void>;
}

async function engineSide(work: Work, path: string): Promise<Measured> {
  const { openEngine } = (await import(pathToFileURL(join(DIST, 'index.js')).href)) as {
    openEngine: (options: object) => Promise<BenchEngine>;
  };
  const engine = await openEngine({ data: path });
  const start = process.hrtime.bigint();
  await engine.execute(QUERIES[work]);
  await engine.drain();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const rows = work === 'count' ? await countRows(engine) : (await engine.statistics()).queries[0]!.rowsOut;
  await engine.execute(`DROP ${work === 'count' ? 'TABLE' : 'STREAM'} BENCH_OUT DELETE TOPIC;`);
  await engine.close();
  return { seconds, rows, maxRssMb: maxRssMb() };
}

/** Windows counted, and the events in them: what both sides must agree on. */
async function countRows(engine: BenchEngine): Promise<number> {
  const handle = (await (engine as unknown as { query(sql: string): Promise<unknown> }).query(
    'SELECT N FROM BENCH_OUT;',
  )) as { batches: AsyncIterable<{ values: number[] }[]> };
  let rows = 0;
  for await (const batch of handle.batches) rows += batch.reduce((sum, row) => sum + row.values[0]!, 0);
  return rows;
}

/** What a Node programmer would write over the same log. */
function loopSide(work: Work, path: string): Measured {
  const database = openDatabase({ path, mode: 'writer' });
  const log = new EmbeddedLog(database, { clock: systemClock });
  log.createTopic('loop_out', { partitions: 1, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1 });
  database.exec('CREATE TABLE IF NOT EXISTS loop_counts (id TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID');
  const upsert = database.prepare<[string, number]>(
    'INSERT INTO loop_counts VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET n = excluded.n',
  );
  const start = process.hrtime.bigint();
  const builder = new RecordBatchBuilder();
  const cursor = new RecordBatchCursor();
  const counts = new Map<string, { window: number; customer: string; n: number; dirty: boolean }>();
  let dirty: { window: number; customer: string; n: number; dirty: boolean }[] = [];
  let outputs: { topic: string; partition: number; records: number; bytes: Buffer }[] = [];
  let offset = log.offsets(TOPIC, 0).start;
  let lastCommit = Date.now();
  let rows = 0;
  const limit = work === 'filter10' ? 10 : 100;
  const write = (timestamp: number, key: Buffer | null, value: string): void => {
    builder.begin(timestamp);
    if (key !== null) builder.copyFrom(key, 0, key.length);
    builder.endKey(key === null);
    const bytes = Buffer.from(value);
    builder.copyFrom(bytes, 0, bytes.length);
    builder.endValue(false);
    builder.end(null);
    if (builder.byteLength > 1_000_000) flush();
  };
  const flush = (): void => {
    if (builder.records > 0) {
      const { records } = builder;
      outputs.push({ topic: 'loop_out', partition: 0, records, bytes: builder.finish() });
    }
  };
  const commit = (): void => {
    for (const entry of dirty) {
      const key = Buffer.alloc(entry.customer.length + 8);
      key.write(entry.customer, 0, 'latin1');
      key.writeBigInt64BE(BigInt(entry.window), entry.customer.length);
      write(entry.window, key, JSON.stringify({ N: entry.n }));
    }
    flush();
    const changed = dirty;
    dirty = [];
    log.commit({
      reader: 'loop',
      outputs,
      positions: [{ topic: TOPIC, partition: 0, offset }],
      writeState: () => {
        for (const entry of changed) {
          upsert.run(`${entry.window}|${entry.customer}`, entry.n);
          entry.dirty = false;
        }
      },
    });
    outputs = [];
    database.limitWal(64 * 1024 * 1024);
    lastCommit = Date.now();
  };
  for (;;) {
    const batches = log.read(TOPIC, 0, offset, READ_BYTES);
    if (batches.length === 0) break;
    for (const batch of batches) {
      cursor.reset(batch.bytes);
      while (cursor.next()) {
        const row = JSON.parse(cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd));
        if (work === 'count') {
          const window = cursor.timestamp - (cursor.timestamp % WINDOW_MS);
          const id = `${window}|${row.CUSTOMER}`;
          let entry = counts.get(id);
          if (entry === undefined) counts.set(id, (entry = { window, customer: row.CUSTOMER, n: 0, dirty: false }));
          entry.n++;
          if (!entry.dirty) {
            entry.dirty = true;
            dirty.push(entry);
          }
        } else if (row.QUANTITY < limit) {
          rows++;
          write(
            cursor.timestamp,
            null,
            JSON.stringify({ CUSTOMER: row.CUSTOMER, PRICE: row.PRICE, QUANTITY: row.QUANTITY }),
          );
        }
      }
      offset = batch.lastOffset + 1;
      if (Date.now() - lastCommit >= COMMIT_MS) commit();
    }
  }
  commit();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (work === 'count') for (const entry of counts.values()) rows += entry.n;
  log.deleteTopic('loop_out');
  log.deleteReader('loop');
  database.exec('DROP TABLE loop_counts');
  database.close();
  return { seconds, rows, maxRssMb: maxRssMb() };
}

function maxRssMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

/** From the start of the process to the first answered statement, beside a Node process that does nothing; memory idle after that. */
async function coldStart(rounds: number): Promise<void> {
  const seconds: number[] = [];
  const bare: number[] = [];
  let idleMb = 0;
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    execFileSync(process.execPath, ['-e', '0']);
    bare.push((performance.now() - began) / 1000);
    const folder = mkdtempSync(join(tmpdir(), 'millrace-start-'));
    const started = performance.now();
    const child = spawn(
      process.execPath,
      [join(DIST, 'cli.js'), 'server', '--data', join(folder, 's.db'), '--listen', '127.0.0.1:0'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      const url = await new Promise<string>((resolve, reject) => {
        let text = '';
        child.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          const found = /http:\/\/[\w.:[\]]+/.exec(text);
          if (found) resolve(found[0]);
        });
        child.on('exit', () => reject(new Error(`the server ended: ${text}`)));
      });
      const answer = await fetch(`${url}/ksql`, { method: 'POST', body: JSON.stringify({ ksql: 'LIST STREAMS;' }) });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      await answer.text();
      seconds.push((performance.now() - started) / 1000);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      idleMb = Math.max(idleMb, Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024));
    } finally {
      child.removeAllListeners('exit');
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const median = (xs: number[]): number => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)]!;
  process.stdout.write(
    `cold start to the first answered statement: ${median(seconds).toFixed(2)} s, ${(median(seconds) / median(bare)).toFixed(1)} times a bare node process (goal 0.8 s); idle ${idleMb} MB (goal 120)\n`,
  );
}

await main();
