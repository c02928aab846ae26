import type { RecordHeader, StreamRecord, Window } from '../../model/record.js';
import { arrayType, BIGINT, BOOLEAN, type SqlType, structType } from '../../model/sql-type.js';
import type { Row, SqlValue } from '../../model/value.js';
import type { KeyWindow, PhysicalStep, StorePlan, StreamStreamJoinStep } from '../../planner/physical/physical-plan.js';
import type { StateEntry, WindowStore } from '../../state/state-store.js';
import { JoinedRow } from './joined-row.js';
import { isNullKey, NO_HEADERS, type StreamOutput } from './operator.js';
import type { OperatorBuilder, StepFactory } from './operator-builder.js';
import type { Progress } from './progress.js';

/**
 * What one side remembers: a window store of instants. An entry holds all records of one key and time, in order of arrival:
 * column 0 their rows, column 1 for each whether it waits to be emitted without a partner.
 */
class Side implements StreamOutput {
  readonly isLeft: boolean;
  /** Whether records of this side that find no partner are results. */
  readonly isKept: boolean;
  /** Partners of a record at `t` lie in `[t - beforeMs, t + afterMs]`. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly store: WindowStore;
  /** No record waits that is older than this. */
  earliestWaiting: number;
  readonly #join: StreamStreamJoin;
  readonly #progress: Progress;
  readonly #retentionMs: number;
  /** Key columns; a windowed key is followed by its bounds, by which both sides are joined. */
  readonly #keyed: Row = [];

  constructor(
    join: StreamStreamJoin,
    isLeft: boolean,
    isKept: boolean,
    beforeMs: number,
    afterMs: number,
    store: WindowStore,
    progress: Progress,
    retentionMs: number,
  ) {
    this.#join = join;
    this.isLeft = isLeft;
    this.isKept = isKept;
    this.beforeMs = beforeMs;
    this.afterMs = afterMs;
    this.store = store;
    this.#progress = progress;
    this.#retentionMs = retentionMs;
    // After a restart the first close looks for itself.
    this.earliestWaiting = progress.streamTime < 0 ? Number.POSITIVE_INFINITY : 0;
  }

  stream(record: StreamRecord): void {
    this.#join.arrive(this, record);
  }

  keyOf(key: Row, window: Window | null): Row {
    const keyed = this.#keyed;
    for (let i = 0; i < key.length; i++) keyed[i] = key[i]!;
    if (window !== null) {
      keyed[key.length] = window.start;
      keyed[key.length + 1] = window.end;
    }
    return keyed;
  }

  /** The entries that lie in `[from, to]` and have not expired: by the newest record of this side. */
  fetch(keyed: Row, from: number, to: number): readonly StateEntry[] {
    const oldest = this.#progress.streamTime - this.#retentionMs + 1;
    return this.store.fetch(keyed, Math.max(from, oldest), to);
  }

  /** Remembers a record, unless it is older than what is kept. */
  remember(keyed: Row, record: StreamRecord, waiting: boolean): void {
    const { timestamp } = record;
    const progress = this.#progress;
    if (timestamp > progress.streamTime) {
      progress.streamTime = timestamp;
      this.store.expire(timestamp - this.#retentionMs + 1);
    } else if (timestamp <= progress.streamTime - this.#retentionMs) {
      return;
    }
    const row = (record.row as SqlValue[]).slice();
    const held = this.store.fetch(keyed, timestamp, timestamp)[0];
    if (held === undefined) {
      this.store.set(keyed, timestamp, timestamp, [[row], [waiting]], timestamp);
    } else {
      (held.row[0] as SqlValue[]).push(row);
      (held.row[1] as SqlValue[]).push(waiting);
      this.store.put(held);
    }
  }

  save(): void {
    this.#progress.save();
  }
}

/**
 * Joins records of two streams whose times lie close together. Each record is joined on arrival with all that the other side
 * remembers. Records of a kept side without a partner are results too: at once, or when GRACE PERIOD was given as soon as stream
 * time says that no partner can come.
 */
class StreamStreamJoin {
  readonly left: Side;
  readonly right: Side;
  readonly #step: StreamStreamJoinStep;
  readonly #builder: OperatorBuilder;
  readonly #columns: JoinedRow;
  readonly #output: StreamOutput;
  readonly #keyCount: number;
  /** Of the left side's windows; null for sessions, and without windows. */
  readonly #windowSizeMs: number | null;
  /** Stream time over both sides. */
  readonly #progress: Progress;
  readonly #row: Row = [];
  readonly #bounds = { start: 0, end: 0 };
  readonly #waitingBounds = { start: 0, end: 0 };
  readonly #key: Row = [];
  readonly #joined: StreamRecord = { key: [], row: this.#row, timestamp: 0, window: null, headers: NO_HEADERS };

  constructor(step: StreamStreamJoinStep, keyWindow: KeyWindow | null, builder: OperatorBuilder, output: StreamOutput) {
    const { beforeMs, afterMs, graceMs, join } = step;
    this.#step = step;
    this.#builder = builder;
    this.#output = output;
    this.#windowSizeMs = keyWindow === null || keyWindow.kind === 'SESSION' ? null : keyWindow.sizeMs;
    this.#columns = new JoinedRow(step.schema, step.columns);
    this.#keyCount = step.schema.columns.filter((column) => column.role === 'key').length;
    this.#progress = builder.progress(`${step.leftStore.name} ${step.rightStore.name}`);
    const retention = beforeMs + afterMs + graceMs;
    const side = (isLeft: boolean, plan: StorePlan): Side =>
      new Side(
        this,
        isLeft,
        join === 'FULL' || join === (isLeft ? 'LEFT' : 'RIGHT'),
        isLeft ? beforeMs : afterMs,
        isLeft ? afterMs : beforeMs,
        builder.store(bufferOf(plan, (isLeft ? step.left : step.right).schema.columns)),
        builder.progress(plan.name),
        retention,
      );
    this.left = side(true, step.leftStore);
    this.right = side(false, step.rightStore);
  }

  arrive(side: Side, record: StreamRecord): void {
    const { key, row, timestamp, headers } = record;
    if (row === null) return;
    const window = this.#windowOf(record.window);
    const progress = this.#progress;
    if (timestamp > progress.streamTime) progress.streamTime = timestamp;
    if (isNullKey(key)) {
      if (side.isKept) this.#emit(side, key, row, null, timestamp, window, headers);
      else this.#builder.context.report('null-key', this.#step.id, 'the record has no key to join by');
      return;
    }
    const waits = this.#step.graceGiven;
    if (waits && timestamp === progress.streamTime) this.#close();

    const other = side.isLeft ? this.right : this.left;
    const keyed = side.keyOf(key, window);
    const partners = other.fetch(keyed, timestamp - side.beforeMs, timestamp + side.afterMs);
    for (const partner of partners) {
      const rows = partner.row[0] as SqlValue[];
      const waiting = partner.row[1] as SqlValue[];
      if (waits && other.isKept && waiting.includes(true)) {
        waiting.fill(false);
        other.store.put(partner);
      }
      const time = Math.max(timestamp, partner.windowStart);
      for (const partnerRow of rows) this.#emit(side, key, row, partnerRow as Row, time, window, headers);
    }
    let waiting = false;
    if (partners.length === 0 && side.isKept) {
      if (waits && timestamp + side.afterMs >= progress.streamTime) waiting = true;
      else this.#emit(side, key, row, null, timestamp, window, headers);
    }
    if (waiting && timestamp < side.earliestWaiting) side.earliestWaiting = timestamp;
    side.remember(keyed, record, waiting);
  }

  /** The window of a result, and of the key that both sides are joined by: of windows of a fixed size the start alone counts. */
  #windowOf(window: Window | null): Window | null {
    const sizeMs = this.#windowSizeMs;
    if (window === null || sizeMs === null) return window;
    this.#bounds.start = window.start;
    this.#bounds.end = window.start + sizeMs;
    return this.#bounds;
  }

  flush(): void {
    this.left.save();
    this.right.save();
    this.#progress.save();
  }

  /** Emits the waiting records for which no partner can come any more, by time; of one time the right ones come first. */
  #close(): void {
    const ready: { side: Side; entry: StateEntry }[] = [];
    this.#collect(this.right, ready);
    this.#collect(this.left, ready);
    if (ready.length === 0) return;
    ready.sort((a, b) => a.entry.windowStart - b.entry.windowStart);
    for (const { side, entry } of ready) this.#emitWaiting(side, entry);
  }

  #collect(side: Side, ready: { side: Side; entry: StateEntry }[]): void {
    const end = this.#progress.streamTime - this.#step.graceMs - side.afterMs;
    if (side.earliestWaiting >= end) return;
    const from = side.earliestWaiting;
    side.earliestWaiting = Number.POSITIVE_INFINITY;
    for (const entry of side.store.fetchAll(from, Number.MAX_SAFE_INTEGER)) {
      if (!(entry.row[1] as SqlValue[]).includes(true)) continue;
      if (entry.windowStart >= end) {
        side.earliestWaiting = entry.windowStart;
        break;
      }
      ready.push({ side, entry });
    }
  }

  #emitWaiting(side: Side, entry: StateEntry): void {
    const rows = entry.row[0] as SqlValue[];
    const waiting = entry.row[1] as SqlValue[];
    const keyCount = this.#keyCount;
    const key = this.#key;
    for (let i = 0; i < keyCount; i++) key[i] = entry.key[i]!;
    let window: Window | null = null;
    if (entry.key.length > keyCount) {
      window = this.#waitingBounds;
      this.#waitingBounds.start = entry.key[keyCount] as number;
      this.#waitingBounds.end = entry.key[keyCount + 1] as number;
    }
    for (let i = 0; i < rows.length; i++) {
      if (waiting[i] !== true) continue;
      waiting[i] = false;
      this.#emit(side, key, rows[i] as Row, null, entry.windowStart, window, NO_HEADERS);
    }
    side.store.put(entry);
  }

  #emit(
    side: Side,
    key: Row,
    own: Row,
    partner: Row | null,
    timestamp: number,
    window: Window | null,
    headers: readonly RecordHeader[],
  ): void {
    this.#columns.fill(this.#row, key, side.isLeft ? own : partner, side.isLeft ? partner : own);
    const joined = this.#joined;
    joined.key = key;
    joined.timestamp = timestamp;
    joined.window = window;
    joined.headers = headers;
    this.#output.stream(joined);
  }
}

/** The store of one side: the plan names it, its value columns are those of {@link Side}. */
function bufferOf(
  plan: StorePlan,
  columns: readonly { readonly name: string; readonly type: SqlType }[],
): StorePlan & { readonly kind: 'window' } {
  const row = structType(columns.map(({ name, type }) => ({ name, type })));
  return {
    ...plan,
    kind: 'window',
    value: [
      { name: 'ROWS', type: arrayType(row) },
      { name: 'WAITING', type: arrayType(BOOLEAN) },
    ],
    windowSizeMs: null,
  };
}

/** The windows of a step's keys, which are then part of the join's key; null without any. */
function keyWindowOf(step: PhysicalStep): KeyWindow | null {
  switch (step.kind) {
    case 'streamSource':
      return step.keyWindow;
    case 'repartition':
      return step.keyWindow ?? null;
    case 'streamFilter':
    case 'streamProject':
    case 'flatMap':
      return keyWindowOf(step.input);
    case 'streamTableJoin':
    case 'streamStreamJoin':
      return keyWindowOf(step.left);
    default:
      return null;
  }
}

export const streamStreamJoin: StepFactory<StreamStreamJoinStep> = {
  stream(step, output, builder) {
    const bounds = [
      { name: 'WINDOWSTART', type: BIGINT },
      { name: 'WINDOWEND', type: BIGINT },
    ];
    const keyWindow = keyWindowOf(step.left);
    const keyed = (plan: StorePlan, keyCount: number): StorePlan =>
      keyWindow !== null && plan.key.length === keyCount ? { ...plan, key: [...plan.key, ...bounds] } : plan;
    const keyCount = step.schema.columns.filter((column) => column.role === 'key').length;
    const join = new StreamStreamJoin(
      { ...step, leftStore: keyed(step.leftStore, keyCount), rightStore: keyed(step.rightStore, keyCount) },
      keyWindow,
      builder,
      output,
    );
    builder.stream(step.left, join.left);
    builder.stream(step.right, join.right);
    builder.beforeCommit(() => join.flush());
  },
};
