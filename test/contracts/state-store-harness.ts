import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MemoryTaskStores } from '../../src/state/memory/memory-task-stores.js';
import { LoggedTaskStores } from '../../src/state/sqlite/logged-task-stores.js';
import { SqliteTableReader } from '../../src/state/sqlite/sqlite-table-reader.js';
import { SqliteTaskStores } from '../../src/state/sqlite/sqlite-task-stores.js';
import { openDatabase } from '../../src/storage/database.js';
import { foldOf, MemoryChangelog, tablesOf } from '../support/memory-changelog.js';
import { MemoryTableReader } from '../support/memory-table-reader.js';
import type { StateHarness } from './state-store-contract.js';

/** A reader on its own connection when there is a file, on the writer's when there is none. */
export function sqliteHarness(cacheBytes: number, onDisk: boolean): StateHarness {
  const folder = onDisk ? mkdtempSync(join(tmpdir(), 'state-')) : null;
  const path = folder === null ? ':memory:' : join(folder, 'state.db');
  const database = openDatabase({ path, mode: 'writer' });
  const reading = folder === null ? database : openDatabase({ path, mode: 'reader' });
  const reader = new SqliteTableReader(reading);
  let stores = new SqliteTaskStores({ database, queryId: 'Q', cacheBytes });
  return {
    stores: () => stores,
    reader,
    queryId: 'Q',
    commit: () => {
      database.transaction(() => stores.flush());
      stores.flushSucceeded();
    },
    failCommit: () => {
      try {
        database.transaction(() => {
          stores.flush();
          throw new Error('undone');
        });
      } catch {
        stores.flushFailed();
      }
    },
    reopen: () => {
      stores.close();
      stores = new SqliteTaskStores({ database, queryId: 'Q', cacheBytes });
    },
    close: () => {
      reader.close();
      stores.close();
      if (reading !== database) reading.close();
      database.close();
      if (folder !== null) rmSync(folder, { recursive: true });
    },
  };
}

/** Like `sqliteHarness`, over a file that is the fold of a changelog; after each commit it is what the log makes of an empty file. */
export function loggedHarness(cacheBytes: number, onDisk: boolean): StateHarness {
  const folder = onDisk ? mkdtempSync(join(tmpdir(), 'state-')) : null;
  const path = folder === null ? ':memory:' : join(folder, 'shard.db');
  const database = openDatabase({ path, mode: 'writer', purpose: 'shard', durability: 'normal' });
  const reading = folder === null ? database : openDatabase({ path, mode: 'reader', purpose: 'shard' });
  const reader = new SqliteTableReader(reading);
  const log = new MemoryChangelog();
  let stores = new LoggedTaskStores({ database, queryId: 'Q', cacheBytes, fingerprint: null });
  return {
    stores: () => stores,
    reader,
    queryId: 'Q',
    commit: () => {
      database.begin();
      stores.flushTo(log);
      database.commit();
      stores.flushSucceeded();
      expect(stores.rehash()).toBe(stores.fingerprint());
      expect(foldOf(log.records, 'Q')).toEqual({ fingerprint: stores.fingerprint(), tables: tablesOf(database) });
    },
    failCommit: null,
    reopen: () => {
      const fingerprint = stores.fingerprint();
      stores.close();
      stores = new LoggedTaskStores({ database, queryId: 'Q', cacheBytes, fingerprint });
    },
    close: () => {
      reader.close();
      stores.close();
      if (reading !== database) reading.close();
      database.close();
      if (folder !== null) rmSync(folder, { recursive: true });
    },
  };
}

export function memoryHarness(): StateHarness {
  const stores = new MemoryTaskStores();
  return {
    stores: () => stores,
    reader: new MemoryTableReader((queryId) => (queryId === 'Q' ? stores : undefined)),
    queryId: 'Q',
    commit: () => {
      stores.flush();
      stores.flushSucceeded();
    },
    failCommit: () => {
      stores.flush();
      stores.flushFailed();
    },
    reopen: null,
    close: () => stores.close(),
  };
}
