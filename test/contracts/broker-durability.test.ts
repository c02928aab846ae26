import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EmbeddedLog } from '../../src/broker/embedded/embedded-log.js';
import { openDatabase } from '../../src/storage/database.js';
import { recordsOf } from './broker-contract.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
let directory: string;
let program: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'durability-'));
  program = join(directory, 'appender.cjs');
  buildSync({
    entryPoints: [join(root, 'test/contracts/broker-appender.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    outfile: program,
  });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs a process that appends until it has acknowledged some inserts, and kills it in full flight. */
async function appendAndKill(path: string, acknowledgements: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_PATH: join(root, 'node_modules') },
  });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > acknowledgements) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return text
    .split('\n')
    .slice(0, text.endsWith('\n') ? -1 : undefined)
    .filter((line) => line.endsWith(';'));
}

it('every acknowledged record is there after kill -9, and every insert is whole', async () => {
  const path = join(directory, 'engine.db');
  const acknowledged: string[] = [];
  for (const acknowledgements of [1, 40, 333]) {
    acknowledged.push(...(await appendAndKill(path, acknowledgements)));
    const database = openDatabase({ path, mode: 'writer' });
    try {
      expect(database.check()).toEqual([]);
      const log = new EmbeddedLog(database, { clock: { now: () => 0 } });
      const records = recordsOf(log, 't', 0, 0);
      expect(records.map((r) => Number(r.split(':')[0]))).toEqual(records.map((_, offset) => offset));
      const present = new Set(records);
      for (const line of acknowledged) {
        for (const record of line.slice(0, -1).split(' ')) expect(present.has(record)).toBe(true);
      }
      const halves = new Map<string, number>();
      for (const record of records) {
        const insert = record.split(':')[1]!.slice(0, -2);
        halves.set(insert, (halves.get(insert) ?? 0) + 1);
      }
      expect([...halves.values()].filter((n) => n !== 2)).toEqual([]);
    } finally {
      database.close();
    }
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(374);
});
