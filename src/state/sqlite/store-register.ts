import { SystemError } from '../../model/errors.js';
import { formatType, sameType } from '../../model/sql-type.js';
import type { Database } from '../../storage/database.js';
import type { StoreColumn, StoreSpec } from '../state-store.js';
import { layoutOf, type StoredTable, type StoreLayout, segmentMsOf, tableDdl, tableName } from './store-layout.js';

const REGISTER = 'state_stores';

/** AUTOINCREMENT: the number of a dropped table is not given again, so that whoever remembers it finds nothing. */
const REGISTER_DDL = `
  CREATE TABLE IF NOT EXISTS ${REGISTER} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    query_id TEXT NOT NULL,
    name TEXT NOT NULL,
    layout TEXT NOT NULL,
    segment_ms INTEGER,
    key_columns TEXT NOT NULL,
    value_columns TEXT NOT NULL,
    UNIQUE (query_id, name)
  ) STRICT`;

interface RegisterRow {
  readonly id: number;
  readonly layout: StoreLayout;
  readonly segment_ms: number | null;
  readonly key_columns: string;
  readonly value_columns: string;
}

/** The table of a query's store; null when it was never opened, or was dropped. */
export function findTable(database: Database, queryId: string, store: string): StoredTable | null {
  if (!hasRegister(database)) return null;
  const row = database
    .prepare<[string, string], RegisterRow>(
      `SELECT id, layout, segment_ms, key_columns, value_columns FROM ${REGISTER} WHERE query_id = ? AND name = ?`,
    )
    .get(queryId, store);
  if (row === undefined) return null;
  return {
    id: row.id,
    layout: row.layout,
    key: JSON.parse(row.key_columns) as StoreColumn[],
    value: JSON.parse(row.value_columns) as StoreColumn[],
    segmentMs: row.segment_ms,
  };
}

/**
 * The table of a store, made now if need be.
 * @throws SystemError `state-mismatch` when the file holds the store with other columns than the plan asks for.
 */
export function openTable(database: Database, queryId: string, spec: StoreSpec): StoredTable {
  const found = findTable(database, queryId, spec.name);
  if (found !== null) {
    checkSame(found, queryId, spec);
    return found;
  }
  return database.transaction(() => {
    database.exec(REGISTER_DDL);
    const layout = layoutOf(spec);
    const segmentMs = segmentMsOf(spec);
    const { lastInsertRowid } = database
      .prepare(
        `INSERT INTO ${REGISTER} (query_id, name, layout, segment_ms, key_columns, value_columns) VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(queryId, spec.name, layout, segmentMs, JSON.stringify(spec.key), JSON.stringify(spec.value));
    const table = { id: Number(lastInsertRowid), layout, key: spec.key, value: spec.value, segmentMs };
    database.exec(tableDdl(table));
    return table;
  });
}

/** Deletes every table of the query. */
export function dropTables(database: Database, queryId: string): void {
  if (!hasRegister(database)) return;
  database.transaction(() => {
    const tables = database
      .prepare<[string], { id: number }>(`SELECT id FROM ${REGISTER} WHERE query_id = ?`)
      .all(queryId);
    for (const { id } of tables) database.exec(`DROP TABLE ${tableName(id)}`);
    database.prepare(`DELETE FROM ${REGISTER} WHERE query_id = ?`).run(queryId);
  });
}

function hasRegister(database: Database): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(REGISTER) !== undefined;
}

function checkSame(table: StoredTable, queryId: string, spec: StoreSpec): void {
  if (table.layout === layoutOf(spec) && sameColumns(table.key, spec.key) && sameColumns(table.value, spec.value))
    return;
  throw new SystemError(
    `the state of query "${queryId}" on disk does not fit its plan: store "${spec.name}" holds ` +
      `${describe(table.layout, table.key, table.value)}, and the plan asks for ${describe(layoutOf(spec), spec.key, spec.value)}`,
    { code: 'state-mismatch', hint: 'drop the query and create it again' },
  );
}

function sameColumns(a: readonly StoreColumn[], b: readonly StoreColumn[]): boolean {
  return a.length === b.length && a.every((column, i) => sameType(column.type, b[i]!.type));
}

function describe(layout: StoreLayout, key: readonly StoreColumn[], value: readonly StoreColumn[]): string {
  const types = (columns: readonly StoreColumn[]) => columns.map((column) => formatType(column.type)).join(', ');
  return `${layout} (${types(key)}) -> (${types(value)})`;
}
