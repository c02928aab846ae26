import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SqlType } from '../../src/model/sql-type.js';
import type { Row } from '../../src/model/value.js';
import { KeyCodec } from '../../src/state/key-encoding.js';
import type { StateEntry, StoreSpec } from '../../src/state/state-store.js';
import type { StateHarness } from '../contracts/state-store-contract.js';
import { memoryHarness, sqliteHarness } from '../contracts/state-store-harness.js';
import { rowsOf, sqlTypes } from '../support/sql-values.js';

/** One step of a history. Keys and rows are positions in lists drawn with the history, so that steps meet the same keys. */
type Step =
  | {
      readonly kind: 'get' | 'delete' | 'fetch' | 'expire';
      readonly key: number;
      readonly at: number;
      readonly length: number;
    }
  | {
      readonly kind: 'set' | 'change';
      readonly key: number;
      readonly at: number;
      readonly length: number;
      readonly row: number;
      readonly timestamp: number;
    }
  | { readonly kind: 'scan' | 'commit' | 'fail' | 'reopen' };

interface History {
  readonly spec: StoreSpec;
  readonly keys: readonly Row[];
  readonly rows: readonly Row[];
  readonly steps: readonly Step[];
}

const SPECS: readonly Pick<StoreSpec, 'kind' | 'windowSizeMs' | 'retentionMs'>[] = [
  { kind: 'key-value', windowSizeMs: null, retentionMs: null },
  { kind: 'window', windowSizeMs: 10, retentionMs: 1_000 },
  { kind: 'window', windowSizeMs: null, retentionMs: 1_000 },
  { kind: 'session', windowSizeMs: null, retentionMs: 1_000 },
];
const TIMES = [-60_000, 0, 10, 20, 59_999, 60_000, 120_000, 200_000];
const LENGTHS = [0, 10, 70_000];

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('set' as const, 'change' as const),
        key: fc.nat(3),
        at: fc.constantFrom(...TIMES),
        length: fc.constantFrom(...LENGTHS),
        row: fc.nat(3),
        timestamp: fc.integer({ min: -5, max: 2 ** 41 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('get' as const, 'get' as const, 'delete' as const, 'fetch' as const, 'expire' as const),
        key: fc.nat(3),
        at: fc.constantFrom(...TIMES),
        length: fc.constantFrom(...LENGTHS),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'scan' as const,
          'commit' as const,
          'commit' as const,
          'fail' as const,
          'reopen' as const,
        ),
      }),
    },
  ),
  { minLength: 1, maxLength: 40 },
);

const histories: fc.Arbitrary<History> = fc
  .tuple(
    fc.constantFrom(...SPECS),
    fc.array(sqlTypes(1), { minLength: 1, maxLength: 2 }),
    fc.array(sqlTypes(2), { minLength: 1, maxLength: 3 }),
  )
  .chain(([kind, keyTypes, valueTypes]) =>
    fc.record({
      spec: fc.constant({ ...kind, name: 'S', key: columns('K', keyTypes), value: columns('V', valueTypes) }),
      keys: fc.array(rowsOf(keyTypes), { minLength: 4, maxLength: 4 }),
      rows: fc.array(rowsOf(valueTypes), { minLength: 4, maxLength: 4 }),
      steps,
    }),
  );

function columns(prefix: string, types: readonly SqlType[]): { name: string; type: SqlType }[] {
  return types.map((type, i) => ({ name: `${prefix}${i}`, type }));
}

interface ModelRow {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly row: string;
  readonly timestamp: number;
}

/** What a store holds, as a plain list; keys and rows as their encodings, which are equal exactly when the values are. */
class Model {
  #rows: ModelRow[] = [];
  #committed: ModelRow[] = [];
  #floor = Number.NEGATIVE_INFINITY;
  readonly #session: boolean;

  constructor(session: boolean) {
    this.#session = session;
  }

  set(row: ModelRow): void {
    if (this.#time(row) < this.#floor) return;
    this.delete(row.key, row.start, row.end);
    this.#rows.push(row);
  }

  find(key: string, start: number, end: number): ModelRow | undefined {
    return this.#rows.find((row) => row.key === key && row.start === start && row.end === end);
  }

  delete(key: string, start: number, end: number): boolean {
    const found = this.find(key, start, end);
    this.#rows = this.#rows.filter((row) => row !== found);
    return found !== undefined;
  }

  expire(bound: number): void {
    this.#floor = Math.max(this.#floor, bound);
    this.#rows = this.#rows.filter((row) => this.#time(row) >= this.#floor);
  }

  where(test: (row: ModelRow) => boolean, keyFirst: boolean): ModelRow[] {
    const byKey = (a: ModelRow, b: ModelRow) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
    const byBounds = (a: ModelRow, b: ModelRow) => a.start - b.start || (keyFirst ? a.end - b.end : 0);
    return this.#rows
      .filter(test)
      .sort((a, b) => (keyFirst ? byKey(a, b) || byBounds(a, b) : byBounds(a, b) || byKey(a, b)));
  }

  commit(): void {
    this.#committed = this.#rows;
  }

  /** Returns the bound that was in force: the file does not record it. */
  reopen(): number {
    this.#rows = this.#committed;
    const floor = this.#floor;
    this.#floor = Number.NEGATIVE_INFINITY;
    return floor;
  }

  #time(row: ModelRow): number {
    return this.#session ? row.end : row.start;
  }
}

/** Plays a history on an adapter and on the model, and compares every answer. */
function play(history: History, harness: StateHarness): void {
  const { spec } = history;
  const keyCodec = new KeyCodec(spec.key.map((column) => column.type));
  const rowCodec = new KeyCodec(spec.value.map((column) => column.type));
  const model = new Model(spec.kind === 'session');
  const encodedKeys = history.keys.map((key) => keyCodec.encode(key).toString('hex'));
  const encodeRow = (row: Row) => rowCodec.encode(row).toString('hex');
  const shown = (entries: Iterable<StateEntry>): ModelRow[] =>
    Array.from(entries, (e) => ({
      key: keyCodec.encode(e.key).toString('hex'),
      start: e.windowStart,
      end: e.windowEnd,
      row: encodeRow(e.row),
      timestamp: e.timestamp,
    }));
  let store = harness.stores().open(spec, 3);

  function bounds(at: number, length: number): [number, number] {
    if (store.kind === 'key-value') return [0, 0];
    return store.kind === 'session' ? [at, at + length] : [at, at + 10];
  }

  function get(key: Row, start: number, end: number): StateEntry | null {
    if (store.kind === 'key-value') return store.get(key);
    if (store.kind === 'window') return store.get(key, start);
    return store.find(key, end, start).find((e) => e.windowStart === start && e.windowEnd === end) ?? null;
  }

  function set(key: Row, start: number, end: number, row: Row, timestamp: number): StateEntry {
    return store.kind === 'key-value' ? store.set(key, row, timestamp) : store.set(key, start, end, row, timestamp);
  }

  function checkAll(): void {
    expect(shown(store.scan())).toEqual(model.where(() => true, store.kind === 'session'));
  }

  function playWhole(kind: 'scan' | 'commit' | 'fail' | 'reopen'): void {
    if (kind === 'scan') {
      checkAll();
    } else if (kind === 'fail') {
      harness.failCommit?.();
    } else {
      harness.commit();
      model.commit();
      if (kind === 'reopen' && harness.reopen !== null) reopen(harness.reopen);
    }
  }

  function reopen(again: () => void): void {
    again();
    store = harness.stores().open(spec, 3);
    const floor = model.reopen();
    // A segment may still hold instants from below the bound; everything else that was expired is gone from the file.
    if (store.kind === 'window' && spec.windowSizeMs === null && Number.isFinite(floor)) {
      store.expire(floor);
      model.expire(floor);
    }
  }

  for (const step of history.steps) {
    if (!('key' in step)) {
      playWhole(step.kind);
      continue;
    }
    const key = history.keys[step.key]!;
    const encoded = encodedKeys[step.key]!;
    const [start, end] = bounds(step.at, step.length);
    const held = model.find(encoded, start, end);
    switch (step.kind) {
      case 'get': {
        const entry = get(key, start, end);
        expect(entry === null ? [] : shown([entry])).toEqual(held === undefined ? [] : [held]);
        break;
      }
      case 'set':
      case 'change': {
        const row = history.rows[step.row]!;
        const entry = step.kind === 'change' ? get(key, start, end) : null;
        if (entry === null) {
          set(key, start, end, row.slice(), step.timestamp);
        } else {
          entry.row = row.slice();
          entry.timestamp = step.timestamp;
          store.put(entry);
        }
        model.set({ key: encoded, start, end, row: encodeRow(row), timestamp: step.timestamp });
        break;
      }
      case 'delete': {
        const deleted =
          store.kind === 'key-value'
            ? store.delete(key)
            : store.kind === 'window'
              ? store.delete(key, start)
              : store.delete(key, start, end);
        expect(deleted).toBe(model.delete(encoded, start, end));
        break;
      }
      case 'fetch': {
        const to = step.at + step.length;
        if (store.kind === 'window') {
          const expected = model.where((r) => r.key === encoded && r.start >= step.at && r.start <= to, false);
          expect(shown(store.fetch(key, step.at, to))).toEqual(expected);
          const all = model.where((r) => r.start >= step.at && r.start <= to, false);
          expect(shown(store.fetchAll(step.at, to))).toEqual(all);
        } else if (store.kind === 'session') {
          const expected = model.where((r) => r.key === encoded && r.end >= step.at && r.start <= to, true);
          expect(shown(store.find(key, step.at, to))).toEqual(expected);
        } else {
          const prefixCodec = new KeyCodec([spec.key[0]!.type]);
          const prefix = prefixCodec.encode(key.slice(0, 1)).toString('hex');
          const expected = model.where((r) => r.key.startsWith(prefix), true);
          expect(shown(store.scanPrefix(key.slice(0, 1)))).toEqual(expected);
        }
        break;
      }
      case 'expire':
        if (store.kind !== 'key-value') {
          store.expire(step.at);
          model.expire(step.at);
        }
        break;
    }
  }
  checkAll();
  harness.commit();
  checkAll();
  const read = {
    queryId: harness.queryId,
    store: spec,
    keys: null,
    keyRange: null,
    windowStart: null,
    windowEnd: null,
    columns: null,
    where: null,
    limit: null,
  };
  const rows = Array.from(
    harness.reader.read(read),
    (r) =>
      `${keyCodec.encode(r.key).toString('hex')} ${r.windowStart} ${r.windowEnd} ${encodeRow(r.row)} ${r.timestamp}`,
  );
  const expected = model.where(() => true, false).map((r) => `${r.key} ${r.start} ${r.end} ${r.row} ${r.timestamp}`);
  // Instants below the bound leave the file a segment at a time.
  if (spec.kind === 'window' && spec.windowSizeMs === null) expect(rows).toEqual(expect.arrayContaining(expected));
  else expect(rows.sort()).toEqual(expected.sort());
}

describe.each<[string, () => StateHarness, number]>([
  ['memory', memoryHarness, 100],
  ['SQLite with a large cache', () => sqliteHarness(1e9, false), 100],
  ['SQLite with a cache of a few entries', () => sqliteHarness(1_000, false), 100],
  ['SQLite without a cache', () => sqliteHarness(0, false), 100],
])('%s', (_, create, numRuns) => {
  test('answers any history as the model does', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const harness = create();
        try {
          play(history, harness);
        } finally {
          harness.close();
        }
      }),
      { numRuns },
    );
  });
});
