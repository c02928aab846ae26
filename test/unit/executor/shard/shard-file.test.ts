import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShardPosition } from '../../../../src/executor/shard/position-record.js';
import { ShardFile } from '../../../../src/executor/shard/shard-file.js';
import { AssertionError } from '../../../../src/model/errors.js';
import { INTEGER, STRING } from '../../../../src/model/sql-type.js';
import type { KeyValueStore, StoreSpec } from '../../../../src/state/state-store.js';

const COUNTS: StoreSpec & { kind: 'key-value' } = {
  name: 'Counts',
  kind: 'key-value',
  key: [{ name: 'K', type: STRING }],
  value: [{ name: 'N', type: INTEGER }],
  retentionMs: null,
  windowSizeMs: null,
};

function positionOf(sequence: number, fingerprint: string): ShardPosition {
  return {
    sequence,
    inputs: [],
    records: 0,
    plan: '',
    node: '',
    producerId: 1,
    epoch: 0,
    changelogOffset: sequence,
    timestamp: 0,
    restoring: false,
    fingerprint,
  };
}

describe('the file of a shard that may stay behind', () => {
  let folder: string;
  let file: ShardFile;
  let counts: KeyValueStore;
  const records: string[] = [];
  const changes = { record: (key: Buffer) => void records.push(key.toString('latin1')) };

  const open = () => {
    file = new ShardFile(join(folder, 'Q-0.db'), 'Q', 1e6);
    counts = file.stores.open(COUNTS, 0);
  };
  const count = (n: number) => counts.set(['a'], [n], n);
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
    expect(file.isBehind).toBe(true);
    expect(file.position?.sequence).toBe(1);
    expect(file.fingerprint()).not.toBe(file.rehash());
    file.close();
    open();
    expect(file.position?.sequence).toBe(1);
    expect(file.isBehind).toBe(false);
    expect(file.rehash()).toBe(file.fingerprint());
    expect(counts.get(['a'])?.row).toEqual([1]);
  });

  it('is brought up to the log by a commit that may not stay behind', () => {
    count(2);
    commit(2, true);
    count(3);
    commit(3, false);
    expect(file.isBehind).toBe(false);
    file.close();
    open();
    expect(file.position?.sequence).toBe(3);
    expect(counts.get(['a'])?.row).toEqual([3]);
  });

  it('catches up without a commit, and tells the log nothing', () => {
    count(2);
    commit(2, true);
    records.length = 0;
    file.catchUp(positionOf(2, file.fingerprint()));
    expect(records).toEqual([]);
    expect(file.isBehind).toBe(false);
    expect(file.rehash()).toBe(file.fingerprint());
    file.close();
    open();
    expect(file.position?.sequence).toBe(2);
    expect(counts.get(['a'])?.row).toEqual([2]);
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
    expect(file.isBehind).toBe(false);
    expect(file.position?.sequence).toBe(1);
    expect(file.stores.open(COUNTS, 0).get(['a'])?.row).toEqual([1]);
  });
});
