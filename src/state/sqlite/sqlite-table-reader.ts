import type { Row } from '../../model/value.js';
import type { Database, Statement } from '../../storage/database.js';
import { KeyCodec } from '../key-encoding.js';
import type { NumberRange, TableRead, TableReader, TableRow } from '../table-reader.js';
import { type ColumnCodec, columnCodec, type SqliteValue } from './column-codec.js';
import { RowFilter, type RowPredicate } from './row-filter.js';
import { type StoredTable, tableName } from './store-layout.js';
import { findTable } from './store-register.js';

const STATEMENTS_MAX = 256;
/** SQLite's limit on a function's arguments is 1,000. A wider row is asked about after SQLite handed it out. */
const FILTER_COLUMNS_MAX = 900;

/**
 * Reads committed tables from the engine's file over a connection of its own, one snapshot a scan. On the writer's connection, the only
 * one a database in memory has, rows are collected before the first is handed out, since an open statement would block the writer.
 */
export class SqliteTableReader implements TableReader {
  readonly #database: Database;
  readonly #filter: RowFilter;
  readonly #statements = new Map<string, Statement>();
  /** Open scans: each holds a snapshot of the file. */
  readonly #scans = new Set<Iterator<unknown>>();

  constructor(database: Database) {
    this.#database = database;
    this.#filter = RowFilter.of(database);
  }

  read(request: TableRead): IterableIterator<TableRow> {
    return request.limit !== null && request.limit <= 0 ? [].values() : this.#read(request);
  }

  /** Ends all open reads. The connection belongs to the caller. */
  close(): void {
    for (const scan of this.#scans) scan.return?.();
    this.#scans.clear();
    this.#statements.clear();
  }

  *#read(request: TableRead): IterableIterator<TableRow> {
    const table = findTable(this.#database, request.queryId, request.store.name);
    if (table === null) return;
    const query = new TableQuery(table, request, this.#filter);
    const outside = query.filtersInside ? null : request.where;
    let left = request.limit ?? Number.POSITIVE_INFINITY;
    const lookups: readonly (Row | null)[] = request.keys ?? [null];
    for (const key of lookups) {
      const args = query.bindings(key, Number.isFinite(left) && outside === null ? left : -1);
      const collect = key !== null || this.#database.mode === 'writer';
      for (const found of collect ? this.#all(query, args) : this.#iterate(query, args)) {
        const row = query.toRow(found);
        if (outside !== null && !outside(row)) continue;
        yield row;
        if (--left === 0) return;
      }
    }
  }

  #all(query: TableQuery, args: SqliteValue[]): SqliteValue[][] {
    try {
      const statement = this.#statement(query);
      return this.#step(query, () => statement.all(args)) as SqliteValue[][];
    } catch (error) {
      if (isMissingTable(error)) return [];
      throw error;
    }
  }

  *#iterate(query: TableQuery, args: SqliteValue[]): IterableIterator<SqliteValue[]> {
    let scan: Iterator<unknown>;
    try {
      scan = this.#statement(query).iterate(args);
    } catch (error) {
      if (isMissingTable(error)) return;
      throw error;
    }
    this.#scans.add(scan);
    try {
      for (;;) {
        const next = this.#step(query, () => scan.next());
        if (next.done) return;
        yield next.value as SqliteValue[];
      }
    } finally {
      scan.return?.();
      this.#scans.delete(scan);
    }
  }

  #step<T>(query: TableQuery, step: () => T): T {
    return this.#filter.during(query.predicate, () => this.#database.guard(step));
  }

  #statement(query: TableQuery): Statement {
    const found = this.#statements.get(query.sql);
    if (found !== undefined && !found.busy) return found;
    const statement = this.#database.prepareOwn(query.sql).raw(true).safeIntegers(query.readsBigInts);
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    this.#statements.set(query.sql, statement);
    return statement;
  }
}

/** The table was dropped between finding it and reading it. */
function isMissingTable(error: unknown): boolean {
  const texts = error instanceof Error ? [error.message, error.cause instanceof Error ? error.cause.message : ''] : [];
  return texts.some((text) => text.includes('no such table: state_'));
}

/** One read as SQL: the text depends on which bounds there are, never on their values. */
class TableQuery {
  readonly sql: string;
  readonly readsBigInts: boolean;
  readonly filtersInside: boolean;
  /** The request's condition over selected columns; null when it is not for SQLite to ask. */
  readonly predicate: RowPredicate | null;
  readonly #request: TableRead;
  readonly #table: StoredTable;
  readonly #keys: readonly ColumnCodec[];
  /** The selected value columns: their positions in the row, and their codecs. */
  readonly #positions: readonly number[];
  readonly #values: readonly ColumnCodec[];
  readonly #encoder: KeyCodec;

  constructor(table: StoredTable, request: TableRead, filter: RowFilter) {
    this.#table = table;
    this.#request = request;
    this.#keys = table.key.map((column) => columnCodec(column.type));
    this.#positions = request.columns ?? table.value.map((_, i) => i);
    this.#values = this.#positions.map((position) => columnCodec(table.value[position]!.type));
    this.#encoder = new KeyCodec(table.key.map((column) => column.type));
    this.readsBigInts = [...this.#keys, ...this.#values].some((codec) => codec.readsBigInts);
    const columns = this.#columns();
    const { where } = request;
    this.filtersInside = where === null || columns.length <= FILTER_COLUMNS_MAX;
    this.predicate = where !== null && this.filtersInside ? (found) => where(this.toRow(found)) : null;
    this.sql = this.#compose(columns, filter);
  }

  /** Values for the `?`s, for one looked-up key or for a scan; limit -1 is none. */
  bindings(key: Row | null, limit: number): SqliteValue[] {
    const { windowStart, windowEnd, keyRange } = this.#request;
    const args: SqliteValue[] = [];
    if (key !== null && this.#table.layout === 'window')
      args.push(fromOf(windowStart), toOf(windowStart), toOf(windowStart));
    if (key !== null) args.push(this.#encoder.encode(key));
    if (keyRange?.from != null) args.push(this.#encoder.encode([keyRange.from.value]));
    if (keyRange?.to != null) args.push(this.#encoder.encode([keyRange.to.value]));
    if (windowStart !== null) args.push(fromOf(windowStart), toOf(windowStart));
    if (windowEnd !== null) args.push(fromOf(windowEnd), toOf(windowEnd));
    args.push(limit);
    return args;
  }

  toRow(found: readonly SqliteValue[]): TableRow {
    const keys = this.#keys;
    const values = this.#values;
    const key: Row = new Array(keys.length);
    const row: Row = new Array<null>(this.#table.value.length).fill(null);
    for (let i = 0; i < keys.length; i++) key[i] = keys[i]!.fromSqlite(found[3 + i]!);
    const at = 3 + keys.length;
    for (let i = 0; i < values.length; i++) row[this.#positions[i]!] = values[i]!.fromSqlite(found[at + i]!);
    const [timestamp, windowStart, windowEnd] = found;
    return { key, windowStart: Number(windowStart), windowEnd: Number(windowEnd), row, timestamp: Number(timestamp) };
  }

  #columns(): string[] {
    const bounds = this.#table.layout === 'key-value' ? ['0', '0'] : ['window_start', 'window_end'];
    return ['rowtime', ...bounds, ...this.#keys.map((_, i) => `k${i}`), ...this.#positions.map((i) => `v${i}`)];
  }

  #compose(columns: readonly string[], filter: RowFilter): string {
    const { layout } = this.#table;
    const { keys, keyRange, windowStart, windowEnd, where } = this.#request;
    const name = tableName(this.#table.id);
    const windows = keys !== null && layout === 'window';
    const conditions: string[] = [];
    if (windows) conditions.push('w.start <= ? AND t.window_start = w.start');
    if (keys !== null) conditions.push('key = ?');
    // A null is before every value, and no range holds it.
    if (keyRange !== null) conditions.push("key >= x'01'");
    if (keyRange?.from != null) conditions.push(keyRange.from.inclusive ? 'key >= ?' : 'key > ?');
    if (keyRange?.to != null) conditions.push(keyRange.to.inclusive ? 'key <= ?' : 'key < ?');
    if (windowStart !== null) conditions.push(layout === 'key-value' ? inside('0') : inside('window_start'));
    if (windowEnd !== null) conditions.push(layout === 'key-value' ? inside('0') : inside('window_end'));
    // Where SQLite sorts, nothing comes out before all rows went in: the function also makes that stoppable.
    const sorts = layout === 'session' || layout === 'instant';
    if (this.predicate !== null) conditions.push(filter.sql(columns, this.readsBigInts));
    else if (sorts && where === null) conditions.push(filter.sql([], this.readsBigInts));
    const order = layout === 'key-value' ? 'key, partition' : 'window_start, key, partition, window_end';
    return [
      windows ? distinctStarts(name) : '',
      `SELECT ${columns.join(', ')} FROM ${windows ? 'w CROSS JOIN ' : ''}${name} t`,
      conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`,
      `ORDER BY ${layout === 'window' ? 'window_start, key, partition' : order} LIMIT ?`,
    ].join(' ');
  }
}

function inside(column: string): string {
  return `${column} >= ? AND ${column} <= ?`;
}

/** The window starts in a range, found by seeking from one to the next: a key's windows lie as far apart as the windows are long. */
function distinctStarts(name: string): string {
  return (
    `WITH RECURSIVE w(start) AS (SELECT min(window_start) FROM ${name} WHERE window_start >= ? UNION ALL ` +
    `SELECT (SELECT min(window_start) FROM ${name} WHERE window_start > w.start) FROM w WHERE w.start < ?)`
  );
}

function fromOf(range: NumberRange | null): number {
  return range?.from ?? Number.NEGATIVE_INFINITY;
}

function toOf(range: NumberRange | null): number {
  return range?.to ?? Number.POSITIVE_INFINITY;
}
