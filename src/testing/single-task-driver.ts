import { buildPipeline } from '../executor/build-pipeline.js';
import { RecordOutputBuffer } from '../executor/task/output-buffer.js';
import type { PipelineTask } from '../executor/task/pipeline-task.js';
import type { ThreadSchemas } from '../formats/schema-registry/schema-cache.js';
import type { EvaluationContext } from '../functions/define.js';
import type { FunctionRegistry } from '../functions/registry.js';
import type { PhysicalPlan } from '../planner/physical/physical-plan.js';
import { MemoryTaskStores } from '../state/memory/memory-task-stores.js';
import { TestFailure } from './test-case.js';
import { batchOf, recordsOf, type TopicRecord } from './topics.js';

/** A record that a query wrote, and where. */
export interface WrittenRecord {
  readonly topic: string;
  readonly record: TopicRecord;
}

/** Turns of a task over one record; more means that it makes work for itself without end. */
const TURNS_MAX = 1000;

/**
 * Runs one query in a single task over stores in memory: one record in, all that follows from it out. Nothing is cached, nothing is
 * repartitioned, and no clock ticks: time is what the records say.
 */
export class SingleTaskDriver {
  readonly plan: PhysicalPlan;
  readonly #task: PipelineTask;
  readonly #stores: MemoryTaskStores;
  readonly #outputs = new RecordOutputBuffer(() => 1);
  /** Offset of the next record, by topic. */
  readonly #offsets: Map<string, number>;

  /** @param previous the driver of the query that this one takes over from, state and positions included */
  constructor(
    plan: PhysicalPlan,
    functions: FunctionRegistry,
    evaluation: EvaluationContext,
    schemas: ThreadSchemas,
    previous: SingleTaskDriver | null = null,
  ) {
    this.plan = plan;
    this.#stores = previous === null ? new MemoryTaskStores() : previous.#stores;
    this.#offsets = previous === null ? new Map() : previous.#offsets;
    this.#task = buildPipeline(plan, {
      partition: 0,
      stores: this.#stores,
      functions,
      evaluation,
      schemas,
      outputs: this.#outputs,
      caching: false,
      repartition: 'direct',
      onRecordError: () => {},
    });
    for (const [topic, offset] of this.#offsets) if (this.inputs.includes(topic)) this.#task.seek(topic, offset);
  }

  /** The topics that the query reads. */
  get inputs(): readonly string[] {
    return this.#task.inputs;
  }

  /** @throws what breaks the task: SystemError for records that the query is set to stop at */
  process(topic: string, record: TopicRecord): readonly WrittenRecord[] {
    const offset = this.#offsets.get(topic) ?? 0;
    this.#offsets.set(topic, offset + 1);
    this.#task.offer(batchOf(topic, record, offset));
    let turns = 0;
    while (this.#task.process(Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER) > 0) {
      if (++turns > TURNS_MAX) throw new TestFailure(`the query ${this.plan.queryId} does not come to an end`);
    }
    this.#task.beforeCommit();
    return this.#outputs
      .take()
      .flatMap((batch) => recordsOf(batch).map((written) => ({ topic: batch.topic, record: written })));
  }

  close(): void {
    this.#task.close();
    this.#stores.close();
  }
}
