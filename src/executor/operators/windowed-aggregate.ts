import type { StreamRecord, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { AggregateStep, WindowPlan } from '../../planner/physical/physical-plan.js';
import type { WindowStore } from '../../state/state-store.js';
import type { AggregateCalls } from './aggregate-calls.js';
import type { AggregateChanges } from './aggregate-changes.js';
import { isNullKey, type StreamOutput, type TableRow, type TableView } from './operator.js';
import type { OperatorBuilder } from './operator-builder.js';
import type { Progress } from './progress.js';

type TimeWindowPlan = WindowPlan & { readonly kind: 'TUMBLING' | 'HOPPING' };

/**
 * The setting by which FINAL loses the windows that are no longer in the store when stream time jumps over several closes at once,
 * as ksqlDB does.
 */
const DIALECT = 'millrace.dialect';

/** Aggregates by key and window of time, `[start, end)`, aligned to the epoch. */
class WindowedAggregate implements StreamOutput, TableView {
  readonly #step: AggregateStep;
  readonly #window: TimeWindowPlan;
  readonly #builder: OperatorBuilder;
  readonly #store: WindowStore;
  readonly #calls: AggregateCalls;
  readonly #changes: AggregateChanges;
  readonly #progress: Progress;
  readonly #final: boolean;
  readonly #losesJumpedWindows: boolean;
  /** The start of the newest window of the record before: a remainder of large numbers costs as much as a look-up. */
  #newest = Number.NEGATIVE_INFINITY;

  constructor(
    step: AggregateStep,
    window: TimeWindowPlan,
    builder: OperatorBuilder,
    calls: AggregateCalls,
    changes: AggregateChanges,
  ) {
    this.#step = step;
    this.#window = window;
    this.#builder = builder;
    this.#calls = calls;
    this.#changes = changes;
    this.#store = builder.store({ ...step.store, kind: 'window' });
    this.#progress = builder.progress(step.store.name);
    this.#final = step.emit === 'FINAL';
    this.#losesJumpedWindows = builder.settings[DIALECT] === 'ksqldb';
  }

  stream(record: StreamRecord): void {
    const { key, row, timestamp } = record;
    if (row === null) return;
    if (isNullKey(key)) {
      this.#builder.context.report('null-key', this.#step.id, 'the record has no key');
      return;
    }
    const { sizeMs, advanceMs, graceMs, retentionMs } = this.#window;
    const progress = this.#progress;
    const advanced = timestamp > progress.streamTime;
    if (advanced) progress.streamTime = timestamp;
    const closed = progress.streamTime - graceMs;

    let newest = this.#newest;
    if (timestamp < newest || timestamp >= newest + advanceMs) {
      newest = timestamp - (timestamp % advanceMs);
      this.#newest = newest;
    }
    let start = newest;
    while (start - advanceMs >= 0 && start - advanceMs + sizeMs > timestamp) start -= advanceMs;
    for (; start <= newest; start += advanceMs) {
      if (start + sizeMs <= timestamp) continue;
      if (start + sizeMs > closed) this.#add(key, row, start, timestamp);
      else this.#late(start);
    }

    if (!advanced) return;
    if (this.#final) this.#close(closed - sizeMs);
    this.#store.expire(progress.streamTime - retentionMs);
  }

  lookup(key: Row, window: Window | null): TableRow | null {
    return window === null ? null : this.#changes.view(this.#store.get(key, window.start));
  }

  shown(key: Row, window: Window | null): TableRow | null {
    return window === null ? null : this.#changes.viewShown(this.#store.get(key, window.start));
  }

  flush(): void {
    this.#changes.flush((entry) => this.#store.put(entry));
    this.#progress.save();
  }

  #add(key: Row, row: Row, start: number, timestamp: number): void {
    let entry = this.#store.get(key, start);
    if (entry === null) {
      entry = this.#store.set(key, start, start + this.#window.sizeMs, this.#calls.initial(), timestamp);
      this.#changes.touch(entry, true);
    } else {
      this.#changes.touch(entry, false);
      if (timestamp > entry.timestamp) entry.timestamp = timestamp;
    }
    this.#calls.add(entry.row, row);
    if (!this.#final) this.#changes.changed(entry);
    this.#store.put(entry);
  }

  /** Emits the windows that start at or before `last` and have not been emitted. */
  #close(last: number): void {
    const aligned = last - (last % this.#window.advanceMs);
    const progress = this.#progress;
    if (last < 0 || aligned <= progress.closedUntil) return;
    let from = progress.closedUntil + 1;
    if (this.#losesJumpedWindows) {
      // The time that ksqlDB's store goes by is the start of the newest window.
      const newest = progress.streamTime - (progress.streamTime % this.#window.advanceMs);
      from = Math.max(from, newest - this.#window.retentionMs);
    }
    progress.closedUntil = aligned;
    for (const entry of this.#store.fetchAll(from, aligned)) {
      this.#changes.emitFinal(entry);
      this.#store.put(entry);
    }
  }

  #late(start: number): void {
    const end = start + this.#window.sizeMs;
    this.#builder.context.report('late', this.#step.id, `the window [${start}, ${end}) is closed`);
  }
}

/** Builds the aggregate of TUMBLING and HOPPING windows. */
export function windowedAggregate(
  step: AggregateStep,
  window: TimeWindowPlan,
  builder: OperatorBuilder,
  calls: AggregateCalls,
  changes: AggregateChanges,
): TableView {
  const operator = new WindowedAggregate(step, window, builder, calls, changes);
  builder.stream(step.input, operator);
  builder.beforeCommit(() => operator.flush());
  return operator;
}
