import type { Appended, PendingBatch, Position, TopicPartition } from '../../broker/broker.js';
import { LogError } from '../../broker/cluster-log.js';
import { assert, SystemError } from '../../model/errors.js';
import { isStorageFailure } from '../task/commit.js';
import { ChangelogBuffer } from './changelog-buffer.js';
import { type ChangelogOwners, readOwners } from './changelog-owners.js';
import { type EpochWriter, openEpochWriter } from './epoch-writer.js';
import {
  type ClaimRecord,
  type CommittedPosition,
  claimKey,
  encodeClaim,
  encodePosition,
  type InputPosition,
  POSITION_KEY,
  type ShardPosition,
} from './position-record.js';
import { type RestoreProgress, restoreState } from './restore.js';
import type { ChangelogPlace, ShardEffects, ShardInput, ShardParts, ShardState, ShardWork } from './shard-ports.js';

/**
 * Where a shard stands: `recovering` until its state is that of the log; `running`; `waiting` for the cluster, the disk or whoever holds its file,
 * to try again soon; `failed`, to try again later and ever later; `closed`; `lost` when another node owns it.
 */
export type ShardPhase = 'recovering' | 'running' | 'waiting' | 'failed' | 'closed' | 'lost';

/** Counters of a shard since it was made. */
export interface ShardCounters {
  commits: number;
  commitMs: number;
  commitMsMax: number;
  changelogRecords: number;
  changelogBytes: number;
  recoveries: number;
}

/**
 * While commit follows commit, the rows that they change again and again are written to the file only so often: its readers are then behind by
 * what waits to be processed anyhow, and a restart reads so much more of the changelog.
 */
const FILE_BEHIND_MS_MAX = 1_000;
/** Unfinished work beyond this waits for the commit in flight. */
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
const RETRY_MS_FIRST = 20;
const RETRY_MS_MAX = 1_000;
/** A broken query is tried again after ksqlDB's first wait, doubling up to its last. */
const FAILED_MS_FIRST = 15_000;
const FAILED_MS_MAX = 15 * 60_000;

/**
 * One shard from its first recovery to its end: recovers, processes, and commits each epoch while the next is processed in memory.
 *
 * `recover` is the only way to begin, and the only answer to a doubt: after any failure everything in memory is thrown away, the file's open
 * transaction is rolled back, and the shard begins again from what the log says. *Fenced* means: ask the group, then recover or close.
 */
export class Shard {
  readonly counters: ShardCounters = {
    commits: 0,
    commitMs: 0,
    commitMsMax: 0,
    changelogRecords: 0,
    changelogBytes: 0,
    recoveries: 0,
  };
  readonly #parts: ShardParts;
  readonly #closing = new AbortController();
  #phase: ShardPhase = 'recovering';
  #reason: string | null = null;
  #restore: RestoreProgress | null = null;
  #state: ShardState | null = null;
  #work: ShardWork | null = null;
  #writer: EpochWriter | null = null;
  #changelog: ChangelogPlace | null = null;
  #buffer: ChangelogBuffer | null = null;
  #position: ShardPosition | null = null;
  #written: readonly Position[] = [];
  /** Without transactions: where the changelog ends if nobody else writes to it. */
  #changelogEnd = 0;
  /** The commit in flight; never rejects. */
  #committing: Promise<void> | null = null;
  /** The work of the next epoch is broken: told once the commit in flight is over. */
  #broken: unknown = null;
  #paused = false;
  #started = false;
  #failures = 0;
  /** The records that it was to read were gone, and it has recovered once for that. */
  #doubtedPosition = false;
  #lastCommit = Number.NEGATIVE_INFINITY;
  /** When the file was last known to be as new as the log. */
  #fileCurrent = Number.NEGATIVE_INFINITY;

  constructor(parts: ShardParts) {
    this.#parts = parts;
  }

  get id(): ShardParts['id'] {
    return this.#parts.id;
  }

  get phase(): ShardPhase {
    return this.#phase;
  }

  /** Why the shard is not running, in words for people; null while there is nothing to say. */
  get reason(): string | null {
    return this.#reason;
  }

  /** While it recovers: how much of the changelog has been applied. */
  get restore(): RestoreProgress | null {
    return this.#phase === 'recovering' ? this.#restore : null;
  }

  /** As of the last commit. */
  get position(): ShardPosition | null {
    return this.#position;
  }

  /**
   * The end of what the last commit has appended to each partition. Committed, and in a moment visible: the log marks each partition after it has
   * answered.
   */
  get written(): readonly Position[] {
    return this.#written;
  }

  get work(): ShardWork | null {
    return this.#work;
  }

  get isCommitting(): boolean {
    return this.#committing !== null;
  }

  /** Begins; called once. */
  start(): void {
    assert(!this.#started, 'a shard is started once');
    this.#started = true;
    void this.#live();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#parts.onChange();
  }

  /** Processes for about the given time. Returns how many records it has processed. */
  advance(expired: () => boolean): number {
    const work = this.#work;
    if (work === null || this.#phase !== 'running' || this.#paused || this.#broken !== null) return 0;
    if (this.#committing !== null && work.pendingBytes > PENDING_BYTES_MAX) return 0;
    try {
      const processed = work.advance(expired);
      if (work.failure !== null) throw work.failure;
      return processed;
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  /** Whether there is something that a commit would make durable, and no commit is in flight. */
  get canCommit(): boolean {
    return this.#phase === 'running' && this.#committing === null && this.#broken === null && this.#work!.touched;
  }

  /** When the last commit began, on the caller's clock. */
  get lastCommit(): number {
    return this.#lastCommit;
  }

  /** Begins a commit of what has been processed. Resolves when it is over, however it ended. */
  commit(elapsed: number): Promise<void> {
    assert(this.canCommit, 'a commit begins when the last one is over');
    this.#lastCommit = elapsed;
    let effects: ShardEffects;
    try {
      this.#parts.failpoints.hit('afterProcess');
      effects = this.#work!.collect();
    } catch (error) {
      this.#fail(error);
      return Promise.resolve();
    }
    const started = this.#parts.elapsed();
    const mayStayBehind =
      this.#work!.lags && elapsed < this.#fileCurrent + FILE_BEHIND_MS_MAX && !this.#closing.signal.aborted;
    this.#committing = this.#commitEpoch(effects, mayStayBehind).then(
      () => {
        this.#committing = null;
        if (!this.#fileIsBehind) this.#fileCurrent = elapsed;
        this.#work?.committed();
        const ms = this.#parts.elapsed() - started;
        this.counters.commits++;
        this.counters.commitMs += ms;
        if (ms > this.counters.commitMsMax) this.counters.commitMsMax = ms;
        this.#failures = 0;
        if (this.#broken !== null) this.#fail(this.#broken);
        this.#parts.onChange();
      },
      (error) => {
        this.#committing = null;
        this.#fail(error);
      },
    );
    return this.#committing;
  }

  /**
   * When what commits have left in memory is to be written to the file, on the caller's clock; infinity when there is nothing, or when a commit
   * will see to it.
   */
  get fileDue(): number {
    if (this.#phase !== 'running' || this.#committing !== null || !this.#fileIsBehind) return Number.POSITIVE_INFINITY;
    const { touched, lags } = this.#work!;
    if (touched) return Number.POSITIVE_INFINITY;
    return lags ? this.#fileCurrent + FILE_BEHIND_MS_MAX : Number.NEGATIVE_INFINITY;
  }

  /** Whether the last commit, and perhaps others before it, have left in memory what the file is to be given. */
  get #fileIsBehind(): boolean {
    return this.#state!.position?.sequence !== this.#position?.sequence;
  }

  /** Writes to the file what commits have left in memory; when `fileDue` says so. */
  writeFile(): void {
    assert(this.fileDue < Number.POSITIVE_INFINITY, 'a file catches up between two commits');
    try {
      this.#state!.catchUp(this.#position!);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#parts.onChange();
  }

  /**
   * Ends the shard on this node.
   * @param finish whether what has been processed is committed first; else it is left to the next owner
   */
  async close(finish: boolean): Promise<void> {
    this.#closing.abort(new Closed());
    if (this.#committing !== null) await this.#committing;
    if (finish && this.canCommit) await this.commit(this.#lastCommit);
    else if (finish && this.fileDue < Number.POSITIVE_INFINITY) this.writeFile();
    if (this.#phase !== 'lost') this.#phase = 'closed';
    // A recovery that waits for the cluster finds out when its answer comes, and lets go of what it got.
    this.#discard();
  }

  /** Recovers until it has, or until the shard is not this node's any more. */
  async #live(): Promise<void> {
    let attempt = 0;
    for (;;) {
      try {
        await this.#recover();
        this.#phase = 'running';
        this.#reason = null;
        this.#parts.onChange();
        return;
      } catch (error) {
        this.#discard();
        if (this.#closing.signal.aborted) return;
        const wait = await this.#judge(error, attempt++);
        this.#parts.onChange();
        if (wait === null) return;
        await this.#wait(wait);
        if (this.#closing.signal.aborted) return;
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#closing;
    let onAbort: () => void = () => {};
    const aborted = new Promise<void>((resolve) => {
      onAbort = resolve;
    });
    signal.addEventListener('abort', onAbort);
    await Promise.race([this.#parts.sleep(ms), aborted]);
    signal.removeEventListener('abort', onAbort);
  }

  /** Something has gone wrong while the shard ran: it begins again. */
  #fail(error: unknown): void {
    if (this.#committing !== null) {
      this.#broken = error;
      return;
    }
    this.#discard();
    if (this.#phase === 'closed' || this.#phase === 'lost') return;
    if (this.#closing.signal.aborted) {
      this.#phase = 'closed';
      return;
    }
    this.#phase = 'waiting';
    void this.#beginAgain(error);
  }

  async #beginAgain(error: unknown): Promise<void> {
    const wait = await this.#judge(error, 0);
    this.#parts.onChange();
    if (wait === null) return;
    await this.#wait(wait);
    if (!this.#closing.signal.aborted) await this.#live();
  }

  /** What a failure means: how long to wait before the shard begins again, in ms; null when it is over. */
  async #judge(error: unknown, attempt: number): Promise<number | null> {
    const { log, id } = this.#parts;
    const message = error instanceof Error ? error.message : String(error);
    const name = `${id.queryId} shard ${id.index}`;
    const isNews = this.#reason !== message;
    this.#reason = message;
    if (error instanceof LogError && error.failure === 'fenced') {
      let owner: boolean;
      try {
        owner = await this.#parts.confirmOwner();
      } catch (cause) {
        log('warn', `${name}: fenced, and the group cannot be asked: ${(cause as Error).message}`);
        this.#phase = 'waiting';
        return RETRY_MS_MAX;
      }
      if (!owner) {
        log('info', `${name}: belongs to another node now`);
        this.#phase = 'lost';
        return null;
      }
      log('info', `${name}: fenced, and still the owner: it recovers`);
      this.#phase = 'recovering';
      return RETRY_MS_FIRST;
    }
    // An owner that has been replaced without knowing finds its inputs trimmed: its position is that of the log again once it has recovered.
    const outOfRange = error instanceof SystemError && error.code === 'offset-out-of-range' && !this.#doubtedPosition;
    this.#doubtedPosition = outOfRange;
    const passing =
      outOfRange ||
      (error instanceof LogError && error.failure !== 'refused') ||
      isStorageFailure(error) ||
      (error instanceof SystemError && (error.code === 'file-in-use' || error.code === 'failpoint'));
    if (passing) {
      this.#phase = 'waiting';
      log('warn', `${name}: ${message}`);
      return Math.min(RETRY_MS_FIRST * 2 ** attempt, RETRY_MS_MAX);
    }
    this.#phase = 'failed';
    const ofConnection = error instanceof LogError && error.ofConnection;
    if (isNews || !ofConnection) log('error', `${name}: ${message}`);
    // The query has done nothing wrong, so it does not wait ever longer.
    if (ofConnection) return FAILED_MS_FIRST;
    return Math.min(FAILED_MS_FIRST * 2 ** this.#failures++, FAILED_MS_MAX);
  }

  async #recover(): Promise<void> {
    const parts = this.#parts;
    const { failpoints } = parts;
    const { signal } = this.#closing;
    this.#phase = 'recovering';
    this.#restore = null;
    this.counters.recoveries++;
    this.#state = parts.openState();
    failpoints.hit('recoverOpen');
    const { changelog, inputs } = await parts.resolve();
    signal.throwIfAborted();
    this.#changelog = changelog;
    this.#buffer = new ChangelogBuffer(changelog);
    // Nothing is read before earlier owners are fenced: what they may still write would be missing.
    const writer = await openEpochWriter(
      parts.writers,
      parts.guarantee,
      parts.transactionalId,
      parts.transactionTimeoutMs,
    );
    this.#writer = writer;
    signal.throwIfAborted();
    const owners = parts.guarantee === 'at_least_once' ? await this.#claim() : null;
    failpoints.hit('recoverFenced');
    const [range] = await parts.topics.offsets([changelog]);
    signal.throwIfAborted();
    this.#position = await restoreState({
      state: this.#state,
      changelog,
      range: range!,
      readers: parts.readers,
      owners,
      tombstoneRetentionMs: parts.tombstoneRetentionMs,
      failpoints,
      log: parts.log,
      signal,
      onProgress: (progress) => {
        this.#restore = progress;
      },
    });
    if (this.#position !== null && this.#position.plan !== parts.planFingerprint) {
      const { queryId, index } = parts.id;
      parts.log(
        'info',
        `${queryId} shard ${index}: its plan is another than that of commit ${this.#position.sequence}`,
      );
    }
    const { positions, isNew } = await this.#beginnings(inputs);
    signal.throwIfAborted();
    // What `latest` leaves out is settled before anything is processed.
    if (isNew) await this.#commitEpoch({ outputs: [], inputs: positions }, false);
    failpoints.hit('recoverDone');
    this.#work = parts.openWork(this.#state, positions);
  }

  /** Without transactions: the changelog itself says whose records count from here on. */
  async #claim(): Promise<ChangelogOwners> {
    const { readers, topics, node } = this.#parts;
    const { producerId } = this.#writer!;
    const changelog = this.#changelog!;
    const source = { readers, changelog, signal: this.#closing.signal };
    const [before] = await topics.offsets([changelog]);
    const generation = ((await readOwners(source, before!)).current?.generation ?? 0) + 1;
    const claim: ClaimRecord = { generation, producerId, node, leftover: null };
    const at = await this.#appendClaim(claim);
    const [range] = await topics.offsets([changelog]);
    const owners = await readOwners(source, range!);
    if (owners.current?.producerId !== producerId) throw overtaken(changelog);
    this.#changelogEnd = range!.end;
    if (owners.unclosed >= 0) await this.#appendClaim({ ...claim, leftover: { from: owners.unclosed, to: at } });
    return owners;
  }

  /** Returns its offset. */
  async #appendClaim(claim: ClaimRecord): Promise<number> {
    const buffer = this.#buffer!;
    const key = claimKey(claim);
    const value = encodeClaim(claim);
    buffer.record(key, key.length, value, value.length, this.#parts.now());
    const places = await this.#writer!.append(buffer.take());
    if (claim.leftover !== null) this.#checkAlone(places);
    return places[0]!.baseOffset;
  }

  /** Without transactions nobody tells an owner that it has been replaced, but records between its own do. */
  #checkAlone(places: readonly Appended[]): void {
    for (const { baseOffset, lastOffset } of places) {
      if (baseOffset !== this.#changelogEnd) throw overtaken(this.#changelog!);
      this.#changelogEnd = lastOffset + 1;
    }
  }

  /** Where each input begins: where the last commit left it, or where the query says. */
  async #beginnings(
    inputs: readonly ShardInput[],
  ): Promise<{ readonly positions: readonly InputPosition[]; readonly isNew: boolean }> {
    const known = this.#position?.inputs ?? [];
    const found = inputs.map((input) => {
      const before = known.find((p) => p.topic === input.topic && p.partition === input.partition);
      if (before === undefined && known.some((p) => p.topic === input.topic)) throw partitionsChanged(input.topic);
      if (before !== undefined && before.topicId !== input.topicId) throw topicRecreated(input.topic);
      return before;
    });
    const fresh = inputs.filter((_, i) => found[i] === undefined);
    if (fresh.length === 0) return { positions: found as InputPosition[], isNew: false };
    const ranges = await this.#parts.topics.offsets(fresh);
    const positions = inputs.map((input, i): InputPosition => {
      const before = found[i];
      if (before !== undefined) return before;
      const { topic, topicId, partition, mayStartLate } = input;
      const { start, end } = ranges[fresh.indexOf(input)]!;
      const offset = this.#parts.start === 'latest' && mayStartLate ? end : start;
      return { topic, topicId, partition, offset, streamTime: -1 };
    });
    return { positions, isNew: true };
  }

  /**
   * The commit protocol: outputs, changelog and position record go to the log together; then, and only then, the file commits.
   * Rejects when anything is in doubt; the caller throws everything away and recovers.
   * @param mayStayBehind whether the file may be left to a later commit
   */
  async #commitEpoch({ outputs, inputs }: ShardEffects, mayStayBehind: boolean): Promise<void> {
    const { failpoints, guarantee, planFingerprint, node } = this.#parts;
    const state = this.#state!;
    const writer = this.#writer!;
    const changelog = this.#changelog!;
    const buffer = this.#buffer!;
    // On its way while the state is written; what is appended before the answer would belong to no transaction, or to the last one.
    const begun = writer.begin(partitionsOf(outputs, changelog));
    begun.catch(() => {});
    failpoints.hit('addSent');
    const fingerprint = state.stage(buffer, mayStayBehind);
    const { records } = buffer;
    const position: CommittedPosition = {
      sequence: (this.#position?.sequence ?? 0) + 1,
      inputs,
      records,
      fingerprint,
      plan: planFingerprint,
      node,
      producerId: writer.producerId,
      epoch: writer.epoch,
    };
    const timestamp = this.#parts.now();
    const encoded = encodePosition(position);
    buffer.record(POSITION_KEY, POSITION_KEY.length, encoded, encoded.length, timestamp);
    const changes = buffer.take();
    this.counters.changelogRecords += records + 1;
    for (const { bytes } of changes) this.counters.changelogBytes += bytes.length;
    failpoints.hit('afterStage');
    await begun;
    failpoints.hit('afterAdd');
    const places: Appended[] = [];
    let sent = outputs;
    if (outputs.length > 0 && (guarantee === 'at_least_once' || failpoints.armed('midProduce'))) {
      // Without a transaction the position record must not stand before what it stands for.
      places.push(...(await writer.append(outputs)));
      failpoints.hit('midProduce');
      sent = [];
    }
    places.push(...(await writer.append([...sent, ...changes])));
    if (guarantee === 'at_least_once') this.#checkAlone(places.slice(outputs.length));
    failpoints.hit('afterProduce');
    const ended = writer.end();
    ended.catch(() => {});
    failpoints.hit('endSent');
    await ended;
    failpoints.hit('afterEnd');
    const committed: ShardPosition = {
      ...position,
      changelogOffset: places.at(-1)!.lastOffset + 1,
      timestamp,
      restoring: false,
    };
    state.commit(committed);
    this.#position = committed;
    this.#written = endsOf(places);
    failpoints.hit(this.#fileIsBehind ? 'leftBehind' : 'afterCommit');
  }

  /** Lets go of everything but what is durable. */
  #discard(): void {
    this.#broken = null;
    this.#work?.close();
    this.#work = null;
    this.#writer?.abandon();
    this.#writer = null;
    const state = this.#state;
    this.#state = null;
    if (state === null) return;
    try {
      state.rollback();
    } finally {
      state.close();
    }
  }
}

/** Why a shard stops in the middle of a step: it was closed. */
class Closed extends Error {
  constructor() {
    super('the shard was closed');
  }
}

function partitionsOf(outputs: readonly PendingBatch[], changelog: TopicPartition): TopicPartition[] {
  const found = new Map<string, TopicPartition>();
  for (const { topic, partition } of outputs) {
    const key = `${partition}/${topic}`;
    if (!found.has(key)) found.set(key, { topic, partition });
  }
  return [...found.values(), { topic: changelog.topic, partition: changelog.partition }];
}

function overtaken({ topic, partition }: TopicPartition): LogError {
  return new LogError('fenced', `somebody else writes to partition ${partition} of "${topic}"`, {
    code: 'changelog-overtaken',
  });
}

function endsOf(places: readonly Appended[]): Position[] {
  const ends = new Map<string, Position>();
  for (const { topic, partition, lastOffset } of places) {
    ends.set(`${partition}/${topic}`, { topic, partition, offset: lastOffset + 1 });
  }
  return [...ends.values()];
}

function partitionsChanged(topic: string): SystemError {
  return new SystemError(`the topic "${topic}" has more partitions than when the query began`, {
    code: 'partitions-changed',
    hint: 'keys have moved between partitions: drop the query and create it again',
  });
}

function topicRecreated(topic: string): SystemError {
  return new SystemError(`the topic "${topic}" was deleted and made again since the query read it last`, {
    code: 'topic-recreated',
    hint: 'its offsets mean other records now: drop the query and create it again',
  });
}
