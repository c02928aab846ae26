import { compareValues, type Row } from '../../src/model/value.js';
import type { Entry } from '../../src/state/entry.js';
import { compileKeyId, keyOrder } from '../../src/state/key-encoding.js';
import type { MemoryStore, MemoryTaskStores } from '../../src/state/memory/memory-task-stores.js';
import type { NumberRange, TableRead, TableReader, TableRow } from '../../src/state/table-reader.js';

/** Reads memory stores as they are at the moment of the call: there is no commit to wait for. */
export class MemoryTableReader implements TableReader {
  readonly #storesOf: (queryId: string) => MemoryTaskStores | undefined;

  constructor(storesOf: (queryId: string) => MemoryTaskStores | undefined) {
    this.#storesOf = storesOf;
  }

  read(request: TableRead): IterableIterator<TableRow> {
    const partitions = this.#storesOf(request.queryId)?.partitions(request.store.name) ?? [];
    // Chosen and copied now, so that what a task does while the rows are consumed does not show.
    const rows = chooseEntries(request, partitions).map((entry) => toTableRow(request, entry));
    return filterRows(request, rows);
  }

  close(): void {}
}

function* filterRows(request: TableRead, rows: readonly TableRow[]): IterableIterator<TableRow> {
  let left = request.limit ?? Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (left <= 0) return;
    if (request.where !== null && !request.where(row)) continue;
    left--;
    yield row;
  }
}

function chooseEntries(request: TableRead, partitions: readonly MemoryStore[]): Entry[] {
  const types = request.store.key.map((column) => column.type);
  const order = keyOrder(types);
  const byWindowThenKey = (a: Entry, b: Entry) =>
    a.windowStart - b.windowStart || order(a.key, b.key) || a.partition - b.partition || a.windowEnd - b.windowEnd;
  const found: Entry[] = [];
  if (request.keys === null) {
    for (const store of partitions) for (const entry of store.entries()) if (matches(request, entry)) found.push(entry);
    return found.sort(byWindowThenKey);
  }
  const keyId = compileKeyId(types);
  for (const key of request.keys) {
    const id = keyId(key);
    const entries: Entry[] = [];
    for (const store of partitions) {
      if (store.kind === 'key-value') {
        const entry = store.get(key) as Entry | null;
        if (entry !== null && matches(request, entry)) entries.push(entry);
        continue;
      }
      for (const entry of store.entries()) {
        if (keyId(entry.key) === id && matches(request, entry)) entries.push(entry);
      }
    }
    found.push(...entries.sort(byWindowThenKey));
  }
  return found;
}

function matches(request: TableRead, entry: Entry): boolean {
  return (
    inRange(request.windowStart, entry.windowStart) &&
    inRange(request.windowEnd, entry.windowEnd) &&
    inKeyRange(request, entry.key)
  );
}

function inRange(range: NumberRange | null, value: number): boolean {
  return range === null || ((range.from === null || value >= range.from) && (range.to === null || value <= range.to));
}

function inKeyRange(request: TableRead, key: Row): boolean {
  const range = request.keyRange;
  if (range === null) return true;
  const type = request.store.key[0]!.type;
  const value = key[0]!;
  if (value === null) return false;
  if (range.from !== null) {
    const order = compareValues(type, value, range.from.value);
    if (order < 0 || (order === 0 && !range.from.inclusive)) return false;
  }
  if (range.to !== null) {
    const order = compareValues(type, value, range.to.value);
    if (order > 0 || (order === 0 && !range.to.inclusive)) return false;
  }
  return true;
}

function toTableRow(request: TableRead, entry: Entry): TableRow {
  const row: Row =
    request.columns === null ? entry.row.slice() : new Array<null>(request.store.value.length).fill(null);
  for (const column of request.columns ?? []) row[column] = entry.row[column]!;
  const { windowStart, windowEnd, timestamp } = entry;
  return { key: entry.key, windowStart, windowEnd, row, timestamp };
}
