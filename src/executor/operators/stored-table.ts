import type { RecordHeader, TableChange, Window } from '../../model/record.js';
import { keyColumns, type Schema } from '../../model/schema.js';
import type { Row } from '../../model/value.js';
import type { StateEntry, StoreSpec } from '../../state/state-store.js';
import { type BeforeImage, NO_HEADERS, SOME_ROW, type TableOutput, type TableRow, type TableView } from './operator.js';
import type { OperatorBuilder } from './operator-builder.js';
import { openRowStore, type RowStore } from './row-store.js';

/** The row of an entry whose deletion is held back: the store forgets it when it is emitted. */
const DELETED: Row = [];

/**
 * The latest row of each key, in a store. Turns upserts and deletes into changes that know the row before: at once, or with caching
 * one a key when the commit comes.
 */
export class StoredTable implements TableView {
  readonly #store: RowStore;
  readonly #keyCount: number;
  /** For each value column of the store its position in the row; -1 for columns that the schema does not have. */
  readonly #positions: readonly number[];
  readonly #output: TableOutput | null;
  readonly #before: BeforeImage;
  readonly #caching: boolean;
  readonly #windowed: boolean;
  readonly #beforeRow: Row = [];
  readonly #afterRow: Row = [];
  readonly #window = { start: 0, end: 0 };
  readonly #change: TableChange = { key: [], before: null, after: null, timestamp: 0, window: null, headers: [] };
  readonly #found: { row: Row; timestamp: number } = { row: [], timestamp: 0 };
  #pending: StateEntry[] = [];

  constructor(
    schema: Schema,
    spec: StoreSpec,
    builder: OperatorBuilder,
    output: TableOutput | null,
    before: BeforeImage,
  ) {
    this.#keyCount = keyColumns(schema).length;
    const rest = schema.columns.slice(this.#keyCount);
    const declared = new Set(spec.value.map((column) => column.name));
    const value = [...spec.value, ...rest.filter((column) => !declared.has(column.name))].map(({ name, type }) => ({
      name,
      type,
    }));
    this.#positions = value.map((column) => {
      const at = rest.findIndex((candidate) => candidate.name === column.name);
      return at === -1 ? -1 : this.#keyCount + at;
    });
    this.#store = openRowStore({ ...spec, value }, builder);
    this.#windowed = spec.kind !== 'key-value';
    this.#output = output;
    this.#before = output === null ? 'none' : before;
    this.#caching = builder.context.caching && output !== null;
    builder.beforeCommit(() => this.#flush());
  }

  /** Inserts or replaces (`row`: all columns; null deletes) the row of a key. All arguments are borrowed. */
  update(key: Row, window: Window | null, row: Row | null, timestamp: number, headers: readonly RecordHeader[]): void {
    if (this.#caching) this.#updateLater(key, window, row, timestamp);
    else this.#updateNow(key, window, row, timestamp, headers);
  }

  lookup(key: Row, window: Window | null): TableRow | null {
    const entry = this.#store.get(key, window);
    return entry === null || entry.row === DELETED ? null : this.#view(entry, entry.row);
  }

  shown(key: Row, window: Window | null): TableRow | null {
    const entry = this.#store.get(key, window);
    if (entry === null) return null;
    const values = entry.pending ? (entry.emitted ?? null) : entry.row;
    return values === null ? null : this.#view(entry, values);
  }

  expire(streamTime: number): void {
    if (this.#windowed) this.#store.expire(streamTime);
  }

  #updateNow(
    key: Row,
    window: Window | null,
    row: Row | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void {
    let before: Row | null = null;
    if (this.#before !== 'none') {
      const held = this.#store.get(key, window);
      if (held !== null) before = this.#before === 'row' ? this.#fill(this.#beforeRow, key, held.row) : SOME_ROW;
    }
    if (row === null) this.#store.delete(key, window);
    else this.#store.set(key, window, this.#values(row), timestamp);
    if (this.#output === null) return;
    const change = this.#change;
    change.key = key;
    change.before = before;
    change.after = row;
    change.timestamp = timestamp;
    change.window = window;
    change.headers = headers;
    this.#output.change(change);
  }

  #updateLater(key: Row, window: Window | null, row: Row | null, timestamp: number): void {
    const held = this.#store.get(key, window);
    if (row === null) {
      if (held === null) return;
      if (!held.pending) this.#hold(held, held.row);
      held.row = DELETED;
      held.timestamp = timestamp;
      return;
    }
    const shown = held === null ? null : held.row;
    const entry = this.#store.set(key, window, this.#values(row), timestamp);
    if (!entry.pending) this.#hold(entry, shown);
  }

  #hold(entry: StateEntry, shown: Row | null): void {
    entry.emitted = shown;
    entry.pending = true;
    this.#pending.push(entry);
  }

  #flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const change = this.#change;
    for (let i = 0; i < pending.length; i++) {
      const entry = pending[i]!;
      const emitted = entry.emitted ?? null;
      const deleted = entry.row === DELETED;
      entry.pending = false;
      entry.emitted = undefined;
      if (deleted) this.#store.delete(entry.key, { start: entry.windowStart, end: entry.windowEnd });
      if (deleted && emitted === null) continue;
      change.key = entry.key;
      change.before = emitted === null ? null : this.#fill(this.#beforeRow, entry.key, emitted);
      change.after = deleted ? null : this.#fill(this.#afterRow, entry.key, entry.row);
      change.timestamp = entry.timestamp;
      change.window = null;
      if (this.#windowed) {
        this.#window.start = entry.windowStart;
        this.#window.end = entry.windowEnd;
        change.window = this.#window;
      }
      change.headers = NO_HEADERS;
      this.#output!.change(change);
    }
  }

  #view(entry: StateEntry, values: Row): TableRow {
    this.#fill(this.#found.row, entry.key, values);
    this.#found.timestamp = entry.timestamp;
    return this.#found;
  }

  /** The columns that the store keeps beside the key, in a row of their own. */
  #values(row: Row): Row {
    const positions = this.#positions;
    const values: Row = new Array(positions.length) as Row;
    for (let i = 0; i < positions.length; i++) values[i] = positions[i]! < 0 ? null : row[positions[i]!]!;
    return values;
  }

  #fill(output: Row, key: Row, values: Row): Row {
    const positions = this.#positions;
    for (let i = 0; i < this.#keyCount; i++) output[i] = key[i]!;
    for (let i = 0; i < values.length; i++) if (positions[i]! >= 0) output[positions[i]!] = values[i]!;
    return output;
  }
}
