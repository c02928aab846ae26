import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EmbeddedLogReader } from '../../../src/broker/embedded/log-reader.js';
import { createInlineStreamThread } from '../../../src/executor/thread/create-stream-thread.js';
import { openDatabase } from '../../../src/storage/database.js';
import { bundle } from './bundle.js';
import { deployment, recordsOf } from './plans.js';

const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 3);

let directory: string;
let bundled: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kill-'));
  bundled = await bundle({ child: join(import.meta.dirname, 'kill-child.ts') });
});

afterAll(() => {
  rmSync(directory, { recursive: true });
  rmSync(bundled, { recursive: true });
});

function run(path: string, first: number): { child: ChildProcess; acknowledged: number[] } {
  const child = spawn(process.execPath, [join(bundled, 'child.js'), path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: number[] = [];
  let rest = '';
  child.stdout!.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) acknowledged.push(Number(line));
  });
  return { child, acknowledged };
}

/** The records of both partitions of a topic. */
function read(log: EmbeddedLogReader, topic: string) {
  return [0, 1].flatMap((partition) => recordsOf(log.read(topic, partition, 0, 1e9)));
}

it('counts every acknowledged number once, killed at any moment', { timeout: 120_000 }, async () => {
  const path = join(directory, 'engine.db');
  await once(run(path, -1).child, 'exit');
  const acknowledged: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const reader = openDatabase({ path, mode: 'reader' });
    const log = new EmbeddedLogReader(reader);
    const first = log.offsets('numbers', 0).end + log.offsets('numbers', 1).end;
    reader.close();
    const running = run(path, first);
    await once(running.child.stdout!, 'data');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
    running.child.kill('SIGKILL');
    await once(running.child, 'close');
    acknowledged.push(...running.acknowledged);
  }

  const thread = createInlineStreamThread({ path });
  await thread.apply(deployment());
  await thread.drain();
  const log = new EmbeddedLogReader(thread.database);
  const stored = read(log, 'numbers').map(({ value }) => value['N']!);
  const numbers = Array.from(stored, (_, i) => i);
  // What was stored and not acknowledged when the process died is there as well; the next one went on behind it.
  expect(stored.toSorted((a, b) => a - b)).toEqual(numbers);
  expect(acknowledged.filter((value) => value >= stored.length)).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(ROUNDS);
  const positive = read(log, 'positive').map(({ value }) => value['N']!);
  expect(positive.toSorted((a, b) => a - b)).toEqual(numbers);

  for (const [topic, keyOf] of [
    ['counts', (value: number) => `k${value % 7}`],
    ['digits', (value: number) => `${value % 10}`],
  ] as const) {
    const expected: Record<string, number[]> = {};
    for (const value of numbers) {
      expected[keyOf(value)] ??= [];
      expected[keyOf(value)]!.push(expected[keyOf(value)]!.length + 1);
    }
    const updates: Record<string, number[]> = {};
    for (const { key, value } of read(log, topic)) {
      updates[key] ??= [];
      updates[key]!.push(value['C']!);
    }
    expect(updates).toEqual(expected);
  }
  expect(thread.database.check()).toEqual([]);
  await thread.close();
});
