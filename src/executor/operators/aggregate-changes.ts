import type { TableChange } from '../../model/record.js';
import { keyColumns } from '../../model/schema.js';
import type { Row } from '../../model/value.js';
import type { AggregateStep } from '../../planner/physical/physical-plan.js';
import type { StateEntry } from '../../state/state-store.js';
import type { AggregateCalls } from './aggregate-calls.js';
import { type BeforeImage, NO_HEADERS, SOME_ROW, type TableOutput, type TableRow } from './operator.js';

/**
 * Turns changed entries of an aggregate's store into changes of its table: at once, or with caching one an entry when the commit
 * comes. The row: key columns, window bounds if there is a window, ROWTIME, results.
 */
export class AggregateChanges {
  readonly #calls: AggregateCalls;
  readonly #output: TableOutput | null;
  readonly #before: BeforeImage;
  readonly #caching: boolean;
  readonly #keyCount: number;
  /** Whether rows hold the bounds of their window. */
  readonly #hasBounds: boolean;
  readonly #row: Row = [];
  readonly #found: { row: Row; timestamp: number } = { row: [], timestamp: 0 };
  readonly #shownRow: { row: Row; timestamp: number } = { row: [], timestamp: 0 };
  readonly #window = { start: 0, end: 0 };
  readonly #change: TableChange = {
    key: [],
    before: null,
    after: null,
    timestamp: 0,
    window: null,
    headers: NO_HEADERS,
  };
  #pending: StateEntry[] = [];

  constructor(
    step: AggregateStep,
    calls: AggregateCalls,
    output: TableOutput | null,
    before: BeforeImage,
    caching: boolean,
  ) {
    this.#calls = calls;
    this.#output = output;
    this.#before = output === null ? 'none' : before;
    this.#caching = caching && output !== null;
    this.#keyCount = keyColumns(step.schema).length;
    this.#hasBounds = step.window !== null;
    if (step.store.kind !== 'key-value') this.#change.window = this.#window;
  }

  /** An entry is about to be changed; not necessarily for the first time since it was emitted. */
  touch(entry: StateEntry, isNew: boolean): void {
    if (!entry.pending) entry.emitted = isNew ? null : this.#shown(entry);
  }

  /** An entry has been changed. */
  changed(entry: StateEntry): void {
    if (!this.#caching) {
      this.#emit(entry);
    } else if (!entry.pending) {
      entry.pending = true;
      this.#pending.push(entry);
    }
  }

  /** Emits an entry for the first and only time. */
  emitFinal(entry: StateEntry): void {
    this.#calls.finish(entry.row);
    if (this.#output === null) return;
    const change = this.#open(entry);
    change.before = null;
    change.after = this.#rowOf(entry, this.#row);
    change.timestamp = entry.timestamp;
    this.#output.change(change);
  }

  /** An entry is gone. `timestamp` is that of the tombstone. */
  removed(entry: StateEntry, timestamp: number): void {
    const before = entry.pending ? (entry.emitted ?? null) : this.#shown(entry);
    if (entry.pending) {
      entry.pending = false;
      this.#pending.splice(this.#pending.indexOf(entry), 1);
    }
    if (this.#output === null || before === null) return;
    const change = this.#open(entry);
    change.before = before;
    change.after = null;
    change.timestamp = timestamp;
    this.#output.change(change);
  }

  /** Emits what was held back; `put` tells the store about each entry. */
  flush(put: (entry: StateEntry) => void): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    for (let i = 0; i < pending.length; i++) {
      const entry = pending[i]!;
      entry.pending = false;
      this.#emit(entry);
      put(entry);
    }
  }

  view(entry: StateEntry | null): TableRow | null {
    if (entry === null) return null;
    this.#calls.finish(entry.row);
    this.#rowOf(entry, this.#found.row);
    this.#found.timestamp = entry.timestamp;
    return this.#found;
  }

  /** What has been emitted of an entry. */
  viewShown(entry: StateEntry | null): TableRow | null {
    if (entry === null || !entry.pending) return this.view(entry);
    if (entry.emitted == null) return null;
    this.#shownRow.row = entry.emitted;
    this.#shownRow.timestamp = entry.timestamp;
    return this.#shownRow;
  }

  #emit(entry: StateEntry): void {
    this.#calls.finish(entry.row);
    if (this.#output === null) return;
    const change = this.#open(entry);
    change.before = this.#before === 'none' ? null : (entry.emitted ?? null);
    change.after = this.#rowOf(entry, this.#row);
    change.timestamp = entry.timestamp;
    entry.emitted = undefined;
    this.#output.change(change);
  }

  /** What was emitted of an entry that has not changed since. */
  #shown(entry: StateEntry): Row {
    return this.#before === 'row' ? this.#rowOf(entry, []) : SOME_ROW;
  }

  #open(entry: StateEntry): TableChange {
    const change = this.#change;
    change.key = entry.key;
    this.#window.start = entry.windowStart;
    this.#window.end = entry.windowEnd;
    return change;
  }

  #rowOf(entry: StateEntry, row: Row): Row {
    const { key } = entry;
    let at = 0;
    for (; at < this.#keyCount; at++) row[at] = key[at]!;
    if (this.#hasBounds) {
      row[at++] = entry.windowStart;
      row[at++] = entry.windowEnd;
    }
    row[at++] = entry.timestamp;
    this.#calls.results(entry.row, row, at);
    return row;
  }
}
