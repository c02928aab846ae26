import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type EngineOptions, openEngine } from '../../../src/engine/create-engine.js';
import type { QueryHandle, Session } from '../../../src/engine/engine.js';
import type { MillraceEngine } from '../../../src/engine/millrace-engine.js';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** An engine that is closed when the test ends. */
export async function open(options: EngineOptions = {}): Promise<MillraceEngine> {
  const engine = (await openEngine({
    threads: 0,
    clock: { now: () => 1_700_000_000_000 },
    ...options,
    settings: { 'cache.max.bytes.buffering': '0', 'commit.interval.ms': '1', ...options.settings },
  })) as MillraceEngine;
  closing.push(() => engine.close());
  return engine;
}

/** Path of a file that is removed when the test ends. */
export function dataFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-engine-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data.db');
}

/** The rows of a query, read to the end of what there is. */
export async function rowsOf(engine: MillraceEngine, sql: string, session?: Session): Promise<unknown[][]> {
  const handle = (await engine.query(sql, session, { bounded: true })) as QueryHandle;
  const rows: unknown[][] = [];
  for await (const batch of handle.batches) rows.push(...batch.map((row) => [...row.values]));
  return rows;
}

export function sourceNames(engine: MillraceEngine): string[] {
  return engine.core.catalog
    .sources()
    .map((source) => source.name)
    .filter((name) => name !== 'KSQL_PROCESSING_LOG')
    .sort();
}
