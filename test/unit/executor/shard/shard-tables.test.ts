import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ShardFile } from '../../../../src/executor/shard/shard-file.js';
import { ShardTables } from '../../../../src/executor/shard/shard-tables.js';
import type { StoreSpec } from '../../../../src/state/state-store.js';
import type { TableRead } from '../../../../src/state/table-reader.js';
import { KEYED, positionOf } from './shard-file-parts.js';

const WINDOWED: StoreSpec & { kind: 'window' } = {
  ...KEYED,
  name: 'Windows',
  kind: 'window',
  retentionMs: 1_000_000,
  windowSizeMs: 10,
};
describe('the tables of a node', () => {
  let folder: string;
  let tables: ShardTables;
  const files: ShardFile[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shards-'));
    tables = new ShardTables();
  });
  afterEach(() => {
    tables.close();
    for (const file of files.splice(0)) file.close();
    rmSync(folder, { recursive: true });
  });

  function commit(file: ShardFile): void {
    file.commit(positionOf(1, file.stage({ record: () => {} }, false)));
  }

  /** A shard's file with rows, and windows by start. */
  function shardFile(
    index: number,
    rows: Record<string, number>,
    windows: readonly [string, number, number][] = [],
  ): string {
    const path = join(folder, `Q-${index}.db`);
    const file = new ShardFile(path, 'Q', () => 0);
    files.push(file);
    const keyed = file.stores.open(KEYED, index);
    for (const [key, value] of Object.entries(rows)) keyed.set([key], [value], value);
    const windowed = file.stores.open(WINDOWED, index);
    for (const [key, start, value] of windows) windowed.set([key], start, start + 10, [value], start);
    commit(file);
    return path;
  }

  const ALL: TableRead = {
    queryId: 'Q',
    store: KEYED,
    keys: null,
    keyRange: null,
    windowStart: null,
    windowEnd: null,
    columns: null,
    where: null,
    limit: null,
  };

  const rows = (request: Partial<TableRead> = {}): unknown[] =>
    [...tables.read({ ...ALL, ...request })].map(({ key, row }) => `${key[0]}=${row[0]}`);

  it('are empty while no shard can be read', () => {
    expect(rows()).toEqual([]);
    expect(rows({ keys: [['a']] })).toEqual([]);
  });

  it('are one table in order of the key', () => {
    tables.serve('Q', 1, shardFile(1, { b: 2, d: 4, f: 6 }));
    tables.serve('Q', 0, shardFile(0, { a: 1, e: 5 }));
    tables.serve('Q', 2, shardFile(2, {}));
    expect(rows()).toEqual(['a=1', 'b=2', 'd=4', 'e=5', 'f=6']);
  });

  it('are one windowed table in order of the window, then the key', () => {
    tables.serve(
      'Q',
      0,
      shardFile(0, {}, [
        ['b', 0, 1],
        ['a', 20, 2],
        ['b', 20, 3],
      ]),
    );
    tables.serve(
      'Q',
      1,
      shardFile(1, {}, [
        ['c', 0, 4],
        ['a2', 10, 5],
        ['aa', 20, 6],
      ]),
    );
    const found = [...tables.read({ ...ALL, store: WINDOWED })].map(
      ({ key, windowStart }) => `${windowStart} ${key[0]}`,
    );
    expect(found).toEqual(['0 b', '0 c', '10 a2', '20 a', '20 aa', '20 b']);
  });

  it.each([0, 1, 2, 3, 4, 99])('give %i rows at most when asked to', (limit) => {
    tables.serve('Q', 0, shardFile(0, { a: 1, c: 3 }));
    tables.serve('Q', 1, shardFile(1, { b: 2, d: 4 }));
    expect(rows({ limit })).toEqual(['a=1', 'b=2', 'c=3', 'd=4'].slice(0, limit));
  });

  it('look keys up in whichever shard has them, in the order of the keys', () => {
    tables.serve('Q', 0, shardFile(0, { a: 1, c: 3 }));
    tables.serve('Q', 1, shardFile(1, { b: 2 }));
    expect(rows({ keys: [['c'], ['x'], ['b'], ['a']] })).toEqual(['c=3', 'b=2', 'a=1']);
    expect(rows({ keys: [['c'], ['x'], ['b'], ['a']], limit: 2 })).toEqual(['c=3', 'b=2']);
  });

  it('filter in every shard', () => {
    tables.serve('Q', 0, shardFile(0, { a: 1, c: 3 }));
    tables.serve('Q', 1, shardFile(1, { b: 2, d: 4 }));
    expect(rows({ where: ({ row }) => (row[0] as number) > 1, limit: 2 })).toEqual(['b=2', 'c=3']);
  });

  it('show what was committed since, and no longer what cannot be read any more', () => {
    const path = shardFile(0, { a: 1 });
    tables.serve('Q', 0, path);
    tables.serve('Q', 1, shardFile(1, { b: 2 }));
    expect(rows()).toEqual(['a=1', 'b=2']);
    files[0]!.stores.open(KEYED, 0).set(['c'], [3], 3);
    expect(rows()).toEqual(['a=1', 'b=2']);
    commit(files[0]!);
    expect(rows()).toEqual(['a=1', 'b=2', 'c=3']);
    tables.serve('Q', 1, null);
    expect(rows()).toEqual(['a=1', 'c=3']);
    tables.serve('Q', 0, null);
    expect(rows()).toEqual([]);
    tables.serve('Q', 0, path);
    expect(rows()).toEqual(['a=1', 'c=3']);
  });

  it('of one query show nothing of another', () => {
    tables.serve('Q', 0, shardFile(0, { a: 1 }));
    expect(rows({ queryId: 'R' })).toEqual([]);
  });
});
