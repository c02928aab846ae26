import type { RecordErrorReason } from '../../model/errors.js';
import type { RecordHeader, StreamRecord, TableChange } from '../../model/record.js';
import type { EvaluationContext } from '../../functions/define.js';

/** Takes stream records. The record is borrowed: a receiver that keeps one copies it. */
export interface StreamOutput {
  stream(record: StreamRecord): void;
}

/** Takes table changes. The change is borrowed. */
export interface TableOutput {
  change(change: TableChange): void;
}

/** Where one record went wrong. */
export interface RecordErrorReport {
  readonly reason: RecordErrorReason;
  /** Path of the step: `KsqlTopic/Source`, `Project`. */
  readonly step: string;
  readonly message: string;
  readonly target: 'key' | 'value' | null;
  readonly topic: string | null;
  readonly partition: number;
  readonly offset: number;
}

/** Everything an operator may ask for. One a task. */
export interface OperatorContext {
  readonly evaluation: EvaluationContext;
  /** Counts a record error and sends it to the processing log. Position is that of the record in work. */
  report(reason: RecordErrorReason, step: string, message: string, target?: 'key' | 'value'): void;
  /** Greatest event time this task has seen, in ms; -1 before the first record. */
  streamTime(): number;
  /** False: every update of a table goes on at once. True: a key goes on once a commit. */
  readonly caching: boolean;
}

/** Where a pipeline's results go. Bytes are owned by the receiver's buffers; see `task/output-buffer.ts`. */
export interface PipelineSink {
  /** The result of a transient query: a row, or a tombstone (table results) with the key columns set. Borrowed. */
  row?(record: { readonly row: readonly unknown[]; readonly tombstone: boolean; readonly timestamp: number }): void;
}

export type { RecordHeader };
