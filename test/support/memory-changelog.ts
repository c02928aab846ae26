import { LoggedTaskStores } from '../../src/state/sqlite/logged-task-stores.js';
import type { ChangeRecords } from '../../src/state/state-store.js';
import { type Database, openDatabase } from '../../src/storage/database.js';

export interface ChangelogRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly timestamp: number;
}

/** Keeps the records of a changelog, in order. */
export class MemoryChangelog implements ChangeRecords {
  records: ChangelogRecord[] = [];

  record(key: Buffer, keyLength: number, value: Buffer | null, valueLength: number, timestamp: number): void {
    this.records.push({
      key: Buffer.from(key.subarray(0, keyLength)),
      value: value === null ? null : Buffer.from(value.subarray(0, valueLength)),
      timestamp,
    });
  }
}

/** The last record of each key, in the order of the log. */
export function compacted(records: readonly ChangelogRecord[]): ChangelogRecord[] {
  const last = new Map(records.map((record, i) => [record.key.toString('hex'), i]));
  return records.filter((record, i) => last.get(record.key.toString('hex')) === i);
}

/** Applies records to a file in one transaction; returns the fingerprint after them. */
export function applyRecords(
  database: Database,
  queryId: string,
  fingerprint: string | null,
  records: readonly ChangelogRecord[],
): string {
  const stores = new LoggedTaskStores({ database, queryId, cacheBytes: 0, fingerprint });
  database.begin();
  for (const { key, value } of records) {
    // Somewhere inside a greater buffer, as in a batch.
    const bytes = Buffer.concat([Buffer.from('.'), key, value ?? Buffer.alloc(0), Buffer.from([0xff])]);
    const keyEnd = 1 + key.length;
    stores.applyRecord(bytes, 1, keyEnd, value === null ? -1 : keyEnd, value === null ? -1 : bytes.length - 1);
  }
  database.commit();
  stores.flushSucceeded();
  return stores.fingerprint();
}

/** What records make of an empty file. */
export function foldOf(
  records: readonly ChangelogRecord[],
  queryId: string,
): { readonly fingerprint: string; readonly tables: unknown } {
  const database = openDatabase({ path: ':memory:', mode: 'writer', purpose: 'shard' });
  try {
    const fingerprint = applyRecords(database, queryId, null, records);
    const stores = new LoggedTaskStores({ database, queryId, cacheBytes: 0, fingerprint });
    if (stores.rehash() !== fingerprint) throw new Error('the rows are not what the fingerprint says');
    return { fingerprint, tables: tablesOf(database) };
  } finally {
    database.close();
  }
}

/**
 * Everything in the tables of stores that the log knows, by store name; empty tables do not show. Without the columns of the key, which say
 * what its encoding says, but for the order of entries in a MAP.
 */
export function tablesOf(database: Database): Record<string, unknown[]> {
  const sql = "SELECT table_id AS id, json_extract(text, '$.name') AS name FROM state_definitions WHERE logged = 1";
  const stores = database.prepare<[], { id: number; name: string }>(sql).all();
  const tables: Record<string, unknown[]> = {};
  for (const { id, name } of stores) {
    const rows = database.prepareOwn(`SELECT * FROM state_${id}`).safeIntegers(true).all() as Record<string, unknown>[];
    if (rows.length === 0) continue;
    tables[name] = rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([column]) => !/^k\d/.test(column))),
    );
  }
  return tables;
}
