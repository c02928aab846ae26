import type { Row } from '../../model/value.js';
import { Entry } from '../entry.js';
import { type ColumnCodec, columnCodec, type SqliteValue } from './column-codec.js';
import { columnNames, primaryKeyOf, type StoredTable, tableName } from './store-layout.js';

/** Rows of a store's table as statements bind and select them. */
export class RowColumns {
  readonly stored: StoredTable;
  /** The table's name. */
  readonly name: string;
  /** How many columns a row has. */
  readonly width: number;
  /** Whether statements that select rows must read safe integers. */
  readonly readsBigInts: boolean;
  /** The condition that finds a row by its primary key, whose parts are bound in the order of `place`. */
  readonly atPlace: string;
  readonly #keyCodecs: readonly ColumnCodec[];
  readonly #valueCodecs: readonly ColumnCodec[];
  readonly #primaryKey: readonly string[];

  constructor(stored: StoredTable) {
    this.stored = stored;
    this.name = tableName(stored.id);
    this.#keyCodecs = stored.key.map((column) => columnCodec(column.type));
    this.#valueCodecs = stored.value.map((column) => columnCodec(column.type));
    this.width = columnNames(stored).length;
    this.readsBigInts = [...this.#keyCodecs, ...this.#valueCodecs].some((codec) => codec.readsBigInts);
    this.#primaryKey = primaryKeyOf(stored.layout);
    this.atPlace = this.#primaryKey.map((column) => `${column} = ?`).join(' AND ');
  }

  segmentOf(windowStart: number): number {
    return Math.floor(windowStart / this.stored.segmentMs!);
  }

  /** A statement that writes so many rows, bound one after the other by `bind`. */
  insertSql(rows: number, verb: 'INSERT' | 'INSERT OR REPLACE'): string {
    const row = `(${new Array<string>(this.width).fill('?').join(', ')})`;
    return `${verb} INTO ${this.name} VALUES ${new Array<string>(rows).fill(row).join(', ')}`;
  }

  /** A statement whose rows `toEntry` reads; `more` are selected behind what it reads. */
  selectSql(where: string, more: readonly string[] = []): string {
    const windowed = this.stored.layout !== 'key-value';
    const columns = ['partition', 'rowtime', windowed ? 'window_start, window_end' : '0, 0'];
    columns.push(...this.#keyCodecs.map((_, i) => `k${i}`), ...this.#valueCodecs.map((_, i) => `v${i}`), ...more);
    return `SELECT ${columns.join(', ')} FROM ${this.name} WHERE ${where}`;
  }

  /** Index of the first column of `more` in a row of `selectSql`. */
  get moreAt(): number {
    return 4 + this.#keyCodecs.length + this.#valueCodecs.length;
  }

  /** Puts the entry's columns, in the order of `columnNames`, at `at`; returns the index after them. */
  bind(entry: Entry, encodedKey: Buffer, args: SqliteValue[], at: number): number {
    switch (this.stored.layout) {
      case 'key-value':
        args[at++] = encodedKey;
        args[at++] = entry.partition;
        break;
      case 'window':
        args[at++] = entry.windowStart;
        args[at++] = encodedKey;
        args[at++] = entry.partition;
        args[at++] = entry.windowEnd;
        break;
      case 'instant':
        args[at++] = this.segmentOf(entry.windowStart);
        args[at++] = encodedKey;
        args[at++] = entry.windowStart;
        args[at++] = entry.partition;
        args[at++] = entry.windowEnd;
        break;
      case 'session':
        args[at++] = encodedKey;
        args[at++] = entry.partition;
        args[at++] = entry.windowStart;
        args[at++] = entry.windowEnd;
        break;
    }
    args[at++] = entry.timestamp;
    const { key, row } = entry;
    const keys = this.#keyCodecs;
    for (let i = 0; i < keys.length; i++) {
      const codec = keys[i]!;
      args[at++] = codec.bindsAsIs ? (key[i] as SqliteValue) : codec.toSqlite(key[i]!);
    }
    const values = this.#valueCodecs;
    for (let i = 0; i < values.length; i++) {
      const codec = values[i]!;
      args[at++] = codec.bindsAsIs ? (row[i] as SqliteValue) : codec.toSqlite(row[i]!);
    }
    return at;
  }

  /** The parts of the primary key, in order. */
  place(encodedKey: Buffer, partition: number, windowStart: number, windowEnd: number): SqliteValue[] {
    return this.#primaryKey.map((column) => this.part(column, encodedKey, partition, windowStart, windowEnd));
  }

  /** One column of the primary key, or `window_end`. */
  part(column: string, encodedKey: Buffer, partition: number, windowStart: number, windowEnd: number): SqliteValue {
    switch (column) {
      case 'key':
        return encodedKey;
      case 'partition':
        return partition;
      case 'segment':
        return this.segmentOf(windowStart);
      case 'window_start':
        return windowStart;
      default:
        return windowEnd;
    }
  }

  /** A row of `selectSql` as an entry that no cache holds. */
  toEntry(found: readonly SqliteValue[]): Entry {
    const keys = this.#keyCodecs;
    const values = this.#valueCodecs;
    const key: Row = new Array(keys.length);
    const row: Row = new Array(values.length);
    for (let i = 0; i < keys.length; i++) key[i] = keys[i]!.fromSqlite(found[4 + i]!);
    const at = 4 + keys.length;
    for (let i = 0; i < values.length; i++) row[i] = values[i]!.fromSqlite(found[at + i]!);
    const entry = new Entry(
      key,
      Number(found[2]),
      Number(found[3]),
      row,
      Number(found[1]),
      undefined,
      true,
      Number(found[0]),
    );
    entry.held = false;
    return entry;
  }
}
