import type { Position, StoredBatch } from '../../broker/broker.js';
import { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import { assert } from '../../model/errors.js';
import { BatchWalk } from '../operators/batch-walk.js';
import type { EventTimeReader } from '../operators/event-time.js';
import type { InputCursor, RecordSource } from '../operators/operator-builder.js';
import type { TaskContext } from './record-errors.js';
import type { SchemaGate } from './schema-gate.js';
import type { Task } from './task.js';

/** A topic with those who read it. */
export interface TaskInput {
  readonly topic: string;
  readonly sources: readonly RecordSource[];
  /** Tells the time of a record that waits; null when it is the record's own. */
  readonly eventTime: EventTimeReader | null;
  /** Null when records name no schemas. */
  readonly gate: SchemaGate | null;
}

export interface TaskParts {
  readonly queryId: string;
  readonly partition: number;
  readonly inputs: readonly TaskInput[];
  readonly context: TaskContext;
  /** What emits held-back changes, in order. */
  readonly hooks: readonly (() => void)[];
  /** Whether a transient query has got all it asked for. */
  readonly complete: () => boolean;
}

/** The task that `buildPipeline` makes: queues of batches in front of the connected operators. */
export class PipelineTask implements Task {
  readonly queryId: string;
  readonly partition: number;
  readonly inputs: readonly string[];
  readonly #queues: readonly InputQueue[];
  readonly #context: TaskContext;
  readonly #hooks: readonly (() => void)[];
  readonly #complete: () => boolean;
  /** Whether an input may have to wait for schemas. */
  readonly #gated: boolean;
  #rowsIn = 0;
  #closed = false;

  constructor(parts: TaskParts) {
    this.queryId = parts.queryId;
    this.partition = parts.partition;
    this.inputs = parts.inputs.map((input) => input.topic);
    this.#queues = parts.inputs.map((input) => new InputQueue(input));
    this.#gated = parts.inputs.some((input) => input.gate !== null);
    this.#context = parts.context;
    this.#hooks = parts.hooks;
    this.#complete = parts.complete;
  }

  fetchOffset(topic: string): number {
    return this.#queue(topic).fetchOffset;
  }

  seek(topic: string, offset: number): void {
    this.#queue(topic).seek(offset);
  }

  offer(batch: StoredBatch): void {
    assert(batch.partition === this.partition, 'a task takes batches of its own partition');
    this.#queue(batch.topic).offer(batch);
  }

  queuedBytes(topic: string): number {
    return this.#queue(topic).bytes;
  }

  headTimestamp(): number {
    let head = Number.POSITIVE_INFINITY;
    if (this.waits) return head;
    for (let i = 0; i < this.#queues.length; i++) {
      const timestamp = this.#queues[i]!.headTimestamp;
      if (timestamp < head) head = timestamp;
    }
    return head;
  }

  hasQueued(topic: string): boolean {
    const queue = this.#queue(topic);
    return queue.hasRecord || queue.waits;
  }

  get waits(): boolean {
    if (!this.#gated) return false;
    let waits = false;
    for (let i = 0; i < this.#queues.length; i++) if (this.#queues[i]!.stillWaits()) waits = true;
    return waits;
  }

  process(untilTimestamp: number, maxRecords: number): number {
    assert(!this.#closed, 'a closed task processes nothing');
    const queues = this.#queues;
    let processed = 0;
    if (this.waits) return 0;
    while (processed < maxRecords) {
      let chosen = -1;
      let head = Number.POSITIVE_INFINITY;
      for (let i = 0; i < queues.length; i++) {
        const timestamp = queues[i]!.headTimestamp;
        if (timestamp < head) {
          chosen = i;
          head = timestamp;
        }
      }
      if (chosen === -1 || head > untilTimestamp) break;
      const queue = queues[chosen]!;
      this.#context.workOn(queue.topic, queue.cursor);
      processed += queue.run(runEnd(queues, chosen, untilTimestamp), maxRecords - processed);
      // What comes next on an input that ran out may be earlier than what waits on the others.
      if (!queue.hasRecord || this.#complete()) break;
    }
    this.#rowsIn += processed;
    return processed;
  }

  beforeCommit(): void {
    this.#context.workOnNothing();
    for (const hook of this.#hooks) hook();
  }

  positions(): readonly Position[] {
    const { partition } = this;
    return this.#queues.map(({ topic, position }) => ({ topic, partition, offset: position }));
  }

  get streamTime(): number {
    return this.#context.time;
  }

  get rowsIn(): number {
    return this.#rowsIn;
  }

  get rowsOut(): number {
    return this.#context.rowsOut;
  }

  /** Whether a transient query with a limit has got all it asked for. */
  get complete(): boolean {
    return this.#complete();
  }

  close(): void {
    this.#closed = true;
    for (const queue of this.#queues) queue.clear();
  }

  #queue(topic: string): InputQueue {
    for (let i = 0; i < this.#queues.length; i++) if (this.#queues[i]!.topic === topic) return this.#queues[i]!;
    throw new Error(`task ${this.queryId}/${this.partition} does not read ${topic}`);
  }
}

/** How far the chosen input may run before another one has its turn; of equal timestamps the earlier input goes first. */
function runEnd(queues: readonly InputQueue[], chosen: number, untilTimestamp: number): number {
  let until = untilTimestamp;
  for (let i = 0; i < queues.length; i++) {
    if (i === chosen) continue;
    const timestamp = queues[i]!.headTimestamp - (i < chosen ? 1 : 0);
    if (timestamp < until) until = timestamp;
  }
  return until;
}

/** The batches of one input, and the record that comes next. */
/** Batches that have been walked leave their queue together, so that it is not moved for each. */
const WALKED_BATCHES_KEPT = 8;

class InputQueue implements InputCursor {
  readonly topic: string;
  readonly cursor = new RecordBatchCursor();
  /** Whether the cursor stands on the next record. */
  hasRecord = false;
  /** Offset after what was offered last. */
  fetchOffset = 0;
  bytes = 0;
  /** Whether the next batch waits for schemas. */
  waits = false;
  readonly #source: RecordSource;
  readonly #gate: SchemaGate | null;
  readonly #eventTime: EventTimeReader | null;
  /** Event time of the record at hand; NaN until it is asked for. */
  #headTime = Number.NaN;
  #batches: StoredBatch[] = [];
  #next = 0;
  /** Bytes of the batch that the cursor walks. */
  #currentBytes = 0;
  /** Offset of the first record not yet processed, while no record is at hand. */
  #position = 0;
  #begun = false;

  constructor(input: TaskInput) {
    this.topic = input.topic;
    this.#eventTime = input.eventTime;
    this.#gate = input.gate;
    this.#source = input.sources.length === 1 ? input.sources[0]! : new SharedSource(input.sources);
  }

  seek(offset: number): void {
    assert(!this.#begun, 'an input is positioned before its first batch');
    this.fetchOffset = offset;
    this.#position = offset;
  }

  offer(batch: StoredBatch): void {
    assert(batch.lastOffset >= this.fetchOffset, 'batches of an input come in order');
    this.#begun = true;
    this.#batches.push(batch);
    this.bytes += batch.bytes.length;
    this.fetchOffset = batch.lastOffset + 1;
    if (!this.hasRecord && !this.waits) this.#advance();
  }

  /** Looks again whether the next batch can go on. */
  stillWaits(): boolean {
    if (!this.waits) return false;
    this.waits = false;
    this.#advance();
    return this.waits;
  }

  get headTimestamp(): number {
    if (!this.hasRecord) return Number.POSITIVE_INFINITY;
    if (this.#eventTime === null) return this.cursor.timestamp;
    // Not known yet is NaN.
    if (Number.isNaN(this.#headTime)) this.#headTime = this.#eventTime(this.cursor);
    return this.#headTime;
  }

  get position(): number {
    return this.hasRecord ? this.cursor.offset : this.#position;
  }

  run(until: number, max: number): number {
    const done = this.#eventTime === null ? this.#source.run(this, until, max) : this.#runByEventTime(until, max);
    if (!this.hasRecord) this.#advance();
    return done;
  }

  #runByEventTime(until: number, max: number): number {
    let done = 0;
    if (until === Number.POSITIVE_INFINITY) {
      done = this.#source.run(this, until, max);
      this.#headTime = Number.NaN;
      return done;
    }
    while (this.hasRecord && done < max && this.headTimestamp <= until) {
      this.#source.process(this.cursor);
      done++;
      this.hasRecord = this.cursor.next();
      this.#headTime = Number.NaN;
    }
    return done;
  }

  clear(): void {
    this.#batches = [];
    this.#next = 0;
    this.bytes = 0;
    this.hasRecord = false;
    this.waits = false;
  }

  /** Moves to the first record of the next batch that has one. */
  #advance(): void {
    const { cursor } = this;
    if (this.#currentBytes > 0) this.#position = Math.max(this.#position, cursor.lastOffset + 1);
    this.bytes -= this.#currentBytes;
    this.#currentBytes = 0;
    while (this.#next < this.#batches.length) {
      if (this.#gate !== null && !this.#gate.admits(this.#batches[this.#next]!.bytes)) {
        this.waits = true;
        return;
      }
      const batch = this.#batches[this.#next++]!;
      this.#letGo();
      this.#currentBytes = batch.bytes.length;
      cursor.reset(batch.bytes);
      while (!cursor.isControl && cursor.next()) {
        if (cursor.offset < this.#position) continue;
        this.hasRecord = true;
        return;
      }
      this.#position = Math.max(this.#position, batch.lastOffset + 1);
      this.bytes -= this.#currentBytes;
      this.#currentBytes = 0;
    }
    this.#batches = [];
    this.#next = 0;
  }

  /** A queue that is refilled before it is empty must not hold what has been walked. */
  #letGo(): void {
    if (this.#next < WALKED_BATCHES_KEPT) return;
    this.#batches.splice(0, this.#next);
    this.#next = 0;
  }
}

/** Several sources over one topic, which take each record in turn. */
class SharedSource extends BatchWalk {
  readonly #sources: readonly RecordSource[];

  constructor(sources: readonly RecordSource[]) {
    super();
    this.#sources = sources;
  }

  process(cursor: RecordBatchCursor): void {
    for (const source of this.#sources) source.process(cursor);
  }
}
