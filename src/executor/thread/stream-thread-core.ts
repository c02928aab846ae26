import type { Appended, Commit, LogReader, PendingBatch, Position, TopicAdmin } from '../../broker/broker.js';
import { AppendQueue } from '../../broker/embedded/append-queue.js';
import { StatementError, SystemError } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import type { Database } from '../../storage/database.js';
import { type CommitLog, commitEpoch, type EpochOutcome, isStorageFailure, type Written } from '../task/commit.js';
import type { LogFeed } from '../task/log-feed.js';
import { appendCommands } from './commands.js';
import { CommitMeter } from './commit-meter.js';
import { deliverRows, flushTransient } from './deliver-rows.js';
import { dropQuery, repartitionTopics, unknownTopic } from './deployment.js';
import { ErrorTopic } from './error-topic.js';
import { type ManagedQuery, QuerySet, RETRY_MS_FIRST, type RunnerFactory } from './query-set.js';
import type {
  DeployOptions,
  QueryFigures,
  QueryStatus,
  StoredCommand,
  ThreadChange,
  ThreadEvent,
} from './stream-thread.js';

/** The log as the thread needs it; the thread is its only writer. */
export interface ThreadLog extends TopicAdmin, LogReader, CommitLog {
  /** Several commits in one transaction. */
  commitAll(commits: readonly Commit[]): Appended[][];
  /** Where a reader stands; empty when it never committed. */
  positions(reader: string): readonly Position[];
  /** Forgets a reader's positions. */
  deleteReader(reader: string): void;
  /** Deletes and compacts what may go, a short transaction a step. */
  clean(now: number): Iterator<void>;
}

export interface CoreParts {
  readonly database: Database;
  readonly log: ThreadLog;
  readonly feed: LogFeed;
  readonly factory: RunnerFactory;
  readonly clock: Clock;
  /** Milliseconds that only grow: for measuring, never shown. */
  readonly elapsed: () => number;
  /** How often effects are committed, in ms. */
  readonly commitIntervalMs: number;
  /** Topic of KSQL_PROCESSING_LOG; null, or missing: errors are only counted. */
  readonly processingLogTopic: string | null;
  readonly retryMs?: number;
}

/** How long tasks run before messages and timers get their turn. */
const SLICE_MS = 5;
/** Effects of this size are committed before the interval is over. */
const COMMIT_BYTES = 8 * 1024 * 1024;
/** Inserts that come within this time share a commit. */
const INSERT_LINGER_MS = 1;
const MAINTENANCE_MS = 30_000;
/** How long to wait for room on the disk. */
const STALL_MS = 1_000;

/**
 * The loop of a stream thread, on the event loop of its thread: tasks run in slices of some milliseconds, and between slices inserts are
 * committed as a group, effects are committed at their interval, and calls are served. No transaction is open while records are
 * processed; with nothing to do nothing runs.
 *
 * Calls are synchronous and in order; `append` and `drain` answer later.
 */
export class StreamThreadCore {
  readonly #parts: CoreParts;
  readonly #queries: QuerySet;
  readonly #listeners = new Set<(event: ThreadEvent) => void>();
  readonly #errors: ErrorTopic;
  readonly #maintenance: NodeJS.Timeout;
  readonly #inserts: AppendQueue;
  readonly #commits = new WeakMap<ManagedQuery, CommitMeter>();
  /** What the insert queue has just committed. */
  #inserted: Written[] = [];
  #drains: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #scheduled = false;
  #commitTimer: NodeJS.Timeout | null = null;
  #commitDue = false;
  /** Set while the file takes no commits. */
  #stall: NodeJS.Timeout | null = null;
  #turn = 0;
  #sliceEnd = 0;
  #closed = false;
  #closedBy = closedError();

  constructor(parts: CoreParts) {
    this.#parts = parts;
    this.#queries = new QuerySet({
      factory: parts.factory,
      clock: parts.clock,
      emit: this.#emit,
      wake: () => this.#wake(),
      retryMs: parts.retryMs ?? RETRY_MS_FIRST,
    });
    this.#errors = new ErrorTopic(parts.processingLogTopic, parts.log, parts.clock);
    this.#inserts = new AppendQueue(
      { commitAll: (commits) => this.#commitInserts(commits) },
      {
        lingerMs: INSERT_LINGER_MS,
        monotonicNow: parts.elapsed,
        schedule: soon,
        onCommit: () => this.#insertsCommitted(),
      },
    );
    this.#maintenance = setInterval(() => this.#maintain(), MAINTENANCE_MS);
    this.#maintenance.unref();
  }

  subscribe(listener: (event: ThreadEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @see StreamThread.apply */
  apply(change: ThreadChange): void {
    this.#assertOpen();
    const { database, log, feed } = this.#parts;
    this.#inserts.flush();
    const stopping = [...change.drop, ...change.deploy.map(({ plan }) => plan.queryId)]
      .map((id) => this.#queries.get(id))
      .filter((query) => query !== undefined);
    // What they have done so far is the past of the change; then they let go of their stores.
    if (stopping.length > 0) this.#commit();
    for (const query of stopping) this.#queries.suspend(query);
    const gone = [...change.deleteTopics];
    const deployed: ManagedQuery[] = [];
    const failures: { query: ManagedQuery; error: unknown }[] = [];
    let commands: readonly StoredCommand[] = [];
    try {
      database.transaction(() => {
        for (const { name, config } of change.createTopics) log.createTopic(name, config);
        for (const name of change.deleteTopics) log.deleteTopic(name);
        commands = appendCommands(database, change.commands);
        for (const id of change.drop) gone.push(...dropQuery(log, this.#parts.factory, id));
        for (const { plan, options } of change.deploy) {
          const query = this.#queries.create(plan, { ...options, transient: false });
          deployed.push(query);
          const error = this.#deploy(query, this.#queries.get(query.id) !== undefined);
          if (error !== null) failures.push({ query, error });
        }
      });
    } catch (error) {
      for (const query of deployed) query.stop();
      for (const { name } of change.createTopics) feed.forget(name);
      for (const { plan } of change.deploy) for (const name of repartitionTopics(plan)) feed.forget(name);
      for (const query of stopping) this.#reopen(query);
      throw error;
    }
    for (const query of stopping) this.#queries.remove(query);
    for (const query of deployed) this.#queries.add(query);
    for (const { query, error } of failures) this.#queries.fail(query, error);
    for (const name of gone) this.#topicGone(name);
    if (commands.length > 0) this.#emit({ kind: 'commands', commands });
    this.#wake();
  }

  /** @see StreamThread.append */
  append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    return this.#inserts.append(batches);
  }

  pause(queryId: string): void {
    const query = this.#known(queryId);
    if (query.runner?.touched) this.#commit();
    this.#queries.setPaused(query, true);
  }

  resume(queryId: string): void {
    this.#queries.setPaused(this.#known(queryId), false);
    this.#wake();
  }

  startTransient(plan: PhysicalPlan, options: DeployOptions): void {
    this.#assertOpen();
    // What was inserted before is seen, and counts for the end of a bounded query.
    this.#inserts.flush();
    if (this.#queries.get(plan.queryId) !== undefined) {
      throw new StatementError(`query ${plan.queryId} is already running`, { code: 'query-exists', problem: 'engine' });
    }
    const query = this.#queries.create(plan, { ...options, transient: true });
    this.#queries.open(query);
    this.#queries.add(query);
    this.#wake();
  }

  /** Ends a transient query; no event tells. One that has ended already is no error. */
  stopTransient(queryId: string): void {
    const query = this.#queries.get(queryId);
    if (query?.options.transient) this.#queries.remove(query);
  }

  /** Stops feeding a transient query whose receiver is behind, or goes on. */
  hold(queryId: string, held: boolean): void {
    const query = this.#queries.get(queryId);
    if (query === undefined) return;
    query.held = held;
    if (!held) this.#wake();
  }

  status(): readonly QueryStatus[] {
    return [...this.#queries.all()].map((query) => ({
      ...query.status,
      positions: query.runner?.progress() ?? this.#storedProgress(query.id),
      ...(query.options.transient ? {} : { figures: this.#figures(query) }),
    }));
  }

  #figures(query: ManagedQuery): QueryFigures {
    return {
      tasks: query.runner?.tasks.length ?? 0,
      commits: this.#meter(query).figures(this.#parts.elapsed()),
      restore: null,
      changelog: null,
    };
  }

  #meter(query: ManagedQuery): CommitMeter {
    let meter = this.#commits.get(query);
    if (meter === undefined) {
      meter = new CommitMeter();
      this.#commits.set(query, meter);
    }
    return meter;
  }

  /** Where a query stands that is not open. */
  #storedProgress(queryId: string): QueryStatus['positions'] {
    const { log } = this.#parts;
    return log.positions(queryId).map((position) => ({
      ...position,
      end: log.offsets(position.topic, position.partition).end,
      streamTime: null,
    }));
  }

  /** @see StreamThread.drain */
  drain(): Promise<void> {
    this.#inserts.flush();
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#drains.push({ resolve, reject });
      this.#wake();
    });
  }

  /** Schemas that records waited for are known. */
  schemasKnown(): void {
    this.#wake();
  }

  /** Commits what has been processed and closes the file. */
  close(): void {
    if (this.#closed) return;
    this.#inserts.close();
    try {
      const failure = this.#commit();
      if (failure !== null) throw failure;
    } finally {
      this.#release(closedError());
    }
  }

  #wake(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#closed) return;
      try {
        this.#turnOver();
      } catch (error) {
        this.#crash(error);
      }
    });
  }

  /** A fault of the thread itself: what is in memory cannot be trusted, what is in the file can. */
  #crash(error: unknown): void {
    const message = messageOf(error);
    const failure = new SystemError(`the stream thread has failed: ${message}`, {
      code: 'stream-thread-failed',
      hint: 'start the engine again; it goes on from the last commit',
      cause: error,
    });
    this.#emit({ kind: 'threadFailed', error: failure.message });
    this.#release(failure);
  }

  #release(reason: SystemError): void {
    this.#inserts.close();
    this.#closed = true;
    this.#closedBy = reason;
    clearInterval(this.#maintenance);
    if (this.#commitTimer !== null) clearTimeout(this.#commitTimer);
    if (this.#stall !== null) clearTimeout(this.#stall);
    this.#queries.close();
    for (const { reject } of this.#drains) reject(reason);
    this.#drains = [];
    this.#listeners.clear();
    this.#parts.database.close();
  }

  /** One turn of the loop. */
  #turnOver(): void {
    // Under load the turn before has been the wait for others to share the commit.
    this.#inserts.flush();
    if (this.#commitDue) this.#commit();
    if (this.#stall !== null) return;
    const processed = this.#runTasks();
    deliverRows(this.#queries, this.#emit);
    if (processed > 0) {
      if (this.#uncommittedBytes() >= COMMIT_BYTES) this.#commit();
      this.#armCommit();
      this.#wake();
    } else if (this.#drains.length > 0 && !this.#waits()) {
      if (this.#hasUncommitted()) {
        this.#commit();
        this.#wake();
      } else {
        const drains = this.#drains;
        this.#drains = [];
        for (const { resolve } of drains) resolve();
      }
    } else if (this.#hasUncommitted()) {
      this.#armCommit();
    }
  }

  /** Whether some query waits for schemas. */
  #waits(): boolean {
    return this.#queries.running().some(({ held, runner }) => !held && runner?.waits === true);
  }

  readonly #expired = (): boolean => this.#parts.elapsed() >= this.#sliceEnd;

  /** Gives every query a share of the slice. */
  #runTasks(): number {
    const running = this.#queries.running();
    let processed = 0;
    const share = Math.max(1, SLICE_MS / Math.max(1, running.length));
    const start = this.#turn++;
    for (let i = 0; i < running.length; i++) {
      const query = running[(start + i) % running.length]!;
      if (query.held || query.runner === null) continue;
      this.#sliceEnd = this.#parts.elapsed() + share;
      try {
        processed += query.runner.advance(this.#expired);
      } catch (error) {
        this.#queries.fail(query, error);
        processed++;
      }
    }
    return processed;
  }

  #commitInserts(commits: readonly Commit[]): Appended[][] {
    const places = this.#parts.log.commitAll(commits);
    commits.forEach(({ outputs }, i) => {
      outputs.forEach((batch, j) => {
        this.#inserted.push({ batch, place: places[i]![j]! });
      });
    });
    return places;
  }

  #insertsCommitted(): void {
    const inserted = this.#inserted;
    this.#inserted = [];
    this.#announce(inserted);
    // There is room again.
    if (this.#stall !== null) this.#commitDue = true;
  }

  /** Commits the effects of all queries. Returns the failure of the file, after which the same is tried again later. */
  #commit(): unknown {
    const { elapsed } = this.#parts;
    const began = elapsed();
    this.#commitDue = false;
    if (this.#commitTimer !== null) clearTimeout(this.#commitTimer);
    this.#commitTimer = null;
    const touched = [...this.#queries.all()].filter((query) => query.runner?.touched);
    for (const query of touched) {
      if (query.rows !== null) flushTransient(query, this.#queries, this.#emit);
    }
    const kept = touched.filter((query) => query.rows === null && query.runner !== null);
    const errors = this.#errors.collect([...this.#queries.all()].map((query) => query.errors));
    if (kept.length === 0 && errors.length === 0) return null;
    let outcome: EpochOutcome;
    try {
      const runners = kept.map((query) => query.runner!);
      outcome = commitEpoch(this.#parts.database, this.#parts.log, runners, errors);
    } catch (error) {
      if (!isStorageFailure(error)) throw error;
      this.#stallFor(error);
      return error;
    }
    this.#errors.committed();
    for (const { runner, error } of outcome.failed) this.#queries.fail(this.#known(runner.queryId), error);
    const ended = elapsed();
    for (const query of kept) {
      if (query.runner === null) continue;
      this.#queries.succeeded(query);
      this.#meter(query).add(ended, ended - began);
    }
    this.#announce(outcome.written);
    this.#unstall();
    return null;
  }

  /** Tells readers and listeners what a commit has added. */
  #announce(written: readonly Written[]): void {
    if (written.length === 0) return;
    const ends = new Map<string, Appended & { end: number }>();
    for (const { batch, place } of written) {
      this.#parts.feed.appended(batch, place);
      const { topic, partition, baseOffset, lastOffset } = place;
      const id = `${partition}/${topic}`;
      const first = ends.get(id)?.baseOffset ?? baseOffset;
      ends.set(id, { topic, partition, baseOffset: first, lastOffset, end: lastOffset + 1 });
    }
    this.#emit({ kind: 'committed', ends: [...ends.values()] });
    this.#wake();
  }

  #armCommit(): void {
    this.#commitTimer ??= setTimeout(() => {
      this.#commitTimer = null;
      this.#commitDue = true;
      this.#wake();
    }, this.#parts.commitIntervalMs);
  }

  #hasUncommitted(): boolean {
    if (!this.#errors.isEmpty) return true;
    for (const query of this.#queries.all()) if (query.runner?.touched || query.errors.hasEntries) return true;
    return false;
  }

  #uncommittedBytes(): number {
    let bytes = 0;
    for (const query of this.#queries.running()) if (query.rows === null) bytes += query.runner!.pendingBytes;
    return bytes;
  }

  /** The file takes nothing: nothing more is processed, and the same commit is tried again and again. */
  #stallFor(error: unknown): void {
    if (this.#stall === null) this.#emit({ kind: 'storage', error: messageOf(error) });
    else clearTimeout(this.#stall);
    this.#stall = setTimeout(() => {
      this.#commitDue = true;
      this.#wake();
    }, STALL_MS);
  }

  #unstall(): void {
    if (this.#stall === null) return;
    clearTimeout(this.#stall);
    this.#stall = null;
    this.#emit({ kind: 'storage', error: null });
    this.#wake();
  }

  /** Opens a query inside the transaction that creates it. An old one that cannot be opened is returned as failed. */
  #deploy(query: ManagedQuery, replaces: boolean): unknown {
    const known = this.#parts.log.positions(query.id).length > 0;
    try {
      this.#queries.open(query);
      return null;
    } catch (error) {
      if (!known || replaces || isStorageFailure(error)) throw error;
      return error;
    }
  }

  #topicGone(name: string): void {
    this.#parts.feed.forget(name);
    for (const query of this.#queries.all()) {
      if (query.runner?.reads(name)) this.#queries.fail(query, unknownTopic(name));
    }
  }

  #reopen(query: ManagedQuery): void {
    try {
      this.#queries.open(query);
    } catch (error) {
      this.#queries.fail(query, error);
    }
  }

  /** Cleans the log, a step a turn of the event loop. */
  #maintain(steps: Iterator<void> = this.#parts.log.clean(this.#parts.clock.now())): void {
    if (this.#closed) return;
    try {
      if (steps.next().done) this.#parts.database.limitWal();
      else setImmediate(() => this.#maintain(steps));
    } catch (error) {
      // The next round tries again; a full disk is told by the commits that it refuses.
      if (!isStorageFailure(error)) this.#emit({ kind: 'cleaningFailed', error: messageOf(error) });
    }
  }

  readonly #emit = (event: ThreadEvent): void => {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // The listener's fault, not the thread's: it surfaces on its own.
        setImmediate(() => {
          throw error;
        });
      }
    }
  };

  #known(queryId: string): ManagedQuery {
    const query = this.#queries.get(queryId);
    if (query === undefined) {
      throw new StatementError(`query ${queryId} does not exist`, { code: 'unknown-query', problem: 'engine' });
    }
    return query;
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#closedBy;
  }
}

function closedError(): SystemError {
  return new SystemError('the engine is closed', { code: 'closed' });
}

/** As a timer, but without its millisecond when there is nothing to wait for. */
function soon(action: () => void, ms: number): () => void {
  if (ms > 0) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  }
  const immediate = setImmediate(action);
  return () => clearImmediate(immediate);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
