import type { TableChange, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { TableTableJoinStep } from '../../planner/physical/physical-plan.js';
import { JoinedRow } from './joined-row.js';
import { type BeforeImage, SOME_ROW, type TableOutput, type TableRow, type TableView } from './operator.js';
import type { StepFactory } from './operator-builder.js';

/**
 * Joins two tables on their keys. A change of either side is joined with the other side as it stands; which side must be
 * there for a row to exist is told by the kind of join.
 */
class TableTableJoin implements TableView {
  readonly left: TableOutput = { change: (change) => this.#change(change, true) };
  readonly right: TableOutput = { change: (change) => this.#change(change, false) };
  readonly #columns: JoinedRow;
  readonly #leftRequired: boolean;
  readonly #rightRequired: boolean;
  readonly #before: BeforeImage;
  readonly #output: TableOutput | null;
  #leftView: TableView | null = null;
  #rightView: TableView | null = null;
  readonly #beforeRow: Row = [];
  readonly #afterRow: Row = [];
  readonly #joined: TableChange = { key: [], before: null, after: null, timestamp: 0, window: null, headers: [] };
  readonly #found: { row: Row; timestamp: number } = { row: [], timestamp: 0 };

  constructor(step: TableTableJoinStep, output: TableOutput | null, before: BeforeImage) {
    this.#columns = new JoinedRow(step.schema, step.columns);
    this.#leftRequired = step.join === 'INNER' || step.join === 'LEFT';
    this.#rightRequired = step.join === 'INNER' || step.join === 'RIGHT';
    this.#output = output;
    this.#before = before;
  }

  connect(left: TableView, right: TableView): void {
    this.#leftView = left;
    this.#rightView = right;
  }

  lookup(key: Row, window: Window | null): TableRow | null {
    return this.#view(key, this.#leftView!.lookup(key, window), this.#rightView!.lookup(key, window));
  }

  shown(key: Row, window: Window | null): TableRow | null {
    return this.#view(key, this.#leftView!.shown(key, window), this.#rightView!.shown(key, window));
  }

  #view(key: Row, left: TableRow | null, right: TableRow | null): TableRow | null {
    if (left === null && this.#leftRequired) return null;
    if (right === null && (this.#rightRequired || left === null)) return null;
    this.#columns.fill(this.#found.row, key, left === null ? null : left.row, right === null ? null : right.row);
    this.#found.timestamp = Math.max(left === null ? -1 : left.timestamp, right === null ? -1 : right.timestamp);
    return this.#found;
  }

  #change(change: TableChange, fromLeft: boolean): void {
    if (this.#output === null) return;
    const { key, before, after, window, timestamp } = change;
    const other = (fromLeft ? this.#rightView! : this.#leftView!).shown(key, window);
    const thisRequired = fromLeft ? this.#leftRequired : this.#rightRequired;
    if (other === null) {
      const otherRequired = fromLeft ? this.#rightRequired : this.#leftRequired;
      if (otherRequired || (before === null && after === null)) return;
    }
    const otherRow = other === null ? null : other.row;
    const joined = this.#joined;
    joined.key = key;
    joined.before = null;
    if (before !== null || (otherRow !== null && !thisRequired)) {
      joined.before = this.#before === 'row' ? this.#join(this.#beforeRow, key, before, otherRow, fromLeft) : SOME_ROW;
    }
    joined.after = null;
    if (after !== null || (otherRow !== null && !thisRequired)) {
      joined.after = this.#join(this.#afterRow, key, after, otherRow, fromLeft);
    }
    joined.timestamp = other === null ? timestamp : Math.max(timestamp, other.timestamp);
    joined.window = window;
    joined.headers = change.headers;
    this.#output.change(joined);
  }

  #join(row: Row, key: Row, own: Row | null, other: Row | null, fromLeft: boolean): Row {
    return fromLeft ? this.#columns.fill(row, key, own, other) : this.#columns.fill(row, key, other, own);
  }
}

export const tableTableJoin: StepFactory<TableTableJoinStep> = {
  table(step, output, before, builder) {
    const join = new TableTableJoin(step, output, before);
    // Whether there was a row decides whether a tombstone is due, even where nobody wants the row before. With caching each side
    // sees what the other has shown.
    const wanted = before === 'row' || builder.context.caching ? 'row' : 'presence';
    const left = builder.table(step.left, output === null ? null : join.left, wanted);
    join.connect(left, builder.table(step.right, output === null ? null : join.right, wanted));
    return join;
  },
};
