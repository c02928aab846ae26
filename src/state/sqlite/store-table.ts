import type { SqlTypeKind } from '../../model/sql-type.js';
import type { Row } from '../../model/value.js';
import type { Database, Statement } from '../../storage/database.js';
import { DELETED, type Entry, estimateBytes, GONE, LIVE } from '../entry.js';
import { KeyCodec, type KeyOrder, keyOrder } from '../key-encoding.js';
import type { SqliteValue } from './column-codec.js';
import { RowColumns } from './row-columns.js';
import { primaryKeyOf, type StoredTable } from './store-layout.js';
import type { TableLog } from './table-log.js';
import { type TableOrder, WriteOrder } from './write-order.js';

/** What a table holds in memory for all of its partitions, in estimated bytes. */
export interface TableUsage {
  bytes: number;
  /** Not yet known to be committed. */
  dirtyBytes: number;
  /** The log has them, the file does not. */
  unwrittenBytes: number;
}

/**
 * Rows written by one statement: a call into SQLite costs as much as the writing of a row. Not more than 8, since SQLite journals the pages
 * that a statement of many rows touches, and past 64 KiB of them in a file (measured: 16 rows far apart cost twice as much as 8).
 */
const ROWS_A_STATEMENT = 8;
const BINDINGS_MAX = 8_000;
const FIXED_SIZE: ReadonlySet<SqlTypeKind> = new Set([
  'BOOLEAN',
  'INTEGER',
  'BIGINT',
  'DOUBLE',
  'DECIMAL',
  'DATE',
  'TIME',
  'TIMESTAMP',
]);
/** Rows of a page of `rows`. */
const PAGE_ROWS = 512;

/**
 * One store's table, for all partitions that this process has open: reads rows as entries, writes entries that changed, and tells the log,
 * if there is one. Where there is one, what changed may be told to the log flush after flush and written once, at the last.
 *
 * The transaction of a flush may stay open while tasks go on: between `flush` and `flushSucceeded` everything may be called that may be called
 * at other times, and belongs to the next flush; reads see what was flushed.
 */
export class StoreTable {
  readonly stored: StoredTable;
  readonly usage: TableUsage = { bytes: 0, dirtyBytes: 0, unwrittenBytes: 0 };
  readonly keyOrder: KeyOrder;
  readonly #database: Database;
  readonly #columns: RowColumns;
  readonly #log: TableLog | null;
  readonly #writeOrder: WriteOrder;
  /** Whether a row's size may change while it is in memory. */
  readonly #rowsGrow: boolean;
  readonly #rowsAStatement: number;
  /** One for each row of a statement: a shared encoding lasts only until the codec's next. */
  readonly #encoders: readonly KeyCodec[];
  readonly #statements = new Map<string, Statement>();
  #loadSql: string | null = null;
  #loadListSql: string | null = null;
  #dirty: Entry[] = [];
  #dirtyBytes = 0;
  /** Logged, and not written: those of them that are still marked so. */
  #unwritten: Entry[] = [];
  /** Some of them have left the cache: the log has to be told, and the disk relieved of older rows. */
  #someReleased = false;
  /** Written, and not known to be committed. */
  #inFlight: Entry[] = [];
  #inFlightBytes = 0;
  /** By partition: rows below this bound (in the layout's sense) are to be deleted. */
  #deletions = new Map<number, number>();
  #deletionsInFlight = new Map<number, number>();

  constructor(database: Database, stored: StoredTable, log: TableLog | null = null) {
    this.stored = stored;
    this.#database = database;
    this.#log = log;
    this.#columns = new RowColumns(stored);
    this.#rowsAStatement = Math.max(1, Math.min(ROWS_A_STATEMENT, Math.floor(BINDINGS_MAX / this.#columns.width)));
    const types = stored.key.map((column) => column.type);
    this.#encoders = Array.from({ length: this.#rowsAStatement }, () => new KeyCodec(types));
    this.keyOrder = keyOrder(types);
    this.#writeOrder = new WriteOrder(this.#tableOrder());
    this.#rowsGrow = stored.value.some((column) => !FIXED_SIZE.has(column.type.kind));
  }

  isEmpty(): boolean {
    return this.#run((sql) => sql.get() === undefined, `SELECT 1 FROM ${this.#columns.name} LIMIT 1`);
  }

  /** The different values of the first column of the primary key, ascending; found by seeking from one to the next. */
  distinctGroups(): number[] {
    const group = primaryKeyOf(this.stored.layout)[0]!;
    const groups: number[] = [];
    let last = Number.MIN_SAFE_INTEGER;
    const sql = `SELECT min(${group}) FROM ${this.#columns.name} WHERE ${group} > ?`;
    for (;;) {
      const [next] = this.#run((statement) => statement.get(last), sql) as [number | bigint | null];
      if (next === null) return groups;
      last = Number(next);
      groups.push(last);
    }
  }

  /** The row of a key, and of a window in layout `window`; null when there is none. */
  load(key: Row, windowStart: number, partition: number): Entry | null {
    const encoded = this.#encoders[0]!.encodeShared(key);
    const windowed = this.stored.layout === 'window';
    this.#loadSql ??= this.#columns.selectSql(`${windowed ? 'window_start = ? AND ' : ''}key = ? AND partition = ?`);
    const args = windowed ? [windowStart, encoded, partition] : [encoded, partition];
    const found = this.#run((statement) => statement.get(args), this.#loadSql) as SqliteValue[] | undefined;
    if (found === undefined) return null;
    const entry = this.#columns.toEntry(found);
    this.#log?.know(entry, encoded);
    return entry;
  }

  /** All rows of a key, in layout `instant` of one segment, by window start and end. */
  loadList(key: Row, segment: number, partition: number): Entry[] {
    const encoded = this.#encoders[0]!.encodeShared(key);
    const inSegment = this.stored.layout === 'instant';
    this.#loadListSql ??= this.#columns.selectSql(
      `${inSegment ? 'segment = ? AND ' : ''}key = ? AND partition = ? ORDER BY window_start, window_end`,
    );
    const entries = this.#page(this.#loadListSql, inSegment ? [segment, encoded, partition] : [encoded, partition]);
    if (this.#log !== null) for (const entry of entries) this.#log.know(entry, encoded);
    return entries;
  }

  /**
   * The rows of a partition in the order of the primary key, in layouts that begin with a group only those of one group.
   * Read a page at a time, so that no statement stays open between two rows.
   */
  *rows(partition: number, group: number | null): IterableIterator<Entry> {
    const columns = primaryKeyOf(this.stored.layout);
    const seek = group === null ? columns : columns.slice(1);
    const inGroup = group === null ? '' : `${columns[0]} = ? AND `;
    const after = `(${seek.join(', ')}) > (${seek.map(() => '?').join(', ')}) AND `;
    const tail = `partition = ? ORDER BY ${seek.join(', ')} LIMIT ${PAGE_ROWS}`;
    const first = group === null ? [] : [group];
    let page = this.#page(this.#columns.selectSql(`${inGroup}${tail}`), [...first, partition]);
    for (;;) {
      yield* page;
      const last = page[page.length - 1];
      if (last === undefined || page.length < PAGE_ROWS) return;
      const position = seek.map((column) => this.#part(column, last));
      page = this.#page(this.#columns.selectSql(`${inGroup}${after}${tail}`), [...first, ...position, partition]);
    }
  }

  /** The rows of a partition whose keys begin with these values, in key order. */
  rowsWithPrefix(prefix: Row, partition: number): Entry[] {
    const types = this.stored.key.slice(0, prefix.length).map((column) => column.type);
    const from = new KeyCodec(types).encode(prefix);
    // No encoded value begins with a byte of 255 where another may follow, so this is past every key with the prefix.
    const to = Buffer.concat([from, Buffer.from([0xff])]);
    const sql = this.#columns.selectSql('key >= ? AND key < ? AND partition = ? ORDER BY key');
    return this.#page(sql, [from, to, partition]);
  }

  /** Estimates an entry that is taken into the cache. */
  hold(entry: Entry): void {
    entry.held = true;
    entry.bytes = estimateBytes(entry.key, entry.row);
    this.usage.bytes += entry.bytes;
  }

  /** The entry leaves the cache; if it is dirty it is not written any more. What the log has of it and the disk has not is taken back. */
  release(entry: Entry): void {
    entry.held = false;
    if (entry.unwritten) {
      this.#someReleased = true;
    } else {
      entry.hashHigh = 0;
      entry.hashLow = 0;
    }
    this.usage.bytes -= entry.bytes;
  }

  /** The second entry takes the place of the first, which has the same key and is about to be released. */
  supersede(before: Entry, entry: Entry): void {
    before.status = GONE;
    if (!before.unwritten) return;
    before.unwritten = false;
    entry.hashHigh = before.hashHigh;
    entry.hashLow = before.hashLow;
    entry.unwritten = true;
    this.#unwritten.push(entry);
  }

  markDirty(entry: Entry): void {
    entry.dirty = true;
    this.#dirty.push(entry);
    this.#dirtyBytes += entry.bytes;
    this.usage.dirtyBytes += entry.bytes;
  }

  /** At the next flush, deletes the rows of the partition below the bound: window start, segment, or end of session. */
  deleteBelow(partition: number, bound: number): void {
    this.#deletions.set(partition, Math.max(bound, this.#deletions.get(partition) ?? bound));
  }

  /** Whether `logOnly` may stand for the next flush: rows are deleted in the log and in the file at once, since the file says which there are. */
  get mayLogOnly(): boolean {
    if (this.#someReleased || this.#deletions.size > 0) return false;
    for (const entry of this.#dirty) if (entry.status === DELETED) return false;
    return true;
  }

  /** A flush that tells the log alone; what it has told stays in memory until a flush writes it. */
  logOnly(): void {
    const log = this.#log!;
    const encoder = this.#encoders[0]!;
    const unwritten = this.#unwritten;
    for (const entry of this.#takeDirty()) {
      if (entry.status === GONE) continue;
      this.#prepare(entry);
      log.put(entry, encoder.encodeShared(entry.key));
      if (entry.unwritten) continue;
      entry.unwritten = true;
      this.usage.unwrittenBytes += entry.bytes;
      unwritten.push(entry);
    }
  }

  /** Writes what changed; inside the caller's transaction. Neighbours in the table are written together. */
  flush(): void {
    const entries = this.#takeDirty();
    const deletions = this.#deletions;
    this.#deletions = new Map();
    for (const [partition, bound] of deletions) this.#deletionsInFlight.set(partition, bound);
    this.#write(entries);
    // After the writes: an expired entry may have been among them, and nothing is set below a bound once it was given.
    for (const [partition, bound] of deletions) {
      if (this.#log !== null) this.#logBelow(partition, bound, this.#log);
      this.#run(
        (statement) => statement.run(partition, bound),
        `DELETE FROM ${this.#columns.name} WHERE ${this.#below()}`,
      );
    }
  }

  /** What was flushed is on disk; calls `forget` with each deleted entry that nobody has to know any more. */
  flushSucceeded(forget: (entry: Entry) => void): void {
    for (const entry of this.#inFlight) {
      if (entry.status === DELETED && !entry.dirty) forget(entry);
    }
    this.#inFlight = [];
    this.usage.dirtyBytes -= this.#inFlightBytes;
    this.#inFlightBytes = 0;
    this.#deletionsInFlight.clear();
  }

  /** What was flushed is not on disk, and waits for the next flush. */
  flushFailed(): void {
    const entries = this.#inFlight;
    this.#inFlight = [];
    this.usage.dirtyBytes -= this.#inFlightBytes;
    this.#inFlightBytes = 0;
    for (const entry of entries) if (!entry.dirty && entry.status !== GONE) this.markDirty(entry);
    for (const [partition, bound] of this.#deletionsInFlight) this.deleteBelow(partition, bound);
    this.#deletionsInFlight.clear();
  }

  segmentOf(windowStart: number): number {
    return this.#columns.segmentOf(windowStart);
  }

  #takeDirty(): Entry[] {
    const entries = this.#dirty;
    this.#inFlightBytes += this.#dirtyBytes;
    this.#dirtyBytes = 0;
    this.#dirty = [];
    this.#inFlight = this.#inFlight.length === 0 ? entries : this.#inFlight.concat(entries);
    for (const entry of entries) entry.dirty = false;
    return entries;
  }

  #write(entries: readonly Entry[]): void {
    const upserts: Entry[] = [];
    const deletions: Entry[] = [];
    for (const entry of entries) {
      if (entry.status === GONE) {
        if (entry.unwritten) deletions.push(entry);
      } else if (entry.status === DELETED) {
        this.#prepare(entry);
        deletions.push(entry);
      } else {
        this.#prepare(entry);
        upserts.push(entry);
      }
      // What is left marked has nothing new for the log.
      entry.unwritten = false;
    }
    for (const entry of this.#unwritten) {
      if (!entry.unwritten) continue;
      if (entry.status === LIVE) {
        upserts.push(entry);
      } else {
        entry.unwritten = false;
        deletions.push(entry);
      }
    }
    this.#unwritten = [];
    this.usage.unwrittenBytes = 0;
    this.#someReleased = false;
    for (const entry of deletions) this.#delete(entry);
    this.#upsert(this.#writeOrder.arrange(upserts));
  }

  /** Before the log is told of an entry: what its row replaces has to be known. */
  #prepare(entry: Entry): void {
    if (this.#log !== null && entry.stored && entry.hashHigh === 0 && entry.hashLow === 0) this.#know(entry, this.#log);
    if (entry.status !== LIVE) return;
    entry.stored = true;
    if (this.#rowsGrow) this.#measure(entry);
  }

  #measure(entry: Entry): void {
    const bytes = estimateBytes(entry.key, entry.row);
    this.usage.bytes += bytes - entry.bytes;
    entry.bytes = bytes;
  }

  #upsert(entries: readonly Entry[]): void {
    const rows = this.#rowsAStatement;
    const whole = entries.length - (entries.length % rows);
    if (whole > 0) {
      const statement = this.#statement(this.#columns.insertSql(rows, 'INSERT OR REPLACE'));
      const args: SqliteValue[] = new Array<SqliteValue>(rows * this.#columns.width).fill(null);
      for (let i = 0; i < whole; i += rows) {
        let at = 0;
        for (let row = 0; row < rows; row++) at = this.#bind(entries[i + row]!, args, at, this.#encoders[row]!);
        statement.run(args);
      }
    }
    if (whole < entries.length) {
      const statement = this.#statement(this.#columns.insertSql(1, 'INSERT OR REPLACE'));
      const args: SqliteValue[] = new Array<SqliteValue>(this.#columns.width).fill(null);
      for (let i = whole; i < entries.length; i++) {
        this.#bind(entries[i]!, args, 0, this.#encoders[0]!);
        statement.run(args);
      }
    }
  }

  #bind(entry: Entry, args: SqliteValue[], at: number, encoder: KeyCodec): number {
    const encoded = encoder.encodeShared(entry.key);
    if (entry.unwritten) entry.unwritten = false;
    else if (this.#log !== null) this.#log.put(entry, encoded);
    return this.#columns.bind(entry, encoded, args, at);
  }

  #delete(entry: Entry): void {
    const encoded = this.#encoders[0]!.encodeShared(entry.key);
    if (this.#log !== null) {
      this.#log.remove(entry, encoded);
      // A logged table forgets everything when a flush fails, so what is deleted is so for good.
      entry.stored = false;
    }
    this.#statement(`DELETE FROM ${this.#columns.name} WHERE ${this.#columns.atPlace}`).run(
      this.#place(entry, encoded),
    );
  }

  /** Reads the hash of the row that the entry replaces: it was set, or found in a scan, without having been loaded. */
  #know(entry: Entry, log: TableLog): void {
    const encoded = this.#encoders[0]!.encodeShared(entry.key);
    const sql = this.#columns.selectSql(this.#columns.atPlace);
    const found = this.#run((statement) => statement.get(this.#place(entry, encoded)), sql) as
      | SqliteValue[]
      | undefined;
    if (found === undefined) {
      entry.stored = false;
      return;
    }
    const row = this.#columns.toEntry(found);
    log.know(row, encoded);
    entry.hashHigh = row.hashHigh;
    entry.hashLow = row.hashLow;
  }

  /** Tells the log of the rows that are about to be deleted. */
  #logBelow(partition: number, bound: number, log: TableLog): void {
    const bounded = this.#bounded();
    const seek = [
      bounded,
      ...primaryKeyOf(this.stored.layout).filter((column) => column !== bounded && column !== 'partition'),
    ];
    const after = `(${seek.join(', ')}) > (${seek.map(() => '?').join(', ')}) AND `;
    const tail = `${this.#below()} ORDER BY ${seek.join(', ')} LIMIT ${PAGE_ROWS}`;
    let page = this.#page(this.#columns.selectSql(tail), [partition, bound]);
    for (;;) {
      for (const entry of page) {
        const encoded = this.#encoders[0]!.encodeShared(entry.key);
        log.know(entry, encoded);
        log.remove(entry, encoded);
      }
      const last = page[page.length - 1];
      if (last === undefined || page.length < PAGE_ROWS) return;
      const position = seek.map((column) => this.#part(column, last));
      page = this.#page(this.#columns.selectSql(after + tail), [...position, partition, bound]);
    }
  }

  #place(entry: Entry, encoded: Buffer): SqliteValue[] {
    return this.#columns.place(encoded, entry.partition, entry.windowStart, entry.windowEnd);
  }

  #part(column: string, entry: Entry): SqliteValue {
    const encoded = this.#encoders[0]!.encodeShared(entry.key);
    return this.#columns.part(column, encoded, entry.partition, entry.windowStart, entry.windowEnd);
  }

  #tableOrder(): TableOrder {
    const order = this.keyOrder;
    const encode = (key: Row) => this.#encoders[0]!.encodeShared(key);
    switch (this.stored.layout) {
      case 'key-value':
        return { groupOf: () => 0, encode, compare: (a, b) => order(a.key, b.key) };
      case 'window':
        return { groupOf: (entry) => entry.windowStart, encode, compare: (a, b) => order(a.key, b.key) };
      case 'instant':
        return {
          groupOf: (entry) => this.segmentOf(entry.windowStart),
          encode,
          compare: (a, b) => order(a.key, b.key) || a.windowStart - b.windowStart,
        };
      case 'session':
        return {
          groupOf: () => 0,
          encode,
          compare: (a, b) => order(a.key, b.key) || a.windowStart - b.windowStart,
        };
    }
  }

  /** The column that `deleteBelow` means. */
  #bounded(): string {
    return this.stored.layout === 'session' ? 'window_end' : primaryKeyOf(this.stored.layout)[0]!;
  }

  #below(): string {
    return `partition = ? AND ${this.#bounded()} < ?`;
  }

  #page(sql: string, args: SqliteValue[]): Entry[] {
    const found = this.#run((statement) => statement.all(args), sql) as SqliteValue[][];
    return found.map((row) => this.#columns.toEntry(row));
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepareOwn(sql);
      if (statement.reader) statement.raw(true).safeIntegers(this.#columns.readsBigInts);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run<T>(action: (statement: Statement) => T, sql: string): T {
    return this.#database.guard(() => action(this.#statement(sql)));
  }
}
