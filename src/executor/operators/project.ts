import type { StreamRecord, TableChange, Window } from '../../model/record.js';
import { keyColumns } from '../../model/schema.js';
import type { Row } from '../../model/value.js';
import type { StreamProjectStep, TableProjectStep } from '../../planner/physical/physical-plan.js';
import {
  type BeforeImage,
  SOME_ROW,
  type StreamOutput,
  type TableOutput,
  type TableRow,
  type TableView,
} from './operator.js';
import type { Evaluator, OperatorBuilder, StepFactory } from './operator-builder.js';

/** Computes rows of one expression a column; the leading key columns only rename or reorder the key below. */
class Projection {
  readonly keys: readonly Evaluator[];
  readonly #evaluators: readonly Evaluator[];
  /** A row that has nothing but key columns. */
  readonly #keyRow: Row;

  constructor(step: StreamProjectStep | TableProjectStep, builder: OperatorBuilder) {
    this.#evaluators = step.expressions.map((expression, i) =>
      builder.evaluator(expression, step.id, step.schema.columns[i]!.name),
    );
    this.keys = this.#evaluators.slice(0, keyColumns(step.schema).length);
    this.#keyRow = new Array(step.input.schema.columns.length).fill(null) as Row;
  }

  row(input: Row, output: Row): Row {
    const evaluators = this.#evaluators;
    for (let i = 0; i < evaluators.length; i++) output[i] = evaluators[i]!(input);
    return output;
  }

  key(input: Row, output: Row): Row {
    const row = this.#keyRow;
    for (let i = 0; i < input.length; i++) row[i] = input[i]!;
    for (let i = 0; i < this.keys.length; i++) output[i] = this.keys[i]!(row);
    return output;
  }
}

class StreamProject implements StreamOutput {
  readonly #projection: Projection;
  readonly #output: StreamOutput;
  readonly #row: Row = [];
  readonly #projected: StreamRecord = { key: [], row: null, timestamp: 0, window: null, headers: [] };

  constructor(projection: Projection, output: StreamOutput) {
    this.#projection = projection;
    this.#output = output;
  }

  stream(record: StreamRecord): void {
    const projected = this.#projected;
    if (record.row === null) {
      projected.row = null;
      this.#projection.key(record.key, projected.key);
    } else {
      const row = this.#projection.row(record.row, this.#row);
      projected.row = row;
      for (let i = 0; i < this.#projection.keys.length; i++) projected.key[i] = row[i]!;
    }
    projected.timestamp = record.timestamp;
    projected.window = record.window;
    projected.headers = record.headers;
    this.#output.stream(projected);
  }
}

class TableProject implements TableOutput, TableView {
  readonly #projection: Projection;
  readonly #output: TableOutput | null;
  readonly #before: BeforeImage;
  readonly #restoreKey: (key: Row) => Row;
  #input: TableView | null = null;
  readonly #beforeRow: Row = [];
  readonly #afterRow: Row = [];
  readonly #projected: TableChange = { key: [], before: null, after: null, timestamp: 0, window: null, headers: [] };
  readonly #found: { row: Row; timestamp: number } = { row: [], timestamp: 0 };

  constructor(projection: Projection, output: TableOutput | null, before: BeforeImage, restoreKey: (key: Row) => Row) {
    this.#projection = projection;
    this.#output = output;
    this.#before = before;
    this.#restoreKey = restoreKey;
  }

  connect(input: TableView): void {
    this.#input = input;
  }

  change(change: TableChange): void {
    const projected = this.#projected;
    const projection = this.#projection;
    projected.before =
      change.before === null
        ? null
        : this.#before === 'row'
          ? projection.row(change.before, this.#beforeRow)
          : SOME_ROW;
    projected.after = change.after === null ? null : projection.row(change.after, this.#afterRow);
    projection.key(change.key, projected.key);
    projected.timestamp = change.timestamp;
    projected.window = change.window;
    projected.headers = change.headers;
    this.#output?.change(projected);
  }

  lookup(key: Row, window: Window | null): TableRow | null {
    return this.#view(this.#input!.lookup(this.#restoreKey(key), window));
  }

  shown(key: Row, window: Window | null): TableRow | null {
    return this.#view(this.#input!.shown(this.#restoreKey(key), window));
  }

  #view(found: TableRow | null): TableRow | null {
    if (found === null) return null;
    this.#found.row = this.#projection.row(found.row, this.#found.row);
    this.#found.timestamp = found.timestamp;
    return this.#found;
  }
}

/** From a projected key to the key below it: a key projection renames and reorders, so it can be turned round. */
function keyRestorer(step: TableProjectStep): (key: Row) => Row {
  const keyCount = keyColumns(step.input.schema).length;
  const positions: number[] = [];
  for (let column = 0; column < keyCount; column++) {
    const at = step.expressions.findIndex((e) => e.kind === 'column' && e.index === column);
    positions.push(at === -1 ? column : at);
  }
  if (positions.every((position, column) => position === column)) return (key) => key;
  const restored: Row = [];
  return (key) => {
    for (let i = 0; i < keyCount; i++) restored[i] = key[positions[i]!]!;
    return restored;
  };
}

export const streamProject: StepFactory<StreamProjectStep> = {
  stream(step, output, builder) {
    builder.stream(step.input, new StreamProject(new Projection(step, builder), output));
  },
};

export const tableProject: StepFactory<TableProjectStep> = {
  table(step, output, before, builder) {
    const project = new TableProject(new Projection(step, builder), output, before, keyRestorer(step));
    project.connect(builder.table(step.input, output === null ? null : project, before));
    return project;
  },
};
