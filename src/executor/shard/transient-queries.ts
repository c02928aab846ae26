import type { Position } from '../../broker/broker.js';
import type { BatchReaders, ClusterTopics } from '../../broker/cluster-log.js';
import type { ThreadSchemas } from '../../formats/schema-registry/schema-cache.js';
import type { FunctionRegistry } from '../../functions/registry.js';
import { StatementError } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import { MemoryTaskStores } from '../../state/memory/memory-task-stores.js';
import { buildPipeline } from '../build-pipeline.js';
import { RecordOutputBuffer } from '../task/output-buffer.js';
import { QueryRunner } from '../task/runner.js';
import type { QueryTopology } from '../task/topology.js';
import { deliverRows, flushTransient } from '../thread/deliver-rows.js';
import { type ManagedQuery, QuerySet } from '../thread/query-set.js';
import type { DeployOptions, ThreadEvent } from '../thread/stream-thread.js';
import { type FeedPlace, placeName, ReaderFeeds } from './reader-feed.js';
import { describeQuery } from './resolve-topics.js';
import type { HostEvent } from './shard-host.js';

export interface TransientParts {
  readonly readers: BatchReaders;
  readonly topics: ClusterTopics;
  readonly functions: FunctionRegistry;
  readonly schemas: ThreadSchemas;
  readonly clock: Clock;
  readonly random: () => number;
  readonly elapsed: () => number;
  readonly emit: (event: HostEvent) => void;
  readonly wake: () => void;
}

const SLICE_MS = 3;
/** What caches hold back is shown this often, in ms. */
const FLUSH_MS = 100;

/** What the opening of a query needs to know before. */
interface Prepared {
  readonly topology: QueryTopology;
  readonly places: ReadonlyMap<string, FeedPlace>;
}

/** The transient queries of one thread on a shared log: all partitions of each in this process, nothing of them kept. */
export class TransientQueries {
  readonly #parts: TransientParts;
  readonly #queries: QuerySet;
  readonly #prepared = new Map<string, Prepared>();
  #sliceEnd = 0;
  #lastFlush = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: TransientParts) {
    this.#parts = parts;
    this.#queries = new QuerySet({
      factory: {
        open: (query) => this.#open(query),
        stores: () => new MemoryTaskStores(),
      },
      clock: parts.clock,
      emit: this.#emit,
      wake: parts.wake,
      retryMs: 1,
    });
  }

  /** @throws StatementError `query-exists`; SystemError when a topic is not there */
  async start(plan: PhysicalPlan, options: DeployOptions): Promise<void> {
    const { topics } = this.#parts;
    if (this.#queries.get(plan.queryId) !== undefined || this.#prepared.has(plan.queryId)) {
      throw new StatementError(`query ${plan.queryId} is already running`, { code: 'query-exists', problem: 'engine' });
    }
    const { topology, described } = await describeQuery(topics, plan);
    const partitions = topology.inputs
      .filter((input) => !input.internal)
      .flatMap(({ topic, partitions: count }) =>
        Array.from({ length: count }, (_, partition) => ({ topic, partition })),
      );
    const ranges = await topics.offsets(partitions);
    const places = new Map(
      partitions.map(({ topic, partition }, i) => [
        placeName(topic, partition),
        { topicId: described.get(topic)!.id, range: ranges[i]! },
      ]),
    );
    this.#prepared.set(plan.queryId, { topology, places });
    try {
      const query = this.#queries.create(plan, { ...options, transient: true });
      this.#queries.open(query);
      this.#queries.add(query);
    } finally {
      this.#prepared.delete(plan.queryId);
    }
    this.#parts.wake();
  }

  stop(queryId: string): void {
    const query = this.#queries.get(queryId);
    if (query !== undefined) this.#queries.remove(query);
  }

  hold(queryId: string, held: boolean): void {
    const query = this.#queries.get(queryId);
    if (query === undefined) return;
    query.held = held;
    if (!held) this.#parts.wake();
  }

  /** Gives each query a share of a slice, and delivers what came out. Returns how many records were processed. */
  advance(): number {
    const running = this.#queries.running();
    if (running.length === 0) return 0;
    const { elapsed } = this.#parts;
    let processed = 0;
    const share = Math.max(0.5, SLICE_MS / running.length);
    for (const query of [...running]) {
      if (query.held || query.runner === null) continue;
      this.#sliceEnd = elapsed() + share;
      try {
        processed += query.runner.advance(this.#expired);
      } catch (error) {
        this.#queries.fail(query, error);
      }
    }
    this.#flush();
    deliverRows(this.#queries, this.#emit);
    return processed;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#queries.close();
  }

  readonly #expired = (): boolean => this.#parts.elapsed() >= this.#sliceEnd;

  readonly #emit = (event: ThreadEvent): void => {
    if (event.kind === 'rows' || event.kind === 'ended') this.#parts.emit(event);
  };

  /** Shows what caches hold back, at the rhythm of commits. */
  #flush(): void {
    const touched = [...this.#queries.running()].filter((query) => query.runner?.touched);
    if (touched.length === 0) return;
    const now = this.#parts.elapsed();
    const wait = this.#lastFlush + FLUSH_MS - now;
    if (wait > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.#parts.wake();
      }, wait);
      return;
    }
    this.#lastFlush = now;
    for (const query of touched) flushTransient(query, this.#queries, this.#emit);
  }

  #open(query: ManagedQuery): QueryRunner {
    const { functions, schemas, clock, random, readers, wake } = this.#parts;
    const { plan, options } = query;
    const { topology, places } = this.#prepared.get(query.id)!;
    const output = new RecordOutputBuffer(
      (topic) => topology.repartitions.find((candidate) => candidate.topic === topic)?.partitions ?? 1,
    );
    const stores = new MemoryTaskStores();
    const tasks = Array.from({ length: topology.tasks }, (_, partition) =>
      buildPipeline(plan, {
        partition,
        stores,
        functions,
        evaluation: { now: () => clock.now(), random },
        schemas,
        outputs: output,
        caching: options.cacheBytes > 0,
        repartition: topology.direct ? 'direct' : 'topic',
        onRecordError: (report) => query.errors.report(report),
        onRow: (result) => query.rows!.add(result),
      }),
    );
    const positions = topology.inputs.flatMap(({ topic, partitions, internal, mayStartLate }): Position[] =>
      internal
        ? []
        : Array.from({ length: partitions }, (_, partition) => {
            const { start, end } = places.get(placeName(topic, partition))!.range;
            return { topic, partition, offset: options.start === 'latest' && mayStartLate ? end : start };
          }),
    );
    return new QueryRunner({
      queryId: query.id,
      topology,
      tasks,
      output,
      stores,
      errors: query.errors,
      feed: new ReaderFeeds(readers, places, wake),
      positions,
      kept: false,
      bounded: options.bounded,
    });
  }
}
