import { SystemError } from '../../model/errors.js';
import { formatType, sameType } from '../../model/sql-type.js';
import type { Database, Statement } from '../../storage/database.js';
import type { StoreLayout, StoreShape } from '../changelog/store-definition.js';
import type { StoreColumn, StoreSpec } from '../state-store.js';
import { columnNames, layoutOf, type StoredTable, segmentMsOf, shapeOf, tableDdl, tableName } from './store-layout.js';

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
 * The table of a store, made now if need be. A query that was replaced may read other columns than before: rows then keep the
 * columns of the same name, and new columns are null until a key changes.
 * @throws SystemError `state-mismatch` when the file holds the store with another key or layout, or a column with another type.
 */
export function openTable(database: Database, queryId: string, spec: StoreSpec): StoredTable {
  const found = findTable(database, queryId, spec.name);
  if (found !== null && sameTable(found, spec)) return found;
  return database.transaction(() => {
    if (found === null) return createTable(database, queryId, spec.name, shapeOf(spec));
    const table = replaceTable(database, queryId, found, spec);
    database.exec(`DROP TABLE ${tableName(found.id)}`);
    return table;
  });
}

/** Makes the table of a store that has none, inside the caller's transaction. */
export function createTable(database: Database, queryId: string, name: string, shape: StoreShape): StoredTable {
  database.exec(REGISTER_DDL);
  const { lastInsertRowid } = insertRow(database).run(null, queryId, name, ...shapeRow(shape));
  const table: StoredTable = { ...shape, id: Number(lastInsertRowid) };
  database.exec(tableDdl(table));
  return table;
}

/**
 * Makes a new table for a store whose columns have changed, with the rows of the old one, which is no longer in the register but still in the
 * file. Inside the caller's transaction.
 * @throws SystemError `state-mismatch`
 */
export function replaceTable(database: Database, queryId: string, found: StoredTable, spec: StoreSpec): StoredTable {
  if (!canCarryOver(found, spec)) throw mismatch(found, queryId, spec);
  unregister(database, found.id);
  const table = createTable(database, queryId, spec.name, shapeOf(spec));
  copyRows(database, found, table);
  return table;
}

/** Puts a table that is in the file into the register again. */
export function register(database: Database, queryId: string, name: string, table: StoredTable): void {
  insertRow(database).run(table.id, queryId, name, ...shapeRow(table));
}

/** Takes a table out of the register; the file keeps it. */
export function unregister(database: Database, id: number): void {
  database.prepare(`DELETE FROM ${REGISTER} WHERE id = ?`).run(id);
}

function insertRow(database: Database): Statement<unknown[]> {
  return database.prepare(
    `INSERT INTO ${REGISTER} (id, query_id, name, layout, segment_ms, key_columns, value_columns) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
}

function shapeRow(shape: StoreShape): [StoreLayout, number | null, string, string] {
  return [shape.layout, shape.segmentMs, JSON.stringify(shape.key), JSON.stringify(shape.value)];
}

function copyRows(database: Database, from: StoredTable, to: StoredTable): void {
  const targets = columnNames(to);
  const sources = targets.map((column) => {
    if (!/^v\d+$/.test(column)) return column;
    const { name } = to.value[Number(column.slice(1))]!;
    const index = from.value.findIndex((c) => c.name === name);
    return index < 0 ? 'NULL' : `v${index}`;
  });
  database.exec(
    `INSERT INTO ${tableName(to.id)} (${targets.join(', ')}) SELECT ${sources.join(', ')} FROM ${tableName(from.id)}`,
  );
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

/** Whether the table is as the plan declares the store. */
export function sameTable(table: StoredTable, spec: StoreSpec): boolean {
  return (
    table.layout === layoutOf(spec) &&
    sameTypes(table.key, spec.key) &&
    sameTypes(table.value, spec.value) &&
    table.value.every((column, i) => column.name === spec.value[i]!.name)
  );
}

/** Whether rows of the table can be read by name as rows of the store. */
function canCarryOver(table: StoredTable, spec: StoreSpec): boolean {
  return (
    table.layout === layoutOf(spec) &&
    table.segmentMs === segmentMsOf(spec) &&
    sameTypes(table.key, spec.key) &&
    spec.value.every((column) => {
      const before = table.value.find((c) => c.name === column.name);
      return before === undefined || sameType(before.type, column.type);
    })
  );
}

function mismatch(table: StoredTable, queryId: string, spec: StoreSpec): SystemError {
  return new SystemError(
    `the state of query "${queryId}" on disk does not fit its plan: store "${spec.name}" holds ` +
      `${describe(table.layout, table.key, table.value)}, and the plan asks for ${describe(layoutOf(spec), spec.key, spec.value)}`,
    { code: 'state-mismatch', hint: 'drop the query and create it again' },
  );
}

function sameTypes(a: readonly StoreColumn[], b: readonly StoreColumn[]): boolean {
  return a.length === b.length && a.every((column, i) => sameType(column.type, b[i]!.type));
}

function describe(layout: StoreLayout, key: readonly StoreColumn[], value: readonly StoreColumn[]): string {
  const types = (columns: readonly StoreColumn[]) => columns.map((column) => formatType(column.type)).join(', ');
  return `${layout} (${types(key)}) -> (${types(value)})`;
}
