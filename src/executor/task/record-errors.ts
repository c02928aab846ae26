import type { EvaluationContext } from '../../functions/define.js';
import { type RecordErrorReason, SystemError } from '../../model/errors.js';
import type { RecordErrorReport } from '../operators/operator.js';

/** Where the record in work came from: a batch cursor, as far as error reports go. */
export interface RecordPlace {
  readonly offset: number;
}

/** Settings by which a record error ends the query instead of costing the record. */
const FATAL_SETTINGS: Readonly<Record<string, RecordErrorReason>> = {
  'ksql.fail.on.deserialization.error': 'deserialization',
  'ksql.timestamp.throw.on.invalid': 'timestamp',
};

const NOWHERE: RecordPlace = { offset: -1 };

/** How ksqlDB begins the message of a query that such a record stopped. */
const FATAL_PREFIX: Partial<Readonly<Record<RecordErrorReason, string>>> = {
  timestamp: 'Fatal user code error in TimestampExtractor callback for record: ',
};

/** What a task's operators share: stream time, and the count of what went wrong. */
export class TaskContext {
  readonly evaluation: EvaluationContext;
  /** False: every update of a table goes on at once. True: a key goes on once a commit. */
  readonly caching: boolean;
  /** Stream time: the greatest event time this task has seen, in ms; -1 before the first record. Sources raise it. */
  time = -1;
  /** Records and rows handed to the sink or the reader. */
  rowsOut = 0;
  readonly #partition: number;
  readonly #onError: (report: RecordErrorReport) => void;
  readonly #fatal: ReadonlySet<RecordErrorReason>;
  readonly #counts = new Map<RecordErrorReason, number>();
  #topic: string | null = null;
  #place: RecordPlace = NOWHERE;

  constructor(
    evaluation: EvaluationContext,
    caching: boolean,
    partition: number,
    onError: (report: RecordErrorReport) => void,
    settings: Readonly<Record<string, string>>,
  ) {
    this.evaluation = evaluation;
    this.caching = caching;
    this.#partition = partition;
    this.#onError = onError;
    const fatal = Object.entries(FATAL_SETTINGS).filter(([name]) => settings[name]?.toLowerCase() === 'true');
    this.#fatal = new Set(fatal.map(([, reason]) => reason));
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

  /**
   * Counts a record error and sends it to the processing log, with the place of the record in work.
   * @throws SystemError when a setting of the query says that an error of this kind ends it
   */
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
    if (this.#fatal.has(reason)) {
      throw new SystemError(
        `${FATAL_PREFIX[reason] ?? ''}${message} (${this.#topic ?? step}, partition ${this.#partition}, offset ${this.#place.offset})`,
        {
          code: `record-${reason}`,
          hint: 'The query is set to stop at such records; see ksql.fail.on.deserialization.error and ksql.timestamp.throw.on.invalid.',
        },
      );
    }
  }

  /** Record errors since the task began, by reason. */
  counts(): Readonly<Partial<Record<RecordErrorReason, number>>> {
    return Object.fromEntries(this.#counts);
  }
}
