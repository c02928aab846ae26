import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { readOwners } from '../../../../src/executor/shard/changelog-owners.js';
import { NO_FAILPOINTS } from '../../../../src/executor/shard/failpoints.js';
import {
  type ClaimRecord,
  claimKey,
  encodeClaim,
  encodePosition,
  POSITION_KEY,
  type ShardPosition,
} from '../../../../src/executor/shard/position-record.js';
import { type RestoreParts, restoreState } from '../../../../src/executor/shard/restore.js';
import type { ShardState } from '../../../../src/executor/shard/shard-ports.js';
import { batchOf, FakeLog, type FakePartition, markerOf } from './fake-log.js';

const CHANGELOG = { topic: 'changes', topicId: 'id', partition: 0 };
const HOUR = 3_600_000;

function fingerprintOf(rows: ReadonlyMap<string, string>): string {
  const hash = createHash('sha1');
  for (const [key, value] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${key}=`).update(value);
  return hash.digest('hex').slice(0, 8);
}

/** A file whose rows are texts by key. */
class FakeFile implements ShardState {
  position: ShardPosition | null = null;
  quarantined = 0;
  commits = 0;
  applied: string[] = [];
  #committed = new Map<string, string>();
  #rows = new Map<string, string>();

  get rows(): Record<string, string> {
    return Object.fromEntries(this.#committed);
  }

  /** Changes a row behind everybody's back. */
  damage(key: string, value: string): void {
    this.#committed.set(key, value);
    this.#rows.set(key, value);
  }

  stage(): never {
    throw new Error('nothing is staged in a restore');
  }

  catchUp(): never {
    throw new Error('nothing is left behind in a restore');
  }

  commit(position: ShardPosition): void {
    this.position = position;
    this.commits++;
    this.#committed = new Map(this.#rows);
  }

  rollback(): void {
    this.#rows = new Map(this.#committed);
  }

  apply(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const key = bytes.toString('utf8', keyStart, keyEnd);
    this.applied.push(key);
    if (valueStart < 0) this.#rows.delete(key);
    else this.#rows.set(key, bytes.toString('utf8', valueStart, valueEnd));
  }

  fingerprint(): string {
    return fingerprintOf(this.#rows);
  }

  rehash(): string {
    return this.fingerprint();
  }

  quarantine(): string {
    this.quarantined++;
    this.position = null;
    this.#committed = new Map();
    this.#rows = new Map();
    return 'aside';
  }

  close(): void {}
}

type Change = readonly [key: string, value: string | null];

/** A node that writes commits to the changelog, as shards do. */
class Owner {
  readonly #log: FakePartition;
  readonly #producerId: number;
  readonly rows: Map<string, string>;
  sequence: number;
  inputOffset = 0;

  constructor(log: FakePartition, producerId = 1, before: Owner | null = null) {
    this.#log = log;
    this.#producerId = producerId;
    this.rows = new Map(before?.rows);
    this.sequence = before?.sequence ?? 0;
  }

  /** Changes that no position record closes. */
  changes(...changes: readonly Change[]): void {
    for (const [key, value] of changes) {
      if (value === null) this.rows.delete(key);
      else this.rows.set(key, value);
    }
    this.#log.append(batchOf('changes', 0, ...changes), this.#producerId);
  }

  close(records: number, timestamp = 1_000, fingerprint = fingerprintOf(this.rows)): ShardPosition {
    const position = {
      sequence: ++this.sequence,
      inputs: [{ topic: 't', topicId: 'id', partition: 0, offset: ++this.inputOffset, streamTime: 0 }],
      records,
      fingerprint,
      plan: 'p',
      node: `n${this.#producerId}`,
      producerId: this.#producerId,
      epoch: 0,
    };
    const batch = batchOf('changes', 0, [POSITION_KEY, encodePosition(position), timestamp]);
    const { lastOffset } = this.#log.append(batch, this.#producerId);
    return { ...position, changelogOffset: lastOffset + 1, timestamp, restoring: false };
  }

  commit(changes: readonly Change[], timestamp = 1_000): ShardPosition {
    if (changes.length > 0) this.changes(...changes);
    const position = this.close(changes.length, timestamp);
    this.#log.skip(1);
    return position;
  }

  claim(generation: number, leftover: ClaimRecord['leftover'] = null): number {
    const claim = { generation, producerId: this.#producerId, node: `n${this.#producerId}`, leftover };
    const batch = batchOf('changes', 0, [claimKey(claim), encodeClaim(claim)]);
    return this.#log.append(batch, this.#producerId).baseOffset;
  }
}

let log: FakeLog;
let partition: FakePartition;
let file: FakeFile;
let said: string[];

beforeEach(() => {
  log = new FakeLog();
  partition = log.partition('changes');
  file = new FakeFile();
  said = [];
});

const SIGNAL = new AbortController().signal;

async function restore(parts: Partial<RestoreParts> = {}): Promise<ShardPosition | null> {
  try {
    return await restoreState({
      state: file,
      changelog: CHANGELOG,
      readers: log,
      range: partition.offsets,
      owners: null,
      tombstoneRetentionMs: 24 * HOUR,
      failpoints: NO_FAILPOINTS,
      signal: SIGNAL,
      log: (_level, message) => said.push(message),
      onProgress: () => {},
      ...parts,
    });
  } finally {
    expect(log.openReaders).toBe(0);
  }
}

describe('a restore', () => {
  it('of an empty changelog is nothing', async () => {
    expect(await restore()).toBeNull();
    expect(file.commits).toBe(0);
  });

  it('builds a file from the beginning, and passes over the markers at the end', async () => {
    const owner = new Owner(partition);
    owner.commit([
      ['a', '1'],
      ['b', '2'],
    ]);
    const last = owner.commit([
      ['a', '3'],
      ['b', null],
    ]);
    const progress: unknown[] = [];
    expect(await restore({ onProgress: (at) => progress.push(at) })).toEqual({
      ...last,
      changelogOffset: partition.end,
    });
    expect(file.rows).toEqual({ a: '3' });
    expect(file.position).toMatchObject({ sequence: 2, restoring: false, changelogOffset: partition.end });
    expect(progress.at(-1)).toEqual({ from: 0, at: partition.end, end: partition.end });
  });

  it('applies the tail alone to a file that is behind', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    await restore();
    file.applied = [];
    owner.commit([['b', '2']]);
    const last = owner.commit([['c', '3']]);
    expect(await restore()).toMatchObject({ sequence: last.sequence });
    expect(file.applied).toEqual(['b', 'c']);
    expect(file.rows).toEqual({ a: '1', b: '2', c: '3' });
  });

  it('reads nothing when the file is where the log is', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    const before = await restore();
    file.applied = [];
    expect(await restore()).toEqual(before);
    expect([file.applied, file.commits, file.quarantined]).toEqual([[], 1, 0]);
  });

  it('takes a commit without changes, and offsets that nothing lies at, for what they are', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    await restore();
    owner.commit([]);
    partition.skip(20);
    expect(await restore()).toMatchObject({ sequence: 2, changelogOffset: partition.end });
  });

  it('passes over batches of control records', async () => {
    const owner = new Owner(partition);
    partition.append(markerOf('changes', 0));
    owner.commit([['a', '1']]);
    partition.append(markerOf('changes', 0));
    expect(await restore()).toMatchObject({ sequence: 1, changelogOffset: partition.end });
    expect(file.rows).toEqual({ a: '1' });
  });

  it('builds a file of a compacted changelog', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    owner.commit([['a', '2']]);
    owner.commit([['b', '3']]);
    // Batches: a=1, position, a=2, position, b=3, position.
    for (const index of [3, 1, 0]) partition.remove(index);
    expect(await restore()).toMatchObject({ sequence: 3 });
    expect(file.rows).toEqual({ a: '2', b: '3' });
  });

  it('begins at the beginning when the log begins after the file', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    await restore();
    owner.commit([['b', '1']]);
    owner.commit([['a', '2']]);
    partition.trim(file.position!.changelogOffset + 1);
    // What a file without the lost records is: those that are left make it up.
    const whole = new Owner(partition, 1, owner);
    whole.rows.clear();
    whole.commit([
      ['a', '2'],
      ['b', '1'],
    ]);
    expect(await restore()).toMatchObject({ sequence: 4 });
    expect(file.quarantined).toBe(1);
    expect(said).toEqual([expect.stringContaining('the old file is aside')]);
    expect(file.rows).toEqual({ a: '2', b: '1' });
  });

  it('never goes back to a log that is behind the file', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    await restore();
    await expect(restore({ range: { start: 0, end: partition.end - 1 } })).rejects.toMatchObject({
      code: 'changelog-behind',
      retriable: true,
    });
    expect(file.quarantined).toBe(0);
    expect(file.rows).toEqual({ a: '1' });
  });

  it('never goes back to a log whose commits after the file are older ones', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    owner.commit([['a', '2']]);
    await restore();
    const stale = new Owner(partition);
    stale.rows.set('a', '2');
    stale.commit([['b', '1']]);
    await expect(restore()).rejects.toMatchObject({ code: 'changelog-behind' });
    file.rollback();
    expect(file.rows).toEqual({ a: '2' });
  });

  it('builds a file anew that is not what it should be', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    await restore();
    owner.commit([['b', '2']]);
    file.damage('a', 'wrong');
    expect(await restore()).toMatchObject({ sequence: 2, changelogOffset: partition.end });
    expect(file.quarantined).toBe(1);
    expect(file.rows).toEqual({ a: '1', b: '2' });
  });

  it('builds a file anew that is not what it should be, also when the log has nothing new', async () => {
    new Owner(partition).commit([['a', '1']]);
    await restore();
    file.damage('a', 'wrong');
    expect(await restore()).toMatchObject({ sequence: 1 });
    expect([file.quarantined, file.rows]).toEqual([1, { a: '1' }]);
  });

  it('fails when the log itself does not make up what it says', async () => {
    const owner = new Owner(partition);
    owner.changes(['a', '1']);
    owner.close(1, 1_000, 'of something else');
    await expect(restore()).rejects.toMatchObject({ code: 'state-corrupt' });
    expect(file.commits).toBe(0);
  });

  it('fails when the log does not make up what it says, with a file too', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    await restore();
    owner.changes(['b', '1']);
    owner.close(1, 1_000, 'of something else');
    await expect(restore()).rejects.toMatchObject({ code: 'state-corrupt' });
    expect(file.quarantined).toBe(1);
  });

  it('fails when a commit has more records than it counts', async () => {
    const owner = new Owner(partition);
    owner.changes(['a', '1'], ['b', '1']);
    owner.close(1);
    await expect(restore()).rejects.toMatchObject({ code: 'changelog-corrupt' });
  });

  it('fails when changes are not closed by a position record', async () => {
    new Owner(partition).changes(['a', '1']);
    await expect(restore()).rejects.toMatchObject({ code: 'changelog-corrupt' });
    expect(file.commits).toBe(0);
  });

  it('fails when only the last changes are not closed by a position record', async () => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']]);
    owner.changes(['b', '1']);
    await expect(restore()).rejects.toMatchObject({ code: expect.stringMatching(/^(changelog|state)-corrupt$/) });
    expect(file.rows).toEqual({});
  });

  it.each([
    ['is trusted', 11, 0],
    ['may have missed deletions, and is built anew', 13, 1],
  ])('a file that has slept for less or more than half of what tombstones are kept: %s', async (_, hours, quarantined) => {
    const owner = new Owner(partition);
    owner.commit([['a', '1']], HOUR);
    await restore();
    owner.commit([['b', '1']], HOUR + hours * HOUR);
    expect(await restore()).toMatchObject({ sequence: 2 });
    expect(file.quarantined).toBe(quarantined);
    expect(file.rows).toEqual({ a: '1', b: '1' });
  });

  it('commits on its way, and goes on from there', async () => {
    const owner = new Owner(partition);
    const value = 'x'.repeat(6_000_000);
    for (const key of ['a', 'b', 'c', 'd']) owner.changes([key, value]);
    owner.close(4);
    const crash = new Error('crash');
    let passes = 0;
    const failpoints = {
      armed: () => false,
      hit: () => {
        if (++passes === 4) throw crash;
      },
    };
    await expect(restore({ failpoints })).rejects.toBe(crash);
    file.rollback();
    expect(file.position).toMatchObject({ restoring: true, sequence: 0 });
    expect(Object.keys(file.rows).length).toBeGreaterThan(0);
    const half = Object.keys(file.rows);
    file.applied = [];
    expect(await restore()).toMatchObject({ sequence: 1, restoring: false });
    expect(file.applied).toEqual(['a', 'b', 'c', 'd'].filter((key) => !half.includes(key)));
    expect(Object.keys(file.rows)).toEqual(['a', 'b', 'c', 'd']);
    expect(file.quarantined).toBe(0);
  });

  it('ends when the shard is closed', async () => {
    new Owner(partition).commit([['a', '1']]);
    const closing = new AbortController();
    const why = new Error('closed');
    const restoring = restore({ range: { start: 0, end: partition.end + 10 }, signal: closing.signal });
    setImmediate(() => closing.abort(why));
    await expect(restoring).rejects.toBe(why);
  });

  it('fails with its reader', async () => {
    new Owner(partition).commit([['a', '1']]);
    partition.trim(1);
    await expect(restore({ range: { start: 0, end: partition.end } })).rejects.toMatchObject({
      code: 'offset-out-of-range',
    });
  });
});

describe('a restore from a changelog without transactions', () => {
  const owners = () => readOwners({ readers: log, changelog: CHANGELOG, signal: SIGNAL }, partition.offsets);

  it('drops what follows the last position record', async () => {
    const owner = new Owner(partition, 1);
    owner.claim(1);
    owner.commit([['a', '1']]);
    owner.changes(['a', 'never']);
    owner.changes(['b', 'never']);
    expect(await restore({ owners: await owners() })).toMatchObject({ sequence: 1 });
    expect(file.rows).toEqual({ a: '1' });
  });

  it('is nothing when no position record was written yet', async () => {
    const owner = new Owner(partition, 1);
    owner.claim(1);
    owner.changes(['a', '1']);
    expect(await restore({ owners: await owners() })).toBeNull();
    expect(file.rows).toEqual({});
  });

  it('takes nothing from an older owner after a newer claim', async () => {
    const old = new Owner(partition, 1);
    old.claim(1);
    old.commit([['a', 'old']]);
    const newer = new Owner(partition, 2, old);
    newer.claim(2);
    old.commit([['a', 'zombie']]);
    newer.commit([['b', 'new']]);
    old.commit([['b', 'zombie']]);
    const found = await owners();
    expect(found.current).toMatchObject({ generation: 2, producerId: 2 });
    expect(await restore({ owners: found })).toMatchObject({ sequence: 2, node: 'n2' });
    expect(file.rows).toEqual({ a: 'old', b: 'new' });
  });

  it('does not follow a claim that is older than the one before it', async () => {
    const newer = new Owner(partition, 2);
    newer.claim(2);
    newer.commit([['a', '2']]);
    const late = new Owner(partition, 1);
    late.claim(1);
    late.commit([['a', 'late']]);
    const found = await owners();
    expect(found.current).toMatchObject({ producerId: 2 });
    expect(await restore({ owners: found })).toMatchObject({ sequence: 1 });
    expect(file.rows).toEqual({ a: '2' });
  });

  it('drops what an owner left unclosed, once the next claim names it', async () => {
    const old = new Owner(partition, 1);
    old.claim(1);
    const before = old.commit([['a', 'old']]);
    old.changes(['a', 'left'], ['c', 'left']);
    const first = await owners();
    expect(first.unclosed).toBe(before.changelogOffset + 1);
    const newer = new Owner(partition, 2);
    newer.rows.set('a', 'old');
    newer.sequence = 1;
    const at = newer.claim(2);
    newer.claim(2, { from: first.unclosed, to: at });
    newer.commit([['b', 'new']]);
    const second = await owners();
    expect(second.unclosed).toBe(-1);
    expect(await restore({ owners: second })).toMatchObject({ sequence: 2 });
    expect(file.rows).toEqual({ a: 'old', b: 'new' });
  });

  it('knows the claim by its repetition when compaction has removed the first', async () => {
    const old = new Owner(partition, 1);
    old.claim(1);
    const before = old.commit([['a', 'old']]);
    old.changes(['c', 'left']);
    const newer = new Owner(partition, 2);
    newer.rows.set('a', 'old');
    newer.sequence = 1;
    const at = newer.claim(2);
    newer.claim(2, { from: before.changelogOffset + 1, to: at });
    newer.commit([['b', 'new']]);
    partition.remove(partition.batches.findIndex(({ baseOffset }) => baseOffset === at));
    expect(await restore({ owners: await owners() })).toMatchObject({ sequence: 2 });
    expect(file.rows).toEqual({ a: 'old', b: 'new' });
  });

  it('takes records from before the first claim', async () => {
    const first = new Owner(partition, 1);
    first.commit([['a', '1']]);
    const next = new Owner(partition, 2, first);
    next.claim(1);
    expect(await restore({ owners: await owners() })).toMatchObject({ sequence: 1 });
    expect(file.rows).toEqual({ a: '1' });
  });
});
