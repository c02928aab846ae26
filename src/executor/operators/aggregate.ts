import type { StreamRecord, TableChange, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { AggregateStep } from '../../planner/physical/physical-plan.js';
import type { StateEntry } from '../../state/state-store.js';
import { AggregateCalls } from './aggregate-calls.js';
import { AggregateChanges } from './aggregate-changes.js';
import { isNullKey, type StreamOutput, type TableOutput, type TableRow, type TableView } from './operator.js';
import type { OperatorBuilder, StepFactory } from './operator-builder.js';
import { openRowStore, type RowStore } from './row-store.js';
import { sessionAggregate } from './session-aggregate.js';
import { windowedAggregate } from './windowed-aggregate.js';

/**
 * Aggregates by key, without a WINDOW clause: stream records, or table changes with undo. Keys of a windowed source keep the
 * windows they came with.
 */
class KeyedAggregate implements StreamOutput, TableOutput, TableView {
  readonly #step: AggregateStep;
  readonly #builder: OperatorBuilder;
  readonly #store: RowStore;
  readonly #calls: AggregateCalls;
  readonly #changes: AggregateChanges;

  constructor(
    step: AggregateStep,
    builder: OperatorBuilder,
    store: RowStore,
    calls: AggregateCalls,
    changes: AggregateChanges,
  ) {
    this.#step = step;
    this.#builder = builder;
    this.#store = store;
    this.#calls = calls;
    this.#changes = changes;
  }

  stream(record: StreamRecord): void {
    const { key, row, timestamp, window } = record;
    if (row === null) return;
    if (isNullKey(key)) {
      this.#builder.context.report('null-key', this.#step.id, 'the record has no key');
      return;
    }
    const entry = this.#open(key, window, timestamp);
    this.#calls.add(entry.row, row);
    this.#changes.changed(entry);
    this.#store.put(entry);
  }

  change(change: TableChange): void {
    const { key, before, after, timestamp, window } = change;
    if (before === null && after === null) return;
    if (isNullKey(key)) {
      this.#builder.context.report('null-key', this.#step.id, 'the row has no key');
      return;
    }
    const entry = this.#open(key, window, timestamp);
    if (before !== null) this.#calls.undo(entry.row, before);
    if (after !== null) this.#calls.add(entry.row, after);
    this.#changes.changed(entry);
    this.#store.put(entry);
  }

  lookup(key: Row, window: Window | null): TableRow | null {
    return this.#changes.view(this.#store.get(key, window));
  }

  shown(key: Row, window: Window | null): TableRow | null {
    return this.#changes.viewShown(this.#store.get(key, window));
  }

  flush(): void {
    this.#changes.flush((entry) => this.#store.put(entry));
  }

  #open(key: Row, window: Window | null, timestamp: number): StateEntry {
    let entry = this.#store.get(key, window);
    if (entry === null) {
      entry = this.#store.set(key, window, this.#calls.initial(), timestamp);
      this.#changes.touch(entry, true);
    } else {
      this.#changes.touch(entry, false);
      if (timestamp > entry.timestamp) entry.timestamp = timestamp;
    }
    return entry;
  }
}

export const aggregate: StepFactory<AggregateStep> = {
  table(step, output, before, builder) {
    const calls = new AggregateCalls(step, builder);
    const caching = builder.context.caching && step.emit !== 'FINAL';
    const changes = new AggregateChanges(step, calls, output, before, caching);
    if (step.window !== null) {
      return step.window.kind === 'SESSION'
        ? sessionAggregate(step, step.window, builder, calls, changes)
        : windowedAggregate(step, step.window, builder, calls, changes);
    }
    const store = openRowStore(step.store, builder);
    const operator = new KeyedAggregate(step, builder, store, calls, changes);
    if (step.overTable) builder.table(step.input, operator, 'row');
    else builder.stream(step.input, operator);
    builder.beforeCommit(() => operator.flush());
    return operator;
  },
};
