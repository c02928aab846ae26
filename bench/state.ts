/**
 * State stores beside a plain sketch of the same work: a JavaScript Map, and one prepared upsert for each changed key a flush.
 * Prints ratios; both sides run in turns in the same process, on files in the same folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BIGINT, STRING } from '../src/model/sql-type.js';
import { SqliteTaskStores } from '../src/state/sqlite/sqlite-task-stores.js';
import type { StoreSpec } from '../src/state/state-store.js';
import { openDatabase } from '../src/storage/database.js';

const UPDATES = 1_000_000;
const FLUSH_EVERY = 30_000;
const WINDOW_MS = 60_000;
const ROUNDS = 7;

const SPEC: StoreSpec & { kind: 'window' } = {
  name: 'Counts',
  kind: 'window',
  key: [{ name: 'ID', type: STRING }],
  value: [{ name: 'N', type: BIGINT }],
  retentionMs: 86_400_000,
  windowSizeMs: WINDOW_MS,
};

interface Timing {
  readonly updateNs: number;
  readonly upsertNs: number;
  readonly totalMs: number;
}

/** Keys as a decoder would give them: fresh strings, in no order; and times that cross three windows. */
function makeInput(keyCount: number): { keys: string[]; times: number[] } {
  const keys: string[] = new Array(UPDATES);
  const times: number[] = new Array(UPDATES);
  let seed = 1;
  for (let i = 0; i < UPDATES; i++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    keys[i] = Buffer.from(`user-${Math.floor((seed / 2 ** 32) * keyCount)}`).toString('latin1');
    times[i] = Math.floor((i / UPDATES) * 3 * WINDOW_MS);
  }
  return { keys, times };
}

function withFile<T>(body: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'bench-state-'));
  try {
    return body(join(folder, 'state.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runStores(input: ReturnType<typeof makeInput>): Timing {
  return withFile((path) => {
    const database = openDatabase({ path, mode: 'writer' });
    const stores = new SqliteTaskStores({ database, queryId: 'Q', cacheBytes: 1e9 });
    const store = stores.open(SPEC, 0);
    let changed = 0;
    const timing = timeUpdates(
      (i) => {
        const key = [input.keys[i]!];
        const time = input.times[i]!;
        const start = time - (time % WINDOW_MS);
        const entry = store.get(key, start);
        if (entry === null) {
          store.set(key, start, start + WINDOW_MS, [1], time);
          changed++;
        } else {
          if (!entry.dirty) changed++;
          (entry.row[0] as number)++;
          entry.timestamp = time;
          store.put(entry);
        }
      },
      () => {
        database.transaction(() => stores.flush());
        stores.flushSucceeded();
        const written = changed;
        changed = 0;
        return written;
      },
    );
    database.close();
    return timing;
  });
}

/** The sketch writes four columns, or with `wide` those of the store's table: the key's encoding, its text, partition, both bounds. */
function runPlain(input: ReturnType<typeof makeInput>, wide: boolean): Timing {
  interface Count {
    readonly key: string;
    n: number;
    time: number;
    dirty: boolean;
  }
  return withFile((path) => {
    const database = openDatabase({ path, mode: 'writer' });
    database.exec(
      wide
        ? 'CREATE TABLE counts (start INTEGER, id BLOB, part INTEGER, stop INTEGER, time INTEGER, key TEXT, n INTEGER, PRIMARY KEY (start, id, part)) WITHOUT ROWID'
        : 'CREATE TABLE counts (start INTEGER, key TEXT, n INTEGER, time INTEGER, PRIMARY KEY (start, key)) WITHOUT ROWID',
    );
    const upsert = database.prepareOwn(
      `INSERT OR REPLACE INTO counts VALUES (${wide ? '?, ?, ?, ?, ?, ?, ?' : '?, ?, ?, ?'})`,
    );
    let start = 0;
    let counts = new Map<string, Count>();
    let dirty: Count[] = [];
    const flush = () => {
      database.transaction(() => {
        for (const count of dirty) {
          count.dirty = false;
          const { key, n, time } = count;
          if (wide) upsert.run(start, Buffer.from(key), 0, start + WINDOW_MS, time, key, n);
          else upsert.run(start, key, n, time);
        }
      });
      const written = dirty.length;
      dirty = [];
      return written;
    };
    let early = 0;
    const timing = timeUpdates(
      (i) => {
        const time = input.times[i]!;
        const window = time - (time % WINDOW_MS);
        if (window !== start) {
          early += flush();
          start = window;
          counts = new Map();
        }
        const key = input.keys[i]!;
        let count = counts.get(key);
        if (count === undefined) {
          count = { key, n: 0, time, dirty: false };
          counts.set(key, count);
        }
        count.n++;
        count.time = time;
        if (!count.dirty) {
          count.dirty = true;
          dirty.push(count);
        }
      },
      () => {
        const written = early + flush();
        early = 0;
        return written;
      },
    );
    database.close();
    return timing;
  });
}

/** Time of this process on a processor, in ns: on a busy machine it tells more than the clock on the wall. */
function processorNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

function timeUpdates(update: (i: number) => void, flush: () => number): Timing {
  let flushNs = 0;
  let written = 0;
  const timedFlush = () => {
    const before = processorNs();
    written += flush();
    flushNs += processorNs() - before;
  };
  const begin = processorNs();
  for (let i = 0; i < UPDATES; i++) {
    update(i);
    if (i % FLUSH_EVERY === FLUSH_EVERY - 1) timedFlush();
  }
  timedFlush();
  const totalNs = processorNs() - begin;
  return {
    updateNs: (totalNs - flushNs) / UPDATES,
    upsertNs: flushNs / written,
    totalMs: totalNs / 1e6,
  };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

for (const keyCount of [10_000, 300_000]) {
  const input = makeInput(keyCount);
  const ours: Timing[] = [];
  const plain: Timing[] = [];
  const wide: Timing[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(runPlain(input, false));
    wide.push(runPlain(input, true));
    ours.push(runStores(input));
  }
  const report = (name: string, runs: Timing[]) => {
    const update = median(runs.map((run) => run.updateNs));
    const upsert = median(runs.map((run) => run.upsertNs));
    const total = median(runs.map((run) => run.totalMs));
    console.log(
      `  ${name}: ${update.toFixed(0)} ns/update, ${upsert.toFixed(0)} ns/upsert, ${total.toFixed(0)} ms in all`,
    );
    return total;
  };
  console.log(`${keyCount} keys, ${UPDATES} updates, a flush each ${FLUSH_EVERY}`);
  report('plain map and upserts', plain);
  report('the same with all columns', wide);
  report('window store', ours);
  const rate = (other: Timing[]) => median(other.map((run, i) => run.totalMs / ours[i]!.totalMs)).toFixed(2);
  console.log(`  rate of the store: ${rate(plain)} of plain, ${rate(wide)} of the same columns`);
}
