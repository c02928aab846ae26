import type { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import type { ByteSink, Deserializer } from '../../formats/format.js';
import { RecordError } from '../../model/errors.js';
import type { RecordHeader, StreamRecord, TableChange, Window } from '../../model/record.js';
import type { Column } from '../../model/schema.js';
import type { Row } from '../../model/value.js';
import { type RepartitionStep, repartitionColumns } from '../../planner/physical/physical-plan.js';
import type { TopicOutput } from '../task/output-buffer.js';
import { BatchWalk } from './batch-walk.js';
import { formatOf } from './formats.js';
import { WindowReader, writeWindow } from './key-window.js';
import { NO_HEADERS, NO_VIEW, type StreamOutput, type TableOutput } from './operator.js';
import type { OperatorBuilder, StepFactory } from './operator-builder.js';
import { type RowWriter, rowWriter } from './row-writer.js';

/*
 * The value of a repartition topic begins with a byte of flags, which tell a row apart that the format writes as nothing. The row of a stream record follows it; of a table change
 * follows each image that there is, behind the length of its encoding, 4 bytes. A null row is a null value.
 */
const HAS_BEFORE = 1;
const HAS_AFTER = 2;
const HAS_COLUMNS = 4;

/** Where rows are in the value of a repartitioned record: `visit` hears the bounds of each. */
export function visitRows(
  bytes: Buffer,
  start: number,
  end: number,
  changes: boolean,
  visit: (start: number, end: number) => void,
): void {
  if (!changes) {
    visit(start + 1, end);
    return;
  }
  for (let at = start + 1; at + 4 <= end; ) {
    const length = Math.max(bytes.readInt32BE(at), 0);
    visit(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

/** The columns of the two halves of a repartitioned record. */
class Layout {
  readonly keys: readonly Column[];
  readonly values: readonly Column[];
  readonly step: RepartitionStep;

  constructor(step: RepartitionStep) {
    this.step = step;
    const { keys, values } = repartitionColumns(step);
    this.keys = keys;
    this.values = values;
  }

  get keyPositions(): number[] {
    return this.keys.map((_, i) => i);
  }

  get valuePositions(): number[] {
    return this.values.map((_, i) => this.keys.length + i);
  }
}

/** Writes what comes from below to the topic. */
class RepartitionWriter implements StreamOutput, TableOutput {
  readonly #layout: Layout;
  readonly #builder: OperatorBuilder;
  readonly #topic: TopicOutput;
  readonly #writeKey: RowWriter;
  readonly #writeValue: RowWriter;
  /** Whether a record is in progress. */
  #begun = false;

  constructor(layout: Layout, builder: OperatorBuilder) {
    const { step } = layout;
    this.#layout = layout;
    this.#builder = builder;
    this.#topic = builder.topic(step.topic);
    const keys = formatOf(step.keyFormat).serializer(step.keyFormat, layout.keys, 'key');
    const values = formatOf(step.valueFormat).serializer(step.valueFormat, layout.values, 'value');
    this.#writeKey = rowWriter(keys, layout.keyPositions);
    this.#writeValue = rowWriter(values, layout.valuePositions);
  }

  stream(record: StreamRecord): void {
    const { row } = record;
    try {
      const sink = this.#begin(record.key, record.window, record.timestamp);
      if (row !== null) {
        const at = flagsAt(sink);
        const hasColumns = this.#writeValue(sink, row);
        sink.bytes[at] = hasColumns ? HAS_COLUMNS : 0;
      }
      this.#end(row === null, record.headers);
    } catch (error) {
      this.#failed(error);
    }
  }

  change(change: TableChange): void {
    const { before, after } = change;
    try {
      const sink = this.#begin(change.key, change.window, change.timestamp);
      const at = flagsAt(sink);
      sink.bytes[at] = (before === null ? 0 : HAS_BEFORE) | (after === null ? 0 : HAS_AFTER);
      if (before !== null) this.#framed(sink, before);
      if (after !== null) this.#framed(sink, after);
      this.#end(false, change.headers);
    } catch (error) {
      this.#failed(error);
    }
  }

  #begin(key: Row, window: Window | null, timestamp: number): ByteSink {
    const topic = this.#topic;
    const { keyWindow } = this.#layout.step;
    topic.key.reset();
    const hasKey = this.#writeKey(topic.key, key);
    const boundsAt = topic.key.position;
    if (hasKey && keyWindow !== undefined) writeWindow(topic.key, keyWindow, window);
    const sink = topic.begin(timestamp, !hasKey, boundsAt);
    this.#begun = true;
    return sink;
  }

  #end(isNull: boolean, headers: readonly RecordHeader[]): void {
    this.#topic.end(isNull, headers);
    this.#begun = false;
  }

  #failed(error: unknown): void {
    if (this.#begun) this.#topic.abandon();
    this.#begun = false;
    if (!(error instanceof RecordError)) throw error;
    this.#builder.context.report(error.reason, this.#layout.step.id, error.message, error.target);
  }

  #framed(sink: ByteSink, row: Row): void {
    const at = sink.position;
    sink.reserve(4);
    sink.position += 4;
    const start = sink.position;
    const hasValue = this.#writeValue(sink, row);
    sink.bytes.writeInt32BE(hasValue ? sink.position - start : -1, at);
  }
}

/** Leaves room for the flags; returns where. */
function flagsAt(sink: ByteSink): number {
  sink.reserve(1);
  return sink.position++;
}

/** Reads the topic back and hands its records to what lies above. */
class RepartitionReader extends BatchWalk {
  readonly #layout: Layout;
  readonly #builder: OperatorBuilder;
  readonly #keys: Deserializer;
  readonly #values: Deserializer;
  readonly #windows: WindowReader;
  readonly #handle: (reader: RepartitionReader, cursor: RecordBatchCursor) => void;
  readonly #key: Row = [];
  #window: Window | null = null;

  constructor(
    layout: Layout,
    builder: OperatorBuilder,
    handle: (reader: RepartitionReader, cursor: RecordBatchCursor) => void,
  ) {
    super();
    const { step } = layout;
    this.#layout = layout;
    this.#builder = builder;
    this.#windows = new WindowReader(step.keyWindow ?? null);
    this.#keys = formatOf(step.keyFormat).deserializer(
      step.keyFormat,
      layout.keys,
      layout.keyPositions,
      'key',
      builder.schemas,
    );
    this.#values = formatOf(step.valueFormat).deserializer(
      step.valueFormat,
      layout.values,
      layout.values.map((_, i) => i),
      'value',
      builder.schemas,
    );
    this.#handle = handle;
  }

  process(cursor: RecordBatchCursor): void {
    const { context } = this.#builder;
    if (cursor.timestamp > context.time) context.time = cursor.timestamp;
    try {
      this.#handle(this, cursor);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      context.report(error.reason, this.#layout.step.id, error.message, error.target);
    }
  }

  key(cursor: RecordBatchCursor): Row {
    const key = this.#key;
    const { keys } = this.#layout;
    const windows = this.#windows;
    let hasKey = false;
    this.#window = null;
    if (cursor.keyStart >= 0) {
      const end = windows.startOf(cursor.keyStart, cursor.keyEnd);
      hasKey = this.#keys.scan(cursor.bytes, cursor.keyStart, end);
      if (hasKey && windows.bytes > 0) this.#window = windows.read(cursor.bytes, end);
    }
    for (let i = 0; i < keys.length; i++) key[i] = hasKey ? this.#keys.read[i]!() : null;
    return key;
  }

  /** The window of the last key. */
  get window(): Window | null {
    return this.#window;
  }

  /** The row with the key of the last call and the values in `bytes[start, end)`; all null when `end` lies before `start`. */
  row(output: Row, bytes: Buffer, start: number, end: number): Row {
    const keyCount = this.#layout.keys.length;
    const { read } = this.#values;
    for (let i = 0; i < keyCount; i++) output[i] = this.#key[i]!;
    const hasValues = end >= start && this.#values.scan(bytes, start, end);
    for (let i = 0; i < read.length; i++) output[keyCount + i] = hasValues ? read[i]!() : null;
    return output;
  }
}

function streamReader(layout: Layout, output: StreamOutput, builder: OperatorBuilder): RepartitionReader {
  const row: Row = [];
  const record: StreamRecord = { key: [], row: null, timestamp: 0, window: null, headers: NO_HEADERS };
  return new RepartitionReader(layout, builder, (reader, cursor) => {
    record.key = reader.key(cursor);
    record.window = reader.window;
    record.row = null;
    if (cursor.valueStart >= 0) {
      const hasColumns = cursor.bytes[cursor.valueStart] === HAS_COLUMNS;
      record.row = reader.row(row, cursor.bytes, cursor.valueStart + 1, hasColumns ? cursor.valueEnd : -1);
    }
    record.timestamp = cursor.timestamp;
    record.headers = cursor.headers();
    output.stream(record);
  });
}

function changeReader(layout: Layout, output: TableOutput, builder: OperatorBuilder): RepartitionReader {
  const rows = { before: [] as Row, after: [] as Row };
  const change: TableChange = { key: [], before: null, after: null, timestamp: 0, window: null, headers: NO_HEADERS };
  return new RepartitionReader(layout, builder, (reader, cursor) => {
    const { bytes } = cursor;
    change.key = reader.key(cursor);
    change.window = reader.window;
    const flags = bytes[cursor.valueStart]!;
    let at = cursor.valueStart + 1;
    const image = (row: Row): Row => {
      const length = bytes.readInt32BE(at);
      const start = at + 4;
      at = start + Math.max(length, 0);
      return reader.row(row, bytes, start, start + length);
    };
    change.before = (flags & HAS_BEFORE) === 0 ? null : image(rows.before);
    change.after = (flags & HAS_AFTER) === 0 ? null : image(rows.after);
    change.timestamp = cursor.timestamp;
    change.headers = cursor.headers();
    output.change(change);
  });
}

export const repartition: StepFactory<RepartitionStep> = {
  stream(step, output, builder) {
    if (builder.repartition === 'direct') {
      builder.stream(step.input, output);
      return;
    }
    const layout = new Layout(step);
    builder.stream(step.input, new RepartitionWriter(layout, builder));
    builder.source(step.topic, streamReader(layout, output, builder), null);
  },
  table(step, output, before, builder) {
    if (builder.repartition === 'direct') {
      builder.table(step.input, output, before);
      return NO_VIEW;
    }
    const layout = new Layout(step);
    builder.table(step.input, output === null ? null : new RepartitionWriter(layout, builder), before);
    if (output !== null) builder.source(step.topic, changeReader(layout, output, builder), null);
    return NO_VIEW;
  },
};
