import type { Appended, PendingBatch, Position } from '../../broker/broker.js';
import type { TaskStores } from '../../state/state-store.js';
import { HandoverPartition } from './handover.js';
import { type Feed, type FeedSource, PartitionFeed } from './log-feed.js';
import type { RecordOutputBuffer, TopicOutput } from './output-buffer.js';
import type { ProcessingLog } from './processing-log.js';
import type { Task } from './task.js';
import type { QueryTopology } from './topology.js';

/** Records processed between two looks at the clock and the heads of the inputs. */
const RECORDS_PER_STEP = 512;
/** An input with less than this queued is fed again, by about as much as the second number. */
const QUEUED_BYTES_MIN = 256 * 1024;
const FETCH_BYTES = 1024 * 1024;

export interface RunnerParts {
  readonly queryId: string;
  readonly topology: QueryTopology;
  /** One a partition, in order. */
  readonly tasks: readonly Task[];
  readonly output: RecordOutputBuffer;
  readonly stores: TaskStores;
  readonly errors: ProcessingLog;
  readonly feed: FeedSource;
  /** Where each input begins. */
  readonly positions: readonly Position[];
  /** False for a transient query: nothing of it is written. */
  readonly kept: boolean;
  /** Process only what lies before the ends of this moment. */
  readonly bounded: boolean;
}

/** What one query has done since its last commit. */
export interface Effects {
  readonly outputs: readonly PendingBatch[];
  readonly positions: readonly Position[];
}

/** A repartition topic inside the process. */
interface Handover {
  readonly output: TopicOutput;
  readonly partitions: readonly HandoverPartition[];
}

/** One input of one task. */
interface InputSlot {
  readonly topic: string;
  readonly partition: number;
  readonly task: Task;
  readonly feed: Feed;
  /** Set for repartition topics. */
  readonly handover: HandoverPartition | null;
  /** Nothing at or past this offset is read. */
  readonly stop: number;
  /** Up to here the log has nothing more: offsets without records at its end. */
  emptyUntil: number;
  /** The position that the log knows. */
  committed: number;
  collected: number;
  /** Repartition topics: the log holds nothing before this. */
  trimmed: number;
}

/**
 * Runs the tasks of one query: fetches, always processes the record with the smallest timestamp among the heads of all tasks, hands
 * repartitioned records on, and collects the effects for a commit. Synchronous; whoever drives it decides when.
 *
 * Anything that `advance` or `collect` throws means that the query is broken: close it and open another from the last commit.
 */
export class QueryRunner {
  readonly queryId: string;
  readonly stores: TaskStores;
  readonly tasks: readonly Task[];
  readonly #output: RecordOutputBuffer;
  readonly #errors: ProcessingLog;
  readonly #kept: boolean;
  /** By task, then input. */
  readonly #slots: readonly (readonly InputSlot[])[];
  readonly #handovers: readonly Handover[];
  readonly #taken: PendingBatch[] = [];
  /** Repartitioned records are joined with others, so that a step ends at the first change of time. */
  readonly #stepwise: boolean;
  readonly #repartitions: boolean;
  /** Records processed whose results have not been handed over. */
  #unrouted = 0;
  #outputs: PendingBatch[] = [];
  #outputBytes = 0;
  /** The outputs collected last are the sink's, then so many of each of these. */
  #writing: { readonly handover: HandoverPartition; readonly batches: number }[] = [];
  #touched = false;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(parts: RunnerParts) {
    this.queryId = parts.queryId;
    this.stores = parts.stores;
    this.tasks = parts.tasks;
    this.#output = parts.output;
    this.#errors = parts.errors;
    this.#kept = parts.kept;
    this.#stepwise = parts.topology.ordered;
    this.#repartitions = parts.topology.repartitions.length > 0;
    this.#slots = parts.tasks.map((task) => this.#slotsOf(task, parts));
    this.#handovers = parts.topology.repartitions.map(({ topic }) => ({
      output: parts.output.topic(topic),
      partitions: this.#slots.flatMap((slots) =>
        slots.filter((slot) => slot.topic === topic).map((slot) => slot.handover!),
      ),
    }));
  }

  /** Bytes of results and changed state that wait for a commit. */
  get pendingBytes(): number {
    const state = this.#kept ? this.stores.memoryUsage().dirtyBytes : 0;
    return this.#outputBytes + this.#output.bytes + state;
  }

  /** Whether something was processed since the last commit. */
  get touched(): boolean {
    return this.#touched;
  }

  /** Whether a topic is among the inputs. */
  reads(topic: string): boolean {
    return this.#slots.some((slots) => slots.some((slot) => slot.topic === topic));
  }

  /** Whether records wait for their schemas. */
  get waits(): boolean {
    return this.tasks.some((task) => task.waits);
  }

  /** Whether everything there was to read has been processed. */
  get idle(): boolean {
    for (const slots of this.#slots) {
      for (const slot of slots) {
        if (slot.task.hasQueued(slot.topic) || available(slot) || !slot.feed.reaches(slot.stop)) return false;
      }
    }
    return true;
  }

  /**
   * Processes for about the given time; at least one step if there is anything to do.
   * @param expired whether the time is over
   * @returns records processed
   */
  advance(expired: () => boolean): number {
    for (const slots of this.#slots) this.#feed(slots);
    let processed = 0;
    for (;;) {
      let chosen = -1;
      let head = Number.POSITIVE_INFINITY;
      let next = Number.POSITIVE_INFINITY;
      for (let i = 0; i < this.tasks.length; i++) {
        // What comes before in time may be in there.
        if (this.tasks[i]!.waits) return processed;
        const timestamp = this.tasks[i]!.headTimestamp();
        if (timestamp < head) {
          next = head;
          head = timestamp;
          chosen = i;
        } else if (timestamp < next) {
          next = timestamp;
        }
      }
      if (chosen === -1) {
        if (this.#unrouted === 0) return processed;
        this.#route();
        continue;
      }
      this.#touched = true;
      const step = this.tasks[chosen]!.process(this.#stepwise ? head : next, RECORDS_PER_STEP);
      processed += step;
      if (this.#repartitions) {
        this.#unrouted += step;
        if (this.#stepwise || this.#unrouted >= RECORDS_PER_STEP) this.#route();
      }
      this.#feed(this.#slots[chosen]!);
      if (step === 0 || expired()) return processed;
    }
  }

  /** Emits what caching holds back. Transient queries call it in place of `collect`. */
  flushCaches(): void {
    for (const task of this.tasks) task.beforeCommit();
    this.#route();
  }

  /** What the next commit has to make durable; the same again, and what came on top, until `committed` is called. */
  collect(): Effects {
    this.flushCaches();
    for (const batch of this.#output.take()) {
      this.#outputs.push(batch);
      this.#outputBytes += batch.bytes.length;
    }
    const outputs = [...this.#outputs];
    const positions: Position[] = [];
    this.#writing = [];
    for (const slots of this.#slots) {
      for (const { topic, offset } of slots[0]?.task.positions() ?? []) {
        const slot = slots.find((candidate) => candidate.topic === topic);
        if (slot === undefined) continue;
        slot.collected = offset;
        if (slot.handover !== null) {
          const batches = slot.handover.collect(offset);
          slot.collected = slot.handover.durable(offset);
          outputs.push(...batches);
          this.#writing.push({ handover: slot.handover, batches: batches.length });
        }
        if (slot.collected !== slot.committed)
          positions.push({ topic, partition: slot.partition, offset: slot.collected });
      }
    }
    return { outputs, positions };
  }

  /** What was collected is durable. @param appended one an output, in order */
  committed(appended: readonly Appended[]): void {
    let at = this.#outputs.length;
    for (const { handover, batches } of this.#writing) {
      handover.committed(appended.slice(at, at + batches));
      at += batches;
    }
    for (const slots of this.#slots) for (const slot of slots) slot.committed = slot.collected;
    this.#writing = [];
    this.#outputs = [];
    this.#outputBytes = 0;
    this.#touched = false;
    this.#errors.committed();
    this.#rowsIn = this.#sum('rowsIn');
    this.#rowsOut = this.#sum('rowsOut');
  }

  /** Stored records of repartition topics that nobody needs any more: those before these offsets. Each is told once. */
  takeTrimmable(): readonly Position[] {
    const found: Position[] = [];
    for (const slots of this.#slots) {
      for (const slot of slots) {
        if (slot.handover === null || slot.committed <= slot.trimmed) continue;
        slot.trimmed = slot.committed;
        found.push({ topic: slot.topic, partition: slot.partition, offset: slot.committed });
      }
    }
    return found;
  }

  get rowsIn(): number {
    return this.#sum('rowsIn');
  }

  get rowsOut(): number {
    return this.#sum('rowsOut');
  }

  /** Rows in and out as of the last commit. */
  get committedRows(): { readonly rowsIn: number; readonly rowsOut: number } {
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut };
  }

  /** Committed position of each input, with where its partition ends. */
  progress(): (Position & { readonly end: number; readonly streamTime: number | null })[] {
    return this.#slots.flatMap((slots) =>
      slots.map(({ topic, partition, committed, feed: { logEnd: end }, task }) => ({
        topic,
        partition,
        offset: committed,
        end,
        streamTime: task.streamTime < 0 ? null : task.streamTime,
      })),
    );
  }

  /** Releases tasks and stores; what is not committed is lost, and will be processed again by whoever opens the query next. */
  close(): void {
    for (const slots of this.#slots) for (const slot of slots) if (slot.handover === null) slot.feed.detach();
    this.#output.clear();
    for (const task of this.tasks) task.close();
    this.stores.close();
  }

  #slotsOf(task: Task, parts: RunnerParts): InputSlot[] {
    const { topology, feed: log, kept, bounded } = parts;
    const slots: InputSlot[] = [];
    for (const input of topology.inputs) {
      if (task.partition >= input.partitions || !task.inputs.includes(input.topic)) continue;
      const { topic, internal } = input;
      const { partition } = task;
      const position = parts.positions.find((p) => p.topic === topic && p.partition === partition);
      const start = position?.offset ?? 0;
      const feedOf = internal && !kept ? unwrittenFeed(topic, partition) : log.partition(topic, partition, start);
      task.seek(topic, start);
      if (!internal) feedOf.attach();
      slots.push({
        topic,
        partition,
        task,
        feed: feedOf,
        handover: internal ? new HandoverPartition(topic, partition, feedOf.logEnd, kept) : null,
        stop: internal || bounded ? feedOf.logEnd : Number.POSITIVE_INFINITY,
        emptyUntil: 0,
        committed: start,
        collected: start,
        trimmed: start,
      });
    }
    return slots;
  }

  /** Hands over what the tasks have written to repartition topics. */
  #route(): void {
    this.#unrouted = 0;
    for (const { output, partitions } of this.#handovers) {
      output.take(this.#taken);
      for (const batch of this.#taken) {
        partitions[batch.partition]!.add(batch);
        this.#feed(this.#slots[batch.partition]!);
      }
      this.#taken.length = 0;
    }
  }

  /** Queues for every input that runs low what there is to read. */
  #feed(slots: readonly InputSlot[]): void {
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      while (available(slot) && slot.task.queuedBytes(slot.topic) < QUEUED_BYTES_MIN) this.#fetch(slot);
    }
  }

  #fetch(slot: InputSlot): void {
    const { task, topic, handover } = slot;
    const from = task.fetchOffset(topic);
    if (!inLog(slot, from)) {
      for (const batch of handover!.take()) task.offer(batch);
      return;
    }
    const { batches, lost } = slot.feed.fetch(from, FETCH_BYTES);
    if (lost > 0) this.#errors.lost(topic, slot.partition, from, lost);
    let offered = 0;
    for (const batch of batches) {
      if (batch.baseOffset >= slot.stop) break;
      task.offer(batch);
      offered++;
    }
    if (offered === 0) slot.emptyUntil = batches.length === 0 ? slot.feed.end : Number.POSITIVE_INFINITY;
  }

  #sum(counter: 'rowsIn' | 'rowsOut'): number {
    let sum = 0;
    for (const task of this.tasks) sum += task[counter];
    return sum;
  }
}

function available(slot: InputSlot): boolean {
  return slot.handover?.hasUnread === true || inLog(slot, slot.task.fetchOffset(slot.topic));
}

function inLog(slot: InputSlot, offset: number): boolean {
  const { end } = slot.feed;
  return offset < end && offset < slot.stop && end > slot.emptyUntil;
}

/** A repartition topic that exists in memory alone. */
function unwrittenFeed(topic: string, partition: number): PartitionFeed {
  const none = { start: 0, end: 0 };
  return new PartitionFeed(
    { read: () => [], offsets: () => none, describeTopic: () => null, listTopics: () => [] },
    topic,
    partition,
  );
}
