import type { StreamRecord, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { AggregateStep, WindowPlan } from '../../planner/physical/physical-plan.js';
import type { SessionStore, StateEntry } from '../../state/state-store.js';
import type { AggregateCalls } from './aggregate-calls.js';
import type { AggregateChanges } from './aggregate-changes.js';
import { isNullKey, type StreamOutput, type TableRow, type TableView } from './operator.js';
import type { OperatorBuilder } from './operator-builder.js';
import type { Progress } from './progress.js';
import { sessionIn } from './row-store.js';

type SessionPlan = WindowPlan & { readonly kind: 'SESSION' };

/** Entries are not kept across commits, when their store may evict them. */
interface OpenSession {
  readonly key: Row;
  readonly start: number;
  readonly end: number;
}

/** Aggregates by key and session: records no further apart than the gap. Both bounds are times of records. */
class SessionAggregate implements StreamOutput, TableView {
  readonly #step: AggregateStep;
  readonly #window: SessionPlan;
  readonly #builder: OperatorBuilder;
  readonly #store: SessionStore;
  readonly #calls: AggregateCalls;
  readonly #changes: AggregateChanges;
  readonly #progress: Progress;
  /** With FINAL: all sessions that are open, and some that have been merged since. */
  #open: OpenSession[] = [];
  readonly #final: boolean;
  /** With FINAL: no open session ends before this. */
  #earliestEnd = Number.POSITIVE_INFINITY;

  constructor(
    step: AggregateStep,
    window: SessionPlan,
    builder: OperatorBuilder,
    calls: AggregateCalls,
    changes: AggregateChanges,
  ) {
    this.#step = step;
    this.#window = window;
    this.#builder = builder;
    this.#calls = calls;
    this.#changes = changes;
    this.#store = builder.store({ ...step.store, kind: 'session' });
    this.#progress = builder.progress(step.store.name);
    this.#final = step.emit === 'FINAL';
    if (!this.#final) return;
    for (const entry of this.#store.scan()) if (entry.windowEnd > this.#progress.closedUntil) this.#opened(entry);
  }

  stream(record: StreamRecord): void {
    const { key, row, timestamp } = record;
    if (row === null) return;
    if (isNullKey(key)) {
      this.#builder.context.report('null-key', this.#step.id, 'the record has no key');
      return;
    }
    const { gapMs, graceMs, retentionMs } = this.#window;
    const progress = this.#progress;
    const advanced = timestamp > progress.streamTime;
    if (advanced) progress.streamTime = timestamp;
    const closed = progress.streamTime - graceMs - gapMs;
    const oldest = progress.streamTime - retentionMs;

    const neighbours = this.#store.find(key, Math.max(timestamp - gapMs, oldest), timestamp + gapMs);
    let start = timestamp;
    let end = timestamp;
    for (const session of neighbours) {
      if (session.windowStart < start) start = session.windowStart;
      if (session.windowEnd > end) end = session.windowEnd;
    }
    if (end < closed) {
      this.#builder.context.report('late', this.#step.id, `the session [${start}, ${end}] is closed`);
    } else {
      this.#add(key, row, timestamp, start, end, neighbours);
    }

    if (!advanced) return;
    if (this.#final) this.#close(closed);
    this.#store.expire(oldest);
  }

  lookup(key: Row, window: Window | null): TableRow | null {
    if (window === null) return null;
    return this.#changes.view(sessionIn(this.#store, key, window.start, window.end));
  }

  shown(key: Row, window: Window | null): TableRow | null {
    return window === null ? null : this.#changes.viewShown(sessionIn(this.#store, key, window.start, window.end));
  }

  flush(): void {
    this.#changes.flush((entry) => this.#store.put(entry));
    this.#progress.save();
  }

  #add(key: Row, row: Row, timestamp: number, start: number, end: number, merged: readonly StateEntry[]): void {
    const only = merged.length === 1 ? merged[0]! : null;
    if (only !== null && start === timestamp && end === timestamp) {
      // The bounds are those of a session of one instant: it is updated as it stands.
      this.#changes.touch(only, false);
      this.#calls.add(only.row, row);
      this.#emit(only);
      return;
    }
    let state: Row | null = null;
    let known = false;
    for (const session of merged) {
      if (session.windowStart === start && session.windowEnd === end) known = true;
      // The states are taken over by the merged session, and a tombstone shows no state.
      if (!this.#final) this.#changes.removed(session, session.windowEnd);
      this.#store.delete(key, session.windowStart, session.windowEnd);
      if (state === null) state = session.row;
      else this.#calls.merge(state, session.row);
    }
    const entry = this.#store.set(key, start, end, state ?? this.#calls.initial(), end);
    this.#changes.touch(entry, true);
    this.#calls.add(entry.row, row);
    if (this.#final && !known) this.#opened(entry);
    this.#emit(entry);
  }

  #emit(entry: StateEntry): void {
    if (!this.#final) this.#changes.changed(entry);
    this.#store.put(entry);
  }

  #opened(entry: StateEntry): void {
    this.#open.push({ key: entry.key, start: entry.windowStart, end: entry.windowEnd });
    if (entry.windowEnd < this.#earliestEnd) this.#earliestEnd = entry.windowEnd;
  }

  /** Emits the sessions that end before `closed`, by their ends. */
  #close(closed: number): void {
    if (this.#earliestEnd >= closed) return;
    const ready: OpenSession[] = [];
    const open: OpenSession[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const session of this.#open) {
      if (session.end < closed) {
        ready.push(session);
      } else {
        open.push(session);
        if (session.end < earliest) earliest = session.end;
      }
    }
    this.#open = open;
    this.#earliestEnd = earliest;
    this.#progress.closedUntil = closed - 1;
    ready.sort((a, b) => a.end - b.end || a.start - b.start);
    for (const { key, start, end } of ready) {
      const entry = sessionIn(this.#store, key, start, end);
      if (entry === null) continue;
      this.#changes.emitFinal(entry);
      this.#store.put(entry);
    }
  }
}

/** Builds the aggregate of SESSION windows. */
export function sessionAggregate(
  step: AggregateStep,
  window: SessionPlan,
  builder: OperatorBuilder,
  calls: AggregateCalls,
  changes: AggregateChanges,
): TableView {
  const operator = new SessionAggregate(step, window, builder, calls, changes);
  builder.stream(step.input, operator);
  builder.beforeCommit(() => operator.flush());
  return operator;
}
