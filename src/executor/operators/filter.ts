import type { StreamRecord, TableChange, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { StreamFilterStep, TableFilterStep } from '../../planner/physical/physical-plan.js';
import type { BeforeImage, StreamOutput, TableOutput, TableRow, TableView } from './operator.js';
import type { Predicate, StepFactory } from './operator-builder.js';

/** Keeps the records whose predicate is TRUE; a null row has no TRUE. */
class StreamFilter implements StreamOutput {
  readonly #predicate: Predicate;
  readonly #output: StreamOutput;

  constructor(predicate: Predicate, output: StreamOutput) {
    this.#predicate = predicate;
    this.#output = output;
  }

  stream(record: StreamRecord): void {
    if (record.row !== null && this.#predicate(record.row)) this.#output.stream(record);
  }
}

/** A row that stops matching becomes a tombstone; one that never matched is not seen. */
class TableFilter implements TableOutput, TableView {
  readonly #predicate: Predicate;
  /** For rows that have been judged before: a failure has been reported then. */
  readonly #predicateAgain: Predicate;
  readonly #output: TableOutput;
  #input: TableView | null = null;
  readonly #passed: TableChange = { key: [], before: null, after: null, timestamp: 0, window: null, headers: [] };

  constructor(predicate: Predicate, predicateAgain: Predicate, output: TableOutput) {
    this.#predicate = predicate;
    this.#predicateAgain = predicateAgain;
    this.#output = output;
  }

  connect(input: TableView): void {
    this.#input = input;
  }

  change(change: TableChange): void {
    const before = change.before !== null && this.#predicateAgain(change.before) ? change.before : null;
    const after = change.after !== null && this.#predicate(change.after) ? change.after : null;
    if (before === null && after === null) return;
    const passed = this.#passed;
    passed.key = change.key;
    passed.before = before;
    passed.after = after;
    passed.timestamp = change.timestamp;
    passed.window = change.window;
    passed.headers = change.headers;
    this.#output.change(passed);
  }

  lookup(key: Row, window: Window | null): TableRow | null {
    return this.#kept(this.#input!.lookup(key, window));
  }

  shown(key: Row, window: Window | null): TableRow | null {
    return this.#kept(this.#input!.shown(key, window));
  }

  #kept(found: TableRow | null): TableRow | null {
    return found !== null && this.#predicateAgain(found.row) ? found : null;
  }
}

const NOBODY: TableOutput = { change: () => {} };

export const streamFilter: StepFactory<StreamFilterStep> = {
  stream(step, output, builder) {
    builder.stream(step.input, new StreamFilter(builder.predicate(step.predicate, step.id), output));
  },
};

export const tableFilter: StepFactory<TableFilterStep> = {
  table(step, output, _before: BeforeImage, builder) {
    const filter = new TableFilter(
      builder.predicate(step.predicate, step.id),
      builder.predicate(step.predicate, null),
      output ?? NOBODY,
    );
    filter.connect(builder.table(step.input, output === null ? null : filter, 'row'));
    return filter;
  },
};
