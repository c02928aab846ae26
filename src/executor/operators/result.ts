import type { StreamRecord, TableChange, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { OutputColumn, PhysicalPlan } from '../../planner/physical/physical-plan.js';
import type { StreamOutput, TableOutput, TransientResult } from './operator.js';
import type { OperatorBuilder } from './operator-builder.js';

/** Hands the rows of a transient query to its reader, until the plan's limit is reached. A null row of a stream is no result. */
export class Result implements StreamOutput, TableOutput {
  readonly #onRow: (result: TransientResult) => void;
  readonly #builder: OperatorBuilder;
  readonly #output: readonly OutputColumn[];
  readonly #keyCount: number;
  readonly #limit: number;
  readonly #row: Row = [];
  readonly #shown = { row: this.#row, tombstone: false, timestamp: 0 };
  #rows = 0;

  constructor(plan: PhysicalPlan, onRow: (result: TransientResult) => void, builder: OperatorBuilder) {
    this.#onRow = onRow;
    this.#builder = builder;
    this.#output =
      plan.output ?? plan.schema.columns.map(({ name, type }, column) => ({ name, type, from: { column } }));
    this.#keyCount = plan.schema.columns.filter((column) => column.role === 'key').length;
    this.#limit = plan.limit ?? Number.POSITIVE_INFINITY;
  }

  /** Whether the reader has got all it asked for. */
  get complete(): boolean {
    return this.#rows >= this.#limit;
  }

  stream(record: StreamRecord): void {
    if (record.row !== null) this.#show(record.key, record.row, record.timestamp, record.window);
  }

  change(change: TableChange): void {
    this.#show(change.key, change.after, change.timestamp, change.window);
  }

  #show(key: Row, row: Row | null, timestamp: number, window: Window | null): void {
    if (this.#rows >= this.#limit) return;
    this.#rows++;
    const output = this.#output;
    for (let i = 0; i < output.length; i++) {
      const { from } = output[i]!;
      if ('window' in from) this.#row[i] = window === null ? null : window[from.window];
      else if (row !== null) this.#row[i] = row[from.column]!;
      else this.#row[i] = from.column < this.#keyCount ? key[from.column]! : null;
    }
    this.#shown.tombstone = row === null;
    this.#shown.timestamp = timestamp;
    this.#builder.context.rowsOut++;
    this.#onRow(this.#shown);
  }
}
