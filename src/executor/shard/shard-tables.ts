import { keyOrder } from '../../state/key-encoding.js';
import { SqliteTableReader } from '../../state/sqlite/sqlite-table-reader.js';
import type { TableRead, TableReader, TableRow } from '../../state/table-reader.js';
import { type Database, openDatabase } from '../../storage/database.js';

interface OpenFile {
  readonly path: string;
  database: Database | null;
  reader: TableReader | null;
}

/** Reads the committed tables of all shards of this node that can be read now, as if they were one. */
export class ShardTables implements TableReader {
  readonly #queries = new Map<string, Map<number, OpenFile>>();

  /** A shard's file can be read from now on, or, with null, not any more. */
  serve(queryId: string, index: number, path: string | null): void {
    const files = this.#queries.get(queryId) ?? new Map<number, OpenFile>();
    this.#queries.set(queryId, files);
    const before = files.get(index);
    if (before !== undefined) release(before);
    if (path === null) files.delete(index);
    else files.set(index, { path, database: null, reader: null });
    if (files.size === 0) this.#queries.delete(queryId);
  }

  read(request: TableRead): IterableIterator<TableRow> {
    const files = [...(this.#queries.get(request.queryId)?.entries() ?? [])].sort(([a], [b]) => a - b);
    const readers = files.map(([, file]) => open(file));
    if (readers.length === 1) return readers[0]!.read(request);
    return limited(request.keys === null ? scan(readers, request) : lookUp(readers, request), request.limit);
  }

  close(): void {
    for (const files of this.#queries.values()) for (const file of files.values()) release(file);
    this.#queries.clear();
  }
}

function open(file: OpenFile): TableReader {
  file.database ??= openDatabase({ path: file.path, mode: 'reader', purpose: 'shard' });
  file.reader ??= new SqliteTableReader(file.database);
  return file.reader;
}

function release(file: OpenFile): void {
  file.reader?.close();
  file.database?.close();
}

/** A key lies in one shard. */
function* lookUp(readers: readonly TableReader[], request: TableRead): IterableIterator<TableRow> {
  for (const key of request.keys!) {
    for (const reader of readers) {
      let found = false;
      for (const row of reader.read({ ...request, keys: [key] })) {
        found = true;
        yield row;
      }
      if (found) break;
    }
  }
}

/** By window start, then key, over all shards. */
function* scan(readers: readonly TableReader[], request: TableRead): IterableIterator<TableRow> {
  const order = keyOrder(request.store.key.map((column) => column.type));
  const sources = readers.map((reader) => reader.read(request));
  const heads = sources.map((source) => source.next());
  for (;;) {
    let least = -1;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (head.done === true) continue;
      const best = least < 0 ? null : (heads[least]!.value as TableRow);
      if (
        best === null ||
        head.value.windowStart < best.windowStart ||
        (head.value.windowStart === best.windowStart && order(head.value.key, best.key) < 0)
      ) {
        least = i;
      }
    }
    if (least < 0) return;
    yield heads[least]!.value as TableRow;
    heads[least] = sources[least]!.next();
  }
}

function* limited(rows: IterableIterator<TableRow>, limit: number | null): IterableIterator<TableRow> {
  let left = limit ?? Number.POSITIVE_INFINITY;
  if (left <= 0) return;
  for (const row of rows) {
    yield row;
    if (--left <= 0) return;
  }
}
