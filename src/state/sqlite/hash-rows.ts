import type { Database } from '../../storage/database.js';
import { RowRecordCodec } from '../changelog/row-record-codec.js';
import { KeyCodec } from '../key-encoding.js';
import type { DefinedTable } from './definition-register.js';
import { forEachRow } from './for-each-row.js';

/**
 * Calls `visit` with the hash of every row of a table, as its record in the changelog would have it. A row whose key columns do not say what
 * its key says, which only damage can bring about, counts as two.
 */
export function hashRows(database: Database, table: DefinedTable, visit: (high: number, low: number) => void): void {
  const codec = new RowRecordCodec(table.definition);
  const keys = new KeyCodec(table.definition.key.map((column) => column.type));
  forEachRow(database, table.stored, (entry, encodedKey) => {
    codec.encodeKey(entry, encodedKey);
    codec.encodeValue(entry);
    visit(codec.hash.high, codec.hash.low);
    const encodedColumns = keys.encodeShared(entry.key);
    if (encodedColumns.equals(encodedKey)) return;
    codec.encodeKey(entry, encodedColumns);
    codec.encodeValue(entry);
    visit(codec.hash.high, codec.hash.low);
  });
}
