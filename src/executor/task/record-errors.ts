import type { EvaluationContext } from '../../functions/define.js';
import type { RecordErrorReason } from '../../model/errors.js';
import type { OperatorContext, RecordErrorReport } from '../operators/operator.js';

/** Where the record in work came from: a batch cursor, as far as error reports go. */
export interface RecordPlace {
  readonly offset: number;
}

const NOWHERE: RecordPlace = { offset: -1 };

/** What a task's operators share: stream time, and the count of what went wrong. */
export class TaskContext implements OperatorContext {
  readonly evaluation: EvaluationContext;
  readonly caching: boolean;
  /** Greatest event time seen, in ms; sources raise it. */
  time = -1;
  /** Records and rows handed to the sink or the reader. */
  rowsOut = 0;
  readonly #partition: number;
  readonly #onError: (report: RecordErrorReport) => void;
  readonly #counts = new Map<RecordErrorReason, number>();
  #topic: string | null = null;
  #place: RecordPlace = NOWHERE;

  constructor(
    evaluation: EvaluationContext,
    caching: boolean,
    partition: number,
    onError: (report: RecordErrorReport) => void,
  ) {
    this.evaluation = evaluation;
    this.caching = caching;
    this.#partition = partition;
    this.#onError = onError;
  }

  streamTime(): number {
    return this.time;
  }

  /** Reports that follow are about the record that `place` stands at. */
  workOn(topic: string, place: RecordPlace): void {
    this.#topic = topic;
    this.#place = place;
  }

  /** Reports that follow are about no record: what caching held back is being emitted. */
  workOnNothing(): void {
    this.#topic = null;
    this.#place = NOWHERE;
  }

  report(reason: RecordErrorReason, step: string, message: string, target?: 'key' | 'value'): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#onError({
      reason,
      step,
      message,
      target: target ?? null,
      topic: this.#topic,
      partition: this.#partition,
      offset: this.#place.offset,
    });
  }

  /** Record errors since the task began, by reason. */
  counts(): Readonly<Partial<Record<RecordErrorReason, number>>> {
    return Object.fromEntries(this.#counts);
  }
}
