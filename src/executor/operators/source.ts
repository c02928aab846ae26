import type { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import type { StreamRecord } from '../../model/record.js';
import type { StreamSourceStep, TableSourceStep } from '../../planner/physical/physical-plan.js';
import { BatchWalk } from './batch-walk.js';
import { eventTimeReader } from './event-time.js';
import { isNullKey, NO_HEADERS, type StreamOutput } from './operator.js';
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

class TableSource extends BatchWalk {
  readonly #step: TableSourceStep;
  readonly #reader: SourceReader;
  readonly #builder: OperatorBuilder;
  readonly #table: StoredTable;

  constructor(step: TableSourceStep, reader: SourceReader, builder: OperatorBuilder, table: StoredTable) {
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
    const table = new StoredTable(step.schema, step.store, builder, output, before, step.uncached !== true);
    builder.source(
      step.topic,
      new TableSource(step, new SourceReader(step, builder), builder, table),
      eventTimeReader(step, builder),
    );
    return table;
  },
};
