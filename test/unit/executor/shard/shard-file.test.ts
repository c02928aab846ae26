import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ShardFile } from '../../../../src/executor/shard/shard-file.js';
import { AssertionError } from '../../../../src/model/errors.js';
import type { KeyValueStore } from '../../../../src/state/state-store.js';
import { KEYED, positionOf } from './shard-file-parts.js';

describe('the file of a shard that may stay behind', () => {
  let folder: string;
  let file: ShardFile;
  let counts: KeyValueStore;
  const records: string[] = [];
  const changes = { record: (key: Buffer) => void records.push(key.toString('latin1')) };

  const open = () => {
    file = new ShardFile(join(folder, 'Q-0.db'), 'Q', () => 1e6);
    counts = file.stores.open(KEYED, 0);
  };
  const count = (n: number) => counts.set(['a'], [n], n);
  const has = () => ({ sequence: file.position?.sequence, count: counts.get(['a'])?.row[0] });
  const inFile = () => {
    file.close();
    open();
    return has();
  };
  const commit = (sequence: number, mayStayBehind: boolean) =>
    file.commit(positionOf(sequence, file.stage(changes, mayStayBehind)));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shard-file-'));
    records.length = 0;
    open();
    count(1);
    commit(1, false);
  });
  afterEach(() => {
    file.close();
    rmSync(folder, { recursive: true });
  });

  it('stands for the last commit that it has', () => {
    count(2);
    commit(2, true);
    expect(has()).toEqual({ sequence: 1, count: 2 });
    expect(file.fingerprint()).not.toBe(file.rehash());
    expect(inFile()).toEqual({ sequence: 1, count: 1 });
    expect(file.rehash()).toBe(file.fingerprint());
  });

  it('is brought up to the log by a commit that may not stay behind', () => {
    count(2);
    commit(2, true);
    count(3);
    commit(3, false);
    expect(file.rehash()).toBe(file.fingerprint());
    expect(inFile()).toEqual({ sequence: 3, count: 3 });
  });

  it('catches up without a commit, and tells the log nothing', () => {
    count(2);
    commit(2, true);
    records.length = 0;
    file.catchUp(positionOf(2, file.fingerprint()));
    expect(records).toEqual([]);
    expect(file.rehash()).toBe(file.fingerprint());
    expect(inFile()).toEqual({ sequence: 2, count: 2 });
  });

  it('does not catch up while there are changes that the log has not heard of', () => {
    count(2);
    commit(2, true);
    count(3);
    expect(() => file.catchUp(positionOf(2, file.fingerprint()))).toThrow(AssertionError);
  });

  it('forgets what it has left when a commit is undone', () => {
    count(2);
    commit(2, true);
    count(3);
    file.stage(changes, true);
    file.rollback();
    expect(inFile()).toEqual({ sequence: 1, count: 1 });
  });
});
