import type { Position } from '../../broker/broker.js';
import { MemoryTaskStores } from '../../state/memory/memory-task-stores.js';
import { SqliteTaskStores } from '../../state/sqlite/sqlite-task-stores.js';
import type { TaskStores } from '../../state/state-store.js';
import type { Database } from '../../storage/database.js';
import type { RecordErrorReport } from '../operators/operator.js';
import type { LogFeed } from '../task/log-feed.js';
import { RecordOutputBuffer } from '../task/output-buffer.js';
import { QueryRunner } from '../task/runner.js';
import type { Task } from '../task/task.js';
import type { QueryTopology } from '../task/topology.js';
import type { TransientRows } from '../task/transient-rows.js';
import { type DeploymentLog, prepareQuery, topologyOn } from './deployment.js';
import type { ManagedQuery, RunnerFactory } from './query-set.js';

/** Bytes of state that a query keeps in memory after a commit, unless it asks for more: enough for some ten thousand keys. */
const STATE_CACHE_BYTES_MIN = 16 * 1024 * 1024;

/** What a task is built from. */
export interface TaskRequest {
  readonly query: ManagedQuery;
  readonly partition: number;
  readonly stores: TaskStores;
  readonly output: RecordOutputBuffer;
  /** Whether repartition steps hand records straight on. */
  readonly direct: boolean;
  /** Whether a table's key is emitted once a commit. */
  readonly caching: boolean;
  readonly report: (report: RecordErrorReport) => void;
  /** Set for transient queries. */
  readonly rows: TransientRows | null;
}

export type TaskBuilder = (request: TaskRequest) => Task;

/** Opens the tasks of queries on the stores in the engine's file, or, for transient queries, in memory. */
export class RunnerOpener implements RunnerFactory {
  readonly #database: Database;
  readonly #log: DeploymentLog;
  readonly #feed: LogFeed;
  readonly #build: TaskBuilder;

  constructor(database: Database, log: DeploymentLog, feed: LogFeed, build: TaskBuilder) {
    this.#database = database;
    this.#log = log;
    this.#feed = feed;
    this.#build = build;
  }

  open(query: ManagedQuery): QueryRunner {
    const { plan, options } = query;
    if (options.transient) return this.#open(query);
    return this.#database.transaction(() => {
      prepareQuery(this.#log, plan, options.start);
      return this.#open(query);
    });
  }

  stores(queryId: string): TaskStores {
    return this.#stores(queryId, 0);
  }

  #open(query: ManagedQuery): QueryRunner {
    const { plan, options } = query;
    const topology = topologyOn(this.#log, plan);
    const stores = options.transient
      ? new MemoryTaskStores()
      : this.#stores(query.id, Math.max(options.cacheBytes, STATE_CACHE_BYTES_MIN));
    const output = new RecordOutputBuffer((topic) => this.#partitionsOf(topic, topology));
    const tasks: Task[] = [];
    try {
      for (let partition = 0; partition < topology.tasks; partition++) {
        tasks.push(
          this.#build({
            query,
            partition,
            stores,
            output,
            direct: topology.direct,
            caching: options.cacheBytes > 0,
            report: (report) => query.errors.report(report),
            rows: query.rows,
          }),
        );
      }
      return new QueryRunner({
        queryId: query.id,
        topology,
        tasks,
        output,
        stores,
        errors: query.errors,
        feed: this.#feed,
        positions: options.transient ? this.#beginnings(query, topology) : this.#log.positions(query.id),
        kept: !options.transient,
        bounded: options.bounded,
      });
    } catch (error) {
      for (const task of tasks) task.close();
      stores.close();
      throw error;
    }
  }

  #stores(queryId: string, cacheBytes: number): TaskStores {
    return new SqliteTaskStores({ database: this.#database, queryId, cacheBytes });
  }

  /** Repartition topics of transient queries exist in memory alone. */
  #partitionsOf(topic: string, topology: QueryTopology): number {
    const internal = topology.repartitions.find((candidate) => candidate.topic === topic);
    return internal?.partitions ?? this.#log.describeTopic(topic)?.partitions ?? 1;
  }

  #beginnings(query: ManagedQuery, topology: QueryTopology): Position[] {
    const positions: Position[] = [];
    for (const { topic, partitions, internal, mayStartLate } of topology.inputs) {
      if (internal) continue;
      for (let partition = 0; partition < partitions; partition++) {
        const { start, end } = this.#log.offsets(topic, partition);
        positions.push({ topic, partition, offset: query.options.start === 'latest' && mayStartLate ? end : start });
      }
    }
    return positions;
  }
}
