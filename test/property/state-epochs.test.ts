import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SqlType } from '../../src/model/sql-type.js';
import type { Row } from '../../src/model/value.js';
import { KeyCodec } from '../../src/state/key-encoding.js';
import { MemoryTaskStores } from '../../src/state/memory/memory-task-stores.js';
import { LoggedTaskStores } from '../../src/state/sqlite/logged-task-stores.js';
import { SqliteTaskStores } from '../../src/state/sqlite/sqlite-task-stores.js';
import type { StateEntry, StateStore, StoreColumn, StoreSpec, TaskStores } from '../../src/state/state-store.js';
import { type Database, openDatabase } from '../../src/storage/database.js';
import {
  applyRecords,
  type ChangelogRecord,
  compacted,
  foldOf,
  MemoryChangelog,
  tablesOf,
} from '../support/memory-changelog.js';
import { copyValue, rowsOf, sqlTypes } from '../support/sql-values.js';

/*
 * Stores whose transaction stays open while tasks go on: any history of operations, with flushes, commits and rollbacks anywhere between them,
 * answers as plain memory does. Where the stores are logged, the log alone makes the same file at every commit, and commits may leave the file
 * behind.
 */

const PARTITIONS = [0, 7] as const;
const TIMES = [-60_000, 0, 10, 20, 59_999, 60_000, 120_000, 1_700_000_000_000];
const LENGTHS = [0, 10, 70_000];
const KEYS = 4;
const ROWS = 4;

interface Operation {
  readonly kind: 'get' | 'set' | 'change' | 'delete' | 'find' | 'scan' | 'expire';
  readonly store: number;
  readonly partition: number;
  readonly key: number;
  readonly at: number;
  readonly length: number;
  readonly row: number;
  readonly timestamp: number;
}

type Whole = 'flush' | 'commit' | 'log' | 'rollback' | 'reopen' | 'replan' | 'follow';

type Step = Operation | { readonly kind: Whole };

/** One store of a history: before and after a change of its plan, which keeps one column, drops one and adds one. */
interface DrawnStore {
  readonly specs: readonly [StoreSpec, StoreSpec];
  readonly keys: readonly Row[];
  readonly rows: readonly [readonly Row[], readonly Row[]];
}

interface History {
  readonly stores: readonly DrawnStore[];
  readonly steps: readonly Step[];
}

const KINDS: readonly Pick<StoreSpec, 'name' | 'kind' | 'windowSizeMs' | 'retentionMs'>[] = [
  { name: 'KeyValue', kind: 'key-value', windowSizeMs: null, retentionMs: null },
  { name: 'Window', kind: 'window', windowSizeMs: 10, retentionMs: 1_000 },
  { name: 'Instant', kind: 'window', windowSizeMs: null, retentionMs: 1_000 },
  { name: 'Session', kind: 'session', windowSizeMs: null, retentionMs: 1_000 },
];

const operations: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom(
    ...(['get', 'set', 'set', 'set', 'change', 'change', 'delete', 'delete', 'find', 'scan', 'expire'] as const),
  ),
  store: fc.nat(KINDS.length - 1),
  partition: fc.nat(1),
  key: fc.nat(KEYS - 1),
  at: fc.constantFrom(...TIMES),
  length: fc.constantFrom(...LENGTHS),
  row: fc.nat(ROWS - 1),
  timestamp: fc.integer({ min: -5, max: 2 ** 41 }),
});

const whole: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...([
      'flush',
      'flush',
      'flush',
      'commit',
      'commit',
      'commit',
      'log',
      'log',
      'log',
      'log',
      'rollback',
      'reopen',
      'replan',
      'follow',
    ] as const),
  ),
});

function drawStore(kind: (typeof KINDS)[number]): fc.Arbitrary<DrawnStore> {
  return fc
    .tuple(fc.array(sqlTypes(1), { minLength: 1, maxLength: 2 }), sqlTypes(2), sqlTypes(2), sqlTypes(1))
    .chain(([keyTypes, dropped, kept, added]) => {
      const key = keyTypes.map((type, i) => ({ name: `K${i}`, type }));
      const before: StoreColumn[] = [
        { name: 'DROPPED', type: dropped },
        { name: 'KEPT', type: kept },
      ];
      const after: StoreColumn[] = [
        { name: 'KEPT', type: kept },
        { name: 'ADDED', type: added },
      ];
      const rows = (types: readonly SqlType[]) => fc.array(rowsOf(types), { minLength: ROWS, maxLength: ROWS });
      return fc.record({
        specs: fc.constant<[StoreSpec, StoreSpec]>([
          { ...kind, key, value: before },
          { ...kind, key, value: after },
        ]),
        keys: fc.array(rowsOf(keyTypes), { minLength: KEYS, maxLength: KEYS }),
        rows: fc.tuple(rows([dropped, kept]), rows([kept, added])),
      });
    });
}

const histories: fc.Arbitrary<History> = fc.record({
  stores: fc.tuple(...KINDS.map(drawStore)),
  steps: fc.array(fc.oneof({ weight: 4, arbitrary: operations }, { weight: 1, arbitrary: whole }), {
    minLength: 1,
    maxLength: 80,
    size: 'max',
  }),
});

/** What is played: one way to keep stores in a file. */
interface Subject {
  readonly stores: TaskStores;
  readonly database: Database;
  readonly logged: LoggedTaskStores | null;
  readonly log: MemoryChangelog;
  flush(): void;
  /** Undoes the transaction. Tells whether the stores have kept what was in it, to be flushed again. */
  rollback(): boolean;
  /** @param fingerprint of the file, where it is logged */
  reopen(fingerprint: string | null): void;
}

function plainSubject(cacheBytes: number): Subject {
  const database = openDatabase({ path: ':memory:', mode: 'writer' });
  let stores = new SqliteTaskStores({ database, queryId: 'Q', cacheBytes });
  return {
    get stores() {
      return stores;
    },
    database,
    logged: null,
    log: new MemoryChangelog(),
    flush: () => stores.flush(),
    rollback: () => {
      database.rollback();
      stores.flushFailed();
      return true;
    },
    reopen: () => {
      stores.close();
      stores = new SqliteTaskStores({ database, queryId: 'Q', cacheBytes });
    },
  };
}

function loggedSubject(cacheBytes: number): Subject {
  const database = openDatabase({ path: ':memory:', mode: 'writer', purpose: 'shard' });
  const log = new MemoryChangelog();
  let stores = new LoggedTaskStores({ database, queryId: 'Q', cacheBytes, fingerprint: null });
  return {
    get stores() {
      return stores;
    },
    get logged() {
      return stores;
    },
    database,
    log,
    flush: () => stores.flushTo(log),
    rollback: () => {
      database.rollback();
      stores.flushFailed();
      return false;
    },
    reopen: (fingerprint) => {
      stores.close();
      stores = new LoggedTaskStores({ database, queryId: 'Q', cacheBytes, fingerprint });
    },
  };
}

interface SavedRow {
  readonly store: number;
  readonly partition: number;
  readonly key: Row;
  readonly start: number;
  readonly end: number;
  readonly row: Row;
  readonly timestamp: number;
}

/** Plays a history on the subject and on plain memory, and compares every answer. */
class Player {
  readonly #history: History;
  readonly #subject: Subject;
  #memory = new MemoryTaskStores();
  /** Which of its two plans each store has. */
  #plan: 0 | 1 = 0;
  #replanned = false;
  #floors = new Map<string, number>();
  #flushed: readonly SavedRow[] | null = null;
  /** As the log has them. */
  #committed: readonly SavedRow[] = [];
  /** The plan whose columns `#committed` has. */
  #committedPlan: 0 | 1 = 0;
  /** Records that the file has, and those that the log has. */
  #committedRecords = 0;
  #loggedRecords = 0;
  /** Of the file. */
  #fingerprint: string | null = null;
  #commits = 0;
  /** An older copy of the file, which is brought up to date from the tail of the log now and then. */
  readonly #follower = openDatabase({ path: ':memory:', mode: 'writer', purpose: 'shard' });
  #followerAt = 0;
  #followerFingerprint: string | null = null;

  constructor(history: History, subject: Subject) {
    this.#history = history;
    this.#subject = subject;
    this.#openAll();
  }

  play(): void {
    for (const step of this.#history.steps) {
      if ('store' in step) this.#operate(step);
      else this.#playWhole(step.kind);
    }
    this.#commit();
    this.#checkAll();
    const { logged } = this.#subject;
    if (logged !== null) this.#checkLog(logged);
    this.#follow();
    this.#reopen();
    this.#checkAll();
  }

  close(): void {
    this.#subject.stores.close();
    this.#subject.database.close();
    this.#follower.close();
  }

  #playWhole(kind: Whole): void {
    switch (kind) {
      case 'flush':
        if (this.#flushed === null) this.#flush();
        return;
      case 'commit':
        this.#commit();
        return;
      case 'log':
        if (this.#flushed === null) this.#logAlone();
        return;
      case 'rollback':
        if (this.#flushed !== null) this.#rollback();
        return;
      case 'reopen':
        this.#reopen();
        return;
      case 'replan':
        if (this.#flushed !== null) this.#rollback();
        this.#plan = this.#plan === 0 ? 1 : 0;
        // A changelog has to hear of new columns first: until the next commit it is as if they had not been.
        if (this.#subject.logged === null) this.#carryOver();
        this.#replanned = true;
        this.#reopen();
        return;
      case 'follow':
        if (this.#flushed === null) this.#follow();
    }
  }

  #flush(): void {
    this.#subject.database.begin();
    this.#subject.flush();
    this.#flushed = this.#save();
    const { logged } = this.#subject;
    if (logged !== null) expect(logged.rehash()).toBe(logged.fingerprint());
  }

  #commit(): void {
    if (this.#flushed === null) this.#flush();
    const { database, stores, log, logged } = this.#subject;
    database.commit();
    stores.flushSucceeded();
    this.#committed = this.#flushed!;
    this.#committedPlan = this.#plan;
    this.#flushed = null;
    this.#committedRecords = log.records.length;
    this.#loggedRecords = log.records.length;
    if (logged === null) return;
    this.#fingerprint = logged.fingerprint();
    expect(logged.rehash()).toBe(logged.fingerprint());
    if (++this.#commits % 3 === 0) this.#checkLog(logged);
  }

  /** A commit that leaves the file behind, where that can be: the log has it all the same. */
  #logAlone(): void {
    const { logged, log } = this.#subject;
    if (logged === null || !logged.logTo(log)) return;
    logged.flushSucceeded();
    this.#loggedRecords = log.records.length;
    this.#committed = this.#save();
    expect(foldOf(log.records, 'Q').fingerprint).toBe(logged.fingerprint());
  }

  /** What the file has missed is applied to it from the log. */
  #catchUp(): void {
    const { logged, log, database } = this.#subject;
    if (logged === null || this.#loggedRecords === this.#committedRecords) return;
    const tail = log.records.slice(this.#committedRecords);
    this.#committedRecords = this.#loggedRecords;
    this.#fingerprint = applyRecords(database, 'Q', this.#fingerprint, tail);
    this.#subject.reopen(this.#fingerprint);
  }

  /** The log alone makes the same file, and so does what compaction leaves of it. */
  #checkLog(logged: LoggedTaskStores): void {
    const { database, log } = this.#subject;
    const state = { fingerprint: logged.fingerprint(), tables: tablesOf(database) };
    expect(foldOf(log.records, 'Q')).toEqual(state);
    expect(foldOf(compacted(log.records), 'Q')).toEqual(state);
  }

  #rollback(): void {
    const { log } = this.#subject;
    const kept = this.#subject.rollback();
    this.#flushed = null;
    log.records.length = this.#loggedRecords;
    if (kept) return;
    this.#catchUp();
    this.#openAll();
    this.#restoreMemory();
  }

  /** Another process on the file as it was committed. */
  #reopen(): void {
    if (this.#flushed !== null) this.#rollback();
    this.#subject.reopen(this.#fingerprint);
    this.#catchUp();
    this.#openAll();
    this.#restoreMemory();
  }

  /**
   * A store that keeps what a rollback undoes must have been opened before; and a plan with other columns counts from the next flush for what
   * is open then.
   */
  #openAll(): void {
    if (this.#subject.logged !== null && !this.#replanned) return;
    this.#eachStore((store, partition) => this.#open(this.#subject.stores, store, partition));
  }

  #follow(): void {
    const { logged, log, database } = this.#subject;
    if (logged === null) return;
    const tail: ChangelogRecord[] = log.records.slice(this.#followerAt, this.#loggedRecords);
    this.#followerFingerprint = applyRecords(this.#follower, 'Q', this.#followerFingerprint, compacted(tail));
    this.#followerAt = this.#loggedRecords;
    expect(this.#followerFingerprint).toBe(logged.fingerprint());
    if (this.#committedRecords === this.#loggedRecords) expect(tablesOf(this.#follower)).toEqual(tablesOf(database));
    const again = new LoggedTaskStores({
      database: this.#follower,
      queryId: 'Q',
      cacheBytes: 0,
      fingerprint: this.#followerFingerprint,
    });
    expect(again.rehash()).toBe(this.#followerFingerprint);
  }

  #carryOver(): void {
    if (this.#committedPlan === this.#plan) return;
    this.#committed = this.#committed.map((saved) => ({ ...saved, row: carriedOver(saved.row, this.#committedPlan) }));
    this.#committedPlan = this.#plan;
  }

  /** Memory as of the last commit. What was expired is expired again: a file may hold it a little longer. */
  #restoreMemory(): void {
    this.#memory = new MemoryTaskStores();
    const other = this.#committedPlan !== this.#plan;
    for (const { store, partition, key, start, end, row, timestamp } of this.#committed) {
      const memory = this.#open(this.#memory, store, partition);
      const columns = other ? carriedOver(row, this.#committedPlan) : row;
      set(memory, key.map(copyValue), start, end, columns.map(copyValue), timestamp);
    }
    for (const [place, floor] of this.#floors) {
      const [store, partition] = place.split(' ').map(Number) as [number, number];
      for (const stores of [this.#memory, this.#subject.stores]) expire(this.#open(stores, store, partition), floor);
    }
  }

  #save(): SavedRow[] {
    const saved: SavedRow[] = [];
    this.#eachStore((store, partition) => {
      for (const e of this.#open(this.#memory, store, partition).scan()) {
        const { key, windowStart: start, windowEnd: end, timestamp } = e;
        saved.push({ store, partition, key, start, end, row: e.row.map(copyValue), timestamp });
      }
    });
    return saved;
  }

  #checkAll(): void {
    this.#eachStore((store, partition) => {
      const [theirs, ours] = this.#both(store, partition);
      expect(this.#shown(store, ours.scan())).toEqual(this.#shown(store, theirs.scan()));
    });
  }

  #eachStore(action: (store: number, partition: number) => void): void {
    for (let store = 0; store < KINDS.length; store++)
      for (let partition = 0; partition < 2; partition++) action(store, partition);
  }

  #open(stores: TaskStores, store: number, partition: number): StateStore {
    return stores.open(this.#history.stores[store]!.specs[this.#plan], PARTITIONS[partition]!);
  }

  #both(store: number, partition: number): [StateStore, StateStore] {
    return [this.#open(this.#memory, store, partition), this.#open(this.#subject.stores, store, partition)];
  }

  #operate(step: Operation): void {
    const { keys, rows } = this.#history.stores[step.store]!;
    const key = keys[step.key]!;
    const row = () => rows[this.#plan][step.row]!.map(copyValue);
    const [memory, subject] = this.#both(step.store, step.partition);
    const [start, end] = boundsOf(memory, step);
    const same = (a: Iterable<StateEntry>, b: Iterable<StateEntry>) =>
      expect(this.#shown(step.store, b)).toEqual(this.#shown(step.store, a));
    switch (step.kind) {
      case 'get':
        same(get(memory, key, start, end), get(subject, key, start, end));
        return;
      case 'set':
        for (const store of [memory, subject]) set(store, key, start, end, row(), step.timestamp);
        return;
      case 'change':
        for (const store of [memory, subject]) change(store, get(store, key, start, end), row(), step.timestamp);
        return;
      case 'delete':
        expect(remove(subject, key, start, end)).toBe(remove(memory, key, start, end));
        return;
      case 'find':
        same(find(memory, key, step), find(subject, key, step));
        return;
      case 'scan':
        same(memory.scan(), subject.scan());
        return;
      case 'expire': {
        const place = `${step.store} ${step.partition}`;
        this.#floors.set(place, Math.max(step.at, this.#floors.get(place) ?? step.at));
        for (const store of [memory, subject]) expire(store, step.at);
      }
    }
  }

  #shown(store: number, entries: Iterable<StateEntry>): unknown[] {
    const spec = this.#history.stores[store]!.specs[this.#plan];
    const keyCodec = new KeyCodec(spec.key.map((column) => column.type));
    const rowCodec = new KeyCodec(spec.value.map((column) => column.type));
    return Array.from(entries, (e) => [
      keyCodec.encode(e.key).toString('hex'),
      e.windowStart,
      e.windowEnd,
      rowCodec.encode(e.row).toString('hex'),
      e.timestamp,
    ]);
  }
}

/** A row of one plan as a row of the other. */
function carriedOver(row: Row, plan: 0 | 1): Row {
  return plan === 0 ? [row[1]!, null] : [null, row[0]!];
}

function boundsOf(store: StateStore, { at, length }: Operation): [number, number] {
  if (store.kind === 'key-value') return [0, 0];
  return store.kind === 'session' ? [at, at + length] : [at, at + 10];
}

function get(store: StateStore, key: Row, start: number, end: number): StateEntry[] {
  const found = (entry: StateEntry | null) => (entry === null ? [] : [entry]);
  if (store.kind === 'key-value') return found(store.get(key));
  if (store.kind === 'window') return found(store.get(key, start));
  return store.find(key, end, start).filter((e) => e.windowStart === start && e.windowEnd === end);
}

function set(store: StateStore, key: Row, start: number, end: number, row: Row, timestamp: number): void {
  if (store.kind === 'key-value') store.set(key, row, timestamp);
  else store.set(key, start, end, row, timestamp);
}

function change(store: StateStore, entries: readonly StateEntry[], row: Row, timestamp: number): void {
  for (const entry of entries) {
    entry.row = row;
    entry.timestamp = timestamp;
    store.put(entry);
  }
}

function remove(store: StateStore, key: Row, start: number, end: number): boolean {
  if (store.kind === 'key-value') return store.delete(key);
  return store.kind === 'window' ? store.delete(key, start) : store.delete(key, start, end);
}

function find(store: StateStore, key: Row, { at, length }: Operation): Iterable<StateEntry> {
  if (store.kind === 'key-value') return store.scanPrefix(key.slice(0, 1));
  return store.kind === 'window' ? store.fetchAll(at, at + length) : store.find(key, at, at + length);
}

function expire(store: StateStore, bound: number): void {
  if (store.kind !== 'key-value') store.expire(bound);
}

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));

describe.each<[string, () => Subject, number]>([
  ['a file, everything cached', () => plainSubject(1e9), 20],
  ['a file, a few entries cached', () => plainSubject(2_000), 20],
  ['a file, nothing cached', () => plainSubject(0), 20],
  ['a file with a changelog, everything cached', () => loggedSubject(1e9), 30],
  ['a file with a changelog, a few entries cached', () => loggedSubject(2_000), 30],
  ['a file with a changelog, nothing cached', () => loggedSubject(0), 30],
])(`%s (seed ${seed})`, (_, create, numRuns) => {
  test('answers any history as memory does', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const player = new Player(history, create());
        try {
          player.play();
        } finally {
          player.close();
        }
      }),
      { seed, numRuns },
    );
  }, 60_000);
});
