import type { PendingBatch, Position } from '../../broker/broker.js';
import type { BatchReader, BatchReaders } from '../../broker/cluster-log.js';
import { compressBatch } from '../../broker/compression.js';
import { assert, type SystemError } from '../../model/errors.js';
import type { TaskStores } from '../../state/state-store.js';
import type { RecordOutputBuffer } from '../task/output-buffer.js';
import type { ProcessingLog } from '../task/processing-log.js';
import type { Task } from '../task/task.js';
import type { ErrorTopic } from '../thread/error-topic.js';
import type { InputPosition } from './position-record.js';
import type { ShardEffects, ShardWork } from './shard-ports.js';

/** Records processed between two looks at the clock: few, since the first ones meet code that is not compiled yet. */
const RECORDS_PER_STEP = 64;
/** An input with less than this queued is fed again, by about as much as the second number. */
const QUEUED_BYTES_MIN = 256 * 1024;
const TAKE_BYTES = 1024 * 1024;

export interface ShardRunnerParts {
  readonly tasks: readonly Task[];
  readonly output: RecordOutputBuffer;
  readonly stores: Pick<TaskStores, 'memoryUsage'>;
  readonly errors: ProcessingLog;
  readonly errorTopic: ErrorTopic;
  readonly readers: BatchReaders;
  /** Where each input of each task begins. */
  readonly inputs: readonly InputPosition[];
  /** Called when there is something new to read. */
  readonly onChange: () => void;
  /** Topics of `inputs` that the query writes itself, whose records are of no use once they are processed. */
  readonly repartitions: ReadonlySet<string>;
  /** Codec of what is written; 0 for none. */
  readonly compression: number;
}

/** One input of one task. */
interface InputSlot {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly task: Task;
  readonly reader: BatchReader;
  /** As of the position that the shard began with. */
  readonly streamTimeBefore: number;
  /** As collected last, and as committed last. */
  collected: number;
  committed: number;
  /** Repartition topics: the log holds nothing before this. */
  trimmed: number;
}

/**
 * Runs the tasks of one shard, each for itself: records of one partition are processed in order of time over all inputs of the task, and an
 * input that has nothing waits for its answer before the others go on.
 */
export class ShardRunner implements ShardWork {
  touched = false;
  lags = false;
  readonly #parts: ShardRunnerParts;
  readonly #slots: readonly (readonly InputSlot[])[];
  #turn = 0;
  #rowsIn = 0;
  #rowsOut = 0;
  #errorBatches: readonly PendingBatch[] = [];

  constructor(parts: ShardRunnerParts) {
    this.#parts = parts;
    this.#slots = parts.tasks.map((task) => this.#slotsOf(task));
  }

  get tasks(): number {
    return this.#slots.length;
  }

  get pendingBytes(): number {
    return this.#parts.output.bytes + this.#parts.stores.memoryUsage().dirtyBytes;
  }

  get failure(): SystemError | null {
    for (const slots of this.#slots) {
      for (const { reader } of slots) if (reader.failure !== null) return reader.failure;
    }
    return null;
  }

  advance(expired: () => boolean): number {
    const slots = this.#slots;
    let processed = 0;
    const start = this.#turn++;
    for (let i = 0; i < slots.length; i++) {
      processed += this.#advanceTask(slots[(start + i) % slots.length]!, expired);
      if (expired()) break;
    }
    return processed;
  }

  collect(): ShardEffects {
    const { tasks, output, errors, errorTopic, compression } = this.#parts;
    for (const task of tasks) task.beforeCommit();
    let outputs = output.take();
    if (compression !== 0)
      outputs = outputs.map((batch) => ({ ...batch, bytes: compressBatch(batch.bytes, compression) }));
    this.#errorBatches = errorTopic.collect([errors]);
    for (const batch of this.#errorBatches) outputs.push(batch);
    const inputs: InputPosition[] = [];
    let waiting = 0;
    for (const slots of this.#slots) {
      for (const slot of slots) {
        slot.collected = Math.max(slot.collected, positionOf(slot));
        waiting += Math.max(0, slot.reader.end - slot.collected);
        const { topic, topicId, partition, collected: offset } = slot;
        inputs.push({
          topic,
          topicId,
          partition,
          offset,
          streamTime: Math.max(slot.task.streamTime, slot.streamTimeBefore),
        });
      }
    }
    const { rowsIn } = this;
    this.lags = waiting > rowsIn - this.#rowsIn;
    this.#rowsIn = rowsIn;
    this.#rowsOut = this.rowsOut;
    this.touched = false;
    return { outputs, inputs };
  }

  committed(): void {
    this.#parts.errors.committed();
    this.#parts.errorTopic.committed();
    for (const slots of this.#slots) for (const slot of slots) slot.committed = slot.collected;
  }

  /** Records of repartition topics that nobody needs any more: those before these offsets. Each is told once. */
  takeTrimmable(): readonly Position[] {
    const found: Position[] = [];
    for (const slots of this.#slots) {
      for (const slot of slots) {
        if (!this.#parts.repartitions.has(slot.topic) || slot.committed <= slot.trimmed) continue;
        slot.trimmed = slot.committed;
        found.push({ topic: slot.topic, partition: slot.partition, offset: slot.committed });
      }
    }
    return found;
  }

  get rowsIn(): number {
    let sum = 0;
    for (const task of this.#parts.tasks) sum += task.rowsIn;
    return sum;
  }

  get rowsOut(): number {
    let sum = 0;
    for (const task of this.#parts.tasks) sum += task.rowsOut;
    return sum;
  }

  /** Rows in and out as they were collected last. */
  get collectedRows(): { readonly rowsIn: number; readonly rowsOut: number } {
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut };
  }

  /** Each input: where it is committed, how far it has been processed, and where its partition ends; -1 while that is not known. */
  progress(): readonly (Position & {
    readonly processed: number;
    readonly end: number;
    readonly streamTime: number | null;
    readonly isInternal: boolean;
  })[] {
    return this.#slots.flatMap((slots) =>
      slots.map((slot) => {
        const streamTime = Math.max(slot.task.streamTime, slot.streamTimeBefore);
        return {
          topic: slot.topic,
          partition: slot.partition,
          offset: slot.committed,
          processed: positionOf(slot),
          end: slot.reader.end,
          streamTime: streamTime < 0 ? null : streamTime,
          isInternal: this.#parts.repartitions.has(slot.topic),
        };
      }),
    );
  }

  close(): void {
    for (const slots of this.#slots) for (const { reader } of slots) reader.close();
    this.#parts.output.clear();
    this.#parts.errors.discard();
    for (const task of this.#parts.tasks) task.close();
  }

  #advanceTask(slots: readonly InputSlot[], expired: () => boolean): number {
    const { task } = slots[0]!;
    let processed = 0;
    for (;;) {
      feed(slots);
      if (!ready(slots)) return processed;
      const step = task.process(Number.POSITIVE_INFINITY, RECORDS_PER_STEP);
      if (step === 0) return processed;
      this.touched = true;
      processed += step;
      if (expired()) return processed;
    }
  }

  #slotsOf(task: Task): readonly InputSlot[] {
    const { inputs, readers, onChange } = this.#parts;
    const slots = task.inputs.flatMap((topic) => {
      const input = inputs.find((i) => i.topic === topic && i.partition === task.partition);
      if (input === undefined) return [];
      const { topicId, partition, offset, streamTime } = input;
      task.seek(topic, offset);
      return [
        {
          topic,
          topicId,
          partition,
          task,
          reader: readers.open(topic, topicId, partition, offset, { onChange }),
          streamTimeBefore: streamTime,
          collected: offset,
          committed: offset,
          trimmed: offset,
        },
      ];
    });
    assert(slots.length > 0, 'a task has an input');
    return slots;
  }
}

/** Queues for every input that runs low what has come. */
function feed(slots: readonly InputSlot[]): void {
  for (let i = 0; i < slots.length; i++) {
    const { task, topic, reader } = slots[i]!;
    while (reader.waitingBytes > 0 && task.queuedBytes(topic) < QUEUED_BYTES_MIN) {
      const batches = reader.take(TAKE_BYTES);
      if (batches.length === 0) break;
      for (let j = 0; j < batches.length; j++) task.offer(batches[j]!);
    }
  }
}

/** Whether every input has a record, or is known to have none. */
function ready(slots: readonly InputSlot[]): boolean {
  let some = false;
  for (let i = 0; i < slots.length; i++) {
    const { task, topic, reader } = slots[i]!;
    if (task.hasQueued(topic)) some = true;
    else if (slots.length > 1 && (reader.end < 0 || reader.next < reader.end)) return false;
  }
  return some;
}

/** The offset of the first record not yet processed; past markers and aborted records that come before it. */
function positionOf({ task, topic, reader }: InputSlot): number {
  const offset = task.positions().find((position) => position.topic === topic)!.offset;
  return !task.hasQueued(topic) && reader.waitingBytes === 0 ? Math.max(offset, reader.next) : offset;
}
