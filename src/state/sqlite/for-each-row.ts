import type { Database } from '../../storage/database.js';
import type { Entry } from '../entry.js';
import type { SqliteValue } from './column-codec.js';
import { RowColumns } from './row-columns.js';
import { primaryKeyOf, type StoredTable } from './store-layout.js';

const PAGE_ROWS = 512;

/**
 * Calls `visit` with every row of a table, of all partitions, in the order of its primary key, and with the encoded key as the table has it.
 * Read a page at a time; the table must not be written meanwhile.
 */
export function forEachRow(
  database: Database,
  stored: StoredTable,
  visit: (entry: Entry, encodedKey: Buffer) => void,
): void {
  const columns = new RowColumns(stored);
  const primaryKey = primaryKeyOf(stored.layout).join(', ');
  const after = `(${primaryKey}) > (${primaryKeyOf(stored.layout)
    .map(() => '?')
    .join(', ')})`;
  const tail = `ORDER BY ${primaryKey} LIMIT ${PAGE_ROWS}`;
  const prepare = (where: string) =>
    database
      .prepareOwn(columns.selectSql(`${where} ${tail}`, ['key']))
      .raw(true)
      .safeIntegers(columns.readsBigInts);
  const next = prepare(after);
  let page = database.guard(() => prepare('TRUE').all()) as SqliteValue[][];
  for (;;) {
    let last: SqliteValue[] | null = null;
    for (const found of page) {
      const entry = columns.toEntry(found);
      const key = found[columns.moreAt] as Buffer;
      visit(entry, key);
      last = page.length === PAGE_ROWS ? columns.place(key, entry.partition, entry.windowStart, entry.windowEnd) : null;
    }
    if (last === null) return;
    const place = last;
    page = database.guard(() => next.all(place)) as SqliteValue[][];
  }
}
