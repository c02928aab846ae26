import type { StreamRecord } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { StreamTableJoinStep } from '../../planner/physical/physical-plan.js';
import { JoinedRow } from './joined-row.js';
import { isNullKey, type StreamOutput, type TableView } from './operator.js';
import type { OperatorBuilder, StepFactory } from './operator-builder.js';

/** Completes stream records with the row that the table has for their key at this moment. Changes of the table emit nothing. */
class StreamTableJoin implements StreamOutput {
  readonly #step: StreamTableJoinStep;
  readonly #builder: OperatorBuilder;
  readonly #columns: JoinedRow;
  readonly #inner: boolean;
  readonly #output: StreamOutput;
  readonly #table: TableView;
  readonly #row: Row = [];
  readonly #joined: StreamRecord = { key: [], row: this.#row, timestamp: 0, window: null, headers: [] };

  constructor(step: StreamTableJoinStep, builder: OperatorBuilder, table: TableView, output: StreamOutput) {
    this.#step = step;
    this.#builder = builder;
    this.#columns = new JoinedRow(step.schema, step.columns);
    this.#inner = step.join === 'INNER';
    this.#table = table;
    this.#output = output;
  }

  stream(record: StreamRecord): void {
    const { key, row, window } = record;
    if (row === null) return;
    const nullKey = isNullKey(key);
    const found = nullKey ? null : this.#table.lookup(key, window);
    if (found === null && this.#inner) {
      if (nullKey) this.#builder.context.report('null-key', this.#step.id, 'the record has no key to join by');
      return;
    }
    this.#columns.fill(this.#row, key, row, found === null ? null : found.row);
    const joined = this.#joined;
    joined.key = key;
    joined.timestamp = record.timestamp;
    joined.window = window;
    joined.headers = record.headers;
    this.#output.stream(joined);
  }
}

export const streamTableJoin: StepFactory<StreamTableJoinStep> = {
  stream(step, output, builder) {
    const table = builder.table(step.right, null, 'none');
    builder.stream(step.left, new StreamTableJoin(step, builder, table, output));
  },
};
