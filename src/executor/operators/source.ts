import type { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import { assert } from '../../model/errors.js';
import type { RecordHeader, StreamRecord, TableChange, Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { StreamSourceStep, TableSourceStep } from '../../planner/physical/physical-plan.js';
import { BatchWalk } from './batch-walk.js';
import { eventTimeReader } from './event-time.js';
import { isNullKey, NO_HEADERS, NO_VIEW, type StreamOutput, type TableOutput } from './operator.js';
import type { OperatorBuilder, StepFactory } from './operator-builder.js';
import { SourceReader } from './source-reader.js';
import { StoredTable } from './stored-table.js';

class StreamSource extends BatchWalk {
  readonly #reader: SourceReader;
  readonly #output: StreamOutput;
  readonly #record: StreamRecord = { key: [], row: null, timestamp: 0, window: null, headers: NO_HEADERS };

  constructor(reader: SourceReader, output: StreamOutput) {
    super();
    this.#reader = reader;
    this.#output = output;
  }

  process(cursor: RecordBatchCursor): void {
    const reader = this.#reader;
    if (!reader.read(cursor)) return;
    const record = this.#record;
    record.key = reader.key;
    record.row = reader.row;
    record.timestamp = reader.timestamp;
    record.window = reader.window;
    record.headers = reader.headers;
    this.#output.stream(record);
  }
}

/** Hands upserts and deletes on as they come; whoever lies above keeps the rows. */
class PassedOn implements Pick<StoredTable, 'update' | 'expire'> {
  readonly #output: TableOutput;
  readonly #change: TableChange = { key: [], before: null, after: null, timestamp: 0, window: null, headers: [] };

  constructor(output: TableOutput) {
    this.#output = output;
  }

  update(key: Row, window: Window | null, row: Row | null, timestamp: number, headers: readonly RecordHeader[]): void {
    const change = this.#change;
    change.key = key;
    change.after = row;
    change.timestamp = timestamp;
    change.window = window;
    change.headers = headers;
    this.#output.change(change);
  }

  expire(): void {}
}

class TableSource extends BatchWalk {
  readonly #step: TableSourceStep;
  readonly #reader: SourceReader;
  readonly #builder: OperatorBuilder;
  readonly #table: Pick<StoredTable, 'update' | 'expire'>;

  constructor(
    step: TableSourceStep,
    reader: SourceReader,
    builder: OperatorBuilder,
    table: Pick<StoredTable, 'update' | 'expire'>,
  ) {
    super();
    this.#step = step;
    this.#reader = reader;
    this.#builder = builder;
    this.#table = table;
  }

  process(cursor: RecordBatchCursor): void {
    const reader = this.#reader;
    if (!reader.read(cursor)) return;
    const { context } = this.#builder;
    if (isNullKey(reader.key)) {
      context.report('null-key', this.#step.id, 'the record of a table has no key');
      return;
    }
    this.#table.update(reader.key, reader.window, reader.row, reader.timestamp, reader.headers);
    this.#table.expire(context.time);
  }
}

export const streamSource: StepFactory<StreamSourceStep> = {
  stream(step, output, builder) {
    builder.source(
      step.topic,
      new StreamSource(new SourceReader(step, builder), output),
      eventTimeReader(step, builder),
    );
  },
};

export const tableSource: StepFactory<TableSourceStep> = {
  table(step, output, before, builder) {
    const { store } = step;
    const stored = store === undefined ? null : new StoredTable(step.schema, store, builder, output, before);
    assert(stored !== null || (output !== null && before === 'none'), 'rows that nobody keeps are handed on');
    const table = stored ?? new PassedOn(output!);
    builder.source(
      step.topic,
      new TableSource(step, new SourceReader(step, builder), builder, table),
      eventTimeReader(step, builder),
    );
    return stored ?? NO_VIEW;
  },
};
