import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchReaders, ClusterTopics, Writers } from '../../broker/cluster-log.js';
import { SchemaCache } from '../../formats/schema-registry/schema-cache.js';
import type { FunctionRegistry } from '../../functions/registry.js';
import { assert } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import { buildPipeline } from '../build-pipeline.js';
import { RecordOutputBuffer } from '../task/output-buffer.js';
import { ProcessingLog } from '../task/processing-log.js';
import { ErrorTopic } from '../thread/error-topic.js';
import type { DeployOptions } from '../thread/stream-thread.js';
import { commitIntervalMs } from './commit-interval.js';
import type { Failpoints } from './failpoints.js';
import type { InputPosition } from './position-record.js';
import { resolveTopics, type ShardTopology, transactionalId } from './resolve-topics.js';
import { RetentionWatch } from './retention-watch.js';
import { Shard } from './shard.js';
import { deleteShardFile, ShardFile } from './shard-file.js';
import type {
  HostedQuery,
  HostedStatus,
  ShardHost,
  ShardHostOwner,
  ShardHostSettings,
  ShardStatus,
} from './shard-host.js';
import type { ShardState, ShardWork } from './shard-ports.js';
import { ShardRunner } from './shard-runner.js';
import { stateCacheBytes } from './state-cache.js';
import { TransientQueries } from './transient-queries.js';

export interface ShardThreadParts {
  readonly settings: ShardHostSettings;
  readonly readers: BatchReaders;
  /** For restores, which must not wait behind the fetches of tasks. */
  readonly restoreReaders: BatchReaders;
  readonly writers: Writers;
  readonly topics: ClusterTopics;
  readonly functions: FunctionRegistry;
  readonly clock: Clock;
  readonly random: () => number;
  readonly elapsed: () => number;
  readonly failpoints: Failpoints;
  readonly owner: ShardHostOwner;
  /** Closes the connections. */
  readonly release: () => Promise<void>;
}

/** How long tasks run before answers and messages get their turn. */
const SLICE_MS = 3;
/** Effects of this size are committed before the interval is over. */
const COMMIT_BYTES = 8 * 1024 * 1024;
/** A thread asks the brokers for no more than a transaction in so many ms, however many shards it has. */
const COMMIT_SPACING_MS = 4;
/** How often repartition topics are trimmed, and retention is looked at. */
const UPKEEP_MS = 5_000;

/** A shard that this thread runs. */
interface RunningShard {
  readonly shard: Shard;
  readonly path: string;
  readonly errors: ProcessingLog;
  /** Of the work that was closed. */
  rowsIn: number;
  rowsOut: number;
  runner: ShardRunner | null;
  serving: boolean;
  lastFailure: string | null;
}

interface RunningQuery {
  hosted: HostedQuery;
  readonly planText: string;
  readonly shards: Map<number, RunningShard>;
}

/**
 * The loop of a stream thread over a shared log: shards run in slices of some milliseconds, and between slices answers of the log are heard, epochs
 * are committed, and calls are served. With nothing to do nothing runs.
 */
export class ShardThread implements ShardHost {
  readonly #parts: ShardThreadParts;
  readonly #queries = new Map<string, RunningQuery>();
  readonly #transients: TransientQueries;
  readonly #schemas: SchemaCache;
  readonly #retention: RetentionWatch;
  readonly #upkeep: NodeJS.Timeout;
  #turn = 0;
  #sliceEnd = 0;
  #scheduled = false;
  #timer: NodeJS.Timeout | null = null;
  /** When the timer goes off. */
  #timerAt = 0;
  #closed = false;

  constructor(parts: ShardThreadParts) {
    this.#parts = parts;
    mkdirSync(parts.settings.folder, { recursive: true });
    this.#schemas = new SchemaCache({
      load: (id) => parts.owner.loadSchema(id),
      elapsed: parts.elapsed,
      onChange: this.#wake,
    });
    this.#transients = new TransientQueries({
      ...parts,
      schemas: this.#schemas,
      emit: (event) => parts.owner.event(event),
      wake: this.#wake,
    });
    this.#retention = new RetentionWatch(
      parts.topics,
      () => parts.clock.now(),
      (message) => parts.owner.event({ kind: 'log', level: 'warn', message }),
    );
    this.#upkeep = setInterval(() => {
      this.#trimRepartitions();
      this.#watchRetention();
    }, UPKEEP_MS);
    this.#upkeep.unref();
  }

  async setQueries(queries: readonly HostedQuery[]): Promise<void> {
    const wanted = new Map(queries.map((query) => [query.plan.queryId, query]));
    const closing: Promise<void>[] = [];
    for (const [id, running] of this.#queries) {
      const hosted = wanted.get(id);
      const kept = hosted !== undefined && JSON.stringify(hosted.plan) === running.planText;
      for (const [index, shard] of running.shards) {
        if (kept && hosted.indexes.includes(index) && shard.shard.phase !== 'lost') continue;
        running.shards.delete(index);
        closing.push(this.#close(id, index, shard));
      }
      if (!kept) this.#queries.delete(id);
    }
    await Promise.all(closing);
    if (this.#closed) return;
    for (const hosted of queries) {
      const { plan, options, indexes } = hosted;
      let running = this.#queries.get(plan.queryId);
      if (running === undefined) {
        running = { hosted, planText: JSON.stringify(plan), shards: new Map() };
        this.#queries.set(plan.queryId, running);
      }
      running.hosted = hosted;
      for (const index of indexes) {
        if (!running.shards.has(index)) running.shards.set(index, this.#open(running, index));
      }
      for (const { shard } of running.shards.values()) shard.setPaused(options.paused);
    }
    this.#wake();
  }

  async forget(queryId: string): Promise<void> {
    assert(!this.#queries.has(queryId), 'a query is forgotten when it runs no more');
    const prefix = `${fileName(queryId)}-`;
    for (const name of readdirSync(this.#parts.settings.folder)) {
      const match = name.startsWith(prefix) ? /^(\d+)\.db$/.exec(name.slice(prefix.length)) : null;
      if (match !== null) deleteShardFile(join(this.#parts.settings.folder, name));
    }
  }

  startTransient(plan: PhysicalPlan, options: DeployOptions): Promise<void> {
    return this.#transients.start(plan, options);
  }

  async stopTransient(queryId: string): Promise<void> {
    this.#transients.stop(queryId);
  }

  async hold(queryId: string, held: boolean): Promise<void> {
    this.#transients.hold(queryId, held);
  }

  async status(): Promise<readonly HostedStatus[]> {
    return [...this.#queries].map(([queryId, { hosted, shards }]): HostedStatus => {
      const dropped: Record<string, number> = {};
      let rowsIn = 0;
      let rowsOut = 0;
      for (const running of shards.values()) {
        rowsIn += running.rowsIn + (running.runner?.rowsIn ?? 0);
        rowsOut += running.rowsOut + (running.runner?.rowsOut ?? 0);
        for (const [reason, count] of Object.entries(running.errors.dropped())) {
          dropped[reason] = (dropped[reason] ?? 0) + count;
        }
      }
      return {
        queryId,
        paused: hosted.options.paused,
        rowsIn,
        rowsOut,
        dropped,
        shards: [...shards].map(([index, running]) => shardStatus(index, running)),
      };
    });
  }

  async caughtUp(): Promise<boolean> {
    const running = [...this.#queries.values()]
      .filter(({ hosted }) => !hosted.options.paused)
      .flatMap(({ shards }) => [...shards.values()]);
    let all = true;
    for (const { shard, runner } of running) {
      if (shard.phase === 'failed' || shard.phase === 'lost') continue;
      if (shard.phase !== 'running' || runner === null) {
        all = false;
        continue;
      }
      const inputs = runner.progress();
      const { written } = shard;
      const ends = await this.#parts.topics.offsets([...inputs, ...written]);
      if (inputs.some(({ processed }, i) => processed < ends[i]!.end)) all = false;
      if (written.some(({ offset }, i) => offset > ends[inputs.length + i]!.end)) all = false;
      if (shard.canCommit) {
        all = false;
        void shard.commit(this.#parts.elapsed());
      } else if (shard.isCommitting || runner.touched || shard.fileDue < Number.POSITIVE_INFINITY) {
        all = false;
      }
    }
    return all;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#upkeep);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#transients.close();
    const closing = [...this.#queries].flatMap(([id, { shards }]) =>
      [...shards].map(([index, shard]) => this.#close(id, index, shard)),
    );
    this.#queries.clear();
    await Promise.all(closing);
    await this.#parts.release();
  }

  #open(query: RunningQuery, index: number): RunningShard {
    const { settings, writers, restoreReaders, topics, clock, failpoints, owner } = this.#parts;
    const { plan, options, shards } = query.hosted;
    const { queryId } = plan;
    const path = join(settings.folder, `${fileName(queryId)}-${index}.db`);
    const cacheBytes = (): number => stateCacheBytes(this.#shardCount, options.cacheBytes / shards);
    const errors = new ProcessingLog(queryId, () => clock.now());
    let topology: ShardTopology | null = null;
    const shard = new Shard({
      id: { queryId, index, count: shards },
      transactionalId: transactionalId(settings.serviceId, queryId, index),
      guarantee: settings.guarantee,
      node: settings.node,
      planFingerprint: createHash('sha256').update(query.planText).digest('hex').slice(0, 16),
      start: options.start,
      tombstoneRetentionMs: settings.tombstoneRetentionMs,
      transactionTimeoutMs: settings.transactionTimeoutMs,
      writers,
      readers: restoreReaders,
      topics,
      resolve: async () => {
        const { serviceId, processingLogTopic } = settings;
        topology = await resolveTopics(topics, plan, { serviceId, shards, index, processingLogTopic });
        return topology;
      },
      openState: () => new ShardFile(path, queryId, cacheBytes),
      openWork: (state, inputs) => this.#openWork(running, plan, options, topology!, state, inputs),
      confirmOwner: () => owner.confirmOwner(queryId, index),
      failpoints,
      now: () => clock.now(),
      elapsed: this.#parts.elapsed,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
      onChange: () => this.#changed(queryId, index, running),
      log: (level, message) => owner.event({ kind: 'log', level, message }),
    });
    const running: RunningShard = {
      shard,
      path,
      errors,
      rowsIn: 0,
      rowsOut: 0,
      runner: null,
      serving: false,
      lastFailure: null,
    };
    shard.setPaused(options.paused);
    shard.start();
    return running;
  }

  get #shardCount(): number {
    let shards = 0;
    for (const query of this.#queries.values()) shards += query.shards.size;
    return shards;
  }

  #openWork(
    running: RunningShard,
    plan: PhysicalPlan,
    options: DeployOptions,
    topology: ShardTopology,
    state: ShardState,
    inputs: readonly InputPosition[],
  ): ShardWork {
    const { functions, clock, random, readers, settings } = this.#parts;
    const { errors } = running;
    const { stores } = state as ShardFile;
    const output = new RecordOutputBuffer((topic) => topology.partitionsOf(topic), false);
    const logs = settings.processingLogTopic;
    const errorTopic = new ErrorTopic(topology.hasTopic(logs) ? logs : null, { describeTopic: () => NOT_NULL }, clock);
    const tasks = topology.partitions.map((partition) =>
      buildPipeline(plan, {
        partition,
        stores,
        functions,
        evaluation: { now: () => clock.now(), random },
        schemas: this.#schemas,
        outputs: output,
        caching: options.cacheBytes > 0,
        repartition: topology.direct ? 'direct' : 'topic',
        onRecordError: (report) => errors.report(report),
      }),
    );
    const runner = new ShardRunner({
      tasks,
      output,
      stores,
      errors,
      errorTopic,
      readers,
      inputs,
      repartitions: topology.repartitions,
      compression: settings.compression,
      onChange: this.#wake,
    });
    running.runner = runner;
    return {
      get touched() {
        return runner.touched;
      },
      get lags() {
        return runner.lags;
      },
      get pendingBytes() {
        return runner.pendingBytes;
      },
      get failure() {
        return runner.failure;
      },
      advance: (expired) => runner.advance(expired),
      collect: () => runner.collect(),
      committed: () => runner.committed(),
      close: () => {
        running.rowsIn += runner.collectedRows.rowsIn;
        running.rowsOut += runner.collectedRows.rowsOut;
        running.runner = null;
        runner.close();
      },
    };
  }

  async #close(queryId: string, index: number, running: RunningShard): Promise<void> {
    await running.shard.close(true);
    this.#changed(queryId, index, running);
  }

  #changed(queryId: string, index: number, running: RunningShard): void {
    const { owner } = this.#parts;
    const { shard } = running;
    const serving = shard.phase === 'running';
    if (serving !== running.serving) {
      running.serving = serving;
      owner.event({ kind: 'serving', queryId, index, path: serving ? running.path : null });
    }
    const failure = shard.phase === 'failed' ? shard.reason : null;
    if (failure !== null && failure !== running.lastFailure) {
      owner.event({ kind: 'queryFailed', queryId, error: failure });
      void this.#logFailure(queryId, failure);
    }
    running.lastFailure = failure;
    this.#wake();
  }

  /** Writes to the processing log that a query has failed; its own transactions are no way to say that. */
  async #logFailure(queryId: string, message: string): Promise<void> {
    const { settings, topics, writers, clock, owner } = this.#parts;
    const topic = settings.processingLogTopic;
    try {
      const [found] = topic === null ? [] : await topics.describe([topic]);
      if (found == null) return;
      const log = new ProcessingLog(queryId, () => clock.now());
      log.failed(message, 'stream-thread');
      const writer = await writers.plain();
      await writer.append(new ErrorTopic(topic, { describeTopic: () => NOT_NULL }, clock).collect([log]));
      writer.close();
    } catch (error) {
      owner.event({
        kind: 'log',
        level: 'warn',
        message: `the processing log cannot be written: ${(error as Error).message}`,
      });
    }
  }

  readonly #wake = (): void => {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(this.#turnOver);
  };

  readonly #expired = (): boolean => this.#parts.elapsed() >= this.#sliceEnd;

  /** One turn of the loop. */
  readonly #turnOver = (): void => {
    this.#scheduled = false;
    if (this.#closed) return;
    const shards: Shard[] = [];
    for (const query of this.#queries.values()) for (const { shard } of query.shards.values()) shards.push(shard);
    const { elapsed } = this.#parts;
    const interval = this.#parts.settings.commitIntervalMs;
    const spacing = shards.length * COMMIT_SPACING_MS;
    let processed = this.#transients.advance();
    let soonest = Number.POSITIVE_INFINITY;
    const share = Math.max(0.5, SLICE_MS / Math.max(1, shards.length));
    const start = this.#turn++;
    for (let i = 0; i < shards.length; i++) {
      const shard = shards[(start + i) % shards.length]!;
      this.#sliceEnd = elapsed() + share;
      processed += shard.advance(this.#expired);
      const now = elapsed();
      if (!shard.canCommit) {
        const fileDue = shard.fileDue;
        if (now >= fileDue) shard.writeFile();
        else if (fileDue < soonest) soonest = fileDue;
        continue;
      }
      const due = shard.lastCommit + Math.max(commitIntervalMs(interval, shard.counters.commits), spacing);
      if (now >= due || shard.work!.pendingBytes >= COMMIT_BYTES) void shard.commit(now);
      else if (due < soonest) soonest = due;
    }
    if (processed > 0) this.#wake();
    else if (soonest < Number.POSITIVE_INFINITY) this.#wakeAt(soonest);
  };

  #wakeAt(time: number): void {
    if (this.#timer !== null) {
      if (this.#timerAt <= time) return;
      clearTimeout(this.#timer);
    }
    this.#timerAt = time;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#wake();
      },
      Math.max(0, time - this.#parts.elapsed()),
    );
  }

  #watchRetention(): void {
    const inputs = [...this.#queries.values()].flatMap(({ shards }) =>
      [...shards.values()].flatMap(({ runner }) => runner?.progress().filter(({ isInternal }) => !isInternal) ?? []),
    );
    // What cannot be asked now is asked next time.
    this.#retention.check(inputs).catch(() => {});
  }

  #trimRepartitions(): void {
    const before = [...this.#queries.values()].flatMap(({ shards }) =>
      [...shards.values()].flatMap(({ runner }) => runner?.takeTrimmable() ?? []),
    );
    if (before.length === 0) return;
    this.#parts.topics.trim(before).catch((error: Error) => {
      this.#parts.owner.event({
        kind: 'log',
        level: 'warn',
        message: `repartition topics cannot be trimmed: ${error.message}`,
      });
    });
  }
}

const NOT_NULL = {} as never;

/** A name that any file system takes, and that is like no other query's. */
function fileName(queryId: string): string {
  return encodeURIComponent(queryId).replaceAll('*', '%2A');
}

function shardStatus(index: number, { shard, runner }: RunningShard): ShardStatus {
  const { phase, reason, position, restore, counters } = shard;
  return {
    index,
    tasks: runner?.tasks ?? 0,
    phase,
    reason,
    sequence: position?.sequence ?? 0,
    restoreApplied: restore === null ? 0 : restore.at - restore.from,
    restoreTotal: restore === null ? 0 : restore.end - restore.from,
    ...counters,
    positions:
      runner?.progress().map(({ topic, partition, offset, end, streamTime }) => ({
        topic,
        partition,
        offset,
        end: Math.max(end, offset),
        streamTime,
      })) ??
      position?.inputs.map(({ topic, partition, offset, streamTime }) => ({
        topic,
        partition,
        offset,
        end: offset,
        streamTime: streamTime < 0 ? null : streamTime,
      })) ??
      [],
  };
}
