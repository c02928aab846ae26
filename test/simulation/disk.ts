import type { ShardPosition } from '../../src/executor/shard/position-record.js';
import type { ShardState } from '../../src/executor/shard/shard-ports.js';
import { SystemError } from '../../src/model/errors.js';
import type { ChangeRecords } from '../../src/state/state-store.js';
import type { Random } from './random.js';
import type { Owner } from './scheduler.js';

/** What a file holds after a commit: counts by changelog key. */
export interface Snapshot {
  readonly rows: ReadonlyMap<string, number>;
  readonly position: ShardPosition | null;
  /** As kept incrementally. */
  readonly hash: number;
}

const EMPTY: Snapshot = { rows: new Map(), position: null, hash: 0 };
/** Commits that power loss may take back. */
const HISTORY_MAX = 4;

/** The disk of a machine, with the one file of the shard. */
export class Disk {
  file: Snapshot = EMPTY;
  /** Older commits of the same file, the newest last. */
  history: Snapshot[] = [];
  holder: { readonly owner: Owner; readonly state: ModelState } | null = null;
  fullUntil = 0;

  constructor(
    readonly name: string,
    readonly now: () => number,
    readonly random: Random,
    /** Hears of every commit before it counts. */
    readonly onCommit: (disk: Disk, snapshot: Snapshot) => void,
  ) {}

  /** @throws SystemError `file-in-use` */
  open(owner: Owner, lockIgnored: boolean): ModelState {
    const held = this.holder?.owner.alive === true;
    if (held && !lockIgnored) throw new SystemError('the file is in use', { code: 'file-in-use' });
    const state = new ModelState(this, owner);
    if (!held) this.holder = { owner, state };
    return state;
  }

  /** The power fails: up to a few commits are gone. */
  losePower(): void {
    const lost = this.random.below(this.history.length + 1);
    if (lost === 0) return;
    this.file = this.history[this.history.length - lost]!;
    this.history.length -= lost;
  }

  /** Another, empty disk. */
  replace(): void {
    this.file = EMPTY;
    this.history = [];
  }

  commit(snapshot: Snapshot): void {
    this.onCommit(this, snapshot);
    this.history.push(this.file);
    if (this.history.length > HISTORY_MAX) this.history.shift();
    this.file = snapshot;
  }

  /** @throws SystemError `disk-full` */
  mayWrite(): void {
    if (this.now() < this.fullUntil && this.random.chance(0.8)) {
      throw new SystemError('the disk is full', { code: 'disk-full', retriable: true });
    }
  }
}

/** The file, opened. Everything throws once it is closed or its process has died. */
export class ModelState implements ShardState {
  readonly #disk: Disk;
  readonly #owner: Owner;
  /** What tasks see: all that was processed. */
  readonly #cache: Map<string, number>;
  readonly #dirty = new Set<string>();
  #committed: Snapshot;
  #staged: Map<string, number> | null = null;
  /** What was staged last is to be in the log alone. */
  #logOnly = false;
  #hash: number;
  #closed = false;

  constructor(disk: Disk, owner: Owner) {
    this.#disk = disk;
    this.#owner = owner;
    this.#committed = disk.file;
    this.#hash = disk.file.hash;
    this.#cache = new Map(disk.file.rows);
  }

  get position(): ShardPosition | null {
    return this.#committed.position;
  }

  get committed(): Snapshot {
    return this.#committed;
  }

  /** A task reads. */
  get(key: string): number {
    return this.#cache.get(key) ?? 0;
  }

  /** A task writes; 0 deletes. */
  put(key: string, count: number): void {
    if (count === 0) this.#cache.delete(key);
    else this.#cache.set(key, count);
    this.#dirty.add(key);
  }

  stage(records: ChangeRecords, mayStayBehind: boolean): string {
    this.#use();
    this.#logOnly = mayStayBehind && this.#disk.random.chance(0.8);
    if (!this.#logOnly) this.#disk.mayWrite();
    for (const key of this.#dirty) {
      const count = this.#cache.get(key) ?? 0;
      const keyBytes = Buffer.from(key, 'latin1');
      const value = count === 0 ? null : Buffer.from([count]);
      this.#write(key, count);
      records.record(keyBytes, keyBytes.length, value, value?.length ?? 0, 0);
    }
    this.#dirty.clear();
    return this.fingerprint();
  }

  commit(position: ShardPosition): void {
    this.#use();
    if (this.#logOnly) {
      this.#logOnly = false;
      return;
    }
    this.#disk.mayWrite();
    const rows = this.#staged ?? this.#committed.rows;
    this.#committed = { rows, position, hash: this.#hash };
    this.#staged = null;
    this.#disk.commit(this.#committed);
  }

  /** Whatever is in memory is written, whether or not the log knows it: the caller sees to that. */
  catchUp(position: ShardPosition): void {
    this.#use();
    this.#disk.mayWrite();
    for (const key of this.#dirty) this.#write(key, this.#cache.get(key) ?? 0);
    this.#dirty.clear();
    this.commit(position);
  }

  rollback(): void {
    if (!this.#owner.alive) return;
    this.#use();
    this.#staged = null;
    this.#logOnly = false;
    this.#hash = this.#committed.hash;
  }

  apply(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, _valueEnd: number): void {
    this.#use();
    this.#disk.mayWrite();
    const key = bytes.toString('latin1', keyStart, keyEnd);
    const count = valueStart < 0 ? 0 : bytes[valueStart]!;
    this.#write(key, count);
    if (count === 0) this.#cache.delete(key);
    else this.#cache.set(key, count);
  }

  fingerprint(): string {
    return fingerprintOf(this.#hash);
  }

  rehash(): string {
    return fingerprintOf(hashOf(this.#staged ?? this.#committed.rows));
  }

  quarantine(): string {
    this.#use();
    this.#disk.replace();
    this.#committed = EMPTY;
    this.#staged = null;
    this.#hash = 0;
    this.#cache.clear();
    this.#dirty.clear();
    return `${this.#disk.name}.put-aside`;
  }

  close(): void {
    if (this.#closed || !this.#owner.alive) return;
    this.#closed = true;
    if (this.#disk.holder?.state === this) this.#disk.holder = null;
  }

  #write(key: string, count: number): void {
    this.#staged ??= new Map(this.#committed.rows);
    const before = this.#staged.get(key) ?? 0;
    if (before !== 0) this.#hash = (this.#hash - rowHash(key, before)) | 0;
    if (count === 0) {
      this.#staged.delete(key);
    } else {
      this.#staged.set(key, count);
      this.#hash = (this.#hash + rowHash(key, count)) | 0;
    }
  }

  #use(): void {
    if (!this.#owner.alive) throw new SystemError('the process is dead', { code: 'dead' });
    if (this.#closed) throw new SystemError('the file is closed', { code: 'file-closed' });
  }
}

/** The sum of the hashes of all rows, whatever their order. */
export function hashOf(rows: ReadonlyMap<string, number>): number {
  let hash = 0;
  for (const [key, count] of rows) hash = (hash + rowHash(key, count)) | 0;
  return hash;
}

export function fingerprintOf(hash: number): string {
  return (hash >>> 0).toString(16);
}

function rowHash(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ count, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
