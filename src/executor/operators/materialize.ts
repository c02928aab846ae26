import type { TableChange, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { MaterializeStep } from '../../planner/physical/physical-plan.js';
import { formatOf } from './formats.js';
import type { BeforeImage, TableOutput, TableRow, TableView } from './operator.js';
import type { OperatorBuilder, StepFactory } from './operator-builder.js';
import { StoredTable } from './stored-table.js';

/** Keeps the latest row of each key of a table, for those who read it and for those who want the row before a change. */
class Materialize implements TableOutput, TableView {
  readonly #table: StoredTable;
  readonly #builder: OperatorBuilder;
  readonly #readBack: ((row: Row) => Row) | null;

  constructor(step: MaterializeStep, builder: OperatorBuilder, output: TableOutput | null, before: BeforeImage) {
    this.#builder = builder;
    this.#table = new StoredTable(step.schema, step.store, builder, output, before);
    this.#readBack = readBackOf(step);
  }

  change(change: TableChange): void {
    const { after } = change;
    const row = after === null || this.#readBack === null ? after : this.#readBack(after);
    this.#table.update(change.key, change.window, row, change.timestamp, change.headers);
    this.#table.expire(this.#builder.context.time);
  }

  lookup(key: Row, window: Window | null): TableRow | null {
    return this.#table.lookup(key, window);
  }

  shown(key: Row, window: Window | null): TableRow | null {
    return this.#table.shown(key, window);
  }
}

/** The row as the step's format gives it back: one row, filled anew each time. */
function readBackOf({ schema, rowFormat }: MaterializeStep): ((row: Row) => Row) | null {
  if (rowFormat === undefined) return null;
  const format = formatOf(rowFormat);
  const columns = schema.columns.map(({ role, type }) =>
    role === 'key' ? null : (format.readBack?.(rowFormat, type) ?? null),
  );
  if (columns.every((column) => column === null)) return null;
  const read: Row = [];
  return (row) => {
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      read[i] = column === null ? row[i]! : column(row[i]!);
    }
    return read;
  };
}

/** Made before its store's hook is registered, so that the steps below flush first. */
class Forward implements TableOutput {
  target: TableOutput | null = null;

  change(change: TableChange): void {
    this.target!.change(change);
  }
}

export const materialize: StepFactory<MaterializeStep> = {
  table(step, output, before, builder) {
    const forward = new Forward();
    builder.table(step.input, forward, 'none');
    const operator = new Materialize(step, builder, output, before);
    forward.target = operator;
    return operator;
  },
};
